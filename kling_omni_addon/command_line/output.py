"""The two streams of a command: JSON lines on stdout, sentences for people on stderr.

A stream that is lost (a closed pipe, a full disk) does not stop the work, for a paid task may be under way. It is told
once on stderr, and the exit code tells of it.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from typing import Any, Final, TextIO

LOST = 1
"""The exit code of a command that did all but tell it."""
_OUT: Final = 1
_ERR: Final = 2


class _Stdout:
    """Whether stdout was lost since the command began, and where our lines go while all else goes to stderr."""

    is_lost = False
    ours: TextIO | None = None


def begin() -> None:
    """A command begins: nothing is lost yet."""
    _Stdout.is_lost = False


@contextmanager
def alone() -> Iterator[None]:
    """Have stdout for our lines alone: what Blender prints (the files that it reads, each sample of a render) goes to
    stderr meanwhile.
    """
    with ExitStack() as stack:
        if sys.stdout is not None and sys.stderr is not None:
            stack.callback(setattr, _Stdout, "ours", _Stdout.ours)
            _Stdout.ours = _apart(stack, sys.stdout)
            stack.enter_context(redirect_stdout(sys.stderr))
        yield


def _apart(stack: ExitStack, stdout: TextIO) -> TextIO:
    """The stream for our lines; what a program in C prints to stdout goes to stderr until the stack ends."""
    try:
        if stdout.fileno() != _OUT:
            return stdout
        ours = os.dup(_OUT)
        os.dup2(_ERR, _OUT)
    except (OSError, ValueError):  # a stream of somebody's own, or a closed one
        return stdout
    stack.callback(os.close, ours)
    stack.callback(os.dup2, ours, _OUT)
    stack.callback(_flush_c)
    return stack.enter_context(os.fdopen(os.dup(ours), "w", encoding="utf-8"))


def _flush_c() -> None:
    """What a program in C holds back is not ours."""
    with suppress(OSError, AttributeError, TypeError):  # another system: nothing is held back for long
        ctypes.CDLL(None).fflush(None)


def say(line: Mapping[str, Any]) -> None:
    """One JSON line on stdout."""
    _write(f"{json.dumps(line)}\n")


def say_text(text: str) -> None:
    """Text on stdout that is no JSON, because somebody asked for another form."""
    _write(text)


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
        stdout = _Stdout.ours or sys.stdout
        if stdout is None:
            raise OSError("it is closed")
        stdout.write(text)
        stdout.flush()
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
