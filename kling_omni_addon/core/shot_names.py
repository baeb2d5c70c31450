"""What the next shot is called: names that count up, as artists number their shots."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count

_COPY = re.compile(r"\.\d{3,}$")  # what Blender adds to the second thing of a name
_NUMBER = re.compile(r"^(?P<stem>.*?)(?P<digits>\d+)$", re.DOTALL)


def next_name(name: str, taken: Collection[str] = ()) -> str:
    """The name that follows, as wide as the one before, and the first of those that is not ``taken``.

    ``alley_03`` is followed by ``alley_04``, ``alley`` by ``alley_02``. A copy's number (``alley_03.001``) is Blender's
    and does not count.
    """
    plain = _COPY.sub("", name)
    found = _NUMBER.match(plain)
    stem, first, width = (
        (found["stem"], int(found["digits"]) + 1, len(found["digits"])) if found else (f"{plain}_", 2, 2)
    )
    names = (f"{stem}{number:0{width}}" for number in count(first))
    return next(name for name in names if name not in taken)
