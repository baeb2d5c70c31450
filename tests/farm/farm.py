"""A project on a share, the machines of a farm that know nothing but the share, and the gateway that has the key."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import bpy

from kling_omni_addon.blender.host import sequencer
from kling_omni_addon.gateway.client import wait_for
from kling_omni_addon.gateway.spool import Spool
from tests.workshop.places import ROOT
from tests.workshop.processes import API_KEY, Rehearsal, Said, gateway_beside, run

RECIPES = ROOT / "docs" / "farm"
SECONDS = 3
T = TypeVar("T")
_BLENDER = f"""#!/bin/bash
[[ "$1 $2" == "--command kling" ]] || {{ echo "not the extension's command: $*" >&2; exit 64; }}
shift 2
echo "$$ $*" >>"$CALLS"
exec "{sys.executable}" -m kling_omni_addon "$@"
"""
"""A program that is called as Blender is, and notes who calls it with what."""


class Farm:
    """Its share is ``folder``. A node has neither key nor job history, and Blender is on its PATH."""

    def __init__(self, folder: Path, film: Path, rehearsal: Rehearsal) -> None:
        self.folder = folder
        self.manifest = folder / "shots.csv"
        self._rehearsal = rehearsal
        self._before = self.all_creates
        (folder / "film.blend").write_bytes(film.read_bytes())
        self.binaries = folder / "bin"
        self.binaries.mkdir()
        (self.binaries / "blender").write_text(_BLENDER)
        (self.binaries / "blender").chmod(0o755)
        (folder / "farm").symlink_to(RECIPES)
        self.spool = Spool(folder / "spool")
        self.spool.make()
        path = f"{self.binaries}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._kept = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
        self.node = self._kept | {
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "CALLS": str(folder / "calls"),
            "KLING_HOME": str(folder / "home of a node"),
        }

    # The project ------------------------------------------------------------------------------------------------------

    def write(self, shots: int) -> list[str]:
        """A manifest with so many shots, the last from text alone; their keys, in order."""
        keys = [f"{self.folder.name}_sh{number:02}0".replace("-", "_") for number in range(1, shots + 1)]
        rows = [f'{key},first,"a cube at {place}",film.blend,{place}' for place, key in enumerate(keys[:-1], start=1)]
        rows.append(f'{keys[-1]},text,"a cube is gone",,')
        head = "key,kind,prompt,blend,first_frame,engine,mode,duration"
        self.manifest.write_text("\n".join([head, *(f"{row},workbench,std,{SECONDS}" for row in rows)]) + "\n")
        return keys

    @property
    def rendered(self) -> list[str]:
        """The shots whose frames are whole."""
        folder = self.folder / "frames"
        return sorted(path.parent.name for path in folder.glob("[!.]*/request.json"))

    def strips(self) -> list[tuple[str, int]]:
        """The clips of the edit with their first frames, in time."""
        bpy.ops.wm.open_mainfile(filepath=str(self.folder / "edit.blend"))
        scene: Any = bpy.context.scene
        found = [strip for strip in sequencer.strips_of(scene) if strip.type == "MOVIE"]
        assert all((self.folder / "spool" / "clips" / Path(strip.filepath).name).is_file() for strip in found)
        return sorted(((strip.name, sequencer.start_of(strip)) for strip in found), key=lambda strip: strip[1])

    # The gateway ------------------------------------------------------------------------------------------------------

    def _gateways(self, settings: Mapping[str, str]) -> dict[str, str]:
        own = {**settings, "KLING_HOME": str(self.folder / "home of the gateway"), "KLING_API_KEY": API_KEY}
        return self._kept | own | {"KLING_BASE_URL": self._rehearsal.url, "KLING_LOOK_WINDOW_S": "5"}

    def gateway(self, **settings: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """A gateway beside the farm; it is killed in the end."""
        return gateway_beside(self.spool.folder, self._gateways(settings))

    def gateway_until_empty(self) -> Said:
        return run(
            self._gateways({}), "gateway", "--spool", self.spool.folder, "--until-empty", "--take-over-after", "1"
        )

    def wait_for_clips(self, keys: list[str]) -> None:
        assert {state.standing for state in wait_for(self.spool, keys, timeout_s=120).values()} == {"done"}

    @property
    def all_creates(self) -> int:
        return int(self._rehearsal.stats()["creates"])

    @property
    def creates(self) -> int:
        """How many tasks were made for this project."""
        return self.all_creates - self._before

    # The nodes --------------------------------------------------------------------------------------------------------

    def calls(self, words: str = "") -> list[tuple[int, str]]:
        """Who called Blender with what, where it has these words in it."""
        noted = self.folder / "calls"
        lines = noted.read_text().splitlines() if noted.exists() else []
        told = [(int(pid), said) for pid, _, said in (line.partition(" ") for line in lines)]
        return [(pid, said) for pid, said in told if words in said]

    def openjd(self, *more: str) -> subprocess.Popen[str]:
        """The job of the template, or some of its steps, in a process of its own."""
        places = {"Manifest": self.manifest, "Frames": self.folder / "frames", "Spool": self.spool.folder}
        places |= {"Edit": self.folder / "edit.blend", "Otio": self.folder / "edit.otio"}
        given = {**places, "Parts": 2, "MostUnits": 100}
        words = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
        return subprocess.Popen(
            ["openjd", "run", "farm/openjd/template.yaml", *words, *more],
            env=self.node,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def shell(self, text: str) -> subprocess.CompletedProcess[str]:
        """Commands as a person types them, in the folder of the project."""
        return subprocess.run(
            ["bash", "-c", text],
            env=self.node,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def said_by(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How it ended, and what it printed."""
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def until(look: Callable[[], T | None]) -> T:
    """What is seen at last."""
    for _ in range(12_000):
        seen = look()
        if seen:
            return seen
        time.sleep(0.01)
    raise AssertionError("It was never seen.")


def clips_of_otio(path: Path, otio: Any) -> list[str]:
    """The names of the clips of an exported timeline, in time."""
    timeline = otio.adapters.read_from_file(str(path))
    return [clip.name for track in timeline.video_tracks() for clip in track if isinstance(clip, otio.schema.Clip)]
