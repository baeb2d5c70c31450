"""The simulator is worth something only if it finds planted mistakes."""

from __future__ import annotations

import pytest

from .mutants import MUTANTS, hunt


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str) -> None:
    assert hunt(name) is not None


def test_the_unmutated_product_passes_the_same_seeds() -> None:
    assert hunt("", histories=500) is None
