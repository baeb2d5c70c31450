"""The part of the tab that shows the output: size, length, shape, sound."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ...core import choices
from ...core.capability import ModelLimits, Profile
from ...core.request import OmniRequest, Role, capability_of
from ..connection import limits
from ..host.language import translated
from ..host.wrapping import WIDE_ENOUGH, characters_of, columns
from ..shot import presets
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from ..shot.reading import fit_frames_of, read_request
from ..timeline import clip_strips

_SHAPES_IN_ROW = 3


def draw_output_line(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The output in one line, which opens to all of it when it is clicked."""
    header, body = layout.panel("KLING_output", default_closed=True)
    header.label(text=summary(read_request(scene_of(context)), characters_of(context)))
    presets.KLING_PT_output_presets.draw_panel_header(header)
    if body is not None:
        draw_output(body, context)


def summary(request: OmniRequest, characters: int) -> str:
    """What comes out, in the language of the interface: "Pro 1080p · 5 s · 16:9 · Silent".

    On a line of few ``characters`` that there is no sound is left out, and of the rest what does not fit: the shape
    first. A model that is not the proposed one is named first.
    """
    at, is_wide = limits.profile(), characters >= WIDE_ENOUGH
    quality = at.mode_labels.get(request.mode, request.mode)
    lines = f" {at.mode_lines[request.mode]}p" if is_wide and request.mode in at.mode_lines else ""
    model = "" if request.model == at.proposed.model else limits.model_of(request.model).label
    has_sound = request.sound or (request.video is not None and request.video.keep_sound)
    sound = "Sound" if has_sound else "Silent" if is_wide else ""
    length = "Same as Video" if request.is_edit else f"{request.duration_s} s"
    shape = "" if request.is_edit else request.aspect_ratio
    left_out: set[str] = set()
    for part in ("", shape, sound, length, model):
        left_out.add(part)
        parts = [each for each in (model, quality + lines, length, shape, sound) if each not in left_out]
        line = translated(" · ".join(parts))
        if is_wide or columns(line) < characters:
            break
    return line


def draw_output(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Model, size, length, shape: only what this model makes of this kind of shot."""
    scene = scene_of(context)
    shot, request = shot_of(scene), read_request(scene)
    profile, model = limits.profile(), limits.model_of(shot.model)
    layout.use_property_split = characters_of(context) >= WIDE_ENOUGH
    layout.use_property_decorate = False
    _draw_modes(layout, shot, profile, model)
    _draw_duration(layout, scene, request, model)
    _draw_aspect(layout, shot, request, model)
    _draw_sound(layout, shot, request, model)
    header, more = layout.panel("KLING_output_more", default_closed=True)
    header.label(text="More")
    if more is not None:
        _draw_more(more, shot)


def _draw_more(layout: bpy.types.UILayout, shot: KLING_PG_shot) -> None:
    """What is seldom changed."""
    _draw_model(layout, shot)
    layout.prop(shot, "watermark")
    layout.prop(shot, "places_clip")
    if shot.places_clip:
        layout.prop(shot, "timing")


def _draw_model(layout: bpy.types.UILayout, shot: KLING_PG_shot) -> None:
    """A menu of the models in force: Blender's own list would hold every one that a file can keep."""
    found = limits.profile().models.get(shot.model)
    label = found.label if found else shot.model or "Unknown"
    row = _headed_row(layout, "Model")
    row.menu("KLING_MT_model", text=label if layout.use_property_split else translated(f"Model: {label}"))


class KLING_MT_model(bpy.types.Menu):
    """The models that can make the clip."""

    bl_label = "Model"

    def draw(self, _context: bpy.types.Context | None) -> None:
        shot = shot_of(scene_of(bpy.context))
        for model in choices.models(limits.profile()):
            self.layout.prop_enum(shot, "model", model.name)


def _draw_line(layout: bpy.types.UILayout, text: str, heading: str = "") -> None:
    """A line without a field, aligned with the fields where these stand beside their names."""
    if not layout.use_property_split:
        line = layout.row()
        line.enabled = False
        line.label(text=f"{translated(heading)}: {translated(text)}" if heading else translated(text))
        return
    split = layout.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=heading)
    right = split.row()
    right.enabled = False
    right.label(text=translated(text))


def _headed_row(layout: bpy.types.UILayout, heading: str) -> bpy.types.UILayout:
    """A row of buttons with its name beside it, where names stand beside their fields."""
    if not layout.use_property_split:
        return layout.row(align=True)
    split = layout.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=heading)
    row = split.row(align=True)
    row.use_property_split = False  # else the first button's own name is taken for a heading
    return row


def _draw_modes(layout: bpy.types.UILayout, shot: KLING_PG_shot, profile: Profile, model: ModelLimits) -> None:
    """The qualities that the model makes; of every other one, which model makes it."""
    row, missing = layout.row(align=True), []
    row.use_property_split = False  # three names fit beside each other, and not beside a fourth
    for mode in choices.modes(profile):
        if mode.name in model.modes:
            row.prop_enum(shot, "mode", mode.name)
        else:
            missing.append(f"{mode.label}: {' or '.join(profile.makers_of(mode.name))} only")
    for line in missing:
        _draw_line(layout, line)


def _draw_duration(
    layout: bpy.types.UILayout, scene: bpy.types.Scene, request: OmniRequest, model: ModelLimits
) -> None:
    shot, lengths = shot_of(scene), model.durations(capability_of(request))
    if request.is_edit:
        _draw_line(layout, "Same as Video", "Duration")
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
        lines = limits.profile().mode_lines.get(shot.mode, "?")
        _draw_line(layout, f"{clip_strips.scene_frames(scene, shot.duration_s)} frames, {lines}p")
        return
    row = layout.row(align=True)
    row.alignment = "RIGHT"
    row.label(text=translated(f"Stretched to Fit {frames} Frames"))
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


def _draw_aspect(layout: bpy.types.UILayout, shot: KLING_PG_shot, request: OmniRequest, model: ModelLimits) -> None:
    if request.picture(Role.FIRST) is not None:
        _draw_line(layout, "Same as First Frame", "Aspect")
    elif request.is_edit:
        _draw_line(layout, "Same as Video", "Aspect")
    else:
        for start in range(0, len(model.aspect_ratios), _SHAPES_IN_ROW):
            row = _headed_row(layout, "Aspect" if start == 0 else "")
            for ratio in model.aspect_ratios[start : start + _SHAPES_IN_ROW]:
                row.prop_enum(shot, "aspect_ratio", ratio)


def _draw_sound(layout: bpy.types.UILayout, shot: KLING_PG_shot, request: OmniRequest, model: ModelLimits) -> None:
    if model.is_never_silent:
        _draw_line(layout, "Always Generated", "Sound")
    elif request.video is not None:
        _draw_line(layout, "Not Available with a Video", "Sound")
    elif not model.has_sound and not shot.sound:
        _draw_line(layout, "Not Supported by This Model", "Sound")
    else:
        layout.prop(shot, "sound")


CLASSES = (KLING_MT_model,)
