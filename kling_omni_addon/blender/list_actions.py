"""What can be done about the submission chosen in the list: the likeliest two as buttons, the rest in a menu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import bpy

from ..core.errors import ClipUnusable
from ..core.lifecycle import Phase, Submission
from . import live, sequencer, stand_in, submission_list
from .operators import OfSubmission, reported
from .wrapping import characters_of

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Outcome: TypeAlias = set[OperatorReturnItems]

_LOAD = "kling.load_settings"  # where it is known what was asked for
_ACTIONS: Mapping[Phase, tuple[str, ...]] = {
    Phase.INTENDED: ("kling.stop_waiting", _LOAD),
    Phase.UNANSWERED: ("kling.stop_waiting", _LOAD),
    Phase.ACCEPTED: ("kling.stop_waiting", _LOAD),
    Phase.READY: ("kling.stop_waiting", _LOAD),
    Phase.PARKED: ("kling.look_again", "kling.send_again", "kling.stop_waiting", _LOAD),
    Phase.FETCHED: ("kling.place_clip", _LOAD, "kling.open_folder"),
    Phase.PLACED: ("kling.reveal_strip", _LOAD, "kling.open_folder"),
    Phase.FAILED: (_LOAD,),
    Phase.ABANDONED: ("kling.look_again", _LOAD),
}
_SHORT = {"kling.reveal_strip": "Reveal", "kling.place_clip": "Place"}
_STUCK = (Phase.PARKED, Phase.FAILED, Phase.ABANDONED)
_BUTTONS = 2
_BESIDE = 34  # characters of a region in which two buttons stand beside each other


def actions_of(submission: Submission) -> tuple[str, ...]:
    """The operators that make sense for a submission as it stands, the likeliest first."""
    hide = ("kling.hide_submission",) if submission.is_over else ()
    waits = submission.id in stand_in.waiting_lately()
    # An undo brought the stand-in back; or its clip will not come by itself.
    again = ("kling.place_clip",) if waits and submission.phase is Phase.PLACED else ()
    remove = ("kling.remove_stand_in",) if waits and submission.phase in _STUCK else ()
    replace = ("kling.replace_strip",) if submission.clip else ()
    usual = (each for each in _ACTIONS[submission.phase] if each != _LOAD or submission.wish)
    return (*again, *usual, *replace, *remove, *hide)


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
    chosen = live.submission(submission_list.chosen())
    for action in actions_of(chosen)[_BUTTONS:] if chosen is not None else ():
        button: Any = layout.operator(action)
        button.submission_id = chosen.id if chosen is not None else ""
    if chosen is not None and chosen.clip:
        use: Any = layout.operator_menu_enum("kling.use_clip", "use", text="Use Clip as Video")
        use.submission_id = chosen.id


class _MoreActions:
    layout: bpy.types.UILayout

    def draw(self, _context: bpy.types.Context) -> None:
        """The rest."""
        draw_menu(self.layout)


class KLING_MT_submission_actions(_MoreActions, bpy.types.Menu):
    """The rest of what can be done about the chosen submission."""

    bl_label = "More Actions"


class KLING_OT_reveal_strip(OfSubmission, bpy.types.Operator):
    """Select the strip of this clip, move the playhead to it and bring it into view"""

    bl_idname = "kling.reveal_strip"
    bl_label = "Reveal in Timeline"
    bl_options = {"REGISTER", "UNDO"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Find it in any scene of the file."""
        scene, strip = _strip_of(self.submission_id)
        _choose(scene, strip)
        scene.frame_current = sequencer.start_of(strip)
        if context.window is not None:
            context.window.scene = scene
            _bring_into_view(scene)
        return {"FINISHED"}


def _strip_of(submission_id: str) -> tuple[bpy.types.Scene, sequencer.Strip]:
    for scene in bpy.data.scenes:
        strip = sequencer.find_strip(scene, submission_id)
        if strip is not None:
            return scene, strip
    raise ClipUnusable(
        "No timeline of this file has a strip of that clip.",
        field="strip",
        remedy="Place the clip, or open the file that it was placed in.",
    )


def _choose(scene: bpy.types.Scene, strip: sequencer.Strip) -> None:
    """Select nothing but the strip, with the meta strip open that it is in."""
    editor: Any = scene.sequence_editor
    editor.display_stack(strip.parent_meta())
    for other in sequencer.all_strips(scene):
        other.select = other == strip
    editor.active_strip = strip


def _bring_into_view(scene: bpy.types.Scene) -> None:
    for window in bpy.context.window_manager.windows:
        workspace: Any = window.workspace
        if hasattr(workspace, "sequencer_scene"):  # from 5.0
            workspace.sequencer_scene = scene
        for area in window.screen.areas:
            space: Any = area.spaces.active
            if area.type == "SEQUENCE_EDITOR" and space.view_type != "PREVIEW":
                region = next(region for region in area.regions if region.type == "WINDOW")
                with bpy.context.temp_override(window=window, area=area, region=region):
                    bpy.ops.sequencer.view_selected()


CLASSES = (KLING_MT_submission_actions, KLING_OT_reveal_strip)
