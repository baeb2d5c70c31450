"""Kling 4.0, which takes no id of ours, on real sockets: its answer is lost, and a person says which task it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.once import submit_once
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.rehearsal.settings import API_KEY
from kling_omni_addon.remote import http
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, read_settings
from tests.workshop.rehearsal_stand import ReadyClips, mp4

PATIENCE_S = 60.0
WAVES = OmniRequest(prompt="waves", model="kling-4.0", aspect_ratio="21:9", duration_s=30, sound=True)
HARBOR = OmniRequest(prompt="a harbor", aspect_ratio="16:9")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RehearsalServer]:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.7)
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(mp4())
    settings = RehearsalSettings(folder=folder, submitted_s=0.0, processing_s=0.0)
    with RehearsalServer(settings, ReadyClips(folder / "clip.mp4")) as server:
        yield server


@pytest.fixture
def session(server: RehearsalServer, environment: dict[str, str]) -> Iterator[Session]:
    chosen = environment | {"KLING_RELAYED_MODELS": "1", "KLING_DIALECT": "new", "KLING_LOOK_WINDOW_S": "1"}
    with Session(read_settings(chosen, service=server.url)) as session:
        session.start()
        yield session


def settled(session: Session, own_id: str) -> Submission:
    return session.wait(lambda found: found[own_id].is_settled, [own_id], PATIENCE_S)[own_id]


def test_an_answer_that_came_needs_nobody(server: RehearsalServer, session: Session) -> None:
    own_id = session.submit(WAVES).id
    found = settled(session, own_id)
    assert (found.phase, found.problem) == (Phase.FETCHED, "")
    assert server.stats()["creates_by_external_id"] == {}


def test_a_lost_answer_is_parked_with_its_candidates_until_a_person_chooses(
    server: RehearsalServer, session: Session
) -> None:
    server.arm("created-but-silent")
    own_id = session.submit(WAVES).id
    parked = settled(session, own_id)
    (task_id,) = parked.candidates
    assert parked.phase is Phase.PARKED
    assert f"{task_id}. You may be charged" in parked.problem
    with pytest.raises(ArgumentsInvalid, match=f"Candidates: {task_id}"):
        session.choose(own_id, "123")
    session.choose(own_id, task_id)
    found = settled(session, own_id)
    assert (found.phase, found.task_id) == (Phase.FETCHED, task_id)
    assert server.stats()["creates"] == 1
    with pytest.raises(ArgumentsInvalid):
        session.choose(own_id, task_id)


def test_one_task_is_chosen_for_one_submission_only(server: RehearsalServer, session: Session) -> None:
    parked = []
    for _ in range(2):
        server.arm("created-but-silent")
        own_id = session.submit(WAVES).id
        parked.append(settled(session, own_id))
    first, second = parked
    (task_id,) = first.candidates
    assert set(second.candidates) > {task_id}
    session.choose(first.id, task_id)
    with pytest.raises(ArgumentsInvalid, match=f'already belongs to the job "{first.id}"'):
        session.choose(second.id, task_id)


def test_what_was_never_parked_is_not_chosen_for(session: Session) -> None:
    with pytest.raises(ArgumentsInvalid, match="no job"):
        session.choose("kob-unknown", "1")


def test_processes_that_ask_once_at_the_same_moment_have_one_task(
    server: RehearsalServer, session: Session, environment: dict[str, str]
) -> None:
    """The service is told no id, so nobody but the journal can know that it is the same wish."""
    chosen = environment | {"KLING_RELAYED_MODELS": "1", "KLING_DIALECT": "new", "KLING_LOOK_WINDOW_S": "1"}
    start = threading.Barrier(3)

    def ask() -> list[str]:
        with Session(read_settings(chosen, service=server.url)) as own:
            start.wait()
            return [submit_once(own, WAVES, Target(name=f"s{n}"), key=f"s{n}").id for n in range(8)]

    with ThreadPoolExecutor(3) as pool:
        asked = [future.result() for future in [pool.submit(ask) for _ in range(3)]]
    assert asked[0] == asked[1] == asked[2]
    for own_id in asked[0]:
        assert settled(session, own_id).phase is Phase.FETCHED
    assert server.stats()["creates"] == len(set(asked[0])) == 8


def test_again_makes_another_one(session: Session) -> None:
    one = submit_once(session, WAVES, Target(name="s"), key="s").id
    settled(session, one)
    other = submit_once(session, WAVES, Target(name="s"), key="s", again=True).id
    assert other != one
    assert submit_once(session, WAVES, Target(name="s"), key="s").id == one


@pytest.mark.parametrize(("key", "prefix", "number"), [("somebody's own", "kob-", ""), (API_KEY, "kob-test-", "-2")])
def test_what_another_service_was_asked_for_is_asked_for_here_all_the_same(
    key: str, prefix: str, number: str, session: Session, tmp_path: Path
) -> None:
    """A wish that was rehearsed is made when it is asked for in earnest, by the same job history."""
    first = settled(session, submit_once(session, HARBOR, Target(name="s"), key="s").id)
    settings = RehearsalSettings(folder=tmp_path / "another", api_key=key)
    with RehearsalServer(settings, ReadyClips(tmp_path / "server" / "clip.mp4")) as another:
        chosen = replace(session.settings, service_url=another.url, keys=Keys(api_key=key))
        with Session(chosen) as other:
            made = [submit_once(other, HARBOR, Target(name="s"), key="s") for _ in range(2)]
    digest = first.id.removeprefix("kob-test-s-")
    assert [(each.id, each.phase) for each in made] == [(f"{prefix}s-{digest}{number}", Phase.INTENDED)] * 2


def test_what_was_asked_for_in_earnest_stands_at_another_address(session: Session, tmp_path: Path) -> None:
    """It may be the same account behind another name, which would be paid twice."""
    key = "somebody's own"
    addresses = [RehearsalSettings(folder=tmp_path / name, api_key=key) for name in ("one", "other")]
    made = []
    for settings in addresses:
        with RehearsalServer(settings, ReadyClips(tmp_path / "server" / "clip.mp4")) as server:
            chosen = replace(session.settings, service_url=server.url, keys=Keys(api_key=key))
            with Session(chosen) as own:
                made.append(submit_once(own, HARBOR, Target(name="s"), key="s"))
    assert made[0].id == made[1].id


def test_what_an_older_version_recorded_under_an_id_of_chance_is_gone_on_with(session: Session) -> None:
    before = session.submit(WAVES, Target(name="s"), once="s")
    assert submit_once(session, WAVES, Target(name="s"), key="s").id == before.id
    again = submit_once(session, WAVES, Target(name="s"), key="s", again=True).id
    assert again != before.id
