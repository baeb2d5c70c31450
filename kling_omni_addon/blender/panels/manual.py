"""Pages about the extension: *Online Manual* in the right-click menu of its buttons, *Help*, *Release Notes*.

They are the pages of the version that runs: the extension brings them along. Where the manifest names a ``website``, a
repository in the way of GitHub and GitLab, they are read there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.props import EnumProperty

from ..host.language import translated
from ..host.reporting import Outcome

_EXTENSION: Final = Path(__file__).resolve().parents[3]
_GENERATE: Final = "docs/user/generate.md"
_CAPTURE: Final = "docs/user/capture.md"
_TIMELINE: Final = "docs/user/timeline.md"
_ELEMENTS: Final = "docs/user/elements.md"
_FOOTAGE: Final = "docs/user/own_footage.md"
_SHOTS: Final = f"{_TIMELINE}#shots-from-the-sequencer"

KEYS: Final = "https://kling.ai/dev/api-key"
"""Where Kling makes keys for the service outside China."""

PAGES: Final = (
    ("bpy.ops.kling.capture_*", _CAPTURE),
    ("bpy.ops.kling.toggle_frame_overlay", _CAPTURE),
    ("bpy.ops.kling.load_picture", _CAPTURE),
    ("bpy.ops.kling.use_image", _CAPTURE),
    ("bpy.ops.kling.drop_files", f"{_CAPTURE}#drop-files"),
    ("bpy.ops.kling.continue_strip", _SHOTS),
    ("bpy.ops.kling.precede_strip", _SHOTS),
    ("bpy.ops.kling.bridge_gap", _SHOTS),
    ("bpy.ops.kling.use_clip", _SHOTS),
    ("bpy.ops.kling.shots_from_*", _SHOTS),
    ("bpy.ops.kling.submit_each_shot", _SHOTS),
    ("bpy.ops.kling.*_take*", f"{_TIMELINE}#takes"),
    ("bpy.ops.kling.load_settings", f"{_TIMELINE}#where-a-clip-comes-from"),
    ("bpy.ops.kling.export_otio", f"{_TIMELINE}#export"),
    ("bpy.ops.kling.*prompt*", f"{_GENERATE}#prompt"),
    ("bpy.ops.kling.distribute_shots", f"{_GENERATE}#storyboard"),
    ("bpy.ops.kling.render_strips", _FOOTAGE),
    ("bpy.ops.kling.*footage", f"{_FOOTAGE}#upload"),
    ("bpy.ops.kling.stop_upload", f"{_FOOTAGE}#upload"),
    ("bpy.ops.kling.*library*", f"{_ELEMENTS}#library"),
    ("bpy.ops.kling.*element", _ELEMENTS),
    ("bpy.ops.kling.check_account", f"{_GENERATE}#account-and-preferences"),
    ("bpy.ops.kling.add_up_costs", f"{_GENERATE}#account-and-preferences"),
    ("bpy.ops.kling.copy_report", f"{_GENERATE}#account-and-preferences"),
    ("bpy.ops.kling.submit", f"{_GENERATE}#generate"),
    ("bpy.ops.kling.*", f"{_GENERATE}#jobs"),
    ("bpy.types.kling_ap_*", f"{_GENERATE}#account-and-preferences"),
    ("bpy.types.kling_pg_shot.prompt*", f"{_GENERATE}#prompt"),
    ("bpy.types.kling_pg_shot.kind", f"{_GENERATE}#shot"),
    ("bpy.types.kling_pg_shot.timing", f"{_TIMELINE}#frame-rates"),
    ("bpy.types.kling_*", f"{_GENERATE}#output"),
)
"""What Blender calls a button or a setting, in lower case, and the page that tells about it. The first match counts."""


@cache
def base() -> str:
    """The address that every page begins with: on the website of the manifest, else in the extension's own folder."""
    import tomllib  # for a click on Help

    manifest = tomllib.loads((_EXTENSION / "blender_manifest.toml").read_text(encoding="utf-8"))
    website = str(manifest.get("website", "")).rstrip("/")
    return f"{website}/blob/HEAD/" if website else f"{_EXTENSION.as_uri()}/"


def page_at(base: str, page: str) -> str:
    """A page there. Not every system opens a heading of a file on disk, so a file is opened at its beginning."""
    return base + (page.partition("#")[0] if base.startswith("file:") else page)


def _manual() -> tuple[str, Sequence[tuple[str, str]]]:
    """What Blender asks for on *Online Manual*."""
    return "", [(name, page_at(base(), page)) for name, page in PAGES]


class KLING_OT_open_page(bpy.types.Operator):
    """Open a page about the extension in the web browser, or in what else this computer opens it with"""

    bl_idname = "kling.open_page"
    bl_label = "Open Help"
    bl_options = {"REGISTER"}

    page: EnumProperty(
        name="Page",
        description="Page that is opened",
        items=(
            ("HELP", "Help", "How to generate a clip, setting by setting"),
            ("RELEASE_NOTES", "Release Notes", "Changes of each version"),
            ("KEYS", "Get a Key", "Kling's page for creating a key"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What the page tells."""
        return translated(str(properties.bl_rna.properties["page"].enum_items[properties.page].description))

    def execute(self, _context: bpy.types.Context) -> Outcome:
        pages = {"HELP": page_at(base(), _GENERATE), "RELEASE_NOTES": page_at(base(), "CHANGELOG.md"), "KEYS": KEYS}
        return bpy.ops.wm.url_open(url=pages[self.page])


def register() -> None:
    """Answer where Blender's own manual has no page."""
    bpy.utils.register_manual_map(_manual)


def unregister() -> None:
    """And no more."""
    bpy.utils.unregister_manual_map(_manual)


CLASSES = (KLING_OT_open_page,)
