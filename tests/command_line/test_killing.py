"""kill -9 at every transition, then ``resume``: one create, one clip (issue "The road", Done when 2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kling_omni_addon.core.media import mp4_fault
from tests.workshop.processes import CRASHING, KILLED, Rehearsal, run

EVENTS = ("Accepted", "Succeeded", "Fetched")


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "shot.json"
    body = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
    path.write_text(json.dumps(body))
    return path


def only_submission(environment: dict[str, str]) -> dict[str, str]:
    (line,) = run(environment, "status").lines
    return line


def assert_done_once(environment: dict[str, str], rehearsal: Rehearsal) -> None:
    line = only_submission(environment)
    assert line["phase"] == "fetched"
    assert rehearsal.creates(line["id"]) == 1
    clip = Path(line["clip"])
    with clip.open("rb") as file:
        assert mp4_fault(file, clip.stat().st_size) == ""
    assert {path.name for path in clip.parent.iterdir()} == {clip.name, clip.with_suffix(".json").name}


@pytest.mark.parametrize(
    "moment",
    [
        "after-Intended",
        "mid-body",
        "before-Sent",
        "last-byte-gone",
        "answer-read",
        *(f"{where}-{event}" for event in EVENTS for where in ("before", "after")),
        "mid-download",
        "before-rename",
        "after-rename",
    ],
)
def test_a_kill_at_any_moment_loses_nothing_and_pays_once(
    moment: str, rehearsal: Rehearsal, environment: dict[str, str], request_file: Path
) -> None:
    environment["KLING_BASE_URL"] = rehearsal.url
    killed = run(environment, moment, "submit", request_file, "--wait", script=CRASHING)
    assert killed.code == KILLED, killed.errors
    resumed = run(environment, "resume", "--wait", "120")
    assert resumed.code == 0, resumed
    assert_done_once(environment, rehearsal)


@pytest.mark.parametrize("moment", ["before-Progressed", "after-Progressed"])
def test_a_kill_while_the_task_runs_loses_nothing(
    moment: str, slow_rehearsal: Rehearsal, environment: dict[str, str], request_file: Path
) -> None:
    test_a_kill_at_any_moment_loses_nothing_and_pays_once(moment, slow_rehearsal, environment, request_file)


def test_a_kill_before_the_intention_leaves_nothing_behind(
    rehearsal: Rehearsal, environment: dict[str, str], request_file: Path
) -> None:
    environment["KLING_BASE_URL"] = rehearsal.url
    before = rehearsal.stats()["creates"]
    killed = run(environment, "before-Intended", "submit", request_file, "--wait", script=CRASHING)
    assert killed.code == KILLED
    assert run(environment, "status").lines == ()
    assert run(environment, "resume", "--wait").code == 0
    assert rehearsal.stats()["creates"] == before


def test_a_kill_between_the_commit_point_and_the_last_byte_is_parked_for_the_user(
    rehearsal: Rehearsal, environment: dict[str, str], request_file: Path
) -> None:
    """The one moment that leaves no proof on either side: nothing is sent again by itself, and nothing is lost."""
    environment |= {"KLING_BASE_URL": rehearsal.url, "KLING_LOOK_WINDOW_S": "1"}
    killed = run(environment, "after-Sent", "submit", request_file, "--wait", script=CRASHING)
    assert killed.code == KILLED
    resumed = run(environment, "resume", "--wait", "120")
    line = only_submission(environment)
    assert (resumed.code, line["phase"]) == (5, "parked")
    assert rehearsal.creates(line["id"]) == 0
    assert run(environment, "send-again", line["id"]).code == 0
    assert run(environment, "resume", "--wait", "120").code == 0
    assert_done_once(environment, rehearsal)


@pytest.mark.parametrize("moment", ["mid-body", "mid-download"])
def test_fault_58_after_five_kills_at_the_same_step_a_person_is_asked_and_resuming_goes_on(
    moment: str, rehearsal: Rehearsal, environment: dict[str, str], request_file: Path
) -> None:
    environment["KLING_BASE_URL"] = rehearsal.url
    verb: list[str | Path] = ["submit", request_file]
    for _ in range(5):
        assert run(environment, moment, *verb, "--wait", script=CRASHING).code == KILLED
        verb = ["resume"]
    asked = run(environment, "resume", "--wait", "120")
    assert asked.code == 1, asked
    assert "5 times in a row" in asked.lines[-1]["problem"]
    assert run(environment, "resume", "--wait", "120").code == 0
    assert_done_once(environment, rehearsal)


def test_without_a_kill_there_is_one_create_and_resuming_adds_none(
    rehearsal: Rehearsal, environment: dict[str, str], request_file: Path
) -> None:
    environment["KLING_BASE_URL"] = rehearsal.url
    said = run(environment, "submit", request_file, "--wait")
    assert said.code == 0, said
    assert run(environment, "resume", "--wait").code == 0
    assert_done_once(environment, rehearsal)
