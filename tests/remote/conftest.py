"""A rehearsal server for the whole run, and the environment of a command."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.remote.canaries import PROMPTS, secrets_below, secrets_in
from tests.remote.processes import ROOT, Rehearsal

API_KEY = "api-key-kling-rehearsal"


@contextmanager
def running(home: Path, *, submitted_s: float, processing_s: float, more: Sequence[str] = ()) -> Iterator[Rehearsal]:
    """A server started as the README says, in a process of its own; its clips are real and are made once each."""
    timing = ["--submitted", str(submitted_s), "--processing", str(processing_s)]
    command = [sys.executable, "-m", "kling_omni_addon", "rehearse", "--port", "0", *timing, *more]
    environment = os.environ | {"KLING_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Rehearsal(json.loads(process.stdout.readline())["url"])
        process.terminate()


@pytest.fixture(scope="session")
def home_of_rehearsals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the servers of this run keep their clips, so that each is made once."""
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="session")
def rehearsal(home_of_rehearsals: Path) -> Iterator[Rehearsal]:
    """A quick server for all tests of the run."""
    with running(home_of_rehearsals, submitted_s=0.3, processing_s=0.3) as server:
        yield server


@pytest.fixture(scope="session")
def slow_rehearsal(home_of_rehearsals: Path) -> Iterator[Rehearsal]:
    """A server whose tasks are processing from the start, and long enough to be seen at it."""
    with running(home_of_rehearsals, submitted_s=0.0, processing_s=12.0) as server:
        yield server


@pytest.fixture(autouse=True)
def no_secret_is_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After every test here: no key, no token and no link in what it left on disk or logged, and no prompt in a log."""
    caplog.set_level(logging.DEBUG)
    yield
    told = "\n".join(record.getMessage() for when in ("setup", "call") for record in caplog.get_records(when))
    found = [f"{name} stands in the log" for name in secrets_in(told.encode())]
    assert [*found, *secrets_below(tmp_path)] == []
    assert not PROMPTS.search(told)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a command: a home of its own, the rehearsal key, no service yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    return kept | {"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": API_KEY}
