"""Every kind of trouble that the simulator knows, and how one story comes by its share of them."""

from __future__ import annotations

from collections import Counter
from random import Random

SENDING = (
    "no connection",
    "reset before the last byte",
    "5xx before the last byte",
    "wait code before the last byte",
    "account code before the last byte",
    "content code before the last byte",
    "reset at the last byte",
    "swallowed",
    "lost answer",
    "late commit",
    "late commit beyond the window",
    "5xx before commit",
    "5xx after commit",
    "500x code before commit",
    "500x code after commit",
    "wait code",
    "account code",
    "key code",
    "clock code",
    "answer cut or foreign",
    "answer drips",
    "delivered twice",
    "second delivery refused",
    "refused for its content",
)
ASKING = (
    "question unanswered",
    "question gets 5xx",
    "question's answer drips",
    "question gets a code",
    "answer about a stranger",
    "look-up lags",
    "look-up blind",
    "list lags",
    "list moves between pages",
)
TASK = ("task fails", "unknown status", "status goes backwards", "success without a link", "hostile numbers")
DOWNLOAD = ("link expired", "download broken", "download starts over", "disk full in the download", "folder gone")
PROCESS = (
    "crash",
    "slow call",
    "frozen",
    "frozen at the commit point",
    "suspended",
    "second process",
    "wall clock off",
    "owner's name used again",
    "clean end",
    "death not seen",
    "away for a month",
    "key replaced",
)
JOURNAL = ("journal refuses", "journal refuses but has it")
SERVICE = ("lax service",)
IN_ANY_WORDS = (*SENDING, *ASKING, *TASK, *DOWNLOAD, *PROCESS, *JOURNAL, *SERVICE)
OF_DIALECTS = (
    "create answered in other words",
    "question answered in other words",
    "a stranger beside the task",
    "list breaks off",
)
"""Those that there are only because the service has two generations of its API."""
ALL = (*IN_ANY_WORDS, *OF_DIALECTS)
RARE = frozenset(
    {
        "refused for its content",
        "content code before the last byte",
        "task fails",
        "journal refuses",
        "journal refuses but has it",
        "key code",
        "away for a month",
    }
)
"""Troubles that end or stop a story early are kept less likely, so that there is a story."""


class Troubles:
    """Which troubles a story has, how often each strikes, and how often it did.

    Those of dialects are drawn from a chance of their own (``tongue``; none without), so that they change nothing in
    the others.
    """

    def __init__(self, chance: Random, tongue: Random | None = None) -> None:
        self._chance = chance
        self._tongue = tongue
        self.is_over = False
        self.counts: Counter[str] = Counter()
        self._rates = {
            kind: chance.choice((0.1, 0.25) if kind in RARE else (0.25, 0.5, 0.9))
            for kind in chance.sample(IN_ANY_WORDS, chance.randint(2, 9))
        }
        if chance.random() < 0.3:
            self._rates["crash"] = 0.9  # the most telling of all
        if tongue is not None:
            for kind in tongue.sample(OF_DIALECTS, tongue.choice((0, 1, 1, 2))):
                self._rates[kind] = tongue.choice((0.25, 0.5, 0.9))

    def strike(self, kind: str) -> bool:
        """Whether this trouble strikes now."""
        rate = self._rates.get(kind)
        if rate is None or self.is_over or self._chance_of(kind).random() >= rate:
            return False
        self.counts[kind] += 1
        return True

    def _chance_of(self, kind: str) -> Random:
        return self._tongue if self._tongue is not None and kind in OF_DIALECTS else self._chance

    def __str__(self) -> str:
        return ", ".join(f"{kind} {rate:.0%}" for kind, rate in self._rates.items())
