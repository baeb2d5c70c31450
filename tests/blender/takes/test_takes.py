"""Takes: every clip of a shot, which one its strip shows, and which files are deleted."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.host.sequencer import all_strips, length_of, start_of, strips_of
from kling_omni_addon.blender.panels import forecast, generate
from kling_omni_addon.blender.panels import takes as panels_takes
from kling_omni_addon.blender.shot.reading import read_request, read_target
from kling_omni_addon.blender.takes import operators, takes
from kling_omni_addon.blender.timeline import provenance, stand_in
from kling_omni_addon.blender.timeline.clip_strips import place_clip
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.blender.timeline.provenance import clip_of, shot_of_strip
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import Submission
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.provenance import wish_of
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.work import sidecar
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.sidecar import keep_sidecar, sidecar_of
from tests.workshop.grey_clips import WriteClip
from tests.workshop.layout import Layout

Scene = Any
Strip = Any


class Takes:
    """A shot in a scene, with as many takes as are made: recorded in the journal or only lying in its folder."""

    def __init__(self, scene: Scene, folder: Path, source: Path, journal: Journal) -> None:
        self.scene, self.folder, self.source = scene, folder, source
        self._journal, self._count = journal, 0
        folder.mkdir()

    def make(self, *, shot: str = "", scene: str = "", **wish: Any) -> Submission:
        """A take that was fetched, for the timeline of ``scene`` if that is given; ``wish`` is what was asked for."""
        self._count += 1
        submission_id, clip = f"kob-take-{self._count}", self.folder / f"alley_{self._count}.mp4"
        shutil.copy(self.source, clip)
        request = OmniRequest(**{"prompt": f"take {self._count}", "mode": "std"} | wish)
        at = 1_800_000_000.0 + self._count
        submission = self._journal.begin(
            ev.Intended(
                at=at,
                payload=Payload(external_task_id=submission_id, model=request.model, pieces=("{}",)),
                origin=opening.session().origin,
                target=ev.Target(name="alley", shot=shot, scene=scene, folder=str(self.folder)),
                wish=wish_of(request),
            )
        )
        for event in (
            ev.Sent(at=at, digest="d"),
            ev.Accepted(at=at, task_id=f"task-{self._count}"),
            ev.Succeeded(at=at, charge_units="4"),
            ev.Fetched(at=at, path=str(clip), sha256=hashlib.sha256(clip.read_bytes()).hexdigest(), size_bytes=1),
        ):
            submission = self._journal.append(submission_id, event)
        snapshots.refresh()
        keep_sidecar(submission)
        return submission

    def record(self, submission: Submission, event: ev.Event) -> Submission:
        """What happened to a take."""
        after = self._journal.append(submission.id, event)
        snapshots.refresh()
        return after

    def place(self, submission: Submission, **where: Any) -> Strip:
        """Its strip, active."""
        wishes: dict[str, Any] = {"frame_start": 11, "name": "alley", "submission_id": submission.id}
        place_clip(self.scene, Path(submission.clip), **wishes | where)
        strip = find_strip(self.scene, submission.id)
        provenance.mark(strip, submission)
        self.scene.sequence_editor.active_strip = strip
        return strip


@pytest.fixture
def shot_takes(
    shot_scene: Scene, write_clip: WriteClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Takes]:
    """No take yet; the service is away."""
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KLING_API_KEY", "key")
    opening.session()
    with closing(Journal(tmp_path / "home" / "journal.sqlite3")) as journal:
        yield Takes(shot_scene, tmp_path / "clips", write_clip(), journal)
    panels_takes.forget()


def test_the_takes_of_a_shot_are_those_on_record_and_those_that_lie_beside(shot_takes: Takes) -> None:
    first = shot_takes.make()
    second = shot_takes.make(shot=first.id, mode="pro")
    shot_takes.make()
    strip = shot_takes.place(first)
    assert [take.submission for take in takes.takes_of(strip)] == [first.id, second.id]
    opening.close()  # without the record their files tell
    assert [take.submission for take in takes.takes_of(strip)] == [first.id, second.id]
    Path(second.clip).unlink()
    assert [take.submission for take in takes.takes_of(strip)] == [first.id]


def test_switching_changes_the_clip_and_nothing_of_the_strip(shot_takes: Takes) -> None:
    first = shot_takes.make()
    second, third = (shot_takes.make(shot=first.id) for _ in range(2))
    strip = shot_takes.place(first, channel=3)
    strip.blend_alpha, strip.color_tag = 0.5, "COLOR_04"
    for wanted in (second, third, first):
        assert bpy.ops.kling.switch_take() == {"FINISHED"}
        assert clip_of(strip) == Path(wanted.clip)
        assert (shot_of_strip(strip), strip["kling_task"]) == (first.id, wanted.task_id)
    assert bpy.ops.kling.switch_take(submission_id=third.id) == {"FINISHED"}
    assert clip_of(strip) == Path(third.clip)
    assert (strip.name, strip.channel, start_of(strip), length_of(strip)) == ("alley", 3, 11, 48)
    assert (strip.blend_alpha, strip.color_tag) == (0.5, "COLOR_04")
    assert len(list(all_strips(shot_takes.scene))) == 1


def test_with_one_take_there_is_nothing_to_switch_to(shot_takes: Takes) -> None:
    shot_takes.place(shot_takes.make())
    assert bpy.ops.kling.switch_take() == {"CANCELLED"}
    with pytest.raises(RuntimeError, match="is missing"):
        bpy.ops.kling.switch_take(submission_id="kob-none")


def test_a_strip_that_kling_did_not_make_has_no_takes(shot_takes: Takes) -> None:
    shot_takes.scene.sequence_editor_create()
    strip = strips_of(shot_takes.scene).new_movie("Holiday", str(shot_takes.source), 1, 1)
    shot_takes.scene.sequence_editor.active_strip = strip
    assert takes.takes_of(strip) == ()
    for operator in ("switch_take", "favour_take", "new_take", "delete_unused_takes"):
        assert not getattr(bpy.ops.kling, operator).poll()


def test_an_arrived_take_is_shown_on_every_strip_of_its_shot_but_not_over_a_favourite(shot_takes: Takes) -> None:
    first = shot_takes.make()
    strip = shot_takes.place(first)
    other = bpy.data.scenes.new("Other")
    place_clip(other, Path(first.clip), frame_start=5, name="copy", submission_id=first.id)
    liked: Any = find_strip(other, first.id)
    provenance.mark(liked, first)
    liked["kling_favourite"] = first.id
    second = shot_takes.make(shot=first.id)
    assert takes.has_strip(second)
    found = takes.put_on_strip(second)
    assert found is not None
    assert clip_of(strip) == Path(second.clip)
    assert clip_of(liked) == Path(first.clip)
    takes.put_on_strip(second, is_wanted=True)
    assert clip_of(liked) == Path(second.clip)


def test_a_take_that_is_faster_than_the_first_fills_its_stand_in_and_the_first_is_shown_when_it_comes(
    shot_takes: Takes,
) -> None:
    scene = shot_takes.scene
    scene.render.fps = 30
    first = shot_takes.make(scene="Scene")
    target = replace(first.target, has_stand_in=True)
    request = OmniRequest(prompt="a fox", duration_s=5)
    strip: Any = stand_in.place_stand_in(replace(first, clip="", target=target), request)
    assert length_of(strip) == 150
    second = shot_takes.make(shot=first.id)
    takes.put_on_strip(second)
    assert (clip_of(strip), length_of(strip)) == (Path(second.clip), 60)
    assert not stand_in.is_stand_in(strip)
    takes.put_on_strip(first)
    assert (clip_of(strip), length_of(strip)) == (Path(first.clip), 60)
    assert len(list(all_strips(scene))) == 1


def test_a_shot_without_a_strip_here_gets_none(shot_takes: Takes) -> None:
    first = shot_takes.make()
    assert takes.put_on_strip(first) is None
    assert takes.put_on_strip(shot_takes.make(shot=first.id)) is None


def test_the_favourite_is_a_mark_that_can_be_taken_away(shot_takes: Takes) -> None:
    strip = shot_takes.place(shot_takes.make())
    assert bpy.ops.kling.favour_take() == {"FINISHED"}
    assert takes.shows_favourite(strip)
    assert bpy.ops.kling.favour_take() == {"FINISHED"}
    assert not takes.shows_favourite(strip)


def test_only_what_nothing_needs_is_deleted(shot_takes: Takes) -> None:
    first = shot_takes.make()
    shown, liked, elsewhere, as_clip, unused, lonely = (shot_takes.make(shot=first.id) for _ in range(6))
    stranger = shot_takes.make()
    strip = shot_takes.place(shown)
    strip["kling_favourite"] = liked.id
    other = bpy.data.scenes.new("Other")
    other.sequence_editor_create()
    strips_of(other).new_movie("plain", elsewhere.clip, 1, 1)
    bpy.data.movieclips.load(as_clip.clip)
    sidecar_of(Path(lonely.clip)).unlink()
    assert bpy.ops.kling.delete_unused_takes() == {"FINISHED"}
    left = {submission.id for submission in snapshots.submissions() if Path(submission.clip).exists()}
    assert left == {shown.id, liked.id, elsewhere.id, as_clip.id, stranger.id}
    assert not sidecar_of(Path(unused.clip)).exists()
    assert sidecar_of(Path(liked.clip)).exists()


def test_a_take_that_is_used_under_another_spelling_of_its_path_is_kept(shot_takes: Takes) -> None:
    """A second name of the same file stands for what Windows and macOS take for one: another case, drive or accent."""
    first = shot_takes.make()
    strip = shot_takes.place(first)
    used = shot_takes.make(shot=first.id)
    elsewhere = shot_takes.folder.parent / "MAPPED"
    elsewhere.mkdir()
    os.link(used.clip, elsewhere / Path(used.clip).name.upper())
    bpy.data.movieclips.load(str(elsewhere / Path(used.clip).name.upper()))
    assert takes.unused_takes(strip) == ()
    bpy.data.movieclips.remove(bpy.data.movieclips[0])
    assert [take.submission for take in takes.unused_takes(strip)] == [used.id]


def with_marked_copy(shot_takes: Takes, submission: Submission) -> Path:
    """The copy with the watermark, as it lies beside a take and is on record."""
    clip = Path(submission.clip)
    marked = clip.with_name(f"{clip.stem}.watermarked.mp4")
    marked.write_bytes(clip.read_bytes() + b"mark")
    sha256 = hashlib.sha256(marked.read_bytes()).hexdigest()
    fetched = ev.MarkedFetched(at=submission.created_at, path=str(marked), sha256=sha256)
    keep_sidecar(shot_takes.record(submission, fetched))
    return marked


def test_the_marked_copy_goes_with_its_take_unless_something_plays_it_or_it_is_another_file(shot_takes: Takes) -> None:
    first = shot_takes.make()
    shot_takes.place(first)
    unused, played, changed = (shot_takes.make(shot=first.id) for _ in range(3))
    of_unused, of_played, of_changed = (with_marked_copy(shot_takes, take) for take in (unused, played, changed))
    of_changed.write_bytes(b"somebody else's")
    shutil.copy(played.clip, of_played)
    bpy.data.movieclips.load(str(of_played))
    assert bpy.ops.kling.delete_unused_takes() == {"FINISHED"}
    assert not of_unused.exists()
    assert of_changed.read_bytes() == b"somebody else's"
    assert Path(played.clip).exists()
    assert of_played.exists()


def test_a_take_that_waits_for_its_timeline_is_not_unused(shot_takes: Takes) -> None:
    first = shot_takes.make()
    strip = shot_takes.place(first)
    shot_takes.make(shot=first.id, scene="Scene")
    unused = shot_takes.make(shot=first.id)
    assert [take.submission for take in takes.unused_takes(strip)] == [unused.id]


def test_what_was_deleted_is_not_shown_any_more(shot_takes: Takes) -> None:
    first = shot_takes.make()
    strip = shot_takes.place(first)
    shot_takes.make(shot=first.id)
    panels_takes.known_takes(strip)
    panels_takes.look()
    assert len(panels_takes.known_takes(strip)) == 2
    bpy.ops.kling.delete_unused_takes()
    panels_takes.known_takes(strip)
    panels_takes.look()
    assert [take.submission for take in panels_takes.known_takes(strip)] == [first.id]


def test_never_more_is_deleted_than_was_shown_to_the_artist(shot_takes: Takes) -> None:
    first = shot_takes.make()
    shot_takes.place(first)
    shown, later = (shot_takes.make(shot=first.id) for _ in range(2))
    operators.KLING_OT_delete_unused_takes.agreed = frozenset({shown.clip})
    assert bpy.ops.kling.delete_unused_takes() == {"FINISHED"}
    assert (Path(shown.clip).exists(), Path(later.clip).exists()) == (False, True)


def test_a_new_take_is_made_for_the_shot_of_the_strip(shot_takes: Takes) -> None:
    first = shot_takes.make(prompt="a fox runs", mode="pro")
    shot_takes.place(first)
    scene = shot_takes.scene
    scene.kling.prompt = "something else"
    assert bpy.ops.kling.new_take() == {"FINISHED"}
    assert (read_request(scene).prompt, read_request(scene).mode) == ("a fox runs", "pro")
    assert read_target(scene).shot == first.id
    assert 'as a take to "alley"' in forecast.outcome(scene, read_request(scene))
    assert bpy.ops.kling.leave_takes() == {"FINISHED"}
    assert read_target(scene).shot == ""
    scene.kling.prompt = "something else"
    assert bpy.ops.kling.new_take(loads_settings=False) == {"FINISHED"}
    assert (read_request(scene).prompt, read_target(scene).shot) == ("something else", first.id)


def draw(panel: Any, context: Any = None) -> Layout:
    layout = Layout()
    panel.draw(type("Drawn", (), {"layout": layout})(), context or bpy.context)
    return layout


def test_the_menu_tells_every_take_and_how_it_differs(shot_takes: Takes) -> None:
    first = shot_takes.make()
    second = shot_takes.make(shot=first.id, prompt="take 1", mode="pro")
    shot_takes.place(first)
    layout = draw(panels_takes.KLING_MT_takes)
    assert "(shown)" in layout.text
    assert "Quality: Standard → Pro" in layout.text
    switches = [button.submission_id for name, button in layout.buttons if name == "kling.switch_take"]
    assert switches == [first.id, second.id]
    tip = operators.KLING_OT_switch_take.description(bpy.context, layout.buttons[1][1])
    assert tip == "Quality: Standard → Pro"


def test_the_panel_looks_at_the_disk_only_after_drawing_and_when_clips_came_or_went(
    shot_takes: Takes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []

    def look_into(folder: Path) -> Iterator[Any]:
        looks.append(folder)
        return iter(())

    monkeypatch.setattr(sidecar, "takes_in", look_into)
    first = shot_takes.make()
    shot_takes.place(first)
    shot_takes.make(shot=first.id, prompt="take 1", sound=True)
    draw(panels_takes.KLING_PT_sequencer_takes)
    assert looks == []
    panels_takes.look()
    layout = draw(panels_takes.KLING_PT_sequencer_takes)
    draw(panels_takes.KLING_PT_sequencer_takes)
    assert "Sound: off → on" in " ".join(layout.text.split())
    assert len(looks) == 1
    header = Layout()
    panels_takes.KLING_PT_sequencer_takes.draw_header_preset(type("Drawn", (), {"layout": header})(), bpy.context)
    assert header.text == "1 of 2"
    shot_takes.make(shot=first.id)
    draw(panels_takes.KLING_PT_sequencer_takes)
    panels_takes.look()
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("editor", "is_selected"), [("SEQUENCE_EDITOR", True), ("SEQUENCE_EDITOR", False), ("VIEW_3D", True)]
)
def test_a_new_take_is_offered_where_its_strip_is_selected_in_sight(
    shot_takes: Takes, editor: str, is_selected: bool
) -> None:
    shot_takes.place(shot_takes.make()).select = is_selected
    layout = Layout()
    context = SimpleNamespace(area=SimpleNamespace(type=editor), scene=shot_takes.scene, workspace=None, region=None)
    panels_takes.draw_take_choice(layout, context)  # type: ignore[arg-type]
    assert ("Next Clip: New Take of alley" in layout.text) == (editor == "SEQUENCE_EDITOR" and is_selected)


def test_above_generate_stands_which_shot_the_clip_will_be_a_take_of(shot_takes: Takes) -> None:
    shot_takes.place(shot_takes.make())
    bpy.ops.kling.new_take(loads_settings=False)
    layout = Layout()
    generate.draw_generate(layout, bpy.context)  # type: ignore[arg-type]
    assert "New take of alley" in layout.text
