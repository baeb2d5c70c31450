"""The size of the extension's zip, beside the same files packed as small as deflate can."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.measuring import ROOT, Compared, of_command
from benchmarks.row import Goal, Row, row_of, tell

GOAL = Goal(limit=1.3)


def rows() -> list[Row]:
    """One row: a size has no noise."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        of_command([sys.executable, ".ci/extension.py", "build", "--out", str(folder)])
        (built,) = folder.glob("*.zip")
        smallest = deflated(built, folder / "smallest.zip")
        size = Compared(ours=built.stat().st_size / 1e6, yardstick=smallest.stat().st_size / 1e6, noise=0.0)
    wheels = sum(path.stat().st_size for path in (ROOT / "wheels").glob("*.whl")) / 1e6
    words = f"The wheels in it have {wheels:.2f} MB."
    return [row_of("the extension's zip, against the same files deflated", size, "MB", goal=GOAL, words=words)]


def deflated(source: Path, target: Path) -> Path:
    """The same files, each as small as it gets."""
    with (
        zipfile.ZipFile(source) as given,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
    ):
        for name in given.namelist():
            packed.writestr(name, given.read(name))
    return target


if __name__ == "__main__":
    sys.exit(tell(rows))
