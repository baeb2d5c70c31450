"""Operators on the clips of the list: play one; and on all that are selected: place, resume, remove, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import bpy
from bpy.props import EnumProperty, StringProperty

from ...core.errors import KlingError
from ..connection import snapshots
from ..connection.online import WhileOnline
from ..host import player
from ..host.editors import redraw_tab
from ..host.language import translated
from ..host.reporting import Outcome, reported, say
from ..shot.properties import scene_of
from ..takes import takes
from ..takes.deletion_question import draw_question
from . import acts, clip_files, rows
from .operators import OfSubmission

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_ACTIONS: Final = (
    ("SELECT", "Select", "Select every clip in the list"),
    ("DESELECT", "Deselect", "Select none"),
    ("INVERT", "Invert", "Select those that are not selected"),
)


class KLING_OT_play_clip(OfSubmission, bpy.types.Operator):
    """Play the clip in a window of its own, with the animation player of the preferences"""

    bl_idname = "kling.play_clip"
    bl_label = "Play Clip"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Play it; it need not be in the Sequencer."""
        player.play(Path(acts.with_clip(self.meant).clip))
        return {"FINISHED"}


class KLING_OT_select_clips(bpy.types.Operator):
    """Change which clips in the list are selected"""

    bl_idname = "kling.select_clips"
    bl_label = "Select Clips"
    bl_options = {"REGISTER", "INTERNAL"}

    action: EnumProperty(name="Action", description="How the selection changes", items=_ACTIONS)

    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Select as the action says."""
        for row in rows.the_list().rows:
            row.is_selected = self.action == "SELECT" or (self.action == "INVERT" and not row.is_selected)
        return {"FINISHED"}


class _OfSelected:
    """An operator on the selected clips, on the active one where none is selected."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        has_some = bool(rows.selected())
        if not has_some:
            cls.poll_message_set(translated("Select a clip in the list of the Kling tab"))  # type: ignore[attr-defined] # Blender's
        return has_some


class KLING_OT_place_selected(_OfSelected, bpy.types.Operator):
    """Add the selected clips that have arrived to the Sequencer of this scene"""

    bl_idname = "kling.place_selected"
    bl_label = "Add Selected Clips to Sequencer"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Place each where it was meant to go, but in this scene."""
        scene, found = scene_of(context), _selected(lambda each: bool(each.clip))
        done = _each(self, found, lambda each: acts.place(each.id, scene))
        say(self, f"Added {_clips(done)} to the Sequencer")
        return {"FINISHED"}


class KLING_OT_resume_selected(WhileOnline, bpy.types.Operator):
    """Continue the selected jobs that are on hold"""

    bl_idname = "kling.resume_selected"
    bl_label = "Resume Selected"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Let go of what is held."""
        released = acts.go_on(rows.selected())
        say(self, f"Resumed {_clips(released)}" if released else "No selected job was on hold")
        return {"FINISHED"}


class KLING_OT_remove_selected(_OfSelected, bpy.types.Operator):
    """Hide the selected jobs that are finished until Blender restarts; their history and clips are kept"""

    bl_idname = "kling.remove_selected"
    bl_label = "Hide Selected Jobs"
    bl_options = {"REGISTER"}

    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Hide them; what still runs stays in sight."""
        chosen = rows.selected()
        over = _selected(lambda each: each.is_over)
        rows.hide(*(each.id for each in over))
        left = len(chosen) - len(over)
        hidden = _clips(len(over))
        say(self, f"Hid {hidden}; {left} still running" if left else f"Hid {hidden}")
        return {"FINISHED"}


class KLING_OT_delete_clips(bpy.types.Operator):
    """Delete the files of the selected clips from the disk. Their jobs stay in the list"""

    bl_idname = "kling.delete_clips"
    bl_label = "Delete Clip Files..."
    bl_options = {"REGISTER"}

    submission_id: StringProperty(
        name="Submission",
        description="ID of the job; uses the selected clips when empty",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    agreed: ClassVar[frozenset[str] | None] = None  # what the artist was shown: never more than that

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Show every file first."""
        self._kept, self._unused = self._sorted()
        if not self._unused:
            say(self, self._kept[0] if self._kept else "There is no file to delete")
            return {"CANCELLED"}
        type(self).agreed = frozenset(each.id for each in self._unused)
        return context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Delete")

    def cancel(self, _context: bpy.types.Context) -> None:
        """Nobody agreed to anything."""
        type(self).agreed = None

    def draw(self, _context: bpy.types.Context) -> None:
        """The files that go, and what stays with the reason."""
        draw_question(self.layout.column(align=True), [each.clip for each in self._unused], self._kept)

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Delete what may be deleted now, and of that only what was shown, where somebody was asked."""
        agreed, type(self).agreed = type(self).agreed, None
        kept, unused = self._sorted()
        chosen = [each for each in unused if agreed is None or each.id in agreed]
        if not chosen:
            raise KlingError(kept[0] if kept else "There is no file to delete.")
        done = _each(self, chosen, lambda each: clip_files.delete(each.id))
        redraw_tab()
        say(self, f"Deleted {_clips(done)}")
        return {"FINISHED"}

    def _sorted(self) -> tuple[list[str], list[Submission]]:
        """Why some are kept, and those that may be deleted."""
        ids, used = (self.submission_id,) if self.submission_id else rows.selected(), takes.used_files()
        told = [(clip_files.why_kept(each, used), each) for each in map(snapshots.submission, ids) if each is not None]
        return [reason for reason, _ in told if reason], [each for reason, each in told if not reason]


def _selected(fits: Callable[[Submission], bool]) -> list[Submission]:
    """Those of the selected submissions, oldest first, whatever the order of the list."""
    selected = set(rows.selected())
    return [each for each in snapshots.submissions() if each.id in selected and fits(each)]


def _each(operator: bpy.types.Operator, chosen: Iterable[Submission], step: Callable[[Submission], object]) -> int:
    """Do it to each; one that cannot be done is reported and stops no other. How many were done."""
    done = 0
    for each in chosen:
        try:
            step(each)
            done += 1
        except KlingError as error:
            say(operator, f'"{each.target.name or each.id}": {error}', "WARNING")
    return done


def _clips(number: int) -> str:
    return "1 clip" if number == 1 else f"{number} clips"


CLASSES = (
    KLING_OT_play_clip,
    KLING_OT_select_clips,
    KLING_OT_place_selected,
    KLING_OT_resume_selected,
    KLING_OT_remove_selected,
    KLING_OT_delete_clips,
)
