"""The verbs about one .blend file: its shot as a request file, its frames, its clips, its edit. Each runs in this
process, as ``blender --command kling`` runs it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon.blender import api
from kling_omni_addon.blender.host import sequencer
from kling_omni_addon.blender.timeline import stand_in
from kling_omni_addon.blender.timeline.clip_strips import place_clip
from kling_omni_addon.blender.timeline.our_strips import find_strips
from kling_omni_addon.command_line import cli
from kling_omni_addon.core.errors import ArgumentsInvalid, RequestInvalid
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.media import picture_facts
from kling_omni_addon.work.journal import Journal
from tests.blender.sound import HAS_SOUND
from tests.workshop.arrived import arrived_in
from tests.workshop.grey_clips import WriteClip
from tests.workshop.parked import parked_in
from tests.workshop.places import ROOT
from tests.workshop.rehearsal_stand import png
from tests.workshop.shots import add_camera, set_up_shot

Scene = Any
PAGE = (ROOT / "docs" / "td" / "command_line.md").read_text("utf-8")
SECTION = PAGE.partition("## One .blend File")[2].partition("\n## ")[0]
EXAMPLES = {
    "place": "place film.blend ID --frame 101 --channel 2",
    "capture": "capture film.blend --frames 1,48 --out frames",
    "export": "export film.blend film.otio",
    "request": "request film.blend",
}


@dataclass(frozen=True)
class Said:
    """What a verb said, and how it ended."""

    code: int
    lines: list[dict[str, Any]]
    errors: str


Kling = Callable[..., Said]


@pytest.fixture
def kling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Kling:
    """Runs a verb in the folder of the film, with a home of its own and without a key."""
    for name in [name for name in os.environ if name.startswith("KLING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def ran(*words: object) -> Said:
        capsys.readouterr()
        code = cli.main([str(word) for word in words])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Said(code, [json.loads(line) for line in printed.out.splitlines()], printed.err)

    return ran


@pytest.fixture
def film(scene: Scene, tmp_path: Path) -> Path:
    """A film of two seconds with a camera of its own, and from frame 40 on one that a marker binds."""
    set_up_shot(scene)
    scene.frame_start, scene.frame_end, scene.frame_current = 1, 48, 12
    main = scene.camera
    main.name = "Main"
    for frame, camera in ((1, main), (40, add_camera(scene, "Second", x=1.0))):
        scene.timeline_markers.new(camera.name, frame=frame).camera = camera
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    return tmp_path / "film.blend"


@pytest.fixture
def arrived(tmp_path: Path, write_clip: WriteClip) -> str:
    """A job of the command line, whose clip of two seconds is here."""
    return arrived_in(tmp_path / "home", write_clip(has_sound=HAS_SOUND), Target(name="alley"))


def strips_of(film: Path, submission_id: str) -> list[tuple[str, int, int, int]]:
    """The picture strips of a job in the saved film: scene, channel, first frame, length."""
    bpy.ops.wm.open_mainfile(filepath=str(film))
    return [
        (scene.name, strip.channel, sequencer.start_of(strip), sequencer.length_of(strip))
        for scene in bpy.data.scenes
        for strip in find_strips(scene, submission_id)
    ]


def phase_of(tmp_path: Path, submission_id: str) -> Phase:
    with closing(Journal(tmp_path / "home" / "journal.sqlite3")) as journal:
        found = journal.load(submission_id)
    assert found is not None
    return found.phase


# place


def test_a_clip_is_placed_frame_exact_and_never_twice(kling: Kling, film: Path, arrived: str, tmp_path: Path) -> None:
    said = kling("place", "film.blend", arrived, "--frame", 101, "--channel", 4)
    (line,) = said.lines
    channel = 4 + HAS_SOUND  # the sound lies below its picture
    assert (said.code, line["frame_start"], line["frame_duration"], line["was_there"]) == (0, 101, 48, False)
    assert (line["scene"], line["channel"], bool(line["sound"])) == ("Scene", channel, HAS_SOUND)
    assert f"Saved: '{film}'" in said.errors
    assert strips_of(film, arrived) == [("Scene", channel, 101, 48)]
    assert phase_of(tmp_path, arrived) is Phase.PLACED
    saved = film.read_bytes()
    for again in ((), ("--frame", 101, "--channel", 4), ("--frame", 7)):
        (line,) = kling("place", "film.blend", arrived, *again).lines
        assert (line["frame_start"], line["channel"], line["was_there"]) == (101, channel, True)
    assert film.read_bytes() == saved


def test_without_a_frame_it_goes_where_the_job_says(
    kling: Kling, film: Path, write_clip: WriteClip, tmp_path: Path
) -> None:
    bpy.data.scenes.new("Reel 2")
    bpy.ops.wm.save_mainfile()
    target = Target(name="roof", blend=str(film), scene="Reel 2", frame_start=33)
    roof = arrived_in(tmp_path / "home", write_clip(), target)
    assert kling("place", "film.blend", roof).code == 0
    assert strips_of(film, roof) == [("Reel 2", 1, 33, 48)]
    assert kling("place", "film.blend", roof, "--scene", "Scene").lines[0]["was_there"] is False
    assert [place[0] for place in strips_of(film, roof)] == ["Reel 2", "Scene"] or strips_of(film, roof)[0][
        0
    ] == "Scene"


def test_a_placeholder_becomes_the_clip_wherever_it_is_to_go(
    kling: Kling, film: Path, write_clip: WriteClip, tmp_path: Path
) -> None:
    kling_omni_addon.register()
    for name, frame in (("here", 20), ("there", 90)):
        here: dict[str, Any] = {"channel": 3, "frame_start": frame, "length": 30}
        stand_in.new_stand_in(bpy.data.scenes[0], tmp_path / "clips", name=name, submission_id=f"kob-{name}", **here)
        target = Target(name=name, blend=str(film), scene="Scene", frame_start=frame, has_stand_in=True)
        arrived_in(tmp_path / "home", write_clip(), target)
    bpy.ops.wm.save_mainfile()
    kling_omni_addon.unregister()
    assert kling("place", "film.blend", "kob-here").code == 0
    assert kling("place", "film.blend", "kob-there", "--frame", 201).code == 0
    assert strips_of(film, "kob-here") == [("Scene", 3, 20, 48)]
    assert [(start, length) for _, _, start, length in strips_of(film, "kob-there")] == [(201, 48)]


def test_the_same_by_a_function(shot_scene: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    alley = arrived_in(tmp_path / "home", write_clip(), Target(name="alley", scene=shot_scene.name))
    placed = api.place(alley, frame=57, channel=9)
    assert (placed.frame_start, placed.channel, placed.frame_duration) == (57, 9, 48)
    assert api.place(alley, frame=3) == placed
    assert api.submission(alley).phase is Phase.PLACED


def test_what_cannot_be_placed_changes_nothing(
    kling: Kling, film: Path, arrived: str, write_clip: WriteClip, tmp_path: Path
) -> None:
    saved, waiting = film.read_bytes(), parked_in(tmp_path / "home", "http://127.0.0.1:9")
    lost = arrived_in(tmp_path / "home", write_clip(frames=24), Target(name="lost"))
    with closing(Journal(tmp_path / "home" / "journal.sqlite3")) as journal:
        found = journal.load(lost)
    assert found is not None
    Path(found.clip).unlink()
    for words, code, sentence in (
        (("film.blend", "nobody's"), 2, 'There is no job "nobody\'s". List all jobs with: kling status'),
        (("film.blend", waiting), 4, "has no clip"),
        (("film.blend", lost), 5, "cannot be added to the Sequencer"),
        (("film.blend", arrived, "--scene", "Reel 9"), 2, 'has no scene "Reel 9", only "Scene".'),
        (("film.blend", arrived, "--frame", "soon"), 2, '"soon" is not a frame like 1 or 121'),
        (("film.blend", arrived, "--channel", "129"), 2, "is not a whole number from 1 to 128"),
        (("nowhere.blend", arrived), 2, 'There is no file "nowhere.blend". Check the path.'),
        (("home/journal.sqlite3", arrived), 2, "Blender cannot open"),
    ):
        said = kling("place", *words)
        assert (said.code, list(said.lines[-1])) == (code, ["error", "field", "remedy", "exit_code"]), said
        assert sentence in said.errors
    assert film.read_bytes() == saved
    assert phase_of(tmp_path, arrived) is Phase.FETCHED


# capture


def test_frames_are_rendered_by_the_camera_of_each_and_the_film_is_untouched(
    kling: Kling, film: Path, tmp_path: Path
) -> None:
    saved = film.read_bytes()
    said = kling("capture", "film.blend")
    assert said.code == 0, said
    assert [(line["frame"], line["camera"]) for line in said.lines] == [(1, "Main"), (48, "Second")]
    assert [Path(line["path"]) for line in said.lines] == [
        tmp_path / "kling" / "frames" / f"film_Scene_{frame}.jpg" for frame in ("0001", "0048")
    ]
    (summary,) = kling(
        *("capture", "film.blend", "--frames", "48,5,48", "--camera", "Main", "--scene", "Scene", "--json"),
        *("--out", "stills", "--aspect-ratio", "1:1", "--engine", "cycles"),
    ).lines
    assert [(line["frame"], line["camera"]) for line in summary["images"]] == [(48, "Main"), (5, "Main")]
    assert summary["exit_code"] == 0
    first, last = sorted((tmp_path / "stills").iterdir())
    assert [first.name, last.name] == ["film_Scene_Main_0005.jpg", "film_Scene_Main_0048.jpg"]
    with first.open("rb") as image:
        facts = picture_facts(image, first.stat().st_size)
    assert (facts.format, facts.width) == ("jpeg", facts.height)
    assert film.read_bytes() == saved


def test_what_cannot_be_captured_is_told(kling: Kling, film: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    for words, field, sentence in (
        (("--camera", "Third"), "camera", 'Scene "Scene" has no camera "Third", only "Main", "Second".'),
        (("--scene", "Reel 9"), "scene", '"film.blend" has no scene "Reel 9", only "Scene". Name one of the file.'),
        (("--frames", "1,,2"), "arguments", '"" is not a frame like 1 or 121'),
        (("--aspect-ratio", "5:4"), "arguments", "invalid choice: '5:4'"),
        (("--frames", "1", "--out", "taken"), "path", "taken"),
    ):
        said = kling("capture", "film.blend", *words)
        assert (said.code, said.lines[-1]["field"]) == (2, field), said
        assert sentence in said.errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.blend", "taken"]


# export


def test_the_edit_is_exported(kling: Kling, film: Path, arrived: str, tmp_path: Path) -> None:
    assert "has no clips" in kling("export", "film.blend", "film.otio").errors
    assert not (tmp_path / "film.otio").exists()
    kling("place", "film.blend", arrived, "--frame", 25)
    said = kling("export", "film.blend", "film.otio", "--scene", "Scene")
    assert (said.code, said.lines) == (
        0,
        [{"path": str(tmp_path / "film.otio"), "scene": "Scene", "clips": 1 + HAS_SOUND, "left_out": 0}],
    )
    opentimelineio = pytest.importorskip("opentimelineio", reason="has no wheel for this Python")
    timeline = opentimelineio.adapters.read_from_file(str(tmp_path / "film.otio"))
    assert {clip.name for clip in timeline.find_clips()} == {"alley", *(["alley Sound"] if HAS_SOUND else [])}
    assert kling("export", "film.blend", tmp_path / "film.blend" / "x.otio").code == 2


def test_an_export_writes_over_nothing_but_another_timeline(
    kling: Kling, film: Path, arrived: str, tmp_path: Path
) -> None:
    assert kling("place", film, arrived).code == 0
    before = film.read_bytes()
    (tmp_path / "link.otio").symlink_to(film)
    for target, sentence in (
        (film, "does not end in .otio"),
        ("out.json", "does not end in .otio"),
        ("link.otio", "is no file of its own"),
    ):
        said = kling("export", film, target)
        assert (said.code, sentence in said.errors) == (2, True), said
    assert film.read_bytes() == before
    assert not (tmp_path / "out.json").exists()
    assert [kling("export", film, "out.otio").code for _ in range(2)] == [0, 0]


def test_a_clip_is_placed_in_the_file_that_a_link_leads_to(
    kling: Kling, film: Path, arrived: str, tmp_path: Path
) -> None:
    (tmp_path / "latest.blend").symlink_to(film)
    said = kling("place", "latest.blend", arrived)
    assert (said.code, (tmp_path / "latest.blend").is_symlink()) == (0, True), said
    assert Path(said.lines[-1]["blend"]) == film.resolve()


def test_images_of_two_cameras_are_two_files_whatever_they_are_called(kling: Kling, film: Path, tmp_path: Path) -> None:
    scene: Any = bpy.context.scene
    for name in ("B c", "B_c"):
        add_camera(scene, name)
    bpy.ops.wm.save_as_mainfile(filepath=str(film))
    said = [
        kling("capture", film, "--camera", name, "--frames", "1", "--engine", "workbench") for name in ("B c", "B_c")
    ]
    assert len({each.lines[-1]["path"] for each in said}) == 2


def test_frames_and_the_edit_by_functions(shot_scene: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    set_up_shot(shot_scene)
    pictures = api.capture_frames(shot_scene, [3, 9], tmp_path, engine=api.Engine.CYCLES)
    assert [(each.frame, each.camera, each.path.is_file()) for each in pictures] == [
        (3, "Front", True),
        (9, "Front", True),
    ]
    place_clip(shot_scene, write_clip(), frame_start=1, name="alley", submission_id="kob-1")
    assert api.export_otio(shot_scene, tmp_path / "film.otio") == (1, 0)


# request


def test_the_shot_of_a_scene_is_printed_as_a_request_file(
    kling: Kling, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kling_omni_addon.register()
    (tmp_path / "kling").mkdir()
    (tmp_path / "kling" / "chair.png").write_bytes(png(640, 360))
    shot = bpy.context.scene.kling
    shot.kind, shot.prompt, shot.mode, shot.duration_s = "REFERENCES", "@image:chair burns", "std", 4
    reference = shot.references.add()
    reference.name, reference.path = "chair", "//kling/chair.png"
    bpy.ops.wm.save_mainfile()
    assert api.request_file(bpy.data.scenes[0])["prompt"] == "<<<image_1>>> burns"
    kling_omni_addon.unregister()
    said = kling("request", "film.blend")
    (body,) = said.lines
    assert (said.code, body["prompt"], body["duration"]) == (0, "<<<image_1>>> burns", "4")
    assert body["image_list"] == [{"image_url": str(tmp_path / "kling" / "chair.png")}]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shot.json").write_text(json.dumps(body))
    monkeypatch.chdir(elsewhere)
    assert kling("validate", "shot.json").lines == []
    assert kling("request", film, "--scene", "Reel 9").code == 2


def test_a_shot_that_is_refused_or_made_of_a_clip_of_ours_has_no_request_file(shot_scene: Scene) -> None:
    shot = shot_scene.kling
    shot.kind = "TEXT"
    with pytest.raises(RequestInvalid):
        api.request_file(shot_scene)
    shot.kind, shot.prompt, shot.video_of = "EDIT", "x", "kob-1"
    with pytest.raises(ArgumentsInvalid, match="kob-1"):
        api.request_file(shot_scene)


def test_the_faults_of_a_shot_are_told_as_validate_tells_them(kling: Kling, film: Path) -> None:
    said = kling("request", "film.blend")
    assert said.code == 2
    assert {line["kind"] for line in said.lines} == {"error"}


# All of them


def test_every_example_of_help_and_of_the_page_runs(
    kling: Kling, film: Path, arrived: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kling_omni_addon.register()
    shot = bpy.context.scene.kling
    shot.kind, shot.prompt, shot.mode, shot.duration_s = "TEXT", "waves", "std", 3
    bpy.ops.wm.save_mainfile()
    kling_omni_addon.unregister()
    on_page = re.findall(r"^blender --command kling (.*)$", SECTION, re.MULTILINE)
    for verb, example in EXAMPLES.items():
        cli.main([verb, "--help"])
        assert f"Example: kling {example} " in f"{' '.join(capsys.readouterr().out.split())} "
        assert example in on_page
    for example in dict.fromkeys((*EXAMPLES.values(), *on_page)):
        words = [arrived if word == "ID" else word for word in shlex.split(example)]
        if "|" not in words and ">" not in words:
            assert kling(*words).code == 0, example
    assert (tmp_path / "film.otio").is_file()
    assert len(list((tmp_path / "frames").iterdir())) == 2
