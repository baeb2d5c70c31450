"""The generation of Kling's API that the command line speaks: who chooses it, and what it says where that cannot be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import LEGACY, NEW
from kling_omni_addon.settings import NOTHING_PREFERRED, Preferred
from tests.workshop.bilingual_kling import BilingualKling
from tests.workshop.request_files import written

OF_NEW = Preferred(values={"KLING_DIALECT": "new"})
PAIR = {"KLING_ACCESS_KEY": "half-a-pair", "KLING_SECRET_KEY": "the-other-half-of-this-pair-of-keys"}
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def kling() -> Iterator[BilingualKling]:
    with BilingualKling() as kling:
        yield kling


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"KLING_HOME": str(tmp_path / "home")}


@pytest.fixture
def at_kling(kling: BilingualKling, home: dict[str, str]) -> dict[str, str]:
    return home | {"KLING_BASE_URL": kling.url, "KLING_API_KEY": "k"}


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def words_of(verb: str, folder: Path) -> list[str]:
    """A verb with what it needs to be run."""
    more = {"task": ["sh0010"], "adopt": ["sh0010"]}
    takes_request = verb in ("validate", "cost", "submit")
    return [verb, str(written(folder))] if takes_request else [verb, *more.get(verb, [])]


# --- who chooses it


@pytest.mark.parametrize(
    ("flags", "environment", "preferred", "told"),
    [
        ((), {}, NOTHING_PREFERRED, ""),
        ((), {"KLING_DIALECT": "legacy"}, OF_NEW, ""),
        ((), {"KLING_DIALECT": "new"}, NOTHING_PREFERRED, " API: new (by KLING_DIALECT of the environment)."),
        ((), {}, OF_NEW, " API: new (by the preferences)."),
        (("--dialect", "new"), {"KLING_DIALECT": "legacy"}, NOTHING_PREFERRED, " API: new (by --dialect)."),
        (("--dialect", "legacy"), {"KLING_DIALECT": "new"}, OF_NEW, ""),
    ],
)
@pytest.mark.parametrize("verb", ["validate", "cost"])
def test_a_request_is_judged_over_the_api_that_was_chosen_last(
    verb: str,
    flags: tuple[str, ...],
    environment: dict[str, str],
    preferred: Preferred,
    told: str,
    home: dict[str, str],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    path = str(written(tmp_path, prompt="x" * 2501))
    assert main([verb, path, *flags], home | environment, preferred) == (0 if told else 2)
    assert f"kling: Profile: late of 2026-10-04 (by default).{told}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "verb",
    ["validate", "cost", "submit", "resume", "adopt", "task", "tasks", "account", "look-again", "elements", "rehearse"],
)
def test_an_api_that_is_none_ends_with_2_and_names_those_that_are(
    verb: str, kling: BilingualKling, at_kling: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    more = {"look-again": ["kob-1"], "elements": ["list"]}
    assert main([*words_of(verb, tmp_path), *more.get(verb, [])], at_kling | {"KLING_DIALECT": "foo"}) == 2
    (said,) = lines(capsys)
    assert (said["field"], said["error"], said["remedy"], said["exit_code"]) == (
        "KLING_DIALECT",
        'KLING_DIALECT cannot be "foo".',
        "Use legacy or new, or leave it empty for legacy.",
        2,
    )
    assert kling.asked == []


@pytest.mark.parametrize("verb", ["validate", "cost", "submit", "adopt", "task", "tasks"])
def test_a_flag_that_is_none_names_those_that_are(
    verb: str, kling: BilingualKling, at_kling: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    assert main([*words_of(verb, tmp_path), "--dialect", "foo"], at_kling) == 2
    (said,) = lines(capsys)
    assert said["error"].startswith("Argument --dialect: invalid choice: 'foo'")
    assert all(f"{name}" in said["error"] for name in capability.DIALECTS)
    assert kling.asked == []


# --- keys


@pytest.mark.parametrize("verb", ["submit", "task", "tasks"])
def test_a_key_pair_is_told_that_the_new_api_takes_none_and_nothing_is_sent_or_recorded(
    verb: str, kling: BilingualKling, at_kling: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    with_pair = {**at_kling, "KLING_API_KEY": "", **PAIR}
    assert main([*words_of(verb, tmp_path), "--dialect", "new"], with_pair) == 3
    (said,) = lines(capsys)
    assert (said["field"], said["exit_code"]) == ("KLING_API_KEY", 3)
    assert said["error"] == "The new API accepts an API key, but no access key with a secret key. Nothing was sent."
    assert said["remedy"].endswith(" and enter it, or select the legacy API for new shots.")
    assert kling.asked == []
    assert main(["status"], with_pair) == 0
    assert lines(capsys) == []


def test_a_key_pair_goes_on_over_the_legacy_api(
    kling: BilingualKling, at_kling: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    with_pair = {**at_kling, "KLING_API_KEY": "", **PAIR}
    assert main([*words_of("submit", tmp_path), "--wait"], with_pair) == 0
    assert lines(capsys)[-1]["phase"] == "fetched"


# --- models


@pytest.fixture
def one_model_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Takes the name of O1 over a dialect out of the data."""
    shutil.copytree(capability.SCHEMAS, tmp_path / "schemas")
    monkeypatch.setattr(capability, "SCHEMAS", tmp_path / "schemas")

    def take(dialect: str) -> None:
        for path in (tmp_path / "schemas").glob("capability.*.json"):
            data = json.loads(path.read_text("utf-8"))
            del data["models"]["kling-video-o1"]["names"][dialect]
            path.write_text(json.dumps(data), "utf-8")
        capability.profile.cache_clear()

    yield take
    monkeypatch.undo()
    capability.profile.cache_clear()


@pytest.mark.parametrize(("lacking", "other"), [(NEW, "legacy"), (LEGACY, "new")])
@pytest.mark.parametrize("verb", ["validate", "cost", "submit"])
def test_a_model_that_an_api_lacks_is_said_to_be_had_over_the_other_one(
    verb: str,
    lacking: str,
    other: str,
    one_model_less: Callable[[str], None],
    kling: BilingualKling,
    at_kling: dict[str, str],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    one_model_less(lacking)
    path = str(written(tmp_path, model_name="kling-video-o1", duration="5"))
    assert main([verb, path, "--dialect", lacking], at_kling) == 2
    (said,) = lines(capsys)
    assert (said["rule"], said["path"]) == ("R10", "model_name")
    assert said["message"] == (
        f'There is no model "kling-video-o1". Use Kling 3.0 Omni. Kling\'s {other} API has this model.'
    )
    assert kling.asked == []
    assert main(["validate", path, "--dialect", other], at_kling) == 0


# --- a service that speaks the other one


@pytest.mark.parametrize(("dialect", "words"), [(LEGACY, NEW), (NEW, LEGACY)])
@pytest.mark.parametrize("verb", ["task", "tasks", "adopt"])
def test_an_answer_in_the_words_of_the_other_api_is_said_with_the_address_and_never_guessed_at(
    verb: str, dialect: str, words: str, home: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    with BilingualKling({dialect: words}) as kling:
        kling.tasks["sh0010"] = LEGACY
        there = home | {"KLING_BASE_URL": kling.url, "KLING_API_KEY": "k"}
        assert main([*words_of(verb, tmp_path), "--dialect", dialect], there) == 5
    (said,) = lines(capsys)
    assert said["error"] == (
        f"{kling.url}: The request used the {dialect} API of Kling, but the response is one of the {words} API."
    )
    assert said["field"] == "service"
    assert said["remedy"].startswith("Select the other API in the preferences (KLING_DIALECT), or check the address")
    assert main(["status"], home) == 0
    assert lines(capsys) == []


@pytest.mark.parametrize("dialect", capability.DIALECTS)
def test_both_apis_tell_a_task_in_the_same_way(
    dialect: str, kling: BilingualKling, at_kling: dict[str, str], capsys: Capture
) -> None:
    kling.tasks["sh0010"] = LEGACY
    for words in (["task", "sh0010"], ["task", "task-sh0010"], ["tasks"]):
        assert main([*words, "--dialect", dialect], at_kling) == 0
        (line,) = lines(capsys)
        assert (line["task_id"], line["external_task_id"], line["status"], line["duration_s"], line["clip_host"]) == (
            "task-sh0010",
            "sh0010",
            "succeeded",
            3.041,
            "127.0.0.1",
        )
