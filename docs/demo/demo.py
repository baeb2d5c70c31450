"""The main job end to end, offline: from a scene to two shots on the timeline, the second going on from the first.

Run it by ``make demo``. Everything it makes lies in ``demo/``: the scene as ``kling_demo.blend`` with the clips in its
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
from typing import Any, cast

import bpy

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import kling_omni_addon  # noqa: E402 - found by the path above, as are the next two
from docs.demo import contact_sheet  # noqa: E402
from docs.demo import scene as lighthouse  # noqa: E402

OUT = ROOT / "demo"
STEPS = 10
PROMPT = (
    "The camera rises slowly around the lighthouse at dusk. The lamp begins to turn, "
    "its beam sweeps over the calm sea, gulls pass by in the distance."
)
NEXT_PROMPT = "The camera comes to rest in front of the lamp as night falls."


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
            frames = (Path(scene.kling.first_frame), Path(scene.kling.end_frame))
        with telling.step("Judging the request"):
            shot = scene.kling
            shot.prompt, shot.mode, shot.duration_s = PROMPT, "std", 5
            print(f"           {problems(scene) or 'no faults, nothing to warn of'}")
        with telling.step(f"Submitting to the rehearsal server at {ready['url']}"):
            with quiet():
                must(bpy.ops.kling.submit())
            strip = picture_strips(scene)[0]
            stand_in = file_of(strip)
            tell_strip(strip, "holds the place with a stand-in")
        with telling.step("Polling, downloading, putting the clip into the strip"):
            first_clip = arrived(strip)
            tell_strip(strip, f"plays {first_clip.name} now")
        with telling.step("Continue from Last Frame: submitting a second shot right behind the first"), quiet():
            scene.sequence_editor.active_strip = strip
            must(bpy.ops.kling.continue_strip())
            last_frame = Path(shot.first_frame)
            shot.prompt, shot.duration_s = NEXT_PROMPT, 3
            must(bpy.ops.kling.submit(wait_s=600))
        following = picture_strips(scene)[-1]
        tell_strip(following, "goes on where the first ends")
    with telling.step("Checking the journal"):
        tell_journal(OUT / "home")
    with telling.step("Saving the scene with both clips in its sequencer"), quiet():
        bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    clips = (first_clip, file_of(following))
    with telling.step("Drawing the contact sheet"):
        apart = contact_sheet.difference(last_frame, clips[1])
        print(f"           last frame of the first, first of the second: {apart:.1f} of 255 levels apart on average")
        sheet = contact_sheet.Sheet(
            frames=frames, stand_in=stand_in, clips=clips, last_frame=last_frame, difference=apart, prompt=PROMPT
        )
        with quiet():
            contact_sheet.draw(OUT / "contact_sheet.png", sheet)
    with telling.step("Leaving Blender clean"):
        kling_omni_addon.unregister()

    print()
    for what in (blend, *clips, OUT / "contact_sheet.png"):
        print(f"Saved: '{what.relative_to(ROOT)}'")


def must(outcome: set[str]) -> None:
    """Stop at the first operator that did not finish; it has said why."""
    if outcome != {"FINISHED"}:
        raise SystemExit("The demo stopped: see the error above.")


def problems(scene: bpy.types.Scene) -> str:
    """What the rules say of the shot, one sentence each."""
    from kling_omni_addon.blender.shot import judging

    return " ".join(problem.message for problem in judging.judge(scene))


def tell_journal(home: Path) -> None:
    """What the command line says of the submission."""
    command = [sys.executable, "-m", "kling_omni_addon", "status"]
    environment = os.environ | {"KLING_HOME": str(home)}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    for line in map(json.loads, told.splitlines()):
        print(
            f"           {line['id']}: {line['phase']}, task {line['task_id']}, {line['charge_units']} rehearsal units"
        )


def picture_strips(scene: bpy.types.Scene) -> list[Any]:
    """The clips on the scene's timeline, from left to right."""
    from kling_omni_addon.blender.host import sequencer

    return sorted((s for s in sequencer.strips_of(scene) if s.type == "MOVIE"), key=sequencer.start_of)


def file_of(strip: Any) -> Path:
    """The movie that a strip plays."""
    return Path(bpy.path.abspath(strip.filepath)).resolve()


def arrived(strip: Any) -> Path:
    """Wait for the clip of a strip, and put it where its stand-in is: its file."""
    from kling_omni_addon.blender import api
    from kling_omni_addon.blender.timeline import our_strips

    (submission,) = api.wait([our_strips.submission_of(strip)], 600)
    if not submission.clip:
        raise SystemExit(f"The demo stopped: {submission.problem or 'the clip did not come in time.'}")
    api.place_arrived()
    return file_of(strip)


def tell_strip(strip: Any, what: str) -> None:
    """Where a strip is, and what has become of it."""
    from kling_omni_addon.blender.host import sequencer

    start, end = sequencer.start_of(strip), sequencer.end_of(strip) - 1
    print(f"           strip '{strip.name}', channel {strip.channel}, frames {start} to {end}: {what}")


if __name__ == "__main__":
    main()
