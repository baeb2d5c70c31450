"""The main job end to end, offline: from a scene to a strip on the timeline.

Run it by ``make demo``. Everything it makes lies in ``demo/``: the scene as ``kling_demo.blend`` with the clip in its
sequencer, and ``contact_sheet.png``. Nothing leaves this machine, nothing costs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import bpy

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import kling_omni_addon  # noqa: E402 - found by the path above, as are the next two
from docs.demo import contact_sheet  # noqa: E402
from docs.demo import scene as lighthouse  # noqa: E402

OUT = ROOT / "demo"
STEPS = 8
PROMPT = (
    "The camera rises slowly around the lighthouse at dusk. The lamp begins to turn, "
    "its beam sweeps over the calm sea, gulls pass by in the distance."
)


class Telling:
    """Says each step as it begins, and how long it took."""

    def __init__(self) -> None:
        self._number = 0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One numbered line when it begins, the seconds when it ends."""
        self._number += 1
        bar = "#" * self._number + "." * (STEPS - self._number)
        print(f"[{bar}] {self._number}/{STEPS} {what} ...", flush=True)
        began = time.monotonic()
        yield
        print(f"{' ' * (STEPS + 3)}done in {time.monotonic() - began:.1f} s", flush=True)


@contextmanager
def rehearsal_server(home: Path) -> Iterator[dict[str, str]]:
    """A rehearsal server in a process of its own; its ready line."""
    command = [sys.executable, "-m", "kling_omni_addon", "rehearse", "--port", "0", "--processing", "2"]
    environment = os.environ | {"KLING_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line:
                raise SystemExit("The rehearsal server did not start.")
            yield json.loads(line)
        finally:
            server.terminate()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Blender's own chatter (one line for each sample) off the screen."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def main() -> None:
    """Take the road once."""
    telling = Telling()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    blend = OUT / "kling_demo.blend"
    os.environ["KLING_HOME"] = str(OUT / "home")

    with telling.step("Building a small scene with an animated camera"), quiet():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        kling_omni_addon.register()
        scene = cast("bpy.types.Scene", bpy.context.scene)
        scene.name = "Lighthouse"
        lighthouse.build(scene)
        bpy.ops.wm.save_as_mainfile(filepath=str(blend))

    with rehearsal_server(OUT / "home") as ready:
        os.environ |= {
            "KLING_HOME": str(OUT / "home"),
            "KLING_BASE_URL": ready["url"],
            "KLING_API_KEY": ready["api_key"],
        }
        with telling.step("Rendering the camera's first and end frame"), quiet():
            must(bpy.ops.kling.capture_both())
        with telling.step("Judging the request"):
            shot = scene.kling
            shot.prompt, shot.mode, shot.duration_s = PROMPT, "std", 5
            print(f"           {problems(scene) or 'no faults, nothing to warn of'}")
        with telling.step(f"Submitting to the rehearsal server at {ready['url']}, polling, downloading, importing"):
            must(bpy.ops.kling.submit(wait_s=600))
    strip = next(s for s in strips_of(scene) if s.type == "MOVIE")
    length = strip.frame_final_duration
    with telling.step("Checking the journal"):
        tell_journal(OUT / "home")
    with telling.step("Saving the scene with the clip in its sequencer"), quiet():
        bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    clip = Path(bpy.path.abspath(strip.filepath)).resolve()
    start, channel, name = int(strip.frame_final_start), strip.channel, strip.name
    with telling.step("Drawing the contact sheet"), quiet():
        frames = [bpy.path.abspath(path) for path in (shot.first_frame, shot.end_frame)]
        contact_sheet.draw(OUT / "contact_sheet.png", [Path(f) for f in frames], clip, PROMPT)
    with telling.step("Leaving Blender clean"):
        kling_omni_addon.unregister()

    print(f"\nStrip '{name}' on channel {channel}, start {start}, length {length} frames")
    for what in (blend, clip, OUT / "contact_sheet.png"):
        print(f"Saved: '{what.relative_to(ROOT)}'")


def must(outcome: set[str]) -> None:
    """Stop at the first operator that did not finish; it has said why."""
    if outcome != {"FINISHED"}:
        raise SystemExit("The demo stopped: see the error above.")


def problems(scene: bpy.types.Scene) -> str:
    """What the rules say of the shot, one sentence each."""
    from kling_omni_addon.blender import live

    return " ".join(problem.message for problem in live.judge(scene))


def tell_journal(home: Path) -> None:
    """What the command line says of the submission."""
    command = [sys.executable, "-m", "kling_omni_addon", "status"]
    environment = os.environ | {"KLING_HOME": str(home)}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    for line in map(json.loads, told.splitlines()):
        print(
            f"           {line['id']}: {line['phase']}, task {line['task_id']}, {line['charge_units']} rehearsal units"
        )


def strips_of(scene: bpy.types.Scene) -> list[bpy.types.Strip]:
    """The strips of the scene's timeline."""
    from kling_omni_addon.blender import sequencer

    return list(sequencer.strips_of(scene))


if __name__ == "__main__":
    main()
