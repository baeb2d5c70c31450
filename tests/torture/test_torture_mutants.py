"""Harness 4, the part that needs kills or two processes: planted mistakes, each found by the checks of harness 2. Those
with fsync are in test_power_loss.py.
"""

from __future__ import annotations

import pytest

from kling_omni_addon.core.capability import DIALECTS
from tests.torture.mutants import STORIES
from tests.torture.running import ONLY_POSIX, torture

pytestmark = ONLY_POSIX

_FAILED = "was paid and is failed"
SHOWN_BY = {
    "Sent journaled after the last byte": (_FAILED,),
    "no lease check with two processes": ("creates arrived, and the journal accounts for", _FAILED),
    "commit without a look": ("times; the user said Send Again 0 times", _FAILED),
    "Range ignored but appended": ("is not the service's",),
    "a refusal believed at once": (_FAILED,),
    "an unreadable charge is zero": ("records 0 units, the service charged",),
    "elsewhere without a word": ("no word",),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("mutant", STORIES)
def test_a_planted_mistake_is_found(mutant: str, dialect: str) -> None:
    violations = torture("--story", mutant, "--planted", "--dialect", dialect)["violations"]
    assert any(words in violation for violation in violations for words in SHOWN_BY[mutant]), violations


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("mutant", STORIES)
def test_the_same_story_without_the_mistake_ends_well(mutant: str, dialect: str) -> None:
    assert torture("--story", mutant, "--dialect", dialect)["violations"] == []
