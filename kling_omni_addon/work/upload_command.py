"""A command of the user's own that puts a file where Kling can reach it, or takes it away again: run without a shell,
without the extension's keys, and not for ever.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from ..core.errors import UploadFailed
from ..core.footage import last_word, without_keys

TIME_LIMIT_S: Final = 900.0
"""How long a command may take. 200 MB over 2 Mbit/s are 800 s."""
_REMEDY: Final = "Check the command in the preferences, or try it in a terminal."


class UploadCommand:
    """One run of a command. :meth:`stop` may be called from another thread; a run that was stopped never begins."""

    def __init__(self, words: Sequence[str], limit_s: float = TIME_LIMIT_S) -> None:
        self._words = list(words)
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._is_stopped = False

    def run(self) -> str:
        """Run it to its end, and return what it printed.

        Raises :class:`UploadFailed` for a command that cannot run, fails, takes too long or is stopped.
        """
        child = self._begun()
        try:
            printed, complained = child.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            _kill(child)
            child.communicate()
            raise UploadFailed(
                f'The command "{self._words[0]}" was stopped after {self._limit_s:g} s.', remedy=_REMEDY
            ) from None
        if self._is_stopped:
            raise UploadFailed("The upload was stopped.")
        if child.returncode:
            word = last_word(complained) or "No error message was printed."
            raise UploadFailed(
                f'The command "{self._words[0]}" ended with code {child.returncode}: {word}', remedy=_REMEDY
            )
        return printed

    def stop(self) -> None:
        """End it at once, with all that it has started."""
        with self._lock:
            self._is_stopped = True
            if self._child is not None and self._child.poll() is None:
                _kill(self._child)

    def _begun(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._is_stopped:
                raise UploadFailed("The upload was stopped.")
            try:
                self._child = subprocess.Popen(
                    self._words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    encoding="utf-8",
                    errors="replace",
                    env=dict(without_keys(os.environ.items())),
                    start_new_session=True,  # so that what it starts can be ended with it
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                raise UploadFailed(
                    f'The command "{self._words[0]}" cannot be run: {reason}.', remedy=_REMEDY
                ) from error
        return self._child


def _kill(child: subprocess.Popen[str]) -> None:
    """End a child; on POSIX with every process of its session."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
