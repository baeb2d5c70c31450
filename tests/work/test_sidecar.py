"""The file beside a clip: there with the clip, whole or not at all, and never in the clip's way."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Submission
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.provenance import wish_of
from kling_omni_addon.core.request import OmniRequest, Picture, Video
from kling_omni_addon.work.sidecar import keep_missing, keep_sidecar, sidecar_of, take_of, takes_in

REQUEST = OmniRequest(
    prompt="a fox \ud83d runs 狐",  # half a character pair comes from clipboards
    pictures=(Picture(source="https://cdn/x.png?sig=canary"),),
    video=Video(url="https://cdn/y.mp4?sig=canary"),
    callback_url="https://me/canary",
)
CLIP_SHA256 = hashlib.sha256(b"clip").hexdigest()


def fetched(clip: Path, number: int = 1, shot: str = "") -> Submission:
    intended = ev.Intended(
        at=1_800_000_000.0 + number,
        payload=Payload(external_task_id=f"kob-{number}", model="kling-v3-omni", pieces=("{canary}",)),
        origin=Origin(service="https://canary.example", key_fingerprint="canary"),
        target=Target(name="alley", shot=shot),
        wish=wish_of(REQUEST),
    )
    return replace(lifecycle.begin(intended), clip=str(clip), clip_sha256=CLIP_SHA256, task_id="811", charge_units="4")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "alley_2026-11-22_1.mp4"
    path.write_bytes(b"clip")
    return path


def test_it_says_what_the_clip_is_and_no_link_and_no_secret(clip: Path) -> None:
    keep_sidecar(fetched(clip))
    said = json.loads(sidecar_of(clip).read_bytes())
    assert said["submission"] == said["shot"] == "kob-1"
    assert {"task": "811", "charge_units": "4", "model": "kling-v3-omni", "name": "alley"}.items() <= said.items()
    assert (said["prompt"], said["clip"]) == (REQUEST.prompt, clip.name)
    assert said["submitted"] == "2027-01-15T08:00:01+00:00"
    assert "狐" in sidecar_of(clip).read_text("utf-8")
    assert "canary" not in sidecar_of(clip).read_text("utf-8")
    assert sorted(path.name for path in clip.parent.iterdir()) == [sidecar_of(clip).name, clip.name]


def test_trouble_is_logged_and_the_clip_is_worth_more(clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    sidecar_of(clip).mkdir()
    with caplog.at_level(logging.WARNING):
        keep_sidecar(fetched(clip))
    (line,) = caplog.messages
    assert str(sidecar_of(clip)) in line
    assert REQUEST.prompt not in line


def test_what_is_missing_is_written_later_and_what_is_there_stays(clip: Path) -> None:
    keep_missing(fetched(clip))
    written = sidecar_of(clip).read_bytes()
    keep_missing(fetched(clip, number=2))
    assert sidecar_of(clip).read_bytes() == written
    lonely = clip.with_name("gone.mp4")
    keep_missing(fetched(lonely))
    lonely.write_bytes(b"somebody else's")
    keep_missing(fetched(lonely))
    assert not sidecar_of(lonely).exists()


def test_a_file_that_says_something_of_another_task_is_never_replaced(clip: Path) -> None:
    """Ids that people choose may be there twice, in two journals."""
    keep_sidecar(fetched(clip))
    written = sidecar_of(clip).read_bytes()
    keep_sidecar(replace(fetched(clip), task_id="another account's"))
    keep_sidecar(fetched(clip, number=2))
    assert sidecar_of(clip).read_bytes() == written
    keep_sidecar(replace(fetched(clip), charge_units="5"))
    assert json.loads(sidecar_of(clip).read_bytes())["charge_units"] == "5"
    assert [path.name for path in clip.parent.glob(".*")] == []


def test_the_takes_of_a_folder_are_the_clips_that_something_is_said_of(clip: Path) -> None:
    keep_sidecar(fetched(clip))
    sidecar_of(clip.with_name("gone.mp4")).write_text('{"format": 1, "submission": "kob-9"}')
    for name, text in (("holiday", "[1]"), ("broken", "{"), ("foreign", '{"format": "x"}'), ("mute", "")):
        clip.with_name(f"{name}.mp4").write_bytes(b"clip")
        if text:
            sidecar_of(clip.with_name(f"{name}.mp4")).write_text(text)
    (take,) = takes_in(clip.parent)
    assert (take.submission, take.clip) == ("kob-1", str(clip))
    assert list(takes_in(clip.parent / "nowhere")) == []


def test_a_changed_file_is_read_anew(clip: Path) -> None:
    keep_sidecar(fetched(clip))
    assert take_of(clip) is not None
    sidecar_of(clip).unlink()
    keep_sidecar(fetched(clip, number=22))
    take = take_of(clip)
    assert take is not None
    assert take.submission == "kob-22"
