"""A rehearsal server for the whole run, and the environment of a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.remote.processes import ROOT, Rehearsal

API_KEY = "api-key-kling-rehearsal"


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """One server for all tests of the run, started as the README says; its clips are real and are made once each."""
    home = tmp_path_factory.mktemp("rehearsal")
    timing = ["--submitted", "0.3", "--processing", "0.3"]
    command = [sys.executable, "-m", "kling_omni_addon", "rehearse", "--port", "0", *timing]
    environment = os.environ | {"KLING_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Rehearsal(json.loads(process.stdout.readline())["url"])
        process.terminate()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a command: a home of its own, the rehearsal key, no service yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    return kept | {"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": API_KEY}
