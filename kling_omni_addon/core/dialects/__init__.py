"""The generations of Kling's API, each a strict codec: bodies, calls and replies (contract sections 4, 6 and 13)."""

from __future__ import annotations

from collections.abc import Mapping

from ..capability import LEGACY, NEW
from . import legacy, new
from .dialect import Dialect, Page

__all__ = ["Dialect", "Page", "spoken"]

_DIALECTS: Mapping[str, Dialect] = {LEGACY: legacy, NEW: new}


def spoken(name: str) -> Dialect:
    """The codec of a dialect (one of ``capability.DIALECTS``)."""
    return _DIALECTS[name]
