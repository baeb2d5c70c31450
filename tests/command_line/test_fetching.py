"""``wait`` and ``fetch``: clips that are here, under way, or known to the account alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.workshop.places import ROOT
from tests.workshop.processes import Rehearsal, run

Environment = dict[str, str]
BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    path = tmp_path / "shot.json"
    path.write_text(json.dumps(BODY))
    return path


@pytest.fixture
def machine(environment: Environment, rehearsal: Rehearsal) -> Environment:
    return environment | {"KLING_BASE_URL": rehearsal.url}


def saved(errors: str) -> list[Path]:
    lines = (line for line in errors.splitlines() if line.startswith("Saved: "))
    return [Path(line.removeprefix("Saved: ").strip("'")) for line in lines]


def test_wait_goes_on_with_what_was_submitted_before(machine: Environment, request_file: Path) -> None:
    submitted = run(machine, "submit", request_file).lines[-1]["id"]
    said = run(machine, "wait", submitted, "--wait", "120")
    assert (said.code, said.lines[-1]["phase"]) == (0, "fetched")
    assert len(saved(said.errors)) == 1


def test_wait_for_an_id_that_is_not_there_is_refused(machine: Environment) -> None:
    said = run(machine, "wait", "kob-nobodys")
    assert (said.code, "There is no job" in said.errors) == (2, True)


def test_fetch_copies_a_clip_that_is_here_and_never_over_another_file(
    machine: Environment, request_file: Path, tmp_path: Path
) -> None:
    made = run(machine, "submit", request_file, "--wait").lines[-1]
    clip, folder = Path(made["clip"]), tmp_path / "deliveries"
    folder.mkdir()
    (folder / clip.name).write_text("somebody's own file")
    (folder / f"{clip.stem}-2.mp4").symlink_to("nothing")
    copies = [saved(run(machine, "fetch", made["id"], "--to", str(folder)).errors) for _ in range(2)]
    assert copies[0] == copies[1] == [folder / f"{clip.stem}-3.mp4"]
    assert copies[0][0].read_bytes() == clip.read_bytes()
    assert (folder / clip.name).read_text() == "somebody's own file"
    assert {path.name.removeprefix(clip.stem) for path in folder.iterdir()} == {".mp4", "-2.mp4", "-3.mp4", "-3.json"}


def test_fetch_sends_a_clip_that_is_to_come_to_the_folder(
    machine: Environment, request_file: Path, tmp_path: Path
) -> None:
    submitted = run(machine, "submit", request_file).lines[-1]["id"]
    said = run(machine, "fetch", submitted, "--to", str(tmp_path / "deliveries"))
    (clip,) = saved(said.errors)
    assert (said.code, clip.parent) == (0, tmp_path / "deliveries")


def test_fetch_brings_the_clip_of_a_task_that_another_machine_made(
    machine: Environment, request_file: Path, tmp_path: Path
) -> None:
    made = run(machine, "submit", request_file, "--wait").lines[-1]
    other = machine | {"KLING_HOME": str(tmp_path / "another home")}
    said = run(other, "fetch", made["id"], "--to", str(tmp_path / "deliveries"))
    (clip,) = saved(said.errors)
    assert (said.code, clip.read_bytes()) == (0, Path(made["clip"]).read_bytes())


def test_a_clip_that_is_gone_is_downloaded_again_and_one_that_was_replaced_is_not_given_out(
    machine: Environment, request_file: Path, tmp_path: Path
) -> None:
    made = run(machine, "submit", request_file, "--wait").lines[-1]
    content = Path(made["clip"]).read_bytes()
    Path(made["clip"]).write_bytes(b"another film")
    said = run(machine, "fetch", made["id"], "--to", str(tmp_path))
    assert said.code != 0
    assert "was deleted or replaced" in said.errors
    Path(made["clip"]).unlink()
    again = run(machine, "fetch", made["id"], "--to", str(tmp_path / "deliveries"))
    (clip,) = saved(again.errors)
    assert (again.code, clip.parent, clip.read_bytes()) == (0, tmp_path / "deliveries", content)


def test_the_version_is_that_of_the_manifest(environment: Environment) -> None:
    command = [sys.executable, "-m", "kling_omni_addon", "--version"]
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    version = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))["version"]
    assert printed == f"kling {version}\n"


def test_a_fetch_of_a_task_can_be_repeated_and_makes_one_copy(
    machine: Environment, request_file: Path, tmp_path: Path
) -> None:
    made, out = run(machine, "submit", request_file, "--wait").lines[-1], str(tmp_path / "deliveries")
    first = run(machine, "fetch", made["task_id"], "--to", out)
    Path(made["clip"]).unlink()
    again = run(machine, "fetch", made["task_id"], "--to", out)
    assert (first.code, again.code) == (0, 0)
    assert saved(first.errors) == saved(again.errors) == [Path(again.lines[-1]["clip"])]
    assert [path.name for path in (tmp_path / "deliveries").glob("*.mp4")] == [Path(made["clip"]).name]
