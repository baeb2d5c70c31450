"""What an artist does with takes: switch, keep a favourite, make another, delete what nobody needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ...core.errors import ClipUnusable
from ..host.editors import redraw_tab
from ..host.language import translated
from ..host.ownership import require_own
from ..host.reporting import Outcome, reported, say
from ..host.sequencer import Strip, active_strip, timeline_scene
from ..shot.properties import scene_of, shot_of
from ..timeline.our_strips import submission_of
from ..timeline.provenance import FAVOURITE, name_of, shot_of_strip
from . import takes
from .deletion_question import draw_question
from .load_settings import load_settings, provenance_for

if TYPE_CHECKING:
    from ...core.takes import Take


def kling_strip(context: bpy.types.Context) -> Strip | None:
    """The active strip of the timeline at hand, if it shows a take of a shot of ours."""
    strip = active_strip(timeline_scene(context))
    return strip if shot_of_strip(strip) else None


class _OfStrip:
    """An operator on the active strip."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        is_ours = kling_strip(context) is not None
        if not is_ours:
            cls.poll_message_set(translated("Select a strip with a Kling clip"))  # type: ignore[attr-defined] # Blender's
        return is_ours


class KLING_OT_switch_take(_OfStrip, bpy.types.Operator):
    """Show another take of the shot in this strip, with the same place, trim and effects"""

    bl_idname = "kling.switch_take"
    bl_label = "Switch Take"
    bl_options = {"REGISTER", "UNDO"}

    submission_id: StringProperty(
        name="Take", description="ID of the take; uses Step when empty", options={"HIDDEN", "SKIP_SAVE"}
    )
    step: IntProperty(name="Step", description="Takes to go forward; negative goes back", default=1)

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """How the take differs from the one that is shown."""
        strip = kling_strip(context)
        take = next((t for t in takes.takes_of(strip) if t.submission == properties.submission_id), None)
        lines = () if strip is None or take is None else takes.differences(strip, take)
        return "\n".join(map(translated, lines or (str(cls.__doc__),)))

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        strip = kling_strip(context)
        found = takes.takes_of(strip)
        take = self._wanted(strip, found)
        if take.submission == submission_of(strip):
            say(self, "This shot has no other take")
            return {"CANCELLED"}
        takes.show_take(timeline_scene(context), strip, take)
        say(self, f"Take {found.index(take) + 1} of {len(found)}")
        return {"FINISHED"}

    def _wanted(self, strip: Strip, found: tuple[Take, ...]) -> Take:
        if self.submission_id:
            take = next((each for each in found if each.submission == self.submission_id), None)
        else:
            shown = takes.shown_in(found, strip)
            start = -1 if shown is None and self.step > 0 else shown or 0
            take = found[(start + self.step) % len(found)] if found else None
        if take is None:
            raise ClipUnusable("The clip of this take is missing.", field="clip", remedy="Select another take.")
        return take


class KLING_OT_favour_take(_OfStrip, bpy.types.Operator):
    """Mark or unmark this take as favorite. Newer takes do not replace it, and it is never deleted as unused"""

    bl_idname = "kling.favour_take"
    bl_label = "Toggle Favorite Take"
    bl_options = {"REGISTER", "UNDO"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        strip = kling_strip(context)
        assert strip is not None
        require_own(timeline_scene(context))
        strip[FAVOURITE] = "" if takes.shows_favourite(strip) else submission_of(strip)
        return {"FINISHED"}


class KLING_OT_new_take(_OfStrip, bpy.types.Operator):
    """Generate the next clip as one more take of this strip's shot; the strip switches to it when it arrives"""

    bl_idname = "kling.new_take"
    bl_label = "Start New Take"
    bl_options = {"REGISTER", "UNDO"}

    loads_settings: BoolProperty(
        name="Load Settings", description="Load the settings of the strip's clip into the panel", default=True
    )

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        strip, shot = kling_strip(context), shot_of(scene_of(context))
        assert strip is not None
        require_own(scene_of(context))
        if self.loads_settings:
            for loss in load_settings(scene_of(context), provenance_for(strip)):
                say(self, loss, "WARNING")
        shot.take_of, shot.take_name = shot_of_strip(strip), name_of(strip)
        return {"FINISHED"}


class KLING_OT_leave_takes(bpy.types.Operator):
    """Generate the next clip as a new shot"""

    bl_idname = "kling.leave_takes"
    bl_label = "Leave Take Mode"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Forget which shot it was a take of."""
        shot = shot_of(scene_of(context))
        shot.take_of, shot.take_name = "", ""
        return {"FINISHED"}


class KLING_OT_delete_unused_takes(_OfStrip, bpy.types.Operator):
    """Delete takes of this shot that no strip in this .blend file uses and that are not marked as favorite"""

    bl_idname = "kling.delete_unused_takes"
    bl_label = "Delete Unused Takes..."
    bl_options = {"REGISTER"}

    agreed: ClassVar[frozenset[str] | None] = None  # what the artist was shown: never more than that

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        self._unused = takes.unused_takes(kling_strip(context))
        if not self._unused:
            say(self, "All takes of this shot are in use")
            return {"CANCELLED"}
        type(self).agreed = frozenset(take.clip for take in self._unused)
        return context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Delete")

    def cancel(self, _context: bpy.types.Context) -> None:
        type(self).agreed = None

    def draw(self, _context: bpy.types.Context) -> None:
        draw_question(self.layout.column(align=True), [take.clip for take in self._unused])

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Delete what is unused now, and of that only what was shown, where somebody was asked."""
        agreed, type(self).agreed = type(self).agreed, None
        unused = takes.unused_takes(kling_strip(context))
        chosen = [take for take in unused if agreed is None or take.clip in agreed]
        for take in chosen:
            takes.delete_files(take)
        redraw_tab()
        say(self, f"{len(chosen)} deleted")
        return {"FINISHED"}


CLASSES = (
    KLING_OT_switch_take,
    KLING_OT_favour_take,
    KLING_OT_new_take,
    KLING_OT_leave_takes,
    KLING_OT_delete_unused_takes,
)
