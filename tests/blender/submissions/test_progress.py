"""How far a submission is said to be, in the list, on the strip and in the status bar."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from kling_omni_addon.blender.connection import opening
from kling_omni_addon.blender.submissions import progress
from kling_omni_addon.blender.submissions.progress import progress_of
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission, begin
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.usual import usually
from kling_omni_addon.session import Session
from kling_omni_addon.work.crew import Progress
from kling_omni_addon.work.memory import SILENT_AFTER_S
from tests.workshop.processes import API_KEY

MB = 1_000_000


@pytest.fixture
def session(shot_scene: Any, monkeypatch: pytest.MonkeyPatch) -> Session:
    """What this Blender has open, to a service that is never there."""
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    return opening.session()


def submission(phase: Phase, *, for_s: float = 0.0) -> Submission:
    """One that began, and was accepted, so many seconds ago."""
    then = time.time() - for_s
    origin = Origin(service="http://127.0.0.1:9", key_fingerprint="")
    payload = Payload(external_task_id="kob-1", model="kling-v3-omni", pieces=("{}",))
    begun = begin(ev.Intended(at=then, payload=payload, origin=origin, target=Target(name="alley")))
    return replace(begun, phase=phase, accepted_at=then)


def moved(session: Session, received: int, total: int, *, is_upload: bool = False) -> None:
    session.snapshot.progress["kob-1"] = Progress(
        submission_id="kob-1", received=received, total=total, is_upload=is_upload
    )


def learned(session: Session, *durations_s: float) -> None:
    for seconds in durations_s:
        session._crew.memory.learn_duration(submission(Phase.ACCEPTED).payload.kind, seconds)


@pytest.mark.parametrize(
    ("phase", "received", "total", "text", "hint"),
    [
        (Phase.INTENDED, 12 * MB, 40 * MB, "12 of 40 MB", "Uploading"),
        (Phase.UNANSWERED, 39 * MB, 40 * MB, "39 of 40 MB", "Uploading"),
        (Phase.READY, 1_500_000, 6 * MB, "1.5 of 6.0 MB", "Downloading"),
        (Phase.READY, 120_000, 400_000, "120 of 400 KB", "Downloading"),
    ],
)
def test_a_transfer_is_told_by_its_bytes(
    session: Session, phase: Phase, received: int, total: int, text: str, hint: str
) -> None:
    moved(session, received, total, is_upload=phase is not Phase.READY)
    told = progress_of(submission(phase))
    assert told.share == pytest.approx(received / total)
    assert (told.text, told.hint) == (text, hint)


def test_generating_is_told_by_the_clock_and_fills_a_bar_by_what_was_learned(session: Session) -> None:
    learned(session, 100, 120, 240)
    told = progress_of(submission(Phase.ACCEPTED, for_s=60))
    assert told.text == "1:00"
    assert told.share == pytest.approx(0.5, abs=0.02)
    assert told.hint == "Usually 2 to 4 min"


def test_generating_has_no_bar_while_nothing_was_learned(session: Session) -> None:
    told = progress_of(submission(Phase.ACCEPTED, for_s=60))
    assert (told.share, told.text, told.hint) == (None, "1:00", "")


@pytest.mark.parametrize("phase", [Phase.INTENDED, Phase.READY, Phase.PARKED, Phase.PLACED, Phase.FAILED])
def test_what_neither_moves_nor_is_generated_has_no_bar(session: Session, phase: Phase) -> None:
    learned(session, 100)
    assert progress_of(submission(phase)).share is None


def test_a_service_that_does_not_answer_is_named_with_since_when_and_fills_no_bar(session: Session) -> None:
    learned(session, 100)
    asked_at = time.time() - 2 * SILENT_AFTER_S
    session._crew.memory.note_question("kob-1", asked_at)
    told = progress_of(submission(Phase.ACCEPTED, for_s=60))
    since = time.strftime("%H:%M", time.localtime(asked_at))
    assert (told.share, told.text) == (None, f"No response since {since}")
    assert told.hint == f"No usable response since {since}. The extension keeps asking."


def test_nothing_is_known_without_a_session(shot_scene: Any) -> None:
    opening.close()
    assert progress_of(submission(Phase.ACCEPTED, for_s=60)) == progress.Progress(share=None, text="1:00")


@pytest.mark.parametrize(
    ("usual_s", "said"),
    [
        ((), ""),
        ((31.0,), "Usually 31 s"),
        ((0.2, 12.0), "Usually 1 to 12 s"),
        ((118.0, 123.0), "Usually 2 min"),
        ((40.0, 245.0), "Usually 1 to 4 min"),
    ],
)
def test_the_usual_time_is_a_span_in_round_numbers(usual_s: tuple[float, ...], said: str) -> None:
    assert usually(usual_s) == said


def test_a_bar_by_time_never_runs_back_and_is_never_full(session: Session) -> None:
    learned(session, 30, 60, 90)
    shares = [progress_of(submission(Phase.ACCEPTED, for_s=age_s)).share for age_s in (-5, 0, 20, 59, 60, 600, 1e6)]
    assert shares == sorted(shares, key=lambda share: share or 0.0)
    assert shares[0] == 0.0
    assert shares[-1] is not None
    assert shares[-1] < 1
