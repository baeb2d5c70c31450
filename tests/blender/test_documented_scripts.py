"""Every Python example of docs/scripting.md runs, on the installed extension, as a script of a background Blender."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.host import sequencer
from tests.workshop import shot_properties
from tests.workshop.parked import parked_in
from tests.workshop.processes import API_KEY, ROOT, Rehearsal, running
from tests.workshop.scripting_page import PAGE, SECTIONS, blocks
from tests.workshop.shots import add_camera, set_up_shot

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")

Run = Callable[[str], str]
BLENDER: tuple[str | Path, ...] = (sys.executable, Path(__file__).with_name("background_blender.py"))
IN_A_WINDOW = "In a window"  # tests/gui runs that one


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.2, processing_s=0.2) as server:
        yield server


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's Blender folder with the extension installed."""
    folder: Path = tmp_path_factory.mktemp("user")
    build: list[str | Path] = [sys.executable, ROOT / ".ci" / "extension.py", "build", "--out", folder]
    subprocess.run(build, check=True, capture_output=True)
    (extension,) = folder.glob("*.zip")
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(folder)}
    subprocess.run([*BLENDER, "install", extension], env=environment, check=True, capture_output=True)
    return folder


@pytest.fixture
def film(scene: bpy.types.Scene, tmp_path: Path) -> Path:
    """A saved file with a camera, something to see, and a marker with a camera of its own."""
    set_up_shot(scene)
    scene.frame_start, scene.frame_end, scene.frame_current = 1, 48, 12
    for name, frame in (("A cube on the left", 1), ("A cube on the right", 100)):
        scene.timeline_markers.new(name, frame=frame).camera = add_camera(scene, name)
    path = tmp_path / "film.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


@pytest.fixture
def run(film: Path, user: Path, rehearsal: Rehearsal, tmp_path: Path) -> Run:
    """Runs a script on the film, with the rehearsal server as its service; what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    environment = kept | {
        "BLENDER_USER_RESOURCES": str(user),
        "KLING_HOME": str(tmp_path / "home"),
        "KLING_BASE_URL": rehearsal.url,
        "KLING_API_KEY": API_KEY,
    }

    def ran(code: str) -> str:
        script = tmp_path / "generate.py"
        script.write_text(code, encoding="utf-8")
        command: list[str | Path] = [*BLENDER, "run", film, script]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    return ran


def movies(film: Path) -> list[Any]:
    """The clips on the saved film's timeline, in their order."""
    bpy.ops.wm.open_mainfile(filepath=str(film))
    scene = bpy.context.scene
    assert scene is not None
    return sorted((s for s in sequencer.strips_of(scene) if s.type == "MOVIE"), key=sequencer.start_of)


def test_the_operators_bring_a_clip_to_the_timeline(run: Run, film: Path) -> None:
    (code,) = blocks("Operators", "python")
    run(code)
    (strip,) = movies(film)
    assert (sequencer.start_of(strip), sequencer.length_of(strip)) == (12, 72)


def test_the_functions_bring_a_clip_to_the_timeline_and_say_what_it_costs(run: Run, film: Path) -> None:
    (code,), (sums,) = blocks("Functions", "python"), blocks("Costs", "python")
    said = run(f"{code}\n{sums}\n{sums.replace('by=', 'rehearsed=True, by=')}")
    (strip,) = movies(film)
    assert (sequencer.start_of(strip), sequencer.length_of(strip)) == (12, 72)
    assert "It costs 1.8 units" in said
    assert f"Saved: '{bpy.path.abspath(strip.filepath)}'" in said
    assert f"On channel {strip.channel} at frame 12" in said
    assert "In all 0 units and {} of the balance" in said, "a rehearsal costs nothing"
    assert "lighthouse_rises_v001 1 clips 1.8 units, up to 0 more" in said


def test_what_is_wrong_is_told_and_nothing_is_recorded(run: Run) -> None:
    refused, _ = blocks("When something is wrong", "python")
    assert "R14 prompt" in run(refused)


def test_a_parked_submission_is_looked_for_again(run: Run, rehearsal: Rehearsal, tmp_path: Path) -> None:
    _, decides = blocks("When something is wrong", "python")
    parked = parked_in(tmp_path / "home", rehearsal.url)
    assert f"{parked} parked Kling did not respond" in run(decides)
    after = run(f"{decides}\nprint('now', api.submission({parked!r}).phase)")
    assert "now parked" not in after


def test_several_shots_go_out_together_and_each_clip_comes_to_its_marker(run: Run, film: Path) -> None:
    (code,) = blocks("Several shots of one file", "python")
    said = run(code)
    assert said.count(" fetched ") == 2
    assert [sequencer.start_of(strip) for strip in movies(film)] == [1, 100]


def test_no_example_is_left_out() -> None:
    tried = {"Operators": 1, "Functions": 1, "Costs": 1, "When something is wrong": 2, "Several shots of one file": 1}
    assert {s: len(blocks(s, "python")) for s in SECTIONS if blocks(s, "python")} == tried | {IN_A_WINDOW: 1}


def test_every_function_stands_on_the_page_with_its_parameters() -> None:
    named = dict(re.findall(r"`(\w+)\(([^`]*)\)`", SECTIONS["Functions"]))
    functions = {name: getattr(api, name) for name in api.__all__ if inspect.isfunction(getattr(api, name))}
    assert named.keys() == functions.keys()
    for name, function in functions.items():
        parameters = [parameter.strip(" =") for parameter in named[name].split(",") if parameter]
        real = [parameter.replace("submission_id", "id") for parameter in inspect.signature(function).parameters]
        assert parameters == real, name
        assert inspect.getdoc(function), name


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_of_the_interface_stands_on_the_page(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE)


def test_every_property_of_a_shot_stands_on_the_page(shot_scene: bpy.types.Scene) -> None:
    section = SECTIONS["Properties of a Shot"]
    assert section[section.index("| `scene.kling` |") :].strip() == shot_properties.table()
    parts = {
        known.fixed_type.identifier for known in shot_scene.kling.bl_rna.properties if hasattr(known, "fixed_type")
    }
    assert {part for part in parts if part.startswith("KLING_")} == shot_properties.GROUPS.keys() - {"KLING_PG_shot"}
    assert hasattr(shot_scene.kling, "words")


def test_every_operator_of_the_search_stands_on_the_page_with_its_properties(shot_scene: bpy.types.Scene) -> None:
    rows = re.findall(r"^\| `(\w+)\((.*?)\)`", SECTIONS["All operators"], re.MULTILINE)
    for_files = {"check_existing", "filter_glob", "filter_image", "filter_folder"}  # the file browser's own affair
    real: dict[str, str] = {}
    for name in dir(bpy.ops.kling):
        if "INTERNAL" not in getattr(bpy.types, f"KLING_OT_{name}").bl_options:
            properties = getattr(bpy.ops.kling, name).get_rna_type().properties
            names = [p.identifier for p in properties if p.identifier not in {"rna_type", *for_files}]
            real[name] = ", ".join(f"{each}=" for each in names)
    assert dict(rows) == real
