"""The Open Job Description template, run as a farm runs it: it kills, and runs again."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from .farm import SECONDS, Farm, clips_of_otio, said_by, until

otio: Any = pytest.importorskip("opentimelineio", reason="has no wheel for this Python")
SHOTS = 12


def test_twelve_shots_are_paid_once_whatever_is_killed_on_the_way(farm: Farm) -> None:
    keys = farm.write(SHOTS)
    with farm.gateway(KLING_CONCURRENCY="1") as gateway:
        a_render_is_killed(farm)
        job = farm.openjd()
        until(lambda: farm.creates >= 2)
        gateway.kill()
        code, said = said_by(job)
    assert (code, len(farm.rendered)) == (1, SHOTS - 1), said  # the shot from text has no frames
    assert [call.split()[1] for _, call in farm.calls()[-2:]] == ["submit", "collect"]
    assert farm.creates < SHOTS

    assert farm.gateway_until_empty().code == 0
    code, said = said_by(farm.openjd("--step", "Collect", "--no-run-dependencies"))
    assert code == 0, said
    assert farm.creates == SHOTS
    assert farm.strips() == [(key, 1 + place * SECONDS * 24) for place, key in enumerate(keys)]
    assert clips_of_otio(farm.folder / "edit.otio", otio) == keys


def a_render_is_killed(farm: Farm) -> None:
    """The second task, when it has rendered something."""
    job = farm.openjd()
    of_first = SHOTS // 2
    until(lambda: len(farm.rendered) > of_first)
    ((pid, _),) = farm.calls("--part 2/2")
    os.kill(pid, signal.SIGKILL)
    code, said = said_by(job)
    assert (code, farm.calls("submit")) == (1, []), said
    assert of_first < len(farm.rendered) < SHOTS - 1
