"""The tab "Kling" in the side panel of the 3D View and of the Sequencer: the same drawing code for both.

Drawing reads snapshots only: no disk, no network, no judging.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import bpy

from ..core.lifecycle import Phase, Submission
from . import live
from .preferences import service_name
from .properties import scene_of, shot_of

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

_SHOWN = 8
_ICONS: Mapping[Phase, IconItems] = {
    Phase.INTENDED: "SORTTIME",
    Phase.UNANSWERED: "QUESTION",
    Phase.PARKED: "QUESTION",
    Phase.ACCEPTED: "RENDER_ANIMATION",
    Phase.READY: "IMPORT",
    Phase.FETCHED: "FILE_MOVIE",
    Phase.PLACED: "CHECKMARK",
    Phase.FAILED: "ERROR",
    Phase.ABANDONED: "X",
}
_STATES = {
    Phase.INTENDED: "Waiting to be sent",
    Phase.UNANSWERED: "Looking for an answer",
    Phase.PARKED: "No answer came",
    Phase.ACCEPTED: "Generating",
    Phase.READY: "Downloading",
    Phase.FETCHED: "Clip is here",
    Phase.PLACED: "On the timeline",
    Phase.FAILED: "Failed",
    Phase.ABANDONED: "Given up",
}
_CHARACTER_PX = 6.2
_SIDE_PX = 60
_NARROWEST_PX = 200


def wrapped(text: str, context: bpy.types.Context) -> Iterator[str]:
    """Text in lines that fit the region; Blender does not wrap labels."""
    scale = context.preferences.system.ui_scale or 1.0
    width_px = context.region.width / scale if context.region else _NARROWEST_PX
    width = max(18, int((width_px - _SIDE_PX) / _CHARACTER_PX))
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: IconItems) -> None:
    """A sentence under one icon, as many lines as it takes."""
    column = layout.column(align=True)
    for number, line in enumerate(wrapped(text, context)):
        column.label(text=line, icon="BLANK1" if number else icon)


def draw_shot(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Prompt and frames."""
    shot = shot_of(scene_of(context))
    layout.prop(shot, "prompt", text="", icon="TEXT")
    row = layout.row()
    row.alignment = "RIGHT"
    row.label(text=f"{len(shot.prompt)} / 2500")
    for role, name, label in (("FIRST", "first_frame", "First"), ("END", "end_frame", "End")):
        row = layout.row(align=True)
        row.prop(shot, name, text=label)
        row.operator("kling.capture_frame", text="", icon="CAMERA_DATA").role = role
    layout.operator("kling.capture_both", icon="CAMERA_DATA")


def draw_output(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Model, size, length, shape."""
    shot = shot_of(scene_of(context))
    layout.use_property_split = True
    layout.use_property_decorate = False
    layout.prop(shot, "model")
    layout.prop(shot, "mode")
    layout.prop(shot, "duration_s")
    if shot.first_frame:
        draw_text(layout, context, "The first frame decides the aspect", "BLANK1")
    else:
        layout.prop(shot, "aspect_ratio")
    layout.prop(shot, "places_clip")


def draw_generate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button, and why it is disabled when it is."""
    problems = live.problems(scene_of(context)) or ()
    button = layout.row()
    button.scale_y = 1.4
    button.enabled = not any(problem.is_fault for problem in problems)
    button.operator("kling.submit", icon="PLAY")
    for problem in problems:
        draw_text(layout, context, problem.message, "CANCEL" if problem.is_fault else "ERROR")
    reason = live.offline_reason()
    if reason:
        draw_text(layout, context, reason, "INTERNET_OFFLINE")
    elif service_name() == "rehearsal":
        draw_text(layout, context, "Rehearsal: nothing is sent anywhere, the clip is a stand-in", "INFO")


def draw_submissions(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The newest submissions with their state and what can be done about each."""
    found = live.submissions()
    if not found:
        layout.label(text="None yet" if live.is_open() else "Not looked yet")
        layout.operator("kling.resume", icon="FILE_REFRESH")
        return
    for submission in reversed(found[-_SHOWN:]):
        _draw_submission(layout.box(), context, submission)
    if any(submission.is_held for submission in found):
        layout.operator("kling.resume", icon="FILE_REFRESH")


def _draw_submission(box: bpy.types.UILayout, context: bpy.types.Context, submission: Submission) -> None:
    row = box.row()
    row.label(text=submission.target.name or submission.id, icon=_ICONS[submission.phase])
    row.label(text=_STATES[submission.phase])
    got, total = live.received(submission.id)
    if submission.phase is Phase.READY and total:
        box.progress(factor=got / total, text=f"{got / 1e6:.1f} of {total / 1e6:.1f} MB")
    if submission.problem:
        draw_text(box, context, submission.problem, "INFO")
    for operator in _ACTIONS.get(submission.phase, ()):
        box.operator(operator).submission_id = submission.id


_ACTIONS = {
    Phase.INTENDED: ("kling.stop_waiting",),
    Phase.UNANSWERED: ("kling.stop_waiting",),
    Phase.ACCEPTED: ("kling.stop_waiting",),
    Phase.PARKED: ("kling.look_again", "kling.send_again", "kling.stop_waiting"),
    Phase.FETCHED: ("kling.place_clip",),
}


class _InSidePanel:
    bl_region_type = "UI"
    bl_category = "Kling"
    layout: bpy.types.UILayout


class _Shot(_InSidePanel):
    bl_label = "Shot"

    def draw(self, context: bpy.types.Context) -> None:
        """Prompt and frames."""
        draw_shot(self.layout, context)


class _Output(_InSidePanel):
    bl_label = "Output"

    def draw(self, context: bpy.types.Context) -> None:
        """Model, size, length, shape."""
        draw_output(self.layout, context)


class _Generate(_InSidePanel):
    bl_label = "Generate"

    def draw(self, context: bpy.types.Context) -> None:
        """The button and its reasons."""
        draw_generate(self.layout, context)


class _Submissions(_InSidePanel):
    bl_label = "Submissions"

    def draw(self, context: bpy.types.Context) -> None:
        """The list."""
        draw_submissions(self.layout, context)


class KLING_PT_view3d_shot(_Shot, bpy.types.Panel):
    bl_space_type = "VIEW_3D"


class KLING_PT_view3d_output(_Output, bpy.types.Panel):
    bl_space_type = "VIEW_3D"


class KLING_PT_view3d_generate(_Generate, bpy.types.Panel):
    bl_space_type = "VIEW_3D"


class KLING_PT_view3d_submissions(_Submissions, bpy.types.Panel):
    bl_space_type = "VIEW_3D"


class KLING_PT_sequencer_shot(_Shot, bpy.types.Panel):
    bl_space_type = "SEQUENCE_EDITOR"


class KLING_PT_sequencer_output(_Output, bpy.types.Panel):
    bl_space_type = "SEQUENCE_EDITOR"


class KLING_PT_sequencer_generate(_Generate, bpy.types.Panel):
    bl_space_type = "SEQUENCE_EDITOR"


class KLING_PT_sequencer_submissions(_Submissions, bpy.types.Panel):
    bl_space_type = "SEQUENCE_EDITOR"
