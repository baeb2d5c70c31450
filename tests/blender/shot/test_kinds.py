"""Every kind of shot: what is asked of Kling for it, and what the panel shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import snapshots
from kling_omni_addon.blender.panels import generate, tab
from kling_omni_addon.blender.panels import prompt as panels_prompt
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.kinds import KINDS
from kling_omni_addon.blender.shot.properties import put_picture
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.core.request import OmniRequest, Role, Storyboard, StoryboardShot, VideoUse
from tests.workshop.layout import Layout, press

Scene = Any

_KINDS = [kind.identifier for kind in KINDS]
_HERO = 829836802793406551


def fill(scene: Scene, folder: Path = Path("/shots")) -> None:
    """Something of everything, so that a kind has to leave out what it does not use."""
    shot = scene.kling
    shot.prompt = "a fox runs"
    for role in ("FIRST", "END", "REFERENCE"):
        put_picture(scene, role, str(folder / f"{role.lower()}.png"), f"Scene camera, {role}")
    shot.references[0].name = "den"
    element = shot.elements.add()
    element.name, element.element_id = "hero", str(_HERO)
    shot.video, shot.keeps_sound, shot.sound = "https://example.com/street.mp4", True, True
    for prompt, seconds in (("She waits", 2), ("She runs", 3)):
        part = shot.board.add()
        part.prompt, part.duration_s = prompt, seconds


def used(request: OmniRequest) -> dict[str, Any]:
    """What a request is made from, without what is as usual."""
    found = {
        "frames": [picture.role.value for picture in request.pictures if picture.role is not Role.REFERENCE],
        "references": [picture.name for picture in request.pictures if picture.role is Role.REFERENCE],
        "elements": [element.id for element in request.elements],
        "video": request.video and request.video.use,
        "shots": len(request.shots),
        "sound": request.sound,
        "aspect": request.aspect_ratio,
    }
    return {name: value for name, value in found.items() if value}


_BESIDE = {"references": ["den"], "elements": [_HERO]}
_EXPECTED: dict[str, dict[str, Any]] = {
    "TEXT": {"sound": True, "aspect": "16:9"},
    "FIRST": {"frames": ["first"], "sound": True, **_BESIDE},
    "FRAMES": {"frames": ["first", "end"], "sound": True, **_BESIDE},
    "REFERENCES": {"sound": True, "aspect": "16:9", **_BESIDE},
    "EDIT": {"video": VideoUse.EDIT, **_BESIDE},
    "NEXT": {"video": VideoUse.REFERENCE, "aspect": "16:9", **_BESIDE},
    "PREVIOUS": {"video": VideoUse.REFERENCE, "aspect": "16:9", **_BESIDE},
    "STORYBOARD": {"shots": 2, "sound": True, "aspect": "16:9", **_BESIDE},
    "BOARD_FRAMES": {"frames": ["first", "end"], "shots": 2, "sound": True, **_BESIDE},
}


@pytest.mark.parametrize("kind", _KINDS)
def test_a_request_holds_what_its_kind_uses_and_nothing_else(shot_scene: Scene, kind: str) -> None:
    fill(shot_scene)
    shot_scene.kling.kind = kind
    assert used(read_request(shot_scene)) == _EXPECTED[kind]


@pytest.mark.parametrize(
    ("frames", "roles"),
    [((), []), (("FIRST",), ["first"]), (("FIRST", "END"), ["first", "end"])],
)
def test_until_a_kind_is_chosen_the_frames_that_are_set_decide(
    shot_scene: Scene, frames: tuple[str, ...], roles: list[str]
) -> None:
    shot_scene.kling.prompt = "a fox runs"
    for role in frames:
        put_picture(shot_scene, role, "/nowhere.png", "")
    assert [picture.role.value for picture in read_request(shot_scene).pictures] == roles
    assert not [p for p in judging.judge(shot_scene) if p.is_fault and "yet" in p.message]


@pytest.mark.parametrize("kind", ["FIRST", "FRAMES", "REFERENCES", "BOARD_FRAMES"])
def test_what_a_chosen_kind_lacks_is_a_fault_and_nothing_is_sent(
    shot_scene: Scene, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KLING_API_KEY", "k")
    shot_scene.kling.prompt, shot_scene.kling.kind = "a fox runs", kind
    assert any("yet" in problem.message for problem in judging.judge(shot_scene) if problem.is_fault)
    with pytest.raises(RuntimeError, match="yet"):
        bpy.ops.kling.submit()
    assert snapshots.submissions() == ()


def test_the_missing_end_frame_can_be_done_without_by_a_click(shot_scene: Scene) -> None:
    fill(shot_scene)
    shot_scene.kling.kind, shot_scene.kling.end_frame = "FRAMES", ""
    press(generate.draw_generate, "kling.fix")
    assert shot_scene.kling.kind == "FIRST"


@pytest.mark.parametrize(
    ("settings", "mended"),
    [
        (
            {"kind": "NEXT", "model": "kling-video-o1", "duration_s": 14, "video": "https://example.com/a.mp4"},
            ("duration_s", 10),
        ),
        ({"kind": "TEXT", "mode": "4k"}, ("mode", "pro")),
        ({"kind": "TEXT", "model": "kling-video-o1", "duration_s": 6}, ("duration_s", 5)),
        ({"kind": "TEXT", "model": "kling-video-o1", "sound": True}, ("sound", False)),
        ({"kind": "NEXT", "duration_s": 14, "video": "https://example.com/a.mp4"}, ("duration_s", 10)),
        ({"kind": "STORYBOARD", "model": "kling-video-o1"}, ("model", "kling-v3-omni")),
    ],
)
def test_a_fix_button_changes_the_field_that_a_fault_is_about(
    shot_scene: Scene, settings: dict[str, Any], mended: tuple[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_PROFILE", "seed")
    shot = shot_scene.kling
    shot.prompt = "a fox runs"
    for name, value in settings.items():
        setattr(shot, name, value)
    press(generate.draw_generate, "kling.fix")
    assert getattr(shot, mended[0]) == mended[1]


def test_surplus_references_are_taken_out_by_a_click(shot_scene: Scene) -> None:
    shot_scene.kling.prompt, shot_scene.kling.kind = "a fox runs", "REFERENCES"
    shot_scene.kling.references.add()  # without a picture: it is not sent, and must not be counted
    for number in range(9):
        put_picture(shot_scene, "REFERENCE", f"/shots/{number}.png", "")
    press(generate.draw_generate, "kling.fix")
    assert [reference.path for reference in shot_scene.kling.references][1:] == [f"/shots/{n}.png" for n in range(7)]


def test_a_name_that_the_shot_does_not_have_is_warned_of(shot_scene: Scene) -> None:
    shot_scene.kling.prompt = "a fox beside @image:lamp"
    warnings = [problem.message for problem in judging.judge(shot_scene) if not problem.is_fault]
    assert warnings == ["The prompt mentions @image:lamp, which this shot does not have."]


def test_a_reference_that_is_never_mentioned_is_called_by_its_name(shot_scene: Scene) -> None:
    fill(shot_scene)
    shot_scene.kling.kind = "REFERENCES"
    press(generate.draw_generate, "kling.fix")
    assert shot_scene.kling.prompt == "a fox runs @image:den"
    messages = [problem.message for problem in judging.problems(shot_scene) or ()]
    assert "The prompt never mentions @element:hero; Kling may ignore it." in messages
    assert not any("@image:den" in message for message in messages)


def test_a_next_shot_says_what_it_is_unless_the_prompt_speaks_of_the_video(shot_scene: Scene) -> None:
    shot = shot_scene.kling
    shot.kind, shot.prompt = "NEXT", "she steps outside"
    assert read_request(shot_scene).prompt == "Based on @video, generate the next shot: she steps outside"
    shot.prompt = "Go on from @Video"
    assert read_request(shot_scene).prompt == "Go on from @Video"


def test_a_storyboard_is_cut_by_the_artist_or_by_kling(shot_scene: Scene) -> None:
    fill(shot_scene)
    shot_scene.kling.kind = "STORYBOARD"
    request = read_request(shot_scene)
    assert (request.prompt, request.storyboard) == ("", Storyboard.CUSTOM)
    assert request.shots == (
        StoryboardShot(prompt="She waits", duration_s=2),
        StoryboardShot(prompt="She runs", duration_s=3),
    )
    shot_scene.kling.cutter = "AUTOMATIC"
    request = read_request(shot_scene)
    assert (request.prompt, request.storyboard, request.shots) == ("a fox runs", Storyboard.AUTOMATIC, ())


def test_shots_share_the_seconds_evenly(shot_scene: Scene) -> None:
    shot_scene.kling.duration_s = 8
    for _ in range(3):
        bpy.ops.kling.add_item(which="board")
    assert bpy.ops.kling.distribute_shots() == {"FINISHED"}
    assert [part.duration_s for part in shot_scene.kling.board] == [3, 3, 2]


def test_markers_become_shots_as_long_as_the_clip(shot_scene: Scene) -> None:
    shot_scene.frame_start, shot_scene.frame_end = 101, 100 + 24 * 9
    assert not bpy.ops.kling.shots_from_markers.poll()
    for name, frame in (("Door", 101 + 72), ("Street", 105), ("Outside", 101 + 24 * 9)):
        shot_scene.timeline_markers.new(name, frame=frame)
    assert bpy.ops.kling.shots_from_markers() == {"FINISHED"}
    assert [(part.prompt, part.duration_s) for part in shot_scene.kling.board] == [("Street", 3), ("Door", 6)]
    assert shot_scene.kling.duration_s == 9


def test_lists_grow_shrink_and_are_reordered(shot_scene: Scene) -> None:
    shot = shot_scene.kling
    for _ in range(3):
        bpy.ops.kling.add_item(which="elements")
    assert [element.name for element in shot.elements] == ["hero1", "hero2", "hero3"]
    bpy.ops.kling.move_item(which="elements", step=-1)
    bpy.ops.kling.move_item(which="elements", step=-5)
    assert ([element.name for element in shot.elements], shot.element_index) == (["hero3", "hero1", "hero2"], 0)
    bpy.ops.kling.remove_item(which="elements")
    assert ([element.name for element in shot.elements], shot.element_index) == (["hero1", "hero2"], 0)


def test_picture_files_become_references_with_names_of_their_own(shot_scene: Scene, tmp_path: Path) -> None:
    files = [{"name": "a.png"}, {"name": "b.png"}]
    assert bpy.ops.kling.add_references(directory=str(tmp_path), files=files) == {"FINISHED"}
    found = [(reference.name, reference.path) for reference in shot_scene.kling.references]
    assert found == [("image1", str(tmp_path / "a.png")), ("image2", str(tmp_path / "b.png"))]


def test_another_picture_forgets_where_the_old_one_came_from(shot_scene: Scene) -> None:
    put_picture(shot_scene, "FIRST", "/a.png", "Scene camera, frame 1")
    assert shot_scene.kling.first_origin == "Scene camera, frame 1"
    shot_scene.kling.first_frame = "/b.png"
    assert shot_scene.kling.first_origin == ""


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("is_filled", [False, True])
def test_the_tab_draws_every_kind_of_shot_with_what_it_is_made_from(
    shot_scene: Scene, kind: str, is_filled: bool
) -> None:
    if is_filled:
        fill(shot_scene)
    shot_scene.kling.kind = kind
    layout = Layout()
    for panel in tab.CLASSES:
        self = type("Drawn", (), {"layout": layout})()
        panel.draw(self, bpy.context)
        if hasattr(panel, "draw_header_preset"):
            panel.draw_header_preset(self, bpy.context)
    drawn = {name for name, _ in layout.buttons}
    assert drawn >= {"kling.submit", "kling.check_account"}
    assert ("kling.capture_both" in drawn) == (kind in ("FRAMES", "BOARD_FRAMES"))
    assert ("Keep Original Sound" in layout.labels) == (kind in ("EDIT", "NEXT", "PREVIOUS"))
    assert ("kling.submit_each_shot" in drawn) == (kind in ("STORYBOARD", "BOARD_FRAMES"))
    assert ("kling.prompt_to_text" in drawn) == (kind not in ("STORYBOARD", "BOARD_FRAMES"))
    assert ("kling.add_references" in drawn) == (kind != "TEXT")


def test_the_button_tells_the_price_and_a_sentence_what_will_happen(
    shot_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    shot_scene.kling.kind, shot_scene.kling.prompt = "TEXT", "a fox runs"
    shot_scene.render.fps, shot_scene.frame_current = 30, 12
    layout = Layout()
    generate.draw_generate(layout, bpy.context)  # type: ignore[arg-type]
    assert "Adds a 5 s clip (150 frames at 30 fps) on channel 1 at frame 12." in " ".join(layout.text.split())
    assert "4.0 units" in layout.text  # a region that is not there is a narrow one


def test_names_are_offered_for_what_is_there(shot_scene: Scene) -> None:
    fill(shot_scene)
    shot_scene.kling.kind = "FRAMES"
    assert list(panels_prompt.names_of(shot_scene.kling)) == ["@first", "@end", "@image:den", "@element:hero"]
    bpy.ops.kling.insert_name(text="@first")
    assert shot_scene.kling.prompt == "a fox runs @first"
    shot_scene.kling.kind = "EDIT"
    assert next(panels_prompt.names_of(shot_scene.kling)) == "@video"
