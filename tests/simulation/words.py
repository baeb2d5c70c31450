"""How the model of the service says things in each of its two dialects; the facts are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from kling_omni_addon.core.capability import LEGACY, NEW
from kling_omni_addon.core.dialects import legacy, new

OTHER = {LEGACY: NEW, NEW: LEGACY}
NEW_CREATE_PATH = f"{new.CREATE_PATH}kling-3.0-omni"
_WORDS = {LEGACY: ("succeed", "succeeded"), NEW: ("succeeded", "succeeded")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is told of a task. ``links``: None before it is done. ``odd``: what stands in the place of its numbers."""

    id: str
    external_id: str
    status: str
    links: tuple[str, ...] | None = None
    units: str = ""
    odd: tuple[Any, ...] = ()


def dialect_of(path: str) -> str:
    """Which generation of the API has a path."""
    bare = path.partition("?")[0]
    if bare == legacy.TASKS_PATH or bare.startswith(f"{legacy.TASKS_PATH}/"):
        return LEGACY
    assert bare == new.TASKS_PATH or bare == NEW_CREATE_PATH, f"no API has {path}"
    return NEW


def is_create(method: str, path: str) -> bool:
    """Whether a call may cost something: a POST to the new API's tasks is a question."""
    return method == "POST" and path != new.TASKS_PATH


def external_id_in(body: dict[str, Any], dialect: str) -> str:
    """Our id in a create body."""
    return str((body["options"] if dialect == NEW else body)["external_task_id"])


def said(facts: Facts, dialect: str) -> dict[str, Any]:
    """A task object."""
    return _said_in_new(facts) if dialect == NEW else _said_in_legacy(facts)


def _said_in_legacy(facts: Facts) -> dict[str, Any]:
    task: dict[str, Any] = {
        "task_id": facts.id,
        "task_status": facts.status,
        "task_info": {"external_task_id": facts.external_id},
    }
    if facts.links is not None:
        task |= {"task_result": {"videos": [{"url": link} for link in facts.links]}}
        task |= {"final_unit_deduction": facts.units}
    if facts.odd:
        task |= dict.fromkeys(("final_unit_deduction", "created_at", "updated_at"), facts.odd[0])
    return task


def _said_in_new(facts: Facts) -> dict[str, Any]:
    task: dict[str, Any] = {
        "id": facts.id,
        "external_id": facts.external_id,
        "status": facts.status,
        "message": "",
        "outputs": [],
        "billing": [],
    }
    if facts.links is not None:
        task |= {"outputs": [{"type": "video", "id": "v", "url": link} for link in facts.links]}
        task |= {"billing": [_charge(facts.units)]}
    if facts.odd:
        task |= {"billing": [_charge(facts.odd[0])]} | dict.fromkeys(("create_time", "update_time"), facts.odd[0])
    return task


def _charge(amount: Any) -> dict[str, Any]:
    return {"charge_type": "unit", "amount": amount, "package_type": "video"}


def stranger(chance: Random, dialect: str) -> dict[str, Any]:
    """A task that somebody else made with the same account."""
    number = chance.randrange(10**6)
    return said(Facts(id=f"9{number}", external_id=f"other-{number}", status="succeed"), dialect)


def page(tasks: Sequence[dict[str, Any]], after: str) -> dict[str, Any]:
    """A page of the new API's list."""
    return {"result": list(tasks), "count": len(tasks), "next_cursor": after, "has_more": bool(after)}


def broken_page(tasks: Sequence[dict[str, Any]], cursor: str, chance: Random) -> dict[str, Any]:
    """A page after which there is more, and no word about where."""
    whole = page(tasks, "") | {"has_more": True}
    way = chance.choice(("empty", "missing", "null", "the same", "no word"))
    if way == "the same":
        return whole | {"next_cursor": cursor}
    if way == "no word":
        del whole["has_more"]
    elif way == "missing":
        del whole["next_cursor"]
    elif way == "null":
        whole["next_cursor"] = None
    return whole
