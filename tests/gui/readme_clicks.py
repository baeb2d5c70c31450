"""What README.md tells somebody to do who has never seen the extension, read from README.md itself."""

from __future__ import annotations

import re
from pathlib import Path

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
SENTENCE = "The camera circles the cube in the evening light"


def listed_clicks() -> list[str]:
    """The labels that are to be clicked, in their order: every ``click **Label**`` of the numbered list."""
    section = README.partition("## First Clip in Rehearsal")[2].partition("\n## ")[0]
    steps = re.findall(r"^\d\. (.*)$", section, re.MULTILINE)
    return [label for step in steps for label in re.findall(r"[Cc]lick \*\*(.*?)\*\*", step)]
