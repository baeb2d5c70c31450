"""An id that somebody chose, and a task that nobody here asked for: never taken for ours, and fetched as what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.workshop.processes import Rehearsal, run

BODY = {"model_name": "kling-v3-omni", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}


def written(folder: Path, external_task_id: str, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shot.json"
    path.write_text(json.dumps(BODY | {"prompt": "waves", "external_task_id": external_task_id} | changes))
    return path


def at(environment: dict[str, str], rehearsal: Rehearsal, home: Path) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url, "KLING_HOME": str(home)}


def test_an_id_that_kling_has_and_this_journal_has_not_is_refused_before_anything_is_sent(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    first, second = (at(environment, rehearsal, tmp_path / name) for name in ("one", "two"))
    assert run(first, "submit", written(tmp_path / "ep1", "adopting-sh0010"), "--wait").code == 0
    said = run(second, "submit", written(tmp_path / "ep2", "adopting-sh0010", prompt="a storm"), "--wait")
    assert said.code == 2
    assert "adopt adopting-sh0010" in said.errors
    assert rehearsal.creates("adopting-sh0010") == 1
    assert run(second, "status").lines == ()


def test_adopt_fetches_the_clip_of_a_task_and_claims_no_prompt_for_it(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    first, second = (at(environment, rehearsal, tmp_path / name) for name in ("one", "two"))
    made = run(first, "submit", written(tmp_path / "ep1", "adopting-sh0020"), "--wait").lines[-1]
    said = run(second, "adopt", "adopting-sh0020", "--wait", "--name", "Storm")
    assert said.code == 0, said
    clip = Path(said.lines[-1]["clip"])
    assert f"Saved: '{clip}'" in said.errors
    assert clip.read_bytes() == Path(made["clip"]).read_bytes()
    (sidecar,) = (path for path in clip.parent.iterdir() if path.suffix == ".json")
    told = json.loads(sidecar.read_text())
    assert (told["prompt"], told["wish"]) == ("", {})
    assert rehearsal.creates("adopting-sh0020") == 1
    again = run(second, "adopt", "adopting-sh0020")
    assert (again.code, "status" in again.errors) == (2, True)


def test_what_kling_does_not_know_cannot_be_adopted(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    said = run(at(environment, rehearsal, tmp_path / "one"), "adopt", "adopting-nobodys")
    assert said.code == 4
    assert "not found" in said.errors.lower()
    assert run(at(environment, rehearsal, tmp_path / "one"), "status").lines == ()
