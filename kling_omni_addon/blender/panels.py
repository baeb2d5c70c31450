"""The tab "Kling" in the side panel of the 3D View and of the Sequencer: the same drawing code for both.

Drawing reads snapshots only: no disk, no network, no judging.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import bpy

from ..core import capability
from ..core.capability import ModelLimits
from ..core.naming import mention
from ..core.problem import Problem
from ..core.request import OmniRequest, Role
from . import live, outlook, presets, remedies
from .clip_links import price_of
from .panel_sources import draw_frames, draw_references, draw_storyboard, draw_video
from .panel_submissions import draw_account, draw_submissions
from .preferences import service_name
from .properties import KLING_PG_shot, scene_of, shot_of
from .read_panel import fit_frames_of, has_own_prompts, read_request, uses_of
from .sequencer import active_strip, timeline_scene
from .shot_operators import prompt_count
from .strip_frames import KINDS
from .take_panel import draw_take_choice
from .wrapping import characters_of, draw_text, in_lines

_LINES_OF_TEXT = 5
_WIDE_ENOUGH = 32  # characters: from here on three names stand side by side


def draw_shot(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the clip is made from, what it is called; and in the sequencer, what the active strip can become."""
    scene = scene_of(context)
    layout.prop(shot_of(scene), "kind", text="")
    layout.prop(shot_of(scene), "shot_name", text="", icon="FILE_MOVIE", placeholder=scene.name)
    if context.area is not None and context.area.type == "SEQUENCE_EDITOR":
        _draw_strip(layout, context)


def _draw_strip(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    strip = active_strip(timeline_scene(context))
    if strip is not None and strip.type in KINDS:
        row = layout.row(align=True)
        name = "Next Shot From Last Frame" if characters_of(context) >= _WIDE_ENOUGH else "Next Shot"
        row.operator("kling.continue_strip", text=name, icon="NEXT_KEYFRAME")
        row.menu("KLING_MT_strip", text="", icon="DOWNARROW_HLT")


def draw_prompt(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The prompt, and the names that may stand in it."""
    shot = shot_of(scene_of(context))
    draw_words(layout, context, shot)
    opening = uses_of(shot).opening
    if opening and "@video" not in shot.words.lower():
        draw_text(layout, context, f"Kling is told: “{opening.strip()} …”", "INFO")
    draw_names(layout, context)


def draw_words(layout: bpy.types.UILayout, context: bpy.types.Context, shot: KLING_PG_shot) -> None:
    """The field, or the text that is the prompt with how it begins."""
    row = layout.row(align=True)
    if shot.prompt_text is None:
        row.prop(shot, "prompt", text="", placeholder="What happens in the shot")
        row.operator("kling.edit_prompt", text="", icon="GREASEPENCIL")
        row.operator("kling.prompt_to_text", text="", icon="TEXT")
        return
    row.prop(shot, "prompt_text", text="")
    row.operator("kling.open_prompt_text", text="", icon="GREASEPENCIL")
    row.operator("kling.prompt_to_field", text="", icon="LOOP_BACK")
    lines = in_lines(shot.words or "Nothing yet", characters_of(context))
    shown = " ".join(lines[:_LINES_OF_TEXT])
    if len(lines) > _LINES_OF_TEXT:
        shown = f"{shown.rpartition(' ')[0]} …"
    box = layout.box()
    box.enabled = False
    draw_text(box, context, shown, "NONE")


def draw_names(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Buttons that write a name into the prompt."""
    names = tuple(names_of(shot_of(scene_of(context))))
    if names:
        columns = 3 if characters_of(context) >= _WIDE_ENOUGH else 2
        grid = layout.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)
        for name in names:
            grid.operator("kling.insert_name", text=name).text = name


def names_of(shot: KLING_PG_shot) -> Iterator[str]:
    """What the prompt may call by name in this kind of shot."""
    uses = uses_of(shot)
    if Role.FIRST in uses.frames and shot.first_frame:
        yield "@first"
    if Role.END in uses.frames and shot.end_frame:
        yield "@end"
    if uses.video is not None and (shot.video or shot.video_of):
        yield "@video"
    for kind, items in (("image", shot.references), ("element", shot.elements)) if uses.has_references else ():
        yield from (mention(kind, item.name) for item in items if item.name)


def draw_output(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Model, size, length, shape: only what this model makes of this kind of shot."""
    scene = scene_of(context)
    shot, request = shot_of(scene), read_request(scene)
    model = capability.profile().models[shot.model]
    layout.use_property_split = characters_of(context) >= _WIDE_ENOUGH
    layout.use_property_decorate = False
    layout.row().prop(shot, "mode", expand=True)
    _draw_duration(layout, scene, request, model)
    _draw_aspect(layout, shot, request)
    _draw_sound(layout, shot, request, model)
    header, more = layout.panel("KLING_output_more", default_closed=True)
    header.label(text="More")
    if more is not None:
        _draw_more(more, shot)


def _draw_more(layout: bpy.types.UILayout, shot: KLING_PG_shot) -> None:
    """What is seldom changed."""
    layout.prop(shot, "model")
    layout.prop(shot, "watermark")
    layout.prop(shot, "places_clip")
    if shot.places_clip:
        layout.prop(shot, "timing")


def _draw_line(layout: bpy.types.UILayout, text: str, heading: str = "") -> None:
    """A line without a field, aligned with the fields where these stand beside their names."""
    if not layout.use_property_split:
        line = layout.row()
        line.enabled = False
        line.label(text=f"{heading}: {text}" if heading else text)
        return
    split = layout.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=heading)
    right = split.row()
    right.enabled = False
    right.label(text=text)


def _draw_duration(
    layout: bpy.types.UILayout, scene: bpy.types.Scene, request: OmniRequest, model: ModelLimits
) -> None:
    shot, lengths = shot_of(scene), model.durations(capability.kind_of(request))
    if request.is_edit:
        _draw_line(layout, "As its video", "Duration")
        return
    if lengths == tuple(range(lengths[0], lengths[-1] + 1)):
        layout.prop(shot, "duration_s", text="Seconds")
    else:
        _draw_lengths(layout, shot, lengths)
    _draw_frames(layout, scene)


def _draw_frames(layout: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    """How long the clip is on the timeline; where it fills a place, how long that is."""
    frames = fit_frames_of(scene)
    if not frames:
        shot = shot_of(scene)
        lines = capability.profile().mode_lines[shot.mode]
        _draw_line(layout, f"{outlook.scene_frames(scene, shot.duration_s)} frames, {lines}p")
        return
    row = layout.row(align=True)
    row.alignment = "RIGHT"
    row.label(text=f"Stretched to {frames} frames")
    row.operator("kling.keep_length", text="", icon="X", emboss=False)


def _draw_lengths(layout: bpy.types.UILayout, shot: KLING_PG_shot, lengths: Sequence[int]) -> None:
    split = layout.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT" if layout.use_property_split else "LEFT"
    left.label(text="Seconds")
    row = split.row(align=True)
    for seconds in lengths:
        is_chosen = seconds == shot.duration_s
        row.operator("kling.set_duration", text=str(seconds), depress=is_chosen).seconds = seconds


def _draw_aspect(layout: bpy.types.UILayout, shot: KLING_PG_shot, request: OmniRequest) -> None:
    if request.picture(Role.FIRST) is not None:
        _draw_line(layout, "As first frame", "Aspect")
    elif request.is_edit:
        _draw_line(layout, "As its video", "Aspect")
    else:
        layout.row().prop(shot, "aspect_ratio", expand=True)


def _draw_sound(layout: bpy.types.UILayout, shot: KLING_PG_shot, request: OmniRequest, model: ModelLimits) -> None:
    if request.video is not None:
        _draw_line(layout, "None beside a video", "Sound")
    elif not model.has_sound and not shot.sound:
        _draw_line(layout, "Silent model", "Sound")
    else:
        layout.prop(shot, "sound")


def draw_generate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What will happen, the button with its price, and why it is disabled when it is."""
    scene = scene_of(context)
    problems, request = live.problems(scene) or (), read_request(scene)
    is_rehearsal = service_name() == "rehearsal"
    offline = live.offline_reason()
    draw_take_choice(layout, context)
    button = layout.row()
    button.scale_y = 1.4
    button.enabled = not offline and not any(problem.is_fault for problem in problems)
    price = price_of(request)
    label = "free" if is_rehearsal else "" if price is None else price.label
    button.operator("kling.submit", text=f"Generate   {label}".rstrip(), icon="PLAY")
    for problem in problems:
        _draw_problem(layout, context, problem)
    draw_text(layout, context, outlook.outcome(scene, request), "NONE")
    if offline:
        draw_text(layout, context, offline, "INTERNET_OFFLINE")
    elif is_rehearsal:
        cost = f" With Kling it costs {price.label}." if price is not None else ""
        said = f"Rehearsal: nothing is sent anywhere, the clip is a stand-in.{cost}"
        draw_text(layout, context, said, "INFO")


def _draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context, problem: Problem) -> None:
    column = layout.column(align=True)
    draw_text(column, context, problem.message, "CANCEL" if problem.is_fault else "ERROR")
    role = remedies.role_to_capture(problem)
    if role:
        text = "Capture First Frame" if role == "FIRST" else "Capture End Frame"
        column.operator("kling.capture_frame", text=text, icon="CAMERA_DATA").role = role
    if problem.remedy is not None and remedies.can_apply(problem.remedy):
        fix = column.operator("kling.fix", text=problem.remedy.label, icon="MODIFIER")
        fix.rule, fix.path = problem.rule, problem.path


class _InSidePanel:
    bl_region_type = "UI"
    bl_category = "Kling"
    layout: bpy.types.UILayout


class _Shot(_InSidePanel):
    bl_label = "Shot"

    def draw(self, context: bpy.types.Context) -> None:
        """What the clip is made from."""
        draw_shot(self.layout, context)


class _Prompt(_InSidePanel):
    bl_label = "Prompt"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where every shot has a prompt of its own."""
        return not has_own_prompts(shot_of(scene_of(context)))

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """How long it is."""
        count = prompt_count(shot_of(scene_of(context)))
        is_narrow = characters_of(context) < _WIDE_ENOUGH
        self.layout.label(text=count.partition(" ")[0] if is_narrow else count)
        presets.KLING_PT_prompt_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """The prompt."""
        draw_prompt(self.layout, context)


class _Frames(_InSidePanel):
    bl_label = "Frames"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where the kind uses frames."""
        return bool(uses_of(shot_of(scene_of(context))).frames)

    def draw(self, context: bpy.types.Context) -> None:
        """The frames."""
        draw_frames(self.layout, context)


class _Video(_InSidePanel):
    bl_label = "Video"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where the kind uses a video."""
        return uses_of(shot_of(scene_of(context))).video is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Its link."""
        draw_video(self.layout, context)


class _Storyboard(_InSidePanel):
    bl_label = "Storyboard"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where the kind uses one."""
        return uses_of(shot_of(scene_of(context))).has_board

    def draw(self, context: bpy.types.Context) -> None:
        """The shots."""
        draw_storyboard(self.layout, context)
        if has_own_prompts(shot_of(scene_of(context))):
            draw_names(self.layout, context)


class _References(_InSidePanel):
    bl_label = "References"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where they are what the clip is made from."""
        return bool(shot_of(scene_of(context)).kind == "REFERENCES")

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """How many there are."""
        shot = shot_of(scene_of(context))
        number = len(shot.references) + len(shot.elements)
        self.layout.label(text=str(number) if number else "")

    def draw(self, context: bpy.types.Context) -> None:
        """Pictures and elements."""
        draw_references(self.layout, context)


class _Besides(_References):
    """The same for kinds that are made from something else first."""

    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where the kind uses them, too."""
        shot = shot_of(scene_of(context))
        return bool(uses_of(shot).has_references and shot.kind != "REFERENCES")


class _Output(_InSidePanel):
    bl_label = "Output"

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Presets."""
        presets.KLING_PT_output_presets.draw_panel_header(self.layout)

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
    bl_order = 2  # in the Sequencer, the takes are above it

    def draw(self, context: bpy.types.Context) -> None:
        """The list."""
        draw_submissions(self.layout, context)


class _Account(_InSidePanel):
    bl_label = "Account"
    bl_order = 2
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """What is left, also while it is closed."""
        packs = live.account().packs
        self.layout.label(text="" if packs is None else outlook.balance(packs))

    def draw(self, context: bpy.types.Context) -> None:
        """The balance."""
        draw_account(self.layout, context)


_PARTS = (
    _Shot,
    _Prompt,
    _Frames,
    _Video,
    _Storyboard,
    _References,
    _Besides,
    _Output,
    _Generate,
    _Submissions,
    _Account,
)
_EDITORS = {"view3d": "VIEW_3D", "sequencer": "SEQUENCE_EDITOR"}


def _in_editor(part: type[_InSidePanel], editor: str, space: str) -> Any:
    """A panel for one editor: Blender wants a class for each."""
    name = f"KLING_PT_{editor}_{part.__name__.strip('_').lower()}"
    return type(name, (part, bpy.types.Panel), {"bl_space_type": space, "__module__": __name__})


CLASSES = tuple(_in_editor(part, editor, space) for editor, space in _EDITORS.items() for part in _PARTS)
"""Every panel, most used first, for each editor."""
