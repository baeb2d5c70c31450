"""Kling Omni inside Blender: shoot frames, write a prompt, get the clip on the timeline.

Nothing here reaches bpy before Blender asks for it, so every other room loads in a plain Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import Preferred


def register() -> None:
    """Put everything the extension has into Blender. Called by Blender on enabling."""
    from .blender import registration

    registration.register(_command_line)


def unregister() -> None:
    """Take all of it out again and leave no trace. Called by Blender on disabling."""
    from .blender import registration

    registration.unregister()


def _command_line(arguments: list[str], environ: Mapping[str, str], preferred: Preferred) -> int:
    """The same command line, reached from inside Blender (``blender --command kling VERB``) and imported only then."""
    from .command_line.cli import main

    return main(arguments, environ, preferred)
