"""One submission that a cap or an account holds, on real sockets and one journal: what goes on, and what is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from kling_omni_addon.command_line import cli
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.life.spending import Caps
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from tests.workshop.crooked_kling import CrookedKling
from tests.workshop.processes import run

REQUEST = OmniRequest(prompt="waves", mode="std", aspect_ratio="16:9", duration_s=3)  # 1.8 units by the list
PATIENCE_S = 60.0


@pytest.fixture
def kling() -> Iterator[CrookedKling]:
    with CrookedKling() as kling:
        yield kling


@pytest.fixture
def settings(kling: CrookedKling, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    caps = Caps(project=Decimal(2))  # one of two clips
    keys = Keys(api_key="k")
    return Settings(service_url=kling.url, keys=keys, home=home, clips=home / "clips", caps=caps, window_s=2.0)


def environment_of(settings: Settings) -> dict[str, str]:
    return {
        "KLING_HOME": str(settings.home),
        "KLING_BASE_URL": settings.service_url,
        "KLING_API_KEY": settings.keys.api_key,
        "PATH": "",
    }


def written(folder: Path, prompt: str = "waves") -> Path:
    path = folder / f"{prompt}.json"
    body = {"model_name": "kling-v3-omni", "prompt": prompt, "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
    path.write_text(json.dumps(body))
    return path


def settled(session: Session, *submissions: Submission) -> list[Submission]:
    ids = [submission.id for submission in submissions]
    found = session.wait(lambda found: all(found[each].is_settled for each in ids), ids, PATIENCE_S)
    return [found[each] for each in ids]


def test_a_projects_cap_holds_that_project_and_nothing_else(
    kling: CrookedKling, settings: Settings, tmp_path: Path
) -> None:
    with Session(settings) as session:
        session.start()
        first, second = (session.submit(REQUEST, Target(blend="/a.blend")) for _ in range(2))
        assert sorted(each.is_held for each in settled(session, first, second)) == [False, True]
        other, third = (
            session.submit(REQUEST, Target(blend="/b.blend")),
            session.submit(REQUEST, Target(blend="/a.blend")),
        )
        other, third = settled(session, other, third)
        assert other.phase is Phase.FETCHED
        assert third.is_held, "each is held by its own cap, and says so"
        assert "limit of 2 units per project" in third.problem
    said = run(environment_of(settings), "submit", written(tmp_path), "--wait")
    assert (said.code, said.lines[-1]["phase"]) == (0, "fetched"), "a command line without caps"
    assert len(kling.creates) == 3


def test_an_empty_account_holds_the_key_and_everybody_says_so(
    kling: CrookedKling, settings: Settings, tmp_path: Path
) -> None:
    kling.refusals = [(429, 1102, "Account balance not enough")]
    with Session(replace(settings, caps=Caps())) as session:
        session.start()
        (held,) = settled(session, session.submit(REQUEST, Target(name="one")))
        assert held.is_held
        second = session.submit(REQUEST, Target(name="two"))
        session.wait(lambda found: False, [second.id], 1.0)
    waiting = run(environment_of(settings), "status").lines[1]
    assert (waiting["phase"], waiting["problem"]) == ("intended", None)
    on_hold = 'Waiting, because "one" with the same key is on hold. Kling refused the request: '
    assert waiting["waits_for"].startswith(on_hold)
    said = run(environment_of(settings), "submit", written(tmp_path), "--wait")
    assert (said.code, said.lines[-1]["phase"]) == (4, "abandoned"), "it is not sent later without anybody knowing"
    assert "with the same key is on hold" in said.errors
    assert kling.creates == []
    assert run(environment_of(settings), "resume", "--wait").code == 0
    assert len(kling.creates) == 2


def test_all_that_cannot_be_sent_is_withdrawn_also_where_it_was_too_late_once(
    kling: CrookedKling, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A send under way in another process can come back unsent: what could not be withdrawn then can be, later."""
    kling.refusals = [(429, 1102, "Account balance not enough")]
    with Session(replace(settings, caps=Caps())) as session:
        session.start()
        (held,) = settled(session, session.submit(REQUEST, Target(name="one")))
    assert held.is_held
    withdraw, too_late = Session.withdraw, list[str]()

    def withdraw_late(session: Session, submission_id: str, reason: str, exit_code: int) -> bool:
        if submission_id not in too_late:
            too_late.append(submission_id)
            return False
        return withdraw(session, submission_id, reason, exit_code)

    monkeypatch.setattr(Session, "withdraw", withdraw_late)
    files = [written(tmp_path, prompt) for prompt in ("rain", "snow")]
    code = cli.main(["submit", *map(str, files)], environment_of(settings))
    with Session(settings) as session:
        jobs = session.read_all()
    assert (code, sorted(job.phase for job in jobs)) == (4, [Phase.ABANDONED, Phase.ABANDONED, Phase.INTENDED])
    assert len(too_late) == 2
    assert kling.creates == []
