"""A failed task that Kling charged all the same: nobody pays for another attempt without deciding it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.once import once_id
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.once import submit_once
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.recovery import ID_PREFIX

REQUEST = OmniRequest(prompt="a fox", mode="std", aspect_ratio="16:9", duration_s=3)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Its service is where nobody answers, so an attempt that it asks about is an error."""
    keys = Keys(api_key="a-key-of-a-test")
    return Session(Settings(service_url="http://127.0.0.1:9", keys=keys, home=tmp_path, clips=tmp_path / "clips"))


def failed(session: Session, home: Path, **charge: str) -> str:
    own_id = once_id(ID_PREFIX, "sh010", REQUEST, 1)
    intended = session.intended(REQUEST, Target(), {}, own_id=own_id, once="sh010")
    past = (
        intended,
        ev.Sent(at=1.0, digest=intended.payload.digest),
        ev.Accepted(at=1.0, task_id="1"),
        ev.Failed(at=1.0, reason="no", **charge),  # type: ignore[arg-type]
    )
    with closing(Journal(home / "journal.sqlite3")) as journal:
        journal.carry_over([list(past)])
    return own_id


@pytest.mark.parametrize("charge", [{"charge_units": "1.8"}, {"charge_said": "3 units"}, {"charge_balance": "0.42"}])
def test_a_failure_that_was_charged_is_not_followed_by_another_attempt(
    session: Session, tmp_path: Path, charge: dict[str, str]
) -> None:
    with session:
        own_id = failed(session, tmp_path, **charge)
        assert submit_once(session, REQUEST, Target(), {}, key="sh010").id == own_id


@pytest.mark.parametrize("charge", [{}, {"charge_units": "0"}])
def test_a_failure_that_was_free_is(session: Session, tmp_path: Path, charge: dict[str, str]) -> None:
    with session:
        failed(session, tmp_path, **charge)
        with pytest.raises(KlingError, match="cannot be reached"):  # it asks about the next one
            submit_once(session, REQUEST, Target(), {}, key="sh010")
