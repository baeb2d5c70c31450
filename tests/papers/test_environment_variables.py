"""Every variable of the environment that the code reads stands in one table, and no other does."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from kling_omni_addon.command_line.cli import _EPILOG
from tests.workshop.places import ROOT

NAME = re.compile(r"KLING_[A-Z_]*[A-Z]|BLENDER")
ROW = re.compile(r"^\| (`(?:KLING_\w+|BLENDER)`(?:, `\w+`)*) \|", re.MULTILINE)
ELSEWHERE = {"KLING_UPLOAD_COMMAND", "KLING_DELETE_COMMAND", "KLING_LINK_LIFETIME_S"}
"""Read in Blender alone, so that the help of the command line leaves them out."""


@cache
def read_by_the_code() -> frozenset[str]:
    return frozenset(_read())


def _read() -> Iterator[str]:
    for path in (ROOT / "kling_omni_addon").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                yield node.value


def listed() -> Counter[str]:
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    rows = [row for page in pages for row in ROW.findall(page.read_text("utf-8"))]
    return Counter(name for row in rows for name in re.findall(r"`(\w+)`", row))


def test_each_is_listed_exactly_once() -> None:
    assert listed() == Counter(read_by_the_code())


def test_the_help_of_the_command_line_names_those_of_the_command_line() -> None:
    assert set(NAME.findall(_EPILOG)) == read_by_the_code() - ELSEWHERE - {"BLENDER"}
