"""What can be done about the submission chosen in the list: the likeliest two as buttons, the rest in a menu."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import bpy

from ...core.life.phase import Phase
from ..connection import snapshots
from ..host import thumbnails
from ..host.wrapping import characters_of
from ..timeline import stand_in
from . import rows, whereabouts

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_LOAD = "kling.load_settings"  # where it is known what was asked for
_LOOK = "kling.look_again"
_FOLDER = "kling.choose_folder"
_CHOOSE = "kling.choose_task"
_REVEAL = "kling.reveal_strip"
_PLAY = "kling.play_clip"
_ACTIONS: Mapping[Phase, tuple[str, ...]] = {
    Phase.INTENDED: ("kling.stop_waiting", _LOAD, _FOLDER),
    Phase.UNANSWERED: ("kling.stop_waiting", _LOAD, _FOLDER),
    Phase.ACCEPTED: ("kling.stop_waiting", _LOAD, _FOLDER),
    Phase.READY: ("kling.stop_waiting", _FOLDER, _LOAD),
    Phase.PARKED: (_CHOOSE, _LOOK, "kling.send_again", "kling.stop_waiting", _LOAD, _FOLDER),
    Phase.FETCHED: ("kling.place_clip", _PLAY, _LOAD, "kling.open_folder"),
    Phase.PLACED: (_REVEAL, _PLAY, _LOAD, "kling.open_folder"),
    Phase.FAILED: (_LOAD, _LOOK),
    Phase.ABANDONED: (_LOOK, _LOAD),
}
_SHORT = {
    _REVEAL: "Reveal",
    "kling.place_clip": "Add",
    _PLAY: "Play",
    "kling.delete_clips": "Delete File",
}
_STUCK = (Phase.PARKED, Phase.FAILED, Phase.ABANDONED)
_BUTTONS = 2
_BESIDE = 34  # characters of a region in which two buttons stand beside each other


def actions_of(submission: Submission) -> tuple[str, ...]:
    """The operators that make sense for a submission as it stands, the likeliest first."""
    hide = ("kling.hide_submission",) if submission.is_over else ()
    waits = submission.id in stand_in.waiting_lately()
    # An undo brought the stand-in back, or took the strip away.
    is_gone = whereabouts.is_gone(submission)
    again = ("kling.place_clip",) if is_gone else ()
    remove = ("kling.remove_stand_in",) if waits and submission.phase in _STUCK else ()
    replace = ("kling.replace_strip",) if submission.clip else ()
    delete = ("kling.delete_clips",) if submission.clip else ()
    # A task that failed at Kling is not looked for: it was found.
    can_look = submission.phase is not Phase.FAILED or (submission.sends > 0 and not submission.task_id)
    can_reveal = waits or not is_gone
    missing = {_LOAD: submission.wish, _LOOK: can_look, _CHOOSE: submission.candidates, _REVEAL: can_reveal}
    usual = (each for each in _ACTIONS[submission.phase] if missing.get(each, True))
    fetch = ("kling.fetch_again",) if submission.clip and thumbnails.is_missing(submission.clip) else ()
    return (*fetch, *again, *usual, *replace, *remove, *delete, *hide)


def draw_actions(layout: bpy.types.UILayout, context: bpy.types.Context, submission: Submission) -> None:
    """Two buttons, below each other where the panel is narrow, and the menu of the rest."""
    actions = actions_of(submission)
    if not actions:
        return
    row = layout.row(align=True)
    is_wide = characters_of(context) >= _BESIDE
    for action in actions[: _BUTTONS if is_wide else 1]:
        _draw_action(row, action, submission)
    if len(actions) > _BUTTONS:
        row.menu("KLING_MT_submission_actions", text="", icon="DOWNARROW_HLT")
    for action in () if is_wide else actions[1:_BUTTONS]:
        _draw_action(layout, action, submission)


def _draw_action(layout: bpy.types.UILayout, action: str, submission: Submission) -> None:
    button: Any = layout.operator(action, text=_SHORT[action]) if action in _SHORT else layout.operator(action)
    button.submission_id = submission.id


def draw_menu(layout: bpy.types.UILayout) -> None:
    """What the chosen submission has no button for."""
    chosen = snapshots.submission(rows.chosen())
    if chosen is not None:
        _draw_list(layout, chosen, actions_of(chosen)[_BUTTONS:])


def draw_all(layout: bpy.types.UILayout, submission: Submission) -> None:
    """Everything that can be done about a submission, below each other."""
    _draw_list(layout, submission, actions_of(submission))


def _draw_list(layout: bpy.types.UILayout, submission: Submission, actions: Iterable[str]) -> None:
    layout.operator_context = "INVOKE_DEFAULT"  # a menu may be opened where nothing is asked
    for action in actions:
        _draw_action(layout, action, submission)
    if submission.clip:
        use: Any = layout.operator_menu_enum("kling.use_clip", "use", text="Use Clip as Video")
        use.submission_id = submission.id


class _MoreActions:
    layout: bpy.types.UILayout

    def draw(self, _context: bpy.types.Context) -> None:
        draw_menu(self.layout)


class KLING_MT_submission_actions(_MoreActions, bpy.types.Menu):
    """The rest of what can be done about the chosen submission."""

    bl_label = "More Actions"


CLASSES = (KLING_MT_submission_actions,)
