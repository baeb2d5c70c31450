"""The journal after a disaster: real SQLite files really damaged, replaced by older copies, taken away."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import LEGACY
from kling_omni_addon.core.errors import JournalUnusable, Unanswered
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import Status, TaskReport
from kling_omni_addon.work.backup import Backup, backups_of
from kling_omni_addon.work.disk_trouble import JournalCorrupt
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.mark import mark_path
from kling_omni_addon.work.recovery import open_journal, reconcile
from kling_omni_addon.work.salvage import salvaged
from tests.workshop.places import ROOT
from tests.workshop.studio import ORIGIN, Studio

NOW = 1_790_000_000.0
DAY_S = 86_400.0
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.sqlite3"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path / "home")
    yield studio
    for lane in studio.lanes:
        lane.close()


def intended(number: int, prompt: str = "a fox") -> ev.Intended:
    payload = Payload(external_task_id=f"kob-{number:03}", model="kling-v3-omni", pieces=(f'{{"prompt":"{prompt}"}}',))
    return ev.Intended(at=NOW + number, payload=payload, origin=ORIGIN, target=ev.Target(name=f"shot {number}"))


def filled(path: Path, count: int = 40) -> Path:
    """A closed journal of submissions: every fourth one unsent, unanswered, accepted, fetched."""
    journal = Journal(path)
    steps = (
        ev.Sent(at=NOW, digest="d"),
        ev.Accepted(at=NOW, task_id="42"),
        ev.Succeeded(at=NOW, charge_units="3"),
        ev.Fetched(at=NOW, path="/clips/fox.mp4", sha256="c", size_bytes=9),
    )
    for number in range(count):
        journal.begin(intended(number, "a fox in the snow " * 40))
        for step in steps[: (0, 1, 2, 4)[number % 4]]:
            journal.append(f"kob-{number:03}", step)
    journal.close()
    return path


def told(journal: Journal) -> dict[str, tuple[ev.Event, ...]]:
    return {submission.id: journal.history(submission.id) for submission in journal.all()}


def task(submission_id: str) -> TaskReport:
    return TaskReport(task_id=f"task of {submission_id}", external_task_id=submission_id, status=Status.PROCESSING)


def is_sound(path: Path) -> bool:
    raw = sqlite3.connect(path)
    try:
        return bool(raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
    finally:
        raw.close()


def garble(path: Path, start: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(random.Random(7).randbytes(count))


def leaf_pages(path: Path) -> list[int]:
    """Where the pages that hold rows of a table begin (b-tree page type 13; SQLite file format, section 1.6)."""
    data = path.read_bytes()
    return [at for at in range(PAGE, len(data), PAGE) if data[at] == 13]


# --- damage (fault 50)


@pytest.mark.parametrize("where", ["first page", "half a page of rows", "a whole page of rows", "last third"])
def test_fault_50_a_damaged_journal_is_kept_aside_and_rebuilt_of_what_can_be_read(path: Path, where: str) -> None:
    filled(path)
    journal = Journal(path)
    before = told(journal)
    journal.close()
    rows = leaf_pages(path)
    match where:
        case "first page":
            garble(path, 0, PAGE)
        case "half a page of rows":
            garble(path, rows[len(rows) // 2], PAGE // 2)
        case "a whole page of rows":
            garble(path, rows[len(rows) // 2], PAGE)
        case _:
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size // PAGE * 2 // 3 * PAGE)
    damaged = path.read_bytes()

    journal, notice = open_journal(path, NOW + 100)

    (kept,) = path.parent.glob("journal.corrupt-*.sqlite3")
    assert kept.read_bytes() == damaged
    assert kept.name in notice
    after = told(journal)
    assert len(after) >= len(before) // 3
    for submission_id, history in after.items():
        carried = tuple(event for event in history if not isinstance(event, ev.Doubted))
        assert carried == before[submission_id][: len(carried)]
    if where == "first page":
        assert after.keys() == before.keys()
    assert not [s for s in journal.all() if s.phase is Phase.INTENDED], "it may have been sent"
    assert journal.needs_reconciling(ORIGIN)
    journal.close()
    assert is_sound(path)
    assert not path.with_name("journal.rebuilding").exists()


@pytest.mark.parametrize("seed", range(12))
def test_fault_50_bytes_flipped_anywhere_make_no_submission_sendable_and_change_no_history(
    path: Path, seed: int
) -> None:
    """Whatever is hit: it opens, and each history is a beginning of the true one, or a newer add-on is asked for."""
    filled(path)
    journal = Journal(path)
    before = told(journal)
    journal.close()
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(5):
        data[chance.randrange(100, len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    try:
        journal, notice = open_journal(path, NOW + 100)
    except JournalUnusable as error:
        pytest.fail(str(error))
    for submission_id, history in told(journal).items():
        carried = tuple(event for event in history if not isinstance(event, ev.Doubted))
        assert carried == before[submission_id][: len(carried)]
    if notice:
        assert journal.needs_reconciling(ORIGIN)
        assert not [s for s in journal.all() if s.phase is Phase.INTENDED]
    journal.close()


def test_fault_50_a_flipped_bit_in_a_prompt_is_seen_although_sqlite_does_not(path: Path) -> None:
    filled(path, 4)
    data = path.read_bytes()
    assert data.count(b"kob-000") > 0
    path.write_bytes(data.replace(b"a fox in the snow a fox", b"a fox in the snew a fox", 1))
    assert is_sound(path), "SQLite keeps no checksums"
    with pytest.raises(JournalCorrupt, match="not what was written"):
        Journal(path).all()
    journal, notice = open_journal(path, NOW + 100)
    assert "damaged" in notice
    assert len(journal.all()) == 3
    journal.close()


def test_fault_50_a_file_that_is_no_journal_at_all_is_kept_and_a_new_one_begun(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these are holiday pictures" * 1000)
    journal, notice = open_journal(path, NOW)
    (kept,) = path.parent.glob("journal.corrupt-*")
    assert kept.read_bytes() == b"these are holiday pictures" * 1000
    assert "Recovered jobs: 0." in notice
    assert journal.all() == ()
    assert journal.needs_reconciling(ORIGIN)
    journal.close()


def test_fault_50_what_a_damaged_journal_lost_is_taken_from_the_newest_backup(path: Path) -> None:
    filled(path, 8)
    Backup(path, NOW - DAY_S).make()
    journal = Journal(path)
    before = told(journal)
    journal.close()
    path.write_bytes(b"\0" * 5000)
    journal, _ = open_journal(path, NOW)
    assert told(journal).keys() == before.keys()
    journal.close()
    (backup,) = backups_of(path)
    assert is_sound(backup)


def test_fault_50_events_that_are_only_in_the_log_of_a_crashed_process_are_carried_over(path: Path) -> None:
    filled(path)
    crashed = Journal(path)
    crashed.begin(intended(900))
    scene = path.parent / "crash"
    scene.mkdir()
    for file in path.parent.glob("journal.sqlite3*"):
        shutil.copy(file, scene)
    copy = scene / path.name
    assert (scene / "journal.sqlite3-wal").stat().st_size > 0
    garble(copy, leaf_pages(copy)[4], PAGE)
    journal, notice = open_journal(copy, NOW)
    assert "damaged" in notice
    assert journal.knows("kob-900")
    assert [*scene.glob("journal.corrupt-*-wal")], "the log was copied aside before anything was moved out of it"
    journal.close()
    crashed.close()


def test_fault_50_a_rebuilding_that_was_cut_off_is_done_again(path: Path) -> None:
    filled(path)
    garble(path, 0, PAGE)
    leftover = path.with_name("journal.rebuilding")
    leftover.mkdir()
    (leftover / path.name).write_bytes(b"half")
    journal, notice = open_journal(path, NOW)
    assert "Recovered jobs: 40" in notice
    journal.close()


def test_fault_50_processes_that_find_the_damage_at_once_rebuild_it_once(path: Path) -> None:
    filled(path)
    garble(path, 0, PAGE)
    code = (
        "import sys; from pathlib import Path; from kling_omni_addon.work.recovery import open_journal;"
        "sys.stdin.readline(); journal, _ = open_journal(Path(sys.argv[1]), 1000.0); print(len(journal.all()))"
    )
    command = [sys.executable, "-c", code, str(path)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in started] == ["40\n"] * 4
    assert len([*path.parent.glob("journal.corrupt-*.sqlite3")]) == 1
    assert is_sound(path)


def test_fault_50_tasks_on_the_list_are_adopted_and_nothing_is_sent_by_itself(studio: Studio) -> None:
    studio.intend(1)
    studio.intend(2)
    studio.lanes[0].run_due()
    assert studio.kling.creates == ["kob-1"]
    leave(studio)
    studio.path.write_bytes(b"torn" * 2000)
    come_back(studio)
    studio.kling.tasks["stranger-7"] = studio.clock.now()
    studio.run(3600)
    assert studio.kling.calls.count("submit") == 1
    assert [(s.id, s.phase) for s in studio.journal.all()] == [("kob-1", Phase.FETCHED)]
    assert studio.kinds("kob-1")[0] == "Adopted"


# --- gone, or an older copy (fault 51)


def leave(studio: Studio) -> None:
    for lane in studio.lanes:
        lane.close()
    studio.journal.close()


def come_back(studio: Studio) -> None:
    studio.journal, _ = open_journal(studio.path, studio.clock.now())
    studio.restart()


def test_fault_51_after_the_journal_was_deleted_the_list_is_read_before_any_post(studio: Studio) -> None:
    studio.intend(1)
    studio.run(10)
    leave(studio)
    for file in studio.path.parent.glob("journal.sqlite3*"):
        file.unlink()
    come_back(studio)
    studio.intend(2)
    studio.kling.calls.clear()
    studio.run(300)
    assert studio.kling.calls.index("list") < studio.kling.calls.index("submit")
    assert studio.kling.creates == ["kob-1", "kob-2"]
    assert [s.phase for s in studio.journal.all()] == [Phase.FETCHED, Phase.FETCHED]


def test_fault_51_nothing_is_sent_while_the_list_cannot_be_read(studio: Studio) -> None:
    leave(studio)
    mark_path(studio.path).write_text("rubbish")
    come_back(studio)
    studio.intend(1)
    studio.kling.trouble["list"] = [Unanswered("proxy")] * 10
    studio.run(250)
    assert studio.kling.calls.count("submit") == 0
    studio.run(300)
    assert studio.kling.creates == ["kob-1"]


def test_fault_51_what_an_older_copy_calls_unsent_is_looked_for_and_not_sent(studio: Studio) -> None:
    studio.intend(1)
    studio.intend(2)
    studio.intend(3)
    leave(studio)
    copy = studio.path.read_bytes()
    come_back(studio)
    studio.kling.trouble["submit"] = ["", "swallowed"]
    studio.lanes[0].run_due()
    studio.lanes[0].run_due()
    assert studio.submission("kob-2").phase is Phase.UNANSWERED
    leave(studio)
    studio.path.write_bytes(copy)
    come_back(studio)
    studio.kling.calls.clear()
    studio.run(3600)
    assert studio.kling.creates == ["kob-1"]
    assert studio.kling.calls.count("submit") == 0
    assert [s.phase for s in studio.journal.all()] == [Phase.FETCHED, Phase.PARKED, Phase.PARKED]
    assert studio.kinds("kob-1")[:3] == ["Intended", "Doubted", "Adopted"]


def test_fault_51_an_older_copy_is_seen_by_its_mark_and_a_backup_is_one(path: Path) -> None:
    filled(path, 4)
    Backup(path, NOW).make()
    journal = Journal(path)
    journal.begin(intended(100))
    journal.close()
    (backup,) = backups_of(path)
    shutil.copy(backup, path)
    journal, notice = open_journal(path, NOW)
    assert "older copy" in notice
    assert journal.needs_reconciling(ORIGIN)
    journal.close()
    journal, notice = open_journal(path, NOW)
    assert notice == "", "said once"
    assert journal.needs_reconciling(ORIGIN), "but held until the list was read"
    journal.close()


def test_fault_51_reading_an_older_copy_does_not_vouch_for_it(path: Path) -> None:
    filled(path, 4)
    copy = path.read_bytes()
    journal = Journal(path)
    journal.begin(intended(100))
    journal.close()
    path.write_bytes(copy)
    Journal(path).close()
    journal, notice = open_journal(path, NOW)
    assert "older copy" in notice
    journal.close()


def test_fault_51_a_first_journal_and_one_that_is_as_it_was_left_need_no_list(path: Path) -> None:
    for _ in range(3):
        journal, notice = open_journal(path, NOW)
        assert (notice, journal.needs_reconciling(ORIGIN)) == ("", False)
        journal.close()
    filled(path, 4)
    journal, notice = open_journal(path, NOW)
    assert (notice, journal.needs_reconciling(ORIGIN)) == ("", False)
    journal.close()


def test_fault_51_a_journal_replaced_while_it_is_open_takes_nothing_more(path: Path) -> None:
    filled(path, 4)
    journal = Journal(path)
    path.replace(path.with_name("elsewhere.sqlite3"))
    with pytest.raises(JournalUnusable):
        journal.begin(intended(100))
    filled(path, 1)
    with pytest.raises(JournalUnusable, match="replaced while it was open"):
        journal.begin(intended(100))


def test_half_a_list_settles_nothing(path: Path) -> None:
    path.parent.mkdir()
    mark_path(path).write_text("{}")
    journal, _ = open_journal(path, NOW)

    def broken() -> Iterator[TaskReport]:
        yield task("kob-1")
        raise Unanswered("proxy")

    with pytest.raises(Unanswered):
        reconcile(journal, broken, NOW, ORIGIN, LEGACY)
    assert journal.all() == ()
    assert journal.needs_reconciling(ORIGIN)
    found = [task(each) for each in ("kob-2", "kob-1", "kob-2", "a-colleagues", "")]
    assert reconcile(journal, lambda: found, NOW, ORIGIN, LEGACY) == 2
    assert not journal.needs_reconciling(ORIGIN)
    assert journal.needs_reconciling(ev.Origin(service=ORIGIN.service, key_fingerprint="another")), (
        "its list is another"
    )
    assert {s.id: (s.task_id, s.is_adopted) for s in journal.all()} == {
        "kob-1": ("task of kob-1", True),
        "kob-2": ("task of kob-2", True),
    }
    journal.close()


def test_a_submission_of_another_key_is_not_accepted_by_this_keys_list(path: Path) -> None:
    journal = Journal(path)
    other = ev.Origin(service=ORIGIN.service, key_fingerprint="another")
    payload = Payload(external_task_id="kob-1", model="m", pieces=("{}",))
    journal.begin(ev.Intended(at=NOW, payload=payload, origin=other, target=ev.Target()))
    assert reconcile(journal, lambda: [task("kob-1")], NOW, ORIGIN, LEGACY) == 0
    assert [s.phase for s in journal.all()] == [Phase.INTENDED]
    journal.close()


def test_a_task_that_ended_is_not_accepted_again_from_the_list_but_another_of_the_same_id_is(path: Path) -> None:
    journal = Journal(path)
    journal.begin(intended(1))
    for event in (
        ev.Sent(at=NOW, digest="d"),
        ev.Parked(at=NOW),
        ev.SendAgain(at=NOW),
        ev.Sent(at=NOW, digest="d"),
        ev.Accepted(at=NOW, task_id="task of kob-001"),
        ev.Failed(at=NOW, reason="policy"),
    ):
        journal.append("kob-001", event)
    assert reconcile(journal, lambda: [task("kob-001")], NOW, ORIGIN, LEGACY) == 0
    assert [s.phase for s in journal.all()] == [Phase.UNANSWERED]
    other = TaskReport(task_id="another", external_task_id="kob-001", status=Status.PROCESSING)
    assert reconcile(journal, lambda: [task("kob-001"), other], NOW, ORIGIN, LEGACY) == 1
    assert [(s.phase, s.task_id) for s in journal.all()] == [(Phase.ACCEPTED, "another")]
    journal.close()


# --- backups


def test_a_backup_is_a_sound_copy_one_a_day_and_three_are_kept(path: Path) -> None:
    filled(path)
    for day in range(5):
        backup = Backup(path, NOW + day * DAY_S)
        backup.start()
        backup.stop()
        backup.make() if day == 4 else None
    copies = backups_of(path)
    assert len(copies) == 3
    assert all(is_sound(copy) for copy in copies)
    assert [copy.name for copy in copies] == sorted((copy.name for copy in copies), reverse=True)
    before = copies[0].stat().st_mtime_ns
    again = Backup(path, NOW + 4 * DAY_S)
    again.start()
    again.stop()
    assert copies[0].stat().st_mtime_ns == before


def test_a_backup_is_made_while_somebody_writes_and_holds_nobody_back(path: Path) -> None:
    filled(path)
    writer = Journal(path)
    with writer._transaction():
        Backup(path, NOW).make()
    writer.begin(intended(100))
    assert len(backups_of(path)) == 1
    writer.close()


def test_a_backup_that_cannot_be_written_disturbs_nobody(path: Path) -> None:
    filled(path, 1)
    (path.parent / "backups").write_text("a file where a folder should be")
    Backup(path, NOW).make()
    journal, notice = open_journal(path, NOW)
    assert notice == ""
    journal.close()


# --- a machine that restarts (fault 66)


def test_fault_66_a_hundred_live_tasks_go_on_in_order_after_a_restart(studio: Studio) -> None:
    for number in range(100):
        studio.intend(1000 + number)
    studio.run(200)
    assert 3 < len(studio.kling.creates) < 100
    for lane in studio.lanes:
        lane._journal._db.close()  # as a power cut leaves it: leases taken, nothing given up
    studio.journal._db.close()
    studio.clock.time += 3600
    come_back(studio)
    studio.run(7200)
    assert studio.kling.creates == [f"kob-{1000 + number}" for number in range(100)]
    assert {s.phase for s in studio.journal.all()} == {Phase.FETCHED}


def test_what_is_salvaged_leaves_the_damaged_file_as_it_is(path: Path, tmp_path: Path) -> None:
    filled(path, 4)
    before = path.read_bytes()
    workshop = tmp_path / "workshop"
    workshop.mkdir()
    assert len(salvaged((path,), workshop)) == 4
    assert path.read_bytes() == before


DIES_WHILE_IT_MAKES_THE_JOURNAL = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size=1")
db.execute("BEGIN")
db.execute("CREATE TABLE half (made BLOB)")
db.executemany("INSERT INTO half VALUES (?)", [(bytes(4000),)] * 20)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_fault_56_a_journal_whose_maker_was_killed_before_it_had_a_log_opens_and_is_empty(path: Path) -> None:
    """In its first milliseconds a journal is not in WAL mode yet: a rollback journal lies beside it."""
    path.parent.mkdir()
    subprocess.run([sys.executable, "-c", DIES_WHILE_IT_MAKES_THE_JOURNAL, str(path)], check=False)
    assert path.stat().st_size > 0
    assert path.with_name(f"{path.name}-journal").stat().st_size > 0
    journal, notice = open_journal(path, NOW)
    assert (journal.all(), notice) == ((), "")
    journal.begin(intended(1))
    journal.close()
    assert is_sound(path)
