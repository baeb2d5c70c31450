"""Several request files at once, a request from standard input, one summary in place of lines, and the way back from a
clip to its request.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.command_line import cli
from kling_omni_addon.core.life.lifecycle import Submission
from kling_omni_addon.work.journal import Journal
from tests.workshop.parked import parked_in
from tests.workshop.processes import ROOT, Rehearsal, Said, run
from tests.workshop.rehearsal_stand import png
from tests.workshop.request_files import BODY

FRAME = {"image_url": "first.png", "type": "first_frame"}


@pytest.fixture
def at_rehearsal(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url, "PYTHONPATH": str(ROOT)}


def write(folder: Path, name: str, **changes: Any) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({key: value for key, value in (BODY | changes).items() if value is not None}))
    return path


def piped(environment: dict[str, str], folder: Path, text: str, *words: str) -> Said:
    """A command in a folder, with a text coming in."""
    command = [sys.executable, "-m", "kling_omni_addon", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr
    return Said(done.returncode, tuple(map(json.loads, done.stdout.splitlines())), done.stderr)


def jobs(environment: dict[str, str]) -> tuple[Submission, ...]:
    path = Path(environment["KLING_HOME"]) / "journal.sqlite3"
    if not path.exists():
        return ()
    with closing(Journal(path)) as journal:
        return journal.all()


def said_by(capsys: pytest.CaptureFixture[str], environment: dict[str, str], *words: object) -> Said:
    """A command in this process."""
    capsys.readouterr()
    code = cli.main([str(word) for word in words], environment)
    printed = capsys.readouterr()
    return Said(code, tuple(map(json.loads, printed.out.splitlines())), printed.err)


def test_a_request_from_standard_input_is_submitted_and_comes_back_from_its_clip(
    at_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    """Images are relative to the current folder, and the numbers of the prompt are those of the file."""
    for name in ("first.png", "chair.png"):
        (tmp_path / name).write_bytes(png(640, 360) + name.encode())
    images = [FRAME, {"image_url": "chair.png"}]
    body = BODY | {"prompt": "From <<<image_1>>> with <<<image_2>>>", "image_list": images}
    del body["aspect_ratio"]
    said = piped(at_rehearsal, tmp_path, json.dumps(body), "submit", "-", "--wait", "--json")
    (summary,) = said.lines
    (job,) = summary["jobs"]
    assert (said.code, summary["exit_code"], job["phase"], job["name"]) == (0, 0, "fetched", "stdin")
    sidecar = Path(job["clip"]).with_suffix(".json")
    wish = json.loads(sidecar.read_bytes())["wish"]
    assert [Path(picture["source"]) for picture in wish["pictures"]] == [tmp_path / "chair.png", tmp_path / "first.png"]
    assert wish["prompt"] == "From <<<image_2>>> with <<<image_1>>>"
    again = run(at_rehearsal, "request", job["clip"])
    assert again.code == 0, again
    assert again.lines == run(at_rehearsal, "request", sidecar).lines
    more = piped(at_rehearsal, ROOT, json.dumps(again.lines[0]), "submit", "-", "--again", "--wait", "--name", "two")
    assert more.code == 0, more
    second = json.loads(Path(more.lines[-1]["clip"]).with_suffix(".json").read_bytes())
    assert second["wish"] == wish


@pytest.mark.parametrize(("text", "words"), [("{", "is not JSON"), ("[]", "a JSON object"), ("", "is not JSON")])
def test_what_comes_in_and_is_no_request_is_refused(
    environment: dict[str, str], tmp_path: Path, text: str, words: str
) -> None:
    said = piped(environment | {"PYTHONPATH": str(ROOT)}, tmp_path, text, "validate", "-")
    assert (said.code, said.lines[-1]["field"]) == (2, "request")
    assert words in said.errors


def test_several_are_submitted_together_and_summed_up(
    at_rehearsal: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [write(tmp_path, name, prompt=name) for name in ("sh010", "sh020", "sh030")]
    said = said_by(capsys, at_rehearsal, "submit", *files, files[0], "--wait", "--json")
    assert said.code == 0, said
    (summary,) = said.lines
    assert [(job["name"], job["phase"]) for job in summary["jobs"]] == [
        (name, "fetched") for name in ("sh010", "sh020", "sh030")
    ]
    assert said.errors.count("Saved: '") == 3
    assert [job["id"] for job in said_by(capsys, at_rehearsal, "status", "--json").lines[0]["jobs"]] == [
        job["id"] for job in summary["jobs"]
    ]


def test_with_a_bad_one_none_is_submitted(
    at_rehearsal: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write(tmp_path, "good"), write(tmp_path, "bad", prompt="", mode="fast")
    said = said_by(capsys, at_rehearsal, "submit", good, bad, "--wait")
    assert (said.code, {line["request"] for line in said.lines}) == (2, {str(bad)})
    assert f"kling: {bad}: mode: " in said.errors
    (summary,) = said_by(capsys, at_rehearsal, "submit", good, bad, "--json").lines
    assert (summary["jobs"], len(summary["problems"]), summary["exit_code"]) == ([], len(said.lines), 2)
    (tmp_path / "torn.json").write_text("{")
    one, two = (write(tmp_path, name, external_task_id="mine-of-two") for name in ("one", "two"))
    for words, sentence in (
        ((good, tmp_path / "torn.json"), "is not JSON"),
        ((good, tmp_path / "none.json"), "cannot be read"),
        ((one, good, two), 'The ID "mine-of-two" is in use already. Nothing was sent.'),
        ((good, bad, "--once", "sh010"), "--once names one shot, and 2 request files are given. Remove --once."),
        ((good, bad, "--name", "alley"), "--name names one shot"),
        (("-", "-"), "Standard input (-) is given more than once. Give - once."),
        ((good, one, "--clips", tmp_path / "torn.json"), "torn.json"),
        ((good, bad, "--spool", tmp_path, "--once", "sh010"), "--once names one shot"),
        ((), "the following arguments are required: request"),
    ):
        said = said_by(capsys, at_rehearsal, "submit", *words)
        assert said.code == 2, said
        assert sentence.lower() in said.errors.lower()
    assert jobs(at_rehearsal) == ()


def test_where_the_disk_fails_at_the_second_the_first_is_never_sent(
    at_rehearsal: dict[str, str], rehearsal: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = Path(at_rehearsal["KLING_HOME"]) / "journal.sqlite3"
    Journal(history).close()
    with closing(sqlite3.connect(history)) as database, database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON event WHEN NEW.kind = 'Intended'"
            " AND (SELECT count(*) FROM event WHERE kind = 'Intended') > 0 BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    said = said_by(capsys, at_rehearsal, "submit", write(tmp_path, "one"), write(tmp_path, "two"), "--wait")
    assert said.code in (1, 2), said
    before = rehearsal.stats()["creates"]
    assert jobs(at_rehearsal) == ()
    assert run(at_rehearsal, "resume", "--wait").code == 0
    assert rehearsal.stats()["creates"] == before


def test_two_files_that_ask_for_the_same_are_one_job_and_again_another_take(
    at_rehearsal: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "one")
    twice = str(Path(file).parent / "." / ".." / Path(file).parent.name / Path(file).name)
    said_by(capsys, at_rehearsal, "submit", file, twice, write(tmp_path, "two"))
    assert [job.target.name for job in jobs(at_rehearsal)] == ["one", "two"]


def example_of(capsys: pytest.CaptureFixture[str], verb: str) -> list[str]:
    """The example that the help of a verb shows."""
    capsys.readouterr()
    assert cli.main([verb, "--help"], {}) == 0
    paragraphs = [" ".join(each.split()) for each in capsys.readouterr().out.split("\n\n")]
    (example,) = [each.partition("Example: kling ")[2] for each in paragraphs if "Example: kling " in each]
    return example.split()


def test_every_example_of_help_runs(
    at_rehearsal: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("shot", "other"):
        write(tmp_path, name)
    parked, again, afresh = (at_rehearsal | {"KLING_HOME": str(tmp_path / home)} for home in ("parked", "again", "new"))
    for home in (parked, again):
        parked_in(Path(home["KLING_HOME"]), at_rehearsal["KLING_BASE_URL"])

    def runs(verb: str, environment: dict[str, str], own_id: str = "") -> Said:
        words = [own_id if word == "ID" else word for word in example_of(capsys, verb)]
        said = said_by(capsys, environment, *words)
        assert said.code == 0, (words, said)
        return said

    for verb in ("validate", "cost"):
        runs(verb, at_rehearsal)
    own_id = runs("submit", at_rehearsal).lines[-1]["id"]
    for verb in ("wait", "fetch", "resume", "status", "task", "tasks", "account"):
        runs(verb, at_rehearsal, own_id)
    assert piped(at_rehearsal, tmp_path, "", *example_of(capsys, "gateway")).code == 0  # it listens to signals
    assert len(list((tmp_path / "clips").glob("*.mp4"))) == 1
    runs("adopt", afresh, own_id)
    for verb, home in (("look-again", parked), ("abandon", parked), ("send-again", again)):
        runs(verb, home, "kob-parked")


def test_all_are_judged_and_priced(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short, long, bad = (
        write(tmp_path, "short"),
        write(tmp_path, "long", duration="10"),
        write(tmp_path, "bad", mode="x"),
    )
    said = said_by(capsys, environment, "validate", short, bad, long)
    assert (said.code, {line["request"] for line in said.lines}) == (2, {str(bad)})
    assert said_by(capsys, environment, "validate", short, long, "--json").lines == ({"problems": [], "exit_code": 0},)
    first, second, last = said_by(capsys, environment, "cost", short, long).lines
    assert [first["request"], second["request"]] == [str(short), str(long)]
    assert float(last["total"]["units"]) == float(first["units"]) + float(second["units"])
    (summary,) = said_by(capsys, environment, "cost", short, long, "--json").lines
    assert (summary["prices"], summary["total"]) == ([first, second], last["total"])
    (alone,) = said_by(capsys, environment, "cost", short).lines
    assert alone == {key: value for key, value in first.items() if key != "request"}
    assert said_by(capsys, environment, "cost", short, bad).code == 2


def test_a_wrong_word_is_summed_up_too(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    (summary,) = said_by(capsys, environment, "wait", "--json").lines
    assert (summary["field"], summary["exit_code"]) == ("arguments", 2)
    assert summary["remedy"] == "See: kling wait --help"
    (summary,) = said_by(capsys, environment, "status", "--json").lines
    assert summary == {"jobs": [], "exit_code": 0}
    assert "usage: kling status" in help_of(capsys, environment)


def help_of(capsys: pytest.CaptureFixture[str], environment: dict[str, str]) -> str:
    capsys.readouterr()
    assert cli.main(["status", "--json", "--help"], environment) == 0
    printed = capsys.readouterr().out
    assert "{" not in printed
    return printed


def test_the_request_of_what_is_no_clip_is_refused(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    shot = write(tmp_path, "shot")
    for words, sentence in (
        ((tmp_path / "clip.mp4",), "cannot be read"),
        ((shot,), "does not belong to a clip. Give the .json file beside a clip."),
        ((shot, "--scene", "Scene"), "--scene names a scene of a .blend file, and a clip has none. Remove --scene."),
        ((tmp_path / "gone.json",), "There is no file"),
    ):
        said = said_by(capsys, environment, "request", *words)
        assert (said.code, list(said.lines[0])) == (2, ["error", "field", "remedy", "exit_code"])
        assert sentence in said.errors


def test_where_a_limit_does_not_hold_all_none_is_submitted(
    at_rehearsal: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limited = at_rehearsal | {"KLING_DAILY_CAP": "3"}
    said = said_by(capsys, limited, "submit", write(tmp_path, "one"), write(tmp_path, "two"))
    assert (said.code, "daily limit of 3 units" in said.errors) == (2, True)
    assert jobs(at_rehearsal) == ()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("submit", "one.json", "--spool", "", "--once", "a"), "the path is empty"),
        (("submit", "", "--once", "a"), "the path is empty"),
        (("batch", "submit", "shots.csv", "--spool", " "), "the path is empty"),
        (("doctor", "--spool", ""), "the path is empty"),
        (("submit", "one.json", "--once", " a"), "blanks at an end"),
        (("submit", "one.json", "--once", "a\r"), "characters that are not seen"),
        (("submit", "one.json", "--once", "a" * 201), "longer than 200"),
    ],
)
def test_what_nobody_can_have_meant_is_refused(
    words: tuple[str, ...], sentence: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(list(words), environment)
    assert (code, sentence in capsys.readouterr().err) == (2, True)
