"""The part of the panel that shows what the jobs cost. The sums are there already when it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import bpy

from ...core.amounts import charge_words
from ...core.life.books import By
from ...core.pricing import plain
from ..connection import costs
from ..host.language import translated
from ..host.wrapping import SIDE_BY_SIDE, characters_of, draw_text, in_lines

if TYPE_CHECKING:
    from ...core.life.books import CostSum

_MOST_ROWS: Final = 12
_NAME: Final = 0.35
_TITLES: Final[Mapping[By, str]] = {
    By.DAY: "Costs by Day",
    By.PROJECT: "Costs by Project",
    By.SHOT: "Costs by Shot",
    By.USER: "Costs by User",
    By.MODEL: "Costs by Model",
}


def draw_costs(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """A closed line; in it the button that adds up, and what it found last."""
    header, body = layout.panel("KLING_costs", default_closed=True)
    header.label(text="Costs")
    if body is None:
        return
    body.operator_menu_enum("kling.add_up_costs", "by", text="Add Up by", icon="SORTSIZE")
    found = costs.answered.answer
    if costs.answered.is_asking:
        body.label(text="Reading the job history...", icon="SORTTIME")
    elif costs.answered.problem:
        draw_text(body, context, costs.answered.problem, "ERROR")
    elif found is not None:
        sums = found.sums
        body.label(text=_TITLES[found.by])
        for each in _shown(found.by, sums):
            _draw_sum(body, context, each.what or translated("Not Named"), each)
        if len(sums) > _MOST_ROWS:
            draw_text(body, context, f"{len(sums) - _MOST_ROWS} more: kling costs on the command line.", "NONE")
        _draw_sum(body, context, translated("Total"), found.total)
        if found.left_out:
            draw_text(body, context, "Rehearsals are not counted.", "INFO")


def _shown(by: By, sums: tuple[CostSum, ...]) -> tuple[CostSum, ...]:
    """Those that there is room for: the newest days, else those that cost most."""
    if by is By.DAY:
        return sums[-_MOST_ROWS:]
    return tuple(sorted(sums, key=lambda each: -(each.charged_units + each.estimate_units))[:_MOST_ROWS])


def _draw_sum(layout: bpy.types.UILayout, context: bpy.types.Context, name: str, each: CostSum) -> None:
    width = characters_of(context)
    row = layout.split(factor=_NAME) if width >= SIDE_BY_SIDE else layout.column(align=True)
    row.label(text=name, translate=False)
    amounts = row.column(align=True)
    for line in in_lines(translated(words_of(each)), int(width * (1 - _NAME)) - 1 if width >= SIDE_BY_SIDE else width):
        amounts.label(text=line, translate=False)


def words_of(each: CostSum) -> str:
    """Amounts in words: what was charged, and what may still be."""
    return " · ".join(_parts(each))


def _parts(each: CostSum) -> Iterator[str]:
    yield "1 clip" if each.clips == 1 else f"{each.clips} clips"
    if each.charged_units or not (each.charged_balance or each.estimate_units):
        yield f"{plain(each.charged_units)} units"
    for currency, amount in sorted(each.charged_balance.items()):
        yield charge_words("", plain(amount), currency)
    if each.estimate_units:
        yield f"up to {plain(each.estimate_units)} units not confirmed"
    if each.unpriced_tasks:
        yield "1 task without a price" if each.unpriced_tasks == 1 else f"{each.unpriced_tasks} tasks without a price"
