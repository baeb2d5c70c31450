"""Downloads on real sockets and real files: whole and checked, or resumable, whatever server and disk do.

Numbers are those of the list of faults in ``docs/reliability.md``.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kling_omni_addon.core.errors import ClipGone, ClipUnusable, KlingError, LinkExpired
from kling_omni_addon.remote.clips import DEFAULT_LIMITS
from kling_omni_addon.work.filing import clip_name
from tests.workshop.clip_source import BLOCK, SMALL, Book, Film, Source, Turn, fetch, honest, part_of, says
from tests.workshop.rehearsal_stand import mp4

FILM = Film(5 * BLOCK)
HALF = 2 * BLOCK + 1000


@pytest.fixture
def source() -> Iterator[Source]:
    with Source(FILM) as source:
        yield source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "clips" / "shot.mp4"


def assert_whole(source: Source, target: Path) -> None:
    assert target.read_bytes() == source.film.data
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name]


def begun(source: Source, target: Path) -> Book:
    """A download that was cut in the middle."""
    book = Book()
    source.turns.append(honest(cut_after=HALF))
    with pytest.raises(ClipUnusable):
        fetch(source.link, target, book)
    assert (book.received, part_of(target).stat().st_size) == (HALF, HALF)
    assert not target.exists()
    return book


def test_a_download_is_whole_and_on_record(source: Source, target: Path) -> None:
    book = Book()
    clip = fetch(source.link, target, book)
    assert_whole(source, target)
    assert (clip.path, clip.sha256, clip.size_bytes) == (target, FILM.sha256, FILM.size)
    assert book.events[0] == ("began", '"v1"', FILM.size)
    offsets = [event[1] for event in book.events[1:]]
    assert offsets == sorted(set(offsets))
    assert all(later - earlier >= BLOCK for earlier, later in itertools.pairwise([0, *offsets[:-1]]))
    assert offsets[-1] == FILM.size
    assert book.told[-1] == (FILM.size, FILM.size)
    assert source.asked[0]["accept-encoding"] == "identity"
    assert not {"authorization", "range"} & set(source.asked[0])


def test_fault_34_a_200_mb_download_cut_twenty_times_is_identical_and_fetched_once(target: Path) -> None:
    random = Random(34)
    with Source(Film(200_000_000)) as source:
        book = Book()
        for _ in range(20):
            source.turns.append(honest(cut_after=random.randrange(19_000_000 // 2)))
            with pytest.raises(ClipUnusable):
                fetch(source.link, target, book, limits=DEFAULT_LIMITS)
        clip = fetch(source.link, target, book, limits=DEFAULT_LIMITS)
        assert clip.sha256 == source.film.sha256
        assert source.sent <= 1.02 * source.film.size
        assert len(source.asked) == 21


def test_fault_34_resets_never_spoil_the_file(source: Source, target: Path) -> None:
    book = Book()
    for _ in range(20):
        source.turns.append(honest(cut_after=BLOCK // 2, by_reset=True))
        try:
            fetch(source.link, target, book)
        except ClipUnusable:
            continue
        break
    fetch(source.link, target, book)
    assert_whole(source, target)


def test_fault_35_a_range_that_is_ignored_starts_the_download_over(source: Source, target: Path) -> None:
    book = begun(source, target)
    source.turns.append(says("200 OK", f"Content-Length: {FILM.size}", 'ETag: "v1"', body=FILM.data))
    fetch(source.link, target, book)
    assert source.asked[1]["range"] == f"bytes={HALF}-"
    assert ("began", '"v1"', FILM.size) in book.events[2:]
    assert_whole(source, target)
    assert len(source.asked) == 2


@pytest.mark.parametrize("is_told_by", ["if-range", "etag of the part"])
def test_fault_36_another_etag_starts_the_download_over(source: Source, target: Path, is_told_by: str) -> None:
    book = begun(source, target)
    source.film, source.etag = Film(5 * BLOCK, "another cut"), '"v2"'
    if is_told_by == "etag of the part":  # a server that pays no heed to If-Range
        rest, span = source.film.data[HALF:], f"{HALF}-{FILM.size - 1}/{FILM.size}"
        source.turns.append(says("206 Partial Content", f"Content-Range: bytes {span}", 'ETag: "v2"', body=rest))
    fetch(source.link, target, book)
    assert source.asked[1]["if-range"] == '"v1"'
    assert_whole(source, target)
    assert book.etag == '"v2"'


@pytest.mark.parametrize("etag", ["", 'W/"v1"', "v1", '"a\x80b"', f'"{"x" * 300}"'])
def test_fault_36_without_a_strong_etag_no_part_is_ever_asked_for(source: Source, target: Path, etag: str) -> None:
    source.etag = etag
    book = begun(source, target)
    assert book.etag == ""
    fetch(source.link, target, book)
    assert "range" not in source.asked[1]
    assert_whole(source, target)


REST = FILM.size - HALF
WRONG_PARTS = {
    "begins earlier": (f"Content-Range: bytes {HALF - 1}-{FILM.size - 2}/{FILM.size}",),
    "begins later": (f"Content-Range: bytes {HALF + 1}-{FILM.size - 1}/{FILM.size}",),
    "ends too early": (f"Content-Range: bytes {HALF}-{FILM.size - 2}/{FILM.size}",),
    "another total": (f"Content-Range: bytes {HALF}-{FILM.size}/{FILM.size + 1}",),
    "no total": (f"Content-Range: bytes {HALF}-{FILM.size - 1}/*",),
    "another length": (f"Content-Range: bytes {HALF}-{FILM.size - 1}/{FILM.size}", f"Content-Length: {REST - 1}"),
    "no range": (f"Content-Length: {REST}",),
    "nonsense": ("Content-Range: bytes ²-³/4",),
}


def wrong_part(*headers: str) -> Turn:
    return says("206 Partial Content", 'ETag: "v1"', *headers, body=FILM.data[HALF:])


@pytest.mark.parametrize("headers", WRONG_PARTS.values(), ids=WRONG_PARTS.keys())
def test_fault_37_a_wrong_part_starts_the_download_over(source: Source, target: Path, headers: tuple[str, ...]) -> None:
    book = begun(source, target)
    source.turns.append(wrong_part(*(header.encode().decode("latin-1") for header in headers)))
    fetch(source.link, target, book)
    assert ["range" in head for head in source.asked] == [False, True, False]
    assert_whole(source, target)


def test_fault_37_an_unsatisfiable_range_starts_the_download_over(source: Source, target: Path) -> None:
    book = begun(source, target)
    source.turns.append(says("416 Range Not Satisfiable", "Content-Range: bytes */5"))
    fetch(source.link, target, book)
    assert_whole(source, target)


@pytest.mark.parametrize("turn", [says("416 Range Not Satisfiable"), wrong_part(*WRONG_PARTS["begins earlier"])])
def test_fault_37_a_service_that_never_gives_the_right_part_is_asked_twice(
    source: Source, target: Path, turn: Turn
) -> None:
    book = begun(source, target)
    source.turns += [turn, turn]
    with pytest.raises(ClipUnusable, match="wrong part"):
        fetch(source.link, target, book)
    assert len(source.asked) == 3
    assert part_of(target).stat().st_size == book.received == HALF


def test_fault_38_an_expired_link_keeps_what_came(source: Source, target: Path) -> None:
    book = begun(source, target)
    source.turns.append(says("403 Forbidden", "Content-Length: 0"))
    with pytest.raises(LinkExpired):
        fetch(source.link, target, book)
    fetch(source.link, target, book)
    assert source.asked[2]["range"] == f"bytes={HALF}-"
    assert source.sent == FILM.size
    assert_whole(source, target)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_fault_39_a_file_that_is_gone_is_told_apart_and_keeps_what_came(
    source: Source, target: Path, status: str
) -> None:
    book = begun(source, target)
    source.turns.append(says(status, "Content-Length: 0"))
    with pytest.raises(ClipGone):
        fetch(source.link, target, book)
    assert part_of(target).stat().st_size == HALF


@pytest.mark.parametrize("status", ["500 Oops", "503 Later", "429 Slow Down", "204 Nothing", "401 Who"])
def test_another_status_keeps_what_came(source: Source, target: Path, status: str) -> None:
    book = begun(source, target)
    source.turns.append(says(status, "Content-Length: 0"))
    with pytest.raises(ClipUnusable, match=status[:3]):
        fetch(source.link, target, book)
    assert part_of(target).stat().st_size == HALF


def test_fault_40_a_body_shorter_than_said_is_resumed(source: Source, target: Path) -> None:
    book = begun(source, target)
    fetch(source.link, target, book)
    assert source.sent == FILM.size
    assert_whole(source, target)


def test_fault_40_a_part_that_ends_before_its_range_does_is_resumed(source: Source, target: Path) -> None:
    book = begun(source, target)
    span = f"Content-Range: bytes {HALF}-{FILM.size - 1}/{FILM.size}"
    body = b"64\r\n%b\r\n0\r\n\r\n" % FILM.data[HALF : HALF + 100]
    source.turns.append(says("206 Partial Content", 'ETag: "v1"', "Transfer-Encoding: chunked", span, body=body))
    with pytest.raises(ClipUnusable, match=f"incomplete: {HALF + 100} of {FILM.size}"):
        fetch(source.link, target, book)
    fetch(source.link, target, book)
    assert source.asked[2]["range"] == f"bytes={HALF + 100}-"
    assert_whole(source, target)


def test_fault_40_a_body_longer_than_said_is_not_taken(source: Source, target: Path) -> None:
    book = begun(source, target)
    span = f"Content-Range: bytes {HALF}-{FILM.size - 1}/{FILM.size}"
    longer = b"%x\r\n%b\r\n0\r\n\r\n" % (REST + 1, FILM.data[HALF:] + b"x")
    source.turns.append(says("206 Partial Content", 'ETag: "v1"', "Transfer-Encoding: chunked", span, body=longer))
    with pytest.raises(ClipUnusable, match="larger than announced"):
        fetch(source.link, target, book)
    assert not target.exists()
    fetch(source.link, target, book)
    assert "range" not in source.asked[2]
    assert_whole(source, target)


def test_fault_40_a_body_of_no_said_length_is_taken_when_it_is_whole(source: Source, target: Path) -> None:
    book = Book()
    source.turns.append(says("200 OK", 'ETag: "v1"', body=FILM.data))
    fetch(source.link, target, book)
    assert_whole(source, target)
    assert book.events[0] == ("began", '"v1"', None)


def test_fault_40_a_cut_in_a_chunked_body_is_resumed(source: Source, target: Path) -> None:
    book = Book()
    body = b"%x\r\n%b\r\nffff\r\n%b" % (HALF, FILM.data[:HALF], FILM.data[HALF : HALF + 100])
    source.turns.append(says("200 OK", 'ETag: "v1"', "Transfer-Encoding: chunked", body=body))
    with pytest.raises(ClipUnusable, match="interrupted"):
        fetch(source.link, target, book)
    fetch(source.link, target, book)
    assert source.asked[1]["range"] == f"bytes={HALF + 100}-"
    assert_whole(source, target)


NO_CLIPS = {
    "HTML": b"<html>Sign in</html>",
    "ZIP": b"PK\3\4" + bytes(2000),
    "0 bytes": b"",
    "MP4 cut in its data": mp4()[:200_000],
    "MP4 without data": mp4()[: mp4().index(b"mdat") - 4],
}


@pytest.mark.parametrize("body", NO_CLIPS.values(), ids=NO_CLIPS.keys())
def test_fault_41_what_is_whole_but_no_mp4_is_kept_aside_and_not_imported(
    source: Source, target: Path, body: bytes
) -> None:
    book = Book()
    for attempt in (b"earlier", body):
        source.turns.append(says("200 OK", 'ETag: "v1"', f"Content-Length: {len(attempt)}", body=attempt))
        with pytest.raises(ClipUnusable, match="not a complete MP4"):
            fetch(source.link, target, book)
    assert [path.name for path in target.parent.iterdir()] == ["shot.mp4.rejected"]
    assert target.with_name("shot.mp4.rejected").read_bytes() == body
    fetch(source.link, target, book)
    assert target.read_bytes() == FILM.data


def test_fault_41_a_web_page_does_not_cost_what_came_before_it(source: Source, target: Path) -> None:
    book = begun(source, target)
    source.turns.append(says("200 OK", "Content-Type: text/html; charset=utf-8", body=b"<html>Sign in</html>"))
    with pytest.raises(ClipUnusable, match="web page"):
        fetch(source.link, target, book)
    fetch(source.link, target, book)
    assert source.sent == FILM.size + len("<html>Sign in</html>")
    assert_whole(source, target)


@pytest.mark.parametrize("body", NO_CLIPS.values(), ids=NO_CLIPS.keys())
def test_a_file_that_was_there_is_not_touched_by_a_bad_download(source: Source, target: Path, body: bytes) -> None:
    target.parent.mkdir()
    target.write_bytes(b"an older take")
    source.turns.append(says("200 OK", f"Content-Length: {len(body)}", body=body))
    with pytest.raises(ClipUnusable):
        fetch(source.link, target, Book())
    assert target.read_bytes() == b"an older take"


def test_fault_43_ten_gigabytes_are_not_begun(source: Source, target: Path) -> None:
    source.turns.append(says("200 OK", f"Content-Length: {10 * 1024**3}", body=b"x" * BLOCK))
    book = Book()
    with pytest.raises(ClipUnusable, match="2 GB"):
        fetch(source.link, target, book)
    assert book.events == []
    assert list(target.parent.iterdir()) == []


def test_fault_43_an_endless_body_ends_at_the_cap(source: Source, target: Path) -> None:
    def endless(source: Source, connection: socket.socket, head: dict[str, str]) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "v1"\r\n\r\n')
        source.give(connection, itertools.repeat(bytes(BLOCK)), 1 << 40)

    source.turns.append(endless)
    with pytest.raises(ClipUnusable, match="larger than announced"):
        fetch(source.link, target, Book(), limits=replace(SMALL, size_bytes=10 * BLOCK))
    assert part_of(target).stat().st_size == 0


def test_fault_43_a_packed_body_is_refused_unread(source: Source, target: Path) -> None:
    source.turns.append(says("200 OK", "Content-Encoding: gzip", "Content-Length: 4", body=b"\x1f\x8b\x08\x00"))
    with pytest.raises(ClipUnusable, match="compressed"):
        fetch(source.link, target, Book())
    assert list(target.parent.iterdir()) == []


def test_fault_44_a_trickle_is_broken_off_and_resumed(source: Source, target: Path) -> None:
    seconds = itertools.count()

    def trickle(source: Source, connection: socket.socket, head: dict[str, str]) -> None:
        connection.sendall(f'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: {FILM.size}\r\n\r\n'.encode())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        source.give(connection, (bytes((byte,)) for byte in FILM.data), FILM.size)

    source.turns.append(trickle)
    book = Book()
    with pytest.raises(ClipUnusable, match="stalled"):
        fetch(
            source.link, target, book, limits=replace(SMALL, least_bytes_per_s=BLOCK), monotonic=lambda: next(seconds)
        )
    assert 0 < book.received < FILM.size
    at = book.received
    fetch(source.link, target, book)
    assert source.asked[1]["range"] == f"bytes={at}-"
    assert target.read_bytes() == FILM.data


def test_fault_44_a_slow_but_sufficient_download_is_left_alone(source: Source, target: Path) -> None:
    seconds = itertools.count(step=30)  # two reads to a window
    fetch(source.link, target, Book(), limits=replace(SMALL, least_bytes_per_s=0.01), monotonic=lambda: next(seconds))
    assert_whole(source, target)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk on which no file grows beyond ``size``: writes fail in the middle as on a full one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_fault_46_a_disk_that_fills_up_keeps_what_came_and_goes_on_later(source: Source, target: Path) -> None:
    book = Book()
    with files_of_at_most(HALF), pytest.raises(OSError, match="large") as caught:
        fetch(source.link, target, book)
    assert caught.value.errno == errno.EFBIG
    assert book.received == HALF
    fetch(source.link, target, book)
    assert source.asked[1]["range"] == f"bytes={HALF}-"
    assert_whole(source, target)


def test_fault_46_a_clip_for_which_the_disk_has_no_room_is_not_begun(source: Source, target: Path) -> None:
    book = begun(source, target)
    with pytest.raises(ClipUnusable, match=r"the clip needs \d+ MB more"):
        fetch(source.link, target, book, limits=replace(SMALL, spare_bytes=1 << 60))
    assert part_of(target).stat().st_size == HALF
    fetch(source.link, target, book)
    assert_whole(source, target)


def test_fault_48_bytes_whose_fsync_failed_are_never_on_record(
    source: Source, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book()

    def once_broken(handle: int) -> None:
        monkeypatch.undo()  # the kernel reports a lost write only once
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(os, "fsync", once_broken)
    with pytest.raises(OSError, match="I/O"):
        fetch(source.link, target, book)
    assert book.received == 0
    fetch(source.link, target, book)
    assert_whole(source, target)


def vanish(part: Path) -> None:
    part.unlink()


def shrink(part: Path) -> None:
    os.truncate(part, HALF - 1)


def become_a_link(part: Path) -> None:
    part.unlink()
    part.symlink_to(part.with_name("precious"))


def become_a_hard_link(part: Path) -> None:
    part.unlink()
    part.hardlink_to(part.with_name("precious"))


def become_a_pipe(part: Path) -> None:
    part.unlink()
    os.mkfifo(part)


@pytest.mark.parametrize("change", [vanish, shrink, become_a_link, become_a_hard_link, become_a_pipe])
def test_fault_52_a_partial_file_that_was_replaced_is_never_written_through(
    source: Source, target: Path, change: Callable[[Path], None]
) -> None:
    book = begun(source, target)
    precious = target.with_name("precious")
    precious.write_bytes(b"p" * 2 * HALF)
    change(part_of(target))
    fetch(source.link, target, book)
    assert "range" not in source.asked[1]
    assert precious.read_bytes() == b"p" * 2 * HALF
    assert target.read_bytes() == FILM.data


def test_fault_52_a_folder_in_the_place_of_the_file_is_refused_with_a_word(source: Source, target: Path) -> None:
    folder = part_of(target)
    folder.mkdir(parents=True)
    with pytest.raises(ClipUnusable, match="folder"):
        fetch(source.link, target, Book())
    assert folder.is_dir()
    assert source.asked == []


@pytest.mark.parametrize("extra", [b"", b"lost by the power cut", b"x" * FILM.size], ids=["none", "some", "too much"])
def test_fault_53_after_a_power_cut_the_file_goes_on_from_what_is_on_record(
    source: Source, target: Path, extra: bytes
) -> None:
    book = begun(source, target)
    with part_of(target).open("ab") as part:
        part.write(extra)
    book.received = BLOCK
    fetch(source.link, target, book)
    assert source.asked[1]["range"] == f"bytes={BLOCK}-"
    assert_whole(source, target)


def test_a_clip_that_was_complete_before_a_crash_is_not_fetched_again(source: Source, target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(FILM.data)
    book = Book(etag='"v1"', total_bytes=FILM.size, received=FILM.size)
    assert fetch(source.link, target, book).sha256 == FILM.sha256
    assert fetch(source.link, target, book).sha256 == FILM.sha256
    assert source.asked == []
    assert_whole(source, target)


def test_fault_54_a_clip_whose_name_is_held_waits_and_is_not_fetched_again(
    source: Source, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_file, tries = os.link, [0]

    def held(path: Path, to: Path) -> None:
        tries[0] += 1
        raise PermissionError(errno.EACCES, "held by another program")

    monkeypatch.setattr(os, "link", held)
    book = Book()
    with pytest.raises(ClipUnusable, match=r"shot\.mp4\" cannot be saved: another program"):
        fetch(source.link, target, book)
    assert tries == [len(SMALL.waits_s) + 1]

    def held_for_a_moment(path: Path, to: Path) -> None:
        tries[0] += 1
        return held(path, to) if tries[0] < 6 else name_file(path, to)

    monkeypatch.setattr(os, "link", held_for_a_moment)
    fetch(source.link, target, book)
    assert len(source.asked) == 1
    assert_whole(source, target)


FOLDERS = ["🦊 фильм/鏡 頭", "x" * 200 + "/" + "y" * 200, "CON", "with 'quotes' & $(signs)", "trailing. "]


@pytest.mark.parametrize("folder", FOLDERS, ids=["emoji", "over 260", "reserved", "signs", "dot and blank"])
@pytest.mark.parametrize("shot", ["🦊", "CON", "..", "a" * 300, "../../etc/passwd", ""])
def test_fault_55_any_folder_and_any_shot_name_give_a_clip(
    source: Source, tmp_path: Path, folder: str, shot: str
) -> None:
    target = tmp_path / folder / clip_name(shot, "kob-0123456789", 1e9)
    fetch(source.link, target, Book())
    assert_whole(source, target)
    assert target.name.isascii()
    assert len(part_of(target).name) < 100


def test_the_bytes_are_synced_before_the_rename_and_the_folder_after_it(
    source: Source, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, name_file = os.fsync, os.link

    def synced(handle: int) -> None:
        is_folder = Path(f"/proc/self/fd/{handle}").resolve() == target.parent.resolve()
        done.append("folder" if is_folder else f"file of {os.fstat(handle).st_size}")
        fsync(handle)

    def named(path: Path, to: Path) -> None:
        done.append("name")
        name_file(path, to)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", named)
    fetch(source.link, target, Book())
    assert done[-3:] == [f"file of {FILM.size}", "name", "folder"]


def test_a_record_that_is_refused_stops_the_writing(source: Source, target: Path) -> None:
    class Fenced(Exception):
        pass

    class FencedBook(Book):
        def kept(self, offset: int) -> None:
            raise Fenced

    with pytest.raises(Fenced):
        fetch(source.link, target, FencedBook())
    assert not target.exists()
    assert part_of(target).stat().st_size < FILM.size


def test_no_error_log_or_file_name_tells_the_link(
    source: Source, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[Any] = []
    closed = socket.create_server(("127.0.0.1", 0))
    dead_link = f"http://127.0.0.1:{closed.getsockname()[1]}/clip.mp4?sig=canary-link"
    closed.close()
    for turn in (honest(cut_after=10), says("403 No"), says("500 No"), says("302 Go", f"Location: {dead_link}")):
        source.turns.append(turn)
        with pytest.raises(KlingError) as caught:
            fetch(source.link, target, book := Book())
        told += [repr(caught.value), caught.value.remedy, book.events]
    told += [fetch(source.link, target, Book()), *target.parent.rglob("*")]
    assert "canary" not in f"{told}{caplog.text}"
