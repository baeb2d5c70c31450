"""Ask before money above the artist's limit is spent, and only then. A script is never asked."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

import bpy

from ...core.pricing import Price, plain
from ...core.provenance import request_from
from ...core.request import OmniRequest
from ..connection import account, limits
from ..connection.clip_links import list_price_of
from ..connection.preferences import confirm_units, service
from ..host.language import translated
from ..host.reporting import Outcome
from ..shot.reading import Wish
from . import words

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission


def question(requests: Iterable[OmniRequest]) -> str:
    """What to ask before these are sent, as a sentence; ``""`` when nothing has to be asked.

    Nothing is asked of a rehearsal, which is free. Where nobody chose the service, the first clip that costs is asked
    about. Else nothing is asked while the limit in the preferences is 0. A clip that may cost more than is known,
    because its list price is a range or missing, counts as its most, or is asked about.
    """
    limit, prices = confirm_units(), [list_price_of(request) for request in requests]
    if service().is_rehearsal:
        return ""
    first = nobody_chose()
    most = sum((price.most_units for price in prices if price), Decimal(0))
    if not first and (not limit or (None not in prices and most <= limit)):
        return ""
    return " ".join(part for part in (first, _cost_of(prices, most)) if part)


def question_of_shot(wish: Wish, takes: int) -> str:
    """The same for some takes of one shot: what they are, what they cost, and what is left where that is known."""
    asked = question([wish.request] * takes)
    if not asked:
        return ""
    left = f" {words.balance(account.balance.answer)} are left." if account.balance.answer is not None else ""
    return f"{_what(wish, takes)} {asked}{left}"


def _what(wish: Wish, takes: int) -> str:
    """Name, length and quality: what a person would not want to pay for by mistake."""
    request, at = wish.request, limits.profile()
    length = "as long as its video" if request.is_edit else f"{request.duration_s} s"
    several = f"{takes} takes, each " if takes > 1 else ""
    quality = f"{at.mode_labels.get(request.mode, request.mode)} {at.mode_lines.get(request.mode, '?')}p"
    return f'"{wish.target.name}": {several}{length}, {quality}.'


def nobody_chose() -> str:
    """What to say at the first clip of a session that costs, where nobody chose a service; ``""`` from then on."""
    choice = service()
    if not choice.is_automatic or choice.is_rehearsal or choice.name in _agreed:
        return ""
    return "This is sent to Kling, because there is a key and no service is selected."


def agree() -> None:
    """Something was sent with the service in force: :func:`nobody_chose` has been said, or a script needs no word."""
    _agreed.add(service().name)


_agreed: set[str] = set()


def _cost_of(prices: list[Price | None], most: Decimal) -> str:
    if None in prices:
        return "Kling's price list has no price for this."
    dollars = sum((price.most_dollars for price in prices if price), Decimal(0))
    if all(price.is_exact for price in prices if price):
        return f"This costs {plain(most)} units (list price ${dollars:.2f})."
    return f"This costs up to {plain(most)} units (list price ${dollars:.2f})."


def sending_again(submission: Submission) -> str:
    """What to say before the same is sent once more: what the second may cost, where that is known."""
    price = list_price_of(request_from(submission.wish)) if submission.wish else None
    return f"You may be charged for both. One is {price.spoken}." if price else "You may be charged for both."


def ask(operator: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event, asked: str) -> Outcome:
    """Have the artist say yes to the question; the operator executes then. Its label is what is asked about."""
    verb = operator.bl_label
    return context.window_manager.invoke_confirm(
        operator,
        event,
        title=translated(f"{verb}?"),
        message=translated(asked),
        confirm_text=translated(verb),
        icon="QUESTION",
    )
