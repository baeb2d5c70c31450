"""The picture store, watched: which pictures it copies, and what it takes for old enough to be known again."""

from __future__ import annotations

import time
from typing import BinaryIO

import pytest

from kling_omni_addon.work import picture_store


def let_an_hour_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the store, all that the test writes is an hour old."""
    monkeypatch.setattr(picture_store.time, "time_ns", lambda: int((time.time() + 3600) * 1e9))


def noted_copies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The field of each copy that is made from now on."""
    made: list[str] = []
    copy = picture_store._copy

    def copy_and_note(source: BinaryIO, target: BinaryIO, field: str) -> str:
        made.append(field)
        return copy(source, target, field)

    monkeypatch.setattr(picture_store, "_copy", copy_and_note)
    return made
