"""What a process did to its files and to the network, system call by system call: read from ``strace``.

Every line that matters becomes one step, in the order in which the calls ended (a ``close``: began). Files are known by
the handle through which they are written, so a rename while a file is open is no puzzle.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

CALLS = (
    *("open", "openat", "creat", "close", "dup", "dup2", "dup3", "write", "writev", "pwrite64", "lseek", "ftruncate"),
    *("fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat"),
    *("unlink", "unlinkat", "mkdir", "mkdirat"),
    *("sendto", "sendmsg", "copy_file_range", "sendfile", "fallocate"),
)
Kind: TypeAlias = Literal["create", "write", "truncate", "fsync", "rename", "link", "unlink", "mkdir", "send", "mark"]
_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+|\?)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_STDERR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was done. ``file`` numbers the file (0: a folder or none); ``path`` is its name at the time;
    ``at`` is the first byte written or the new size, ``target`` the new name. Of what is sent ``file`` is the handle.
    """

    kind: Kind
    file: int = 0
    path: str = ""
    target: str = ""
    at: int = 0
    data: bytes = b""


def record(command: Sequence[str], log: Path, folder: Path) -> tuple[Step, ...]:
    """Run a command to its end under strace; its steps below ``folder``, on the network and on stderr."""
    strace = shutil.which("strace")
    assert strace is not None, "the caller skips where there is no strace"
    traced = [strace, "-f", "-qq", "-xx", "-s", "10000000", "-e", f"trace={','.join(CALLS)}", "-o", str(log)]
    done = subprocess.run([*traced, *command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with log.open(encoding="ascii") as lines:
        return tuple(steps_of(lines, folder))


def steps_of(lines: Iterable[str], folder: Path) -> Iterator[Step]:
    """The steps that lines of strace tell."""
    return _Reader(str(folder)).steps(lines)


@dataclass(slots=True)
class _Open:
    """An open handle: which file, under which name, where the next byte goes (None: at the end)."""

    file: int
    path: str
    at: int | None


class _Reader:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._open: dict[int, _Open] = {}
        self._files: dict[str, int] = {}
        self._sizes: dict[int, int] = {}
        self._begun: dict[str, str] = {}

    def steps(self, lines: Iterable[str]) -> Iterator[Step]:
        for name, arguments, result in self._calls(lines):
            if result >= 0:
                yield from self._step(name, arguments, result)

    def _calls(self, lines: Iterable[str]) -> Iterator[tuple[str, str, int]]:
        """Whole calls, those of threads that were interrupted put together."""
        for line in lines:
            numbered = _LINE.match(line.rstrip("\n"))
            if numbered is None:
                continue
            thread, text = numbered.groups()
            if text.endswith("<unfinished ...>"):
                begun = text.removesuffix("<unfinished ...>").rstrip()
                if begun.startswith("close("):  # its handle is free already: another thread may get it before this ends
                    yield "close", begun.removeprefix("close("), 0
                else:
                    self._begun[thread] = begun
                continue
            if text.startswith("<... "):
                text = self._begun.pop(thread, "") + text.partition("resumed>")[2]
            call = _CALL.match(text)
            if call is not None and call[3] != "?":
                yield call[1], call[2], int(call[3], 0)

    def _step(self, name: str, arguments: str, result: int) -> Iterator[Step]:
        texts = [_bytes(match[1]) for match in _TEXT.finditer(arguments)]
        bare = _TEXT.sub("TEXT", arguments)
        match name:
            case "open" | "openat" | "creat":
                yield from self._opened(texts[0].decode(), bare, result)
            case "rename" | "renameat" | "renameat2":
                yield from self._renamed(*(text.decode() for text in texts[:2]))
            case "link" | "linkat":
                yield from self._linked(*(text.decode() for text in texts[:2]))
            case "unlink" | "unlinkat":
                path = texts[0].decode()
                if self._is_ours(path) and self._files.pop(path, 0):
                    yield Step(kind="unlink", path=path)
            case "mkdir" | "mkdirat":
                if self._is_ours(texts[0].decode()):
                    yield Step(kind="mkdir", path=texts[0].decode())
            case _:
                yield from self._on_handle(name, bare, texts, result)

    def _opened(self, path: str, flags: str, handle: int) -> Iterator[Step]:
        self._open.pop(handle, None)
        if not self._is_ours(path):
            return
        is_new = path not in self._files and "O_CREAT" in flags
        if is_new:
            self._files[path] = 1 + max((0, *self._sizes))
            self._sizes[self._files[path]] = 0
            yield Step(kind="create", file=self._files[path], path=path)
        file = self._files.get(path, 0)
        self._open[handle] = _Open(file, path, None if "O_APPEND" in flags else 0)
        if file and "O_TRUNC" in flags and self._sizes[file]:
            self._sizes[file] = 0
            yield Step(kind="truncate", file=file, path=path)

    def _renamed(self, path: str, target: str) -> Iterator[Step]:
        if self._is_ours(path) and path in self._files:
            self._files[target] = self._files.pop(path)
            yield Step(kind="rename", file=self._files[target], path=path, target=target)

    def _linked(self, path: str, target: str) -> Iterator[Step]:
        if self._is_ours(path) and path in self._files:
            self._files[target] = self._files[path]
            yield Step(kind="link", file=self._files[path], path=path, target=target)

    def _on_handle(self, name: str, bare: str, texts: list[bytes], result: int) -> Iterator[Step]:
        numbers = [int(number) for number in re.findall(r"-?\b\d+\b", bare)]
        handle, data = numbers[0], b"".join(texts)[:result]
        if name in ("sendto", "sendmsg"):
            yield Step(kind="send", file=handle, data=data)
        elif name in ("write", "writev") and handle == _STDERR:
            yield Step(kind="mark", data=data)
        elif name == "close":
            self._open.pop(handle, None)
        elif name in ("dup", "dup2", "dup3") and handle in self._open:
            self._open[result] = self._open[handle]
        elif handle in self._open:
            yield from self._on_file(name, self._open[handle], numbers, data, result)

    def _on_file(self, name: str, opened: _Open, numbers: list[int], data: bytes, result: int) -> Iterator[Step]:
        match name:
            case "write" | "writev":
                at = self._sizes[opened.file] if opened.at is None else opened.at
                opened.at = None if opened.at is None else at + len(data)
                yield self._written(opened, at, data)
            case "pwrite64":
                yield self._written(opened, numbers[-1], data)
            case "lseek":
                opened.at = None if opened.at is None else result
            case "ftruncate":
                self._sizes[opened.file] = numbers[-1]
                yield Step(kind="truncate", file=opened.file, path=opened.path, at=numbers[-1])
            case "fsync" | "fdatasync":
                yield Step(kind="fsync", file=opened.file, path=opened.path)
            case "fallocate":
                return  # reserves space; neither content nor, as SQLite and we use it, size
            case _:
                raise NotImplementedError(f"{name} on {opened.path}")

    def _written(self, opened: _Open, at: int, data: bytes) -> Step:
        self._sizes[opened.file] = max(self._sizes[opened.file], at + len(data))
        return Step(kind="write", file=opened.file, path=opened.path, at=at, data=data)

    def _is_ours(self, path: str) -> bool:
        return path == self._folder or path.startswith(self._folder + "/")


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
