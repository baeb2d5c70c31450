"""Waits for a clip that never comes, and is interrupted as by Ctrl-C: ``interrupted_wait.py HANDLER HOW``.

``HANDLER`` is who hears Ctrl-C: ``python``, or ``blender`` for a handler that Python does not know of, as a Blender
without a window has one. ``HOW`` is ``script`` (``api.wait``) or ``operator`` (``kling.submit`` with ``wait_s``).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[3]))

import kling_omni_addon
from kling_omni_addon.blender import api
from kling_omni_addon.blender.host import interrupting

HANDLER, HOW = sys.argv[1:3]
heard: list[int] = []
blenders_own = ctypes.CFUNCTYPE(None, ctypes.c_int)(heard.append)


def say(*told: object) -> None:
    """One line for the test."""
    sys.stdout.write(" ".join(map(str, told)) + "\n")
    sys.stdout.flush()


def interrupt() -> None:
    """Ctrl-C, once the main thread waits."""
    while not is_waiting():
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)


def is_waiting() -> bool:
    """Whether the main thread is in the session's wait, seen twice."""
    seen = []
    for _ in range(2):
        frame = sys._current_frames()[threading.main_thread().ident or 0]
        names = [each.f_code.co_qualname for each in _frames(frame)]
        seen.append("Session.wait" in names and "SystemClock.wait" in names)
        time.sleep(0.3)
    return all(seen)


def _frames(frame: Any) -> Iterator[Any]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def main() -> None:
    """Say how the wait ended, and who hears Ctrl-C then."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
    kling_omni_addon.register()
    scene: Any = bpy.context.scene
    scene.kling.kind, scene.kling.prompt, scene.kling.places_clip = "TEXT", "a cube turns", False
    pointer = ctypes.cast(blenders_own, ctypes.c_void_p).value
    if HANDLER == "blender":
        interrupting._set_handler_of_the_system(pointer)
        setattr(signal, "getsignal", lambda _: None)  # noqa: B010 - what Python says in a Blender that set it before Python began
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        if HOW == "operator":
            say("ended", bpy.ops.kling.submit(wait_s=60.0))
        else:
            say("ended", api.wait([api.submit(scene).id], 60.0))
    except (KeyboardInterrupt, RuntimeError) as error:
        say(type(error).__name__, error)
    if HANDLER == "blender":
        say("given back" if interrupting._handler_of_the_system() == pointer else "kept", heard)
    say("phases", [s.phase.value for s in api.submissions()])
    sys.exit(3)  # which ends the interpreter while the extension is on


main()
