"""The simulator is worth something only if it finds planted mistakes."""

from __future__ import annotations

import pytest

from .mutants import HUNTS, hunt


@pytest.mark.parametrize(("name", "dialect"), HUNTS)
def test_a_mutant_is_caught(name: str, dialect: str) -> None:
    assert hunt(name, dialect) is not None


def test_the_unmutated_product_passes_the_same_seeds() -> None:
    assert hunt("", histories=500) is None
