"""Which of several submissions under one name tells how its clip stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kling_omni_addon.batch.taking import State, in_earnest, latest
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission, begin
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.rehearsal.settings import API_KEY
from kling_omni_addon.remote.token import ApiKey, fingerprint

KLING = Origin(service="https://api-singapore.klingai.com", key_fingerprint="of-somebody")
REHEARSAL = Origin(service="http://127.0.0.1:9", key_fingerprint=fingerprint(ApiKey(key=API_KEY)))


def asked(own_id: str, phase: Phase, origin: Origin = KLING) -> Submission:
    payload = Payload(external_task_id=own_id, model="kling-v3-omni", pieces=("{}",))
    intended = ev.Intended(at=0.0, payload=payload, origin=origin, target=Target(name="alley"), once="sh010")
    return replace(begin(intended), phase=phase, clip=__file__)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([], ("", False)),
        ([asked("one", Phase.FETCHED), asked("two", Phase.ACCEPTED)], ("two", False)),
        ([asked("one", Phase.FETCHED), asked("two", Phase.FAILED)], ("one", False)),
        ([asked("one", Phase.FAILED), asked("two", Phase.FAILED)], ("two", False)),
        ([asked("one", Phase.FETCHED, REHEARSAL)], ("one", True)),
        ([asked("one", Phase.ACCEPTED), asked("two", Phase.FETCHED, REHEARSAL)], ("one", False)),
        ([asked("one", Phase.FAILED), asked("two", Phase.FETCHED, REHEARSAL)], ("one", False)),
    ],
)
def test_the_last_that_did_not_fail_and_a_rehearsal_only_where_there_is_nothing_else(
    found: list[Submission], told: tuple[str, bool]
) -> None:
    standing = latest("sh010", in_earnest(found))
    assert (standing.id, standing.is_rehearsed) == told


def test_a_submission_is_handed_over_when_kling_has_a_task_of_it() -> None:
    sent = asked("one", Phase.ACCEPTED)
    assert not latest("sh010", [sent]).is_handed_over
    assert latest("sh010", [replace(sent, task_id="7")]).is_handed_over


def test_a_clip_that_is_not_there_is_not_done() -> None:
    gone = replace(asked("one", Phase.FETCHED), clip=f"{__file__}.gone")
    standing = latest("sh010", [gone])
    assert (standing.state, standing.is_gone) == (State.FAILED, True)
    assert standing.problem.startswith(f'The clip "{__file__}.gone" was moved or deleted.')
