"""Every way in which the rehearsal server can misbehave, by name (contract 16.5 and the project's list of faults).

A name that is a code of the service (``1302``) answers with that code; one that is an HTTP status (``502``) answers
with a gateway's page. Neither carries the call out. Names that begin with ``created-but`` carry the create out and
spoil the answer.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from .answers import HTTP_STATUS, TEXTS, Answer, Delivery, FileSlice, Refusal, json_answer, page
from .calls import API, Call, Kind
from .faults import Fault, OnAnswer, OnCall

_CREATE = frozenset((Kind.CREATE,))
_QUERY = frozenset((Kind.QUERY,))
_LIST = frozenset((Kind.LIST,))
_FILE = frozenset((Kind.FILE,))
_HUGE = 10 * 1024**3
_GATEWAY = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}
_HOSTILE = "bad\0news \ud800 \u202egnitirw\u202c \x1b[31m" + "x" * 1_000_000


def _refuses(code: int, text: str = "") -> OnCall:
    def refuse(call: Call, argument: str) -> Answer:
        answer = Refusal(code, text).answer
        return answer.with_headers(Retry_After=argument) if argument else answer

    return refuse


def _answers(answer: Answer) -> OnCall:
    return lambda call, argument: answer


def _spoils(change: Callable[[Answer], Answer]) -> OnAnswer:
    return lambda answer, argument, random: change(answer)


def _twists(member: str, **others: Any) -> OnCall:
    """A twist of the call whose ``member`` is the fault's argument in seconds."""
    return lambda call, argument: call.twisted(**{member: float(argument)}, **others)


def _sets(**twist: Any) -> OnCall:
    return lambda call, argument: call.twisted(**twist)


def _delivered(**how: Any) -> OnAnswer:
    return lambda answer, argument, random: replace(answer, delivery=replace(answer.delivery, **how))


def _cut_in_half(answer: Answer, argument: str, random: Random) -> Answer:
    return replace(answer, delivery=Delivery(cut_at=answer.length // 2))


def _cut_somewhere(answer: Answer, argument: str, random: Random) -> Answer:
    at = int(argument) if argument.isdigit() else random.randrange(max(1, answer.length))
    return replace(answer, delivery=Delivery(cut_at=at))


def _edits(edit: Callable[[dict[str, Any]], Any]) -> OnAnswer:
    """Change every task in the answer. ``edit`` changes it in place."""

    def spoil(answer: Answer, argument: str, random: Random) -> Answer:
        document = json.loads(answer.content)
        tasks = document["data"]
        for task in tasks if isinstance(tasks, list) else [tasks]:
            edit(task)
        return replace(answer, content=json_answer(document).content)

    return spoil


def _has_clip(answer: Answer) -> bool:
    return b'"task_status": "succeed"' in answer.content


def _is_part(answer: Answer) -> bool:
    return answer.status == 206


def _without_task(answer: Answer, argument: str, random: Random) -> Answer:
    return json_answer({"code": 0, "message": "SUCCEED", "request_id": "", "data": {}})


def _foreign(task: dict[str, Any]) -> None:
    task.update(task_id="700000000000000001", task_info={"external_task_id": "somebody-elses"})


def _second_video(task: dict[str, Any]) -> None:
    videos = task["task_result"]["videos"]
    videos.append({**videos[0], "id": "700000000000000002"})


def _shuffled(answer: Answer, argument: str, random: Random) -> Answer:
    """Leave out the first task of the page and put a stranger's in its place."""
    document = json.loads(answer.content)
    stranger = {"task_id": "700000000000000001", "task_status": "processing", "task_status_msg": "", "task_info": {}}
    document["data"] = [{**stranger, "task_result": {}, "created_at": 1, "updated_at": 1}, *document["data"][1:]]
    return replace(answer, content=json_answer(document).content)


def _whole_instead(answer: Answer) -> Answer:
    part = answer.file
    assert part is not None
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Range"}
    return Answer(file=replace(part, start=0, length=part.size), headers=headers)


def _wrong_range(answer: Answer) -> Answer:
    """Say that the bytes begin one earlier than they do."""
    part = answer.file
    assert part is not None
    return answer.with_headers(Content_Range=f"bytes {part.start - 1}-{part.start + part.length - 2}/{part.size}")


def _shortened(part: FileSlice | None, by: int) -> FileSlice:
    assert part is not None
    return replace(part, length=max(0, part.length - by))


def _body_short(answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery(cut_at=max(0, answer.length - 1000)))


def _body_long(answer: Answer) -> Answer:
    """Announce less than is sent."""
    return replace(
        answer.with_headers(Content_Length=str(max(0, answer.length - 1000))), delivery=Delivery(closes=True)
    )


def _without_length(answer: Answer) -> Answer:
    return replace(answer.with_headers(Content_Length="", Connection="close"), delivery=Delivery(closes=True))


def _huge_length(answer: Answer) -> Answer:
    return replace(answer.with_headers(Content_Length=str(_HUGE)), delivery=Delivery(cut_at=answer.length))


def _truncated_clip(answer: Answer) -> Answer:
    return replace(answer, file=_shortened(answer.file, answer.length // 3))


def _instead(content: bytes, kind: str) -> OnAnswer:
    return _spoils(lambda answer: Answer(content=content, headers={"Content-Type": kind}))


def _bomb(answer: Answer) -> Answer:
    packed = gzip.compress(b" " * 64_000_000, compresslevel=9)
    return Answer(content=packed, headers={**answer.headers, "Content-Encoding": "gzip"})


def _redirect(call: Call, argument: str) -> Answer:
    return Answer(status=302, headers={"Location": argument})


def _code_fault(code: int) -> Fault:
    return Fault(
        does=f"HTTP {HTTP_STATUS[code]}, code {code}: {TEXTS[code]}; nothing is created",
        on=_CREATE,
        takes="text" if code in (1302, 1303, 5001) else "",  # a Retry-After of any spelling
        argument="1" if code == 1302 else "",
        on_call=_refuses(code),
    )


def _gateway_fault(status: int, text: str) -> Fault:
    return Fault(
        does=f"a gateway's page, HTTP {status}; nothing is created", on=_CREATE, on_call=_answers(page(status, text))
    )


def _gateway_after(status: int, text: str) -> Fault:
    does = f"the task is created, the answer is a gateway's page, HTTP {status}"
    return Fault(does=does, on=_CREATE, on_answer=_spoils(lambda answer: page(status, text)))


def _discontinued(call: Call, argument: str) -> Answer:
    try:
        model = json.loads(call.body).get("model_name") or "kling-video-o1"
    except (ValueError, AttributeError):
        model = ""
    return Refusal(1201, f"The model '{model}' has been discontinued and is no longer available.").answer


_SENDING: Mapping[str, Fault] = {
    "reset-before": Fault(
        does="the connection is reset after so many bytes of the body; nothing is created",
        on=_CREATE,
        takes="bytes",
        argument="0",
        stops_reading=True,
    ),
    "reset-after-body": Fault(
        does="the whole body is read and forgotten, and the connection reset",
        on=_CREATE,
        on_call=_answers(Answer(delivery=Delivery(is_silent=True, is_reset=True))),
    ),
    "late-commit": Fault(
        does="no answer; the task appears so many seconds later",
        on=_CREATE,
        takes="seconds",
        argument="8",
        on_call=_twists("delay_s"),
    ),
    "delivered-twice": Fault(
        does="a proxy delivers the create twice; the second answer comes back", on=_CREATE, on_call=_sets(is_twice=True)
    ),
    "lax-duplicates": Fault(
        does="a used external id is accepted and makes a second task",
        on=_CREATE,
        is_standing=True,
        on_call=_sets(is_lax=True),
    ),
    "html-200": Fault(
        does="a captive portal's page with HTTP 200; nothing is created",
        on=_CREATE,
        on_call=_answers(page(200, "Welcome to the hotel")),
    ),
    "discontinued": Fault(does="the model is discontinued (1201)", on=_CREATE, on_call=_discontinued),
}

_ANSWERS: Mapping[str, Fault] = {
    "created-but-504": Fault(
        does="the task is created, the answer is HTTP 504 with code 5002",
        on=_CREATE,
        on_answer=_spoils(lambda answer: Refusal(5002).answer),
    ),
    "created-but-5000": Fault(
        does="the task is created, the answer is HTTP 500 with code 5000",
        on=_CREATE,
        on_answer=_spoils(lambda answer: Refusal(5000).answer),
    ),
    "created-but-reset": Fault(
        does="the task is created, the connection is reset without an answer",
        on=_CREATE,
        on_answer=_delivered(is_silent=True, is_reset=True),
    ),
    "created-but-silent": Fault(
        does="the task is created, the connection is closed without an answer",
        on=_CREATE,
        on_answer=_delivered(is_silent=True),
    ),
    "created-but-cut": Fault(
        does="the task is created, the answer is cut in the middle of its JSON", on=_CREATE, on_answer=_cut_in_half
    ),
    "created-but-html": Fault(
        does="the task is created, the answer is a page with HTTP 200",
        on=_CREATE,
        on_answer=_spoils(lambda answer: page(200, "Welcome to the hotel")),
    ),
    "code-0-without-task": Fault(
        does="the task is created, the answer has no task id", on=_CREATE, on_answer=_without_task
    ),
}

_QUERIES: Mapping[str, Fault] = {
    "lookup-lag": Fault(
        does="single queries do not see tasks younger than so many seconds",
        on=_QUERY,
        takes="seconds",
        argument="3",
        is_standing=True,
        on_call=_twists("lag_s"),
    ),
    "list-lag": Fault(
        does="the list does not hold tasks younger than so many seconds",
        on=_LIST,
        takes="seconds",
        argument="3",
        is_standing=True,
        on_call=_twists("lag_s"),
    ),
    "unknown-status": Fault(
        does="the task's status is a word that nobody knows",
        on=_QUERY | _LIST,
        on_answer=_edits(lambda task: task.update(task_status="pondering", task_result={})),
    ),
    "status-back": Fault(
        does="the task's status goes back to submitted",
        on=_QUERY | _LIST,
        on_answer=_edits(lambda task: task.update(task_status="submitted", task_result={})),
    ),
    "succeeded": Fault(
        does="a finished task says succeeded, as the NEW API does",
        on=_QUERY | _LIST,
        on_answer=_edits(
            lambda task: task.update(task_status=task["task_status"].replace("succeed", "succeeded")),
        ),
        fits=_has_clip,
    ),
    "no-link": Fault(
        does="a finished task has no video",
        on=_QUERY,
        on_answer=_edits(lambda task: task.update(task_result={})),
        fits=_has_clip,
    ),
    "two-videos": Fault(
        does="a finished task has two videos", on=_QUERY, on_answer=_edits(_second_video), fits=_has_clip
    ),
    "somebody-elses": Fault(does="the query answers about another task", on=_QUERY, on_answer=_edits(_foreign)),
    "shuffled-list": Fault(does="the page lacks its first task and holds a stranger's", on=_LIST, on_answer=_shuffled),
    "hostile-message": Fault(
        does="the task's message is 1 MB with NUL, escapes, direction marks and half a surrogate pair",
        on=_QUERY,
        on_answer=_edits(lambda task: task.update(task_status_msg=_HOSTILE)),
    ),
    "gzip-bomb": Fault(does="the answer unpacks to 64 MB", on=_QUERY | _FILE, on_answer=_spoils(_bomb)),
}

_FILES: Mapping[str, Fault] = {
    "link-403": Fault(
        does="the result link has expired (403)",
        on=_FILE,
        on_call=_answers(Answer(status=403, content=b"expired", headers={"Content-Type": "text/plain"})),
    ),
    "file-404": Fault(
        does="the result is gone (404)",
        on=_FILE,
        on_call=_answers(Answer(status=404, content=b"gone", headers={"Content-Type": "text/plain"})),
    ),
    "redirect": Fault(
        does="the result link leads on (302) to the argument",
        on=_FILE,
        takes="text",
        argument="http://example.invalid/clip.mp4",
        on_call=_redirect,
    ),
    "etag-changed": Fault(
        does="from this download on the file has another ETag", on=_FILE, on_call=_sets(has_new_etag=True)
    ),
    "download-cut": Fault(
        does="the download ends at a random byte, or at the given one", on=_FILE, takes="text", on_answer=_cut_somewhere
    ),
    "download-reset": Fault(
        does="the download is reset in its middle; bytes on the way may be lost",
        on=_FILE,
        on_answer=_spoils(lambda answer: replace(answer, delivery=Delivery(cut_at=answer.length // 2, is_reset=True))),
    ),
    "range-ignored": Fault(
        does="a part is asked for, the whole file comes (200)",
        on=_FILE,
        on_answer=_spoils(_whole_instead),
        fits=_is_part,
    ),
    "wrong-content-range": Fault(
        does="Content-Range says other bytes than come", on=_FILE, on_answer=_spoils(_wrong_range), fits=_is_part
    ),
    "range-416": Fault(
        does="a part is asked for, the answer is 416",
        on=_FILE,
        on_answer=_spoils(lambda a: Answer(status=416)),
        fits=_is_part,
    ),
    "body-short": Fault(does="1,000 bytes fewer than announced", on=_FILE, on_answer=_spoils(_body_short)),
    "body-long": Fault(does="1,000 bytes more than announced", on=_FILE, on_answer=_spoils(_body_long)),
    "no-length": Fault(does="no Content-Length", on=_FILE, on_answer=_spoils(_without_length)),
    "huge-length": Fault(does="10 GB announced", on=_FILE, on_answer=_spoils(_huge_length)),
    "clip-cut": Fault(
        does="an MP4 that lacks its last third, with an honest length", on=_FILE, on_answer=_spoils(_truncated_clip)
    ),
    "html-instead-of-clip": Fault(
        does="a page in place of the clip (200)", on=_FILE, on_answer=_spoils(lambda answer: page(200, "Sign in"))
    ),
    "zip-instead-of-clip": Fault(
        does="a ZIP file in place of the clip", on=_FILE, on_answer=_instead(b"PK\3\4" + bytes(2000), "video/mp4")
    ),
    "zero-bytes": Fault(does="a clip of no bytes", on=_FILE, on_answer=_instead(b"", "video/mp4")),
}

_TRAVEL: Mapping[str, Fault] = {
    "slow-answer": Fault(
        does="the answer waits so many seconds",
        on=API,
        takes="seconds",
        argument="5",
        is_standing=True,
        on_call=_twists("wait_s"),
    ),
    "one-byte-pieces": Fault(
        does="the answer comes byte by byte", on=API, is_standing=True, on_call=_sets(piece_bytes=1)
    ),
    "trickle": Fault(
        does="the file comes byte by byte, so many seconds apart",
        on=_FILE,
        takes="seconds",
        argument="1",
        is_standing=True,
        on_call=_twists("pause_s", piece_bytes=1),
    ),
    "idle-close": Fault(
        does="the connection is closed after the answer, without having said so",
        on=API,
        is_standing=True,
        on_answer=_delivered(closes=True),
    ),
    "clock-skew": Fault(
        does="the server's clock, its Date included, is off by so many seconds: behind gives 1003, ahead 1004",
        on=API,
        takes="seconds",
        argument="-3600",
        is_standing=True,
        on_call=_twists("skew_s"),
    ),
}

FAULTS: Mapping[str, Fault] = {
    **{str(code): _code_fault(code) for code in HTTP_STATUS},
    **{str(status): _gateway_fault(status, text) for status, text in _GATEWAY.items()},
    **_SENDING,
    **_ANSWERS,
    **{f"created-but-{status}-page": _gateway_after(status, text) for status, text in _GATEWAY.items()},
    **_QUERIES,
    **_FILES,
    **_TRAVEL,
}
"""Name to behaviour."""
