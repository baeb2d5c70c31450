"""Make the rehearsal's clips: real MP4s, by a child process that runs Blender or the bpy module.

The work is in ``blender/rehearsal_clip.py``; here are the queue, the cache and the child's end. A clip enters the cache
whole, by a rename, so several servers may share one cache.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..core.errors import KlingError, RehearsalUnavailable
from ..durable import patiently

SCRIPT = Path(__file__).resolve().parents[1] / "blender" / "rehearsal_clip.py"
TIME_LIMIT_S = 600.0
USUAL_PLACES = (
    Path("/Applications/Blender*.app"),
    Path.home() / "Applications" / "Blender*.app",
    Path(os.environ.get("PROGRAMFILES", "C:/Program Files")) / "Blender Foundation" / "Blender*",
)
"""Where installers put Blender on macOS and on Windows, with a pattern as the last part."""
_SECRET_PREFIX = "KLING_"
_STOPPING = "The rehearsal server is stopping."


class ClipMakingFailed(KlingError):
    """No clip was made; the sentence has the child's last word."""


class _FolderGone(ClipMakingFailed):
    """What a clip was to grow in is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSpec:
    """What a clip is to be: pixels, frames a second, seconds, the words on it, and the pictures it is made of."""

    width: int
    height: int
    fps: int
    duration_s: float
    prompt: str
    first: Path | None = None
    end: Path | None = None
    references: tuple[Path, ...] = ()
    sound: bool = False
    label: str = ""

    @property
    def digest(self) -> str:
        """The same for two specs that give the same clip: pictures count by their bytes, not their paths.

        The script counts too: a cache outlives an update of the add-on. Raises ``OSError`` for a picture that is away.
        """
        facts = asdict(self) | {
            "script": _digest(SCRIPT),
            "first": _digest(self.first),
            "end": _digest(self.end),
            "references": [_digest(path) for path in self.references],
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


class ClipMaker:
    """Makes each clip once and keeps it; callers only read the files. Safe to use from several threads."""

    def __init__(self, command: Sequence[str], cache: Path, concurrency: int = 1) -> None:
        self._command = list(command)
        self._cache = cache.absolute()
        self._places = threading.Semaphore(concurrency)
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._children: set[subprocess.Popen[str]] = set()
        self._is_closed = False

    def make(self, spec: ClipSpec) -> Path:
        """The clip, made now or before. Blocks. Raises :class:`ClipMakingFailed`."""
        try:
            return self._clip_of(spec)
        except OSError as error:
            raise ClipMakingFailed(f"The test clip could not be made: {error}") from error

    def close(self) -> None:
        """Kill children at work; nothing is made any more."""
        with self._lock:
            self._is_closed = True
            for child in self._children:
                _kill(child)

    def _clip_of(self, spec: ClipSpec) -> Path:
        clip = self._cache / f"{spec.digest}.mp4"
        with self._lock:
            turn = self._turns.setdefault(clip.name, threading.Lock())
        with turn:
            if not clip.exists():
                with self._places:
                    self._make_here(spec, clip)
        return clip

    def _make_here(self, spec: ClipSpec, clip: Path) -> None:
        """Make it; once more where the folder that it grew in was taken away meanwhile, by whoever tidies up."""
        try:
            self._make(spec, clip)
        except _FolderGone:
            if not clip.exists():  # another server may have made it
                self._make(spec, clip)

    def _make(self, spec: ClipSpec, clip: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        # Beside the clip, because a rename does not cross file systems. All that a killed child leaves is in here.
        with tempfile.TemporaryDirectory(
            prefix=f"making-{os.getpid()}-", dir=self._cache, ignore_cleanup_errors=True
        ) as name:
            order, made = Path(name) / "spec.json", Path(name) / "clip.mp4"
            order.write_text(json.dumps(asdict(spec) | {"output": made}, default=_absolute), "utf-8")
            last_word = self._run(order)
            if not order.is_file():
                raise _FolderGone("The folder of the test clip was deleted while Blender rendered the clip.")
            if not made.is_file():  # the script's own rename makes it whole: an exit code after that says nothing more
                raise ClipMakingFailed(f"The test clip could not be made: {last_word}")
            patiently(lambda: made.replace(clip))

    def _run(self, order: Path) -> str:
        """The last word of a child that has ended; it leaves its clip beside the order, or none."""
        child = self._started(order)
        try:
            said, complained = child.communicate(timeout=TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            _kill(child)
            child.communicate()
            raise ClipMakingFailed(f"The test clip was not made within {TIME_LIMIT_S:.0f} s.") from None
        finally:
            with self._lock:
                self._children.discard(child)
        if self._is_closed:
            raise ClipMakingFailed(_STOPPING)
        silence = f"the child ended with exit code {child.returncode} and said nothing."
        return _last_line(complained) or _last_line(said) or silence

    def _started(self, order: Path) -> subprocess.Popen[str]:
        with self._lock:
            if self._is_closed:
                raise ClipMakingFailed(_STOPPING)
            child = subprocess.Popen(
                [*self._command, str(order)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env=_without_secrets(os.environ),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                start_new_session=True,  # BLENDER may name a shell script: its children are to be killed with it
            )
            self._children.add(child)
            return child


def default_command(blender_binary: str | None) -> list[str]:
    """How to run the clip script: a given Blender, else this Python if it has bpy, else a Blender on the PATH.

    Raises :class:`RehearsalUnavailable`.
    """
    if not blender_binary and importlib.util.find_spec("bpy") is not None:
        # -P: the script's folder holds modules (properties, frames) that are not to be found in place of others.
        return [sys.executable, "-P", str(SCRIPT)]
    blender = executable_of(Path(blender_binary)) if blender_binary else found_blender()
    if not blender:
        raise RehearsalUnavailable(
            "The rehearsal server renders its test clips with Blender, but found no Blender.",
            field="BLENDER",
            remedy="Set BLENDER to a Blender executable, or install the bpy package into this Python.",
        )
    return [str(blender), "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT), "--"]


def executable_of(blender: Path) -> Path:
    """The program that is run for a Blender, which may be given as the folder that it is installed in."""
    inside = (blender / "Contents" / "MacOS" / "Blender", blender / "blender.exe")
    return next((program for program in inside if program.is_file()), blender)


def found_blender(places: Sequence[Path] = USUAL_PLACES) -> Path | None:
    """The Blender on the PATH, else the newest where installers put it; None for none."""
    on_path = shutil.which("blender")
    if on_path:
        return Path(on_path)
    found = (executable_of(path) for place in places for path in place.parent.glob(place.name))
    return max((program for program in found if program.is_file()), key=_numbers_in, default=None)


def _numbers_in(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"[0-9]+", str(path))))


def _kill(child: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        child.kill()
    elif child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(_SECRET_PREFIX)}


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _digest(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def _absolute(path: Path) -> str:
    return str(path.absolute())
