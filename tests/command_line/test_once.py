"""A farm that kills and retries: under a name one shot is one task and one clip, here and on another machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.media import mp4_fault
from tests.workshop.processes import CRASHING, KILLED, OTHER_KEY, Rehearsal, Said, run
from tests.workshop.rehearsal_stand import png

Environment = dict[str, str]
BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
RETRIES = 3


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    return written(tmp_path / "shot.json")


def written(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps(BODY | changes))
    return path


@pytest.fixture
def farm(environment: Environment, rehearsal: Rehearsal) -> Environment:
    return environment | {"KLING_BASE_URL": rehearsal.url, "KLING_LOOK_WINDOW_S": "5"}


def elsewhere(environment: Environment, tmp_path: Path) -> Environment:
    """Another machine: the same account, another journal."""
    return environment | {"KLING_HOME": str(tmp_path / "another home")}


def ask(environment: Environment, request: Path, *more: str) -> Said:
    return run(environment, "submit", request, "--wait", "120", *more)


def retried(environment: Environment, request: Path, *more: str) -> Said:
    """As a farm does: until it ends well, or three times."""
    for _ in range(RETRIES - 1):
        said = ask(environment, request, *more)
        if said.code == 0:
            return said
    return ask(environment, request, *more)


def assert_one_clip(said: Said, made: int) -> None:
    assert said.code == 0, said
    (saved,) = {line for line in said.errors.splitlines() if line.startswith("Saved: ")}
    clip = Path(saved.removeprefix("Saved: ").strip("'"))
    with clip.open("rb") as file:
        assert mp4_fault(file, clip.stat().st_size) == ""
    assert made == 1


def creates_since(rehearsal: Rehearsal, before: int) -> int:
    return int(rehearsal.stats()["creates"]) - before


@pytest.mark.parametrize(
    ("moment", "is_elsewhere"),
    [
        ("after-Intended", False),
        ("mid-body", False),
        ("after-Sent", False),
        ("last-byte-gone", False),
        ("answer-read", False),
        ("before-Accepted", False),
        ("after-Succeeded", False),
        ("mid-download", False),
        ("after-rename", False),
        ("after-Fetched", False),
        ("after-Sent", True),
        ("last-byte-gone", True),
        ("after-Accepted", True),
        ("after-Fetched", True),
    ],
)
def test_killed_at_any_moment_and_asked_again_it_is_made_once(
    moment: str, is_elsewhere: bool, farm: Environment, request_file: Path, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    before, key = rehearsal.stats()["creates"], f"{moment}-{is_elsewhere}"
    killed = run(farm, moment, "submit", request_file, "--wait", "--once", key, script=CRASHING)
    assert killed.code == KILLED, killed.errors
    machine = elsewhere(farm, tmp_path) if is_elsewhere else farm
    said = retried(machine, request_file, "--once", key)
    assert_one_clip(said, creates_since(rehearsal, before))


def test_asked_for_again_when_it_is_done_it_is_the_same_clip(
    farm: Environment, request_file: Path, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    before = rehearsal.stats()["creates"]
    for machine in (farm, farm, elsewhere(farm, tmp_path)):
        assert_one_clip(ask(machine, request_file, "--once", "done"), creates_since(rehearsal, before))


def test_again_makes_another_take(farm: Environment, request_file: Path, rehearsal: Rehearsal) -> None:
    before = rehearsal.stats()["creates"]
    ask(farm, request_file, "--once", "sh010")
    assert ask(farm, request_file, "--once", "sh010", "--again").code == 0
    assert creates_since(rehearsal, before) == 2


def test_another_wish_under_the_name_is_refused(farm: Environment, rehearsal: Rehearsal, tmp_path: Path) -> None:
    ask(farm, written(tmp_path / "a.json"), "--once", "sh020_v003")
    before = rehearsal.stats()["creates"]
    said = ask(farm, written(tmp_path / "b.json", prompt="fire"), "--once", "sh020_v003")
    assert (said.code, creates_since(rehearsal, before)) == (2, 0)
    assert '"sh020_v003" already exists with other settings (prompt)' in said.errors
    assert "Use the name of a new version" in said.errors


def test_a_task_that_failed_at_no_cost_is_followed_by_the_next_attempt_on_every_machine(
    farm: Environment, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    refused = written(tmp_path / "refused.json", prompt="waves rehearse-fail")
    machines = (farm, elsewhere(farm, tmp_path), farm)
    asked = [ask(machine, refused, "--once", "unlucky") for machine in machines]
    assert [said.code for said in asked] == [4, 4, 4]
    first, *more = (said.lines[-1]["id"] for said in asked)
    assert more == [f"{first}-2", f"{first}-3"]
    assert [rehearsal.creates(each) for each in (first, *more)] == [1, 1, 1]


@pytest.mark.parametrize("is_elsewhere", [True, False], ids=["made by another machine", "made at the next attempt"])
def test_what_was_refused_here_is_made_once_whichever_machine_asks_next(
    is_elsewhere: bool, farm: Environment, request_file: Path, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    before, once = rehearsal.stats()["creates"], ("--once", f"refused {is_elsewhere}")
    rehearsal.ask("POST", "/rehearsal/faults", {"name": "1103"})
    assert ask(farm, request_file, *once).code == 4
    machines = [farm, elsewhere(farm, tmp_path)]
    for machine in reversed(machines) if is_elsewhere else machines:
        assert_one_clip(ask(machine, request_file, *once), creates_since(rehearsal, before))


def test_footage_that_got_another_link_is_the_same_shot(
    farm: Environment, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """It is uploaded again by whoever runs a script again, and the time stands in the name of the file."""
    before = rehearsal.stats()["creates"]
    for link in ("https://s3.example/a/cut_1.mp4?signature=1", "https://s3.example/a/cut_2.mp4?signature=2"):
        video = {"video_url": link, "refer_type": "feature", "keep_original_sound": "no"}
        said = ask(farm, written(tmp_path / "cut.json", video_list=[video]), "--once", "cut")
        assert_one_clip(said, creates_since(rehearsal, before))


def test_without_a_name_another_image_is_another_shot(farm: Environment, rehearsal: Rehearsal, tmp_path: Path) -> None:
    before = rehearsal.stats()["creates"]
    files = []
    for number, folder in enumerate(("sh010", "sh020")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "first.png").write_bytes(png(640, 360) + bytes(number))
        image = {"image_url": "first.png", "type": "first_frame"}
        files.append(written(tmp_path / folder / "request.json", image_list=[image]))
    assert run(farm, "submit", *files, "--wait", "120").code == 0
    assert creates_since(rehearsal, before) == 2


def test_what_another_key_has_is_said_and_ends_with_3(
    farm: Environment, request_file: Path, rehearsal: Rehearsal
) -> None:
    before = rehearsal.stats()["creates"]
    assert run(farm, "after-Sent", "submit", request_file, "--once", "moved", script=CRASHING).code == KILLED
    said = ask(farm | OTHER_KEY, request_file, "--once", "moved")
    assert (said.code, creates_since(rehearsal, before)) == (3, 0)
    assert "Not continued. This job was sent with another key" in said.errors


def test_a_clip_whose_file_is_gone_is_downloaded_again_and_costs_nothing(
    farm: Environment, request_file: Path, rehearsal: Rehearsal
) -> None:
    before = rehearsal.stats()["creates"]
    first = Path(ask(farm, request_file, "--once", "lost").lines[-1]["clip"])
    content = first.read_bytes()
    first.unlink()
    killed = run(farm, "mid-download", "submit", request_file, "--wait", "--once", "lost", script=CRASHING)
    assert killed.code == KILLED, killed.errors
    assert_one_clip(retried(farm, request_file, "--once", "lost"), creates_since(rehearsal, before))
    assert first.read_bytes() == content


def test_without_a_name_what_is_under_way_is_gone_on_with(
    farm: Environment, request_file: Path, rehearsal: Rehearsal
) -> None:
    before = rehearsal.stats()["creates"]
    assert run(farm, "after-Accepted", "submit", request_file, "--wait", script=CRASHING).code == KILLED
    assert_one_clip(ask(farm, request_file), creates_since(rehearsal, before))
    assert ask(farm, request_file).code == 0  # it is done: this is another wish
    assert creates_since(rehearsal, before) == 2


def test_without_a_name_again_makes_another_take_of_what_is_under_way(
    farm: Environment, request_file: Path, rehearsal: Rehearsal
) -> None:
    before = rehearsal.stats()["creates"]
    assert run(farm, "after-Accepted", "submit", request_file, "--wait", script=CRASHING).code == KILLED
    assert ask(farm, request_file, "--again").code == 0
    assert creates_since(rehearsal, before) == 2


def test_a_name_beside_an_external_task_id_is_refused(farm: Environment, tmp_path: Path) -> None:
    said = ask(farm, written(tmp_path / "own.json", external_task_id="mine"), "--once", "sh030")
    assert said.code == 2
    assert "Leave one of the two out" in said.errors


def test_an_empty_name_is_refused(farm: Environment, request_file: Path) -> None:
    assert ask(farm, request_file, "--once", " ").code == 2
