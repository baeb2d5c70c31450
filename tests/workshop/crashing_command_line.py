"""The command line with a kill -9 of itself at a named moment: ``crashing_command_line.py MOMENT VERB ...``.

The product has no test switches in it: this script wraps the functions at whose borders a crash is wanted.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kling_omni_addon.command_line import cli
from kling_omni_addon.core.dialects import legacy, new
from kling_omni_addon.remote import clips, http
from kling_omni_addon.work.journal import Journal


def die() -> None:
    """As dead as it gets: no handler, no buffer, no finally."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying(
    function: Callable[..., Any], *, before: bool, when: Callable[..., bool] = lambda *_: True
) -> Callable[..., Any]:
    """The function, with a death before or after it."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        is_now = when(*arguments)
        if is_now and before:
            die()
        result = function(*arguments, **named)
        if is_now:
            die()
        return result

    return wrapped


def at_event(moment: str) -> None:
    """``before-Sent``, ``after-Accepted``: round the commit of an event."""
    where, kind = moment.split("-")
    if kind == "Intended":
        Journal.begin_all = dying(Journal.begin_all, before=where == "before")  # type: ignore[method-assign]
    else:
        is_kind = lambda *arguments: type(arguments[2]).__name__ == kind  # noqa: E731
        Journal.append = dying(Journal.append, before=where == "before", when=is_kind)  # type: ignore[method-assign]


def mid_body(_moment: str) -> None:
    """Within the upload, before the commit point."""
    whole = http.StreamedBody.__iter__

    def cut(self: http.StreamedBody) -> Iterator[bytes]:
        for chunk in whole(self):
            yield chunk[: len(chunk) // 2]
            die()

    http.StreamedBody.__iter__ = cut  # type: ignore[method-assign]


def last_byte_gone(_moment: str) -> None:
    """The whole body is out; the answer is not read."""
    http._whole = dying(http._whole, before=True, when=_answers_a_create)


def _answers_a_create(response: Any) -> bool:
    """A POST for a page of the new API's list is a free question."""
    return bool(response.request.method == "POST") and urlsplit(response.request.url).path != new.TASKS_PATH


def answer_read(_moment: str) -> None:
    """The answer is read, but not recorded."""
    for dialect in (legacy, new):
        dialect.read_create = dying(dialect.read_create, before=False)


def mid_download(_moment: str) -> None:
    """Within the download."""
    whole = clips._chunks

    def cut(response: Any) -> Iterator[bytes]:
        for chunk in whole(response):
            yield chunk[: len(chunk) // 2]
            die()

    clips._chunks = cut


def before_rename(_moment: str) -> None:
    """The download is whole and synced under its temporary name."""
    clips._check = dying(clips._check, before=False)


def after_rename(_moment: str) -> None:
    """The clip has its name; the journal does not know."""
    clips.put_where_free = dying(clips.put_where_free, before=False)


MOMENTS = {
    "mid-body": mid_body,
    "last-byte-gone": last_byte_gone,
    "answer-read": answer_read,
    "mid-download": mid_download,
    "before-rename": before_rename,
    "after-rename": after_rename,
}

if __name__ == "__main__":
    moment, *arguments = sys.argv[1:]
    MOMENTS.get(moment, at_event)(moment)
    sys.exit(cli.main(arguments))
