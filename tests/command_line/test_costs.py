"""``kling costs``: what the job history cost, as lines, as one object and as a table."""

from __future__ import annotations

import csv
import getpass
import io
import json
import re
import socket
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Asker, Event, Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.pricing import plain
from kling_omni_addon.remote.token import ApiKey, fingerprint
from kling_omni_addon.work.journal import Journal
from tests.workshop.places import ROOT
from tests.workshop.processes import API_KEY, run, running

Environment = dict[str, str]
PAGE = (ROOT / "docs" / "td" / "command_line.md").read_text("utf-8")
COSTS = PAGE.partition("## Costs\n")[2].partition("\n## ")[0]
BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
NOON = time.mktime((2026, 11, 28, 12, 0, 0, 0, 0, -1))
DAY_S = 86_400.0
KLING = Origin(service="https://api-singapore.klingai.com", key_fingerprint="f00")
REHEARSED = Origin(service="http://127.0.0.1:9", key_fingerprint=fingerprint(ApiKey(key=API_KEY)))


def history(number: int, at: float, asker: Asker, *events: Event, origin: Origin = KLING, **more: Any) -> list[Event]:
    payload = Payload(external_task_id=f"kob-{number}", model="kling-v3-omni", pieces=("{}",))
    target = Target(name=f"shot {number}")
    intended = ev.Intended(
        at=at, payload=payload, origin=origin, target=target, most_units="3", asker=asker, once=more.get("once", "")
    )
    return [intended, ev.Sent(at=at, digest="d"), ev.Accepted(at=at, task_id=f"t{number}"), *events]


@pytest.fixture
def home(environment: Environment) -> Path:
    """Of a studio: two people, two days, two currencies, one job that nobody knows the charge of, one rehearsal."""
    folder = Path(environment["KLING_HOME"])
    anna, ben = Asker(user="anna", host="desk-1", project="Night Watch"), Asker(user="ben", project='=cmd|"/c calc"')
    units = ev.Succeeded(at=NOON, charge_units="2.7")
    dollars = ev.Succeeded(at=NOON, charge_units="", charge_balance="0.42", charge_currency="USD")
    yuan = ev.Succeeded(at=NOON, charge_units="", charge_balance="3", charge_currency="CNY")
    with closing(Journal(folder / "journal.sqlite3")) as journal:
        journal.carry_over(
            [
                history(1, NOON - DAY_S, anna, units, once="sh010_v001"),
                history(2, NOON, anna, units, once="sh010_v001.take2"),
                history(3, NOON, ben, dollars),
                history(4, NOON, ben, yuan),
                history(5, NOON, ben),
                history(6, NOON, ben, ev.Failed(at=NOON, reason="risk control")),
                history(7, NOON, anna, units, origin=REHEARSED),
            ]
        )
    return folder


def said(capsys: pytest.CaptureFixture[str], environment: Environment, *words: str) -> tuple[int, str, str]:
    code = main(["costs", *words], environment)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_line_for_each_project_and_one_for_all_and_rehearsals_are_not_counted(
    home: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, environment)
    other, night, total = map(json.loads, out.splitlines())
    assert code == 0
    assert (night["by"], night["what"], night["charged_units"], night["jobs"]) == ("project", "Night Watch", "5.4", 2)
    assert (other["estimate_units"], other["charged_balance"]) == ("3", {"CNY": "3", "USD": "0.42"})
    assert total["total"] == {
        "jobs": 5,
        "clips": 4,
        "tasks": 5,
        "estimate_units": "3",
        "unpriced_tasks": 0,
        "charged_units": "5.4",
        "charged_balance": {"CNY": "3", "USD": "0.42"},
    }
    assert "Rehearsed jobs that are not counted: 1" in err
    _, out, err = said(capsys, environment, "--rehearsal")
    assert (json.loads(out.splitlines()[-1])["total"]["charged_units"], err) == ("2.7", "")


@pytest.mark.parametrize(
    ("by", "jobs"),
    [
        ("day", {"2026-11-27": 1, "2026-11-28": 4}),
        ("shot", {"sh010_v001": 2, "shot 3": 1, "shot 4": 1, "shot 5": 1}),
        ("user", {"anna": 2, "ben": 3}),
        ("model", {"kling-v3-omni": 5}),
    ],
)
def test_one_object_by_any_of_them(
    by: str, jobs: dict[str, int], home: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, environment, "--by", by, "--json")
    found = json.loads(out)
    assert {each["what"]: each["jobs"] for each in found["sums"]} == jobs
    assert {each["by"] for each in found["sums"]} == {by}
    assert (found["total"]["charged_units"], found["exit_code"]) == ("5.4", 0)


def test_only_what_was_sent_since_a_day_of_this_machine(
    home: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, environment, "--since", "2026-11-28", "--json")
    assert json.loads(out)["total"]["charged_units"] == "2.7"


def test_a_table_has_a_column_for_each_currency_and_no_formula_of_anybody(
    home: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, environment, "--csv")
    other, night = csv.DictReader(io.StringIO(out))
    assert (night["project"], night["charged_units"], night["charged_balance_USD"]) == ("Night Watch", "5.4", "")
    assert (other["project"], other["charged_balance_USD"]) == ('\'=cmd|"/c calc"', "0.42")
    assert (other["charged_balance_CNY"], other["estimate_units"]) == ("3", "3")


@pytest.mark.parametrize(
    ("words", "field", "sentence"),
    [
        (["--since", "yesterday"], "since", 'since: "yesterday" is not a day. Give a day as YYYY-MM-DD'),
        (["--since", "2026-13-01"], "since", "is not a day"),
        (["--since", "20261128"], "since", "is not a day"),
        (["--since", "\u0662\u0660\u0662\u0666-11-28"], "since", "is not a day"),
        (["--since", "2026-11-28\n"], "since", "is not a day"),
        (["--by", "mood"], "arguments", "invalid choice"),
        (["--csv", "--json"], "csv", "cannot be combined"),
    ],
)
def test_bad_input_is_a_sentence_with_the_field_and_the_form(
    words: list[str], field: str, sentence: str, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, environment, *words)
    assert (code, json.loads(out)["field"]) == (2, field)
    assert sentence in err
    assert not Path(environment["KLING_HOME"]).exists(), "nothing was made"


def test_the_commands_of_the_page_do_what_it_says(
    home: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"## Costs\n\n```sh\n(.*?)```", PAGE, re.DOTALL)
    lines, table = (said(capsys, environment, *line.split()[4:]) for line in block.splitlines())
    *each, last = map(json.loads, lines[1].splitlines())
    assert {line["by"] for line in each} == {"project"}
    assert next(csv.DictReader(io.StringIO(table[1])))["shot"] == "sh010_v001"
    keys = set(last["total"])
    assert keys == set(re.findall(r"^\| `(\w+)` \|", COSTS, re.MULTILINE))


def test_without_a_job_history_nothing_was_charged(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capsys, environment, "--csv")
    assert (code, out.count("\n")) == (0, 1)
    code, out, _ = said(capsys, environment)
    assert (code, json.loads(out)["total"]["jobs"]) == (0, 0)
    assert not Path(environment["KLING_HOME"]).exists()


def test_a_shot_is_counted_for_who_asked_and_for_the_folder_or_the_project_that_is_named(
    environment: Environment, tmp_path: Path
) -> None:
    """Two real runs at a server of their own, on which nothing else is charged: the sums are those of its books."""
    request = tmp_path / "harbor_v002" / "shot.json"
    request.parent.mkdir()
    request.write_text(json.dumps(BODY))
    with running(tmp_path / "server", submitted_s=0.1, processing_s=0.1) as rehearsal:
        machine = environment | {"KLING_BASE_URL": rehearsal.url}
        assert run(machine, "submit", request, "--once", "sh010_v001", "--wait").code == 0
        made = run(machine | {"KLING_PROJECT": "Night Watch"}, "submit", request, "--wait")
        charged = Decimal(rehearsal.stats()["charges_units"])
    assert (made.code, made.lines[-1]["project"], made.lines[-1]["user"]) == (0, "Night Watch", getpass.getuser())
    assert made.lines[-1]["host"] == socket.gethostname()
    summed = run(environment, "costs", "--rehearsal", "--json").lines[-1]
    assert [each["what"] for each in summed["sums"]] == ["Night Watch", "harbor"]
    assert (summed["total"]["charged_units"], summed["total"]["clips"]) == (plain(charged), 2)
