"""Submitting a batch against a real rehearsal server: all of it or none, and each clip once however often it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from kling_omni_addon.batch.frames import FramesFolder
from kling_omni_addon.batch.submitting import Batch, Plan
from kling_omni_addon.batch.taking import Asked, Standing, State, Taker
from kling_omni_addon.command_line import batching
from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.media import mp4_fault
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.work.picture_store import PictureStore
from tests.workshop.processes import KILLED, OTHER_KEY, Rehearsal, Said, run

from .project import CLIPS, SHOTS, Environment, Project


def creates_of(rehearsal: Rehearsal, said: Said) -> list[int]:
    """How many tasks each clip of a batch was made by."""
    ids = {line["id"] for line in said.lines if line.get("id")}
    return [rehearsal.creates(each) for each in sorted(ids)]


def test_submitted_twice_each_clip_is_made_once(project: Project, rehearsal: Rehearsal) -> None:
    for _ in range(2):
        said = project.submit("--wait", "120")
        assert (said.code, said.lines[-1]["done"]) == (0, CLIPS)
        assert creates_of(rehearsal, said) == [1] * CLIPS
    clips = {line["clip"] for line in said.lines if line.get("clip")}
    assert len(clips) == CLIPS
    for clip in map(Path, clips):
        with clip.open("rb") as file:
            assert mp4_fault(file, clip.stat().st_size) == ""
    known = project.submit("--dry-run")
    assert (known.lines[-1]["clips"], known.lines[-1]["submitted_before"]) == (0, CLIPS)


MOMENTS = (
    *("before-Intended", "after-Intended", "mid-body", "after-Sent", "last-byte-gone", "answer-read"),
    *("after-Accepted", "mid-download", "after-rename", "after-Fetched"),
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_in_the_middle_and_run_again_each_clip_is_made_once(
    moment: str, project: Project, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    assert project.submit("--wait", "120", moment=moment).code == KILLED
    if moment in ("answer-read", "after-rename"):  # another machine goes on, with a job history of its own
        project.environment |= {"KLING_HOME": str(tmp_path / "another home")}
    said = project.submit("--wait", "120")
    if "Kling did not respond" in said.errors:  # the kill took the request with it: whoever asks again sends it again
        said = project.submit("--wait", "120")
    assert (said.code, said.lines[-1]["done"]) == (0, CLIPS), said.errors
    assert creates_of(rehearsal, said) == [1] * CLIPS


def test_on_another_machine_the_same_clips_are_fetched(project: Project, rehearsal: Rehearsal, tmp_path: Path) -> None:
    assert project.submit("--wait", "120").code == 0
    project.environment |= {"KLING_HOME": str(tmp_path / "another home")}
    said = project.submit("--wait", "120")
    assert (said.code, said.lines[-1]["done"]) == (0, CLIPS)
    assert creates_of(rehearsal, said) == [1] * CLIPS


def test_what_another_key_has_is_said_and_not_waited_for(project: Project, rehearsal: Rehearsal) -> None:
    assert project.submit(moment="after-Sent").code == KILLED
    project.environment |= OTHER_KEY
    said = project.submit("--wait", "20")
    assert said.code == batching.SOME_FAILED
    assert any("was sent with another key" in str(line.get("problem")) for line in said.lines)
    assert max(creates_of(rehearsal, said)) <= 1


class Noted:
    """A taker that only notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.pictures = PictureStore(folder)
        self.asked: list[str] = []

    def standing(self, name: str, _request: OmniRequest | None = None) -> Standing:
        return Standing(name=name)

    def submit(self, asked: Asked) -> Standing:
        self.asked.append(asked.name)
        return Standing(name=asked.name, state=State.RUNNING)


def test_lines_that_come_while_it_is_submitted_are_not_sent(project: Project, tmp_path: Path) -> None:
    """They were not counted when somebody agreed to the price."""
    batch = Batch(manifest=project.manifest, frames=FramesFolder(project.frames), profile=profile())
    noted, plan = Noted(tmp_path / "pictures"), Plan()
    taker = cast("Taker", noted)
    assert list(batch.planned(taker, plan)) == []
    submitted = batch.submitted(taker, plan)
    next(submitted)
    with project.manifest.open("a") as manifest:
        manifest.write(json.dumps({"key": "late", "kind": "text", "prompt": "more"}) + "\n")
    with pytest.raises(ArgumentsInvalid, match="What comes after was not sent"):
        list(submitted)
    assert noted.asked == [project.key("sh010"), f"{project.key('sh010')}.take2"]


@pytest.mark.parametrize(
    ("bad", "line", "column"),
    [
        ('{"key": "sh030", "kind": "text"}', 3, "prompt"),
        ('{"key": "KEY", "kind": "text", "prompt": "x"}', 3, "key"),
        ('{"key": "sh030", "kind": "frames", "prompt": "x", "blend": "film.blend"}', 3, "key"),
        ('{"key": "sh030", "kind": "text", "prompt": "x", "duration": 99}', 3, "duration"),
    ],
)
def test_with_one_bad_line_none_is_submitted(
    bad: str, line: int, column: str, project: Project, rehearsal: Rehearsal
) -> None:
    before = rehearsal.stats()["creates"]
    project.manifest.write_text(f"{project.manifest.read_text()}\n{bad.replace('KEY', project.key('sh010'))}")
    said = project.submit("--wait")
    assert said.code == 2
    assert [(told["line"], told["column"]) for told in said.lines if told.get("kind") == "error"] == [(line, column)]
    assert f"shots.jsonl:{line}: {column}: error: " in said.errors
    assert rehearsal.stats()["creates"] == before
    assert project.status().lines[-1]["not_submitted"] >= CLIPS


def test_a_line_that_was_changed_after_its_frames_is_refused(project: Project) -> None:
    project.manifest.write_text(project.manifest.read_text().replace("waves", "a storm"))
    said = project.submit()
    assert said.code == 2
    assert "was changed after its frames. Render them again with: kling batch frames" in said.errors


def test_another_wish_under_a_key_is_refused_before_anything_is_sent(project: Project, rehearsal: Rehearsal) -> None:
    assert project.submit("--wait", "120").code == 0
    before = rehearsal.stats()["creates"]
    project.write(*(shot | {"prompt": f"{shot['prompt']} at night"} for shot in SHOTS), {**SHOTS[1], "key": "sh030"})
    said = project.submit("--wait")
    assert (said.code, rehearsal.stats()["creates"]) == (2, before)
    assert "Give the line a new key." in said.errors


def test_more_units_than_allowed_are_not_spent_and_what_was_paid_for_does_not_count(
    project: Project, rehearsal: Rehearsal
) -> None:
    before = rehearsal.stats()["creates"]
    for more, variables in ((["--most-units", "5.3"], {}), ([], {"KLING_DAILY_CAP": "5.3"})):
        usual = project.environment
        project.environment = usual | variables
        said = project.submit("--wait", "120", *more)
        project.environment = usual
        assert (said.code, rehearsal.stats()["creates"]) == (2, before)
    assert project.submit("--wait", "120", "--most-units", "5.4").code == 0
    assert project.submit("--wait", "120", "--most-units", "0").code == 0


def test_a_dry_run_says_what_it_comes_to_and_sends_nothing(project: Project, rehearsal: Rehearsal) -> None:
    before = rehearsal.stats()["creates"]
    said = project.submit("--dry-run")
    assert said.code == 0
    assert (said.lines[-1]["clips"], said.lines[-1]["units"]) == (CLIPS, "5.4")
    assert rehearsal.stats()["creates"] == before
    assert project.status().lines[-1]["not_submitted"] == CLIPS


def test_one_that_fails_keeps_no_other_from_its_clip(project: Project) -> None:
    project.write(SHOTS[1] | {"key": "bad", "prompt": "rehearse-fail"}, SHOTS[1] | {"key": "good"})
    said = project.submit("--wait", "120")
    assert (said.code, said.lines[-1]["failed"], said.lines[-1]["done"]) == (4, 1, 1)
    told = project.status()
    assert (told.code, [line["state"] for line in told.lines[:-1]]) == (4, ["failed", "done"])


def test_while_some_are_running_the_exit_code_says_so(project: Project, slow_rehearsal: Rehearsal) -> None:
    project.environment |= {"KLING_BASE_URL": slow_rehearsal.url}
    said = project.submit("--wait", "1")
    assert (said.code, said.lines[-1]["running"]) == (6, CLIPS)
    told = project.status()
    assert (told.code, {line["state"] for line in told.lines[:-1]}) == (6, {"running"})


def test_who_hands_the_shots_over_is_done_when_kling_has_them(project: Project, slow_rehearsal: Rehearsal) -> None:
    project.environment |= {"KLING_BASE_URL": slow_rehearsal.url}
    project.write(SHOTS[1])
    said = project.submit("--hand-over")
    assert (said.code, said.lines[-1]["not_submitted"], said.lines[-1]["failed"]) == (0, 0, 0)
    assert creates_of(slow_rehearsal, said) == [1]
    assert project.submit("--hand-over", "--wait", "1").code == 2


def test_what_nobody_else_has_yet_or_has_failed_is_not_handed_over(tmp_path: Path) -> None:
    tally = batching._Tally(tmp_path / "shots.jsonl")
    tally.note(Standing(name="a", state=State.RUNNING, is_handed_over=True))
    assert tally.end(hands_over=True) == 0
    tally.note(Standing(name="b", state=State.FAILED))
    assert tally.end(hands_over=True) == 4
    tally.note(Standing(name="c", state=State.RUNNING))
    assert tally.end(hands_over=True) == 6
    tally.note(Standing(name="c", state=State.RUNNING, is_handed_over=True))
    assert tally.end(hands_over=True) == 4


def test_the_check_tells_price_limits_and_balance(project: Project, tmp_path: Path) -> None:
    (tmp_path / "film.blend").write_bytes(b"")
    said = run(project.environment, "batch", "check", project.manifest)
    assert (said.code, said.lines[-1]["units"], said.lines[-1]["daily_limit"]) == (0, "5.4", None)
    assert float(said.lines[-1]["balance"]) > 0
    limited = run(project.environment | {"KLING_DAILY_CAP": "5"}, "batch", "check", project.manifest)
    assert (limited.code, limited.lines[-1]["daily_limit"]) == (2, "5")
    assert "All clips may cost 5.4 units. The daily limit is 5." in limited.errors


def test_without_a_key_a_manifest_can_be_checked(environment: Environment, tmp_path: Path) -> None:
    environment.pop("KLING_API_KEY")
    project = Project(tmp_path, environment)
    (tmp_path / "film.blend").write_bytes(b"")
    said = run(environment, "batch", "check", project.manifest)
    assert (said.code, said.lines[-1]["balance"]) == (0, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "pro"},
        {"prompt": "something else"},
        {"external_task_id": "mine"},
        {"callback_url": "https://elsewhere.example/x"},
        {"image_list": [{"image_url": "/etc/hostname.png", "type": "first_frame"}]},
    ],
)
def test_a_request_that_says_something_else_than_its_line_keeps_all_from_being_submitted(
    changes: dict[str, Any], project: Project, rehearsal: Rehearsal
) -> None:
    """The folder of the frames is written by many machines."""
    before = rehearsal.stats()["creates"]
    request = project.frames / project.key("sh010") / "request.json"
    request.write_text(json.dumps(json.loads(request.read_text()) | changes))
    said = project.submit("--wait", "120")
    assert (said.code, rehearsal.stats()["creates"]) == (2, before)


def test_frames_of_another_blend_file_are_told_and_no_fault(project: Project) -> None:
    assert project.submit("--dry-run").lines[-1]["warnings"] == 0
    (project.manifest.parent / "film.blend").write_bytes(b"saved since")
    said = project.submit("--dry-run")
    assert (said.code, said.lines[-1]["warnings"]) == (0, 1)
    assert "The .blend file was changed after the frames" in said.errors


def test_a_clip_that_was_deleted_is_not_done_and_comes_again_for_nothing(
    project: Project, rehearsal: Rehearsal
) -> None:
    project.write(SHOTS[1])
    (clip,) = (line["clip"] for line in project.submit("--wait", "120").lines if line.get("clip"))
    Path(clip).unlink()
    told = project.status()
    assert (told.code, told.lines[0]["state"]) == (4, "failed")
    assert "was moved or deleted" in told.errors
    before = rehearsal.stats()["creates"]
    assert project.submit("--most-units", "0", "--wait", "120").code == 0
    assert (project.status().code, rehearsal.stats()["creates"]) == (0, before)


def test_the_status_of_a_line_that_cannot_be_read_or_says_something_new_is_not_done(project: Project) -> None:
    project.write(SHOTS[1])
    assert project.submit("--wait", "120").code == 0
    whole = project.manifest.read_text()
    project.manifest.write_text(f"{whole}\n{{bad")
    assert project.status().code == 2
    project.manifest.write_text(whole.replace("fox", "wolf"))
    told = project.status()
    assert (told.code, "already exists with other settings (prompt)" in told.errors) == (4, True)


def test_a_manifest_without_a_shot_is_refused(project: Project) -> None:
    project.manifest.write_text("\n\n")
    for said in (project.status(), project.submit()):
        assert (said.code, "The manifest has no shot" in said.errors) == (2, True)
