"""Result files of the rehearsal server: signed links that expire, ranges, tags (contract 6.4; RFC 9110, 13 and 14)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.rehearsal_stand import Stand, mp4

CLIP = mp4()
SIZE = len(CLIP)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path, link_lifetime_s=3600.0)) as stand:
        yield stand


@pytest.fixture
def link(stand: Stand) -> str:
    return stand.clip_link()


def test_a_clip_comes_whole_with_what_a_resume_needs(stand: Stand, link: str) -> None:
    answer = stand.get(link, headers={"Authorization": None})
    assert answer.content == CLIP
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Last-Modified"].endswith("GMT")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=5-99999999", 5, SIZE),
        ("bytes=-10", SIZE - 10, SIZE),
        ("bytes=-99999999", 0, SIZE),
    ],
)
def test_a_range_gets_exactly_its_bytes(stand: Stand, link: str, asked: str, start: int, end: int) -> None:
    answer = stand.get(link, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, CLIP[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(stand: Stand, link: str, asked: str) -> None:
    answer = stand.get(link, headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    "asked", ["bytes=5-3", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=" + "9" * 5000]
)
def test_a_range_that_makes_no_sense_gets_the_whole_file(stand: Stand, link: str, asked: str) -> None:
    assert stand.get(link, headers={"Range": asked}).content == CLIP


def test_if_range_decides_between_the_part_and_the_whole(stand: Stand, link: str) -> None:
    headers = stand.get(link).headers

    def status(if_range: str) -> int:
        return stand.get(link, headers={"Range": "bytes=10-", "If-Range": if_range}).status_code

    assert status(headers["ETag"]) == 206
    assert status(headers["Last-Modified"]) == 206
    assert status('"another"') == 200
    assert status("W/" + headers["ETag"]) == 200
    assert status(formatdate(time.time() - 86_400, usegmt=True)) == 200
    assert status("nonsense") == 200


def test_parts_put_together_are_the_file(stand: Stand, link: str) -> None:
    parts = [stand.get(link, headers={"Range": f"bytes={at}-{at + 65_535}"}).content for at in range(0, SIZE, 65_536)]
    assert hashlib.sha256(b"".join(parts)).digest() == hashlib.sha256(CLIP).digest()


def test_a_link_expires_and_a_new_query_gives_a_fresh_one(stand: Stand) -> None:
    task_id = stand.created()
    link = stand.ended(task_id)["task_result"]["videos"][0]["url"]
    stand.pass_time(3599.0)
    assert stand.get(link).status_code == 200
    stand.pass_time(1.0)
    assert stand.get(link).status_code == 403
    assert stand.get(stand.task(task_id)["task_result"]["videos"][0]["url"]).status_code == 200


@pytest.mark.parametrize("change", [("sig=", "sig=0"), ("expires=1", "expires=9"), ("?", "?x="), ("sig=", "gone=")])
def test_a_link_that_was_tampered_with_is_not_honoured(stand: Stand, link: str, change: tuple[str, str]) -> None:
    assert stand.get(link.replace(*change)).status_code == 403


def test_the_link_of_one_task_does_not_open_another(stand: Stand, link: str) -> None:
    other = stand.clip_link()
    assert stand.get(link.partition("?")[0] + "?" + other.partition("?")[2]).status_code == 403


def test_a_file_that_is_gone_is_not_found(stand: Stand, link: str) -> None:
    stand.clips.clip.unlink()
    assert stand.get(link).status_code == 404


def test_downloads_and_their_bytes_are_counted(stand: Stand, link: str) -> None:
    stand.get(link)
    stand.get(link, headers={"Range": "bytes=0-9"})
    assert stand.stats() | {"downloads": 2, "download_bytes": SIZE + 10} == stand.stats()
