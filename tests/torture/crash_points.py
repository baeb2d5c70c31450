"""Every moment of a submission's life at which a process can be killed, by name.

The product has no test switches in it. :func:`watch` wraps the functions at whose borders something becomes real (a
commit, a byte on the wire, an fsync, a rename) and tells the name of each moment as it passes. POSIX only.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias, get_args

from kling_omni_addon.core.dialects import legacy, new
from kling_omni_addon.core.life.events import Event
from kling_omni_addon.core.protocol import HttpCall, HttpReply
from kling_omni_addon.remote.http import Http, StreamedBody
from kling_omni_addon.work import fetching
from kling_omni_addon.work.journal import Journal

At: TypeAlias = Callable[[str], None]
"""Is told the name of a moment when it comes."""
Wrapped: TypeAlias = Callable[..., Any]

_ELSEWHERE = frozenset({"Adopted", "Doubted", "SetAside", "MarkedFetched", "MarkedFailed"})
"""Only a journal that was lost or set back has the first two, see tests/work/test_recovery.py; only what killed five
processes in a row is set aside, see tests/work/test_crash_loops.py; and no story here asks for a watermark, see
tests/session/test_marked_copy.py.
"""
EVENTS = tuple(sorted({kind.__name__ for kind in get_args(Event)} - _ELSEWHERE))
LEASES = ("claim", "renew", "give_up")
COMMITS = tuple(f"{where} commit {what}" for what in (*EVENTS, *LEASES) for where in ("before", "after"))
SENDING = ("mid body", "before last byte", "after last byte", "answer read")
FILES = tuple(
    f"{where} {step}"
    for step in (
        *(
            "fsync clip",
            "name clip",
            "fsync folder clips",
            "fsync picture",
            "rename picture",
            "fsync folder pictures",
        ),
        *("fsync mark", "rename mark", "fsync backup", "rename backup"),
    )
    for where in ("before", "after")
)
POINTS = (*COMMITS, *SENDING, "mid download", *FILES)
"""All there are; a test checks that each is really passed."""


def die() -> None:
    """As dead as it gets: no handler, no buffer, no finally."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(point: str, passes: int = 1) -> At:
    """Die when ``point`` is passed for the given time."""
    left = [passes]
    lock = threading.Lock()

    def at(name: str) -> None:
        if name == point:
            with lock:
                left[0] -= 1
                if left[0] <= 0:
                    die()

    return at


def watch(at: At) -> None:
    """Tell ``at`` of every moment from now on, in this process."""
    _watch_commits(at)
    _watch_body(at)
    _watch_files(at)
    for dialect in (legacy, new):
        dialect.read_create = _told_after(dialect.read_create, lambda: at("answer read"))
    fetching.Progress = _told_after(fetching.Progress, lambda: at("mid download"))  # type: ignore[assignment]


def _told_after(function: Wrapped, tell: Callable[[], None]) -> Wrapped:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        tell()
        return result

    return wrapped


def _watch_commits(at: At) -> None:
    """Round the very COMMIT of every kind of transaction."""
    doing = threading.local()

    def labelled(function: Wrapped, label_of: Callable[..., str]) -> Wrapped:
        def wrapped(self: Journal, *arguments: Any, **named: Any) -> Any:
            doing.label = label_of(*arguments)
            try:
                return function(self, *arguments, **named)
            finally:
                doing.label = ""

        return wrapped

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            label = getattr(doing, "label", "") if sql == "COMMIT" else ""
            if label:
                at(f"before commit {label}")
            cursor = super().execute(sql, *parameters)
            if label:
                at(f"after commit {label}")
            return cursor

    connect = sqlite3.connect
    sqlite3.connect = lambda *a, **k: connect(*a, **({"factory": Watched} | k))
    Journal.begin_all = labelled(Journal.begin_all, lambda wanted: "Intended")  # type: ignore[method-assign]
    Journal.append = labelled(  # type: ignore[method-assign]
        Journal.append, lambda submission_id, event, *_, **__: type(event).__name__
    )
    for name in LEASES:
        setattr(Journal, name, labelled(getattr(Journal, name), lambda *_, name=name: name))


def is_create(method: str, path: str) -> bool:
    """Whether a call may cost something. A POST may be a free question, like that for a page of the new API's list."""
    bare = path.partition("?")[0].rstrip("/")
    return method == "POST" and (bare == legacy.TASKS_PATH or bare.startswith(new.CREATE_PATH))


def _watch_body(at: At) -> None:
    """The bodies of creates: no other byte of ours costs anything."""
    whole, send = StreamedBody.__iter__, Http.send
    calling = threading.local()

    def watched_send(self: Http, call: HttpCall, token: str, body: StreamedBody | None = None) -> HttpReply:
        calling.is_create = is_create(call.method, call.path)
        return send(self, call, token, body)

    def watched(self: StreamedBody) -> Iterator[bytes]:
        if not calling.is_create:
            yield from whole(self)
            return
        for chunk in whole(self):
            if self.is_committed:
                at("before last byte")
                yield chunk
                at("after last byte")  # the network layer asks for more: the byte has been handed to the socket
            else:
                half = (len(chunk) + 1) // 2
                yield chunk[:half]
                at("mid body")
                if chunk[half:]:
                    yield chunk[half:]

    StreamedBody.__iter__ = watched  # type: ignore[method-assign]
    Http.send = watched_send  # type: ignore[method-assign]


def _watch_files(at: At) -> None:
    """Round every fsync and rename of our own files; SQLite's go past Python."""
    fsync, replace, link = os.fsync, os.replace, os.link

    def watched_fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        name = f"fsync folder {path.name}" if path.is_dir() else f"fsync {_kind(path)}"
        at(f"before {name}")
        fsync(handle)
        at(f"after {name}")

    def watched_replace(source: Any, target: Any, **named: Any) -> None:
        at(f"before rename {_kind(Path(target))}")
        replace(source, target, **named)
        at(f"after rename {_kind(Path(target))}")

    def watched_link(source: Any, target: Any, **named: Any) -> None:
        at(f"before name {_kind(Path(target))}")
        link(source, target, **named)
        at(f"after name {_kind(Path(target))}")

    os.fsync, os.replace = watched_fsync, watched_replace  # type: ignore[assignment]
    os.link = watched_link  # type: ignore[assignment]


def _kind(path: Path) -> str:
    kinds = {"pictures": "picture", "clips": "clip", "backups": "backup", "home": "mark"}
    return kinds.get(path.parent.name, path.parent.name)
