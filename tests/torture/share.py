"""A folder beside the home that vanishes and comes back, like that of a network share."""

from __future__ import annotations

import shutil
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
    def is_gone(self) -> bool:
        """Whether there is nothing of that name."""
        return not self._root.exists()

    def become(self, state: ShareState) -> None:
        """Vanish, or come back with all that was in it; a process that asked a moment before may have made a folder of
        its name meanwhile.
        """
        if self._root.is_dir():
            if self._away.exists():
                shutil.copytree(self._root, self._away, dirs_exist_ok=True)
                shutil.rmtree(self._root)
            elif state == "there":
                return
            else:
                self._root.rename(self._away)
        self._root.unlink(missing_ok=True)
        if state == "a file":
            self._root.touch()
        elif state == "there":
            self._away.mkdir(exist_ok=True)
            self._away.rename(self._root)
