"""Make the rehearsal's clips: real MP4s, by a child process that runs Blender or the bpy module.

The work is in ``blender/rehearsal_clip.py``; here are the queue, the cache and the child's end.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..core.errors import KlingError, RehearsalUnavailable

SCRIPT = Path(__file__).resolve().parents[1] / "blender" / "rehearsal_clip.py"
TIME_LIMIT_S = 600.0
_SECRET_PREFIX = "KLING_"


class ClipMakingFailed(KlingError):
    """The child made no clip; the sentence is its last word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSpec:
    """What a clip is to be: pixels, seconds, the words on it, and the pictures it is made of."""

    width: int
    height: int
    duration_s: float
    prompt: str
    first: Path | None = None
    end: Path | None = None
    references: tuple[Path, ...] = ()
    sound: bool = False
    label: str = ""

    @property
    def digest(self) -> str:
        """The same for two specs that give the same clip: pictures count by their bytes, not their paths."""
        facts = asdict(self) | {
            "first": _digest(self.first),
            "end": _digest(self.end),
            "references": [_digest(path) for path in self.references],
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


class ClipMaker:
    """Makes each clip once and keeps it; callers only read the files. Safe to use from several threads."""

    def __init__(self, command: Sequence[str], cache: Path, concurrency: int = 1) -> None:
        self._command = list(command)
        self._cache = cache
        self._places = threading.Semaphore(concurrency)
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._children: set[subprocess.Popen[str]] = set()
        self._is_closed = False

    def make(self, spec: ClipSpec) -> Path:
        """The clip, made now or before. Blocks. Raises :class:`ClipMakingFailed`."""
        digest = spec.digest
        clip = self._cache / f"{digest}.mp4"
        with self._lock:
            turn = self._making.setdefault(digest, threading.Lock())
        with turn:
            if not clip.exists():
                with self._places:
                    self._run(spec, clip)
        return clip

    def close(self) -> None:
        """Kill children at work; nothing is made any more."""
        with self._lock:
            self._is_closed = True
            for child in self._children:
                child.kill()

    def _run(self, spec: ClipSpec, clip: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="kling-clip-") as folder:
            order = Path(folder) / "spec.json"
            order.write_text(json.dumps(asdict(spec) | {"output": str(clip)}, default=str), "utf-8")
            with self._lock:
                if self._is_closed:
                    raise ClipMakingFailed("The rehearsal server is stopping.")
                child = subprocess.Popen(
                    [*self._command, str(order)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    env=_without_secrets(os.environ),
                )
                self._children.add(child)
            try:
                said = _watched(child)
            finally:
                with self._lock:
                    self._children.discard(child)
        if child.returncode != 0 or not clip.exists():
            raise ClipMakingFailed(f"The rehearsal clip could not be made: {_last_line(said)}")


def default_command(blender_binary: str | None) -> list[str]:
    """How to run the clip script: a given Blender, else this Python if it has bpy, else a Blender on the PATH.

    Raises :class:`RehearsalUnavailable`.
    """
    if not blender_binary and importlib.util.find_spec("bpy") is not None:
        return [sys.executable, str(SCRIPT)]
    blender = blender_binary or shutil.which("blender")
    if not blender:
        raise RehearsalUnavailable(
            "The rehearsal makes its clips with Blender, and there is none here.",
            field="BLENDER",
            remedy="Set BLENDER to a Blender executable, or install the bpy package into this Python.",
        )
    return [blender, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT), "--"]


def _watched(child: subprocess.Popen[str]) -> str:
    try:
        return child.communicate(timeout=TIME_LIMIT_S)[0]
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise ClipMakingFailed(f"The rehearsal clip was not made within {TIME_LIMIT_S:.0f} seconds.") from None


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(_SECRET_PREFIX)}


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing.")


def _digest(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
