"""What Blender is given on enabling, in order; taken back in reverse on disabling."""

from __future__ import annotations

import atexit
import os

import bpy
from bpy.app.handlers import persistent

from . import (
    capture,
    capture_menus,
    chains,
    each_shot,
    element_browser,
    element_library,
    frame_overlay,
    gaps,
    identity,
    list_actions,
    live,
    load_settings,
    operators,
    otio_export,
    panel_sources,
    panel_submissions,
    panels,
    placing,
    preferences,
    presets,
    prompt_text,
    properties,
    pump,
    shot_operators,
    status_bar,
    storyboarding,
    submission_list,
    take_operators,
    take_panel,
    text_operators,
    thumbnails,
    timeline_operators,
    timeline_overlay,
)

_CLASSES = (
    preferences.KLING_AP_preferences,
    properties.KLING_PG_reference,
    properties.KLING_PG_element,
    properties.KLING_PG_board_shot,
    properties.KLING_PG_shot,
    *capture.CLASSES,
    *capture_menus.CLASSES,
    frame_overlay.KLING_OT_toggle_frame_overlay,
    *operators.CLASSES,
    *shot_operators.CLASSES,
    *load_settings.CLASSES,
    *take_operators.CLASSES,
    *otio_export.CLASSES,
    *chains.CLASSES,
    *gaps.CLASSES,
    *storyboarding.CLASSES,
    *each_shot.CLASSES,
    *text_operators.CLASSES,
    *presets.CLASSES,
    *element_library.CLASSES,
    *element_browser.CLASSES,
    submission_list.KLING_PG_row,
    submission_list.KLING_PG_submissions,
    *panel_sources.CLASSES,
    *panel_submissions.CLASSES,
    *list_actions.CLASSES,
    *timeline_operators.CLASSES,
    *panels.CLASSES,
    *take_panel.CLASSES,
)
_commands: list[object] = []


@persistent  # type: ignore[untyped-decorator]
def _on_load(_path: str) -> None:
    """Another file is open: its clips may be placed now, those of an unsaved predecessor have lost their place."""
    identity.forget_file()
    live.forget_judgements()
    take_panel.forget()
    placing.follow_file()
    _look_again()
    live.show()
    if prompt_text.has_texts():
        pump.start()
    pump.follow_stand_ins()


@persistent  # type: ignore[untyped-decorator]
def _on_undo(_scene: bpy.types.Scene) -> None:
    """Undo brings old settings back without telling the properties, and redo a stand-in that was gone."""
    placing.forget()
    _look_again()


def _look_again() -> None:
    """Judge every shot that somebody has begun."""
    for scene in bpy.data.scenes:
        shot = properties.shot_of(scene)
        if shot.words or live.problems(scene) is not None or properties.picture_paths(shot):
            live.judge(scene)


def _command(arguments: list[str]) -> int:
    """``blender --command kling VERB``: the command line with this Blender as the maker of rehearsal clips."""
    from ..cli import main

    return main(arguments, {"BLENDER": bpy.app.binary_path} | dict(os.environ))


def register() -> None:
    """Register everything. No I/O, nothing heavy imported."""
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    capture_menus.register()
    otio_export.register()
    submission_list.register()
    element_library.register()
    status_bar.register()
    timeline_overlay.show()
    bpy.app.handlers.load_post.append(_on_load)
    bpy.app.handlers.undo_post.append(_on_undo)
    bpy.app.handlers.redo_post.append(_on_undo)
    _commands.append(bpy.utils.register_cli_command("kling", _command))
    # Blender disables its add-ons when it quits; a script on the bpy module that just ends would leave our classes and
    # threads to the interpreter's last moments, and that crashes it (measured on 4.5).
    atexit.register(unregister)


def unregister() -> None:
    """Stop what runs and take everything back."""
    atexit.unregister(unregister)
    frame_overlay.hide()
    timeline_overlay.hide()
    take_panel.stop()
    otio_export.unregister()
    capture_menus.unregister()
    pump.stop()
    live.close()
    bpy.utils.unregister_cli_command(_commands.pop())
    bpy.app.handlers.load_post.remove(_on_load)
    bpy.app.handlers.undo_post.remove(_on_undo)
    bpy.app.handlers.redo_post.remove(_on_undo)
    thumbnails.free()
    status_bar.unregister()
    element_library.unregister()
    submission_list.unregister()
    properties.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
