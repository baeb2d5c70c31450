"""Load Settings: every kind of shot comes back as it was asked for, from the record or from a strip alone."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import opening
from kling_omni_addon.blender.host.sequencer import strips_of
from kling_omni_addon.blender.shot.kinds import KINDS
from kling_omni_addon.blender.shot.properties import put_picture
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.blender.takes.load_settings import load_settings
from kling_omni_addon.blender.timeline import provenance as timeline_provenance
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.provenance import wish_of
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.work.picture_store import PictureStore
from tests.workshop.rehearsal_stand import png

Scene = Any

_KINDS = [kind.identifier for kind in KINDS]


@pytest.fixture
def filled(shot_scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene with something of everything in its shot, the pictures real; the service is away."""
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KLING_API_KEY", "key-canary")
    shot = shot_scene.kling
    shot.prompt, shot.mode, shot.duration_s, shot.aspect_ratio = "a fox runs", "std", 7, "9:16"
    shot.sound, shot.keeps_sound, shot.watermark = True, True, True
    for number, role in enumerate(("FIRST", "END", "REFERENCE", "REFERENCE")):
        picture = tmp_path / f"{role.lower()}{number}.png"
        picture.write_bytes(png(640 + number, 360))
        put_picture(shot_scene, role, str(picture), "Scene camera")
    shot.references[1].name = "red chair"
    shot.elements.add().name = "hero"
    shot.elements[0].element_id = "829836802793406551"
    shot.video = "https://example.com/street.mp4?sig=canary"
    for prompt, seconds in (("She waits", 2), ("She runs", 5)):
        part = shot.board.add()
        part.prompt, part.duration_s = prompt, seconds
    return shot_scene


def provenance(request: OmniRequest, store: PictureStore | None = None) -> dict[str, Any]:
    kept = {p.source: store.keep_file(Path(p.source), "picture") for p in request.pictures} if store else {}
    wish: dict[str, Any] = json.loads(json.dumps(wish_of(request, kept)))
    return {"submission": "kob-1", "shot": "kob-1", "name": "alley", "timing": "frames", "wish": wish}


def without_link(request: OmniRequest) -> OmniRequest:
    return request if request.video is None else replace(request, video=replace(request.video, url=""))


def fresh() -> Any:
    """Another scene, with other things in its shot that have to go."""
    scene = bpy.data.scenes.new("Other")
    put_picture(scene, "FIRST", "/old/first.png", "")
    put_picture(scene, "REFERENCE", "/old/reference.png", "")
    scene.kling.board.add()
    scene.kling.elements.add().element_id = "5"
    scene.kling.video_of = "kob-old"
    scene.kling.kind, scene.kling.model = "EDIT", "kling-video-o1"
    return scene


@pytest.mark.parametrize("cutter", ["CUSTOM", "AUTOMATIC"])
@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_of_shot_comes_back_as_it_was(filled: Scene, kind: str, cutter: str) -> None:
    filled.kling.kind, filled.kling.cutter = kind, cutter
    request, other = read_request(filled), fresh()
    losses = load_settings(other, provenance(request))
    assert read_request(other) == without_link(request)
    assert other.kling.kind == kind
    assert (other.kling.shot_name, other.kling.timing) == ("alley", "FRAMES")
    assert [loss for loss in losses if "link" not in loss] == []
    assert bool(losses) == (request.video is not None)


@pytest.mark.parametrize("prompt", ["she steps outside", "Go on from @Video", "", "Based on it"])
@pytest.mark.parametrize("kind", ["NEXT", "PREVIOUS"])
def test_what_kling_is_told_of_the_video_is_not_told_twice(filled: Scene, kind: str, prompt: str) -> None:
    filled.kling.kind, filled.kling.prompt = kind, prompt
    request, other = read_request(filled), fresh()
    load_settings(other, provenance(request))
    assert read_request(other).prompt == request.prompt
    assert other.kling.prompt == prompt


def test_a_clip_of_ours_as_video_comes_back_without_a_loss(filled: Scene) -> None:
    filled.kling.kind, filled.kling.video_of, filled.kling.video = "EDIT", "kob-7", ""
    request, other = read_request(filled), fresh()
    assert load_settings(other, provenance(request)) == ()
    assert other.kling.video_of == "kob-7"


def test_a_picture_that_is_gone_is_the_kept_copy_and_one_that_was_changed_is_what_was_sent(
    filled: Scene, tmp_path: Path
) -> None:
    filled.kling.kind = "FRAMES"
    request, store = read_request(filled), PictureStore(tmp_path / "home" / "pictures")
    made_with = provenance(request, store)
    first, end = Path(filled.kling.first_frame), Path(filled.kling.end_frame)
    sent = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, end)]
    first.unlink()
    end.write_bytes(png(800, 600))
    other = fresh()
    assert load_settings(other, made_with) == ()
    found = [Path(other.kling.first_frame), Path(other.kling.end_frame)]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in found] == sent
    assert other.kling.first_origin == "first0.png, as sent"
    shutil.rmtree(tmp_path / "home" / "pictures")
    losses = load_settings(other, made_with)
    assert [loss.rsplit(maxsplit=0)[0] for loss in losses] == [
        f'The first frame "{first}" is missing',
        f'The end frame "{end.name}" has changed since the clip was generated',
    ]
    assert (other.kling.first_frame, other.kling.end_frame) == ("", str(end))


def test_a_picture_that_moved_with_the_project_is_found_beside_it(filled: Scene, tmp_path: Path) -> None:
    filled.kling.kind = "FIRST"
    made_with = provenance(read_request(filled), PictureStore(tmp_path / "another machine"))
    frames = tmp_path / "moved" / "kling" / "frames"
    frames.mkdir(parents=True)
    for path in tmp_path.glob("*.png"):
        path.rename(frames / path.name)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "moved" / "film.blend"))
    assert load_settings(fresh(), made_with) == ()


def test_what_this_panel_does_not_have_is_said(filled: Scene) -> None:
    filled.kling.kind = "TEXT"
    request = replace(read_request(filled), model="kling-v9", duration_s=60)
    losses = load_settings(filled, provenance(request))
    assert losses == ("This panel does not offer Model kling-v9", "This panel does not offer Duration 60")


@pytest.mark.parametrize("wish", [{}, {"prompt": 5, "video": None}, {"video": 3}, {"pictures": "x"}])
def test_what_is_not_known_changes_nothing(filled: Scene, wish: dict[str, Any]) -> None:
    before = read_request(filled)
    broken = wish | ({"pictures": [], "elements": [], "shots": [], "storyboard": "none"} if "prompt" in wish else {})
    with pytest.raises(ArgumentsInvalid):
        load_settings(filled, {"wish": broken})
    assert read_request(filled) == before


def test_a_strip_brings_its_settings_to_a_machine_that_knows_nothing(
    filled: Scene, write_clip: Any, tmp_path: Path
) -> None:
    filled.kling.kind = "REFERENCES"
    request = read_request(filled)
    submission = opening.session().submit(request, Target(name="alley"))
    filled.sequence_editor_create()
    strip = strips_of(filled).new_movie("alley", str(write_clip()), 1, 1)
    timeline_provenance.mark(strip, submission)
    assert {name: strip[name] for name in ("kling_shot", "kling_model", "kling_prompt", "kling_cost")} == {
        "kling_shot": submission.id,
        "kling_model": "kling-v3-omni",
        "kling_prompt": "a fox runs",
        "kling_cost": "",
    }
    film, filled.kling.video = tmp_path / "film.blend", ""
    bpy.ops.wm.save_as_mainfile(filepath=str(film), compress=False)
    opening.close()
    shutil.rmtree(tmp_path / "home")
    assert b"canary" not in film.read_bytes()
    bpy.ops.wm.open_mainfile(filepath=str(film))
    scene: Any = bpy.context.scene
    scene.kling.prompt, scene.kling.kind = "something else", "TEXT"
    scene.sequence_editor.active_strip = strips_of(scene)[0]
    assert bpy.ops.kling.load_settings() == {"FINISHED"}
    assert read_request(scene) == request


def test_a_strip_that_kling_did_not_make_is_refused(shot_scene: Scene, write_clip: Any) -> None:
    with pytest.raises(RuntimeError, match="No movie strip is active"):
        bpy.ops.kling.load_settings()
    shot_scene.sequence_editor_create()
    strip = strips_of(shot_scene).new_movie("Holiday", str(write_clip()), 1, 1)
    shot_scene.sequence_editor.active_strip = strip
    with pytest.raises(RuntimeError, match="has no Kling settings"):
        bpy.ops.kling.load_settings()


def test_the_chosen_submission_brings_its_settings(filled: Scene) -> None:
    filled.kling.kind = "STORYBOARD"
    request = read_request(filled)
    submission = opening.session().submit(request, Target(name="alley"))
    filled.kling.board.clear()
    assert bpy.ops.kling.load_settings(submission_id=submission.id) == {"FINISHED"}
    assert read_request(filled) == request
    with pytest.raises(RuntimeError, match="There is no job"):
        bpy.ops.kling.load_settings(submission_id="kob-none")
