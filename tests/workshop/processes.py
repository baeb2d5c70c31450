"""Real processes on real sockets: a rehearsal server of its own, and the command line as a person calls it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kling_omni_addon.rehearsal.settings import RehearsalSettings
from tests.workshop.canaries import PROMPTS, secrets_in
from tests.workshop.places import ROOT

API_KEY = "api-key-kling-rehearsal"
OTHER_KEY = {
    "KLING_API_KEY": "",
    "KLING_ACCESS_KEY": RehearsalSettings(folder=ROOT).access_key,
    "KLING_SECRET_KEY": RehearsalSettings(folder=ROOT).secret_key,
}
"""Another key of the same account, for an environment."""
CRASHING = ROOT / "tests" / "workshop" / "crashing_command_line.py"
"""The command line that kills itself at a named moment."""
KILLED = -9


@dataclass(frozen=True)
class Rehearsal:
    """A running rehearsal server."""

    url: str

    @property
    def note_name(self) -> str:
        """The file in the server's home by which clients find it."""
        return f"rehearsal-{urlsplit(self.url).port}.json"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """An admin call; its JSON answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def stats(self) -> Any:
        """What the server counted."""
        return self.ask("GET", "/rehearsal/stats")

    def creates(self, submission_id: str) -> int:
        """How many tasks were made under an id."""
        return int(self.stats()["creates_by_external_id"].get(submission_id, 0))


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    lines: tuple[dict[str, Any], ...]
    errors: str


def run(environment: Mapping[str, str], *arguments: str | Path, script: Path | None = None) -> Said:
    """Run a verb in a process of its own, or a script that wraps the command line."""
    command = [sys.executable, *([str(script)] if script else ["-m", "kling_omni_addon"]), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=300, check=False
    )
    assert secrets_in((done.stdout + done.stderr).encode()) == []
    assert not PROMPTS.search(done.stderr)
    return Said(done.returncode, tuple(map(json.loads, done.stdout.splitlines())), done.stderr)


@contextmanager
def running(
    home: Path, *, submitted_s: float, processing_s: float, lines: int = 90, more: Sequence[str] = ()
) -> Iterator[Rehearsal]:
    """A server started as the README says, in a process of its own; its clips are real and are made once each.

    They are small, which makes them in a fifth of the time; ``lines=0`` gives Kling's own sizes.
    """
    timing = ["--submitted", str(submitted_s), "--processing", str(processing_s), "--lines", str(lines)]
    command = [sys.executable, "-m", "kling_omni_addon", "rehearse", "--port", "0", *timing, *more]
    environment = os.environ | {"KLING_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Rehearsal(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


@contextmanager
def gateway_beside(spool: Path, environment: Mapping[str, str], *more: str) -> Iterator[subprocess.Popen[str]]:
    """A gateway that serves a spool, and has begun; it is killed in the end."""
    command = [sys.executable, "-m", "kling_omni_addon", "gateway", "--spool", str(spool), *more]
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        try:
            yield process
        finally:
            process.kill()
