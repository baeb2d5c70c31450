"""The one place that knows how the sequencer's API moved between Blender 4.2 and 5.2: strips, handles, channels.

What moved is asked for by name, never by version, and never with ``or``: an empty collection is false. What our clips
do there stands in ``clip_strips``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

# The stubs describe one Blender; these are called Sequence and SequencesTopLevel in 4.2.
Strip = Any
Strips = Any


# Which strips there are ----------------------------------------------------------------------------------------------


def strips_of(scene: bpy.types.Scene) -> Strips:
    """The strips of a scene, without those inside meta strips; an empty tuple when it has no timeline yet."""
    return () if scene.sequence_editor is None else held_by(scene.sequence_editor)


def all_strips(scene: bpy.types.Scene) -> Strips:
    """The strips of a scene with those inside meta strips; an empty tuple when it has no timeline yet."""
    editor: Any = scene.sequence_editor
    if editor is None:
        return ()
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def holder_of(strip: Strip, scene: bpy.types.Scene) -> Any:
    """What a strip lies in, with ``channels`` of its own: a meta strip, or the sequence editor."""
    meta = strip.parent_meta()
    return scene.sequence_editor if meta is None else meta


def metas_around(strip: Strip) -> Iterator[Strip]:
    """The meta strips that a strip lies in, the innermost first."""
    meta = strip.parent_meta()
    if meta is not None:
        yield meta
        yield from metas_around(meta)


def siblings_of(strip: Strip, scene: bpy.types.Scene) -> Strips:
    """The strips that share their channels with a strip, itself among them; new ones can be added there."""
    return held_by(holder_of(strip, scene))


def open_strips_of(scene: bpy.types.Scene) -> Strips:
    """The strips that the Sequencer shows: those of the meta strip that is open, else of the timeline."""
    editor: Any = scene.sequence_editor
    stack = list(editor.meta_stack) if editor is not None else []
    return held_by(stack[-1]) if stack else strips_of(scene)


def held_by(holder: Any) -> Strips:
    """The strips that lie in a meta strip or in the sequence editor itself."""
    return holder.strips if hasattr(holder, "strips") else holder.sequences


def timeline_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene whose timeline the sequencer shows: from 5.0 on the workspace names it."""
    scene = getattr(context.workspace, "sequencer_scene", None) or context.scene
    assert isinstance(scene, bpy.types.Scene)
    return scene


def active_strip(scene: bpy.types.Scene) -> Strip | None:
    """The strip that was clicked last, None when there is none."""
    return None if scene.sequence_editor is None else scene.sequence_editor.active_strip


def show_in_workspaces(scene: bpy.types.Scene) -> None:
    """From 5.0 a workspace shows the timeline of the scene that it names, and none while it names none."""
    for workspace in bpy.data.workspaces:
        if hasattr(workspace, "sequencer_scene") and workspace.sequencer_scene is None:
            workspace.sequencer_scene = scene


def show_in_workspace(workspace: Any, scene: bpy.types.Scene | None) -> bpy.types.Scene | None:
    """Have a workspace show the timeline of a scene, which from 5.0 on its operators act on; the one before. Up to 4.5
    it shows that of the window's scene, and this changes nothing.
    """
    if not hasattr(workspace, "sequencer_scene"):
        return None
    before: bpy.types.Scene | None = workspace.sequencer_scene
    if before != scene:
        workspace.sequencer_scene = scene
    return before


# Channels ------------------------------------------------------------------------------------------------------------


def new_effect(
    strips: Strips, kind: str, *, name: str, channel: int, frame_start: int, length: int, over: Strip | None = None
) -> Strip:
    """Add an effect strip of ``length`` frames, acting on the strip ``over`` if that is given."""
    parameters = strips.bl_rna.functions["new_effect"].parameters
    extent = {"length": length} if "length" in parameters else {"frame_end": frame_start + length}
    first_input = "input1" if "input1" in parameters else "seq1"
    inputs = {} if over is None else {first_input: over}
    return strips.new_effect(name=name, type=kind, channel=channel, frame_start=frame_start, **extent, **inputs)


# Handles and lengths have new names from 5.1; the old ones warn there, and go in 6.0. All are frames of the scene. ----


def start_of(strip: Strip) -> int:
    """The first frame of the scene at which the strip shows."""
    return int(strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start)


def end_of(strip: Strip) -> int:
    """The first frame behind the strip."""
    return start_of(strip) + length_of(strip)


def length_of(strip: Strip) -> int:
    """For how many frames of the scene the strip shows."""
    return int(strip.duration if hasattr(strip, "duration") else strip.frame_final_duration)


def set_start(strip: Strip, frame: int) -> None:
    """Move the left handle."""
    setattr(strip, "left_handle" if hasattr(strip, "left_handle") else "frame_final_start", frame)


def set_end(strip: Strip, frame: int) -> None:
    """Move the right handle. Blender moves a strip to another channel where it would come to lie on a neighbour."""
    setattr(strip, "right_handle" if hasattr(strip, "right_handle") else "frame_final_end", frame)


def content_start_of(strip: Strip) -> int:
    """The frame at which the file's first frame is, shown or trimmed away."""
    return int(strip.content_start if hasattr(strip, "content_start") else strip.frame_start)


def content_length_of(strip: Strip) -> int:
    """How many frames the whole file lasts, what is trimmed away included."""
    trims = [getattr(strip, name) for name in _trims(strip)]
    return length_of(strip) + int(sum(trims))


def untrim(strip: Strip) -> None:
    """Show the whole file, and no more than that."""
    for name in _trims(strip):
        setattr(strip, name, 0)


def left_out_of(strip: Strip) -> tuple[int, int]:
    """How many frames of the file the strip leaves out for good, at its beginning and at its end."""
    if hasattr(strip, "content_trim_start"):
        return int(strip.content_trim_start), int(strip.content_trim_end)
    return int(strip.animation_offset_start), int(strip.animation_offset_end)


def _trims(strip: Strip) -> tuple[str, str]:
    if hasattr(strip, "left_handle_offset"):
        return "left_handle_offset", "right_handle_offset"
    return "frame_offset_start", "frame_offset_end"


# Retiming -----------------------------------------------------------------------------------------------------------


def can_retime_sound() -> bool:
    """Up to 4.5 a retimed sound begins late, and mixing it can end Blender (a division by zero, measured on 4.5)."""
    return bpy.app.version >= (5, 0, 0)


def frames_behind_last_key() -> int:
    """How many frames of a file lie behind the last key of its retiming: up to 4.5 that stands on the last frame, from
    5.0 behind it.
    """
    return 0 if bpy.app.version >= (5, 0, 0) else 1


def forget_raw_frames(scene: bpy.types.Scene) -> None:
    """From 5.0 the cache of raw frames mistakes neighbours of a retimed strip for each other, and shows some twice."""
    if bpy.app.version >= (5, 0, 0):
        editor: Any = scene.sequence_editor
        editor.use_cache_raw = False
