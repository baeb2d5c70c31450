"""Whether Blender stays smooth: a timer of 60 Hz in a windowed Blender, idle and with work of the extension, in turns.

``BLENDER_WINDOW`` names the Blender, as for ``tests/gui``. The machine has to be idle otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.large_files import written_clip, written_pictures
from benchmarks.measuring import ROOT, Compared
from benchmarks.row import Goal, Row, not_measured, row_of, tell

# In the clone, not in /tmp: the windowed Blender may live in a chroot that sees the clone only.
OUT = ROOT / "demo" / "beat"
LIMIT_S = 900
_HIDDEN, _SHOWN = Goal(limit=0.95, is_ratio=True, is_least=True), Goal(limit=0.85, is_ratio=True, is_least=True)
_MOST_ADDED_MS = 8.0
_NAMES = {
    "out of sight": "beats a second with 40 jobs under way, the tab out of sight, against idle",
    "in sight": "the same with the tab in sight",
    "large": "worst gap of the beat while seven 10 MB images go up and 200 MB come down, against idle",
    "large undrawn": "the same in a window of outliners, where Blender has little to draw",
    "elsewhere": "the same, but a process of its own sends and fetches",
}


def rows() -> list[Row]:
    """Five rows, of the first Blender that ``BLENDER_WINDOW`` names."""
    executable = os.environ.get("BLENDER_WINDOW", "").partition(os.pathsep)[0]
    if not executable:
        return [not_measured(name, "BLENDER_WINDOW names no Blender.") for name in _NAMES.values()]
    story = told(executable)
    if story["error"]:
        return [not_measured(name, story["error"].strip().splitlines()[-1]) for name in _NAMES.values()]
    beats, blender = story["beats"], f"Blender {story['blender']}."
    return [
        row_of(_NAMES["out of sight"], rate(beats, "out of sight"), "", goal=_HIDDEN, words=blender),
        row_of(_NAMES["in sight"], rate(beats, "in sight"), "", goal=_SHOWN),
        worst_gap(beats, "large"),
        worst_gap(beats, "large undrawn"),
        worst_gap(beats, "elsewhere"),
    ]


def told(executable: str) -> dict[str, Any]:
    """What the script in the window tells. Raises FileNotFoundError where it tells nothing."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    written_pictures(OUT)
    written_clip(OUT / "clip.mp4")
    subprocess.run([sys.executable, ".ci/extension.py", "build", "--out", str(OUT)], cwd=ROOT, check=True)
    (extension,) = OUT.glob("*.zip")
    script = str(ROOT / "benchmarks" / "beat_in_window.py")
    command = [executable, "--factory-startup", "--python", script, "--", str(extension), str(OUT)]
    environment = os.environ | {"GB_TIMEOUT": str(LIMIT_S)}  # so long .ci/window_blender.sh leaves the window open
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    story: dict[str, Any] = json.loads((OUT / "story.json").read_text("utf-8"))
    return story


def rate(beats: dict[str, Any], where: str) -> Compared:
    """Beats a second at work and idle; the noise is how far the two idle times lie apart."""
    idle = [each["rate"] for each in beats[f"idle {where}"]]
    busy = statistics.median(each["rate"] for each in beats[f"busy {where}"])
    average = statistics.mean(idle)
    return Compared(ours=busy, yardstick=average, noise=(max(idle) - min(idle)) / average)


def worst_gap(beats: dict[str, Any], name: str) -> Row:
    """The medians of the worst gaps; what is added is judged."""
    idle, busy = (sorted(each["worst_ms"] for each in beats[which]) for which in (f"{name} idle", name))
    gap = Compared(
        ours=statistics.median(busy),
        yardstick=statistics.median(idle),
        noise=(idle[-1] - idle[0]) / statistics.median(idle),
    )
    assert gap.yardstick is not None
    added_ms = gap.ours - gap.yardstick
    goal = Goal(limit=round(gap.yardstick + _MOST_ADDED_MS, 1))
    return row_of(_NAMES[name], gap, "ms", goal=goal, words=f"Added: {added_ms:.1f} ms, of at most 8 ms.")


if __name__ == "__main__":
    sys.exit(tell(rows))
