"""What the service says of the account's tasks: free questions, bounds that are kept, no secret in what is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Preferred, read_settings
from tests.workshop.crooked_kling import CrookedKling
from tests.workshop.processes import Rehearsal, run

BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}


@pytest.fixture
def kling() -> Iterator[CrookedKling]:
    with CrookedKling() as kling:
        yield kling


@pytest.fixture
def at_kling(kling: CrookedKling, tmp_path: Path) -> dict[str, str]:
    return {"KLING_HOME": str(tmp_path / "home"), "KLING_BASE_URL": kling.url, "KLING_API_KEY": "k"}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def made(environment: dict[str, str], folder: Path, name: str) -> dict[str, Any]:
    """What ``submit`` says last of a clip that was made."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(BODY | {"external_task_id": name}))
    said = run(environment, "submit", path, "--wait")
    assert said.code == 0, said
    return said.lines[-1]


def test_a_task_is_told_by_either_id_and_adopted_by_either(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    there = environment | {"KLING_BASE_URL": rehearsal.url}
    clip = made(there, tmp_path, "tasks-sh0010")
    by_own, by_external = run(there, "task", clip["task_id"]), run(there, "task", "tasks-sh0010", "--external")
    assert (by_own.code, by_own.lines) == (0, by_external.lines)
    (line,) = by_own.lines
    assert {
        "task_id": clip["task_id"],
        "external_task_id": "tasks-sh0010",
        "status": "succeeded",
    }.items() <= line.items()
    assert (line["message"], line["charge_units"], line["charge_said"]) == (None, "1.8", None)
    assert line["clip_host"] == "127.0.0.1"
    assert line["created_at"] <= line["updated_at"]
    for number, known_as in enumerate((clip["task_id"], "tasks-sh0010")):
        elsewhere = there | {"KLING_HOME": str(tmp_path / str(number))}
        said = run(elsewhere, "adopt", known_as, "--wait")
        assert (said.code, said.lines[-1]["id"], said.lines[-1]["task_id"]) == (0, "tasks-sh0010", clip["task_id"])
        assert Path(said.lines[-1]["clip"]).read_bytes() == Path(clip["clip"]).read_bytes()
    assert rehearsal.creates("tasks-sh0010") == 1


def test_the_own_id_of_a_task_is_no_external_id(
    kling: CrookedKling, at_kling: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    kling.creates.append("sh0010")
    assert main(["task", "task-sh0010", "--external"], at_kling) == 2
    (line,) = lines(capsys)
    assert (line["field"], line["remedy"]) == ("id", "Leave --external out.")


def test_pages_are_the_newest_first_and_as_long_as_asked(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    there = environment | {"KLING_BASE_URL": rehearsal.url}
    ids = [made(there, tmp_path, f"tasks-page-{number}")["task_id"] for number in range(2)]
    first, second = (run(there, "tasks", "--page", page, "--size", "1") for page in ("1", "2"))
    assert [line["task_id"] for line in (*first.lines, *second.lines)] == ids[::-1]
    assert [line["task_id"] for line in run(there, "tasks").lines][:2] == ids[::-1]
    beyond = run(there, "tasks", "--page", "1000", "--size", "500")
    assert (beyond.code, beyond.lines) == (0, ())


def test_a_failed_task_says_why_and_what_is_not_said_is_null(
    kling: CrookedKling, at_kling: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    kling.creates += ["bad", "new"]
    kling.bends["bad"] = lambda task: {
        "task_id": task["task_id"],
        "task_status": "failed",
        "task_status_msg": "Too dark",
    }
    kling.bends["new"] = lambda task: {"task_id": task["task_id"], "created_at": 1774711071284}
    assert main(["tasks"], at_kling) == 0
    new, bad = lines(capsys)
    assert (bad["status"], bad["message"], bad["external_task_id"], bad["clip_host"]) == (
        "failed",
        "Too dark",
        None,
        None,
    )
    assert (new["status"], new["created_at"], new["updated_at"]) == ("unknown", 1774711071.284, None)


@pytest.mark.parametrize(
    "link", ["https://[broken/a.mp4?sig=canary", "//", "no link", "https://host.example/p?sig=canary"]
)
def test_of_a_link_only_the_host_is_told(
    link: str, kling: CrookedKling, at_kling: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    kling.creates.append("sh0010")
    kling.bends["sh0010"] = lambda task: task | {"task_result": {"videos": [{"url": link}]}}
    assert main(["task", "sh0010"], at_kling) == 0
    said = capsys.readouterr()
    assert "sig=" not in said.out + said.err
    assert json.loads(said.out)["clip_host"] == ("host.example" if "host" in link else None)


@pytest.mark.parametrize("verb", [["task", "sh0010"], ["tasks"]], ids=lambda words: words[0])
class TestLikeEveryQuestion:
    """Both verbs keep to the key, the address and offline mode, and need nothing else."""

    def test_a_journal_is_not_needed_and_none_is_made(
        self, verb: list[str], kling: CrookedKling, at_kling: dict[str, str], tmp_path: Path
    ) -> None:
        kling.creates.append("sh0010")
        (tmp_path / "home").write_text("a file where the home should be")
        assert main(verb, at_kling) == 0
        assert (tmp_path / "home").read_text() == "a file where the home should be"

    def test_without_a_key_nothing_is_asked(
        self, verb: list[str], kling: CrookedKling, at_kling: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(verb, at_kling | {"KLING_API_KEY": ""}) == 3
        assert lines(capsys)[0]["exit_code"] == 3
        assert kling.keys == set()

    def test_a_refused_key_ends_with_3(
        self, verb: list[str], environment: dict[str, str], rehearsal: Rehearsal
    ) -> None:
        said = run(environment | {"KLING_BASE_URL": rehearsal.url, "KLING_API_KEY": "api-key-of-nobody"}, *verb)
        assert (said.code, said.lines[0]["field"]) == (3, "key")

    def test_offline_mode_holds(self, verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        around = Preferred(values={"KLING_BASE_URL": "kling", "KLING_API_KEY": "k"}, is_online=False)
        assert main(verb, {"KLING_HOME": str(tmp_path / "home")}, around) == 5
        assert "Blender is set to stay offline" in lines(capsys)[0]["error"]


@pytest.mark.parametrize("verb", ["task", "adopt"])
def test_an_id_that_the_account_does_not_know_is_refused_with_a_remedy_that_helps(
    verb: str, kling: CrookedKling, at_kling: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "nobodys"], at_kling) == 4
    (line,) = lines(capsys)
    assert "Task not found by id/external id: nobodys" in line["error"]
    assert line["remedy"] == "Check the ID, and that the key belongs to the account of the task."


@pytest.mark.parametrize("verb", ["task", "adopt"])
@pytest.mark.parametrize("wrong", ["", ".", "..", "a\nb", "x" * 201, "\udcff"])
def test_what_cannot_be_an_id_is_refused_before_anything_is_asked(
    verb: str, wrong: str, kling: CrookedKling, at_kling: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, wrong], at_kling) == 2
    (line,) = lines(capsys)
    assert line["error"].startswith("Argument id: ")
    assert "is not the ID of a task" in line["error"]
    assert kling.keys == set()


@pytest.mark.parametrize("wrong", ["", "..", "a\nb"])
def test_a_script_cannot_adopt_what_is_no_id(wrong: str, kling: CrookedKling, at_kling: dict[str, str]) -> None:
    with Session(read_settings(at_kling)) as session, pytest.raises(ArgumentsInvalid, match="is not the ID of a task"):
        session.adopt(wrong)
    assert kling.keys == set()


BOUNDS = {"--page": 1000, "--size": 500}


@pytest.mark.parametrize("option", BOUNDS)
def test_the_bounds_of_the_contract_can_be_asked_for(
    option: str, kling: CrookedKling, at_kling: dict[str, str]
) -> None:
    for number in (1, BOUNDS[option]):
        assert main(["tasks", option, str(number)], at_kling) == 0
    assert kling.keys == {"Bearer k"}


def wrong_numbers(most: int) -> st.SearchStrategy[str]:
    numbers = st.integers(max_value=0) | st.integers(min_value=most + 1)
    odd = st.sampled_from(["", " 1", "1 ", "+1", "1.0", "1e2", "1_0", "0x1", "١", "½", "nan", "inf", "one", "9" * 5000])
    return numbers.map(str) | odd


@pytest.mark.parametrize("option", BOUNDS)
@settings(max_examples=60)
@given(data=st.data())
def test_everything_else_is_refused_with_a_sentence_that_names_option_and_bounds(
    option: str, data: st.DataObject
) -> None:
    number = data.draw(wrong_numbers(BOUNDS[option]))
    with pytest.MonkeyPatch.context() as patched:
        said: list[Any] = []
        patched.setattr("kling_omni_addon.command_line.output.say_of_all", said.append)
        assert main(["tasks", f"{option}={number}"], {}) == 2
    (line,) = said
    assert line["error"].startswith(f"Argument {option}: ")
    assert line["error"].endswith(f"is not a whole number from 1 to {BOUNDS[option]}.")
    assert line["remedy"] == "See: kling tasks --help"
