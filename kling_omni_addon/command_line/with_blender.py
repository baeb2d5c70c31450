"""The verbs that need Blender get it here: the Blender around the command line, or the bpy module of this Python."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from ..core.errors import ArgumentsInvalid
from . import output


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep a Ctrl-C for the end: Blender's start prints its traceback, and goes on without what it was at."""
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt


@contextmanager
def in_blender(environment: Mapping[str, str], command: Sequence[str]) -> Iterator[None]:
    """Have Blender, with the extension in place; what it prints goes to stderr meanwhile.

    Raises :class:`ArgumentsInvalid` in a Python without it, and says in which Blender to run the ``command``.
    """
    if importlib.util.find_spec("bpy") is None:
        found = environment.get("BLENDER") or shutil.which("blender") or "blender"
        *verb, file = command
        sentence = f"kling {' '.join(verb)} needs Blender, which this Python is not."
        remedy = f"Run: {found} --command kling {' '.join(verb)} {shlex.quote(file)} ..."
        raise ArgumentsInvalid(sentence, field="BLENDER", remedy=remedy)
    with output.alone(), ExitStack() as stack:
        with uninterrupted():
            import bpy
        if not hasattr(bpy.types.Scene, "kling"):  # the bpy module, where nobody enables extensions
            from .. import register, unregister

            register()
            stack.callback(unregister)
        yield
