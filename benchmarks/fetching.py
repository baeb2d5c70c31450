"""Fetch a clip of 200 MB from a service on this machine, beside ``curl`` and beside ``requests.get(...).content``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from itertools import count
from pathlib import Path

import requests

from benchmarks import fast_service
from benchmarks.large_files import CLIP_BYTES, written_clip
from benchmarks.measuring import compared, in_child
from benchmarks.row import Goal, Row, row_of, tell
from kling_omni_addon.remote import clips

ROUNDS = 3
_COPY_BYTES = 256 * 1024


class Received:
    """The record of a download that nobody reads."""

    def __init__(self) -> None:
        self.etag = ""
        self.total_bytes: int | None = None
        self.received = 0
        self.mark = "benchmark"
        self.named = ""
        self.named_sha256 = ""

    def __call__(self, received: int, total: int | None) -> None:
        """So much is here."""

    def began(self, etag: str, total_bytes: int | None) -> None:
        """From the beginning."""
        self.etag, self.total_bytes, self.received = etag, total_bytes, 0

    def kept(self, offset: int) -> None:
        """So much is on disk."""
        self.received = offset

    def naming(self, path: str, sha256: str) -> None:
        """It is whole."""
        self.named, self.named_sha256 = path, sha256


def rows() -> list[Row]:
    """Wall time and peak memory of one clip."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with fast_service.running(0.0, written_clip(folder / "served.mp4")) as url:
            link, number = f"{url}{fast_service.CLIP}", count()
            tool, plain = yardstick()

            def fresh(fetch: Callable[[str, Path], object]) -> dict[str, float]:
                target = folder / f"{next(number)}.mp4"
                figures = in_child(lambda: fetch(link, target))
                target.unlink()
                return figures

            wall = compared(lambda: fresh(fetch_ours), lambda: fresh(plain), ROUNDS)["wall"]
            memory = compared(lambda: fresh(fetch_ours), lambda: fresh(fetch_whole), ROUNDS)["memory"]
    what = f"fetching a clip of {CLIP_BYTES / 1e6:.0f} MB"
    more = "Ours also makes the SHA-256, checks the boxes and syncs the file to disk."
    return [
        row_of(f"{what}: wall, against {tool}", wall, "s", goal=Goal(limit=1.1, is_ratio=True), words=more),
        row_of(f"{what}: peak memory, against requests.get(...).content", memory, "MB", goal=Goal(limit=8)),
    ]


def yardstick() -> tuple[str, Callable[[str, Path], object]]:
    """What others would take, and its name."""
    return (
        ("curl", fetch_by_curl) if shutil.which("curl") else ("a loop of urllib, because curl is missing", fetch_loop)
    )


def fetch_ours(link: str, target: Path) -> object:
    """As the worker does, but for the journal."""
    return clips.download(link, target, Received(), may_be_local=True, user_agent="benchmark")


def fetch_by_curl(link: str, target: Path) -> object:
    """A program of its own."""
    return subprocess.run(["curl", "--silent", "--fail", "--output", str(target), link], check=True)


def fetch_loop(link: str, target: Path) -> None:
    """What needs no package."""
    with urllib.request.urlopen(link) as answer, target.open("wb") as file:
        shutil.copyfileobj(answer, file, _COPY_BYTES)


def fetch_whole(link: str, target: Path) -> object:
    """What is written most often."""
    return target.write_bytes(requests.get(link, timeout=600).content)


if __name__ == "__main__":
    sys.exit(tell(rows))
