"""Every command of docs/studio.md, in the order of the page, with Blender's own code for its extensions: from a share
to a workstation and a farm node, and an update while a task is under way.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.workshop.places import ROOT
from tests.workshop.processes import Rehearsal
from tests.workshop.request_files import written

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the page's commands are for a POSIX shell")

PAGE = (ROOT / "docs" / "studio.md").read_text("utf-8")
SECTIONS: Mapping[str, str] = dict(part.partition("\n")[::2] for part in PAGE.split("\n## ")[1:])
BLENDER = ROOT / "tests" / "blender" / "background_blender.py"
VERSION = re.compile(r'(?m)^version = "([^"]+)"$')


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], re.DOTALL)


@dataclass(frozen=True)
class Machine:
    """One user's Blender, with the page's ``/studio`` in a folder of the test."""

    user: Path
    share: Path
    environment: Mapping[str, str]

    def run(self, *lines: str) -> list[dict[str, Any]]:
        """Command lines in one process; each must end well. A path with a star is one that is there."""
        cut = [shlex.split(line.replace("/studio", str(self.share))) for line in lines]
        cut = [[_found(Path(word)) if "*" in word else word for word in line] for line in cut]
        told = self.user / "told.json"
        subprocess.run(
            [sys.executable, BLENDER, "commands", told],
            env=dict(self.environment) | {"BLENDER_USER_RESOURCES": str(self.user)},
            input=json.dumps(cut),
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seen: list[dict[str, Any]] = json.loads(told.read_text("utf-8"))
        assert [each["code"] for each in seen] == [0] * len(lines), seen
        return seen


def _found(path: Path) -> str:
    (found,) = path.parent.glob(path.name)
    return str(found)


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studio")
    build: list[str | Path] = [sys.executable, ROOT / ".ci" / "extension.py", "build", "--out", folder / "blender"]
    subprocess.run(build, check=True, capture_output=True)
    return folder


@pytest.fixture
def machines(share: Path, environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path) -> list[Machine]:
    """Two, which share nothing but the share and a service."""
    found = []
    for name in ("workstation", "node"):
        (tmp_path / name).mkdir()
        settings = environment | {"KLING_BASE_URL": rehearsal.url, "KLING_HOME": str(tmp_path / name / "home")}
        found.append(Machine(user=tmp_path / name, share=share, environment=settings))
    return found


def with_the_next_version(share: Path) -> str:
    """The zip of a later version in the place of the one that is there."""
    (now,) = (share / "blender").glob("kling_omni-*.zip")
    later = now.with_name("kling_omni-99.0.0.zip")
    with zipfile.ZipFile(now) as old, zipfile.ZipFile(later, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "blender_manifest.toml":
                content = VERSION.sub('version = "99.0.0"', content.decode()).encode()
            new.writestr(entry, content)
    now.unlink()
    return "99.0.0"


def lines_in(section: str) -> list[str]:
    return [line for block in blocks(section, "sh") for line in block.splitlines()]


def jobs(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.skipif(bpy.app.version < (4, 5), reason="bpy 4.2 crashes on wm.read_userpref, with or without extensions")
def test_from_the_share_to_two_machines_and_an_update_while_a_task_is_under_way(
    machines: list[Machine], share: Path, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    workstation, node = machines
    generate, remove, add, install, install_file = lines_in("Install from a Share")
    update, resume = lines_in("Updates")
    (doctor,), version = lines_in("Check"), "blender --command kling --version"
    submit = f"blender --command kling submit '{written(tmp_path)}' --once sh010_v001"

    workstation.run(generate, remove, add, install)
    looked, submitted, scripted, old = workstation.run(doctor, submit, in_a_film(tmp_path), version)
    assert {line["check"]: line["says"] for line in jobs(looked["printed"])}["blender"].startswith("Blender ")
    assert scripted["printed"] == "1 jobs\n"
    (before,) = {line["id"] for line in jobs(submitted["printed"])}

    new = with_the_next_version(share)
    workstation.run(generate, update)
    resumed, after = workstation.run(resume, version)
    last = jobs(resumed["printed"])[-1]
    assert (last["id"], last["phase"], Path(last["clip"]).is_file()) == (before, "fetched", True)
    assert (new in old["printed"], new in after["printed"]) == (False, True)

    _, found, again = node.run(install_file, version, submit)
    assert new in found["printed"]
    assert {line["id"] for line in jobs(again["printed"])} == {before}, "the same shot, whoever asks again"
    assert rehearsal.creates(before) == 1


def in_a_film(folder: Path) -> str:
    """The page's script on a film."""
    film, script = folder / "film.blend", folder / "script.py"
    script.write_text(*blocks("Import Path", "python"))
    bpy.ops.wm.save_as_mainfile(filepath=str(film))
    return f"blender run '{film}' '{script}'"


def test_the_settings_of_the_page_are_settings_that_the_doctor_finds_good(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """In a shell, with the service and the key of nobody."""
    (settings,) = blocks("Settings for All", "sh")
    command = f"{settings}\n{shlex.quote(sys.executable)} -m kling_omni_addon doctor --service http://127.0.0.1:9"
    given = environment | {"HOME": str(tmp_path)}
    said = subprocess.run(["sh", "-c", command], cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    checks = {line["check"]: line for line in jobs(said.stdout)}
    assert said.returncode == 5, "nobody answers there"
    assert checks["settings"]["result"] == "ok"
    assert checks["limits"]["says"] == "Limit: 200 units in 24 hours (of the environment)."
    assert str(tmp_path / ".kling") in checks["home"]["says"]


def test_no_command_is_left_out() -> None:
    tried = {"Install from a Share": 3, "Settings for All": 1, "Updates": 2, "Check": 1}
    assert {s: len(blocks(s, "sh")) for s in SECTIONS if blocks(s, "sh")} == tried
    assert [s for s in SECTIONS if blocks(s, "python")] == ["Import Path"]
