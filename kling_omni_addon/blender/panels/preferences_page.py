"""The extension's page in Blender's preferences."""

from __future__ import annotations

from typing import Any

import bpy

from ..connection.diagnosis import diagnosis
from ..connection.preferences import Preferences, key_source, told
from ..host.identity import ROOT_PACKAGE
from ..host.language import translated
from ..host.wrapping import draw_text
from .submissions import draw_account

_WHY_OFF = (
    "Kling 4.0 and Kling 4.0 Flash, through the new API only, as a relay documents them. When Kling does not respond, "
    "such a job can only be found in the list of the account. Enable them when a relay serves them."
)


class KLING_AP_preferences(Preferences, bpy.types.AddonPreferences):
    """The extension's page in Blender's preferences."""

    bl_idname = ROOT_PACKAGE

    def draw(self, context: bpy.types.Context) -> None:
        draw_page(self, self.layout, context)


def draw_page(page: Preferences, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Where help is, service and keys, a test of them, and below what is seldom changed."""
    _draw_pages(page, layout)
    layout.use_property_split = True
    layout.prop(page, "service")
    if page.service == "other":
        layout.prop(page, "address")
    if page.service == "rehearsal":
        layout.label(text="Free and offline: Blender renders test clips", icon="INFO")
    else:
        _draw_keys(page, layout)
    draw_text(layout, context, told(), "SETTINGS")
    draw_account(layout, context)
    _draw_diagnosis(layout, context)
    layout.separator()
    layout.prop(page, "profile")
    layout.prop(page, "dialect")
    layout.prop(page, "relayed_models")
    draw_text(layout, context, _WHY_OFF, "INFO")
    layout.prop(page, "clip_folder")
    layout.prop(page, "data_folder")
    draw_uploading(page, layout)
    column = layout.column(align=True)
    column.prop(page, "confirm_units")
    column.prop(page, "project")
    column.prop(page, "daily_cap")
    column.prop(page, "project_cap")
    column.prop(page, "concurrency")
    column.prop(page, "look_window_s")


def _draw_diagnosis(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What to send along with a bug report."""
    if diagnosis.is_asking:
        layout.label(text="Checking this computer...", icon="SORTTIME")
    elif diagnosis.problem:
        draw_text(layout, context, diagnosis.problem, "ERROR")
    elif diagnosis.answer is not None:
        layout.label(text="Copied the report to the clipboard", icon="CHECKMARK")
    layout.operator("kling.copy_report", icon="COPYDOWN")


def _draw_pages(page: Preferences, layout: bpy.types.UILayout) -> None:
    """Kling's page of keys is that of the service outside China."""
    row = layout.row()
    pages = [("HELP", "Help", "HELP"), ("RELEASE_NOTES", "Release Notes", "URL")]
    for name, text, icon in pages if page.service == "kling-china" else [("KEYS", "Get a Key", "KEYINGSET"), *pages]:
        button: Any = row.operator("kling.open_page", text=text, icon=icon)  # type: ignore[arg-type]
        button.page = name


def draw_uploading(page: Preferences, layout: bpy.types.UILayout) -> None:
    """How own footage gets a link, which Kling wants of a video."""
    column = layout.column(align=True)
    column.prop(page, "upload_command", placeholder="/path/to/kling-upload {file}")
    column.prop(page, "delete_command", placeholder="/path/to/kling-delete {file}")
    column.prop(page, "link_lifetime_min", text="Link Lifetime, Minutes")


def _draw_keys(page: Preferences, layout: bpy.types.UILayout) -> None:
    layout.prop(page, "api_key")
    column = layout.column(align=True)
    column.prop(page, "access_key")
    column.prop(page, "secret_key")
    lines = layout.column(align=True)
    lines.label(text=translated(f"In use: {key_source()}"), icon="KEYINGSET")
    lines.label(text="Keys are stored as plain text in Blender's preferences.", icon="INFO")
    lines.label(
        text="Environment variables KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY, take precedence.",
        icon="BLANK1",
    )
