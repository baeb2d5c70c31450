"""The record on disk: real SQLite files, real second processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import IllegalTransition, Phase
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work.journal import AlreadyThere, Journal
from kling_omni_addon.work.journal_reading import recorded
from kling_omni_addon.work.leases import LEASE_S, Lease, LeaseLost


def intended(number: int = 1, at: float = 100.0) -> ev.Intended:
    payload = Payload(external_task_id=f"kob-{number}", model="kling-v3-omni", pieces=("{}",))
    return ev.Intended(at=at, payload=payload, origin=Origin(service="https://k", key_fingerprint="f"), target=Target())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.sqlite3"


def test_what_was_recorded_is_there_for_the_next_connection(path: Path) -> None:
    first = Journal(path)
    first.begin(intended())
    first.append("kob-1", ev.Sent(at=101.0, digest="d"))
    first.close()
    submission = Journal(path).load("kob-1")
    assert submission is not None
    assert (submission.phase, submission.sends, submission.created_at) == (Phase.UNANSWERED, 1, 100.0)


def test_the_file_is_written_ahead_and_synced_in_full(path: Path) -> None:
    Journal(path)
    raw = Journal(path)._db
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert raw.execute("PRAGMA synchronous").fetchone() == (2,)


def test_one_id_makes_one_submission(path: Path) -> None:
    journal = Journal(path)
    journal.begin(intended())
    with pytest.raises(AlreadyThere):
        journal.begin(intended(at=200.0))
    assert len(journal.history("kob-1")) == 1


def test_an_illegal_event_is_not_recorded(path: Path) -> None:
    journal = Journal(path)
    journal.begin(intended())
    with pytest.raises(IllegalTransition):
        journal.append("kob-1", ev.Succeeded(at=101.0, charge_units="3"))
    assert [type(event) for event in journal.history("kob-1")] == [ev.Intended]


def test_live_submissions_leave_the_list_when_they_are_over_and_come_oldest_first(path: Path) -> None:
    journal = Journal(path)
    for number, at in ((1, 300.0), (2, 100.0), (3, 200.0)):
        journal.begin(intended(number, at))
    journal.append("kob-3", ev.Withdrawn(at=301.0, reason="no", exit_code=5))
    assert [s.id for s in journal.live()] == ["kob-2", "kob-1"]
    assert [s.id for s in journal.all()] == ["kob-2", "kob-3", "kob-1"]


def test_what_was_recorded_within_one_tick_of_the_clock_keeps_its_order_everywhere(path: Path) -> None:
    """The clock of Windows moves every 15 ms: the order is that of the record, not that of the ids."""
    journal, numbers = Journal(path), (7, 3, 9, 1, 5)
    journal.begin_all([intended(number) for number in numbers])
    asked = [f"kob-{number}" for number in numbers]
    assert [s.id for s in journal.live()] == asked
    assert [s.id for s in journal.all()] == asked
    assert [s.id for s in journal.some(sorted(asked))] == asked
    assert [s.id for s in recorded(path)] == asked
    for each in asked:
        journal.append(each, ev.Withdrawn(at=101.0, reason="no", exit_code=5))
    assert [s.id for s in journal.recent(2)] == asked[-2:]


def test_a_reader_sees_what_another_connection_appended(path: Path) -> None:
    writer, reader = Journal(path), Journal(path)
    writer.begin(intended())
    assert [s.phase for s in reader.all()] == [Phase.INTENDED]
    before = reader.last_seq()
    writer.append("kob-1", ev.Sent(at=101.0, digest="d"))
    assert reader.last_seq() > before
    assert [s.phase for s in reader.all()] == [Phase.UNANSWERED]


def taken_over(journal: Journal, now: float) -> Lease | None:
    """The lease of a submission whose owner did not renew it while ``journal`` looked on."""
    assert journal.claim("kob-1", now) is None
    return journal.claim("kob-1", now + LEASE_S)


def test_a_living_owner_keeps_its_lease_until_it_runs_out(path: Path) -> None:
    ours, theirs = Journal(path, owner="here:1"), Journal(path, owner="elsewhere:2")
    ours.begin(intended())
    assert ours.claim("kob-1", now=1000.0) is not None
    assert theirs.claim("kob-1", now=1000.0) is None
    assert theirs.claim("kob-1", now=1000.0 + LEASE_S - 1) is None
    assert theirs.claim("kob-1", now=1000.0 + LEASE_S) is not None


def test_a_renewed_lease_runs_on(path: Path) -> None:
    ours, theirs = Journal(path, owner="here:1"), Journal(path, owner="elsewhere:2")
    ours.begin(intended())
    ours.claim("kob-1", now=1000.0)
    assert theirs.claim("kob-1", now=1000.0) is None
    ours.renew(1050.0, ["kob-1"])
    assert theirs.claim("kob-1", now=1000.0 + LEASE_S + 1) is None


def test_only_leases_on_what_is_worked_on_are_renewed(path: Path) -> None:
    """A process that died may have had our name, and have left what it sent with another key."""
    ours, theirs = Journal(path, owner="here:1"), Journal(path, owner="elsewhere:2")
    ours.begin(intended())
    ours.claim("kob-1", now=1000.0)
    assert theirs.claim("kob-1", now=1000.0) is None
    ours.renew(1050.0, [])
    assert theirs.claim("kob-1", now=1000.0 + LEASE_S + 1) is not None


@pytest.mark.parametrize("apart_s", [-86_400.0, -3600.0, 3600.0, 86_400.0])
def test_two_processes_whose_clocks_disagree_do_not_take_leases_from_each_other(path: Path, apart_s: float) -> None:
    ours, theirs = Journal(path, owner="here:1"), Journal(path, owner="elsewhere:2")
    ours.begin(intended())
    assert ours.claim("kob-1", now=1000.0) is not None
    for second in range(0, 600, 10):
        ours.renew(1000.0 + second, ["kob-1"])
        assert theirs.claim("kob-1", now=1000.0 + apart_s + second) is None


def test_a_process_that_lost_its_lease_cannot_record_and_so_cannot_send(path: Path) -> None:
    ours, theirs = Journal(path, owner="here:1"), Journal(path, owner="elsewhere:2")
    ours.begin(intended())
    lease = ours.claim("kob-1", now=1000.0)
    assert taken_over(theirs, now=2000.0)
    with pytest.raises(LeaseLost):
        ours.append("kob-1", ev.Sent(at=2001.0, digest="d"), lease)
    again = taken_over(ours, now=5000.0)
    with pytest.raises(LeaseLost):
        ours.append("kob-1", ev.Sent(at=5001.0, digest="d"), lease)
    assert ours.append("kob-1", ev.Sent(at=5001.0, digest="d"), again).sends == 1


def test_the_lease_of_a_dead_process_of_this_machine_is_taken_at_once(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kling_omni_addon.work.journal import Journal;"
        "print(Journal(Path(sys.argv[1])).claim('kob-1', 1000.0).owner)"
    )
    journal = Journal(path)
    journal.begin(intended())
    owner = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True).stdout
    assert owner.strip() != journal.owner
    lease = journal.claim("kob-1", now=1001.0)
    assert lease is not None
    assert lease.epoch == 2


def test_a_given_up_lease_is_free_at_once(path: Path) -> None:
    ours, theirs = Journal(path, owner="here:1"), Journal(path, owner="elsewhere:2")
    ours.begin(intended())
    ours.claim("kob-1", now=1000.0)
    ours.give_up()
    assert theirs.claim("kob-1", now=1000.0) is not None


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    with pytest.raises(JournalUnusable, match=r'journal\.sqlite3" cannot be used'):
        Journal(tmp_path / "home" / "journal.sqlite3")


def test_a_file_that_is_no_journal_is_not_touched(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these are holiday pictures" * 100)
    with pytest.raises(JournalUnusable):
        Journal(path)
    assert path.read_bytes() == b"these are holiday pictures" * 100


def steps(*kinds: str) -> list[ev.Event]:
    every: dict[str, ev.Event] = {
        "Sent": ev.Sent(at=1.0, digest="d"),
        "Accepted": ev.Accepted(at=1.0, task_id="42"),
        "Succeeded": ev.Succeeded(at=1.0, charge_units="3"),
        "Fetched": ev.Fetched(at=1.0, path="/c.mp4", sha256="c", size_bytes=9),
    }
    return [every[kind] for kind in kinds]


def with_many_finished(path: Path, finished: int = 500, live: int = 10) -> None:
    journal = Journal(path)
    done = steps("Sent", "Accepted", "Succeeded", "Fetched")
    journal.carry_over([intended(number, float(number)), *done] for number in range(finished))
    journal.carry_over([intended(finished + number, 1e6), *steps("Sent")] for number in range(live))
    journal.close()


def test_reading_the_live_ones_reads_no_event_of_what_is_over(path: Path) -> None:
    with_many_finished(path)
    journal = Journal(path)
    queries: list[str] = []
    journal._db.set_trace_callback(queries.append)
    assert len(journal.live()) == 10
    journal._db.set_trace_callback(None)
    assert len([query for query in queries if "FROM event WHERE submission_id='" in query]) == 10
    assert not [query for query in queries if "seq >" in query]
    (plan,) = journal._db.execute("EXPLAIN QUERY PLAN SELECT id FROM submission WHERE is_over=0").fetchall()
    assert "INDEX" in plan[3]


def test_what_is_shown_is_all_that_live_and_the_newest_of_the_rest(path: Path) -> None:
    with_many_finished(path)
    shown = Journal(path).recent(3)
    assert [s.id for s in shown] == [f"kob-{number}" for number in range(497, 510)]


def test_only_submissions_with_new_events_are_read_again(path: Path) -> None:
    with_many_finished(path, finished=5)
    journal, other = Journal(path), Journal(path)
    before = journal.all()
    other.append("kob-7", ev.Unanswered(at=2.0, reason="lost"))
    after = journal.all()
    assert [old is new for old, new in zip(before, after, strict=True)] == [s.id != "kob-7" for s in after]


def test_a_clip_for_no_timeline_is_over_when_it_is_a_file(path: Path) -> None:
    journal = Journal(path)
    journal.carry_over([[intended(), *steps("Sent", "Accepted", "Succeeded", "Fetched")]])
    assert journal.live() == ()


NAMES = ("sh010", "Sh010", "sh01", "überall", "\udcff", "a\0b", "a\0c", "日本\n\"'%", "\U0001f600")
"""Among them what a command line makes of bytes that are no text."""


def test_what_was_asked_for_under_a_name_is_found_without_reading_anything_else(path: Path) -> None:
    journal = Journal(path)
    journal._db.execute("DROP INDEX event_by_once")  # as older versions left the file
    for number, name in enumerate(NAMES):
        journal.begin(replace(intended(number), once=name))
    journal.close()
    journal = Journal(path)
    assert [[s.id for s in journal.of_once(name)] for name in NAMES] == [[f"kob-{n}"] for n in range(len(NAMES))]
    statements: list[str] = []
    journal._db.set_trace_callback(statements.append)
    assert journal.of_once("another") == ()
    journal._db.set_trace_callback(None)
    (asked,) = (statement for statement in statements if "once" in statement)
    plan = journal._db.execute(f"EXPLAIN QUERY PLAN {asked}").fetchall()
    assert any("USING INDEX event_by_once" in step[3] for step in plan)


def test_histories_are_carried_over_all_or_none(path: Path) -> None:
    journal = Journal(path)
    with pytest.raises(IllegalTransition):
        journal.carry_over([[intended(1), *steps("Sent")], [intended(2), *steps("Succeeded")]])
    assert journal.all() == ()


def test_a_journal_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    journal = Journal(path)
    journal.begin(intended())
    journal.close()
    raw = sqlite3.connect(path)
    raw.executescript(
        "ALTER TABLE event DROP COLUMN checksum; DROP TABLE meta; DROP INDEX submission_by_age; PRAGMA user_version=1"
    )
    raw.close()
    path.with_suffix(".seq").unlink()
    journal = Journal(path)
    assert journal.append("kob-1", steps("Sent")[0]).phase is Phase.UNANSWERED
    assert [s.sends for s in Journal(path).all()] == [1]


def test_many_processes_may_make_the_journal_at_once(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kling_omni_addon.work.recovery import open_journal;"
        "sys.stdin.readline(); print(open_journal(Path(sys.argv[1]), 1000.0)[1])"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in started] == ["\n"] * 6
    assert [process.returncode for process in started] == [0] * 6


def test_an_error_says_what_to_do_about_it(path: Path) -> None:
    journal, other = Journal(path), Journal(path)
    journal._db.execute("PRAGMA busy_timeout=10")
    with other._transaction(), pytest.raises(JournalUnusable, match="not on a network share"):
        journal.begin(intended())
    journal._db.execute("PRAGMA max_page_count=1")
    full = r"Free some space on the disk\. Nothing is sent without the job history\."
    with pytest.raises(JournalUnusable, match=full):
        journal.carry_over([intended(number)] for number in range(1000))


def test_a_journal_of_a_newer_version_is_left_alone(path: Path) -> None:
    Journal(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version=99")
    raw.close()
    with pytest.raises(JournalUnusable, match="newer version"):
        Journal(path)
