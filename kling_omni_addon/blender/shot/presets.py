"""Presets for the output and for the prompt, by Blender's own machinery: kept in its presets folder, offered in the
headers of the two panels. A preset holds choices and words; never a key, a path or a datablock.
"""

from __future__ import annotations

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel
from bpy.props import BoolProperty, StringProperty

from ..host.ownership import OnOwnScene
from ..host.reporting import Outcome

_OUTPUT = ("model", "mode", "duration_s", "aspect_ratio", "sound", "watermark", "places_clip", "timing")


class _AddPreset(AddPresetBase):
    """Blender's way to keep a preset, with a sentence for each of its properties."""

    preset_defines = ("shot = bpy.context.scene.kling",)
    name: StringProperty(name="Name", description="Name of the preset", maxlen=64, options={"SKIP_SAVE"})
    remove_name: BoolProperty(
        name="Remove by Name",
        description="Delete the preset of that name instead",
        default=False,
        options={"HIDDEN", "SKIP_SAVE"},
    )
    remove_active: BoolProperty(
        name="Remove Active",
        description="Delete the preset that was used last instead",
        default=False,
        options={"HIDDEN", "SKIP_SAVE"},
    )


class KLING_OT_add_output_preset(_AddPreset, bpy.types.Operator):
    """Save these output settings as a preset, or delete one"""

    bl_idname = "kling.add_output_preset"
    bl_label = "Add Output Preset"
    preset_menu = "KLING_PT_output_presets"
    preset_subdir = "kling_omni/output"
    preset_values = tuple(f"shot.{name}" for name in _OUTPUT)


class KLING_OT_add_prompt_preset(_AddPreset, bpy.types.Operator):
    """Save this prompt as a preset, or delete one"""

    bl_idname = "kling.add_prompt_preset"
    bl_label = "Add Prompt Preset"
    preset_menu = "KLING_PT_prompt_presets"
    preset_subdir = "kling_omni/prompt"
    preset_values = ("shot.words",)


class KLING_OT_apply_preset(OnOwnScene, bpy.types.Operator):
    """Set the shot up as this preset says"""

    bl_idname = "kling.apply_preset"
    bl_label = "Apply Preset"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}  # Blender's own operator is no step of undo

    filepath: StringProperty(
        name="Preset", description="File of the preset", subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"}
    )
    menu_idname: StringProperty(
        name="Menu", description="Menu that the preset was selected in", options={"HIDDEN", "SKIP_SAVE"}
    )

    def execute(self, _context: bpy.types.Context) -> Outcome:
        return bpy.ops.script.execute_preset(filepath=self.filepath, menu_idname=self.menu_idname)


class _PresetPanel(PresetPanel):
    preset_operator = "kling.apply_preset"


class KLING_PT_output_presets(_PresetPanel, bpy.types.Panel):
    """Presets of the output, in a popover."""

    bl_label = "Output Presets"
    preset_subdir = KLING_OT_add_output_preset.preset_subdir
    preset_add_operator = KLING_OT_add_output_preset.bl_idname
    preset_operator_defaults = {"menu_idname": "KLING_PT_output_presets"}


class KLING_PT_prompt_presets(_PresetPanel, bpy.types.Panel):
    """Presets of the prompt, in a popover."""

    bl_label = "Prompt Presets"
    preset_subdir = KLING_OT_add_prompt_preset.preset_subdir
    preset_add_operator = KLING_OT_add_prompt_preset.bl_idname
    preset_operator_defaults = {"menu_idname": "KLING_PT_prompt_presets"}


CLASSES = (
    KLING_OT_add_output_preset,
    KLING_OT_add_prompt_preset,
    KLING_OT_apply_preset,
    KLING_PT_output_presets,
    KLING_PT_prompt_presets,
)
