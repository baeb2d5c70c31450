"""A studio of workers without a key, and gateways: after every test, what it left is searched for secrets."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.media import mp4_fault
from kling_omni_addon.gateway.client import submit_file
from kling_omni_addon.gateway.spool import Spool
from kling_omni_addon.request_file import read_request_file
from kling_omni_addon.work.picture_store import PictureStore
from tests.workshop.processes import API_KEY, Rehearsal, Said, gateway_beside, run

BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
KEYS = ("sh010", "sh020")


@pytest.fixture(autouse=True)
def no_secret_is_left(search_for_secrets: None) -> None:
    """See the conftest of all tests."""


@dataclass(frozen=True)
class Studio:
    """One spool, with whoever works for it. ``home`` is that of its gateways."""

    folder: Path
    rehearsal: Rehearsal
    home: str
    before: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def creates(self) -> int:
        """How many tasks were made for this studio."""
        return int(self.rehearsal.stats()["creates"]) - self.before

    @property
    def clips(self) -> list[Path]:
        """Every clip of the spool, each whole."""
        clips = sorted((self.spool / "clips").glob("*.mp4"))
        for clip in clips:
            with clip.open("rb") as file:
                assert mp4_fault(file, clip.stat().st_size) == ""
        return clips

    @property
    def waiting(self) -> list[str]:
        return sorted(path.name for path in (self.spool / "requests").iterdir())

    @property
    def aside(self) -> list[Path]:
        return sorted((self.spool / "aside").iterdir())

    def elsewhere(self) -> Studio:
        """The same spool, with gateways that have another job history."""
        return replace(self, home=f"{self.home} elsewhere")

    def with_settings(self, **settings: str) -> Studio:
        """The same, with gateways that have more settings."""
        return replace(self, settings=settings)

    @property
    def environment(self) -> dict[str, str]:
        """What a gateway is started with."""
        service = {"KLING_BASE_URL": self.rehearsal.url, "KLING_LOOK_WINDOW_S": "5"}
        own = {"KLING_HOME": self.home, "KLING_API_KEY": API_KEY}
        return self._kept | service | own | self.settings

    @property
    def _kept(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}

    def worker(self, *arguments: str | Path, script: Path | None = None) -> Said:
        """A verb on a machine that has neither key nor job history."""
        said = run(self._kept | {"KLING_HOME": str(self.folder / "worker")}, *arguments, script=script)
        assert not (self.folder / "worker").exists()
        return said

    def request(self, name: str = "shot", prompt: str = "waves", **changes: Any) -> Path:
        """A request file, which asks for what no other test asks of the server."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(BODY | {"prompt": f"{prompt} {self.folder.name}"} | changes))
        return path

    def submit(self, key: str, request: Path | None = None, *more: str) -> Said:
        return self.worker("submit", request or self.request(), "--spool", self.spool, "--once", key, *more)

    def put(self, key: str) -> None:
        """The same without a process, for a test that is about gateways."""
        with tempfile.TemporaryDirectory() as folder:
            store = PictureStore(Path(folder))
            submit_file(Spool(self.spool), read_request_file(self.request(), store, profile("late")), store, key=key)

    def wait(self, *keys: str, seconds: int = 60) -> Said:
        return self.worker("wait", *keys, "--spool", self.spool, "--wait", str(seconds))

    def gateway(self, *before: str, script: Path | None = None) -> Said:
        """A gateway that works until the spool is empty."""
        verb = ("gateway", "--spool", self.spool, "--until-empty", "--take-over-after", "1")
        return run(self.environment, *before, *verb, script=script)

    def serving(self, *more: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """A gateway beside the test; it is killed in the end."""
        return gateway_beside(self.spool, self.environment, *more)


@pytest.fixture
def studio(tmp_path: Path, rehearsal: Rehearsal) -> Studio:
    """A spool that was made, and nothing in it."""
    made = Studio(tmp_path, rehearsal, str(tmp_path / "gateway's home"), int(rehearsal.stats()["creates"]))
    Spool(made.spool).make()
    return made
