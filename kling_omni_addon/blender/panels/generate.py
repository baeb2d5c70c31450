"""The part of the tab with the button: what it will do, its price, and why it is disabled when it is."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from ...core.pricing import Price, sum_of
from ...core.problem import Problem
from ..connection import limits, online
from ..connection.clip_links import list_price_of
from ..connection.preferences import service_name
from ..host.language import translated
from ..host.wrapping import SIDE_BY_SIDE, characters_of, draw_text
from ..shot import judging, remedies
from ..shot.properties import scene_of, shot_of
from ..shot.reading import read_request
from . import forecast
from .takes import draw_take_choice

_TAKES_UNITS = 2.0
_TALL = 1.4


def draw_generate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button with its price and the number of takes; below it what will happen, or why the button is disabled."""
    scene = scene_of(context)
    problems, request = judging.judged_or_soon(scene), read_request(scene)
    offline, price = online.offline_reason(), list_price_of(request)
    draw_take_choice(layout, context)
    _draw_button(layout, context, price, is_enabled=not offline and problems is not None and not _has_faults(problems))
    draw_text(layout, context, forecast.outcome(scene, request), "NONE")
    for problem in problems or ():
        _draw_problem(layout, context, problem)
    if price is None and request.model in limits.profile().models:
        draw_text(layout, context, "Kling's price list has no price for this clip.", "INFO")
    if offline:
        draw_offline(layout, context)
    elif service_name() == "rehearsal":
        said = "Rehearsal: makes a free test clip on this computer."
        if price is not None:
            said = f"Rehearsal: makes a free test clip on this computer. Kling would charge {price.spoken}."
        draw_text(layout, context, said, "INFO")


def _draw_button(
    layout: bpy.types.UILayout, context: bpy.types.Context, price: Price | None, *, is_enabled: bool
) -> None:
    """The button and the number of takes: beside each other, or below where the price would not be read."""
    shot, is_wide = shot_of(scene_of(context)), characters_of(context) >= SIDE_BY_SIDE
    total = sum_of([price] * shot.takes)
    units = "" if total is None else total.label if is_wide else total.units_label
    label = "free" if service_name() == "rehearsal" else units
    row = layout.row(align=True) if is_wide else layout.column(align=True)
    button = row.row(align=True)
    button.scale_y, button.enabled = _TALL, is_enabled
    button.operator("kling.submit", text=translated(f"Generate   {label}".rstrip()), icon="PLAY" if is_wide else "NONE")
    takes = row.row(align=True)
    if is_wide:
        takes.scale_y, takes.ui_units_x = _TALL, _TAKES_UNITS
    takes.prop(shot, "takes", text="" if is_wide else "Takes")


def _has_faults(problems: Iterable[Problem]) -> bool:
    return any(problem.is_fault for problem in problems)


def draw_offline(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """That Blender is set to stay offline, with the way to the setting."""
    column = layout.column(align=True)
    draw_text(column, context, online.offline_reason(), "INTERNET_OFFLINE")
    column.operator("screen.userpref_show", text="Open Network Preferences", icon="PREFERENCES").section = "SYSTEM"


def _draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context, problem: Problem) -> None:
    column = layout.column(align=True)
    draw_text(column, context, problem.message, "CANCEL" if problem.is_fault else "ERROR")
    role = remedies.role_to_capture(problem)
    if role:
        text = "Capture First Frame" if role == "FIRST" else "Capture End Frame"
        column.operator("kling.capture_frame", text=text, icon="CAMERA_DATA").role = role
    if problem.remedy is not None and remedies.can_apply(problem.remedy):
        fix = column.operator("kling.fix", text=translated(problem.remedy.label), icon="MODIFIER")
        fix.rule, fix.path = problem.rule, problem.path
