"""What Blender's status bar tells of Kling: how many clips are under way, and for some seconds what has just become of
one. It stands after all else there, and takes no other tool's words away.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bpy

from ...core.life.lifecycle import Phase, Submission
from ..host.isolating import on_its_own

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

_TOLD_S = 8.0

_NEWS: Mapping[Phase, tuple[str, IconItems]] = {
    Phase.FETCHED: ("has arrived", "FILE_MOVIE"),
    Phase.PLACED: ("is on the timeline", "CHECKMARK"),
    Phase.PARKED: ("got no answer", "QUESTION"),
    Phase.FAILED: ("failed", "ERROR"),
}
_WORK: Mapping[Phase, str] = {
    Phase.INTENDED: "waiting",
    Phase.UNANSWERED: "waiting",
    Phase.ACCEPTED: "generating",
    Phase.READY: "downloading",
}


@dataclass(slots=True, kw_only=True)
class Told:
    """What the status bar has to say, what was drawn of it, and until when the news stand (a monotonic time)."""

    text: str = ""
    drawn: str = ""
    icon: IconItems = "NONE"
    until: float = 0.0
    news: str = ""
    phases: dict[str, Phase] = field(default_factory=dict)


_told = Told()


def follow(submissions: Sequence[Submission]) -> bool:
    """Take note of what became of the submissions since the last call; whether the status bar has to be drawn again."""
    now = time.monotonic()
    news = [s for s in submissions if s.phase in _NEWS and _told.phases.get(s.id, s.phase) is not s.phase]
    _told.phases = {s.id: s.phase for s in submissions}
    if news:
        _told.news, _told.until = _sentence(news), now + _TOLD_S
        _told.icon = _NEWS[news[-1].phase][1]
    if now < _told.until:
        _told.text = _told.news
    else:
        _told.text, _told.icon = _under_way(submissions), "RENDER_ANIMATION"
    return _told.text != _told.drawn


def _sentence(news: Sequence[Submission]) -> str:
    last = news[-1]
    others = f", and {len(news) - 1} more" if len(news) > 1 else ""
    return f'Kling: "{last.target.name or last.id}" {_NEWS[last.phase][0]}{others}'


def _under_way(submissions: Sequence[Submission]) -> str:
    counted = Counter(_WORK[s.phase] for s in submissions if s.phase in _WORK and not s.is_held)
    parts = [f"{counted[word]} {word}" for word in dict.fromkeys(_WORK.values()) if counted[word]]
    return f"Kling: {', '.join(parts)}" if parts else ""


def is_telling() -> bool:
    """Whether something stands there that has to be taken away later."""
    return bool(_told.text or _told.drawn)


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
    _told.drawn = _told.text


def draw(header: Any, _context: bpy.types.Context) -> None:
    """Draw it; Blender calls this for its status bar."""
    if _told.text:
        on_its_own(header.layout.label, text=_told.text, icon=_told.icon)


def register() -> None:
    """Stand in Blender's status bar."""
    bpy.types.STATUSBAR_HT_header.append(draw)  # type: ignore[arg-type] # called with the header, too


def unregister() -> None:
    """And no more."""
    forget()
    bpy.types.STATUSBAR_HT_header.remove(draw)  # type: ignore[arg-type] # as above
