"""The examples of docs/requests.md, read from the page itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kling_omni_addon.core.payload import request_from_body
from kling_omni_addon.core.pricing import Price, price_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "requests.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Example:
    """One JSON block, with the text behind it up to the next one."""

    section: str
    body: dict[str, Any]
    notes: str

    @property
    def name(self) -> str:
        """What pytest shows."""
        return f"{self.section} ({self.body['model_name']})"

    @property
    def price(self) -> Price:
        """What it costs by the list."""
        price = price_of(request_from_body(self.body))
        assert price is not None
        return price


SECTIONS: Mapping[str, str] = dict(part.partition("\n")[::2] for part in PAGE.split("\n## ")[1:])
"""The text of each section by its heading."""

EXAMPLES = tuple(
    Example(section, json.loads(code), notes)
    for section, text in SECTIONS.items()
    for code, notes in re.findall(r"```json\n(.*?)```(.*?)(?=```|\Z)", text, re.DOTALL)
)

PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
"""The Python blocks."""
