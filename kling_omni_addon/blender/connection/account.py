"""The balance of the account, which tests the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import opening
from .online import require_online
from .questions import Question

if TYPE_CHECKING:
    from ...core.account import Pack

balance: Question[tuple[Pack, ...]] = Question()
"""The account's packs of units."""


def ask() -> None:
    """Ask for the balance; free. Raises like :func:`opening.session`, and :class:`NotSent` offline."""
    require_online()
    balance.forget()
    balance.ask(lambda: opening.session().ask_account())
