"""One line of the table of figures: what was measured, against what, and whether that is good enough.

``python -m benchmarks.NAME`` prints the rows of one benchmark, and ``--json FILE`` keeps them for ``benchmarks.bench``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measuring import Compared

HEAD = ("What", "Ours", "Against", "Ratio", "Noise", "Goal", "Met")
_MET = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``ours`` and ``yardstick`` are figures with their unit; ``ratio`` is the one divided by the other, ``noise`` the
    floor below which a difference says nothing, as a share. None where there is none. ``is_met`` is None without a goal
    and where nothing was measured; ``words`` say why, and whatever else a reader has to know.
    """

    name: str
    ours: str = ""
    yardstick: str = ""
    ratio: float | None = None
    noise: float | None = None
    goal: str = ""
    is_met: bool | None = None
    words: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of :data:`HEAD`."""
        ratio = "" if self.ratio is None else _digits(self.ratio)
        noise = "" if self.noise is None else f"{self.noise:.0%}"
        return (self.name, self.ours, self.yardstick, ratio, noise, self.goal, _MET[self.is_met])


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """At most, or at least, so much: of our own figure in its unit, or of the ratio."""

    limit: float
    is_ratio: bool = False
    is_least: bool = False

    def words(self, unit: str) -> str:
        """As it stands in the table."""
        sign = "≥" if self.is_least else "≤"
        return f"{sign} {self.limit:g}{'x' if self.is_ratio else f' {unit}'.rstrip()}"

    def is_met_by(self, compared: Compared) -> bool:
        """Whether it is reached, noise or not."""
        value = self._value(compared)
        return value >= self.limit if self.is_least else value <= self.limit

    def is_within_noise(self, compared: Compared) -> bool:
        """Whether the noise is larger than the distance from the goal."""
        value = self._value(compared)
        return abs(value - self.limit) <= compared.noise * value

    def _value(self, compared: Compared) -> float:
        return compared.ratio if self.is_ratio and compared.ratio is not None else compared.ours


def row_of(name: str, compared: Compared, unit: str, *, goal: Goal | None = None, words: str = "") -> Row:
    """A row of what was compared; where the noise decides, it says so."""
    said = [words] if words else []
    if compared.ratio is not None and compared.noise and abs(compared.ratio - 1) <= compared.noise:
        said.append("The difference is below the noise.")
    if goal is not None and goal.is_within_noise(compared):
        said.append("The distance from the goal is below the noise.")
    return Row(
        name=name,
        ours=figure(compared.ours, unit),
        yardstick="" if compared.yardstick is None else figure(compared.yardstick, unit),
        ratio=compared.ratio,
        noise=compared.noise,
        goal="" if goal is None else goal.words(unit),
        is_met=None if goal is None else goal.is_met_by(compared),
        words=" ".join(said),
    )


def not_measured(name: str, why: str, goal: str = "") -> Row:
    """A row that is empty today, and why, as a sentence."""
    return Row(name=name, goal=goal, words=f"Not measured: {why}")


def figure(value: float, unit: str) -> str:
    """A number with its unit, to three digits; counts are whole."""
    return f"{_digits(value)} {unit}".rstrip()


def _digits(value: float) -> str:
    decimals = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{decimals}f}"


def table_of(rows: Iterable[Row]) -> str:
    """The rows as a table of Markdown, and below it a line for each that has something to say."""
    rows = list(rows)
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}", *(f"| {' | '.join(row.cells)} |" for row in rows)]
    said = [f"* {row.name}: {row.words}" for row in rows if row.words]
    return "\n".join([*lines, "", *said] if said else lines)


def tell(measure: Callable[[], list[Row]]) -> int:
    """Measure, and print the table or keep it as JSON; 1 where a goal is not met."""
    rows = measure()
    if sys.argv[1:2] == ["--json"]:
        Path(sys.argv[2]).write_text(json.dumps([asdict(row) for row in rows]), "utf-8")
    else:
        print(table_of(rows))
    return int(any(row.is_met is False for row in rows))
