"""Every command and the script of docs/td/batch.md, in the order of the page, on the demo's scene."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

import kling_omni_addon
from docs.demo import scene as lighthouse
from kling_omni_addon.batch.manifest import lines_of
from kling_omni_addon.batch.shot import shot_from
from kling_omni_addon.blender.host import sequencer
from kling_omni_addon.gateway.spool import Spool
from tests.workshop.places import ROOT
from tests.workshop.processes import API_KEY, Rehearsal, Said, gateway_beside, run

PAGE = (ROOT / "docs" / "td" / "batch.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> list[list[str]]:
    """What stands behind ``blender --command kling``, the paths apart."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert all(line.startswith("blender --command kling batch ") for line in lines)
    return [shlex.split(line)[3:] for line in lines]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rehearsal: Rehearsal) -> Iterator[Path]:
    """The folder of the manifest, with the demo's film."""
    for name, value in {"HOME": tmp_path / "home", "BASE_URL": rehearsal.url, "API_KEY": API_KEY}.items():
        monkeypatch.setenv(f"KLING_{name}", str(value))
    (tmp_path / "shots.csv").write_text(blocks("csv")[0])
    (tmp_path / "shots.jsonl").write_text(blocks("json")[0])
    kling_omni_addon.register()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    lighthouse.build(scene)
    assert scene is not None
    scene.render.engine = "BLENDER_WORKBENCH"  # type: ignore[assignment]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kling_demo.blend"))
    yield tmp_path
    kling_omni_addon.unregister()


def ran(project: Path, words: list[str]) -> Said:
    """A command of the page, with its files in the project's folder."""
    files = {"shots.csv", "frames", "edit.blend", "edit.otio", "spool"}
    verb, rest = words[:2], words[2:]
    placed = [str(project / word) if word in files else word for word in rest]
    return run(os.environ, *verb, *placed)


def strips(project: Path) -> list[tuple[str, int, int]]:
    bpy.ops.wm.open_mainfile(filepath=str(project / "edit.blend"))
    scene = bpy.context.scene
    assert scene is not None
    found = [s for s in sequencer.strips_of(scene) if s.type == "MOVIE"]
    return sorted(((s.name, sequencer.start_of(s), sequencer.length_of(s)) for s in found), key=lambda s: s[1])


IN_ORDER = [("sh010_v001", 1, 72), ("sh020_v001", 73, 72), ("sh030_v001", 145, 72)]


def test_every_command_of_the_page_does_what_it_says(project: Path) -> None:
    Spool(project / "spool").make()
    with gateway_beside(project / "spool", os.environ):
        for words in commands():
            said = ran(project, words)
            assert said.code == 0, (words, said)
    assert strips(project) == IN_ORDER
    assert (project / "edit.otio").is_file()


def test_the_script_of_the_page_does_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (script,) = blocks("python")
    exec(compile(script, "batch.md", "exec"), {})
    assert strips(project) == IN_ORDER


def test_the_line_of_json_is_the_line_of_csv(project: Path) -> None:
    (line,) = lines_of(project / "shots.jsonl")
    lines = {found.key: found for found in lines_of(project / "shots.csv")}
    there = shot_from(lines[line.key].values, 1)
    assert shot_from(line.values, 1) == there


def test_the_fields_of_the_page_are_those_of_the_schema() -> None:
    known = json.loads((ROOT / "schemas" / "batch_line.schema.json").read_text("utf-8"))["properties"]
    table = PAGE.partition("| Field |")[2].partition("\n\n")[0]
    told = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(told) == sorted(known)
