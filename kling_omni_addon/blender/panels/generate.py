"""The part of the tab with the button: what it will do, its price, and why it is disabled when it is."""

from __future__ import annotations

import bpy

from ...core.problem import Problem
from ..connection import limits, online
from ..connection.clip_links import list_price_of
from ..connection.preferences import service_name
from ..host.wrapping import draw_text
from ..shot import judging, remedies
from ..shot.properties import scene_of
from ..shot.reading import read_request
from . import forecast
from .takes import draw_take_choice


def draw_generate(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What will happen, the button with its price, and why it is disabled when it is."""
    scene = scene_of(context)
    problems, request = judging.problems(scene) or (), read_request(scene)
    is_rehearsal = service_name() == "rehearsal"
    offline = online.offline_reason()
    draw_take_choice(layout, context)
    button = layout.row()
    button.scale_y = 1.4
    button.enabled = not offline and not any(problem.is_fault for problem in problems)
    price = list_price_of(request)
    label = "free" if is_rehearsal else "" if price is None else price.label
    button.operator("kling.submit", text=f"Generate   {label}".rstrip(), icon="PLAY")
    for problem in problems:
        _draw_problem(layout, context, problem)
    if price is None and request.model in limits.profile().models:
        draw_text(layout, context, "Kling's list has no price for this clip.", "INFO")
    draw_text(layout, context, forecast.outcome(scene, request), "NONE")
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
