"""A folder beside the home that vanishes and comes back, like that of a network share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

ShareState: TypeAlias = Literal["there", "gone", "a file"]


class Share:
    """Its clips lie one folder deeper than what vanishes, as those of a project on a share do."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "share"
        self._away = folder / "share-elsewhere"
        self.clips = self._root / "clips"

    @property
    def is_there(self) -> bool:
        """Whether somebody could choose the folder."""
        return self._root.is_dir()

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing of that name."""
        return not self._root.exists()

    def become(self, state: ShareState) -> None:
        """Vanish, or come back with all that was in it. What something made in its place meanwhile stays hidden, as
        below a mount.
        """
        if self.is_there and state != "there":
            if self._away.exists():
                return  # made anew by whoever wanted to write there
            self._root.rename(self._away)
        if self._root.is_file():
            self._root.unlink()
        if state == "a file":
            self._root.touch()
        elif state == "there" and self._away.exists():
            if self.is_there:
                self._root.rename(self._root.with_name("share-hidden"))
            self._away.rename(self._root)
        elif state == "there":
            self._root.mkdir(exist_ok=True)
