"""What the new API is asked about tasks: some of them by their ids, or all page by page (contract section 13)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from .answers import Refusal
from .members import member, typed
from .new_tasks import status_word
from .tasks import Task, milliseconds

_MOST_IDS = 20
_LIMITS = (1, 500, 100)
"""Smallest, largest, default."""
_MILLISECONDS = re.compile(r"[0-9]{1,15}")
_PRODUCT = "video"
"""The product type of every task here; others of Kling are image and try_on."""
_FILTERS: Mapping[str, Callable[[Task, float], str]] = {
    "status": status_word,
    "product_type": lambda task, now: _PRODUCT,
}


def ids_in(query: str) -> tuple[list[str], list[str]]:
    """The task ids and the external ids that a query string asks for. Raises :class:`Refusal` for none, or too many."""
    members = parse_qs(query)
    ids, names = (_split(members.get(name, [])) for name in ("task_ids", "external_task_ids"))
    if not ids and not names:
        raise Refusal(1201, "task_ids or external_task_ids cannot be empty")
    if len(ids) + len(names) > _MOST_IDS:
        raise Refusal(1201, f"task_ids and external_task_ids support at most {_MOST_IDS} ids together")
    return ids, names


def _split(values: list[str]) -> list[str]:
    return [text for value in values for text in value.split(",") if text]


class Cursors:
    """Texts that say where a page of the list ended: behind which task. Only those made with ``secret`` are taken."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def behind(self, task_id: str) -> str:
        """The cursor for the tasks that are older than this one."""
        signature = hmac.new(self._secret, f"cursor {task_id}".encode(), hashlib.sha256).hexdigest()
        return f"{int(task_id):x}-{signature[:32]}"

    def read(self, cursor: str) -> str:
        """The id of the task that a page ended with. Raises :class:`Refusal` for a text that is no cursor."""
        number, _, _ = cursor.partition("-")
        task_id = f"{int(number, 16):018d}" if re.fullmatch(r"[0-9a-f]{1,16}", number) else ""
        if not task_id or not hmac.compare_digest(self.behind(task_id).encode(), cursor.encode("utf-8", "replace")):
            raise Refusal(1201, f"cursor value '{cursor}' is invalid")
        return task_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of the list, newest first: at most ``limit`` tasks that were made before the one with the id ``before``
    (``""``: from the newest on), from ``start_ms`` to ``end_ms``, each with one of the words that a filter names.
    """

    before: str
    limit: int
    start_ms: int | None
    end_ms: int | None
    filters: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, body: Mapping[str, Any], cursors: Cursors) -> Page:
        """The page that a body asks for. Raises :class:`Refusal` for a member that says nothing usable."""
        cursor = member(body, "cursor", "string")
        return cls(
            before=cursors.read(cursor) if cursor else "",
            limit=_limit(body),
            start_ms=_time(body, "start_time"),
            end_ms=_time(body, "end_time"),
            filters=tuple(_filter(item, f"filters[{place}]") for place, item in enumerate(_list(body, "filters"))),
        )

    def holds(self, task: Task, now: float) -> bool:
        """Whether the task is asked for, wherever it stands in the list."""
        made_ms = milliseconds(task.created_s)
        is_in_time = (self.start_ms is None or made_ms >= self.start_ms) and (
            self.end_ms is None or made_ms <= self.end_ms
        )
        return is_in_time and all(_FILTERS[key](task, now) in words for key, words in self.filters)

    def answered(self, found: list[dict[str, Any]], cursors: Cursors) -> dict[str, Any]:
        """The answer's ``data`` around task objects, of which there is one more than fits where the list goes on."""
        result, has_more = found[: self.limit], len(found) > self.limit
        return {
            "result": result,
            "count": len(result),
            "next_cursor": cursors.behind(result[-1]["id"]) if has_more else "",
            "has_more": has_more,
        }


def _limit(body: Mapping[str, Any]) -> int:
    least, most, default = _LIMITS
    limit = member(body, "limit", "integer")
    if limit is None:
        return default
    if not least <= limit <= most:
        raise Refusal(1201, f"limit value '{limit}' is invalid")
    return int(limit)


def _time(body: Mapping[str, Any], name: str) -> int | None:
    text = member(body, name, "string")
    if not text:
        return None
    if not _MILLISECONDS.fullmatch(text):
        raise Refusal(1201, f"{name} value '{text}' is invalid")
    return int(text)


def _list(body: Mapping[str, Any], name: str, within: str = "") -> list[Any]:
    return member(body, name, "array", within) or []


def _filter(item: Any, at: str) -> tuple[str, frozenset[str]]:
    key = member(typed(item, "object", at), "key", "string", f"{at}.")
    if key not in _FILTERS:
        raise Refusal(1201, f"{at}.key value '{key or ''}' is invalid")
    values = _list(item, "values", f"{at}.")
    if not values:
        raise Refusal(1201, f"{at}.values cannot be empty")
    return key, frozenset(typed(value, "string", f"{at}.values[{place}]") for place, value in enumerate(values))
