"""Rules of Windows and macOS, played where none of them is: what they refuse is refused here by hand."""

from __future__ import annotations

import ast
import ctypes
import errno
import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from kling_omni_addon import durable
from kling_omni_addon.core.errors import ArgumentsInvalid, JournalUnusable, NotSent
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import HttpCall
from kling_omni_addon.once import is_alike
from kling_omni_addon.rehearsal_note import kept_note, note_path, running_rehearsal
from kling_omni_addon.remote import clips, probing
from kling_omni_addon.remote.addresses import opened
from kling_omni_addon.remote.http import Http
from kling_omni_addon.work import clip_folder, journal_file, journal_reading, leases
from kling_omni_addon.work.disk_trouble import JournalCorrupt
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.journal_file import reading_address
from kling_omni_addon.work.mark import read_mark
from kling_omni_addon.work.picture_store import PictureStore
from kling_omni_addon.work.recovery import open_journal
from tests.workshop.clip_source import Listener
from tests.workshop.places import ROOT
from tests.workshop.rehearsal_stand import png
from tests.workshop.sockets import read_until

PAYLOAD = Payload(external_task_id="kob-1", model="m", pieces=("{}",))


class Refusing:
    """``Path.replace`` that another program's look at the file keeps from working, some times or for good."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.real = Path.replace

    def __call__(self, path: Path, target: Path) -> Path:
        self.times -= 1
        if self.times >= 0:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return self.real(path, target)

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(durable, "_WAITS_S", (0.0, 0.0, 0.0))
        monkeypatch.setattr(Path, "replace", lambda path, target: self(path, target))


def test_a_file_that_a_virus_scanner_looks_at_gets_its_name_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Refusing(3).stand_in(monkeypatch)
    durable.write_whole(tmp_path / "state.json", b"whole")
    assert (tmp_path / "state.json").read_bytes() == b"whole"


def test_a_name_that_is_refused_for_good_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Refusing(9).stand_in(monkeypatch)
    with pytest.raises(PermissionError):
        durable.write_whole(tmp_path / "state.json", b"whole")


class WindowsDisk:
    """What Windows does with a name: it renames over no file, takes names that differ by case for one, and refuses
    ``looks`` times because another program looks at the file.
    """

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.real = Path.rename

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(durable, "_IS_WINDOWS", True)
        monkeypatch.setattr(durable, "_WAITS_S", (0.0, 0.0, 0.0))
        monkeypatch.setattr(Path, "rename", lambda path, target: self.rename(path, target))
        monkeypatch.setattr(os.path, "lexists", lambda path: self.has(Path(path)))

    def rename(self, path: Path, target: Path) -> Path:
        if self.has(target):
            raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists")
        self.looks -= 1
        if self.looks >= 0:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return self.real(path, target)

    @staticmethod
    def has(path: Path) -> bool:
        return path.name.casefold() in {each.name.casefold() for each in path.parent.iterdir()}


def test_a_new_name_is_waited_for_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WindowsDisk(looks=3).stand_in(monkeypatch)
    durable.write_new(tmp_path / "alley.json", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["alley.json"]


def test_a_name_that_something_has_is_found_out_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = WindowsDisk(looks=0)
    disk.stand_in(monkeypatch)
    (tmp_path / "alley.json").write_bytes(b"somebody else's")
    with pytest.raises(FileExistsError):
        durable.write_new(tmp_path / "Alley.json", b"whole")
    assert disk.looks == 0, "it was not tried again"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"somebody else's"]


def test_names_that_differ_by_case_are_one_name_for_a_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WindowsDisk(looks=1).stand_in(monkeypatch)
    (tmp_path / "alley_2026.mp4").write_bytes(b"another clip")
    (tmp_path / "ALLEY_2026-2.JSON").write_bytes(b"of another clip")
    part = tmp_path / ".Alley_2026.mp4.part"
    part.write_bytes(b"the clip")
    noted: list[str] = []
    reception: Any = SimpleNamespace(naming=lambda path, _sha256: noted.append(path))
    named = clips._named(part, tmp_path / "Alley_2026.mp4", "", reception, (0.0,))
    assert (named.name, noted) == ("Alley_2026-3.mp4", [str(named)])
    assert (tmp_path / "alley_2026.mp4").read_bytes() == b"another clip"


def test_the_mark_of_a_journal_that_is_replaced_at_this_moment_is_read_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Journal(tmp_path / "journal.sqlite3")):
        pass
    before, refusals = read_mark(tmp_path / "journal.sqlite3"), iter((True, True, False))
    real = Path.read_bytes

    def read(path: Path) -> bytes:
        if next(refusals):
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return real(path)

    monkeypatch.setattr(durable, "_WAITS_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(Path, "read_bytes", read)
    assert before is not None
    assert read_mark(tmp_path / "journal.sqlite3") == before


def test_a_picture_that_is_being_sent_is_kept_once_more_without_replacing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "first.png"
    picture.write_bytes(png(400, 400))
    store = PictureStore(tmp_path / "pictures")
    kept = store.keep_file(picture, "image")
    Refusing(9).stand_in(monkeypatch)
    assert store.keep_file(picture, "image") == kept
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == [kept.sha256]


def test_macos_is_told_to_go_as_far_as_the_platter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(durable, "_TO_THE_PLATTER", 51)
    monkeypatch.setattr(durable.fcntl, "fcntl", lambda _handle, command: asked.append(command))
    monkeypatch.setattr(os, "fsync", lambda _handle: asked.append("fsync"))
    durable.write_whole(tmp_path / "state.json", b"whole")
    assert set(asked) == {51}

    def not_offered(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(durable.fcntl, "fcntl", not_offered)
    durable.write_whole(tmp_path / "state.json", b"again")
    assert "fsync" in asked


def test_the_journal_asks_sqlite_for_the_same(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.sqlite3")) as journal:
        told = [journal._db.execute(f"PRAGMA {name}").fetchone() for name in ("fullfsync", "checkpoint_fullfsync")]
    assert told == [(1,), (1,)]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (PurePosixPath("/home/a b/#1?.sqlite3"), "file:///home/a%20b/%231%3F.sqlite3?mode=ro"),
        (PureWindowsPath(r"C:\Users\é\journal.sqlite3"), "file:///C:/Users/%C3%A9/journal.sqlite3?mode=ro"),
        (PureWindowsPath(r"\\server\share\journal.sqlite3"), "file:////server/share/journal.sqlite3?mode=ro"),
        (PureWindowsPath(r"\\?\C:\journal.sqlite3"), "file:////%3F/C:/journal.sqlite3?mode=ro"),
    ],
)
def test_the_address_of_a_journal_has_no_host(path: Any, address: str) -> None:
    assert reading_address(path) == address


def test_sqlite_takes_such_an_address(tmp_path: Path) -> None:
    path = tmp_path / "a b#?%41é" / "journal.sqlite3"
    Journal(path).close()
    with closing(sqlite3.connect(reading_address(path, "immutable=1"), uri=True)) as db:
        assert db.execute("SELECT count(*) FROM submission").fetchone() == (0,)
    with pytest.raises(sqlite3.OperationalError, match="invalid uri authority"):
        sqlite3.connect("file://server/share/journal.sqlite3?mode=ro", uri=True)


def test_an_address_that_sqlite_does_not_take_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a journal on a share was once opened: it must stay where it is, and nothing may be sent without it."""
    path = tmp_path / "journal.sqlite3"
    Journal(path).close()
    before = path.read_bytes()
    monkeypatch.setattr(journal_file, "reading_address", lambda _: "file://server/share/journal.sqlite3?mode=ro")
    monkeypatch.setattr(journal_reading, "reading_address", lambda *_: "file://server/share/journal.sqlite3?mode=ro")
    with pytest.raises(JournalUnusable, match="invalid uri authority") as told:
        open_journal(path, now=1.0)
    assert not isinstance(told.value, JournalCorrupt)
    with pytest.raises(JournalUnusable, match="invalid uri authority"):
        list(journal_reading.recorded(path))
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*corrupt*")) == []


def test_a_folder_in_which_paths_become_too_long_is_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_folder, "_LONGEST_PATH", len(str(tmp_path)) + 120)
    clip_folder.require_folder(tmp_path / "short")
    with pytest.raises(ArgumentsInvalid, match="The paths of clips would be longer"):
        clip_folder.require_folder(tmp_path / "a folder of a longer name")


class PlayedKernel:
    """What ``kernel32`` of Windows answers about processes: ``running`` are those that run, by the tick they began at,
    ``forbidden`` belong to somebody else, ``ended`` have ended while somebody holds them open.
    """

    def __init__(self, running: dict[int, int]) -> None:
        self.running = running
        self.ended: set[int] = set()
        self.forbidden: set[int] = set()
        self.open: list[int] = []
        self.error = 0
        self.OpenProcess = lambda _access, _inherits, pid: self._opened(pid)

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leases, "_IS_WINDOWS", True)
        monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: self, raising=False)
        monkeypatch.setattr(ctypes, "get_last_error", lambda: self.error, raising=False)

    def _opened(self, pid: int) -> int:
        if pid in self.forbidden or pid not in self.running:
            self.error = 5 if pid in self.forbidden else 87
            return 0
        self.open.append(pid)
        return pid

    def GetExitCodeProcess(self, handle: Any, code: Any) -> bool:  # noqa: N802 - as Windows has it
        code._obj.value = 1 if handle.value in self.ended else 259
        return True

    def GetProcessTimes(self, handle: Any, began: Any, *_: Any) -> bool:  # noqa: N802 - as above
        ticks = self.running[handle.value]
        began._obj.dwHighDateTime, began._obj.dwLowDateTime = ticks >> 32, ticks & 0xFFFFFFFF
        return True

    def CloseHandle(self, handle: Any) -> bool:  # noqa: N802 - as above
        self.open.remove(handle.value)
        return True


def test_no_console_window_flashes_up_for_a_program_that_is_started() -> None:
    started = [
        (path.name, {named.arg for named in call.keywords})
        for path in (ROOT / "kling_omni_addon").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith(("subprocess.", "os.spawn", "os.popen"))
    ]
    assert started
    assert [name for name, named in started if "creationflags" not in named] == []


def test_no_proxy_of_the_system_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the registry of Windows, or of the settings of macOS, which urllib reads there."""
    system = dict.fromkeys(("http", "https", "all"), "http://proxy.invalid:3128")
    monkeypatch.setattr(requests.utils, "getproxies", lambda: system)
    monkeypatch.setattr(requests.utils, "proxy_bypass", lambda _host: False)
    with Answering() as here:
        with pytest.raises(NotSent, match="The proxy refused the connection"):
            asked(f"http://localhost.invalid:{here.port}")
        for host in ("127.0.0.1", "localhost"):
            assert asked(f"http://{host}:{here.port}") == 200
            assert probing.proxy_of(f"http://{host}:{here.port}") == ""
            assert probing.knock(f"http://{host}:{here.port}", "test", lambda: 0.0).status == 200
        with opened(f"http://127.0.0.1:{here.port}/clip", {}, may_be_local=True, user_agent="test") as clip:
            assert clip.status_code == 200
    assert probing.proxy_of("https://kling.invalid") == "http://proxy.invalid:3128"


class Answering(Listener):
    """A service on this machine."""

    def talk(self, connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


def asked(url: str) -> int:
    with closing(Http(url, "test")) as http:
        return http.send(HttpCall(method="GET", path="/"), "token").status


def test_a_note_of_a_rehearsal_that_another_program_holds_keeps_nothing_from_ending_and_is_swept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_WAITS_S", (0.0, 0.0))
    real, held = Path.unlink, {"is": True}

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if held["is"] and path.name == "rehearsal-9.json":
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    note = {"url": "http://127.0.0.1:9", "api_key": "k", "secret": "s"}
    with kept_note(tmp_path, note):
        assert note_path(tmp_path, 9).exists()
    assert running_rehearsal(tmp_path) is None, "nobody answers there"
    with kept_note(tmp_path, note | {"url": "http://127.0.0.1:10"}):
        assert note_path(tmp_path, 10).exists()
        held["is"] = False
    with kept_note(tmp_path, note | {"url": "http://127.0.0.1:10"}):
        assert not note_path(tmp_path, 9).exists()


OTHER, BEGAN = 4711, (1 << 34) + 5


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> PlayedKernel:
    played = PlayedKernel({os.getpid(): 7, OTHER: BEGAN})
    played.stand_in(monkeypatch)
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("on Windows that is a signal"))
    return played


def held_by(path: Path, owner: str) -> Journal:
    """A journal of this process, and another process works on its one submission."""
    with closing(Journal(path, owner=owner)) as other:
        other.begin(
            ev.Intended(at=1.0, payload=PAYLOAD, origin=ev.Origin(service="s", key_fingerprint="k"), target=ev.Target())
        )
        assert other.claim(PAYLOAD.external_task_id, 1000.0)
    return Journal(path)


@pytest.mark.parametrize(
    ("change", "is_free"),
    [
        (lambda _: None, False),
        (lambda kernel: kernel.running.pop(OTHER), True),
        (lambda kernel: kernel.ended.add(OTHER), True),
        (lambda kernel: kernel.running.update({OTHER: BEGAN + 1}), True),
        (lambda kernel: kernel.forbidden.add(OTHER), False),
    ],
    ids=["it runs", "it is gone", "it has ended", "another one has its number", "it may not be asked"],
)
def test_on_windows_the_lease_of_a_dead_process_is_taken_at_once_and_that_of_a_living_one_never(
    tmp_path: Path, kernel: PlayedKernel, change: Callable[[PlayedKernel], object], is_free: bool
) -> None:
    change(kernel)
    with closing(held_by(tmp_path / "journal.sqlite3", f"{socket.gethostname()}:{OTHER}.{BEGAN}")) as journal:
        assert journal.owner == f"{socket.gethostname()}:{os.getpid()}.7"
        assert (journal.claim(PAYLOAD.external_task_id, 1001.0) is not None) is is_free
    assert kernel.open == []


def test_on_windows_a_lease_of_an_earlier_version_goes_by_its_number(tmp_path: Path, kernel: PlayedKernel) -> None:
    with closing(held_by(tmp_path / "journal.sqlite3", f"{socket.gethostname()}:{OTHER}")) as journal:
        assert journal.claim(PAYLOAD.external_task_id, 1001.0) is None
        del kernel.running[OTHER]
        assert journal.claim(PAYLOAD.external_task_id, 1002.0) is not None


def test_a_wish_for_the_same_file_under_another_spelling_is_the_same_wish(tmp_path: Path) -> None:
    """A script that is started again by another spelling goes on with what is under way, and pays once."""
    here, other = tmp_path / "film.blend", tmp_path / "FILM.blend"
    here.write_bytes(b"BLENDER")
    origin = ev.Origin(service="s", key_fingerprint="k")
    wanted = ev.Intended(at=1.0, payload=PAYLOAD, origin=origin, target=ev.Target(blend=str(here), scene="Scene"))
    again = replace(wanted, target=replace(wanted.target, blend=str(other)))
    other.write_bytes(b"another file, as it is here")
    assert not is_alike(wanted, again)
    other.unlink()
    os.link(here, other)
    assert is_alike(wanted, again)
    assert not is_alike(wanted, replace(again, target=replace(again.target, scene="Other")))
