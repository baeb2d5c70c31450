"""What Blender is given on enabling, in order; taken back in reverse on disabling."""

from __future__ import annotations

import atexit
import os

import bpy
from bpy.app.handlers import persistent

from . import identity, live, operators, panels, preferences, properties, pump

_CLASSES = (
    preferences.KLING_AP_preferences,
    properties.KLING_PG_shot,
    operators.KLING_OT_capture_frame,
    operators.KLING_OT_capture_both,
    operators.KLING_OT_submit,
    operators.KLING_OT_place_clip,
    operators.KLING_OT_look_again,
    operators.KLING_OT_send_again,
    operators.KLING_OT_stop_waiting,
    operators.KLING_OT_resume,
    panels.KLING_PT_view3d_shot,
    panels.KLING_PT_view3d_output,
    panels.KLING_PT_view3d_generate,
    panels.KLING_PT_view3d_submissions,
    panels.KLING_PT_sequencer_shot,
    panels.KLING_PT_sequencer_output,
    panels.KLING_PT_sequencer_generate,
    panels.KLING_PT_sequencer_submissions,
)
_commands: list[object] = []


@persistent  # type: ignore[untyped-decorator]
def _on_load(_path: str) -> None:
    """Another file is open: its clips may be placed now, those of an unsaved predecessor have lost their place."""
    identity.forget_file()
    live.forget_judgements()


def _command(arguments: list[str]) -> int:
    """``blender --command kling VERB``: the command line with this Blender as the maker of rehearsal clips."""
    from ..cli import main

    return main(arguments, {"BLENDER": bpy.app.binary_path} | dict(os.environ))


def register() -> None:
    """Register everything. No I/O, nothing heavy imported."""
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    bpy.app.handlers.load_post.append(_on_load)
    _commands.append(bpy.utils.register_cli_command("kling", _command))
    # Blender disables its add-ons when it quits; a script on the bpy module that just ends would leave our classes and
    # threads to the interpreter's last moments, and that crashes it (measured on 4.5).
    atexit.register(unregister)


def unregister() -> None:
    """Stop what runs and take everything back."""
    atexit.unregister(unregister)
    pump.stop()
    live.close()
    bpy.utils.unregister_cli_command(_commands.pop())
    bpy.app.handlers.load_post.remove(_on_load)
    properties.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
