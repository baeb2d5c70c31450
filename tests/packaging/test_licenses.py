"""The page that says what travels in the zip, and that what tests and checks need is pinned."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.workshop.places import ROOT

PAGE = ROOT / "docs" / "dev" / "dependencies.md"


def test_the_page_is_what_make_licenses_writes(tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, ROOT / ".ci/licenses.py", tmp_path / "page"]
    subprocess.run(command, check=True)
    assert (tmp_path / "page").read_text("utf-8") == PAGE.read_text("utf-8"), "run `make licenses`"


def test_every_package_on_the_page_has_a_version_a_license_and_somebody_who_needs_it() -> None:
    rows = re.findall(r"(?m)^\| (.+) \|$", PAGE.read_text("utf-8"))[1:]
    pinned = (ROOT / ".ci/wheels.txt").read_text("utf-8").count("--hash=sha256:")
    assert len(rows) == pinned
    assert [row for row in rows if not all(cell.strip() for cell in row.split(" | "))] == []


@pytest.mark.parametrize("wheel", sorted((ROOT / "wheels").glob("*.whl")), ids=lambda wheel: wheel.name)
def test_every_wheel_brings_the_text_of_its_license(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if re.search(r"\.dist-info/(licenses/)?(LICEN[CS]E|COPYING)[^/]*$", name)]


@pytest.mark.parametrize("name", ["test.txt", "dev.txt"])
def test_what_tests_and_checks_need_is_pinned_to_a_version(name: str) -> None:
    lines = (ROOT / ".ci" / name).read_text("utf-8").splitlines()
    packages = [line.partition("#")[0].strip() for line in lines if not line.startswith("#")]
    assert [package for package in packages if not re.fullmatch(r"[a-z-]+==[\d.]+", package)] == []
