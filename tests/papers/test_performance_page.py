"""docs/performance.md says how each benchmark is taken, and a run replaces its table and nothing else."""

from __future__ import annotations

import re

import pytest

from benchmarks import bench
from tests.workshop.places import ROOT


def test_every_benchmark_is_run_and_explained() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef rows()" in path.read_text("utf-8")}
    page = bench.PAGE.read_text("utf-8")
    assert files == set(bench.NAMES)
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == files


def test_a_run_replaces_the_table_and_nothing_else() -> None:
    page = bench.PAGE.read_text("utf-8")
    before, _, rest = page.partition(bench.BEGIN)
    after = rest.partition(bench.END)[2]
    assert bench.page_with_table(page, "| a table |") == f"{before}{bench.BEGIN}\n| a table |\n{bench.END}{after}"


def test_a_page_without_marks_is_told() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        bench.page_with_table("# A page\n", "| a table |")
