"""The links of our own clips that a new shot is made from: asked of Kling afresh, and kept in memory only.

A link opens the clip to whoever has it, so none is ever saved: the shot remembers the submission (``video_of``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import bpy

from ..core import pricing
from ..core.errors import KlingError
from ..core.reading import VideoFacts
from . import live

if TYPE_CHECKING:
    from ..core.pricing import Price
    from ..core.protocol import TaskReport
    from ..core.request import OmniRequest
    from ..work.errand import Errand
    from .properties import KLING_PG_shot

_FRESH_S: Final = 3600.0  # nobody has measured how long Kling honours one; it costs nothing to ask again
_WAIT_S: Final = 60.0


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What was asked of one clip: under way, answered by ``report``, or in vain (``problem``)."""

    at: float
    errand: Errand[TaskReport] | None = None
    report: TaskReport | None = None
    problem: str = ""


_asked: dict[str, _Asked] = {}


def ask(submission_id: str) -> None:
    """Ask for the link of a submission's clip; :func:`hear` hears the answer. Free.

    Without a window it waits for the answer, since nobody would look again. What goes wrong is a sentence of
    :func:`trouble_of`.
    """
    from . import pump  # it places clips, which reads us

    asked = _asked[submission_id] = _Asked(at=time.monotonic(), problem=live.offline_reason())
    if asked.problem:
        return
    try:
        asked.errand = live.session().ask_clip(submission_id)
    except KlingError as error:
        asked.problem = str(error)
        return
    if bpy.app.background:
        asked.errand.wait(_WAIT_S)
        hear()
    pump.start()


def ask_where_needed(shot: KLING_PG_shot) -> None:
    """Ask for the link of the shot's clip unless it is at hand or being asked for."""
    if shot.video_of and not link_of(shot.video_of) and not is_asking(shot.video_of):
        ask(shot.video_of)


def hear() -> bool:
    """Whether an answer came since the last time; the shots that it is for are judged anew."""
    done = [asked for asked in _asked.values() if asked.errand is not None and asked.errand.is_done]
    for asked in done:
        assert asked.errand is not None
        try:
            asked.report = asked.errand.answer
        except KlingError as error:
            asked.problem = str(error)
        asked.errand = None
    for scene in bpy.data.scenes if done else ():
        if scene.kling.video_of:  # type: ignore[attr-defined] # hung on every scene by properties.register()
            live.judge(scene)
    return bool(done)


def link_of(submission_id: str) -> str:
    """The link, ``""`` while it is not at hand or has become old."""
    report = _report_of(submission_id)
    return "" if report is None else report.link


def facts_of(submission_id: str) -> VideoFacts:
    """What Kling says of the clip that it made."""
    report = _report_of(submission_id)
    return VideoFacts() if report is None else VideoFacts(format="mp4", duration_s=report.duration_s)


def price_of(request: OmniRequest) -> Price | None:
    """The list price of a request, exact for an edit of a clip of ours, whose length is known; None where the list has
    none.
    """
    clip = "" if request.video is None else request.video.clip
    return pricing.price_of(request, input_video_s=facts_of(clip).duration_s if clip else None)


def _report_of(submission_id: str) -> TaskReport | None:
    asked = _asked.get(submission_id)
    return asked.report if asked is not None and time.monotonic() - asked.at < _FRESH_S else None


def is_asking(submission_id: str = "") -> bool:
    """Whether this clip, or any, is being asked for."""
    return any(asked.errand is not None for key, asked in _asked.items() if submission_id in ("", key))


def trouble_of(submission_id: str) -> str:
    """Why there is no link, as a sentence; ``""`` where none is known."""
    asked = _asked.get(submission_id)
    return "" if asked is None else asked.problem


def forget() -> None:
    """Another service or key, or the end: links of the old one lead nowhere."""
    _asked.clear()
