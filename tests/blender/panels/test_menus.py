"""The menu *Kling* of both editors: what search (F3) can find, and how it comes and goes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.blender.panels import menus, strip_menu
from kling_omni_addon.blender.submissions import actions, rows
from kling_omni_addon.blender.timeline import clip_strips, our_strips
from kling_omni_addon.blender.timeline.provenance import SHOT
from tests.workshop.grey_clips import WriteClip
from tests.workshop.layout import Button, Layout

Scene = Any


class Opened(Layout):
    """A layout that opens every menu that is drawn in it, and theirs."""

    def menu(self, name: str, **named: Any) -> None:
        kind = getattr(bpy.types, name)
        self.labels.append(named.get("text", kind.bl_label))
        bases = tuple(base for base in kind.__bases__ if base is not bpy.types.Menu)  # Blender alone makes menus
        drawn: Any = type(name, bases, {key: value for key, value in vars(kind).items() if not key.startswith("_")})()
        drawn.layout = self
        kind.draw.__get__(drawn)(bpy.context)

    def operator_menu_enum(self, name: str, choices: str, **_named: Any) -> Button:
        button = Button(name)
        assert button.known[choices].type == "ENUM"
        self.buttons.append((name, button))
        return button


def opened() -> Opened:
    layout = Opened()
    layout.menu("KLING_MT_kling")
    return layout


def test_every_command_of_the_search_is_in_the_menu(shot_scene: Scene, write_clip: WriteClip) -> None:
    clip_strips.place_clip(shot_scene, write_clip(), frame_start=1, name="shot", submission_id="kob-1")
    strip: Any = our_strips.find_strip(shot_scene, "kob-1")
    strip[SHOT] = "shot-1"
    shot_scene.sequence_editor.active_strip = strip
    reached = {name for name, _ in opened().buttons}
    reached |= {action for of_phase in actions._ACTIONS.values() for action in of_phase}  # in Active Job, as it stands
    in_search = {
        f"kling.{name}"
        for name in dir(bpy.ops.kling)
        if "INTERNAL" not in getattr(bpy.types, f"KLING_OT_{name}").bl_options
    }
    # Of a clip whose file is gone; of a job that is over; of two takes.
    assert in_search - reached == {"kling.fetch_again", "kling.hide_submission", "kling.switch_take"}


def test_the_menu_draws_in_an_empty_file(shot_scene: Scene) -> None:
    assert {"No job is active in the list", "Help", "Release Notes"} <= set(opened().labels)


@pytest.mark.parametrize("name", menus._HEADERS)
def test_the_menu_stands_in_the_headers_until_the_extension_is_disabled(name: str, scene: Scene) -> None:
    kling_omni_addon.register()
    assert menus._draw_in_header in getattr(bpy.types, name).draw._draw_funcs
    kling_omni_addon.unregister()
    assert menus._draw_in_header not in getattr(bpy.types, name).draw._draw_funcs


def test_the_strip_menu_of_the_header_offers_kling_for_movies_and_images_only(
    shot_scene: Scene, write_clip: WriteClip
) -> None:
    def offered() -> list[str]:
        layout = Layout()
        strip_menu._draw_in_strip_menu(SimpleNamespace(layout=layout), bpy.context)
        return [label for label in layout.labels if label]

    assert offered() == []
    shot_scene.sequence_editor_create()
    card = new_effect(strips_of(shot_scene), "COLOR", name="Card", channel=9, frame_start=1, length=10)
    shot_scene.sequence_editor.active_strip = card
    assert offered() == []
    clip_strips.place_clip(shot_scene, write_clip(), frame_start=1, name="shot", submission_id="kob-1")
    shot_scene.sequence_editor.active_strip = our_strips.find_strip(shot_scene, "kob-1")
    assert offered() == ["Kling"]


def test_without_an_id_a_command_is_about_the_active_job(shot_scene: Scene, write_clip: WriteClip) -> None:
    for frame, name in ((10, "kob-1"), (50, "kob-2")):
        clip_strips.place_clip(shot_scene, write_clip(), frame_start=frame, name=name, submission_id=name)
    rows.fill(["kob-2", "kob-1"], active="kob-1")
    assert bpy.ops.kling.reveal_strip() == {"FINISHED"}
    assert shot_scene.frame_current == 10


@pytest.mark.parametrize("command", ["place_clip", "look_again", "stop_waiting", "open_folder", "hide_submission"])
def test_without_an_active_job_it_says_what_to_select(shot_scene: Scene, command: str) -> None:
    with pytest.raises(RuntimeError, match="Select one in the list"):
        getattr(bpy.ops.kling, command)()


def test_no_command_remembers_which_job_it_was_about(shot_scene: Scene) -> None:
    for name in dir(bpy.ops.kling):
        properties = getattr(bpy.ops.kling, name).get_rna_type().properties
        if "submission_id" in properties:
            assert properties["submission_id"].is_skip_save, name
