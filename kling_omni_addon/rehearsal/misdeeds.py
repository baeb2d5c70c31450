"""What faults do to a call or to an answer: the parts of which the fault table is made."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from ..core.rules.reading import DEFAULT_MODEL
from .answers import Answer, Delivery, FileSlice, Refusal, json_answer
from .calls import Call
from .faults import OnAnswer, OnCall

_SHORT_BYTES = 1000
_HUGE_BYTES = 10 * 1024**3
_BOMB_BYTES = 64_000_000
_STRANGER = {"task_id": "700000000000000001", "task_info": {"external_task_id": "somebody-elses"}}


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
        model = json.loads(call.body).get("model_name") or DEFAULT_MODEL
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
    return lambda answer, argument, random: change(answer)


def refuses_all_the_same(answer: Answer, argument: str, random: Random) -> Answer:
    """Say no to what was carried out: with a code, and after a blank with words of one's own."""
    code, _, words = argument.partition(" ")
    return Refusal(int(code), words).answer


def delivers(**how: Any) -> OnAnswer:
    """A misdeed: the right answer is given, but cut, slowly or otherwise badly (``Delivery``)."""
    return spoils(lambda answer: replace(answer, delivery=replace(answer.delivery, **how)))


def edits(edit: Callable[[dict[str, Any]], Any]) -> OnAnswer:
    """Change every task in the answer. ``edit`` changes it in place."""

    def spoil(answer: Answer) -> Answer:
        document = json.loads(answer.content)
        tasks = document["data"]
        for task in tasks if isinstance(tasks, list) else [tasks]:
            edit(task)
        return replace(answer, content=json_answer(document).content)

    return spoils(spoil)


def cut_somewhere(answer: Answer, argument: str, random: Random) -> Answer:
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


def shuffle_list(answer: Answer) -> Answer:
    """Leave out the first task of the page and put a stranger's in its place."""
    document = json.loads(answer.content)
    stranger = {**_STRANGER, "task_status": "processing", "task_status_msg": "", "task_result": {}}
    document["data"] = [{**stranger, "created_at": 1, "updated_at": 1}, *document["data"][1:]]
    return replace(answer, content=json_answer(document).content)


def mistake_task(task: dict[str, Any]) -> None:
    """Put a stranger's ids into a task."""
    task.update(_STRANGER)


def misstate_charge(answer: Answer, argument: str, random: Random) -> Answer:
    """Say the argument where the charge of an ended task stands, whether it is a number or not."""
    document = json.loads(answer.content)
    tasks = document["data"]
    for task in tasks if isinstance(tasks, list) else [tasks]:
        if "final_unit_deduction" in task:
            task["final_unit_deduction"] = argument
    return replace(answer, content=json_answer(document).content)


def add_video(task: dict[str, Any]) -> None:
    """Put a second video beside the one that a task made."""
    videos = task["task_result"]["videos"]
    videos.append({**videos[0], "id": "700000000000000002"})


def has_clip(answer: Answer) -> bool:
    """Whether a task in the answer has succeeded."""
    return b'"task_status": "succeed"' in answer.content


def has_charge(answer: Answer) -> bool:
    """Whether it says of a task what it cost."""
    return b'"final_unit_deduction"' in answer.content


def is_part(answer: Answer) -> bool:
    """Whether the answer is a part of a file."""
    return answer.status == 206


def _part(answer: Answer) -> FileSlice:
    assert answer.file is not None, "faults of files are aimed at files"
    return answer.file
