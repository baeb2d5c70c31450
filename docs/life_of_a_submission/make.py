"""Draw the life of a submission into ``docs/architecture.md``, from the one table that decides it.

    .venv/bin/python docs/life_of_a_submission/make.py

What stands between the two marks of that page is replaced; a test compares it with what this would write.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from kling_omni_addon.core.life import events  # noqa: E402 - found by the path above, as is the next one
from kling_omni_addon.core.life.lifecycle import TRANSITIONS, Phase  # noqa: E402

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- made by docs/life_of_a_submission/make.py: begin -->"
END = "<!-- made by docs/life_of_a_submission/make.py: end -->"

_OPENED_IN = {events.Intended: Phase.INTENDED, events.Adopted: Phase.ACCEPTED}
"""The phase in which each event leaves the submission whose history it opens (``lifecycle.begin``)."""


def drawn() -> str:
    """The diagram of what changes the phase, and the table of what does not."""
    return "\n".join(("```mermaid", *_diagram(), "```", "", *_table()))


def page_with_life(page: str) -> str:
    """The page, with the diagram and the table of today between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or END not in rest:
        raise ValueError(f"{PAGE.name} lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{drawn()}\n{END}{after}"


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    for opening, phase in _OPENED_IN.items():
        yield f"    [*] --> {phase.name}: {opening.__name__}"
    for before in Phase:
        for after in Phase:
            names = _events_between(before, after)
            if names and before is not after:
                yield f"    {before.name} --> {after.name}: {', '.join(names)}"


def _table() -> Iterator[str]:
    yield "| Phase | Events that happen in it and do not change it |"
    yield "|---|---|"
    for phase in Phase:
        names = _events_between(phase, phase)
        yield f"| {phase.name} | {', '.join(f'`{name}`' for name in names) or 'none'} |"


def _events_between(before: Phase, after: Phase) -> list[str]:
    """The names of the events that lead from the one phase to the other, in the order of the table."""
    found: dict[tuple[Phase, Phase], list[str]] = defaultdict(list)
    for event, ways in TRANSITIONS.items():
        for start, end in ways.items():
            found[start, end].append(event.__name__)
    return found[before, after]


if __name__ == "__main__":
    PAGE.write_text(page_with_life(PAGE.read_text("utf-8")), "utf-8")
