"""docs/reliability.md cannot rot: every fault has a row, and every row a test that exists or a reason why not."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.workshop.places import ROOT

NEVER_ASSIGNED = {59, 64, 65}
NUMBERS = [number for number in range(1, 86) if number not in NEVER_ASSIGNED]


@cache
def rows() -> dict[int, str]:
    """Fault number to what its row says of the test."""
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    return {int(number): proof for number, proof in found}


@cache
def names_of_tests() -> set[str]:
    """Every test function there is."""
    files = (ROOT / "tests").rglob("test_*.py")
    text = "\n".join(file.read_text("utf-8") for file in files)
    return set(re.findall(r"^ *def (test_\w+)\(", text, re.MULTILINE))


@pytest.mark.parametrize("number", NUMBERS)
def test_every_fault_names_a_test_that_exists_or_says_why_there_is_none(number: int) -> None:
    proof = rows()[number].strip()
    if proof.startswith("Not "):
        assert len(proof) > 40, "a reason, please"
    else:
        tests = re.findall(r"`(\w+)`", proof)
        assert tests
        assert set(tests) <= names_of_tests()


def test_no_row_is_about_a_fault_that_is_not_listed() -> None:
    assert set(rows()) == set(NUMBERS)
