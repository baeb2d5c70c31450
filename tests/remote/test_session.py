"""The session against a real rehearsal server: what belongs to it, and what does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.lifecycle import Phase
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from tests.remote.conftest import API_KEY
from tests.remote.processes import Rehearsal

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
        session.board.refresh()
        (submission,) = session.board.submissions
        assert (submission.id, submission.phase) == (lost.id, Phase.ABANDONED)
        assert "nothing was charged" in submission.problem


def test_what_was_sent_through_a_relay_on_this_machine_is_never_given_up_by_itself(settings: Settings) -> None:
    """A relay that is down just now may have a paid task behind it."""
    relay = replace(settings, service_url="http://127.0.0.1:9", keys=Keys(api_key="a-real-key"))
    with Session(relay) as away:
        paid = away.submit(REQUEST)
    with Session(settings) as session:
        session.start()
        session.board.refresh()
        assert [(s.id, s.phase) for s in session.board.submissions] == [(paid.id, Phase.INTENDED)]


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
