"""When the disk under the journal fails: real files, real sockets, and not one byte sent that is not recorded."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.command_line import cli
from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.work import journal_file
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.lane import SENDING, Lane
from kling_omni_addon.work.recovery import open_journal
from tests.workshop.processes import Rehearsal, run, running
from tests.workshop.rehearsal_stand import Stand
from tests.workshop.sending_road import KEY, Road, assert_paid_once

resource = pytest.importorskip("resource", reason="Windows has no limits on files")
NOBODY = 65534


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Road]:
    with Stand(RehearsalSettings(folder=tmp_path / "server", submitted_s=2, processing_s=20)) as stand:
        road = Road(stand, tmp_path / "home", ApiKey(key=KEY))
        yield road
        for lane in road.lanes:
            lane.close()


def sender(road: Road) -> Lane:
    return next(lane for lane in road.lanes if lane._actions == SENDING)


def fill_up(journal: Journal, filler: str) -> None:
    """Leave no room for one event more: the file may not grow, and what its pages have left is used up."""
    journal._db.execute("PRAGMA max_page_count=1")
    with suppress(JournalUnusable):
        while True:
            journal.append(filler, ev.Released(at=1.0))


def give_up(road: Road, submission_id: str) -> None:
    road.journal.append(submission_id, ev.Withdrawn(at=road.clock.now(), reason="was a filler", exit_code=5))


def make_room(journal: Journal) -> None:
    journal._db.execute("PRAGMA max_page_count=1000000")


def test_fault_45_a_disk_that_is_full_at_the_commit_point_sends_nothing(way: Road) -> None:
    way.intend(1)
    way.intend(2)
    lane = sender(way)
    lane._journal.claim("kob-1", way.clock.now())
    fill_up(lane._journal, "kob-2")
    with pytest.raises(JournalUnusable, match=r"Free some space on the disk\. Nothing is sent"):
        lane.run_due()
    assert way.posts() <= 1, "all but the last byte may have left"
    assert way.stand.stats()["creates"] == 0
    assert way.kinds() == ["Intended"]
    make_room(lane._journal)
    give_up(way, "kob-2")
    assert_paid_once(way)


def test_fault_45_a_wish_that_cannot_be_recorded_is_refused_with_the_reason(way: Road) -> None:
    way.intend(2)
    fill_up(way.journal, "kob-2")
    with pytest.raises(JournalUnusable, match="Free some space"):
        way.intend(1, prompt="a fox " * 300)
    assert way.journal.load("kob-1") is None


def test_fault_47_a_disk_that_is_full_between_answer_and_record_leads_to_a_look_up(
    way: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.intend(1)
    way.intend(2)
    lane = sender(way)
    submit = lane._service.submit

    def full_afterwards(*arguments: Any) -> Any:
        report = submit(*arguments)
        fill_up(lane._journal, "kob-2")
        return report

    monkeypatch.setattr(lane._service, "submit", full_afterwards)
    with pytest.raises(JournalUnusable):
        lane.run_due()
    assert (way.kinds(), way.creates()) == (["Intended", "Sent"], 1)
    for each in way.lanes:
        each.close()
    give_up(way, "kob-2")
    way.start()  # the next start, with room again
    assert_paid_once(way)
    assert way.kinds()[:4] == ["Intended", "Sent", "Reopened", "Accepted"]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writes beyond this size fail with "file too large", which SQLite sees as an I/O error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_fault_48_a_write_that_fails_at_the_commit_point_sends_nothing(
    way: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.intend(1)
    lane = sender(way)
    lane._journal.claim("kob-1", way.clock.now())
    append = lane._journal.append

    def failing(*arguments: Any, **named: Any) -> Any:
        log = way.home / "journal.sqlite3-wal"
        with largest_file(log.stat().st_size):
            return append(*arguments, **named)

    monkeypatch.setattr(lane._journal, "append", failing)
    with pytest.raises(JournalUnusable, match="disk I/O error"):
        lane.run_due()
    assert way.stand.stats()["creates"] == 0
    assert way.kinds() == ["Intended"]
    monkeypatch.undo()
    assert_paid_once(way)


# --- a journal that cannot be written (fault 49), by the command line


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may write anywhere; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def write_protect(home: Path) -> None:
    """The files, their folder and what is in it."""
    for path in (*home.rglob("*"), home):
        path.chmod(0o555 if path.is_dir() else 0o444)


def protect_file(home: Path) -> None:
    """The journal alone; its folder takes new files."""
    home.chmod(0o777)
    (home / "journal.sqlite3").chmod(0o444)


@pytest.mark.parametrize("protect", [write_protect, protect_file])
def test_fault_49_a_journal_that_cannot_be_written_ends_with_1_and_a_remedy_before_anything_is_sent(
    rehearsal: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str], protect: Callable[[Path], None]
) -> None:
    request = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
    with tempfile.TemporaryDirectory() as folder:  # not below tmp_path, into which only root may look
        home = Path(folder) / "home"
        open_journal(home / "journal.sqlite3", 0.0)[0].close()
        (home / "pictures").mkdir()
        (home / "shot.json").write_text(json.dumps(request))
        Path(folder).chmod(0o755)
        environment = {"KLING_HOME": str(home), "KLING_API_KEY": KEY, "KLING_BASE_URL": rehearsal.url}
        assert cli.main(["status"], environment) == 0  # all that is imported late is imported now
        posts = rehearsal.stats()["posts"]
        protect(home)
        with without_privileges():
            code = cli.main(["submit", str(home / "shot.json")], environment)
        home.chmod(0o755)
    said = capsys.readouterr()
    assert code == 1, said
    line = json.loads(said.out.splitlines()[-1])
    assert (line["field"], line["exit_code"]) == ("KLING_HOME", 1)
    assert "KLING_HOME to another folder" in line["remedy"]
    assert "Traceback" not in said.err
    assert rehearsal.stats()["posts"] == posts


def test_fault_49_a_journal_that_another_program_holds_ends_with_1_and_a_remedy(
    rehearsal: Rehearsal,
    environment: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_TIMEOUT_S", 0.2)
    home = Path(environment["KLING_HOME"])
    Journal(home / "journal.sqlite3").close()
    holder = sqlite3.connect(home / "journal.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    code = cli.main(["resume"], environment | {"KLING_BASE_URL": rehearsal.url})
    holder.close()
    said = capsys.readouterr()
    assert code == 1
    assert "database is locked" in said.err
    assert "not on a network share" in said.err
    assert "Traceback" not in said.err


# --- lost and damaged journals (faults 50, 51), by the command line


@pytest.fixture
def own_rehearsal(home_of_rehearsals: Path) -> Iterator[Rehearsal]:
    """A list on which only this test's tasks stand, for all of ours on it are adopted."""
    with running(home_of_rehearsals, submitted_s=0.3, processing_s=0.3) as server:
        yield server


def test_fault_50_and_51_the_command_line_finds_its_clip_again_without_its_journal(
    own_rehearsal: Rehearsal, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["KLING_BASE_URL"] = own_rehearsal.url
    request = tmp_path / "shot.json"
    body = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
    request.write_text(json.dumps(body))
    (line, *_) = run(environment, "submit", request).lines
    journal = Path(environment["KLING_HOME"]) / "journal.sqlite3"
    for spoil in (lambda: journal.write_bytes(b"torn" * 5000), journal.unlink):
        spoil()
        resumed = run(environment, "resume", "--wait", "120")
        assert resumed.code == 0, resumed
        assert "the extension reads the task list of the account" in resumed.errors
        assert "Traceback" not in resumed.errors
        phases = {line["id"]: line["phase"] for line in run(environment, "status").lines}
        assert phases[line["id"]] == Phase.FETCHED
        assert own_rehearsal.creates(line["id"]) == 1
