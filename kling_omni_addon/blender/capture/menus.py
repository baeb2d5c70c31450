"""What else can become a picture: one menu for each role, beside its Camera button; and what is behind a scene."""

from __future__ import annotations

from typing import Any

import bpy

from ..shot.properties import scene_of, shot_of


def draw_background(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What captures show behind a scene whose film is transparent; nothing where it is not."""
    scene = scene_of(context)
    if scene.render.film_transparent:
        shot = shot_of(scene)
        row = layout.row(align=True)
        row.prop(shot, "background", text="", icon="WORLD")
        if shot.background == "COLOR" or scene.world is None:
            row.prop(shot, "background_color", text="")


class _Sources:
    bl_label = "Image Source"
    role = ""
    layout: bpy.types.UILayout

    def draw(self, _context: bpy.types.Context) -> None:
        """The camera in other ways, the 3D view, strips, files."""
        layout = self.layout
        for choice, label, icon in (
            ("at", "Camera at Frame", "CAMERA_DATA"),
            ("engine", "Camera with Engine", "SHADING_RENDERED"),
        ):
            menu: Any = layout.operator_menu_enum("kling.capture_frame", choice, text=label, icon=icon)  # type: ignore[arg-type]
            menu.role = self.role
        layout.separator()
        for overlays, label in ((False, "3D Viewport"), (True, "3D Viewport with Overlays")):
            view = layout.operator("kling.capture_view", text=label, icon="OVERLAY" if overlays else "VIEW3D")
            view.role, view.overlays = self.role, overlays
        layout.separator()
        layout.operator_menu_enum("kling.capture_strip", "at", text="Strip", icon="SEQUENCE").role = self.role
        layout.separator()
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("kling.load_picture", text="Image File...", icon="FILE_FOLDER").role = self.role
        layout.operator("kling.use_image", text="Image Data-Block...", icon="IMAGE_DATA").role = self.role


class _SourcesOfEnd(_Sources):
    def draw(self, context: bpy.types.Context) -> None:
        """The same, and the way back to no picture."""
        super().draw(context)
        self.layout.separator()
        self.layout.operator("kling.clear_frame", icon="X").role = self.role


class KLING_MT_first_picture(_SourcesOfEnd, bpy.types.Menu):
    role = "FIRST"


class KLING_MT_middle_picture(_Sources, bpy.types.Menu):
    role = "MIDDLE"


class KLING_MT_end_picture(_SourcesOfEnd, bpy.types.Menu):
    role = "END"


class KLING_MT_reference_picture(_Sources, bpy.types.Menu):
    role = "REFERENCE"


class KLING_MT_capture_both(bpy.types.Menu):
    """From where to where both frames are taken, and with what."""

    bl_label = "Capture First and End Frames"

    def draw(self, _context: bpy.types.Context | None) -> None:
        """The spans, then the engines."""
        self.layout.operator_enum("kling.capture_both", "span")
        self.layout.separator()
        self.layout.operator_menu_enum(
            "kling.capture_both", "engine", text="Camera with Engine", icon="SHADING_RENDERED"
        )


CLASSES = (
    KLING_MT_capture_both,
    KLING_MT_first_picture,
    KLING_MT_middle_picture,
    KLING_MT_end_picture,
    KLING_MT_reference_picture,
)
