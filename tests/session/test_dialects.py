"""Which generation of the API a submission speaks: the one in force when it was made, for as long as it lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import DIALECTS, LEGACY, NEW
from kling_omni_addon.core.errors import CredentialsUnfit, OtherDialect, RequestInvalid
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import read_settings
from tests.workshop.bilingual_kling import BilingualKling
from tests.workshop.rehearsal_stand import TASKS

PATIENCE_S = 120.0
WAVES = OmniRequest(prompt="waves", aspect_ratio="16:9", duration_s=3)
CREATE = {LEGACY: TASKS, NEW: "/omni-video/kling-3.0-omni"}
ASKING = {LEGACY: f"{TASKS}/task-{{}}", NEW: "/tasks?task_ids=task-{}"}


@pytest.fixture
def kling() -> Iterator[BilingualKling]:
    with BilingualKling() as kling:
        yield kling


def session_at(kling: BilingualKling, folder: Path, dialect: str, **more: str) -> Session:
    environment = {"KLING_HOME": str(folder), "KLING_API_KEY": "k", "KLING_DIALECT": dialect} | more
    return Session(read_settings(environment, service=kling.url))


def settled(session: Session, *own_ids: str) -> dict[str, Submission]:
    return session.wait(lambda found: all(each.is_settled for each in found.values()), own_ids, PATIENCE_S)


@pytest.mark.parametrize(("before", "after"), [(LEGACY, NEW), (NEW, LEGACY)])
def test_another_dialect_is_that_of_new_submissions_alone(
    before: str, after: str, kling: BilingualKling, tmp_path: Path
) -> None:
    with session_at(kling, tmp_path, before) as session:
        old = session.submit(WAVES)
    with session_at(kling, tmp_path, after) as session:
        new = session.submit(WAVES)
        session.start()
        found = settled(session, old.id, new.id)
    assert {own_id: submission.phase for own_id, submission in found.items()} == {
        old.id: Phase.FETCHED,
        new.id: Phase.FETCHED,
    }
    for submission, dialect in ((old, before), (new, after)):
        assert found[submission.id].payload.dialect == dialect
        assert kling.paths(submission.id) == [CREATE[dialect], ASKING[dialect].format(submission.id)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_adopted_is_asked_about_in_the_dialect_in_force(
    dialect: str, kling: BilingualKling, tmp_path: Path
) -> None:
    kling.tasks["sh0010"] = LEGACY
    with session_at(kling, tmp_path, dialect) as session:
        adopted = session.adopt("task-sh0010", Target(name="sh0010"))
        session.start()
        found = settled(session, adopted.id)[adopted.id]
    assert (found.phase, found.payload.dialect) == (Phase.FETCHED, dialect)


def test_a_key_pair_submits_nothing_over_the_new_api_and_finishes_what_the_legacy_one_has(
    kling: BilingualKling, tmp_path: Path
) -> None:
    pair = {"KLING_API_KEY": "", "KLING_ACCESS_KEY": "a-key", "KLING_SECRET_KEY": "the-other-half-of-this-pair-of-keys"}
    with session_at(kling, tmp_path, LEGACY, **pair) as session:
        old = session.submit(WAVES)
    with session_at(kling, tmp_path, NEW, **pair) as session:
        for ask in (session.check_credentials, lambda: session.submit(WAVES)):
            with pytest.raises(CredentialsUnfit, match=r"^The new API accepts an API key") as refused:
                ask()
            assert refused.value.exit_code == 3
        assert kling.asked == []
        assert [submission.id for submission in session.read_all()] == [old.id]
        session.start()
        assert settled(session, old.id)[old.id].phase is Phase.FETCHED


def test_a_request_is_judged_by_the_limits_of_the_dialect_in_force(kling: BilingualKling, tmp_path: Path) -> None:
    long_one = OmniRequest(prompt="x" * 2501, aspect_ratio="16:9", duration_s=3)
    with session_at(kling, tmp_path, LEGACY) as session, pytest.raises(RequestInvalid):
        session.submit(long_one)
    with session_at(kling, tmp_path, NEW) as session:
        assert session.submit(long_one).payload.dialect == NEW


@pytest.mark.parametrize(("dialect", "words"), [(LEGACY, NEW), (NEW, LEGACY)])
def test_an_answer_in_other_words_says_which_address_gave_it_and_never_counts_as_a_task(
    dialect: str, words: str, tmp_path: Path
) -> None:
    with BilingualKling({dialect: words}) as kling, session_at(kling, tmp_path, dialect) as session:
        submission = session.submit(WAVES)
        session.start()

        def has_been_answered(found: dict[str, Submission]) -> bool:
            return bool(found[submission.id].problem or session.silence(found[submission.id]))

        found = session.wait(has_been_answered, [submission.id], PATIENCE_S)[submission.id]  # type: ignore[arg-type]
        told = f"{found.problem} {session.silence(found)}"
        assert f"but the response is one of the {words} API." in told
        assert (found.phase, found.task_id) == (Phase.UNANSWERED, "")
        with pytest.raises(OtherDialect):
            session.service.page(1)
        assert list(kling.tasks) == [submission.id], "it was sent once"
