"""Which files were put where Kling can reach them and are to be taken away again: one small file each, so that several
Blenders may share a home and each upload is taken away once.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from ..durable import make_own_folder, write_new

_FOLDER = "uploads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file (absolute), the link that a command gave it, and when, in Unix seconds. The link is a secret."""

    file: str
    link: str
    at: float


class Uploads:
    """The uploads that are remembered below a home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / _FOLDER

    def add(self, upload: Upload) -> None:
        """Remember an upload, for good. Raises ``OSError``."""
        make_own_folder(self._folder)
        write_new(self._folder / f"{uuid.uuid4().hex}.json", json.dumps(asdict(upload)).encode())

    def all(self) -> dict[Path, Upload]:
        """Those that are remembered, each with its record; what cannot be read is passed over."""
        found = ((path, _read(path)) for path in self._folder.glob("*.json"))
        return {path: upload for path, upload in found if upload is not None}

    @staticmethod
    def take(record: Path) -> bool:
        """Forget one; whether it was remembered until now. Only one of several who ask gets a yes."""
        try:
            record.unlink()
        except OSError:
            return False
        return True


def _read(path: Path) -> Upload | None:
    try:
        return Upload(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
