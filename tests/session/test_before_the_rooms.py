"""A journal that was made before the code was divided into rooms opens, tells the same, and goes on to the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.rehearsal.settings import API_KEY
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.journal import Journal
from tests.workshop.before_the_rooms import Before, before, facts_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the paths in the journal are POSIX")

GO_ON = ("READY", "UNANSWERED", "ACCEPTED", "INTENDED")
"""The phases that something happens in by itself, without Blender."""


@pytest.fixture
def there() -> Iterator[Before]:
    with before() as there:
        yield there


@pytest.fixture
def session(there: Before) -> Iterator[Session]:
    settings = Settings(
        service_url=there.rehearsal.url, keys=Keys(api_key=API_KEY), home=there.home, clips=there.home / "clips"
    )
    with Session(settings) as session:
        yield session


def by_phase(session: Session, there: Before) -> dict[str, Submission]:
    """Every submission, by the phase that it was in when the journal was made."""
    session.snapshot.refresh()
    names = {submission_id: phase for phase, submission_id in there.told["phases"].items()}
    return {names[submission.id]: submission for submission in session.snapshot.submissions}


def ended(session: Session, there: Before, *phases: str) -> dict[str, Submission]:
    ids = [there.id_of(phase) for phase in phases]
    session.wait(lambda all_: all(submission.is_settled for submission in all_.values()), ids, timeout_s=120)
    return by_phase(session, there)


def test_every_submission_is_there_as_it_was(session: Session, there: Before) -> None:
    session.snapshot.refresh()
    assert {one.id: facts_of(one) for one in session.snapshot.submissions} == there.told["submissions"]
    assert session.snapshot.notice == ""


def test_what_was_unfinished_goes_on_to_a_clip_and_is_not_paid_again(session: Session, there: Before) -> None:
    session.start()
    found = ended(session, there, *GO_ON)
    for phase in GO_ON:
        assert (found[phase].phase, found[phase].problem) == (Phase.FETCHED, ""), phase
        assert Path(found[phase].clip).parent == there.place / "film" / "kling" / "clips"
        assert Path(found[phase].clip).with_suffix(".json").is_file()
        assert there.rehearsal.creates(there.id_of(phase)) == 1
    for phase in ("ACCEPTED", "READY"):
        assert found[phase].task_id == there.told["submissions"][there.id_of(phase)]["task_id"]
    with closing(Journal(there.home / "journal.sqlite3")) as journal:
        history = [type(event).__name__ for event in journal.history(there.id_of("ACCEPTED"))]
    assert (history[:3], history[-1]) == (["Intended", "Sent", "Accepted"], "Fetched")


def test_what_waited_for_a_person_still_waits_and_does_what_it_is_told(session: Session, there: Before) -> None:
    session.start()
    found = ended(session, there, *GO_ON)
    waiting = ("PARKED", "ABANDONED", "FAILED", "FETCHED", "PLACED")
    assert [found[phase].phase.name for phase in waiting] == list(waiting)
    session.look_again(there.id_of("ABANDONED"))
    session.send_again(there.id_of("PARKED"))
    found = ended(session, there, "PARKED", "ABANDONED")
    assert {found["PARKED"].phase, found["ABANDONED"].phase} == {Phase.FETCHED}
    assert there.rehearsal.creates(there.id_of("PARKED")) == 1
