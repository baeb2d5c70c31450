"""The session against a real rehearsal server: what belongs to it, and what does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid, ClipGone, ClipUnusable
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.protocol import TaskReport
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.clock import SystemClock
from tests.workshop.processes import API_KEY, Rehearsal

REQUEST = OmniRequest(prompt="waves", mode="std", aspect_ratio="16:9", duration_s=3)


@pytest.fixture
def settings(rehearsal: Rehearsal, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    return Settings(service_url=rehearsal.url, keys=Keys(api_key=API_KEY), home=home, clips=home / "clips")


def test_what_a_rehearsal_that_ended_was_to_make_is_given_up(settings: Settings) -> None:
    with Session(replace(settings, service_url="http://127.0.0.1:9")) as gone:
        lost = gone.submit(REQUEST)
    with Session(settings) as session:
        session.start()
        session.snapshot.refresh()
        (submission,) = session.snapshot.submissions
        assert (submission.id, submission.phase) == (lost.id, Phase.ABANDONED)
        assert "Nothing was charged" in submission.problem


def test_what_was_sent_through_a_relay_on_this_machine_is_never_given_up_by_itself(settings: Settings) -> None:
    """A relay that is down just now may have a paid task behind it."""
    relay = replace(settings, service_url="http://127.0.0.1:9", keys=Keys(api_key="a-real-key"))
    with Session(relay) as away:
        paid = away.submit(REQUEST)
    with Session(settings) as session:
        session.start()
        session.snapshot.refresh()
        assert [(s.id, s.phase) for s in session.snapshot.submissions] == [(paid.id, Phase.INTENDED)]


def test_what_was_submitted_with_another_key_waits_for_that_key(settings: Settings) -> None:
    other_key = replace(settings, keys=Keys(api_key="another-key"))
    with Session(other_key) as other:
        theirs = other.submit(REQUEST)
    with Session(settings) as session:
        session.start()
        ours = session.submit(REQUEST)
        found = session.wait(lambda s: s[ours.id].is_settled, [ours.id, theirs.id], 60)
        assert (found[ours.id].phase, found[theirs.id].phase) == (Phase.FETCHED, Phase.INTENDED)


def test_a_submission_that_was_sent_cannot_be_withdrawn(settings: Settings) -> None:
    with Session(settings) as session:
        session.start()
        submission = session.submit(REQUEST)
        session.wait(lambda s: bool(s[submission.id].task_id), [submission.id], 60)
        assert not session.withdraw(submission.id, "too late", 5)


def test_a_withdrawn_submission_is_never_sent(settings: Settings, rehearsal: Rehearsal) -> None:
    with Session(settings) as session:
        submission = session.submit(REQUEST)
        assert session.withdraw(submission.id, "no more", 5)
        session.start()
        session.wait(lambda s: False, [submission.id], 1.5)
    assert rehearsal.creates(submission.id) == 0


class LaterClock(SystemClock):
    """The system's clock, some seconds ahead."""

    def __init__(self, ahead_s: float) -> None:
        super().__init__()
        self._ahead_s = ahead_s

    def now(self) -> float:
        return super().now() + self._ahead_s


@pytest.fixture
def clip_id(settings: Settings) -> str:
    """A clip that was fetched, of a session that has ended."""
    with Session(settings) as session:
        session.start()
        submission = session.submit(REQUEST)
        session.wait(lambda found: found[submission.id].is_settled, [submission.id], 60)
    return submission.id


def asked(session: Session, submission_id: str) -> TaskReport:
    errand = session.ask_clip(submission_id)
    assert errand.wait(60)
    return errand.answer


def test_a_clip_of_ours_has_a_fresh_link_and_its_length(settings: Settings, clip_id: str) -> None:
    with Session(settings) as session:
        report = asked(session, clip_id)
        assert report.link.startswith(f"{settings.service_url}/files/")
        assert report.duration_s == pytest.approx(3, abs=0.1)


def test_a_clip_is_not_asked_for_once_kling_has_deleted_it(settings: Settings, clip_id: str) -> None:
    with (
        Session(settings, LaterClock(31 * 86_400.0)) as session,
        pytest.raises(ClipGone, match="deletes clips after 30"),
    ):
        session.ask_clip(clip_id)
    with Session(settings) as session, pytest.raises(ClipGone, match="Use Continue from Last Frame instead"):
        asked(session, "kob-nobody-knows")


def test_a_clip_of_another_key_is_not_asked_for_with_this_one(settings: Settings, clip_id: str) -> None:
    other = replace(settings, keys=Keys(api_key="another-key"))
    with Session(other) as session, pytest.raises(ArgumentsInvalid, match="another service or key"):
        session.ask_clip(clip_id)


def test_a_task_that_is_not_done_has_no_clip_to_be_asked_for(settings: Settings) -> None:
    with Session(settings) as session:
        session.start()
        submission = session.submit(replace(REQUEST, duration_s=5))
        session.wait(lambda found: bool(found[submission.id].task_id), [submission.id], 60)
        with pytest.raises(ClipUnusable, match="has no clip"):
            asked(session, submission.id)
