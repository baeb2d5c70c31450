"""What several rooms need: rehearsal servers, the environment of a command, the search for secrets.

And what several processes of pytest share out among them (``-n auto --dist loadgroup``, as ``make test`` runs it).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.workshop.canaries import PROMPTS, secrets_below, secrets_in
from tests.workshop.processes import API_KEY, Rehearsal, running

_WINDOWS = 2
"""So many windows are open at once: each is mostly waited for, and yet draws in software with all cores."""
_LONGEST_FIRST = ("gui", "packaging", "simulation", "torture", "farm", "command_line", "blender", "session")
"""What takes minutes begins first, so that no core waits at the end for one long group."""

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # no test fails for how long something takes


def pytest_configure() -> None:
    """Give each process a Blender user folder of its own, before anybody imports bpy."""
    worker, folder = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("BLENDER_USER_RESOURCES")
    if worker and folder:
        os.environ["BLENDER_USER_RESOURCES"] = os.path.join(folder, worker)  # noqa: PTH118 - as it was given


@pytest.hookimpl(optionalhook=True)  # there is no such hook where xdist is not installed
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: a window, a server and a download are mostly waited for."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file together, so that what a module sets up is set up once."""
    if not config.pluginmanager.hasplugin("xdist"):
        return

    def room(item: pytest.Item) -> str:
        return item.path.relative_to(config.rootpath / "tests").parts[0]

    items.sort(key=lambda item: (*_LONGEST_FIRST, room(item)).index(room(item)))
    windows = sorted({item.path for item in items if room(item) == "gui"})
    for item in items:
        group = f"window {windows.index(item.path) % _WINDOWS}" if item.path in windows else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


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


@pytest.fixture
def search_for_secrets(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Once a test is over: no key, no token and no link in what it left on disk or logged, and no prompt in a log.

    A room that speaks to a service has this after every test, by a fixture of its own (``no_secret_is_left``).
    """
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
