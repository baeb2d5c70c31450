"""Data that the open file does not own is refused with a sentence, before anything is sent (second round, 11)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.host.sequencer import all_strips
from kling_omni_addon.blender.next_shots.each_shot import submit_each
from kling_omni_addon.blender.next_shots.storyboard import set_board
from kling_omni_addon.blender.shot import prompt
from kling_omni_addon.blender.submissions import placing
from kling_omni_addon.blender.takes import takes
from kling_omni_addon.blender.takes.load_settings import load_settings
from kling_omni_addon.blender.timeline import stand_in
from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.provenance import provenance_of
from kling_omni_addon.core.request import OmniRequest, Role
from kling_omni_addon.core.takes import Take
from tests.blender.conftest import Scene, WriteClip
from tests.workshop.processes import Rehearsal
from tests.workshop.shots import set_up_shot

REFUSED = r'Scene "Linked" is linked from library\.blend'


def write_library(path: Path, name: str) -> None:
    """A .blend with a scene that somebody else works on, and a text."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene: Any = bpy.context.scene
    scene.name = name
    set_up_shot(scene)
    scene.sequence_editor_create()
    kept = bpy.data.texts.new("Their Prompt")
    kept.from_string("a cube turns")
    scene.kling.prompt_text = kept
    bpy.ops.wm.save_as_mainfile(filepath=str(path))


def link(path: Path, name: str) -> Scene:
    """The scene of a library in the open file."""
    libraries: Any = bpy.data.libraries
    with libraries.load(str(path), link=True) as (_, wanted):
        wanted.scenes = [name]
    return next(scene for scene in bpy.data.scenes if scene.name == name and scene.library is not None)


@pytest.fixture
def linked(road: Scene, tmp_path: Path) -> Scene:
    """A saved file with a scene of a library beside its own; the scene of the library is set up to be generated."""
    path = tmp_path / "film.blend"
    bpy.ops.wm.save_mainfile()
    write_library(tmp_path / "library.blend", "Linked")
    bpy.ops.wm.open_mainfile(filepath=str(path))
    scene = link(tmp_path / "library.blend", "Linked")
    scene.kling.mode, scene.kling.duration_s = "std", 3
    return scene


def strips_of(scene: Scene) -> list[str]:
    return [strip.name for strip in all_strips(scene)]


def test_nothing_is_sent_for_a_linked_scene(linked: Scene, rehearsal: Rehearsal) -> None:
    before = rehearsal.stats()["creates_by_external_id"]
    with pytest.raises(KlingError, match=REFUSED):
        api.submit(linked)
    with pytest.raises(KlingError, match=REFUSED):
        api.submit_request(
            OmniRequest(prompt="waves", mode="std", aspect_ratio="16:9", duration_s=3),
            Target(blend=bpy.data.filepath, scene="Linked", has_stand_in=True),
        )
    with pytest.raises(KlingError, match=REFUSED):
        submit_each(linked, ())
    with bpy.context.temp_override(scene=linked), pytest.raises(RuntimeError, match=r"linked from library\.blend"):
        bpy.ops.kling.submit()
    assert rehearsal.stats()["creates_by_external_id"] == before
    assert api.submissions() == ()
    assert strips_of(linked) == []


def test_the_panel_says_why_before_anybody_presses(linked: Scene) -> None:
    told = [problem.message for problem in api.problems_of(linked) if problem.is_fault]
    assert any("is linked from library.blend" in message for message in told)


CHANGES: dict[str, Callable[[Scene, Path], object]] = {
    "camera": lambda scene, _: api.capture_camera(scene, Role.FIRST),
    "file": lambda scene, path: api.use_file(scene, Role.FIRST, path),
    "image": lambda scene, _: api.use_image(scene, Role.FIRST, bpy.data.images.new("Card", 8, 8)),
    "settings": lambda scene, _: load_settings(scene, {"wish": {}}),
    "storyboard": lambda scene, _: set_board(scene, [], 24.0),
    "prompt": lambda scene, _: prompt.set_prompt(scene.kling, "another"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_is_set_in_a_linked_scene(linked: Scene, change: Any, tmp_path: Path) -> None:
    picture = tmp_path / "card.png"
    picture.write_bytes(b"")
    with pytest.raises(KlingError, match=r"is linked from library\.blend"):
        change(linked, picture)
    assert (linked.kling.first_frame, len(linked.kling.references), len(linked.kling.board)) == ("", 0, 0)
    assert not (tmp_path / "kling" / "frames").exists()


def test_a_linked_text_is_not_written(linked: Scene) -> None:
    text = next(text for text in bpy.data.texts if text.library is not None)
    own: Any = bpy.context.scene
    own.kling.prompt_text = text
    with pytest.raises(KlingError, match=r'Text "Their Prompt" is linked from library\.blend'):
        prompt.set_prompt(own.kling, "another")
    assert text.as_string().strip() == "a cube turns"


def test_operators_of_the_shot_are_off_in_a_linked_scene(linked: Scene) -> None:
    with bpy.context.temp_override(scene=linked):
        for operator in ("set_duration", "insert_name", "clear_frame", "fix", "add_item", "prompt_to_field"):
            assert not getattr(bpy.ops.kling, operator).poll(), operator
    assert bpy.ops.kling.set_duration.poll()


def test_a_clip_is_placed_in_the_files_own_scene_where_a_linked_one_has_the_same_name(
    road: Scene, tmp_path: Path
) -> None:
    own_name, path = road.name, tmp_path / "film.blend"
    bpy.ops.wm.save_mainfile()
    write_library(tmp_path / "library.blend", own_name)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    linked = link(tmp_path / "library.blend", own_name)
    own = next(scene for scene in bpy.data.scenes if scene.name == own_name and scene.library is None)
    own.frame_current = 12
    made = api.submit(own)
    assert api.wait([made.id], 120)[0].phase is Phase.FETCHED
    assert [placed.frame_start for placed in api.place_arrived()] == [12]
    assert (len(strips_of(own)), strips_of(linked)) == (1, [])


def test_a_stand_in_of_a_linked_scene_waits_for_its_own_file(road: Scene, tmp_path: Path) -> None:
    """Filled here, the clip would be lost on reload, and the record would say that it is placed."""
    film, other = tmp_path / "film.blend", tmp_path / "other.blend"
    made = api.submit(road)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(other))
    linked = link(film, "Scene")
    assert strips_of(linked) != []
    assert api.wait([made.id], 120)[0].phase is Phase.FETCHED
    assert api.place_arrived() == []
    with pytest.raises(KlingError, match=r'Scene "Scene" is linked from film\.blend'):
        api.place(made.id, linked)
    assert api.submission(made.id).phase is Phase.FETCHED
    bpy.ops.wm.open_mainfile(filepath=str(film))
    assert len(api.place_arrived()) == 1


def test_the_strip_of_a_linked_scene_plays_what_it_played(
    linked: Scene, write_clip: WriteClip, road: Scene, tmp_path: Path
) -> None:
    own: Any = next(scene for scene in bpy.data.scenes if scene.library is None)
    made = api.submit(own)
    (fetched,) = api.wait([made.id], 120)
    snapshots.refresh()
    strip = stand_in.new_stand_in(
        linked, tmp_path, name="theirs", submission_id="theirs", channel=1, frame_start=1, length=72
    )
    played = strip.filepath
    for change in (
        lambda: placing.replace_with(strip, linked, fetched),
        lambda: takes.show_take(linked, strip, Take(clip=fetched.clip, provenance=provenance_of(fetched))),
    ):
        with pytest.raises(KlingError, match=REFUSED):
            change()
    assert strip.filepath == played
    assert opening.session().read(made.id).phase is Phase.FETCHED
