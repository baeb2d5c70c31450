"""Everything an artist can do, as functions for scripts; the operators call the same ones. ``docs/scripting.md`` tells.

A shot is set up in the properties of its scene (``scene.kling``), as in the panel. All functions belong to Blender's
main thread, as all of bpy does. Everything that a person can mend is raised as
:class:`~kling_omni_addon.core.errors.KlingError`, with a sentence, the field that it is about, and the remedy.
"""

from __future__ import annotations

import bpy

from ..core.errors import KlingError, RequestInvalid
from ..core.life.books import Costs, CostSum
from ..core.life.events import Target
from ..core.life.lifecycle import Submission
from ..core.life.phase import Phase
from ..core.pricing import Price
from ..core.problem import Problem
from ..core.request import OmniRequest, Role
from ..doctor.finding import Finding, Result
from .batch.scripted import check_batch, collect_batch, render_batch, submit_batch
from .capture.camera import Engine
from .capture.camera_job import CameraPicture
from .capture.footage import discard as discard_footage
from .capture.footage import render_strips
from .capture.footage import upload as upload_footage
from .capture.frame_files import capture_frames
from .capture.pictures import capture_camera, capture_strip, capture_view, use_file, use_image
from .capture.stage import Ground
from .capture.turntable import Look
from .connection import clip_links
from .connection.costs import costs
from .connection.diagnosis import doctor
from .connection.snapshots import read_submissions as submissions
from .connection.snapshots import require_submission as submission
from .elements.making import delete_element, make_element
from .shot import judging
from .shot.reading import read_request as request_of
from .shot.request_files import request_file
from .submissions.acts import (
    adopt,
    choose_task,
    fetch_again,
    go_on,
    look_again,
    place,
    place_arrived,
    send_again,
    send_clip_to,
    stop_waiting,
    submit,
    submit_request,
    wait,
)
from .timeline.otio_export import export_otio
from .timeline.our_strips import PlacedStrip

__all__ = (
    "CameraPicture",
    "CostSum",
    "Costs",
    "Engine",
    "Finding",
    "Ground",
    "KlingError",
    "Look",
    "OmniRequest",
    "Phase",
    "PlacedStrip",
    "Price",
    "Problem",
    "RequestInvalid",
    "Result",
    "Role",
    "Submission",
    "Target",
    "adopt",
    "capture_camera",
    "capture_frames",
    "capture_strip",
    "capture_view",
    "check_batch",
    "choose_task",
    "collect_batch",
    "costs",
    "delete_element",
    "discard_footage",
    "doctor",
    "export_otio",
    "fetch_again",
    "go_on",
    "look_again",
    "make_element",
    "place",
    "place_arrived",
    "price_of",
    "problems_of",
    "render_batch",
    "render_strips",
    "request_file",
    "request_of",
    "send_again",
    "send_clip_to",
    "stop_waiting",
    "submission",
    "submissions",
    "submit",
    "submit_batch",
    "submit_request",
    "upload_footage",
    "use_file",
    "use_image",
    "wait",
)


def problems_of(scene: bpy.types.Scene) -> tuple[Problem, ...]:
    """Everything that Kling would refuse (``is_fault``), and doubts; costs nothing and sends nothing."""
    return judging.judge(scene)


def price_of(scene: bpy.types.Scene) -> Price | None:
    """The list price of the shot; None where the list has none."""
    return clip_links.list_price_of(request_of(scene))
