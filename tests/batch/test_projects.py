"""For which project the lines of a manifest are counted, and that each project has its own limit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core.life.events import Asker
from kling_omni_addon.login import asker_here
from kling_omni_addon.work.journal_reading import recorded
from tests.workshop.processes import Rehearsal

Environment = dict[str, str]
LINE = {"kind": "text", "prompt": "waves", "mode": "std", "duration": 3}  # 1.8 units
PROJECTS = {"sh010": "Night Watch", "sh020": "NIGHT WATCH", "sh030": "", "sh040": "harbor"}


@pytest.fixture
def machine(environment: Environment, rehearsal: Rehearsal) -> Environment:
    return environment | {"KLING_BASE_URL": rehearsal.url, "KLING_LOOK_WINDOW_S": "5"}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two shots of one project, spelled in two ways, and two of the folder, of which one says so."""
    path = tmp_path / "harbor_v002" / "shots.jsonl"
    path.parent.mkdir()
    lines = [
        LINE | {"key": key, "prompt": f"waves {tmp_path.name}"} | ({"project": project} if project else {})
        for key, project in PROJECTS.items()
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_a_batch_is_judged_by_what_each_project_may_cost(
    manifest: Path, machine: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    small = machine | {"KLING_PROJECT_CAP": "3"}
    assert main(["batch", "check", str(manifest)], small) == 2
    assert "The clips of one project may cost 3.6 units. The project limit is 3." in capsys.readouterr().err
    assert main(["batch", "submit", str(manifest)], small) == 2
    assert "the limit of 3 units per project would be exceeded" in capsys.readouterr().err
    assert list(recorded(Path(machine["KLING_HOME"]) / "journal.sqlite3")) == []


def test_each_clip_is_recorded_for_its_line_s_project_or_for_the_folder(manifest: Path, machine: Environment) -> None:
    enough = machine | {"KLING_PROJECT_CAP": "4"}  # for two of each, and not for all four
    assert main(["batch", "check", str(manifest)], enough) == 0
    assert main(["batch", "submit", str(manifest), "--wait", "60"], enough) == 0
    found = {each.once: each.asker for each in recorded(Path(machine["KLING_HOME"]) / "journal.sqlite3")}
    assert found == {key: asker_here(project or "harbor") for key, project in PROJECTS.items()}
    assert found["sh010"] != Asker()


def test_a_project_of_the_environment_precedes_the_folder_and_not_the_line(
    manifest: Path, machine: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    named = machine | {"KLING_PROJECT": "Night Watch", "KLING_PROJECT_CAP": "5.3"}
    assert main(["batch", "submit", str(manifest), "--dry-run"], named) == 2
    assert "up to 5.4 more" in capsys.readouterr().err
