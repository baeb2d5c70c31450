"""The legacy API, ``/v1/videos/omni-video``: the model in the body, a task by either id (contract sections 4 and 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..capability import Profile
from ..errors import OtherDialect, Unanswered
from ..pieces import Body
from ..protocol import (
    HttpCall,
    HttpReply,
    TaskReport,
    document_of,
    id_of,
    read_data,
    size_for,
)
from .dialect import Page
from .facts import Money, is_wanted, of_the_create, report_of, stranger

LABEL = "the legacy API"
TAKES_KEY_PAIRS = True
TASKS_PATH = "/v1/videos/omni-video"


def written(body: Body, limits: Profile) -> tuple[str, Body]:
    """A create body is drafted in these words already."""
    model = limits.models[body["model_name"]].names[limits.dialect]
    return TASKS_PATH, body | {"model_name": model}


def build_find(external_task_id: str) -> HttpCall:
    """Ask for a task by either id: they share one path (contract 6.2)."""
    return HttpCall(method="GET", path=f"{TASKS_PATH}/{quote(external_task_id, safe='')}")


build_ask = build_find


def build_together(task_ids: Sequence[str]) -> HttpCall | None:
    """The newest page of the list answers for many tasks at once, others of the account among them."""
    size = size_for(len(task_ids))
    return build_page("", size) if len(task_ids) < size else None


def build_page(cursor: str, size: int) -> HttpCall:
    """One page of the list; its cursor is the number of a page, counted from 1 (contract 6.3)."""
    return HttpCall(method="GET", path=f"{TASKS_PATH}?pageNum={cursor or 1}&pageSize={size}")


def cursor_of(number: int) -> str | None:
    """A page's cursor is its number."""
    return str(number)


def read_create(reply: HttpReply, external_task_id: str) -> TaskReport:
    """The task that a create made; see :class:`.dialect.Dialect`."""
    return of_the_create(_report(_data(reply, dict)), external_task_id)


def read_task(reply: HttpReply, wanted: str) -> TaskReport:
    """The task that was asked for: its own id or ours must be ``wanted``."""
    report = _report(_data(reply, dict, is_question=True))
    if not is_wanted(report, wanted):
        raise stranger()
    return report


def read_together(reply: HttpReply) -> tuple[TaskReport, ...]:
    """The tasks on the newest page."""
    return _reports(_data(reply, list))


def read_page(reply: HttpReply, cursor: str) -> Page:
    """A page may be short because an entry could not be read, so only an empty one is the end."""
    entries = _data(reply, list)
    return Page(reports=_reports(entries), after=str(int(cursor or 1) + 1) if entries else "")


def read_callback(body: bytes) -> TaskReport:
    """The task of a callback."""
    return _report(document_of(HttpReply(status=200, headers={}, body=body)))


def _data(reply: HttpReply, kind: type[Any], *, is_question: bool = False) -> Any:
    data = read_data(reply, object, is_question=is_question)
    if isinstance(data, kind):
        return data
    entries = data.get("result") if isinstance(data, dict) else data
    is_of_new = isinstance(entries, list) and any(isinstance(each, dict) and _is_of_new(each) for each in entries)
    raise _in_new_words() if is_of_new else Unanswered("The response contains no data.")


def _reports(entries: Sequence[Any]) -> tuple[TaskReport, ...]:
    readable = [entry for entry in entries if isinstance(entry, dict) and id_of(entry.get("task_id"))]
    strangers = [entry for entry in entries if isinstance(entry, dict) and _is_of_new(entry)]
    if strangers and not readable:
        raise _in_new_words()
    return tuple(map(_report, readable))


def _report(task: Mapping[str, Any]) -> TaskReport:
    if _is_of_new(task):
        raise _in_new_words()
    return report_of(
        task_id=task.get("task_id"),
        external_task_id=_member(task, "task_info").get("external_task_id"),
        status=task.get("task_status"),
        message=task.get("task_status_msg"),
        videos=_member(task, "task_result").get("videos"),
        units=[task.get("final_unit_deduction")],
        money=_money(task.get("final_balance_deduction")),
        created=task.get("created_at"),
        updated=task.get("updated_at"),
    )


def _member(task: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = task.get(name)
    return member if isinstance(member, dict) else {}


def _money(deduction: Any) -> list[Money]:
    """A deduction that names no quota is the amount itself. No currency is documented: it is told where it stands."""
    if isinstance(deduction, dict) and "quota" in deduction:
        return [(deduction["quota"], deduction.get("currency"))]
    return [] if isinstance(deduction, dict) else [(deduction, None)]


def _is_of_new(task: Mapping[str, Any]) -> bool:
    return "task_id" not in task and "id" in task and "status" in task


def _in_new_words() -> OtherDialect:
    return OtherDialect("The request used the legacy API of Kling, but the response is one of the new API.")
