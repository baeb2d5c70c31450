"""Where a change of a shot is told: the properties send it, the judge hears it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from ..host.signals import Signal

shot_changed: Signal[[bpy.types.Scene]] = Signal()
"""Something of this scene's shot is other than before."""
_same: list[None] = []  # one item while what changes is the same thing in other words


@contextmanager
def the_same() -> Iterator[None]:
    """What is assigned meanwhile changes nothing of a shot, so nobody is told: the same picture by another path."""
    _same.append(None)
    try:
        yield
    finally:
        _same.pop()


def is_the_same() -> bool:
    """Whether what is assigned now changes nothing of a shot."""
    return bool(_same)
