"""Item 11.20: what cannot happen to a submission is told in words for a person, never by the names of the code."""

from __future__ import annotations

import re

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import TRANSITIONS, Phase, begin
from kling_omni_addon.core.life.refusals import why_not
from kling_omni_addon.core.payload import Payload

NAMES = re.compile(
    "|".join([*(event.__name__ for event in TRANSITIONS if event is not ev.Sent), "Phase", "submission"])
)
WISHES = [ev.LookAgain(at=1.0), ev.SendAgain(at=1.0), ev.Abandoned(at=1.0, reason="r")]


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("event", WISHES, ids=lambda event: type(event).__name__)
def test_every_refusal_is_a_sentence_that_names_the_clip(phase: Phase, event: ev.Event) -> None:
    from dataclasses import replace

    payload = Payload(external_task_id="kob-1", model="m", pieces=("{}",))
    intended = ev.Intended(
        at=0.0, payload=payload, origin=Origin(service="s", key_fingerprint="k"), target=Target(name="alley_03")
    )
    sentence = why_not(replace(begin(intended), phase=phase), event)
    assert sentence.startswith('"alley_03" cannot be ')
    assert sentence.endswith(".")
    assert not NAMES.search(sentence)
