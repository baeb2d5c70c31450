"""Reading a journal that somebody else is working with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Asker, Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.journal_reading import reading, recorded


def intended(number: int, asker: Asker | None = None) -> ev.Intended:
    payload = Payload(external_task_id=f"kob-{number}", model="m", pieces=("{}",))
    origin = Origin(service="https://k", key_fingerprint="f")
    return ev.Intended(at=float(number), payload=payload, origin=origin, target=Target(), asker=asker or Asker())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def test_where_there_is_no_journal_nothing_is_recorded_and_none_is_made(path: Path) -> None:
    assert list(recorded(path)) == []
    assert not path.exists()


def test_all_of_one_moment_is_read_while_somebody_goes_on_recording(path: Path) -> None:
    with closing(Journal(path)) as journal:
        for number in (1, 2):
            journal.begin(intended(number, Asker(user="anna", host="desk", project="harbor")))
        told = recorded(path)
        first = next(told)
        journal.begin(intended(3))
        journal.append("kob-2", ev.Withdrawn(at=9.0, reason="no", exit_code=0))
        second, *more = told
        assert (first.id, second.id, more) == ("kob-1", "kob-2", [])
        assert (second.phase, second.asker) == ("intended", Asker(user="anna", host="desk", project="harbor"))
        assert tuple(recorded(path)) == journal.all()


def test_it_cannot_write(path: Path) -> None:
    Journal(path).close()
    with reading(path) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM event")


def test_a_journal_of_the_version_before_asks_for_nobody(path: Path) -> None:
    with closing(Journal(path)) as journal:
        journal.begin(intended(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE event SET data=json_remove(data, '$.asker'), checksum=NULL")
    (read,) = recorded(path)
    assert read.asker == Asker()


def test_a_journal_without_checksums_is_read_and_stays_as_it_is(path: Path) -> None:
    with closing(Journal(path)) as journal:
        journal.begin(intended(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("ALTER TABLE event DROP COLUMN checksum")
        db.execute("PRAGMA user_version=1")
    assert [each.id for each in recorded(path)] == ["kob-1"]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize("harm", ["PRAGMA user_version=99", "UPDATE event SET data='{}'", "DROP TABLE event"])
def test_one_that_cannot_be_read_is_a_sentence(path: Path, harm: str) -> None:
    with closing(Journal(path)) as journal:
        journal.begin(intended(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(harm)
    with pytest.raises(JournalUnusable, match="The job history"):
        list(recorded(path))
