"""Item 11.19: a clip of ours that becomes a video of the next shot is on record by its id; its link never is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.errors import Reaction, Refused
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.media import ClipRef
from kling_omni_addon.core.payload import build_payload, draft_body
from kling_omni_addon.core.request import OmniRequest, Video, VideoUse
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Settings, read_settings
from tests.workshop.processes import API_KEY, Rehearsal, running

FIRST = OmniRequest(prompt="a river", aspect_ratio="16:9", duration_s=3, mode="std")
LINK = "https://cdn.example/clip.mp4?expires=1&token=secret"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A server whose clips are as large as Kling's: it takes them back as videos."""
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.3, processing_s=0.3, lines=0) as server:
        yield server


@pytest.fixture
def settings(rehearsal: Rehearsal, tmp_path: Path) -> Settings:
    return read_settings({"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": API_KEY}, service=rehearsal.url)


def done(session: Session, submission: Submission) -> Submission:
    session.start()
    found = session.wait(lambda found: found[submission.id].is_settled, [submission.id], 180)[submission.id]
    assert found.phase is Phase.FETCHED, found
    return found


@pytest.fixture
def clip(settings: Settings) -> Iterator[Submission]:
    with Session(settings) as session:
        yield done(session, session.submit(FIRST))


def next_shot(clip: Submission, link: str) -> OmniRequest:
    return replace(FIRST, prompt="the same river at night", video=Video(url=link, use=VideoUse.REFERENCE, clip=clip.id))


def on_disk(settings: Settings) -> bytes:
    return b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file() and path.suffix != ".mp4")


def test_the_link_of_an_own_clip_is_never_on_disk_and_is_asked_for_by_whoever_sends(
    settings: Settings, clip: Submission
) -> None:
    with Session(settings) as session:
        link = session.service.find(clip.task_id).link
        submission = session.submit(next_shot(clip, link))
        assert submission.payload.pieces[1] == ClipRef(known_as=clip.task_id)
    with Session(settings) as another:  # as after a crash: nothing but the journal is left
        done(another, submission)
    everything = on_disk(settings)
    assert clip.task_id.encode() in everything
    assert b"sig=" not in everything
    assert b"/files/" not in everything


def test_a_second_send_with_a_fresh_link_is_refused_as_a_duplicate_by_its_id(
    settings: Settings, clip: Submission, rehearsal: Rehearsal
) -> None:
    with Session(settings) as session:
        link = session.service.find(clip.task_id).link
        submission = session.submit(next_shot(clip, link))
        session.service.submit(submission.payload, lambda: None)
        with pytest.raises(Refused, match="already exists") as caught:
            session.service.submit(submission.payload, lambda: None)
        assert caught.value.reaction is Reaction.LOOK_UP
        assert rehearsal.creates(submission.id) == 1
        session.abandon(submission.id)


def test_a_clip_that_is_gone_by_then_sends_nothing_and_says_so(
    settings: Settings, clip: Submission, rehearsal: Rehearsal
) -> None:
    with Session(settings) as session:
        submission = session.submit(next_shot(replace(clip, id="nobody-knows-it"), LINK))
        posts = rehearsal.stats()["posts"]
        session.start()
        found = session.wait(lambda found: found[submission.id].is_settled, [submission.id], 60)[submission.id]
        assert (found.phase, found.sends) == (Phase.FAILED, 0)
        assert "Kling no longer has the clip" in found.problem
        assert rehearsal.stats()["posts"] == posts


def test_what_an_older_version_wrote_down_is_loaded_and_sent_as_it_stands(settings: Settings, clip: Submission) -> None:
    """There the link is part of the text."""
    with Session(settings) as session:
        link = session.service.find(clip.task_id).link
        body = draft_body(next_shot(clip, link), {}, "an-older-one")
        payload = build_payload(body, capability.profile(settings.profile))
        kind, data = ev.record_of(ev.Intended(at=1.0, payload=payload, origin=session.origin, target=ev.Target()))
        loaded = ev.event_from(kind, data)
        assert isinstance(loaded, ev.Intended)
        assert loaded.payload == payload
        assert session.service.submit(loaded.payload, lambda: None).task_id


def test_the_digest_covers_which_clip_it_is_and_not_by_which_link() -> None:
    def digest(link: str, known_as: str) -> str:
        request = replace(FIRST, video=Video(url=link, clip=known_as))
        body = draft_body(request, {}, "mine")
        return build_payload(body, capability.profile("seed"), ClipRef(known_as=known_as)).digest

    assert digest(LINK, "1") == digest(f"{LINK}&fresh", "1")
    assert digest(LINK, "1") != digest(LINK, "2")
