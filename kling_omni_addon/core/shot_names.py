"""What shots are called: after the clips that they stand beside, or by names that count up, as artists number them."""

from __future__ import annotations

import re

_COPY = re.compile(r"\.\d{3,}$")  # what Blender adds to the second thing of a name
_MEDIA = re.compile(r"\.(mp4|mov|mkv|avi|webm|png|jpe?g|exr|tiff?|webp)$", re.IGNORECASE)
_NUMBER = re.compile(r"^(?P<stem>.*?)(?P<digits>\d+)$", re.DOTALL)


def next_name(name: str) -> str:
    """The name that follows, as wide as the one before: ``alley_04`` after ``alley_03``, ``alley_02`` after ``alley``.

    A copy's number (``alley_03.001``) is Blender's and does not count.
    """
    plain = _COPY.sub("", name)
    found = _NUMBER.match(plain)
    if found is None:
        return f"{plain}_02"
    return f"{found['stem']}{int(found['digits']) + 1:0{len(found['digits'])}}"


def beside(name: str, word: str) -> str:
    """The name of a shot that stands beside a clip: ``alley_01 next``, and ``alley_01 next 2`` beside that one."""
    plain = plain_name(name)
    found = re.fullmatch(rf"(?P<stem>.+ {word})(?: (?P<number>\d+))?", plain)
    if found is None:
        return f"{plain} {word}"
    return f"{found['stem']} {int(found['number'] or 1) + 1}"


def plain_name(name: str) -> str:
    """What a strip is called without what Blender made of its name: the end of a file's name, the number of a copy."""
    return _MEDIA.sub("", _COPY.sub("", name)).strip()
