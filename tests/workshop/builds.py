"""What ``make`` builds of the extension, from these sources or from a copy of them, and a bare Blender to try it in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.workshop.places import ROOT

ONLY_OURS = {
    "jsonschema",
    "jwt",
    "platformdirs",
    "pyrsistent",
    "_pyrsistent_version.py",
    "socks.py",
    "sockshandler.py",
    "tqdm",
}
"""Packages that no Blender brings along."""


def built(verb: str, sources: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``build`` or ``site`` as ``make`` does, on any copy of the sources; it prints the path of what it made."""
    command: list[str | Path] = [sys.executable, sources / ".ci/extension.py", verb, "--out", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def copy_of_the_sources(folder: Path) -> Path:
    """What the build reads, elsewhere, with the dates of now and tighter permissions."""
    unwanted = shutil.ignore_patterns(".git", ".venv*", "dist", "demo", "tests", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, folder, ignore=unwanted, copy_function=shutil.copyfile)
    for path in folder.rglob("*"):
        path.chmod(0o700)
    return folder


def bare_blender(bundled: Path, user: Path) -> dict[str, str]:
    """The environment of ``python -S`` with bpy and what Blender itself brings along, for a user without settings.

    ``bundled`` and ``user`` are empty folders.
    """
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if path.name not in ONLY_OURS:
            (bundled / path.name).symlink_to(path)
    return os.environ | {"PYTHONPATH": str(bundled), "BLENDER_USER_RESOURCES": str(user)}
