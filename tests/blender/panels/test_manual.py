"""*Online Manual*, *Help*, *Release Notes* and *Get a Key*: every button leads to a page that is there."""

from __future__ import annotations

import re
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from bl_operators.wm import WM_OT_doc_view_manual

import kling_omni_addon
from kling_omni_addon.blender import registration
from kling_omni_addon.blender.panels import manual, preferences_page
from tests.workshop.layout import Layout
from tests.workshop.places import EXTENSION, ROOT

Scene = Any


def headings(page: str) -> set[str]:
    """The headings of a page as links name them."""
    found = re.findall(r"^#+ (.+?) *$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def names_for_blender() -> Iterator[str]:
    """Every command and every setting of ours, as Blender asks for its page."""
    for name in dir(bpy.ops.kling):
        yield f"bpy.ops.kling.{name}"
    for kind in registration._CLASSES:
        if issubclass(kind, bpy.types.PropertyGroup | bpy.types.AddonPreferences):
            for name in kind.bl_rna.properties.keys():  # noqa: SIM118 - no dict
                yield f"bpy.types.{kind.__name__}.{name}"


@pytest.mark.parametrize("page", sorted({page for _, page in manual.PAGES}))
def test_every_page_and_heading_is_there(page: str) -> None:
    name, _, heading = page.partition("#")
    assert not heading or heading in headings(name)
    assert (ROOT / name).is_file()


def test_blender_finds_a_page_for_every_button(shot_scene: Scene) -> None:
    for name in names_for_blender():
        address = WM_OT_doc_view_manual._lookup_rna_url(name, verbose=False)
        assert address.startswith(f"{EXTENSION.as_uri()}/docs/user/"), name


def test_every_pattern_is_of_something(shot_scene: Scene) -> None:
    seen = {
        manual.PAGES.index(next(row for row in manual.PAGES if _fits(row[0], name))) for name in names_for_blender()
    }
    assert seen == set(range(len(manual.PAGES)))


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern.replace(".", r"\.").replace("*", ".*"), name.lower()) is not None


def test_a_website_in_the_manifest_is_where_the_pages_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "blender_manifest.toml").write_text('website = "https://example.com/kling/"\n', encoding="utf-8")
    monkeypatch.setattr(manual, "_EXTENSION", tmp_path)
    address = manual.page_at(manual.base.__wrapped__(), "docs/user/generate.md#prompt")
    assert address == "https://example.com/kling/blob/HEAD/docs/user/generate.md#prompt"


def test_the_preferences_open_the_pages(shot_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    layout: Any = Layout()
    preferences_page._draw_pages(page_of("kling"), layout)
    for name, button in layout.buttons:
        assert name == "kling.open_page"
        assert bpy.ops.kling.open_page(page=button.page) == {"FINISHED"}
    here = EXTENSION.as_uri()
    assert opened == [manual.KEYS, f"{here}/docs/user/generate.md", f"{here}/CHANGELOG.md"]


def test_the_service_in_china_is_not_sent_to_the_other_ones_page_of_keys(shot_scene: Scene) -> None:
    layout: Any = Layout()
    preferences_page._draw_pages(page_of("kling-china"), layout)
    assert [button.page for _, button in layout.buttons] == ["HELP", "RELEASE_NOTES"]


def page_of(service: str) -> Any:
    """The preferences with that service."""
    return SimpleNamespace(service=service)


def test_disabled_the_extension_answers_no_more(scene: Scene) -> None:
    kling_omni_addon.register()
    kling_omni_addon.unregister()
    assert WM_OT_doc_view_manual._lookup_rna_url("bpy.ops.kling.submit", verbose=False) is None
