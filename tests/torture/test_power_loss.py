"""Harness 3: power cuts after every step of a recorded life; writes and names that were not synced are dropped, kept or
torn (fault 53).
"""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import DIALECTS
from tests.torture.power import Disk, mixtures
from tests.torture.power_cuts import bodies_sent, losses, recorded
from tests.torture.system_calls import Step, steps_of

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_power_cut_at_any_step_loses_nothing_that_was_acted_on(dialect: str, folder: Path) -> None:
    steps = recorded(folder, dialect=dialect)
    kinds = {step.kind for step in steps}
    assert {"create", "write", "fsync", "rename", "send", "mark"} <= kinds
    assert len(bodies_sent(steps)) == 2
    assert list(islice(losses(steps, folder), 10)) == []


def test_nor_does_it_where_a_new_folder_is_safe_only_by_an_fsync_above_it(folder: Path) -> None:
    assert list(islice(losses(recorded(folder), folder, is_strict=True), 10)) == []


@pytest.mark.parametrize("mutant", ["rename before fsync", "rename without folder fsync", "journal without full sync"])
def test_a_planted_mistake_with_fsync_is_found(mutant: str, folder: Path) -> None:
    assert next(losses(recorded(folder, mutant), folder), "")


def test_what_was_recorded_is_what_is_on_the_disk_when_everything_survives(folder: Path) -> None:
    """Else the replay would prove nothing about the real files."""
    disk = Disk(folder)
    for step in recorded(folder):
        disk.take(step)
    left = disk.after_a_cut(*mixtures(0)["everything"])
    real = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {name: data for name, data in real.items() if not name.endswith("-shm")} == dict(left)


def test_the_body_of_a_question_is_no_create() -> None:
    """Over the new API a page of the list is asked for by a POST."""

    def sent(handle: int, path: str) -> tuple[Step, ...]:
        head = f"POST {path} HTTP/1.1\r\nHost: k\r\n\r\n".encode()
        return tuple(Step(kind="send", file=handle, data=data) for data in (head, b"{", b"}"))

    steps = (*sent(7, "/tasks"), *sent(7, "/omni-video/kling-3.0-omni"), *sent(8, "/tasks"), *sent(7, "/tasks"))
    assert bodies_sent(steps) == {5}


def test_a_handle_that_another_thread_gets_before_its_close_has_ended_is_the_other_threads() -> None:
    def text(words: str) -> str:
        return '"' + "".join(f"\\x{byte:02x}" for byte in words.encode()) + '"'

    opened = "openat(AT_FDCWD, {}, O_WRONLY|O_CREAT|O_TRUNC, 0666) = 5"
    lines = (
        f"1 {opened.format(text('/d/a'))}",
        "1 close(5 <unfinished ...>",
        f"2 {opened.format(text('/d/b'))}",
        "1 <... close resumed>) = 0",
        f"2 write(5, {text('content')}, 7) = 7",
    )
    assert [(step.kind, step.path, step.data) for step in steps_of(lines, Path("/d"))] == [
        ("create", "/d/a", b""),
        ("create", "/d/b", b""),
        ("write", "/d/b", b"content"),
    ]


def test_a_write_is_safe_only_after_the_fsync_of_its_file_and_of_its_folder() -> None:
    disk = Disk(Path("/d"))
    nothing, names = mixtures(0)["nothing unsafe"], mixtures(0)["names without writes"]
    for step in (
        Step(kind="create", file=1, path="/d/a"),
        Step(kind="write", file=1, path="/d/a", data=b"content"),
        Step(kind="fsync", file=1, path="/d/a"),
    ):
        disk.take(step)
    assert disk.after_a_cut(*nothing) == {}
    assert disk.after_a_cut(*names) == {"a": b"content"}
    disk.take(Step(kind="rename", file=1, path="/d/a", target="/d/b"))
    disk.take(Step(kind="fsync", path="/d"))
    assert disk.after_a_cut(*nothing) == {"b": b"content"}
