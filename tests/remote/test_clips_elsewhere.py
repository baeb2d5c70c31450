"""``submit --clips`` and ``resume --clips``: a folder that fails is told, and a clip can be sent elsewhere (item
11.6).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.workshop.processes import Rehearsal, run

BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "shot.json"
    path.write_text(json.dumps(BODY))
    return path


@pytest.fixture
def on_rehearsal(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url}


def test_a_folder_that_takes_no_clips_ends_with_2_and_nothing_is_sent(
    on_rehearsal: dict[str, str], rehearsal: Rehearsal, request_file: Path
) -> None:
    before = rehearsal.stats()["creates"]
    said = run(on_rehearsal, "submit", request_file, "--clips", request_file / "below")
    assert (said.code, said.lines[-1]["field"]) == (2, "folder")
    assert "Clips cannot be saved in" in said.errors
    assert rehearsal.stats()["creates"] == before
    assert run(on_rehearsal, "status").lines == ()


def test_resume_sends_a_clip_elsewhere(on_rehearsal: dict[str, str], request_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "share" / "clips"
    assert run(on_rehearsal, "submit", request_file, "--clips", folder).code == 0
    shutil.rmtree(folder.parent)
    done = run(on_rehearsal, "resume", "--wait", "120", "--clips", tmp_path / "elsewhere")
    assert done.code == 0, done
    assert Path(done.lines[-1]["clip"]).parent == tmp_path / "elsewhere"
    assert not folder.parent.exists()


def test_a_clip_that_could_not_go_where_it_was_meant_to_says_where_it_is(
    on_rehearsal: dict[str, str], request_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "share" / "clips"
    assert run(on_rehearsal, "submit", request_file, "--clips", folder).code == 0
    shutil.rmtree(folder.parent)
    done = run(on_rehearsal, "resume", "--wait", "120")
    assert done.code == 0, done
    home = tmp_path / "home" / "clips"
    assert Path(done.lines[-1]["clip"]).parent == home
    assert f'Clips cannot be saved in "{folder}"' in done.errors
    assert f'The clip is in "{home}" instead.' in done.errors
