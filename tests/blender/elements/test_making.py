"""Elements made of Blender's objects at a rehearsal server: made once, kept with the object, used in a shot."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import docs.demo.scene as lighthouse
from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import element_library, opening, questions
from kling_omni_addon.blender.elements import making, records
from kling_omni_addon.blender.panels import library
from kling_omni_addon.core.errors import ArgumentsInvalid, CaptureFailed, KlingError, NotSent
from tests.workshop.layout import Layout
from tests.workshop.processes import API_KEY, Rehearsal, running
from tests.workshop.shots import add_cube

Scene = Any
Thing = Any

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")
LOOK = api.Look(views=2, engine=api.Engine.WORKBENCH, size_px=300)
DRAWN_SMALL = {"views": 2, "engine": "WORKBENCH", "size": 300}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.1, processing_s=0.1) as server:
        yield server


@pytest.fixture
def served(shot_scene: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene of an account without elements."""
    monkeypatch.setenv("KLING_BASE_URL", rehearsal.url)
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    monkeypatch.setenv("KLING_LOOK_WINDOW_S", "3")
    rehearsal.ask("POST", "/rehearsal/reset")
    shot_scene.kling.prompt, shot_scene.kling.kind = "a fox runs", "REFERENCES"
    return shot_scene


@pytest.fixture
def cube(served: Scene) -> Thing:
    thing = add_cube(served)
    bpy.context.view_layer.objects.active = thing
    return thing


def arm(rehearsal: Rehearsal, fault: str) -> None:
    rehearsal.ask("POST", "/rehearsal/faults", {"name": fault})


def own() -> list[str]:
    return [element.name for element in opening.session().service.elements(presets=False)]


def drawn() -> Layout:
    layout = Layout()
    library.draw_library(layout, bpy.context)  # type: ignore[arg-type]
    return layout


# Made and used --------------------------------------------------------------------------------------------------------


def test_an_element_of_a_collection_of_the_demo_is_used_in_a_shot(served: Scene, tmp_path: Path) -> None:
    lighthouse.build(served)
    tower = bpy.data.collections.new("Lighthouse")
    served.collection.children.link(tower)
    for thing in [thing for thing in served.objects if thing.name.startswith(("Tower", "Gallery", "Lamp", "Roof"))]:
        tower.objects.link(thing)
        served.collection.objects.unlink(thing)
    made = api.make_element(tower, "Hero", "A lighthouse with red and white bands", scene=served, look=LOOK)
    assert (made.name, made.description) == ("Hero", "A lighthouse with red and white bands")
    assert own() == ["Hero"]
    shot = served.kling
    assert [(element.name, element.element_id) for element in shot.elements] == [("Hero", str(made.id))]

    shot.prompt, shot.duration_s, shot.mode = "@element:Hero stands in a storm", 3, "std"
    assert [problem.message for problem in api.problems_of(served) if problem.is_fault] == []
    submission = api.submit(served)
    assert "<<<element_1>>> stands in a storm" in "".join(map(str, submission.payload.pieces))
    (done,) = api.wait([submission.id], 120)
    assert done.phase is api.Phase.FETCHED, done.problem


def test_the_operator_makes_one_of_the_active_object_and_names_it_after_it(cube: Thing, served: Scene) -> None:
    assert bpy.ops.kling.make_element(**DRAWN_SMALL) == {"FINISHED"}
    assert own() == ["Cube"]
    assert [element.name for element in served.kling.elements] == ["Cube"]
    assert bpy.ops.kling.make_element(element_name="Alone", adds_to_shot=False, **DRAWN_SMALL) == {"FINISHED"}
    assert len(served.kling.elements) == 1


def test_the_id_stays_with_the_object_in_the_file(cube: Thing, served: Scene, tmp_path: Path) -> None:
    made = api.make_element(cube, "Hero", "a cube", look=LOOK)
    assert len(served.kling.elements) == 0
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    scene: Any = bpy.context.scene
    bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    assert bpy.ops.kling.use_made_element() == {"FINISHED"}
    assert [(element.name, element.element_id) for element in scene.kling.elements] == [("Hero", str(made.id))]


def test_another_account_does_not_take_the_id_for_its_own(
    cube: Thing, served: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.make_element(cube, "Hero", "a cube", look=LOOK)
    monkeypatch.setenv("KLING_API_KEY", "another key")
    with pytest.raises(RuntimeError, match="This account has no element of it"):
        bpy.ops.kling.use_made_element()
    assert records.record_of(cube) is None
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    assert bpy.ops.kling.use_made_element() == {"FINISHED"}


# Sent once ------------------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_looked_for_and_the_element_is_there_once(cube: Thing, rehearsal: Rehearsal) -> None:
    arm(rehearsal, "created-but-reset@element-create")
    made = api.make_element(cube, "Hero", "a cube", look=LOOK)
    assert rehearsal.ask("GET", "/rehearsal/faults")["armed"] == []  # it struck
    assert made.name == "Hero"
    assert own() == ["Hero"]


def test_what_stays_lost_is_said_and_looked_for_before_it_is_sent_again(cube: Thing, rehearsal: Rehearsal) -> None:
    arm(rehearsal, "created-but-reset@element-create")
    arm(rehearsal, "5000@element-query:99")
    with pytest.raises(KlingError, match='No response from Kling about the element "Hero"'):
        api.make_element(cube, "Hero", "a cube", look=LOOK)
    assert "No response from Kling" in drawn().text
    arm(rehearsal, "5000:0")
    api.make_element(cube, "Hero", "a cube", look=LOOK)
    assert own() == ["Hero"]
    assert records.sent_before(cube) is None


def test_a_name_that_is_taken_is_not_sent(cube: Thing) -> None:
    api.make_element(cube, "Hero", "a cube", look=LOOK)
    with pytest.raises(KlingError, match=r'already has an element "Hero"\. Nothing was sent'):
        api.make_element(cube, "Hero", "a cube", look=LOOK)
    assert own() == ["Hero"]


def test_nothing_is_rendered_for_what_would_be_refused(
    cube: Thing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ArgumentsInvalid, match="Kling accepts at most 20"):
        api.make_element(cube, "n" * 21, "a cube", look=LOOK)
    cube.hide_render = True
    with pytest.raises(CaptureFailed, match="hidden in renders"):
        api.make_element(cube, "Hero", "a cube", look=LOOK)
    cube.hide_render = False
    monkeypatch.setenv("KLING_BASE_URL", "https://example.com")
    with pytest.raises(NotSent):
        api.make_element(cube, "Hero", "a cube", look=LOOK)
    assert list(tmp_path.rglob("*.png")) == []


# In the library -------------------------------------------------------------------------------------------------------


def test_a_new_element_comes_first_in_the_library_with_its_buttons(cube: Thing) -> None:
    bpy.ops.kling.show_library()
    made = api.make_element(cube, "Hero", "a cube", look=LOOK)
    rows = element_library.library().elements
    assert (rows[0].name, rows[0].element_id, rows[0].is_offered) == ("Hero", str(made.id), False)
    names = [name for name, _ in drawn().buttons]
    assert {"kling.make_element", "kling.rename_element", "kling.delete_element"} <= set(names)
    element_library.library().index = len(rows) - 1  # one of Kling's
    names = [name for name, _ in drawn().buttons]
    assert "kling.delete_element" not in names


def test_the_rest_of_the_library_can_be_asked_for_beside_a_new_element(cube: Thing) -> None:
    api.make_element(cube, "Hero", "a cube", look=LOOK)
    assert "Hero" in [row.name for row in element_library.library().elements]
    assert "kling.show_library" in [name for name, _ in drawn().buttons]


def test_an_element_is_renamed_in_this_file_and_keeps_its_name_at_kling(cube: Thing, served: Scene) -> None:
    made = str(api.make_element(cube, "Hero", "a cube", scene=served, look=LOOK).id)
    served.kling.prompt = "@element:Hero walks past @element:Hero-like rocks"
    assert bpy.ops.kling.rename_element(element_id=made, name="Red Fox") == {"FINISHED"}
    assert served.kling.elements[0].name == "Red Fox"
    assert served.kling.prompt == '@element:"Red Fox" walks past @element:Hero-like rocks'
    assert own() == ["Hero"]
    bpy.ops.kling.show_library()
    assert element_library.library().elements[0].name == "Red Fox"


def test_an_element_that_nothing_here_is_cannot_be_renamed(cube: Thing) -> None:
    made = str(api.make_element(cube, "Hero", "a cube", look=LOOK).id)
    bpy.data.objects.remove(cube)
    with pytest.raises(RuntimeError, match="Add it to the shot first"):
        bpy.ops.kling.rename_element(element_id=made, name="Fox")


def test_a_deleted_element_is_gone_from_the_library_the_object_and_the_shot(cube: Thing, served: Scene) -> None:
    made = str(api.make_element(cube, "Hero", "a cube", scene=served, look=LOOK).id)
    bpy.ops.kling.show_library()
    assert bpy.ops.kling.delete_element(element_id=made) == {"FINISHED"}
    assert own() == []
    assert made not in [row.element_id for row in element_library.library().elements]
    assert len(served.kling.elements) == 0
    assert records.record_of(cube) is None


def test_kling_keeps_its_own_elements(served: Scene) -> None:
    bpy.ops.kling.show_library()
    offered = element_library.library().elements[-1].element_id
    with pytest.raises(RuntimeError, match="no such element of your own"):
        bpy.ops.kling.delete_element(element_id=offered)


def test_another_account_forgets_what_was_being_made(cube: Thing) -> None:
    api.make_element(cube, "Hero", "a cube", look=LOOK)
    questions.forget()
    assert (making.making.answer, making.making.problem) == (None, "")
