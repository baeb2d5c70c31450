"""What both dialects tell of a task in the same way: state, video, moments and amounts, and whose it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from ..amounts import LAST_MS, Charge, amount_of, charge_of, seconds_of
from ..errors import Unanswered
from ..protocol import Status, TaskReport, cleaned, id_of, text_of

Money: TypeAlias = tuple[Any, Any]
"""An amount of money and its currency, as the service wrote them."""

_STATUSES = {"succeed": Status.SUCCEEDED} | {status.value: status for status in Status}
"""Either dialect may say either word for a task that has succeeded (contract 6.4)."""
_SAID_LENGTH = 40
_CURRENCY_LENGTH = 8
_LONGEST_CLIP_S = 86_400.0


def report_of(
    *,
    task_id: Any,
    external_task_id: Any,
    status: Any,
    message: Any,
    videos: Any,
    units: Sequence[Any],
    money: Sequence[Money],
    created: Any,
    updated: Any,
) -> TaskReport:
    """A report of what a task object says, each fact as the service wrote it. Raises :class:`Unanswered` for a task
    without an id.
    """
    known_as = id_of(task_id)
    if not known_as:
        raise Unanswered("The response contains no task ID.")
    link, marked_link, duration_s = _video_in(videos)
    charge = _charge_from(units, money)
    return TaskReport(
        task_id=known_as,
        external_task_id=text_of(external_task_id),
        status=_STATUSES.get(text_of(status), Status.UNKNOWN),
        message=cleaned(message),
        link=link,
        marked_link=marked_link,
        duration_s=duration_s,
        charge_units=charge.units,
        charge_balance=charge.balance,
        charge_currency=charge.currency,
        charge_said=charge.said,
        created_at=moment_of(created),
        updated_at=moment_of(updated),
    )


def of_the_create(report: TaskReport, external_task_id: str) -> TaskReport:
    """The report, where it is about the task that was sent. Raises :class:`Unanswered` for a stranger's."""
    if report.external_task_id not in ("", external_task_id):
        raise Unanswered("Kling responded about a different task than the one sent.")
    return report


def is_wanted(report: TaskReport, wanted: str) -> bool:
    """Whether a task bears an id that was asked for, its own or ours."""
    return wanted in (report.task_id, report.external_task_id)


def stranger() -> Unanswered:
    """An answer about a task that nobody asked for."""
    return Unanswered("Kling responded about a different task than the one requested.")


def moment_of(milliseconds: Any) -> float:
    """Unix seconds; 0 for what is no time."""
    return (seconds_of(milliseconds, LAST_MS) or 0.0) / 1000


def _video_in(videos: Any) -> tuple[str, str, float | None]:
    """Link, link of the marked copy, and length of the first video that has a link."""
    for video in videos if isinstance(videos, list) else ():
        if isinstance(video, dict) and video.get("type", "video") == "video" and text_of(video.get("url")):
            links = text_of(video["url"]), text_of(video.get("watermark_url"))
            return *links, seconds_of(video.get("duration"), _LONGEST_CLIP_S)
    return "", "", None


def _charge_from(units: Sequence[Any], money: Sequence[Money]) -> Charge:
    """What a task cost, of its amounts in units and in money. Units "0" beside money are no charge (contract 6.2)."""
    counted = [each for each in units if each is not None]
    taken = [each for each in money if each[0] is not None]
    known = charge_of(counted[0]) if len(counted) == 1 else None  # never more than one was seen
    is_readable = known is not None or not counted
    if is_readable and all(amount_of(each) == 0 for each, _ in taken):
        return Charge(units="" if known is None else f"{known:f}")
    said = [f"{_shown(each)} units" for each in counted] + [f"{_shown(each)} of the balance" for each, _ in taken]
    paid, word = _paid(taken) if is_readable else ("", "")
    return Charge(units=f"{known:f}" if known else "", balance=paid, currency=word, said=", ".join(said[:2]))


def _paid(money: Sequence[Money]) -> tuple[str, str]:
    """What was taken of the balance, and its currency; of several sums none is told, for none was ever seen."""
    amount = amount_of(money[0][0]) if len(money) == 1 else None
    word = cleaned(money[0][1]) if amount else ""
    return (f"{amount:f}" if amount else ""), (word if len(word) <= _CURRENCY_LENGTH else "")


def _shown(value: Any) -> str:
    """What the service wrote for an amount, quoted, short enough for a sentence."""
    text = cleaned(value if isinstance(value, str) else json.dumps(value)[:_SAID_LENGTH])
    return f'"{text[:_SAID_LENGTH]}"'
