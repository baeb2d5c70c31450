"""A name is no identity: a clip never replaces a file that is not its own submission's (item 11.1), whatever lies
there; and what a disk cannot promise is no failed write (item 11.7).
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import ClipUnusable
from kling_omni_addon.core.media import mp4_fault
from kling_omni_addon.remote.partial_file import plain_size
from kling_omni_addon.work.sidecar import take_of
from tests.workshop.clip_source import BLOCK, Book, Film, Source, fetch
from tests.workshop.processes import CRASHING, KILLED, Rehearsal, Said, run

FILM, OTHER = Film(3 * BLOCK), Film(3 * BLOCK, "somebody else's, of the same size")


@pytest.fixture
def source() -> Iterator[Source]:
    with Source(FILM) as source:
        yield source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    return tmp_path / "clips" / "shot.mp4"


def another_clip(target: Path) -> None:
    target.write_bytes(OTHER.data)


def the_very_same_bytes(target: Path) -> None:
    target.write_bytes(FILM.data)


def a_sidecar(target: Path) -> None:
    target.with_suffix(".json").write_text("{}")


def a_folder(target: Path) -> None:
    target.mkdir()


def a_link(target: Path) -> None:
    target.with_name("precious.mp4").write_bytes(OTHER.data)
    target.symlink_to(target.with_name("precious.mp4"))


def a_dangling_link(target: Path) -> None:
    target.symlink_to(target.with_name("nowhere.mp4"))


def a_pipe(target: Path) -> None:
    os.mkfifo(target)


WHATEVER = [another_clip, the_very_same_bytes, a_sidecar, a_folder, a_link, a_dangling_link, a_pipe]


def contents(folder: Path) -> dict[str, object]:
    return {
        path.name: path.read_bytes() if plain_size(path) is not None else path.lstat().st_ino
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("put", WHATEVER)
def test_whatever_has_the_name_stays_and_the_clip_gets_the_next(
    source: Source, target: Path, put: Callable[[Path], None]
) -> None:
    put(target)
    before = contents(target.parent)
    clip = fetch(source.link, target, Book())
    assert clip.path == target.with_name("shot-2.mp4")
    assert contents(target.parent) == before | {"shot-2.mp4": FILM.data}


def test_a_file_that_takes_the_name_in_the_last_moment_stays(source: Source, target: Path) -> None:
    class Raced(Book):
        def naming(self, path: str, sha256: str) -> None:
            super().naming(path, sha256)
            if Path(path) == target:
                another_clip(target)

    assert fetch(source.link, target, Raced()).path == target.with_name("shot-2.mp4")
    assert target.read_bytes() == OTHER.data


@pytest.mark.parametrize("no_links", [errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS])
def test_nor_is_it_replaced_where_a_file_has_one_name_only(
    source: Source, target: Path, monkeypatch: pytest.MonkeyPatch, no_links: int
) -> None:
    """FAT and many network folders know no second name."""

    def refused(*_: object) -> None:
        raise OSError(no_links, "no hard links here")

    monkeypatch.setattr(os, "link", refused)
    another_clip(target)
    clip = fetch(source.link, target, Book())
    assert contents(target.parent) == {"shot.mp4": OTHER.data, "shot-2.mp4": FILM.data}
    assert fetch(source.link, target, Book()).path == target.with_name("shot-3.mp4") != clip.path


@pytest.mark.parametrize("swapped", [True, False], ids=["somebody else's", "ours"])
def test_after_a_crash_the_clip_is_known_by_name_and_content(source: Source, target: Path, *, swapped: bool) -> None:
    """The crash came between the name and its record; then somebody may have put a file of the same size there."""
    target.write_bytes(OTHER.data if swapped else FILM.data)
    book = Book(etag='"v1"', total_bytes=FILM.size, received=FILM.size, named=str(target), named_sha256=FILM.sha256)
    clip = fetch(source.link, target, book)
    assert clip.path == (target.with_name("shot-2.mp4") if swapped else target)
    assert clip.path.read_bytes() == FILM.data
    assert target.read_bytes() == (OTHER if swapped else FILM).data
    assert len(source.asked) == swapped


def test_a_crash_between_the_two_names_of_a_file_leaves_one(source: Source, target: Path) -> None:
    part = target.with_name(".shot.mp4.part")
    part.write_bytes(FILM.data)
    target.hardlink_to(part)
    book = Book(etag='"v1"', total_bytes=FILM.size, received=FILM.size, named=str(target), named_sha256=FILM.sha256)
    assert fetch(source.link, target, book).path == target
    assert contents(target.parent) == {"shot.mp4": FILM.data}
    assert source.asked == []


def test_an_own_name_that_a_stranger_took_while_the_part_was_whole_stays_the_strangers(
    source: Source, target: Path
) -> None:
    target.with_name(".shot.mp4.part").write_bytes(FILM.data)
    the_very_same_bytes(target)
    book = Book(etag='"v1"', total_bytes=FILM.size, received=FILM.size, named=str(target), named_sha256=FILM.sha256)
    assert fetch(source.link, target, book).path == target.with_name("shot-2.mp4")
    assert source.asked == []


def test_two_downloads_of_one_name_have_partial_files_of_their_own(source: Source, target: Path) -> None:
    books = Book(mark="a" * 16), Book(mark="b" * 16)
    for book in books:
        source.turns.append(lambda source, connection, head: None)
        with pytest.raises(ClipUnusable):
            fetch(source.link, target, book)
    names = [fetch(source.link, target, book).path.name for book in books]
    assert names == ["shot.mp4", "shot-2.mp4"]
    assert set(contents(target.parent)) == set(names)


def test_what_is_no_clip_replaces_no_file_of_another_download(source: Source, target: Path) -> None:
    kept = target.with_name("shot.mp4.rejected")
    kept.write_bytes(b"somebody else's")
    source.film = Film(BLOCK)
    source.film._head = b"<html>" + source.film._head[6:]
    with pytest.raises(ClipUnusable, match="not a complete MP4"):
        fetch(source.link, target, Book(mark="a" * 16))
    assert kept.read_bytes() == b"somebody else's"
    assert sorted(contents(target.parent)) == ["shot.mp4.aaaaaaaaaaaaaaaa.rejected", "shot.mp4.rejected"]


CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@pytest.mark.parametrize("answer", CANNOT, ids=errno.errorcode.get)
@pytest.mark.parametrize("what", ["folders", "files too"])
def test_a_clip_is_whole_under_its_name_although_the_disk_cannot_promise_it(
    source: Source, target: Path, monkeypatch: pytest.MonkeyPatch, answer: int, what: str
) -> None:
    """fsync of a folder on old CIFS, FUSE, DrvFs; of a file on some FUSE."""
    fsync = os.fsync

    def cannot(handle: int) -> None:
        if what == "files too" or Path(f"/proc/self/fd/{handle}").readlink().is_dir():
            raise OSError(answer, "cannot")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", cannot)
    book = Book()
    assert fetch(source.link, target, book).path == target
    assert (target.read_bytes(), book.received) == (FILM.data, FILM.size)


def shot(folder: Path, own_id: str) -> Path:
    folder.mkdir(parents=True)
    body = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
    path = folder / "shot.json"
    path.write_text(json.dumps(body | {"external_task_id": own_id}))
    return path


def assert_own(clip: Path, own_id: str) -> None:
    with clip.open("rb") as file:
        assert mp4_fault(file, clip.stat().st_size) == ""
    take = take_of(clip)
    assert take is not None
    assert take.submission == own_id


@pytest.fixture
def on_rehearsal(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url}


def clip_of(said: Said) -> Path:
    return Path(said.lines[-1]["clip"])


def test_ids_that_end_alike_give_two_clips_and_two_files_beside_them(
    on_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    ids = [f"{tmp_path.name}_ep{number}_shot0010" for number in (1, 2)]
    clips = [
        clip_of(run(on_rehearsal, "submit", shot(tmp_path / own_id, own_id), "--wait", "--clips", tmp_path / "clips"))
        for own_id in ids
    ]
    assert len(set(clips)) == 2
    for clip, own_id in zip(clips, ids, strict=True):
        assert_own(clip, own_id)
        assert len(clip.name) < 40


def test_two_homes_with_one_id_share_a_folder_and_lose_nothing(
    on_rehearsal: dict[str, str], slow_rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """Two studios on one share, each with a service, or an account, of its own."""
    own_id = f"{tmp_path.name}_one"
    first = run(on_rehearsal, "submit", shot(tmp_path / "a", own_id), "--wait", "--clips", tmp_path / "clips")
    before = contents(tmp_path / "clips")
    other = on_rehearsal | {"KLING_HOME": str(tmp_path / "other"), "KLING_BASE_URL": slow_rehearsal.url}
    second = run(other, "submit", shot(tmp_path / "b", own_id), "--wait", "--clips", tmp_path / "clips")
    assert clip_of(first) != clip_of(second)
    assert before.items() <= contents(tmp_path / "clips").items()
    assert_own(clip_of(second), own_id)


@pytest.mark.parametrize("moment", ["after-Named", "after-rename", "before-Fetched"])
def test_a_kill_round_the_naming_and_a_stranger_in_the_way_lose_nothing(
    on_rehearsal: dict[str, str], tmp_path: Path, moment: str
) -> None:
    own_id = f"{tmp_path.name}_killed"
    request = shot(tmp_path / "a", own_id)
    clips = tmp_path / "clips"
    assert run(on_rehearsal, moment, "submit", request, "--wait", "--clips", clips, script=CRASHING).code == KILLED
    (name,) = {path.name.strip(".").partition(".mp4")[0].removesuffix(".json") for path in clips.iterdir()}
    theirs = clips / f"{name}.mp4"
    was_there = theirs.exists()
    theirs.unlink(missing_ok=True)
    theirs.write_bytes(OTHER.data)
    done = run(on_rehearsal, "resume", "--wait", "120")
    assert done.code == 0, done
    assert theirs.read_bytes() == OTHER.data
    assert clip_of(done) != theirs
    assert_own(clip_of(done), own_id)
    assert was_there == (moment != "after-Named")
