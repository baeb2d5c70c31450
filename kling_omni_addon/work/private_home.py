"""The home is for its owner only: journal, pictures and notes tell what somebody works on, and for whom."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from ..durable import keep_to_owner, make_own_folder

_OURS: Final = ("journal", "pictures", "clips", "frames", "backups", "rehearsal")
_TOLD: Final = ("pictures", "backups")


def keep_home_private(home: Path) -> None:
    """Make the home, for its owner only. What an earlier version left open to others is closed.

    A folder that holds other things than ours (KLING_HOME may name any) stays as open as it is; what we keep in it does
    not. A home that cannot be made is the journal's to tell.
    """
    with suppress(OSError):
        if not home.exists() or all(path.name.startswith(_OURS) for path in home.iterdir()):
            make_own_folder(home)
        for path in home.iterdir():
            if path.name in _TOLD or path.name.startswith(("journal", "rehearsal.json")):
                keep_to_owner(path)
