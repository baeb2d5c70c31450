"""The part of the tab that shows the output: size, length, shape, sound."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ...core import choices
from ...core.capability import ModelLimits, Profile
from ...core.request import OmniRequest, Role, capability_of
from ..connection import limits
from ..host.wrapping import WIDE_ENOUGH, characters_of
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from ..shot.reading import fit_frames_of, read_request
from ..timeline import clip_strips


def draw_output(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Model, size, length, shape: only what this model makes of this kind of shot."""
    scene = scene_of(context)
    shot, request = shot_of(scene), read_request(scene)
    profile = limits.profile()
    model = profile.models.get(shot.model) or profile.models[profile.proposed.model]  # judged to be none, and said so
    layout.use_property_split = characters_of(context) >= WIDE_ENOUGH
    layout.use_property_decorate = False
    _draw_modes(layout, shot, profile, model)
    _draw_duration(layout, scene, request, model)
    _draw_aspect(layout, shot, request, profile)
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
        lines = limits.profile().mode_lines.get(shot.mode, "?")
        _draw_line(layout, f"{clip_strips.scene_frames(scene, shot.duration_s)} frames, {lines}p")
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


def _draw_aspect(layout: bpy.types.UILayout, shot: KLING_PG_shot, request: OmniRequest, profile: Profile) -> None:
    if request.picture(Role.FIRST) is not None:
        _draw_line(layout, "As first frame", "Aspect")
    elif request.is_edit:
        _draw_line(layout, "As its video", "Aspect")
    else:
        row = _headed_row(layout, "Aspect")
        for ratio in profile.aspect_ratios:
            row.prop_enum(shot, "aspect_ratio", ratio)


def _draw_sound(layout: bpy.types.UILayout, shot: KLING_PG_shot, request: OmniRequest, model: ModelLimits) -> None:
    if request.video is not None:
        _draw_line(layout, "None beside a video", "Sound")
    elif not model.has_sound and not shot.sound:
        _draw_line(layout, "Silent model", "Sound")
    else:
        layout.prop(shot, "sound")
