"""The tests keep to their rooms: what two of them need lies in the workshop, and no test is imported by another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workshop.places import ROOT, TESTS

SHARED = "workshop"
FILES = sorted(TESTS.rglob("*.py"))


def imported(text: str, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The modules of ``tests`` that a file of ``package`` imports, as parts of their names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) + 1 - node.level] if node.level else ()
            module = (*stem, *(node.module.split(".") if node.module else ()))
            names = [(*module, alias.name) for alias in node.names]
        else:
            continue
        yield from (name for name in names if name[0] == "tests")


def complaints(text: str, package: tuple[str, ...]) -> Iterator[str]:
    """What a file of a package (``("tests", "work")``) imports and should not."""
    room = package[1:2]
    for name in imported(text, package):
        if any(part.startswith("test_") for part in name[1:-1]) or is_test(name):
            yield f"{'.'.join(name)} is a test"
        elif name[1:2] not in (room, (SHARED,)):
            yield f"{'.'.join(name)} is of another room"


def is_test(name: tuple[str, ...]) -> bool:
    """Whether this is a test module, and not a function of one."""
    return name[-1].startswith("test_") and (ROOT.joinpath(*name[:-1])).is_dir()


def package_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).parent.parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_file_imports_its_own_room_and_the_workshop_only(path: Path) -> None:
    assert list(complaints(path.read_text("utf-8"), package_of(path))) == []


@pytest.mark.parametrize(
    "text",
    [
        "from tests.work.test_worker import Studio",
        "from tests.work import test_worker",
        "import tests.work.test_worker",
        "from .test_worker import Studio",
        "from . import test_worker",
        "from ..remote.conftest import running",
        "from tests.remote import conftest",
        "def f():\n    from tests.torture.stories import story_of",
    ],
)
def test_an_import_across_rooms_is_found(text: str) -> None:
    assert list(complaints(text, ("tests", "work"))) != []


def test_the_rooms_are_those_of_the_product() -> None:
    """A folder of tests is called after what it tests, or is one of the few that test something else."""
    others = {"farm", "fixtures", "gui", "packaging", "papers", "session", "simulation", "torture", SHARED}
    product = ROOT / "kling_omni_addon"
    for folder, more in ((TESTS, others), (TESTS / "blender", set()), (TESTS / "core", {"golden_payloads"})):
        rooms = {p.name for p in folder.iterdir() if p.is_dir() and p.name != "__pycache__"} - more
        assert rooms <= {p.name for p in (product / folder.relative_to(TESTS)).iterdir()}


def test_every_file_of_the_workshop_says_what_it_is() -> None:
    for path in (TESTS / SHARED).glob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path.name
