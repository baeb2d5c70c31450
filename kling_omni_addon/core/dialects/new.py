"""The new API: the model in the path, one path of tasks for all products, API keys only (contract section 13)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ..capability import ModelLimits, Profile
from ..errors import OtherDialect, Reaction, TaskUnknown, Unanswered
from ..pieces import Body, pieces_of
from ..protocol import (
    NO_SUCH_TASK_REMEDY,
    HttpCall,
    HttpReply,
    TaskReport,
    document_of,
    id_of,
    read_data,
    text_of,
)
from ..script import script_of
from .dialect import Page
from .facts import Money, is_wanted, of_the_create, report_of, stranger

LABEL = "the new API"
TAKES_KEY_PAIRS = False
CREATE_PATH = "/omni-video/"
TASKS_PATH = "/tasks"
MOST_TOGETHER = 20

_IMAGE_TYPES = {
    None: "refer_image",
    "first_frame": "first_frame",
    "middle_frame": "middle_frame",
    "end_frame": "last_frame",
}
_VIDEO_TYPES = {None: "base_video", "base": "base_video", "feature": "feature_video"}
_REFERENCE = re.compile(
    r"(?:(?<=(?P<before>[\w>])))?<<<\s*(?P<name>(?:image|element|video)_[0-9]+)\s*>>>(?:(?=(?P<after>\w)))?"
)


def written(body: Body, limits: Profile) -> tuple[str, Body]:
    """Contents, settings and options, each said in full: what is left out has other defaults here than there."""
    model = limits.models[body["model_name"]]
    contents = [{"type": "prompt", "text": _mentioned(_prompt(body))}, *_references(body)]
    document: Body = {"contents": contents, "settings": _settings(body, limits)}
    taken = ("watermark_info", "callback_url", *(("external_task_id",) if model.takes_own_ids else ()))
    options = {name: body[name] for name in taken if name in body}
    return CREATE_PATH + model.names[limits.dialect], document | ({"options": options} if options else {})


def _prompt(body: Body) -> str:
    if body.get("multi_shot") and body["shot_type"] == "customize":
        return script_of((int(shot["duration"]), shot["prompt"]) for shot in body["multi_prompt"])
    return str(body["prompt"])


def _mentioned(text: str) -> str:
    """References as this API writes them, set off from a letter or another reference beside them."""
    return _REFERENCE.sub(
        lambda match: f"{' ' if match['before'] else ''}@{match['name']}{' ' if match['after'] else ''}", text
    )


def _references(body: Body) -> Iterator[Body]:
    for number, image in enumerate(body.get("image_list") or (), start=1):
        yield {"type": _IMAGE_TYPES[image.get("type")], "url": image["image_url"], "id": f"image_{number}"}
    for number, video in enumerate(body.get("video_list") or (), start=1):
        yield {"type": _VIDEO_TYPES[video.get("refer_type")], "url": video["video_url"], "id": f"video_{number}"}
    for number, element in enumerate(body.get("element_list") or (), start=1):
        yield {"type": "element", "element_id": str(element["element_id"]), "id": f"element_{number}"}


def _settings(body: Body, limits: Profile) -> Body:
    use = _use(body)
    settings: Body = {
        "resolution": limits.mode_resolutions[body["mode"]],
        "audio": _audio(body, use, limits.models[body["model_name"]]),
        "multi_shot": bool(body.get("multi_shot")) or use == "feature_video",  # that one is refused without
    }
    if body.get("aspect_ratio"):
        settings["aspect_ratio"] = body["aspect_ratio"]
    if body.get("duration") and use != "base_video":
        settings["duration"] = int(body["duration"])
    return settings


def _use(body: Body) -> str:
    return next((_VIDEO_TYPES[video.get("refer_type")] for video in body.get("video_list") or ()), "")


def _audio(body: Body, use: str, model: ModelLimits) -> str:
    if use == "base_video" and body["video_list"][0].get("keep_original_sound") == "yes":
        return "original"
    return "native" if body.get("sound") == "on" or model.is_never_silent else "off"


def build_find(external_task_id: str) -> HttpCall:
    """Ask for a task by our own id."""
    return _by_ids("external_task_ids", [external_task_id])


def build_ask(task_id: str) -> HttpCall:
    """Ask for a task by the service's id."""
    return _by_ids("task_ids", [task_id])


def build_together(task_ids: Sequence[str]) -> HttpCall | None:
    """Ask for several tasks by the service's ids."""
    return _by_ids("task_ids", task_ids) if len(task_ids) <= MOST_TOGETHER else None


def _by_ids(kind: str, ids: Sequence[str]) -> HttpCall:
    return HttpCall(method="GET", path=f"{TASKS_PATH}?{urlencode({kind: ','.join(ids)})}")


def build_page(cursor: str, size: int) -> HttpCall:
    """One page of all tasks of the account."""
    return HttpCall(method="POST", path=TASKS_PATH, pieces=pieces_of({"cursor": cursor, "limit": size}))


def cursor_of(number: int) -> str | None:
    """The first page has none; the others are told by the page before."""
    return "" if number == 1 else None


def read_create(reply: HttpReply, external_task_id: str) -> TaskReport:
    """The task that a create made; see :class:`.dialect.Dialect`."""
    return of_the_create(_report(_data(reply, dict)), external_task_id)


def read_task(reply: HttpReply, wanted: str) -> TaskReport:
    """The one task of a list that has the id: an unknown one is left out of it, and is no error here."""
    entries = _tasks(reply)
    report = next((report for report in _reports(entries) if is_wanted(report, wanted)), None)
    if report is not None:
        return report
    if entries:
        raise stranger()
    raise TaskUnknown(
        f'Kling does not know the task "{wanted}".',
        code=0,
        http_status=reply.status,
        reaction=Reaction.CHANGE_REQUEST,
        remedy=NO_SUCH_TASK_REMEDY,
    )


def read_together(reply: HttpReply) -> tuple[TaskReport, ...]:
    """The tasks that were asked for, as far as the service knows them."""
    return _reports(_tasks(reply))


def read_page(reply: HttpReply, cursor: str) -> Page:
    """A page ends the list only where it says so: a list that breaks off proves nothing about what is not on it."""
    data = _data(reply, dict)
    entries = data.get("result")
    if not isinstance(entries, list):
        raise _not_of_here(data)
    after = text_of(data.get("next_cursor")) if data.get("has_more") is True else ""
    if data.get("has_more") is not False and after in ("", cursor):
        raise Unanswered("The list of tasks is incomplete.")
    return Page(reports=_reports(entries), after=after)


def read_callback(body: bytes) -> TaskReport:
    """The task of a callback."""
    return _report(document_of(HttpReply(status=200, headers={}, body=body)))


def _tasks(reply: HttpReply) -> list[Any]:
    tasks: list[Any] = _data(reply, list)
    return tasks


def _data(reply: HttpReply, kind: type[Any]) -> Any:
    data = read_data(reply, object)
    if not isinstance(data, kind):
        raise _not_of_here(data)
    return data


def _not_of_here(data: Any) -> Unanswered:
    """What is wrong about data of another kind."""
    entries = data if isinstance(data, list) else [data]
    is_of_legacy = any(isinstance(entry, dict) and _is_of_legacy(entry) for entry in entries)
    return _in_legacy_words() if is_of_legacy else Unanswered("The response contains no data.")


def _reports(entries: Sequence[Any]) -> tuple[TaskReport, ...]:
    readable = [entry for entry in entries if isinstance(entry, dict) and id_of(entry.get("id"))]
    strangers = [entry for entry in entries if isinstance(entry, dict) and _is_of_legacy(entry)]
    if strangers and not readable:
        raise _in_legacy_words()
    return tuple(map(_report, readable))


def _report(task: Mapping[str, Any]) -> TaskReport:
    if _is_of_legacy(task):
        raise _in_legacy_words()
    units, money = _billed(task.get("billing"))
    return report_of(
        task_id=task.get("id"),
        external_task_id=task.get("external_id"),
        status=task.get("status"),
        message=task.get("message"),
        videos=task.get("outputs"),
        units=units,
        money=money,
        created=task.get("create_time"),
        updated=task.get("update_time"),
    )


def _billed(charges: Any) -> tuple[list[Any], list[Money]]:
    """The charges in units, and all others with their currency: money among them is not units."""
    units, others = list[Any](), list[Money]()
    for charge in charges if isinstance(charges, list) else [] if charges is None else [charges]:
        members = charge if isinstance(charge, dict) else {}
        amount = members.get("amount", charge)
        if members.get("charge_type") == "unit":
            units.append(amount)
        else:
            others.append((amount, members.get("currency")))
    return units, others


def _is_of_legacy(task: Mapping[str, Any]) -> bool:
    return "id" not in task and "task_id" in task


def _in_legacy_words() -> OtherDialect:
    return OtherDialect("The request used the new API of Kling, but the response is one of the legacy API.")
