"""Anybody may have written what lies in a spool."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.gateway.gateway import Gateway
from kling_omni_addon.gateway.spool import LARGEST_REQUEST, Asked, Spool, is_slot, slot_of
from kling_omni_addon.gateway.state import Standing, State

from .ledger import Ledger, Service, put


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "spool")
    made.make()
    return made


def file_of(spool: Spool, slot: str) -> Path:
    return spool.folder / "requests" / f"{slot}.json"


def served(spool: Spool) -> list[str]:
    """What a gateway says that looked at everything once."""
    said: list[str] = []
    Gateway(spool, Ledger(Service()), said.append).turn()
    return said


def standing_of(spool: Spool, slot: str) -> Standing:
    state = spool.state(slot)
    assert state is not None
    return state.standing


def link(path: Path) -> None:
    elsewhere = path.parents[2] / "elsewhere.json"
    elsewhere.write_text(json.dumps(Asked(key="bad", name="", wish="", body={}).as_json()))
    path.symlink_to(elsewhere)


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, LARGEST_REQUEST + 1)


def of_other_name(path: Path) -> None:
    path.write_text(json.dumps(Asked(key="../../other", name="", wish="", body={}).as_json()))


HOSTILE: dict[str, Callable[[Path], object]] = {
    "a link": link,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a file of 200 MB": huge,
    "half a file": lambda path: path.write_text('{"format": 1, "key": "ba'),
    "no JSON": lambda path: path.write_bytes(b"\xff\x00"),
    "a deep nest": lambda path: path.write_text("[" * 100_000),
    "no object": lambda path: path.write_text("[1]"),
    "another version": lambda path: path.write_text('{"format": 9, "key": "bad", "name": "", "wish": "", "body": {}}'),
    "numbers for texts": lambda path: path.write_text('{"format": 1, "key": 7, "name": 7, "wish": 7, "body": {}}'),
    "the request of another name": of_other_name,
    "a body that breaks every rule": lambda path: path.write_text(
        json.dumps(Asked(key="bad", name="", wish="", body={"prompt": ["no text"], "image_list": 3}).as_json())
    ),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_request_is_refused_and_kept_and_the_others_go_on(
    make: Callable[[Path], object], spool: Spool
) -> None:
    make(file_of(spool, "bad"))
    put(spool, "good")
    served(spool)
    refused, done = spool.state("bad"), spool.state("good")
    assert refused is not None
    assert done is not None
    assert (refused.standing, refused.exit_code, done.standing) == (Standing.REFUSED, 2, Standing.DONE)
    assert refused.problem
    assert spool.waiting() == []
    assert len(list((spool.folder / "aside").iterdir())) == 1


def test_names_that_no_request_has_are_left_alone(spool: Spool) -> None:
    for name in ("Upper.json", "notes.txt", ".sh010.json.1234.part", "con.json", "a~b.json"):
        (spool.folder / "requests" / name).touch()
    assert served(spool) == []
    assert len(list((spool.folder / "requests").iterdir())) == 5


def test_a_file_without_content_is_a_request_that_is_about_to_come(spool: Spool) -> None:
    file_of(spool, "sh010").touch()
    served(spool)
    assert (spool.state("sh010"), spool.waiting()) == (None, ["sh010"])
    put(spool, "sh010")
    served(spool)
    assert spool.waiting() == []


def test_a_picture_is_never_a_file_of_the_gateway(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "private.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    images = [{"image_url": str(tmp_path / "private.png"), "type": "first_frame"}]
    body = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "duration": "3", "image_list": images}
    file_of(spool, "thief").write_text(json.dumps(Asked(key="thief", name="", wish="", body=body).as_json()))
    served(spool)
    state = spool.state("thief")
    assert state is not None
    assert [(each["rule"], each["path"]) for each in state.problems] == [("R39", "image_list[0].image_url")]


@pytest.mark.parametrize("room", ["requests", "states", "progress", "clips"])
def test_a_folder_of_the_spool_that_became_a_link_is_not_followed(room: str, spool: Spool, tmp_path: Path) -> None:
    put(spool, "sh010")
    (spool.folder / room).rename(tmp_path / "moved")
    (spool.folder / room).symlink_to(tmp_path / "moved")
    before = sorted(path.name for path in (tmp_path / "moved").iterdir())
    with suppress(OSError):
        served(spool)
    assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == before


def test_another_wish_under_a_name_is_refused_to_the_worker(spool: Spool) -> None:
    put(spool, "sh010")
    for _ in ("while it waits", "when it is done"):
        with pytest.raises(ArgumentsInvalid, match='"sh010" already exists with another request'):
            put(spool, "sh010", "fire")
        served(spool)
    assert spool.waiting() == []


def test_another_wish_that_lies_there_all_the_same_is_set_aside_and_the_first_keeps_its_state(spool: Spool) -> None:
    put(spool, "sh010")
    served(spool)
    before = spool.state("sh010")
    other = Spool(spool.folder.parent / "other")
    other.make()
    put(other, "sh010", "fire")
    file_of(other, "sh010").rename(file_of(spool, "sh010"))
    assert "already exists with another request" in served(spool)[0]
    assert spool.state("sh010") == before
    assert len(list((spool.folder / "aside").iterdir())) == 1


def test_a_request_that_is_exchanged_while_its_job_is_under_way_is_asked_for_again(spool: Spool) -> None:
    """Its gateway was killed; whoever waits is told what to do, and pays nothing more."""
    put(spool, "sh010")
    waiting = spool.request("sh010")
    assert waiting is not None
    spool.write_state("sh010", State(key="sh010", wish=waiting.wish, standing=Standing.UNDER_WAY, id="kob-1"))
    file_of(spool, "sh010").unlink()
    file_of(spool, "sh010").symlink_to("elsewhere")
    served(spool)
    state = spool.state("sh010")
    assert state is not None
    assert (state.standing, state.id, state.wish) == (Standing.NEEDS_A_PERSON, "kob-1", waiting.wish)
    assert "Submit it again" in state.remedy
    put(spool, "sh010")
    served(spool)
    assert standing_of(spool, "sh010") is Standing.DONE


def test_what_was_refused_may_be_mended_under_its_name(spool: Spool) -> None:
    put(spool, "sh010")
    broken = spool.request("sh010")
    assert broken is not None
    file_of(spool, "sh010").write_text(json.dumps(broken.as_json() | {"body": broken.body | {"mode": "no mode"}}))
    served(spool)
    put(spool, "sh010")
    served(spool)
    assert standing_of(spool, "sh010") is Standing.DONE


def test_a_gateway_that_was_stopped_for_long_does_not_take_the_last_word_back(spool: Spool) -> None:
    put(spool, "sh010")
    served(spool)
    done = spool.state("sh010")
    spool.write_state("sh010", State(key="sh010", standing=Standing.UNDER_WAY))
    assert spool.state("sh010") == done


@pytest.mark.parametrize("name", ["../secret.mp4", "/etc/passwd", "", ".", "..", ".hidden", "missing.mp4", "link.mp4"])
def test_a_clip_is_a_file_of_the_spool_and_nothing_else(name: str, spool: Spool) -> None:
    (spool.folder / "secret.mp4").touch()
    (spool.folder / "clips" / ".hidden").touch()
    (spool.folder / "clips" / "link.mp4").symlink_to(spool.folder / "secret.mp4")
    assert spool.clip(name) is None


def test_a_folder_that_is_no_spool_is_refused_to_workers(tmp_path: Path) -> None:
    with pytest.raises(ArgumentsInvalid, match="is no spool"):
        put(Spool(tmp_path), "sh010")


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_names_share_no_file_and_none_leads_elsewhere(one: str, other: str) -> None:
    assert is_slot(slot_of(one))
    assert Path(slot_of(one)).name == slot_of(one)
    assert one == other or slot_of(one).lower() != slot_of(other).lower()


@given(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True))
def test_a_plain_name_is_the_name_of_its_file(key: str) -> None:
    assert slot_of(key) == key or slot_of(key).startswith(f"{key}~")
