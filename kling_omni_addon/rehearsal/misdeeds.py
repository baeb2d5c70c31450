"""What faults do to a call or to an answer: the parts of which the fault table is made."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias

from ..core.capability import NEW
from ..core.rules.reading import DEFAULT_MODEL
from .answers import Answer, Delivery, FileSlice, Refusal, json_answer
from .calls import Call
from .faults import OnAnswer, OnCall

_SHORT_BYTES = 1000
_HUGE_BYTES = 10 * 1024**3
_BOMB_BYTES = 64_000_000
_STRANGER = {"task_id": "700000000000000001", "task_info": {"external_task_id": "somebody-elses"}}
_NEW_STRANGER = {"id": "700000000000000001", "external_id": "somebody-elses"}
_STATUS = re.compile(rb'"(task_)?status": "')
_SUCCESS = re.compile(rb'"task_status": "succeed"|"status": "succeeded"')
_CHARGE = re.compile(rb'"final_unit_deduction"|"billing": \[\{')
TaskEdit: TypeAlias = Callable[[dict[str, Any]], Any]


# Before a call is carried out.


def refuses(code: int) -> OnCall:
    """Answer with a code of the service; the fault's argument becomes its ``Retry-After``."""

    def refuse(call: Call, argument: str) -> Answer:
        answer = Refusal(code).answer
        return answer.with_headers(Retry_After=argument) if argument else answer

    return refuse


def answers(answer: Answer) -> OnCall:
    """A misdeed: the call is not carried out, and this answer is given instead."""
    return lambda call, argument: answer


def swallows(call: Call, argument: str) -> Answer:
    """Say nothing for so many seconds, then close."""
    return Answer(delivery=Delivery(is_silent=True, wait_s=float(argument)))


def leads_on(call: Call, argument: str) -> Answer:
    """Redirect to the argument; 307 keeps the method, and a careless client sends its body again."""
    return Answer(status=307, headers={"Location": argument})


def discontinues(call: Call, argument: str) -> Answer:
    """Say that there is no such model any more."""
    try:
        model = call.name or json.loads(call.body).get("model_name") or DEFAULT_MODEL
    except (ValueError, AttributeError):
        model = ""
    return Refusal(1201, f"The model '{model}' has been discontinued and is no longer available.").answer


def twists(**twist: Any) -> OnCall:
    """Carry the call out with a twist."""
    return lambda call, argument: call.twisted(**twist)


def twists_by_seconds(member: str, **twist: Any) -> OnCall:
    """Carry the call out with a twist whose ``member`` is the fault's argument."""
    return lambda call, argument: call.twisted(**{member: float(argument)}, **twist)


# When a good answer is ready.


def spoils(change: Callable[[Answer], Answer]) -> OnAnswer:
    """A misdeed: the call is carried out, and its answer is changed on the way."""
    return lambda call, answer, argument, random: change(answer)


def refuses_all_the_same(call: Call, answer: Answer, argument: str, random: Random) -> Answer:
    """Say no to what was carried out: with a code, and after a blank with words of one's own."""
    code, _, words = argument.partition(" ")
    return Refusal(int(code), words).answer


def delivers(**how: Any) -> OnAnswer:
    """A misdeed: the right answer is given, but cut, slowly or otherwise badly (``Delivery``)."""
    return spoils(lambda answer: replace(answer, delivery=replace(answer.delivery, **how)))


def edits(edit: TaskEdit, new_edit: TaskEdit) -> OnAnswer:
    """Change every task in the answer in place; ``new_edit`` does so where it is in the words of the new API."""
    return lambda call, answer, argument, random: _edited(answer, new_edit if call.dialect == NEW else edit)


def _edited(answer: Answer, edit: TaskEdit) -> Answer:
    document = json.loads(answer.content)
    for task in _tasks_in(document):
        edit(task)
    return replace(answer, content=json_answer(document).content)


def _tasks_in(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The tasks in an answer to a create, a query or a list, of either generation."""
    data = document["data"]
    tasks = data.get("result", [data]) if isinstance(data, dict) else data
    return list(tasks)


def cut_somewhere(call: Call, answer: Answer, argument: str, random: Random) -> Answer:
    """End at the given byte, else at a random one."""
    at = int(argument) if argument else random.randrange(max(1, answer.length))
    return replace(answer, delivery=Delivery(cut_at=at))


def cut_in_half(answer: Answer) -> Answer:
    """End in the middle, as announced of the whole."""
    return replace(answer, delivery=Delivery(cut_at=answer.length // 2))


def reset_in_half(answer: Answer) -> Answer:
    """Reset the connection after half of the content."""
    return replace(answer, delivery=Delivery(cut_at=answer.length // 2, is_reset=True))


def halve(answer: Answer) -> Answer:
    """Send half of the content, with the length of that half."""
    return replace(answer, content=answer.content[: answer.length // 2])


def shorten_body(answer: Answer) -> Answer:
    """End a little before the announced length."""
    return replace(answer, delivery=Delivery(cut_at=max(0, answer.length - _SHORT_BYTES)))


def understate_length(answer: Answer) -> Answer:
    """Announce a little less than is sent."""
    length = max(0, answer.length - _SHORT_BYTES)
    return replace(answer.with_headers(Content_Length=str(length)), delivery=Delivery(closes=True))


def withhold_length(answer: Answer) -> Answer:
    """Announce no length; the end of the connection is the end of the content."""
    return replace(answer.with_headers(Content_Length="", Connection="close"), delivery=Delivery(closes=True))


def overstate_length(answer: Answer) -> Answer:
    """Announce a file far larger than a clip may be, and send what there is."""
    return replace(answer.with_headers(Content_Length=str(_HUGE_BYTES)), delivery=Delivery(cut_at=answer.length))


def truncate_file(answer: Answer) -> Answer:
    """Send the first two thirds of the file as if they were all."""
    part = _part(answer)
    return replace(answer, file=replace(part, length=part.length * 2 // 3))


def ignore_range(answer: Answer) -> Answer:
    """Send the whole file in place of a part."""
    part = _part(answer)
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Range"}
    return Answer(file=replace(part, start=0, length=part.size), headers=headers)


def misstate_range(answer: Answer) -> Answer:
    """Say that the bytes begin one earlier than they do."""
    part = _part(answer)
    return answer.with_headers(Content_Range=f"bytes {part.start - 1}-{part.start + part.length - 2}/{part.size}")


def give_instead(content: bytes, kind: str) -> OnAnswer:
    """A misdeed: something that is no clip comes with status 200."""
    return spoils(lambda answer: Answer(content=content, headers={"Content-Type": kind}))


def give_bomb(answer: Answer) -> Answer:
    """Send a few kilobytes that unpack to 64 MB."""
    packed = gzip.compress(b" " * _BOMB_BYTES, compresslevel=9)
    return Answer(content=packed, headers={**answer.headers, "Content-Encoding": "gzip"})


def forget_task(answer: Answer) -> Answer:
    """Say that all is well, and nothing else."""
    return json_answer({"code": 0, "message": "SUCCEED", "request_id": "", "data": {}})


def shuffle_list(call: Call, answer: Answer, argument: str, random: Random) -> Answer:
    """Leave out the first task of the page and put a stranger's in its place."""
    document = json.loads(answer.content)
    page = [_stranger(call), *_tasks_in(document)[1:]]
    if "result" in document["data"]:
        document["data"] |= {"result": page, "count": len(page)}
    else:
        document["data"] = page
    return replace(answer, content=json_answer(document).content)


def _stranger(call: Call) -> dict[str, Any]:
    if call.dialect == NEW:
        nothing: dict[str, Any] = {"message": "", "outputs": [], "billing": []}
        return {**_NEW_STRANGER, "status": "processing", **nothing, "create_time": 1, "update_time": 1}
    nothing = {"task_status_msg": "", "task_result": {}}
    return {**_STRANGER, "task_status": "processing", **nothing, "created_at": 1, "updated_at": 1}


def says_status(word: str) -> OnAnswer:
    """A misdeed: this is where every task stands, and none has a clip."""
    return edits(
        lambda task: task.update(task_status=word, task_result={}), lambda task: task.update(status=word, outputs=[])
    )


def says_message(text: str) -> OnAnswer:
    """A misdeed: this is the message of every task."""
    return edits(lambda task: task.update(task_status_msg=text), lambda task: task.update(message=text))


swap_success = edits(
    lambda task: task.update(task_status=task["task_status"].replace("succeed", "succeeded")),
    lambda task: task.update(status=task["status"].replace("succeeded", "succeed")),
)
"""A misdeed: a task that succeeded says so in the word of the other generation of the API."""

forget_clip = edits(lambda task: task.update(task_result={}), lambda task: task.update(outputs=[]))
"""A misdeed: no task has a clip."""

mistake_task = edits(lambda task: task.update(_STRANGER), lambda task: task.update(_NEW_STRANGER))
"""A misdeed: every task has a stranger's ids."""

add_video = edits(
    lambda task: _add_video(task["task_result"].get("videos", [])), lambda task: _add_video(task["outputs"])
)
"""A misdeed: a second video stands beside the one that a task made."""


def _add_video(videos: list[dict[str, Any]]) -> None:
    videos += [{**video, "id": "700000000000000002"} for video in videos[:1]]


def misstate_charge(call: Call, answer: Answer, argument: str, random: Random) -> Answer:
    """Say the argument where the charge of an ended task stands, whether it is a number or not."""

    def edit(task: dict[str, Any]) -> None:
        if "final_unit_deduction" in task:
            task["final_unit_deduction"] = argument
        for charge in task.get("billing", ()):
            charge["amount"] = argument

    return _edited(answer, edit)


def has_task(answer: Answer) -> bool:
    """Whether it says of a task where it stands. The new API's answer about an unknown one is an empty list."""
    return bool(_STATUS.search(answer.content))


def has_clip(answer: Answer) -> bool:
    """Whether a task in the answer has succeeded."""
    return bool(_SUCCESS.search(answer.content))


def has_charge(answer: Answer) -> bool:
    """Whether it says of a task what it cost."""
    return bool(_CHARGE.search(answer.content))


def is_part(answer: Answer) -> bool:
    """Whether the answer is a part of a file."""
    return answer.status == 206


def _part(answer: Answer) -> FileSlice:
    assert answer.file is not None, "faults of files are aimed at files"
    return answer.file
