"""The menu *Kling* in the headers of the 3D Viewport and of the Sequencer, which search (F3) goes through as well: what
is in no menu is not found there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import bpy

from ..connection import snapshots
from ..submissions import rows
from ..submissions.actions import actions_of

_SOURCES: Final[Mapping[str, str]] = {
    "First Frame from": "KLING_MT_first_picture",
    "Middle Frame from": "KLING_MT_middle_picture",
    "End Frame from": "KLING_MT_end_picture",
    "Reference from": "KLING_MT_reference_picture",
}
_HEADERS: Final = ("VIEW3D_MT_editor_menus", "SEQUENCER_MT_editor_menus")


def _draw_kling(layout: bpy.types.UILayout) -> None:
    """All that can be done, the likeliest first."""
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("kling.submit", icon="PLAY")
    layout.separator()
    layout.menu("KLING_MT_capture", icon="CAMERA_DATA")
    layout.menu("KLING_MT_prompt", icon="TEXT")
    layout.menu("KLING_MT_elements", icon="OUTLINER_OB_ARMATURE")
    layout.menu("KLING_MT_shots", icon="SEQUENCE")
    layout.menu("KLING_MT_footage", icon="FILE_MOVIE")
    layout.menu("KLING_MT_takes", icon="RENDERLAYERS")
    layout.separator()
    layout.menu("KLING_MT_active_job", icon="FILE_MOVIE")
    layout.menu("KLING_MT_selected_clips", icon="CHECKBOX_HLT")
    layout.operator("kling.resume", icon="FILE_REFRESH")
    layout.operator("kling.export_otio", text="Export OpenTimelineIO...", icon="EXPORT")
    layout.separator()
    layout.menu("KLING_MT_account", icon="USER")
    _draw_pages(layout)


def _draw_pages(layout: bpy.types.UILayout) -> None:
    for page, text, icon in (("HELP", "Help", "HELP"), ("RELEASE_NOTES", "Release Notes", "URL")):
        button: Any = layout.operator("kling.open_page", text=text, icon=icon)  # type: ignore[arg-type]
        button.page = page


def _draw_capture(layout: bpy.types.UILayout) -> None:
    """Images for the shot."""
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("kling.capture_both", icon="CAMERA_DATA")
    layout.operator("kling.capture_keyframes", icon="MARKER_HLT")
    layout.separator()
    for text, menu in _SOURCES.items():
        layout.menu(menu, text=text)
    layout.separator()
    layout.operator("kling.add_references", text="Add References...", icon="ADD")
    layout.operator("kling.toggle_frame_overlay", icon="OVERLAY")


def _draw_prompt(layout: bpy.types.UILayout) -> None:
    """What happens in the shot, and who is in it."""
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("kling.edit_prompt", text="Edit Prompt...", icon="GREASEPENCIL")
    layout.operator("kling.prompt_to_text", text="Move Prompt to Text Data-Block", icon="TEXT")
    layout.operator("kling.open_prompt_text")
    layout.operator("kling.prompt_to_field", text="Move Prompt to Field")
    layout.separator()
    layout.menu("KLING_MT_prompt_words", text="Insert Words", icon="ADD")
    layout.operator("kling.describe_camera", icon="VIEW_CAMERA")


def _draw_elements(layout: bpy.types.UILayout) -> None:
    """Characters and things that the prompt names."""
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("kling.make_element", icon="ADD")
    layout.operator("kling.use_made_element")
    layout.operator("kling.show_library", text="Show Element Library", icon="OUTLINER_OB_ARMATURE")


def _draw_footage(layout: bpy.types.UILayout) -> None:
    """Strips of the artist's own as the video of a shot."""
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("kling.render_strips", icon="SEQUENCE")
    layout.operator("kling.upload_footage", icon="EXPORT")
    layout.operator("kling.stop_upload", icon="X")
    layout.operator("kling.discard_footage", icon="TRASH")


def _draw_shots(layout: bpy.types.UILayout) -> None:
    """Shots that are set up from what is in the Sequencer."""
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("kling.continue_strip", icon="NEXT_KEYFRAME")
    layout.operator("kling.precede_strip", icon="PREV_KEYFRAME")
    layout.operator("kling.bridge_gap", icon="ARROW_LEFTRIGHT")
    layout.operator_menu_enum("kling.use_clip", "use", text="Use Clip as Video", icon="FILE_MOVIE")
    layout.separator()
    layout.operator("kling.shots_from_markers", text="Create Storyboard from Markers", icon="MARKER_HLT")
    layout.operator("kling.shots_from_strips", text="Create Storyboard from Strips", icon="SEQUENCE")
    layout.operator("kling.distribute_shots", text="Distribute Storyboard Evenly", icon="ALIGN_JUSTIFY")
    layout.operator("kling.submit_each_shot", icon="PLAY")
    layout.separator()
    layout.operator("kling.load_settings", text="Load Settings of Strip", icon="PASTEDOWN")


def _draw_active_job(layout: bpy.types.UILayout) -> None:
    """What can be done about the submission that is active in the list. Its id goes with every button, for the next one
    may become active while the menu is open.
    """
    active = snapshots.submission(rows.chosen())
    layout.operator_context = "INVOKE_DEFAULT"
    if active is None:
        layout.label(text="No job is active in the list")
        return
    layout.label(text=active.target.name or active.id, icon="FILE_MOVIE")
    for action in actions_of(active):
        button: Any = layout.operator(action)
        button.submission_id = active.id


def _draw_account(layout: bpy.types.UILayout) -> None:
    """The key, what is left, what was spent, a report for those who help, and the preferences."""
    layout.operator("kling.check_account", icon="KEYINGSET")
    layout.operator_menu_enum("kling.add_up_costs", "by", text="Add Up Costs", icon="SORTSIZE")
    layout.operator("kling.copy_report", icon="COPYDOWN")
    keys: Any = layout.operator("kling.open_page", text="Get a Key", icon="URL")
    keys.page = "KEYS"
    layout.separator()
    layout.operator("kling.open_preferences", text="Preferences...", icon="PREFERENCES")


def _draw_in_header(menu: Any, _context: bpy.types.Context) -> None:
    menu.layout.menu("KLING_MT_kling")


def register() -> None:
    """Stand in both headers."""
    for name in _HEADERS:
        getattr(bpy.types, name).append(_draw_in_header)


def unregister() -> None:
    """And no more."""
    for name in _HEADERS:
        getattr(bpy.types, name).remove(_draw_in_header)


def _menu(name: str, label: str, draw: Callable[[bpy.types.UILayout], None]) -> Any:
    """A menu of Blender's, which wants a class for each."""
    inside = {"bl_label": label, "draw": lambda self, _context: draw(self.layout), "__module__": __name__}
    return type(f"KLING_MT_{name}", (bpy.types.Menu,), inside)


_MENUS: Final = (
    ("kling", "Kling", _draw_kling),
    ("capture", "Capture", _draw_capture),
    ("prompt", "Prompt", _draw_prompt),
    ("elements", "Elements", _draw_elements),
    ("shots", "Shots from the Sequencer", _draw_shots),
    ("footage", "Own Footage", _draw_footage),
    ("active_job", "Active Job", _draw_active_job),
    ("account", "Account and Preferences", _draw_account),
)
CLASSES = tuple(_menu(*each) for each in _MENUS)
