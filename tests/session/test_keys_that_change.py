"""The account's key is replaced, or a wrong one is put right: no submission waits for a key for ever without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import NEW
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from tests.workshop.rehearsal_stand import Stand

REQUEST = OmniRequest(prompt="a fox", mode="std", aspect_ratio="16:9", duration_s=3)
OF_THE_ACCOUNT = RehearsalSettings(folder=Path())
FIRST = Keys(api_key=OF_THE_ACCOUNT.api_key)
SECOND = Keys(access_key=OF_THE_ACCOUNT.access_key, secret_key=OF_THE_ACCOUNT.secret_key)
WRONG = Keys(api_key="api-key-kling-mistyped")


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path / "rehearsal", submitted_s=0.0, processing_s=0.0)) as made:
        yield made


@pytest.fixture
def settings(stand: Stand, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    return Settings(service_url=stand.server.url, keys=FIRST, home=home, clips=home / "clips", window_s=1.0)


def seen(session: Session, submission_id: str) -> Submission:
    session.snapshot.refresh()
    found = session.snapshot.find(submission_id)
    assert found is not None
    return found


def until(session: Session, submission_id: str, *phases: Phase) -> Submission:
    found = session.wait(lambda states: states[submission_id].phase in phases, [submission_id], 30.0)[submission_id]
    assert found.phase in phases, found
    return found


def test_what_was_held_for_a_wrong_key_is_sent_with_the_right_one_on_resume(stand: Stand, settings: Settings) -> None:
    with Session(replace(settings, keys=WRONG)) as session:
        session.start()
        held = session.submit(REQUEST)
        session.wait(lambda states: states[held.id].is_held, [held.id], 30.0)
    with Session(settings) as session:
        session.start()
        assert "Resume" in session.elsewhere(seen(session, held.id))
        assert session.release() == 1
        until(session, held.id, Phase.FETCHED)
    assert stand.stats()["creates_by_external_id"][held.id] == 1


def test_a_key_pair_takes_over_nothing_that_goes_over_the_new_api(stand: Stand, settings: Settings) -> None:
    """It could not be sent with one, and would wait for ever."""
    with Session(replace(settings, keys=WRONG, dialect=NEW)) as session:
        session.start()
        held = session.submit(REQUEST)
        session.wait(lambda states: states[held.id].is_held, [held.id], 30.0)
    with Session(replace(settings, keys=SECOND)) as session:
        session.start()
        assert session.release() == 0
        assert "Enter an API key" in session.elsewhere(seen(session, held.id))
    with Session(settings) as session:  # the API that is chosen for new submissions is another one by now
        session.start()
        assert session.release() == 1
        assert until(session, held.id, Phase.FETCHED).payload.dialect == NEW


def test_a_right_key_that_comes_before_the_wrong_one_is_believed_to_be_wrong_is_taken_too(
    stand: Stand, settings: Settings
) -> None:
    with Session(replace(settings, keys=WRONG, window_s=180.0)) as session:
        session.start()
        denied = session.submit(REQUEST)
        session.wait(lambda states: states[denied.id].denial is not None, [denied.id], 30.0)
    with Session(settings) as session:
        session.start()
        session.wait(lambda states: states[denied.id].is_held, [denied.id], 30.0)
        assert session.release() == 1
        until(session, denied.id, Phase.FETCHED)
    assert stand.stats()["creates_by_external_id"][denied.id] == 1


def test_what_was_sent_goes_on_when_the_key_of_the_account_is_replaced(stand: Stand, settings: Settings) -> None:
    with Session(settings) as session:
        session.start()
        sent = session.submit(REQUEST)
        until(session, sent.id, Phase.ACCEPTED, Phase.READY, Phase.FETCHED)
    with Session(replace(settings, keys=SECOND)) as session:
        session.start()
        until(session, sent.id, Phase.FETCHED)
    assert stand.stats()["creates_by_external_id"][sent.id] == 1


def test_what_another_account_has_stays_as_it_is_with_a_reason_and_every_decision_says_why(
    stand: Stand, settings: Settings, tmp_path: Path
) -> None:
    stand.server.arm("created-but-silent")
    with Session(settings) as session:
        session.start()
        sent = session.submit(REQUEST)
        session.wait(lambda states: states[sent.id].phase is Phase.UNANSWERED, [sent.id], 30.0)
    with (
        Stand(RehearsalSettings(folder=tmp_path / "other")) as other,
        Session(replace(settings, service_url=other.server.url)) as session,
    ):
        assert sent.origin.service in session.elsewhere(seen(session, sent.id))
        for decide in (session.look_again, session.send_again):
            with pytest.raises(ArgumentsInvalid, match="belongs to"):
                decide(sent.id)
    with Session(settings) as session:
        session.start()
        until(session, sent.id, Phase.FETCHED)
    assert stand.stats()["creates_by_external_id"][sent.id] == 1


def test_an_account_that_knows_nothing_of_what_was_sent_takes_nothing_over(stand: Stand, settings: Settings) -> None:
    stand.server.arm("swallowed=0")
    with Session(settings) as session:
        session.start()
        sent = session.submit(REQUEST)
        session.wait(lambda states: states[sent.id].phase is Phase.UNANSWERED, [sent.id], 30.0)
    with Session(replace(settings, keys=SECOND)) as session:
        session.start()
        session.rebind()
        assert "another key" in session.elsewhere(seen(session, sent.id))
        with pytest.raises(ArgumentsInvalid, match="another key"):
            session.look_again(sent.id)
        assert session.release() == 0
    assert sent.id not in stand.stats()["creates_by_external_id"]
