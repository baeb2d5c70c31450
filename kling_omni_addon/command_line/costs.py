"""``kling costs``: what the job history cost, added up. It asks nobody and needs no key."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..core.errors import ArgumentsInvalid
from ..core.life.books import By, CostSum
from ..core.pricing import plain
from . import verbs
from .output import say, say_of_all, say_text, tell

if TYPE_CHECKING:
    from ..core.life.books import Costs

Verb = Callable[..., argparse.ArgumentParser]
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins like this is a formula to a spreadsheet, and names come from anybody."""


def add(names: Any, add_verb: Verb) -> None:
    """The words of the verb."""
    what, example = "add up what the job history cost; asks nobody, needs no key", "costs --by day --since 2026-11-01"
    verb = add_verb(names, "costs", costs, what, says="sums", example=example)
    verb.add_argument(
        "--by", choices=[each.value for each in By], default=By.PROJECT.value, help="what to add up (default: project)"
    )
    verb.add_argument("--since", default="", metavar="DATE", help="only jobs sent on this day or later: YYYY-MM-DD")
    verb.add_argument("--rehearsal", action="store_true", help="add up rehearsals instead, which cost nothing")
    verb.add_argument("--csv", action="store_true", help="print a table as CSV, without the total")


def costs(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Print a line for each, and one for all of them."""
    from ..costs import read_costs
    from ..settings import home_folder

    if options.csv and options.json:
        raise ArgumentsInvalid("--csv cannot be combined with --json.", field="csv", remedy="Leave one of the two out.")
    journal = home_folder(environment) / "journal.sqlite3"
    verbs.tell_if_missing(journal)
    found = read_costs(journal, By(options.by), options.since, rehearsed=options.rehearsal)
    if options.csv:
        _say_table(found)
    else:
        for each in found.sums:
            say({"by": found.by, "what": each.what or None} | _amounts(each))
        say_of_all({"total": _amounts(found.total)})
    _tell_left_out(found.left_out, is_rehearsal=options.rehearsal)
    return 0


def _amounts(each: CostSum) -> dict[str, Any]:
    return {
        "jobs": each.jobs,
        "clips": each.clips,
        "tasks": each.tasks,
        "estimate_units": plain(each.estimate_units),
        "unpriced_tasks": each.unpriced_tasks,
        "charged_units": plain(each.charged_units),
        "charged_balance": {currency: plain(amount) for currency, amount in sorted(each.charged_balance.items())},
    }


def _say_table(found: Costs) -> None:
    """CSV: a column for each currency, so that no cell holds two amounts."""
    currencies = sorted(found.total.charged_balance)
    names = list(_amounts(CostSum()))[:-1]
    money = [f"charged_balance_{currency}".rstrip("_") for currency in currencies]
    _say_row([found.by.value, *names, *map(_cell, money)])
    for each in found.sums:
        amounts = _amounts(each)
        of_balance = [amounts["charged_balance"].get(currency, "") for currency in currencies]
        _say_row([_cell(each.what), *(amounts[name] for name in names), *of_balance])


def _say_row(cells: Iterable[Any]) -> None:
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow(list(cells))
    say_text(row.getvalue())


def _cell(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name


def _tell_left_out(left_out: int, *, is_rehearsal: bool) -> None:
    if left_out and not is_rehearsal:
        tell(f"kling: Rehearsed jobs that are not counted: {left_out}. Add them up with: kling costs --rehearsal")
