"""The examples of docs/scripting.md, read from the page itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scripting.md").read_text(encoding="utf-8")

SECTIONS: Mapping[str, str] = dict(part.partition("\n")[::2] for part in PAGE.split("\n## ")[1:])
"""The text of each section by its heading."""


def blocks(section: str, language: str) -> list[str]:
    """The code of a section: ``python`` or ``sh``."""
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], re.DOTALL)
