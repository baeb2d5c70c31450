"""A look at the journal makes and writes nothing, whoever has it open and however that one ended."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.work.disk_trouble import JournalCorrupt
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.journal_look import JournalSeen, look_at
from tests.workshop.parked import parked_in
from tests.workshop.places import ROOT

PARKED = JournalSeen(phases={"parked": 1}, waiting_for_person=1)
SERVICE = "http://127.0.0.1:9"
DYING = """
import os, sys
from kling_omni_addon.work.journal import Journal
Journal.close = lambda _: os.kill(os.getpid(), 9)
from pathlib import Path
from tests.workshop.parked import parked_in
parked_in(Path(sys.argv[1]), sys.argv[2])
"""


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in folder.iterdir() if each.is_file()}


def looked_at_unchanged(path: Path) -> JournalSeen:
    before = contents(path.parent)
    seen = look_at(path)
    assert contents(path.parent) == before
    return seen


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    parked_in(tmp_path, SERVICE)
    return tmp_path / "journal.sqlite3"


def test_a_closed_journal_is_counted(journal: Path) -> None:
    assert looked_at_unchanged(journal) == PARKED
    assert not journal.with_name(f"{journal.name}-shm").exists()


def test_a_journal_in_use_is_counted_with_what_its_log_has(journal: Path) -> None:
    with closing(Journal(journal)) as used:
        used.check()
        assert looked_at_unchanged(journal) == PARKED


@pytest.mark.skipif(sys.platform == "win32", reason="nothing dies by a signal there")
@pytest.mark.parametrize("keeps_index", [True, False])
def test_what_a_killed_process_left_in_the_log_counts(tmp_path: Path, keeps_index: bool) -> None:
    """Its index is gone where the folder was copied from another machine."""
    died = subprocess.run([sys.executable, "-c", DYING, tmp_path, SERVICE], cwd=ROOT, check=False)
    assert died.returncode == -9
    path = tmp_path / "journal.sqlite3"
    assert path.with_name(f"{path.name}-wal").stat().st_size
    if not keeps_index:
        path.with_name(f"{path.name}-shm").unlink()
    assert looked_at_unchanged(path) == PARKED


def test_an_earlier_version_s_journal_is_counted_by_phase_alone(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as db:
        db.execute("ALTER TABLE event DROP COLUMN checksum")
        db.execute("PRAGMA user_version=1")
    assert looked_at_unchanged(journal) == JournalSeen(phases={"parked": 1}, waiting_for_person=None)


def test_an_empty_file_has_no_jobs(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").touch()
    assert looked_at_unchanged(tmp_path / "journal.sqlite3") == JournalSeen(phases={}, waiting_for_person=None)


def test_a_newer_version_s_journal_is_refused(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(JournalUnusable, match="newer version"):
        look_at(journal)


def test_damage_is_told_and_repaired_by_nobody(journal: Path) -> None:
    shutil.copyfile(journal, journal.with_name("kept"))
    with closing(sqlite3.connect(journal)) as db, db:
        db.execute("UPDATE event SET data = replace(data, '9', '8') WHERE seq = 1")
    before = contents(journal.parent)
    with pytest.raises(JournalCorrupt, match="is not what was written"):
        look_at(journal)
    assert contents(journal.parent) == before
