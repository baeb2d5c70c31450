"""Many tasks are asked about in few calls, whatever else stands on the list: the real client, the rehearsal server."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import DIALECTS
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.session import service_of
from kling_omni_addon.settings import read_settings
from kling_omni_addon.work.clock import SystemClock
from tests.workshop.rehearsal_stand import Stand

MANY = 700


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("rehearsal")
    with Stand(RehearsalSettings(folder=folder, concurrency=MANY, units=Decimal(10 * MANY))) as stand:
        yield stand


@pytest.fixture(scope="module")
def tasks(stand: Stand) -> list[str]:
    """The ids of many tasks, the oldest first."""
    return [stand.created(external_task_id=f"shot-{number}") for number in range(MANY)]


def service_at(stand: Stand, folder: Path, dialect: str) -> KlingService:
    environment = {"KLING_HOME": str(folder), "KLING_API_KEY": stand.settings.api_key, "KLING_DIALECT": dialect}
    settings = read_settings(environment, service=stand.server.url)
    return service_of(settings, SystemClock(), lambda *_: None)


def questions(stand: Stand) -> int:
    """How many have been asked about tasks so far."""
    stats = stand.server.stats()
    return int(stats["queries"]) + int(stats["lists"])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("count", "calls"), [(3, 1), (20, 1), (40, 1), (249, 1), (600, 2)])
def test_one_call_tells_of_as_many_as_a_page_holds(
    dialect: str, count: int, calls: int, stand: Stand, tasks: list[str], tmp_path: Path
) -> None:
    service = service_at(stand, tmp_path, dialect)
    before = questions(stand)
    said = service.ask_together(tasks[-count:])
    assert set(tasks[-count:]) <= {report.task_id for report in said}
    assert questions(stand) - before == calls


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_too_old_for_the_newest_pages_is_left_out(
    dialect: str, stand: Stand, tasks: list[str], tmp_path: Path
) -> None:
    wanted = [*tasks[:30], *tasks[-30:]]
    said = {report.task_id for report in service_at(stand, tmp_path, dialect).ask_together(wanted)}
    assert (set(tasks[-30:]) <= said, set(tasks[:30]) & said) == (True, set())
