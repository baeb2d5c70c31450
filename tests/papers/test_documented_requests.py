"""Every example of docs/requests.md runs: judged, taken over HTTP, charged as printed, and made into a clip."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core import capability
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.pricing import plain
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.session import Session
from kling_omni_addon.settings import read_settings
from tests.workshop.processes import ROOT, Rehearsal, run
from tests.workshop.rehearsal_stand import ReadyClips, mp4, png
from tests.workshop.requests_page import EXAMPLES, PYTHON, Example


def written(example: Example, folder: Path) -> Path:
    """The example as somebody would try it: a file with its pictures beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for image in example.body.get("image_list", ()):
        (folder / image["image_url"]).write_bytes(png(640, 360))
    path = folder / "shot.json"
    path.write_text(json.dumps(example.body), encoding="utf-8")
    return path


@pytest.fixture
def quick_service(tmp_path: Path) -> Iterator[str]:
    """The address of a rehearsal server that takes all examples at once and has their clips ready."""
    folder = tmp_path / "server"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(mp4())
    settings = RehearsalSettings(folder=folder, submitted_s=0.0, processing_s=0.0, concurrency=len(EXAMPLES))
    with RehearsalServer(settings, ReadyClips(folder / "clip.mp4")) as server:
        yield server.url


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_valid_and_gives_no_cause_for_doubt(
    example: Example, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(written(example, tmp_path))], environment) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("dialect", capability.DIALECTS)
def test_every_example_is_taken_over_http_charged_as_printed_and_becomes_a_clip(
    dialect: str, environment: dict[str, str], quick_service: str, tmp_path: Path
) -> None:
    with Session(read_settings(environment, service=quick_service, dialect=dialect)) as session:
        submitted: dict[str, Example] = {}
        for number, example in enumerate(EXAMPLES):
            read = session.read_request_file(written(example, tmp_path / str(number)))
            submitted[session.submit(read.request, pictures=read.pictures).id] = example
        session.start()
        found = session.wait(lambda all_: all(s.is_settled for s in all_.values()), submitted, timeout_s=120)
    assert len(found) == len(EXAMPLES)
    for submission in found.values():
        example = submitted[submission.id]
        assert (submission.phase, submission.problem) == (Phase.FETCHED, ""), example.name
        assert submission.payload.dialect == dialect
        assert Path(submission.clip).stat().st_size == len(mp4())
        if example.price.is_exact:
            assert submission.charge_units == plain(example.price.units), example.name


@pytest.mark.parametrize("section", ["First frame", "Your own id, and a callback"])
def test_an_example_becomes_a_real_clip_on_the_command_line(
    section: str, environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    (example,) = (example for example in EXAMPLES if example.section == section)
    path = written(example, tmp_path / "shots")
    said = run(environment | {"KLING_BASE_URL": rehearsal.url}, "submit", path, "--wait")
    assert said.code == 0, said
    assert b"ftyp" in Path(said.lines[-1]["clip"]).read_bytes()[:16]


def test_the_python_example_says_what_it_sends_and_brings_a_clip(
    environment: dict[str, str], rehearsal: Rehearsal, home_of_rehearsals: Path, tmp_path: Path
) -> None:
    (code,) = PYTHON
    home = Path(environment["KLING_HOME"])
    home.mkdir()
    shutil.copy(home_of_rehearsals / rehearsal.note_name, home)
    for picture in re.findall(r'source="(.*?)"', code):
        (tmp_path / picture).write_bytes(png(640, 360))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    sent, clip = done.stdout.splitlines()
    assert f"# {sent}\n" in code
    assert b"ftyp" in Path(clip).read_bytes()[:16]
