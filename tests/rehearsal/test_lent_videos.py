"""Videos that are lent to the rehearsal server: it serves them by a link, and makes clips of that link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.protocol import LEND_PATH
from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.rehearsal_stand import Stand, mp4, refusal

VIDEO = mp4(seconds=7.0)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path, largest_body_bytes=1_000_000)) as stand:
        yield stand


def lent(stand: Stand, video: bytes = VIDEO) -> str:
    answer = stand.call("POST", LEND_PATH, data=video)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["link"])


def edit_of(link: str) -> list[dict[str, str]]:
    return [{"video_url": link, "refer_type": "base"}]


def test_a_video_is_served_by_its_link_and_that_needs_no_key(stand: Stand) -> None:
    link = lent(stand)
    assert link.startswith(stand.server.url)
    assert stand.get(link, headers={"Authorization": None}).content == VIDEO
    assert lent(stand) != link


def test_a_clip_is_made_of_it_as_of_a_public_link(stand: Stand) -> None:
    link = lent(stand)
    task = stand.ended(stand.created(prompt="make it <<<video_1>>> at night", video_list=edit_of(link)))
    assert task["task_status"] == "succeed"
    assert stand.clips.specs[-1].duration_s == 7.0, "an edit is as long as its video"


def test_a_video_that_kling_would_refuse_fails_the_task(stand: Stand) -> None:
    link = lent(stand, mp4(seconds=2.0))
    task = stand.ended(stand.created(prompt="make it <<<video_1>>> at night", video_list=edit_of(link)))
    assert (task["task_status"], task["task_status_msg"]) == ("failed", "video duration is out of range")


def test_without_a_key_nothing_is_kept(stand: Stand) -> None:
    answer = stand.call("POST", LEND_PATH, data=VIDEO, headers={"Authorization": None})
    assert refusal(answer)[:2] == (401, 1001)


@pytest.mark.parametrize(("video", "status"), [(b"", 400), (bytes(1_000_001), 413)], ids=["nothing", "too much"])
def test_nothing_and_too_much_are_refused(stand: Stand, video: bytes, status: int) -> None:
    assert stand.call("POST", LEND_PATH, data=video).status_code == status


def test_another_path_leads_nowhere(stand: Stand) -> None:
    assert stand.get(lent(stand).replace(".mp4", "0.mp4")).status_code == 403
