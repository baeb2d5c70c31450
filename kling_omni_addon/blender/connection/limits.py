"""Which state of the service this Blender goes by: what it offers, how it judges, what its rehearsal takes."""

from __future__ import annotations

from ...core import capability
from ...core.capability import Profile


def profile() -> Profile:
    """The limits in force. The one place in ``blender/`` that says which they are."""
    return capability.profile()
