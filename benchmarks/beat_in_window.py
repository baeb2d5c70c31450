"""Runs inside a windowed Blender: a beat of 60 Hz, idle and at work in turns.

``beat_in_window.py ZIP OUT``: writes ``OUT/story.json``. The service has a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import fast_service
from tests.gui.in_window import MODULE, OUT, STORY, Steps, area, install, open_side_panel, run

BEAT_S = 1 / 60
ROUNDS = 3
LOOK_S, CALM_S = 6.0, 2.0
LIVE = 40
LONG_TASK_S, SHORT_TASK_S = 3600.0, 2.0
_PATIENCE = 240


class Beat:
    """A timer that wants to come sixty times a second, and how long each time took."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self) -> float:
        self.times.append(time.perf_counter())
        return BEAT_S

    def watched(self, name: str, seconds: float) -> Steps:
        """Note what comes of it for so long: beats a second, and the longest gap in ms."""
        self.times.clear()
        yield seconds
        gaps = [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]
        entry = {"rate": len(gaps) / sum(gaps), "worst_ms": max(gaps) * 1000}
        STORY.setdefault("beats", {}).setdefault(name, []).append(entry)


def beats() -> Steps:
    """The steps."""
    yield from install()
    beat = Beat()
    bpy.app.timers.register(beat)
    with fast_service.running(LONG_TASK_S) as url:
        set_up(url)
        yield from many_jobs(beat)
    with fast_service.running(SHORT_TASK_S, OUT / "clip.mp4") as url:
        set_up(url)
        yield from large_files(beat, "warming up", rounds=1)
        yield from large_files(beat, "large", ROUNDS)
        for each in bpy.context.window_manager.windows[0].screen.areas:
            each.type = "OUTLINER"
        yield from large_files(beat, "large undrawn", ROUNDS)
        yield from large_files_elsewhere(beat, url)


def set_up(url: str) -> None:
    """A service of somebody who has a key for its address, and asks nothing."""
    page: Any = bpy.context.preferences.addons[MODULE].preferences
    page.service, page.address, page.api_key = "other", url, "none"
    page.clip_folder, page.confirm_units = str(OUT / "clips"), 0
    shot = bpy.context.scene.kling
    shot.kind, shot.mode, shot.duration_s, shot.places_clip = "TEXT", "std", 3, False


def large_files(beat: Beat, name: str, rounds: int) -> Steps:
    """Seven images of 10 MB go up and a clip of 200 MB comes down, idle before each, with the images in the tab."""
    for number in range(rounds):
        set_shot(f"seven images, {name} {number}", sorted(OUT.glob("*.png")))
        yield CALM_S  # Blender reads the whole of an image that it shows for the first time
        yield from beat.watched(f"{name} idle", LOOK_S)
        bpy.ops.kling.submit()
        yield from beat.watched(name, LOOK_S)
        yield from all_is_over()


def large_files_elsewhere(beat: Beat, url: str) -> Steps:
    """The same, but a process of its own sends and fetches: what is left then is not ours to mend."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([sys.modules[MODULE].__path__[0], *sys.path]),
        "KLING_HOME": str(OUT / "elsewhere"),
        "KLING_BASE_URL": url,
        "KLING_API_KEY": "none",
    }
    for number in range(ROUNDS):
        request = OUT / f"elsewhere_{number}.json"
        images = [{"image_url": picture.name} for picture in sorted(OUT.glob("*.png"))]
        body = {"model_name": "kling-v3-omni", "prompt": f"elsewhere {number}", "mode": "std", "duration": "3"}
        request.write_text(json.dumps(body | {"aspect_ratio": "16:9", "image_list": images}), "utf-8")
        command = [sys.executable, "-m", "kling_omni_addon", "submit", str(request), "--wait"]
        yield CALM_S
        yield from beat.watched("elsewhere idle", LOOK_S)
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            yield from beat.watched("elsewhere", LOOK_S)
            for _ in range(_PATIENCE):
                if process.poll() is not None:
                    break
                yield 0.5
            assert process.stderr is not None
            if process.poll() != 0:
                raise RuntimeError(f"it ended with {process.poll()}: {process.stderr.read().decode()}")


def many_jobs(beat: Beat) -> Steps:
    """The tab out of sight and in sight, first idle, then with jobs under way, and idle in the end."""
    yield from in_and_out_of_sight(beat, "warming up")  # what is drawn for the first time has its shaders made
    yield from in_and_out_of_sight(beat, "idle")
    for number in range(LIVE):
        set_shot(f"job {number}", [])
        bpy.ops.kling.submit()
        yield 0.1
    yield CALM_S
    for _ in range(ROUNDS):
        yield from in_and_out_of_sight(beat, "busy")
    for job in jobs():
        bpy.ops.kling.stop_waiting(submission_id=job.id)
    yield from all_is_over()
    yield from in_and_out_of_sight(beat, "idle")


def in_and_out_of_sight(beat: Beat, name: str) -> Steps:
    """With the tab and without."""
    area("VIEW_3D").spaces.active.show_region_ui = False
    yield 1.0
    yield from beat.watched(f"{name} out of sight", LOOK_S)
    open_side_panel("VIEW_3D")
    yield 1.0
    yield from beat.watched(f"{name} in sight", LOOK_S)


def all_is_over() -> Steps:
    """Until nothing is under way any more, and a moment longer. Raises TimeoutError."""
    for _ in range(_PATIENCE):
        if not jobs():
            yield CALM_S
            return
        yield 0.5
    raise TimeoutError(f"{len(jobs())} jobs are still under way")


def set_shot(prompt: str, pictures: list[Path]) -> None:
    """What is to be generated."""
    shot = bpy.context.scene.kling
    shot.kind, shot.prompt = "REFERENCES" if pictures else "TEXT", prompt
    shot.references.clear()
    for path in pictures:
        reference = shot.references.add()
        reference.name, reference.path = f"image_{path.stem}", str(path)


def jobs() -> list[Any]:
    """What is under way."""
    snapshots = sys.modules[f"{MODULE}.kling_omni_addon.blender.connection.snapshots"]
    return [submission for submission in snapshots.submissions() if not submission.is_settled]


run(beats)
