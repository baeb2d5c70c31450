"""Shots made from clips of ours, and a clip for each shot of a storyboard, against the rehearsal server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.capture import strip as capture_strip
from kling_omni_addon.blender.connection import clip_links, questions, snapshots
from kling_omni_addon.blender.host.sequencer import end_of, length_of, new_effect, set_end, start_of, strips_of
from kling_omni_addon.blender.next_shots import each_shot
from kling_omni_addon.blender.panels import generate
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.request import Role, VideoUse
from tests.workshop.layout import press
from tests.workshop.pixels import paint, red_of
from tests.workshop.processes import Rehearsal, running
from tests.workshop.shots import add_camera

Scene = Any

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A server whose clips are as large as Kling's: it takes them back as the videos of shots."""
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.2, processing_s=0.2, lines=0) as server:
        yield server


@pytest.fixture
def clip_id(road: Scene) -> str:
    """A clip of three seconds on the timeline from frame 12 on, called alley_02: the id of its submission."""
    road.kling.shot_name = "alley_02"
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    return snapshots.submissions()[-1].id


def use_clip(scene: Scene, clip_id: str, use: str) -> None:
    """Make a shot of the clip, and describe it in the prompt."""
    assert bpy.ops.kling.use_clip(submission_id=clip_id, use=use) == {"FINISHED"}
    scene.kling.prompt = "the cube rolls away"


def faults_of(scene: Scene) -> list[str]:
    return [problem.message for problem in judging.judge(scene) if problem.is_fault]


def test_the_next_shot_follows_our_own_clip_by_a_link_that_kling_is_asked_for(
    road: Scene, clip_id: str, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    use_clip(road, clip_id, "NEXT")
    shot, video = road.kling, read_request(road).video
    assert video is not None
    assert (video.use, video.clip, video.url.startswith(f"{rehearsal.url}/files/")) == (
        VideoUse.REFERENCE,
        clip_id,
        True,
    )
    assert (shot.kind, shot.video_origin, shot.shot_name) == ("NEXT", "alley_02", "alley_02 next")
    assert road.frame_current == 84
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    made = snapshots.submissions()[-1]
    assert (made.phase, made.wish["video"]["clip"], made.wish["video"]["url"]) == (Phase.PLACED, clip_id, "")
    assert start_of(find_strip(road, made.id)) == 84
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"), compress=False)
    saved = (tmp_path / "film.blend").read_bytes()
    assert clip_id.encode() in saved
    assert b"sig=" not in saved


def test_an_edit_of_our_own_clip_is_as_long_as_the_clip_and_begins_where_it_does(road: Scene, clip_id: str) -> None:
    road.sequence_editor.active_strip = find_strip(road, clip_id)
    road.frame_set(300)
    use_clip(road, "", "EDIT")
    price = api.price_of(road)
    assert price is not None
    assert price.is_exact  # a range where a video's length is not known
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    strip = find_strip(road, snapshots.submissions()[-1].id)
    assert (start_of(strip), length_of(strip)) == (12, 72)


def test_a_file_that_was_opened_again_has_to_ask_for_the_link_anew(road: Scene, clip_id: str, tmp_path: Path) -> None:
    use_clip(road, clip_id, "NEXT")
    bpy.ops.wm.save_mainfile()
    questions.forget()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    film: Any = bpy.context.scene
    assert faults_of(film) == ["The link of alley_02 has to be requested from Kling, which is free."]
    press(generate.draw_generate, "kling.fix")
    assert faults_of(film) == []


def test_an_old_link_is_asked_for_again_before_it_is_sent(
    road: Scene, clip_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_clip(road, clip_id, "PREVIOUS")
    asked = clip_links._asked[clip_id]
    monkeypatch.setattr(asked, "_asked_at", asked._asked_at - 3600)
    assert clip_links.link_of(clip_id) == ""
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}


def test_a_clip_that_kling_does_not_have_any_more_is_told_with_the_way_on(road: Scene) -> None:
    use_clip(road, "kob-long-gone", "NEXT")
    told = "Kling no longer has this clip. Kling deletes clips after 30 days. Use Continue from Last Frame instead."
    assert faults_of(road) == [told]
    with pytest.raises(RuntimeError, match="no longer has this clip"):
        bpy.ops.kling.submit()
    assert snapshots.submissions() == ()


def test_a_clip_of_another_key_is_not_asked_for(road: Scene, clip_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", "another-key")
    bpy.ops.kling.use_clip(submission_id=clip_id, use="NEXT")
    assert faults_of(road)[0].startswith("This clip belongs to another service or key.")


def test_a_clip_that_is_not_done_cannot_be_used_nor_gone_on_from(road: Scene) -> None:
    road.kling.duration_s = 4
    assert bpy.ops.kling.submit() == {"FINISHED"}
    (submission,) = snapshots.submissions()
    road.sequence_editor.active_strip = find_strip(road, submission.id)
    with pytest.raises(RuntimeError, match=r"still being generated\. Wait until its clip is downloaded"):
        bpy.ops.kling.continue_strip()
    with pytest.raises(RuntimeError, match="not ready yet"):
        bpy.ops.kling.use_clip(submission_id=submission.id, use="NEXT")
    assert road.kling.video_of == ""


# A clip for each shot -------------------------------------------------------------------------------------------------


@pytest.fixture
def cut_film(road: Scene) -> Scene:
    """Two cameras bound to markers: 72 frames of the one, 76 of the other, from frame 10 on."""
    for name, frame, x in (("Left", 10, -3.0), ("Right", 82, 3.0)):
        road.timeline_markers.new(name, frame=frame).camera = add_camera(road, name, x=x)
    road.frame_end = 157
    road.render.engine = "BLENDER_WORKBENCH"
    road.kling.shot_name = "alley"
    assert bpy.ops.kling.shots_from_markers() == {"FINISHED"}
    return road


def test_every_shot_becomes_a_clip_with_its_cameras_first_frame_at_its_own_place(cut_film: Scene) -> None:
    assert bpy.ops.kling.submit_each_shot() == {"FINISHED"}
    made = snapshots.submissions()
    assert [(s.target.name, s.target.frame_start, s.target.fit_frames) for s in made] == [
        ("Left", 10, 72),
        ("Right", 82, 76),
    ]
    assert [(s.wish["prompt"], s.wish["duration_s"]) for s in made] == [("Left", 3), ("Right", 3)]
    pictures = [picture for s in made for picture in s.wish["pictures"]]
    assert [picture["role"] for picture in pictures] == [Role.FIRST.value] * 2
    assert len({Path(picture["source"]).read_bytes() for picture in pictures}) == 2
    api.wait([s.id for s in made], 120)
    api.place_arrived()
    strips = [find_strip(cut_film, s.id) for s in made]
    assert [(start_of(strip), length_of(strip)) for strip in strips] == [(10, 72), (82, 76)]
    assert strips[0].channel == strips[1].channel


def test_fault_78_a_double_click_makes_every_clip_once(cut_film: Scene) -> None:
    assert bpy.ops.kling.submit_each_shot() == {"FINISHED"}
    assert bpy.ops.kling.submit_each_shot() == {"CANCELLED"}
    assert len(snapshots.submissions()) == 2


def test_what_stopped_half_way_goes_on_with_the_others_and_pays_for_none_twice(cut_film: Scene) -> None:
    cut_film.sequence_editor_create()
    for channel in range(1, 129):  # no room for the second clip
        new_effect(strips_of(cut_film), "COLOR", name="Card", channel=channel, frame_start=100, length=5)
    with pytest.raises(RuntimeError, match=r"Submitted 1 of 2 clips; the others not: No .* channel"):
        bpy.ops.kling.submit_each_shot()
    assert [s.target.name for s in snapshots.submissions()] == ["Left"]
    for card in [strip for strip in strips_of(cut_film) if strip.name.startswith("Card")]:
        strips_of(cut_film).remove(card)
    assert bpy.ops.kling.submit_each_shot() == {"FINISHED"}
    assert [s.target.name for s in snapshots.submissions()] == ["Left", "Right"]


def test_one_shot_that_kling_would_refuse_keeps_all_of_them_back(cut_film: Scene, tmp_path: Path) -> None:
    cut_film.kling.board[1].prompt = ""
    with pytest.raises(RuntimeError, match="Shot 2: "):
        bpy.ops.kling.submit_each_shot()
    assert snapshots.submissions() == ()
    assert not list((tmp_path / "kling").glob("frames/*"))


@pytest.mark.parametrize(("seconds", "said"), [(1, "Shot 1 lasts 1.0 s"), (20, "Shot 1 lasts 20.0 s")])
def test_a_shot_that_no_clip_can_be_made_for_is_told(road: Scene, seconds: int, said: str) -> None:
    bpy.ops.kling.add_item(which="board")
    road.kling.kind, road.kling.board[0].prompt, road.kling.board[0].duration_s = "STORYBOARD", "a cube", seconds
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.kling.submit_each_shot()
    assert snapshots.submissions() == ()


def test_shots_that_were_typed_in_follow_each_other_from_the_playhead_on(road: Scene) -> None:
    for seconds in (4, 3):
        bpy.ops.kling.add_item(which="board")
        road.kling.board[-1].prompt, road.kling.board[-1].duration_s = "a cube", seconds
    road.kling.kind = "STORYBOARD"
    road.kling.shot_name = "alley"
    targets = [plan.target for plan in each_shot.plans_of(road)]
    assert [(target.frame_start, target.fit_frames) for target in targets] == [(12, 96), (108, 72)]
    assert [target.name for target in targets] == ["alley_01", "alley_02"]


def test_the_question_names_the_number_of_clips_and_what_they_cost_together(cut_film: Scene) -> None:
    asked = each_shot.question(each_shot.plans_of(cut_film))
    price = each_shot.price_of_all(each_shot.plans_of(cut_film))
    assert price is not None
    assert asked.startswith("2 clips, 6 s in all: ")
    assert asked.endswith(price.label)
    assert price.units == 2 * api.price_of(_one_shot(cut_film)).units


def _one_shot(film: Scene) -> Scene:
    film.kling.kind, film.kling.duration_s, film.kling.prompt = "TEXT", 3, "a cube"
    return film


def test_it_is_never_an_undo_step_and_a_redo_cannot_pay_twice(cut_film: Scene) -> None:
    assert bpy.types.KLING_OT_submit_each_shot.bl_options == {"REGISTER"}
    assert list(strips_of(cut_film)) == []


def test_a_bridge_ends_exactly_where_the_right_strip_begins(road: Scene, tmp_path: Path) -> None:
    road.sequence_editor_create()
    for name, frame, grey in (("Left", 1, 0.2), ("Right", 133, 0.7)):
        picture = paint(tmp_path / f"{name}.png", (640, 360), grey)
        set_end(strips_of(road).new_image(name, str(picture), 1, frame), frame + 48)
    road.frame_set(60)
    assert bpy.ops.kling.bridge_gap() == {"FINISHED"}
    assert road.kling.shot_name == "Left to Right"
    road.kling.prompt = "it grows light"
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    bridge = find_strip(road, snapshots.submissions()[-1].id)
    assert (start_of(bridge), end_of(bridge), bridge.channel) == (49, 133, 1)
    ends = [red_of(capture_strip.save_strip_frame(road, bridge, n, tmp_path / f"{n}.png")) for n in (49, 132)]
    assert ends == pytest.approx([0.2, 0.7], abs=0.03)
