"""However a clip is fetched, what it comes from lies beside it, without a secret and without a link."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.work.filing import clip_name
from kling_omni_addon.work.journal import Journal
from tests.workshop.processes import API_KEY, Rehearsal, Said, run
from tests.workshop.rehearsal_stand import png


@pytest.fixture
def on_rehearsal(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url}


def write_request(folder: Path) -> Path:
    (folder / "first.png").write_bytes(png(640, 360))
    body = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "duration": "3"}
    images = [{"image_url": "first.png", "type": "first_frame"}]
    path = folder / "shot.json"
    path.write_text(json.dumps(body | {"image_list": images, "callback_url": "https://me.example/canary"}))
    return path


def sidecar(said: Said) -> tuple[Path, Any]:
    path = Path(said.lines[-1]["clip"]).with_suffix(".json")
    return path, json.loads(path.read_bytes())


def test_the_command_line_leaves_it_with_everything_but_secrets_and_links(
    on_rehearsal: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    said = run(on_rehearsal, "submit", write_request(tmp_path), "--wait", "--name", "Alley 3")
    path, found = sidecar(said)
    last = said.lines[-1]
    assert (found["submission"], found["task"], found["name"]) == (last["id"], last["task_id"], "Alley 3")
    assert (found["model"], found["prompt"], found["charge_units"]) == ("kling-v3-omni", "waves", last["charge_units"])
    assert found["clip"] == Path(last["clip"]).name
    (picture,) = found["wish"]["pictures"]
    assert (picture["role"], len(picture["sha256"])) == ("first", 64)
    text = path.read_text("utf-8")
    for canary in (API_KEY, rehearsal.url, "http", "canary", "sig="):
        assert canary not in text


def test_whoever_resumes_leaves_it_too(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    assert run(on_rehearsal, "submit", write_request(tmp_path)).code == 0
    said = run(on_rehearsal, "resume", "--wait")
    assert said.code == 0
    assert sidecar(said)[1]["prompt"] == "waves"


def test_where_a_folder_is_in_its_way_both_get_the_next_name(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    assert run(on_rehearsal, "submit", write_request(tmp_path)).code == 0
    journal = Journal(tmp_path / "home" / "journal.sqlite3")
    (submission,) = journal.all()
    journal.close()
    name = clip_name(submission.target.name, submission.id, submission.created_at)
    (tmp_path / "home" / "clips" / name).with_suffix(".json").mkdir(parents=True)
    done = run(on_rehearsal, "resume", "--wait")
    assert (done.code, done.lines[-1]["phase"]) == (0, "fetched")
    assert Path(done.lines[-1]["clip"]).name == name.replace(".mp4", "-2.mp4")
    assert sidecar(done)[1]["submission"] == submission.id
