"""The links of our own clips that a new shot is made from: asked of Kling afresh, and kept in memory only.

A link opens the clip to whoever has it, so none is ever saved: the shot remembers the submission (``video_of``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...core import pricing
from ...core.errors import KlingError
from ...core.media import VideoFacts
from ..host import heartbeat
from ..host.signals import Signal
from . import limits, online, opening, uploads
from .questions import Question

if TYPE_CHECKING:
    from ...core.pricing import Price
    from ...core.protocol import TaskReport
    from ...core.request import OmniRequest, Video

_FRESH_S: Final = 3600.0  # nobody has measured how long Kling honours one; it costs nothing to ask again

_asked: dict[str, Question[TaskReport]] = {}
heard: Signal[[]] = Signal()
"""A link came: shots that are made from that clip have to be judged again."""


def ask(submission_id: str) -> None:
    """Ask for the link of a submission's clip. Free. What goes wrong is a sentence of :func:`trouble_of`."""
    if submission_id not in _asked:
        _asked[submission_id] = Question(on_answer=lambda _report: heard.send())
    question, offline = _asked[submission_id], online.offline_reason()
    question.forget()
    if offline:
        question.fail(offline)
        return
    try:
        question.ask(lambda: opening.session().ask_clip(submission_id))
    except KlingError as error:
        question.fail(str(error))
        return
    heartbeat.start()


def link_of(submission_id: str) -> str:
    """The link, ``""`` while it is not at hand or has become old."""
    report = _report_of(submission_id)
    return "" if report is None else report.link


def video_facts_of(submission_id: str) -> VideoFacts:
    """What Kling says of the clip that it made."""
    report = _report_of(submission_id)
    return VideoFacts() if report is None else VideoFacts(format="mp4", duration_s=report.duration_s)


def list_price_of(request: OmniRequest) -> Price | None:
    """The list price of a request, exact for an edit of a clip or of footage of ours, whose length is known; None where
    the list has none.
    """
    return pricing.price_of(request, input_video_s=_length_of(request.video), profile=limits.profile())


def _length_of(video: Video | None) -> float | None:
    if video is None:
        return None
    return (video_facts_of(video.clip) if video.clip else uploads.video_facts_of(video.url)).duration_s


def _report_of(submission_id: str) -> TaskReport | None:
    question = _asked.get(submission_id)
    return question.answer if question is not None and question.age_s < _FRESH_S else None


def is_asking(submission_id: str) -> bool:
    """Whether this clip is being asked for."""
    question = _asked.get(submission_id)
    return question is not None and question.is_asking


def trouble_of(submission_id: str) -> str:
    """Why there is no link, as a sentence; ``""`` where none is known."""
    question = _asked.get(submission_id)
    return "" if question is None else question.problem
