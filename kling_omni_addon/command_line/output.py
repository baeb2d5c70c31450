"""The two streams of a command: JSON lines on stdout, sentences for people on stderr.

A stream that is lost (a closed pipe, a full disk) does not stop the work, for a paid task may be under way. It is told
once on stderr, and the exit code tells of it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

LOST = 1
"""The exit code of a command that did all but tell it."""


class _Stdout:
    """Whether stdout was lost since the command began."""

    is_lost = False


def begin() -> None:
    """A command begins: nothing is lost yet."""
    _Stdout.is_lost = False


def say(line: Mapping[str, Any]) -> None:
    """One JSON line on stdout."""
    _write(f"{json.dumps(line)}\n")


def tell(sentence: str) -> None:
    """One line on stderr."""
    if sys.stderr is not None:  # started with it closed; print would take stdout in its place
        with suppress(OSError, ValueError):
            print(sentence, file=sys.stderr)


def end(exit_code: int) -> int:
    """The command is over: the exit code, of which 0 says that every line was written, too."""
    _write("")
    return exit_code or (LOST if _Stdout.is_lost else 0)


def _write(text: str) -> None:
    if _Stdout.is_lost:
        return
    try:
        if sys.stdout is None:
            raise OSError("it is closed")
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError) as error:  # ValueError: the file object is closed
        _Stdout.is_lost = True
        _silence()
        reason = getattr(error, "strerror", "") or error
        tell(f"kling: standard output cannot be written: {reason}. The remaining lines are lost.")


def _silence() -> None:
    """Let what is still in the buffer go nowhere, or Python complains about it when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
