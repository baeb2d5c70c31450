"""What Blender's status bar tells of Kling: what waits for a person, until it is dealt with; how many clips are under
way, and how far; and for some seconds what has just become of one. It stands after all else there, and takes no other
tool's words away.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

import bpy

from ...core.life.phase import Phase
from ..connection import snapshots
from ..host.isolating import on_its_own
from ..host.language import translated
from . import words
from .progress import progress_of

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

    from ...core.life.lifecycle import Submission
    from ...core.life.needs import Need

_TOLD_S: Final = 8.0
_BAR_UNITS: Final = 6.0

_NEWS: Mapping[Phase, tuple[str, IconItems]] = {
    Phase.FETCHED: ("is downloaded", "FILE_MOVIE"),
    Phase.PLACED: ("is in the Sequencer", "CHECKMARK"),
    Phase.FAILED: ("failed", "ERROR"),
}
_WORK: Mapping[Phase, str] = {
    Phase.INTENDED: "{} waiting",
    Phase.UNANSWERED: "{} waiting",
    Phase.ACCEPTED: "{} generating",
    Phase.READY: "{} downloading",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What stands there, in the user's language: ``need`` for a person to deal with, ``text`` of the work or of news,
    and a bar that is filled by ``share``, None for no bar.
    """

    need: str = ""
    text: str = ""
    icon: IconItems = "NONE"
    share: float | None = None
    share_text: str = ""


_NOTHING: Final = Line()


@dataclass(slots=True, kw_only=True)
class Told:
    """What the status bar has to say, what was drawn of it, and until when the news stand (a monotonic time)."""

    line: Line = _NOTHING
    drawn: Line = _NOTHING
    until: float = 0.0
    news: Line = _NOTHING
    phases: dict[str, Phase] = field(default_factory=dict)


_told = Told()


def follow(submissions: Sequence[Submission], needs: Sequence[Need] = ()) -> bool:
    """Take note of what became of the submissions since the last call, and of what waits for a person; whether the
    status bar has to be drawn again.
    """
    now = time.monotonic()
    news = [s for s in submissions if s.phase in _NEWS and _told.phases.get(s.id, s.phase) is not s.phase]
    _told.phases = {s.id: s.phase for s in submissions}
    if news:
        _told.news, _told.until = Line(text=translated(_sentence(news)), icon=_NEWS[news[-1].phase][1]), now + _TOLD_S
    line = _told.news if now < _told.until else _work(submissions)
    _told.line = replace(line, need=translated(_need(needs)))
    return _told.line != _told.drawn


def _need(needs: Sequence[Need]) -> str:
    if not needs:
        return ""
    first, *others = (need.sentence for need in needs)
    named = first if "Kling" in first else f"Kling: {first}"
    return f"{named}, and {len(others)} more" if others else named


def _work(submissions: Sequence[Submission]) -> Line:
    """How many are under way, and how far; or since when nobody answers about them."""
    at_work = [s for s in submissions if s.phase in _WORK and not s.is_held]
    silences = [since for since in map(snapshots.silent_since, at_work) if since]
    if silences:
        return Line(text=translated(f"Kling: {words.silent(min(silences))}"), icon="ERROR")
    return _how_far(Line(text=_under_way(at_work), icon="RENDER_ANIMATION"), at_work)


def _how_far(line: Line, at_work: Sequence[Submission]) -> Line:
    """With a bar: of one clip with its clock or its bytes, of several how far they are on the average."""
    told = [progress_of(submission) for submission in at_work]
    shares = [each.share for each in told if each.share is not None]
    if not shares:
        return line
    return replace(line, share=round(fmean(shares), 2), share_text=translated(told[0].text) if len(told) == 1 else "")


def _sentence(news: Sequence[Submission]) -> str:
    last, others = news[-1], len(news) - 1
    told = f'Kling: "{last.target.name or last.id}" {_NEWS[last.phase][0]}'
    return f"{told}, and {others} more" if others else told


def _under_way(at_work: Sequence[Submission]) -> str:
    counted = Counter(_WORK[s.phase] for s in at_work)
    parts = [translated(word.format(counted[word])) for word in dict.fromkeys(_WORK.values()) if counted[word]]
    return f"Kling: {', '.join(parts)}" if parts else ""


def is_telling() -> bool:
    """Whether something stands there that has to be taken away later."""
    return bool(_told.line.need or _told.line.text or _told.drawn.need or _told.drawn.text)


def forget() -> None:
    """There is no session any more: whatever the next one finds is no news."""
    global _told
    _told = Told(drawn=_told.drawn)


def redraw() -> None:
    """Have Blender draw the status bar of every window again; later, while a tool is at work that may have words there.

    The status bar is in no list of areas; setting its text is the one call that draws it again. The call below leaves
    alone what ``WorkSpace.status_text_set`` would replace: the header's draw function.
    """
    windows = bpy.context.window_manager.windows
    if any(window.modal_operators for window in windows):
        return
    for window in windows:
        with bpy.context.temp_override(window=window):
            workspace: Any = window.workspace
            workspace.status_text_set_internal(None)
    _told.drawn = _told.line


def draw(header: Any, _context: bpy.types.Context) -> None:
    """Draw it; Blender calls this for its status bar."""
    on_its_own(_draw, header.layout, _told.line)


def _draw(layout: bpy.types.UILayout, line: Line) -> None:
    if line.need:
        need = layout.row()
        need.alert = True
        need.label(text=line.need, icon="ERROR")
    if line.text:
        layout.label(text=line.text, icon=line.icon)
    if line.share is not None:
        bar = layout.row()
        bar.ui_units_x = _BAR_UNITS
        bar.progress(factor=line.share, text=line.share_text)


def register() -> None:
    """Stand in Blender's status bar."""
    bpy.types.STATUSBAR_HT_header.append(draw)  # type: ignore[arg-type] # called with the header, too


def unregister() -> None:
    """And no more."""
    forget()
    bpy.types.STATUSBAR_HT_header.remove(draw)  # type: ignore[arg-type] # as above
