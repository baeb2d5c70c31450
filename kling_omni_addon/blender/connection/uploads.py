"""Own footage on its way to a link: uploaded when the artist says so, by a command of their own, and in a rehearsal to
the rehearsal's own server.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...core.errors import ArgumentsInvalid, UploadFailed
from ...core.footage import command_words, host_of, link_in, told_age
from ...core.media import VideoFacts
from ...settings import LINK_LIFETIME_MIN, Uploading
from ..host import heartbeat
from ..host.signals import Signal
from . import opening, preferences
from .online import require_online
from .questions import Question

if TYPE_CHECKING:
    from ...work.errand import Errand
    from ...work.upload_command import UploadCommand
    from ...work.uploads import Upload

_MOST_KNOWN: Final = 64
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

heard: Signal[[Upload]] = Signal()
"""A file got its link."""


@dataclass(slots=True)
class _Running:
    """The upload under way, or the last one."""

    file: str = ""
    command: UploadCommand | None = None


_now = _Running()
_facts: dict[str, VideoFacts] = {}  # file or link -> what the video is, for prices and panels


def uploading() -> Uploading:
    """How files get a link; as if nobody had said so where what was said cannot be used."""
    try:
        return preferences.uploading()
    except ArgumentsInvalid:
        return Uploading(lifetime_s=LINK_LIFETIME_MIN * 60.0)


def missing_command() -> str:
    """Why nothing can be uploaded, as a sentence; ``""`` where it can. A rehearsal needs no command."""
    if preferences.service().is_rehearsal or uploading().command:
        return ""
    return "No upload command is set. Set Upload Command in the preferences."


def upload(file: str) -> None:
    """Give a file (absolute) a link: **it leaves this computer**, unless this is a rehearsal. What goes wrong later is
    a sentence of :func:`trouble_of`.

    Raises :class:`ArgumentsInvalid` without a file or a command that can be used, :class:`UploadFailed` while another
    file is on its way, and like ``opening.session`` in a rehearsal.
    """
    from ...work.upload_command import TIME_LIMIT_S  # subprocess

    if _question.is_asking:
        raise UploadFailed(
            "A video is being uploaded already.", remedy="Wait until it is uploaded, or press Stop Upload."
        )
    if not Path(file).is_file():
        raise ArgumentsInvalid(f"The video {file} is gone.", field="video", remedy="Render it again.")
    if lack := missing_command():
        raise ArgumentsInvalid(lack, field="upload_command")
    require_online()
    opening.session()  # whose timer hears the answer
    begin = _lent if preferences.service().is_rehearsal else _sent
    _question.forget()
    _now.file = file
    _question.ask(partial(begin, file), TIME_LIMIT_S)
    heartbeat.start()


def _lent(file: str) -> Errand[str]:
    return opening.session().lend_video(Path(file))


def _sent(file: str) -> Errand[str]:
    from ...work.errand import Errand
    from ...work.upload_command import UploadCommand  # subprocess

    command = UploadCommand(command_words(preferences.uploading().command, file=file))
    _now.command = command
    return Errand(lambda: link_in(command.run()))


def _heard(link: str) -> None:
    from ...work.uploads import Upload

    _now.command = None
    heard.send(Upload(file=_now.file, link=link, at=time.time()))


def stop() -> None:
    """Stop the upload under way, if there is one."""
    if _now.command is not None:
        _now.command.stop()


def is_uploading(file: str = "") -> bool:
    """Whether this file, or any, is on its way."""
    return _question.is_asking and file in ("", _now.file)


def trouble_of(file: str) -> str:
    """Why a file got no link, as a sentence; ``""`` where none is known."""
    return _question.problem if file == _now.file else ""


def why_stale(link: str, at: float) -> str:
    """Why a link that was given at ``at`` (Unix seconds) should be asked for anew, as a sentence; ``""`` for no reason.
    For drawing code.
    """
    if host_of(link) in _LOOPBACK and preferences.service().is_rehearsal:
        session = opening.running()
        is_here = session is not None and link.startswith(session.settings.service_url)
        return "" if is_here else "The rehearsal server that had this video has quit. Upload the video again."
    if not at:
        return "The uploaded video was deleted. Upload it again."
    age_s = time.time() - at
    if age_s < uploading().lifetime_s:
        return ""
    return f"The link is {told_age(age_s)} old and may have expired. Upload the video again."


def know(file_or_link: str, facts: VideoFacts) -> None:
    """Remember what a video is."""
    if len(_facts) > _MOST_KNOWN:
        _facts.clear()
    _facts[file_or_link] = facts


def video_facts_of(file_or_link: str) -> VideoFacts:
    """What is known of a video. For drawing code."""
    return _facts.get(file_or_link, VideoFacts())


_question: Question[str] = Question(on_answer=_heard, on_forget=stop)
