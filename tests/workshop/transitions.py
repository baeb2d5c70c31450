"""A transition between two strips, in every Blender."""

from __future__ import annotations

from typing import Any

from kling_omni_addon.blender.host.sequencer import (
    end_of,
    siblings_of,
    start_of,
)

Scene = Any  # the stubs know one Blender, these tests run in several
Strip = Any


def add_cross(scene: Scene, first: Strip, second: Strip, *, channel: int, kind: str = "CROSS") -> Strip:
    strips = siblings_of(first, scene)
    parameters = strips.bl_rna.functions["new_effect"].parameters
    names = ("input1", "input2") if "input1" in parameters else ("seq1", "seq2")
    start, end = start_of(second), end_of(first)
    extent = {"length": end - start} if "length" in parameters else {"frame_end": end}
    inputs = dict(zip(names, (first, second), strict=True))
    return strips.new_effect(name="Cross", type=kind, channel=channel, frame_start=start, **extent, **inputs)
