"""The published requests of ``kling_api/samples.json`` behave as the file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.rules.table import problems_in

# A copy of the public samples that this project was given; see its "about".
SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "samples.json").read_text(encoding="utf-8"))[
    "requests"
]


@pytest.mark.parametrize("profile", capability.PROFILES)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])
def test_a_sample_is_judged_as_it_says(sample: dict[str, Any], profile: str) -> None:
    problems = problems_in(sample["body"], profile=capability.profile(profile))
    expected = [] if sample["rules"] == "accepted" else [sample["rules"]]
    assert [problem.rule for problem in problems] == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])
def test_the_lenient_switch_accepts_every_sample(sample: dict[str, Any]) -> None:
    assert problems_in(sample["body"], profile=capability.profile(), lenient_o1_duration=True) == ()
