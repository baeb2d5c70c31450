"""Where a submission can stand: a word that every room shows and compares, known without the whole of its life."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a submission stands; docs/architecture.md draws how one leads to the other."""

    INTENDED = "intended"
    UNANSWERED = "unanswered"
    PARKED = "parked"
    ACCEPTED = "accepted"
    READY = "ready"
    FETCHED = "fetched"
    PLACED = "placed"
    FAILED = "failed"
    ABANDONED = "abandoned"
