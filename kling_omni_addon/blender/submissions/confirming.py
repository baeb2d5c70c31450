"""Ask before money above the artist's limit is spent, and only then. A script is never asked."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import bpy

from ...core.life.lifecycle import Submission
from ...core.pricing import plain
from ...core.provenance import request_from
from ...core.request import OmniRequest
from ..connection.clip_links import list_price_of
from ..connection.preferences import confirm_units, service_name
from ..host.reporting import Outcome


def question(requests: Iterable[OmniRequest]) -> str:
    """What to ask before these are sent, as a sentence; ``""`` when nothing has to be asked.

    Nothing is asked of a rehearsal, which is free, and nothing while the limit in the preferences is 0. A clip that may
    cost more than is known, because its list price is a range or missing, counts as its most, or is asked about.
    """
    limit, prices = confirm_units(), [list_price_of(request) for request in requests]
    if not limit or service_name() == "rehearsal":
        return ""
    if None in prices:
        return "Kling's list has no price for this."
    most = sum((price.most_units for price in prices if price), Decimal(0))
    if most <= limit:
        return ""
    dollars = sum((price.most_dollars for price in prices if price), Decimal(0))
    is_exact = all(price.is_exact for price in prices if price)
    return f"This costs {'' if is_exact else 'up to '}{plain(most)} units, ${dollars:.2f} by the list."


def sending_again(submission: Submission) -> str:
    """What to say before the same is sent once more: what the second may cost, where that is known."""
    price = list_price_of(request_from(submission.wish)) if submission.wish else None
    return f"Kling may charge for both. One is {price.label}." if price else "Kling may charge for both."


def ask(operator: bpy.types.Operator, context: bpy.types.Context, event: bpy.types.Event, asked: str) -> Outcome:
    """Have the artist say yes to the question; the operator executes then. Its label is what is asked about."""
    verb = operator.bl_label
    return context.window_manager.invoke_confirm(
        operator, event, title=f"{verb}?", message=asked, confirm_text=verb, icon="QUESTION"
    )
