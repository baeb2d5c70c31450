"""However a clip is fetched, what it comes from lies beside it, without a secret and without a link."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import Phase
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


def test_the_marked_copy_lies_beside_the_clip_and_both_are_named(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    request = write_request(tmp_path)
    request.write_text(json.dumps(json.loads(request.read_text()) | {"watermark_info": {"enabled": True}}))
    said = run(on_rehearsal, "submit", request, "--wait", "--name", "Alley 3")
    assert said.code == 0, said
    last = said.lines[-1]
    clip, marked = Path(last["clip"]), Path(last["marked_clip"])
    assert marked == clip.with_name(f"{clip.stem}.watermarked.mp4")
    assert marked.read_bytes().startswith(clip.read_bytes())
    assert marked.read_bytes() != clip.read_bytes()
    found = sidecar(said)[1]
    assert (found["clip"], found["marked"]) == (clip.name, marked.name)
    assert found["marked_sha256"] == hashlib.sha256(marked.read_bytes()).hexdigest()
    assert [line["marked_clip"] for line in said.lines[:-1]] == [None] * (len(said.lines) - 1)
    assert f"Saved: '{clip}'\nSaved: '{marked}'\n" in said.errors
    (adopted,) = run(on_rehearsal | {"KLING_HOME": str(tmp_path / "two")}, "adopt", last["id"], "--wait").lines[-1:]
    assert Path(adopted["marked_clip"]).read_bytes() == marked.read_bytes()


def test_of_a_rehearsal_that_has_ended_no_marked_copy_is_awaited(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    request = write_request(tmp_path)
    assert run(on_rehearsal, "submit", request, "--wait").code == 0
    with closing(Journal(tmp_path / "home" / "journal.sqlite3")) as journal:
        (made,) = journal.all()
        gone = replace(made.origin, service="http://127.0.0.1:9")
        opening = ev.Adopted(at=1.0, submission_id="kob-marked", task_id="1", origin=gone)
        fetched = ev.Fetched(at=1.0, path=made.clip, sha256=made.clip_sha256, size_bytes=1)
        journal.carry_over([[opening, ev.Succeeded(at=1.0, charge_units="", has_marked=True), fetched]])
        assert [s.id for s in journal.live()] == ["kob-marked"]
        assert run(on_rehearsal, "resume").code == 0
        assert journal.live() == ()
        (given_up,) = journal.some(["kob-marked"])
    assert given_up.note == "The watermarked copy could not be downloaded. The rehearsal server has ended."
    assert (given_up.phase, given_up.clip) == (Phase.FETCHED, made.clip)
