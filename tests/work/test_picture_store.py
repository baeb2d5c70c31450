"""What a picture may be before anything of it is copied, and who may read the copy (item 11.18)."""

from __future__ import annotations

import base64
import os
import stat
import time
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.request import OmniRequest, Picture
from kling_omni_addon.judging import judge_request
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work import picture_store
from kling_omni_addon.work.picture_store import PictureJudge, PictureStore, describe
from tests.workshop.picture_copies import let_an_hour_pass, noted_copies
from tests.workshop.rehearsal_stand import png

SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"c2VjcmV0" * 200


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "home" / "pictures")


def kept(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "home" / "pictures"
    return sorted(folder.iterdir()) if folder.exists() else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("name", ["a pipe", "/dev/zero", "/dev/null", "a folder", "a link to a pipe", "a socket"])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(
    store: PictureStore, tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / name  # an absolute name stays as it is
    if "pipe" in name:
        os.mkfifo(tmp_path / "a pipe")
    if "link" in name:
        path.symlink_to(tmp_path / "a pipe")
    if "folder" in name:
        path.mkdir()
    if "socket" in name:
        import socket

        server = socket.socket(socket.AF_UNIX)
        request.addfinalizer(server.close)
        os.chdir(tmp_path)
        server.bind("a socket")
    for read in (store.keep_file, PictureJudge().keep_file, describe):
        with pytest.raises(ArgumentsInvalid, match="a folder, a pipe or a device"):
            read(path, "image_list[0].image_url")
    faults = judge_request(OmniRequest(prompt="a", pictures=(Picture(source=str(path)),)), profile())
    assert [fault.path for fault in faults if "a folder, a pipe or a device" in fault.message] == [
        "image_list[0].image_url"
    ]
    assert kept(tmp_path) == []


@pytest.mark.parametrize("data", [SECRET, b"", png(640, 360)[:40], png(640, 360)[:-30], b"RIFF\0\0\0\0WEBPVP8 "])
def test_what_can_not_be_sent_is_described_and_not_copied(store: PictureStore, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "id_rsa.png"
    path.write_bytes(data)
    assert store.keep_file(path, "picture").sha256 == ""
    if data:
        assert store.keep_base64(base64.b64encode(data).decode()).sha256 == ""
    assert kept(tmp_path) == []


def test_what_is_far_too_large_is_described_and_not_copied(store: PictureStore, tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(640, 360, size=picture_store.LARGEST_BYTES))
    ref = store.keep_file(path, "picture")
    assert (ref.sha256, ref.facts.size_bytes) == ("", path.stat().st_size)
    assert kept(tmp_path) == []


def test_a_picture_that_grows_while_it_is_read_is_refused(
    store: PictureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.png"
    path.write_bytes(png(640, 360))
    monkeypatch.setattr(picture_store, "LARGEST_BYTES", path.stat().st_size + 10)

    def grows_meanwhile(folder: Path) -> None:
        folder.mkdir(parents=True)
        _append(path, bytes(100))

    monkeypatch.setattr(picture_store, "make_own_folder", grows_meanwhile)
    with pytest.raises(ArgumentsInvalid, match="still growing"):
        store.keep_file(path, "picture")
    assert kept(tmp_path) == []


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_kept_picture_is_its_owners_only_whatever_it_was(store: PictureStore, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(640, 360))
    path.chmod(0o666)
    ref = store.keep_file(path, "picture")
    assert ref == PictureJudge().keep_file(path, "picture")
    assert (mode(store.path_of(ref)), mode(store.path_of(ref).parent)) == (0o600, 0o700)


def test_the_home_and_all_that_it_tells_is_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    (home / "pictures").mkdir(parents=True)
    (home / "pictures").chmod(0o755)
    (home / "journal.sqlite3").touch(0o644)
    (home / "rehearsal.json").write_text("{}")
    with Session(
        Settings(service_url="http://127.0.0.1:9", keys=Keys(api_key="k"), home=home, clips=home / "clips")
    ) as session:
        session.submit(OmniRequest(prompt="a fox", mode="std", aspect_ratio="16:9", duration_s=3))
        session._backup.make()
        modes = {path.relative_to(home): mode(path) for path in home.rglob("*") if path != home / "clips"}
    assert mode(home) == 0o700
    assert {str(path): oct(found) for path, found in modes.items() if found & 0o077} == {}
    assert {"journal.sqlite3", "journal.sqlite3-wal", "backups", "pictures"} <= set(map(str, modes))
    assert any("backups/" in str(path) for path in modes)


def test_a_folder_that_is_not_ours_alone_stays_open_and_what_we_keep_in_it_does_not(tmp_path: Path) -> None:
    """KLING_HOME may name a folder of the artist's."""
    tmp_path.chmod(0o755)
    (tmp_path / "holiday.jpg").touch()
    settings = Settings(service_url="http://127.0.0.1:9", keys=Keys(api_key="k"), home=tmp_path, clips=tmp_path / "c")
    with Session(settings):
        assert (mode(tmp_path), mode(tmp_path / "journal.sqlite3")) == (0o755, 0o600)
        assert mode(tmp_path / "journal.sqlite3-wal") == 0o600


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture that can be sent."""
    path = tmp_path / "a.png"
    path.write_bytes(png(640, 360))
    return path


@pytest.fixture
def an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the store, all that the test writes is an hour old."""
    let_an_hour_pass(monkeypatch)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The field of each copy that is made."""
    return noted_copies(monkeypatch)


def write_anew(path: Path, data: bytes) -> None:
    """Write to a file again, at another time for the clock of the disk."""
    before = path.stat().st_mtime_ns
    while path.stat().st_mtime_ns == before:
        path.write_bytes(data)


@pytest.mark.usefixtures("an_hour_later")
def test_what_was_kept_is_not_copied_again_while_the_file_is_what_it_was(
    store: PictureStore, picture: Path, copies: list[str]
) -> None:
    first = store.keep_file(picture, "first")
    assert store.keep_file(picture, "again") == first
    write_anew(picture, png(641, 360))
    assert store.keep_file(picture, "other") != first
    assert copies == ["first", "other"]


@pytest.mark.usefixtures("an_hour_later")
def test_what_is_kept_ahead_is_not_copied_when_it_is_asked_for(
    store: PictureStore, picture: Path, copies: list[str]
) -> None:
    assert store.keep_ahead(picture)
    assert copies == ["picture"]
    ref = store.keep_file(picture, "asked for")
    assert ref == PictureJudge().keep_file(picture, "judged")
    assert copies == ["picture", "judged"]
    assert store.path_of(ref).read_bytes() == picture.read_bytes()
    assert (mode(store.path_of(ref)), mode(store.path_of(ref).parent)) == (0o600, 0o700)
    assert kept(picture.parent) == [store.path_of(ref)]


@pytest.mark.usefixtures("an_hour_later")
@pytest.mark.parametrize("how", ["written", "written with its old time", "replaced"])
def test_a_file_that_changed_after_it_was_kept_ahead_is_kept_in_its_new_form(
    store: PictureStore, picture: Path, how: str
) -> None:
    """The new one is as long as the old one."""
    picture.write_bytes(png(640, 360, size=3000))
    before, other = picture.stat(), png(360, 640, size=3000)
    store.keep_ahead(picture)
    if how == "replaced":
        rendered = picture.with_name("b.png")
        rendered.write_bytes(other)
        rendered.replace(picture)
    else:
        write_anew(picture, other)
    if how != "written":
        os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))
    ref = store.keep_file(picture, "picture")
    assert (ref.facts.width, ref.facts.height) == (360, 640)
    assert store.path_of(ref).read_bytes() == other


def test_a_file_that_may_still_be_written_to_is_not_kept_ahead_and_not_known_again(
    store: PictureStore, picture: Path, copies: list[str]
) -> None:
    """Its times may not move before two seconds are over."""
    assert not store.keep_ahead(picture)
    store.keep_file(picture, "first")
    store.keep_file(picture, "again")
    assert copies == ["first", "again"]


@pytest.mark.usefixtures("an_hour_later")
@pytest.mark.parametrize("is_named", [False, True])
def test_a_copy_that_was_lost_or_spoiled_is_made_again(store: PictureStore, picture: Path, is_named: bool) -> None:
    if is_named:
        store.keep_file(picture, "picture")
    else:
        store.keep_ahead(picture)
    copy = kept(picture.parent)[0]
    write_anew(copy, bytes(copy.stat().st_size))
    ref = store.keep_file(picture, "picture")
    assert store.path_of(ref).read_bytes() == picture.read_bytes()
    store.path_of(ref).unlink()
    assert store.path_of(store.keep_file(picture, "picture")).read_bytes() == picture.read_bytes()


@pytest.mark.usefixtures("an_hour_later")
def test_what_is_kept_ahead_and_never_asked_for_is_swept(store: PictureStore, picture: Path) -> None:
    store.keep_ahead(picture)
    (copy,) = kept(picture.parent)
    assert mode(copy) == 0o600
    store.sweep()
    assert kept(picture.parent) == [copy]
    os.utime(copy, (time.time() - 3600,) * 2)
    store.sweep()
    assert kept(picture.parent) == []
    assert store.path_of(store.keep_file(picture, "picture")).read_bytes() == picture.read_bytes()


@pytest.mark.usefixtures("an_hour_later")
@pytest.mark.parametrize("data", [SECRET, b"", png(640, 360)[:-30]], ids=["a secret", "nothing", "half a picture"])
def test_what_can_not_be_sent_is_not_kept_ahead(store: PictureStore, picture: Path, data: bytes) -> None:
    picture.write_bytes(data)
    assert store.keep_ahead(picture)
    assert store.keep_ahead(picture.with_name("gone.png"))
    assert kept(picture.parent) == []


def test_what_killed_copies_left_is_swept_and_what_still_grows_stays(store: PictureStore, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(640, 360))
    ref = store.keep_file(path, "picture")
    folder = store.path_of(ref).parent
    dead, alive = folder / ".1-dead.part", folder / ".1-beef.part"
    for part in (dead, alive):
        part.write_bytes(SECRET)
    os.utime(dead, (time.time() - 3600,) * 2)
    with Session(
        Settings(
            service_url="http://127.0.0.1:9", keys=Keys(api_key="k"), home=tmp_path / "home", clips=tmp_path / "clips"
        )
    ):
        assert kept(tmp_path) == sorted([alive, store.path_of(ref)])
