"""From strips to a clip: rendered, uploaded when somebody says so, by a real command or to the rehearsal, and deleted
afterwards; each a step of its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import deletions, opening, snapshots, uploads
from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.blender.panels.footage import draw_footage
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.footage import put_footage
from kling_omni_addon.core.errors import ArgumentsInvalid, RequestInvalid, UploadFailed
from tests.workshop.layout import Layout
from tests.workshop.processes import API_KEY, Rehearsal
from tests.workshop.rehearsal_stand import mp4
from tests.workshop.shots import Scene

LINK = "https://video.example.com/shots/shot.mp4"
UPLOAD = """
import pathlib, sys
log = pathlib.Path(sys.argv[1])
with log.open("a") as told:
    print(*sys.argv[2:], file=told)
if sys.argv[2] == "up":
    print("uploading")
    print({link!r})
"""


@pytest.fixture
def footage(shot_scene: Scene, tmp_path: Path) -> Scene:
    """A shot that edits footage which was rendered and not uploaded."""
    shot_scene.kling.kind, shot_scene.kling.prompt, shot_scene.kling.mode = "EDIT", "Make @video at night", "std"
    video = tmp_path / "home" / "footage" / "shot.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(mp4(seconds=3.0))
    put_footage(shot_scene, video, "Shot, frames 1 to 72")
    return shot_scene


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """An upload and a delete command, real ones, and what they were called with."""
    script, log = tmp_path / "up load.py", tmp_path / "log.txt"
    script.write_text(UPLOAD.format(link=LINK))
    for name, words in (("UPLOAD", "up '{file}'"), ("DELETE", "rm {link}")):
        monkeypatch.setenv(f"KLING_{name}_COMMAND", f"'{sys.executable}' '{script}' '{log}' {words}")
    return lambda: log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def at_kling(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that nobody called a rehearsal, so that the command is run."""
    monkeypatch.setenv("KLING_BASE_URL", rehearsal.url)
    monkeypatch.setenv("KLING_API_KEY", API_KEY)


def drawn(scene: Scene) -> Layout:
    layout = Layout()
    draw_footage(cast("bpy.types.UILayout", layout), bpy.context)
    return layout


def buttons(scene: Scene) -> list[str]:
    return [name for name, _ in drawn(scene).buttons]


def faults(scene: Scene) -> list[str]:
    return [problem.message for problem in judging.judge(scene) if problem.is_fault]


def test_strips_of_a_timeline_become_a_clip_in_a_rehearsal_with_no_set_up(shot_scene: Scene) -> None:
    scene, shot = shot_scene, shot_scene.kling
    scene.render.fps, scene.render.resolution_x, scene.render.resolution_y = 24, 700, 700
    scene.sequence_editor_create()
    new_effect(strips_of(scene), "COLOR", name="Card", channel=1, frame_start=1, length=72).select = True
    shot.kind, shot.prompt, shot.mode = "EDIT", "Make @video at night", "std"
    assert buttons(scene) == ["kling.render_strips"]
    assert bpy.ops.kling.render_strips() == {"FINISHED"}
    assert buttons(scene) == ["kling.upload_footage", "kling.discard_footage"]
    assert re.search(r"3 s · 700 x 700 .*24 fps · \S+ [kM]B", drawn(scene).text)
    assert opening.running() is None, "nothing was sent, and nobody was asked"
    assert faults(scene) == ["The rendered video has no link yet. Press Upload Video first."]
    with pytest.raises(RequestInvalid, match="has no link yet"):
        api.submit(scene)
    assert bpy.ops.kling.upload_footage() == {"FINISHED"}
    assert shot.video == shot.footage_link
    assert "Link at 127.0.0.1" in drawn(scene).text
    assert faults(scene) == []
    assert not api.submissions(), "an upload submits nothing"
    price = api.price_of(scene)
    assert price is not None
    assert price.is_exact, "the length of the video is known"
    (done,) = api.wait([api.submit(scene).id], timeout_s=300)
    assert done.phase is api.Phase.FETCHED, done


def test_the_command_gets_the_file_and_its_last_link_becomes_the_video(
    footage: Scene, command: Callable[[], list[str]], at_kling: None
) -> None:
    assert api.upload_footage(footage) == LINK
    assert command() == [f"up {footage.kling.footage}"]
    assert (footage.kling.video, footage.kling.footage_link) == (LINK, LINK)
    assert "Link at video.example.com" in drawn(footage).text
    assert not api.submissions()


def test_without_a_command_nothing_leaves_and_the_sentence_says_what_to_do(footage: Scene, at_kling: None) -> None:
    with pytest.raises(ArgumentsInvalid, match="No upload command is set"):
        api.upload_footage(footage)
    assert not bpy.ops.kling.upload_footage.poll()
    assert "Set Upload Command in the preferences" in drawn(footage).text


def test_a_command_that_fails_leaves_the_shot_as_it_was(
    footage: Scene, monkeypatch: pytest.MonkeyPatch, at_kling: None
) -> None:
    failing = "import sys; sys.exit('no such bucket')"
    monkeypatch.setenv("KLING_UPLOAD_COMMAND", f'{sys.executable} -c "{failing}" {{file}}')
    with pytest.raises(UploadFailed, match="ended with code 1: no such bucket"):
        api.upload_footage(footage)
    assert footage.kling.video == ""
    assert "no such bucket" in drawn(footage).text
    assert Path(footage.kling.footage).is_file()


def test_an_old_link_is_offered_to_be_made_anew_and_a_fresh_one_is_not(
    footage: Scene, command: Callable[[], list[str]], at_kling: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.upload_footage(footage)
    assert "expired" not in drawn(footage).text
    assert "kling.upload_footage" not in buttons(footage)
    footage.kling.footage_at -= 7300
    assert "The link is 2 h old and may have expired. Upload the video again." in drawn(footage).text
    assert "kling.upload_footage" in buttons(footage)
    monkeypatch.setenv("KLING_LINK_LIFETIME_S", "86400")
    assert "expired" not in drawn(footage).text


def test_a_link_to_a_private_host_is_doubted_for_kling_and_not_in_a_rehearsal(
    footage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    footage.kling.video = "https://nas.local/shot.mp4"
    monkeypatch.setenv("KLING_BASE_URL", "kling")
    assert any("Kling cannot reach nas.local" in problem.message for problem in judging.judge(footage))
    assert faults(footage) == []
    monkeypatch.setenv("KLING_BASE_URL", "rehearsal")
    assert not any("cannot reach" in problem.message for problem in judging.judge(footage))


def test_a_video_is_deleted_once_when_its_clip_is_there(
    footage: Scene, command: Callable[[], list[str]], at_kling: None
) -> None:
    api.upload_footage(footage)
    submitted = api.submit(footage)
    deletions.delete_unneeded()
    assert command() == [f"up {footage.kling.footage}"], "Kling may still have to fetch it"
    (done,) = api.wait([submitted.id], timeout_s=300)
    assert done.phase is api.Phase.FETCHED, done
    for _ in range(3):
        snapshots.refresh()
        deletions.delete_unneeded()
    until_deleted(command)
    assert command()[1:] == [f"rm {LINK}"]
    assert "The uploaded video was deleted. Upload it again." in drawn(footage).text
    assert deletions.trouble() == ""


def until_deleted(command: Callable[[], list[str]]) -> None:
    """Wait for the errand that deletes: no timer runs here."""
    for errand in deletions._under_way:
        assert errand.wait(60)


def test_a_deletion_that_fails_is_a_note_and_nothing_else(
    footage: Scene, command: Callable[[], list[str]], at_kling: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = "import sys; sys.exit('gone already')"
    monkeypatch.setenv("KLING_DELETE_COMMAND", f'{sys.executable} -c "{failing}" {{link}}')
    api.upload_footage(footage)
    file = Path(footage.kling.footage)
    assert bpy.ops.kling.discard_footage() == {"FINISHED"}
    until_deleted(command)
    assert "An uploaded video was not deleted." in drawn(footage).text
    assert "gone already" in drawn(footage).text
    assert (file.exists(), footage.kling.footage, footage.kling.video) == (False, "", "")


def test_discarding_deletes_no_file_that_was_not_rendered_here(footage: Scene, tmp_path: Path) -> None:
    own = tmp_path / "precious.mp4"
    own.write_bytes(mp4())
    footage.kling.footage = str(own)
    api.discard_footage(footage)
    assert own.is_file()
    assert footage.kling.footage == ""


def test_what_the_limits_refuse_about_the_file_is_judged_before_it_is_sent(
    footage: Scene, command: Callable[[], list[str]], at_kling: None
) -> None:
    Path(footage.kling.footage).write_bytes(mp4(seconds=2.0))
    api.upload_footage(footage)
    assert any("lasts 2 s" in message for message in faults(footage))
    assert uploads.video_facts_of(LINK).duration_s == 2.0
