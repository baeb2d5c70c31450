"""A double click, a held key: the same press of a button twice within moments is meant once (fault 78)."""

from __future__ import annotations

import time
from typing import Final, Generic, TypeVar

_What = TypeVar("_What")
_SAME_CLICK_S: Final = 3.0


class LastPress(Generic[_What]):
    """What a button was pressed for last, and when that was done."""

    def __init__(self) -> None:
        self._what: _What | None = None
        self._at = float("-inf")

    def note(self, what: _What) -> None:
        """This was done just now."""
        self._what, self._at = what, time.monotonic()

    def is_repeated_by(self, what: _What) -> bool:
        """Whether the very same was done a moment ago."""
        return self._what == what and time.monotonic() - self._at < _SAME_CLICK_S

    def forget(self) -> None:
        """Whatever comes next is no repetition."""
        self._what, self._at = None, float("-inf")
