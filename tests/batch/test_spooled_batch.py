"""A batch that a gateway takes: who submits it has neither key nor job history."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from kling_omni_addon.core.media import mp4_fault
from tests.workshop.processes import Rehearsal, Said, gateway_beside, run

from .project import CLIPS, SHOTS, Environment, Project


@dataclass
class Studio:
    """A spool, its gateway's environment, and a worker with a manifest."""

    spool: Path
    gateways: Environment
    project: Project

    def run_until_empty(self) -> int:
        words = ("gateway", "--spool", self.spool, "--until-empty", "--take-over-after", "1")
        return run(self.gateways, *words).code

    def submit(self, *more: str) -> Said:
        return self.project.submit("--spool", str(self.spool), *more)

    def status(self) -> Said:
        return run(self.project.environment, "batch", "status", self.project.manifest, "--spool", self.spool)


@pytest.fixture
def studio(project: Project, tmp_path: Path) -> Studio:
    spool, gateways = tmp_path / "spool", dict(project.environment)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    project.environment = kept | {"KLING_HOME": str(tmp_path / "worker")}
    made = Studio(spool, gateways, project)
    assert made.run_until_empty() == 0
    return made


def creates_of(rehearsal: Rehearsal, said: Said) -> list[int]:
    return [rehearsal.creates(line["id"]) for line in said.lines if line.get("id") and line["state"] == "done"]


def test_each_clip_is_made_once_and_lies_in_the_spool(studio: Studio, rehearsal: Rehearsal) -> None:
    with gateway_beside(studio.spool, studio.gateways):
        for _ in range(2):
            said = studio.submit("--wait", "120")
            assert (said.code, said.lines[-1]["done"]) == (0, CLIPS), said
    clips = {Path(line["clip"]) for line in said.lines if line.get("clip")}
    assert (len(clips), {clip.parent for clip in clips}) == (CLIPS, {studio.spool / "clips"})
    for clip in clips:
        with clip.open("rb") as file:
            assert mp4_fault(file, clip.stat().st_size) == ""
    assert creates_of(rehearsal, said) == [1] * CLIPS
    assert not (studio.spool.parent / "worker").exists()


def test_without_waiting_the_status_tells_how_far_the_gateway_is(studio: Studio) -> None:
    assert studio.status().lines[-1] == {"not_submitted": CLIPS, "running": 0, "done": 0, "failed": 0}
    said = studio.submit()
    assert (said.code, said.lines[-1]["running"]) == (6, CLIPS)
    assert studio.submit("--hand-over").code == 0
    assert studio.run_until_empty() == 0
    told = studio.status()
    assert (told.code, told.lines[-1]["done"]) == (0, CLIPS)


def test_another_wish_under_a_key_is_refused_before_anything_is_put_there(studio: Studio) -> None:
    studio.submit()
    assert studio.run_until_empty() == 0
    studio.project.write(SHOTS[0], SHOTS[1] | {"prompt": "a fox sleeps"}, {**SHOTS[1], "key": "sh030"})
    said = studio.submit()
    assert said.code == 2
    assert "already exists with another request" in said.errors
    assert list((studio.spool / "requests").iterdir()) == []


def test_a_clip_that_was_taken_away_comes_again_and_costs_nothing(studio: Studio, rehearsal: Rehearsal) -> None:
    studio.submit()
    studio.run_until_empty()
    for clip in (studio.spool / "clips").iterdir():
        clip.unlink()
    gone = studio.status()
    assert (gone.lines[-1]["failed"], "Saved:" in gone.errors, gone.lines[0]["rehearsal"]) == (CLIPS, False, True)
    assert "submit the batch again" in gone.errors
    studio.submit()
    assert studio.run_until_empty() == 0
    told = studio.status()
    assert (told.lines[-1]["done"], creates_of(rehearsal, told)) == (CLIPS, [1] * CLIPS)


def test_what_only_a_gateway_decides_is_refused(studio: Studio) -> None:
    said = studio.submit("--clips", "elsewhere")
    assert (said.code, "--clips cannot be combined with --spool" in said.errors) == (2, True)


def test_a_folder_that_is_no_spool_is_refused(project: Project, tmp_path: Path) -> None:
    said = project.submit("--spool", str(tmp_path / "nothing"))
    assert (said.code, "is no spool" in said.errors) == (2, True)
