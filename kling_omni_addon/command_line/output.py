"""The two streams of a command: JSON lines on stdout, sentences for people on stderr.

With ``--json`` a command says one object when it is over, in place of the lines. While it waits, a line on a terminal
shows how far it is; everything that is said meanwhile stands above that line.

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
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar, Final, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

LOST = 1
"""The exit code of a command that did all but tell it."""
_WAITS: Final = "{desc} [{elapsed}]"
_TRANSFERS: Final = "{desc} {percentage:3.0f}%|{bar:20}| {n_fmt} of {total_fmt}B [{elapsed}]"
_OUT: Final = 1
_ERR: Final = 2


class _Stdout:
    """Whether stdout was lost since the command began, and where our lines go while all else goes to stderr."""

    is_lost = False
    ours: TextIO | None = None


class _Summary:
    """What a command with ``--json`` has said so far: lines by their kind. ``kind`` is the usual one, None without
    ``--json``.
    """

    kind: str | None = None
    lines: ClassVar[dict[str, dict[str, Mapping[str, Any]]]] = {}
    more: ClassVar[dict[str, Any]] = {}


def begin() -> None:
    """A command begins: nothing is lost yet."""
    _Stdout.is_lost = False
    _Summary.kind = None


def sum_up(kind: str) -> None:
    """From here on gather all lines of this command: :func:`end` says them as one object. ``kind`` is the name of a
    line's list where the line is of no other kind.
    """
    _Summary.kind = kind
    _Summary.lines.clear()
    _Summary.more.clear()
    _Summary.lines[kind] = {}


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


def say(line: Mapping[str, Any], of: str = "", kind: str = "") -> None:
    """One JSON line on stdout. ``of`` names what it is about, where a later line says the same anew: a summary has the
    last one only. ``kind`` is the list of the summary that has it.
    """
    if _Summary.kind is None:
        _write(f"{json.dumps(line)}\n")
    else:
        lines = _Summary.lines.setdefault(kind or _Summary.kind, {})
        lines[of or f"\0{len(lines)}"] = line


def say_of_all(facts: Mapping[str, Any]) -> None:
    """What is true of the command as a whole: a line of its own, or a part of the summary itself."""
    if _Summary.kind is None:
        _write(f"{json.dumps(facts)}\n")
    else:
        _Summary.more.update(facts)


def say_text(text: str) -> None:
    """Text on stdout that is no JSON, because somebody asked for another form."""
    _write(text)


def tell(sentence: str) -> None:
    """One line on stderr."""
    if sys.stderr is not None:  # started with it closed; print would take stdout in its place
        with suppress(OSError, ValueError), _above_progress():
            print(sentence, file=sys.stderr)


def end(exit_code: int) -> int:
    """The command is over: the exit code, of which 0 says that every line was written, too."""
    if _Summary.kind is not None:
        lists = {kind: list(lines.values()) for kind, lines in _Summary.lines.items()}
        _write(f"{json.dumps(lists | _Summary.more | {'exit_code': exit_code})}\n")
        _Summary.kind = None
    _write("")
    return exit_code or (LOST if _Stdout.is_lost else 0)


class Progress:
    """A line on the terminal that says how far a command is that waits; nothing where stderr is no terminal."""

    _shown: tqdm[Any] | None = None  # on the class: there is one terminal

    def __enter__(self) -> Progress:
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm  # only here: nothing else needs it

            tqdm.monitor_interval = 0  # no thread of its own
            tqdm.set_lock(RLock())  # its own is one between processes, for which some systems start another process
            Progress._shown = tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, unit_scale=True, bar_format=_WAITS)
        return self

    def __exit__(self, *_: object) -> None:
        shown, Progress._shown = Progress._shown, None
        if shown is not None:
            with suppress(OSError, ValueError):
                shown.close()

    def show(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say this from now on, with the time since the beginning; and the bytes so far, where a total is known."""
        shown = Progress._shown
        if shown is not None:
            shown.bar_format = _TRANSFERS if total else _WAITS
            shown.n, shown.total = done, total or None
            with suppress(OSError, ValueError):
                shown.set_description_str(text)


@contextmanager
def _above_progress() -> Iterator[None]:
    """Print above the progress line, where there is one."""
    if Progress._shown is None:
        yield
        return
    with Progress._shown.external_write_mode(file=sys.stderr):
        yield


def _write(text: str) -> None:
    if _Stdout.is_lost:
        return
    try:
        stdout = _Stdout.ours or sys.stdout
        if stdout is None:
            raise OSError("it is closed")
        with _above_progress():
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
