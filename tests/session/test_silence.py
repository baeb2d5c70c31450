"""Item 11.23: a service that does not answer is told as that, with since when, and not as one that is at work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.session import Session, is_rehearsed
from kling_omni_addon.settings import read_settings
from kling_omni_addon.work import memory
from tests.workshop.processes import API_KEY, run
from tests.workshop.rehearsal_stand import ReadyClips, mp4
from tests.workshop.request_files import written

PATIENCE_S = 120.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RehearsalServer]:
    (tmp_path / "clip.mp4").write_bytes(mp4())
    settings = RehearsalSettings(folder=tmp_path / "rehearsal", submitted_s=0.1, processing_s=0.1)
    with RehearsalServer(settings, ReadyClips(tmp_path / "clip.mp4")) as server:
        yield server


@pytest.fixture
def session(server: RehearsalServer, tmp_path: Path) -> Iterator[Session]:
    environment = {"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": API_KEY}
    with Session(read_settings(environment, service=server.url)) as session:
        yield session


def until(session: Session, own_id: str, is_so: Callable[[Submission], bool]) -> Submission:
    found = session.wait(lambda found: is_so(found[own_id]), [own_id], PATIENCE_S)[own_id]
    assert is_so(found), found
    return found


@pytest.mark.parametrize(("fault", "words"), [("5000@query:3", "code 5000"), ("no-link:2", "did not send its link")])
def test_a_service_that_does_not_answer_is_told_since_when_until_it_does(
    server: RehearsalServer, session: Session, fault: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SILENT_AFTER_S", 0.0)  # the ten seconds are those of tests/work/test_memory.py
    server.arm(fault)
    submission = session.submit(OmniRequest(prompt="a river", aspect_ratio="16:9"))
    assert session.silence(submission) == ""
    session.start()
    silent = until(session, submission.id, lambda found: words in session.silence(found))
    assert silent.phase is Phase.ACCEPTED, "it is asked on"
    assert session.silence(silent).startswith("No usable response since ")
    assert 0 < session.silent_since(silent) <= time.time()
    fetched = until(session, submission.id, lambda found: found.phase is Phase.FETCHED)
    assert (session.silence(fetched), session.silent_since(fetched)) == ("", 0.0)
    assert is_rehearsed(fetched)


def test_a_command_that_waits_tells_it_once_and_when_it_is_over(
    server: RehearsalServer, environment: dict[str, str], tmp_path: Path
) -> None:
    server.arm("no-link:4")  # for more than ten seconds
    said = run(environment | {"KLING_BASE_URL": server.url}, "submit", written(tmp_path), "--wait")
    assert said.code == 0, said
    assert said.errors.count("did not send its link") == 1
    assert said.errors.count("The service responds again.") == 1
