"""What it costs that the extension is there: enabling it in Blender, and starting its command line; needs bpy.

Each time a fresh process, for a module is imported once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from benchmarks.measuring import ROOT, Figures, compared, of_command
from benchmarks.row import Goal, Row, row_of, tell

ROUNDS, QUICK_ROUNDS = 3, 5
ENABLING = "import kling_omni_addon; kling_omni_addon.register()"
IMPORTING = "import requests, jwt, jsonschema"
_IN_BLENDER = """
import json, os, sys, time
import bpy
known, began = set(sys.modules), time.process_time()
{act}
print("\\n" + json.dumps({{"cpu": (time.process_time() - began) * 1000, "modules": len(set(sys.modules) - known)}}))
sys.stdout.flush()
os._exit(0)
"""


def rows() -> list[Row]:
    """CPU and modules."""
    enabling = compared(lambda: in_blender(ENABLING), lambda: in_blender(IMPORTING), ROUNDS)
    version, nothing = [sys.executable, "-m", "kling_omni_addon", "--version"], [sys.executable, "-c", ""]
    starting = compared(lambda: cpu_ms(version), lambda: cpu_ms(nothing), QUICK_ROUNDS)["cpu"]
    against = "against importing requests, jwt and jsonschema"
    return [
        row_of(f"enabling the extension: CPU, {against}", enabling["cpu"], "ms", goal=Goal(limit=60)),
        row_of(f"enabling the extension: modules, {against}", enabling["modules"], "", goal=Goal(limit=60)),
        row_of("kling --version: CPU, against a Python that does nothing", starting, "ms"),
    ]


def in_blender(act: str) -> Figures:
    """``cpu`` in ms and ``modules`` of some code in a fresh Python that has imported bpy. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"BLENDER_USER_RESOURCES": folder, "KLING_HOME": folder}
        code = _IN_BLENDER.format(act=act)
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def cpu_ms(command: list[str]) -> Figures:
    """Milliseconds of CPU of a program."""
    return {"cpu": of_command(command)["cpu"] * 1000}


if __name__ == "__main__":
    sys.exit(tell(rows))
