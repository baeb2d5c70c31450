"""Every way in which the rehearsal server can misbehave, by name (contract 16.5 and docs/reliability.md).

A name that is a code of the service (``1302``) answers with that code; one that is an HTTP status (``502``) answers
with a gateway's page. Neither carries the call out. Names that begin with ``created-but`` carry the create out and
spoil the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import misdeeds as do
from .answers import HTTP_STATUS, TEXTS, Answer, Delivery, Refusal, page
from .calls import API, Kind
from .faults import Fault

_CREATE = frozenset((Kind.CREATE,))
_QUERY = frozenset((Kind.QUERY,))
_LIST = frozenset((Kind.LIST,))
_TASKS = _QUERY | _LIST
_FILE = frozenset((Kind.FILE,))
_GATEWAY = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}
_PORTAL = page(200, "Welcome to the hotel")
_HOSTILE = "bad\0news \ud800 \u202egnitirw\u202c \x1b[31m" + "x" * 1_000_000


def _code_fault(code: int) -> Fault:
    return Fault(
        does=f"HTTP {HTTP_STATUS[code]}, code {code}: {TEXTS[code]}; nothing is created",
        on=_CREATE,
        takes="text" if code in (1302, 1303, 5001) else "",  # a Retry-After of any spelling
        argument="1" if code == 1302 else "",
        on_call=do.refuses(code),
    )


def _gateway_fault(status: int) -> Fault:
    answer = page(status, _GATEWAY[status])
    return Fault(does=f"a gateway's page, HTTP {status}; nothing is created", on=_CREATE, on_call=do.answers(answer))


def _gateway_after(status: int) -> Fault:
    does = f"the task is created, the answer is a gateway's page, HTTP {status}"
    return Fault(does=does, on=_CREATE, on_answer=do.spoils(lambda answer: page(status, _GATEWAY[status])))


def _refused_file(status: int, does: str) -> Fault:
    answer = Answer(status=status, headers={"Content-Type": "text/plain"})
    return Fault(does=does, on=_FILE, on_call=do.answers(answer))


_SENDING: Mapping[str, Fault] = {
    "reset-before": Fault(
        does="the connection is reset after so many bytes of the body (a number, from the end if negative, or half)",
        on=_CREATE,
        takes="bytes",
        argument="0",
        stops_reading=True,
    ),
    "reset-after-body": Fault(
        does="the whole body is read and forgotten, and the connection reset",
        on=_CREATE,
        on_call=do.answers(Answer(delivery=Delivery(is_silent=True, is_reset=True))),
    ),
    "swallowed": Fault(
        does="the whole body is read and forgotten; no answer for so many seconds, then the end",
        on=_CREATE,
        takes="seconds",
        argument="60",
        on_call=do.swallows,
    ),
    "late-commit": Fault(
        does="the connection ends without an answer; the task appears so many seconds later",
        on=_CREATE,
        takes="seconds",
        argument="8",
        on_call=do.twists_by_seconds("delay_s"),
    ),
    "delivered-twice": Fault(
        does="a proxy delivers the create twice; the second answer comes back",
        on=_CREATE,
        on_call=do.twists(is_twice=True),
    ),
    "lax-duplicates": Fault(
        does="a used external id is accepted and makes a second task",
        on=_CREATE,
        is_standing=True,
        on_call=do.twists(is_lax=True),
    ),
    "html-200": Fault(
        does="a captive portal's page with HTTP 200; nothing is created", on=_CREATE, on_call=do.answers(_PORTAL)
    ),
    "discontinued": Fault(does="the model is discontinued (1201)", on=_CREATE, on_call=do.discontinues),
}

_ANSWERS: Mapping[str, Fault] = {
    "created-but-504": Fault(
        does="the task is created, the answer is HTTP 504 with code 5002",
        on=_CREATE,
        on_answer=do.spoils(lambda answer: Refusal(5002).answer),
    ),
    "created-but-5000": Fault(
        does="the task is created, the answer is HTTP 500 with code 5000",
        on=_CREATE,
        on_answer=do.spoils(lambda answer: Refusal(5000).answer),
    ),
    "created-but-reset": Fault(
        does="the task is created, the connection is reset without an answer",
        on=_CREATE,
        on_answer=do.delivers(is_silent=True, is_reset=True),
    ),
    "created-but-silent": Fault(
        does="the task is created, the connection is closed without an answer",
        on=_CREATE,
        on_answer=do.delivers(is_silent=True),
    ),
    "created-but-cut": Fault(
        does="the task is created, the connection ends in the middle of the answer's JSON",
        on=_CREATE,
        on_answer=do.spoils(do.cut_in_half),
    ),
    "created-but-refused": Fault(
        does="the task is created, the answer is a refusal: a code, and after a blank words of one's own",
        on=_CREATE,
        takes="text",
        argument="1201 Duplicate external_task_id",
        on_answer=do.refuses_all_the_same,
    ),
    "created-but-half": Fault(
        does="the task is created, the answer is half of its JSON with an honest length",
        on=_CREATE,
        on_answer=do.spoils(do.halve),
    ),
    "created-but-html": Fault(
        does="the task is created, the answer is a page with HTTP 200",
        on=_CREATE,
        on_answer=do.spoils(lambda answer: _PORTAL),
    ),
    "code-0-without-task": Fault(
        does="the task is created, the answer has no task id", on=_CREATE, on_answer=do.spoils(do.forget_task)
    ),
}

_QUERIES: Mapping[str, Fault] = {
    "lookup-lag": Fault(
        does="single queries do not see tasks younger than so many seconds",
        on=_QUERY,
        takes="seconds",
        argument="3",
        is_standing=True,
        on_call=do.twists_by_seconds("lag_s"),
    ),
    "list-lag": Fault(
        does="the list does not hold tasks younger than so many seconds",
        on=_LIST,
        takes="seconds",
        argument="3",
        is_standing=True,
        on_call=do.twists_by_seconds("lag_s"),
    ),
    "unknown-status": Fault(
        does="the task's status is a word that nobody knows",
        on=_TASKS,
        on_answer=do.says_status("pondering"),
        fits=do.has_task,
    ),
    "status-back": Fault(
        does="the task's status goes back to submitted",
        on=_TASKS,
        on_answer=do.says_status("submitted"),
        fits=do.has_task,
    ),
    "succeeded": Fault(
        does="a finished task says so as the other generation of the API does: succeeded, over the new one succeed",
        on=_TASKS,
        on_answer=do.swap_success,
        fits=do.has_clip,
    ),
    "no-link": Fault(
        does="a finished task has no video",
        on=_QUERY,
        on_answer=do.forget_clip,
        fits=do.has_clip,
    ),
    "two-videos": Fault(does="a finished task has two videos", on=_QUERY, on_answer=do.add_video, fits=do.has_clip),
    "somebody-elses": Fault(
        does="the query answers about another task", on=_QUERY, on_answer=do.mistake_task, fits=do.has_task
    ),
    "shuffled-list": Fault(
        does="the page lacks its first task and holds a stranger's", on=_LIST, on_answer=do.shuffle_list
    ),
    "hostile-message": Fault(
        does="the task's message is 1 MB with NUL, escapes, direction marks and half a surrogate pair",
        on=_QUERY,
        on_answer=do.says_message(_HOSTILE),
        fits=do.has_task,
    ),
    "odd-charge": Fault(
        does="what an ended task cost is said as the argument: no number, or none that can be true",
        on=_TASKS,
        takes="text",
        argument="3 units",
        on_answer=do.misstate_charge,
        fits=do.has_charge,
    ),
    "gzip-bomb": Fault(does="the answer unpacks to 64 MB", on=_QUERY | _FILE, on_answer=do.spoils(do.give_bomb)),
}

_FILES: Mapping[str, Fault] = {
    "link-403": _refused_file(403, "the result link has expired (403)"),
    "file-404": _refused_file(404, "the result is gone (404)"),
    "redirect": Fault(
        does="the result link leads on (307) to the argument",
        on=_FILE,
        takes="text",
        argument="http://example.invalid/clip.mp4",
        on_call=do.leads_on,
    ),
    "etag-changed": Fault(
        does="from this download on the file has another ETag", on=_FILE, on_call=do.twists(has_new_etag=True)
    ),
    "download-cut": Fault(
        does="the download ends at a random byte, or at the given one",
        on=_FILE,
        takes="count",
        on_answer=do.cut_somewhere,
    ),
    "download-reset": Fault(
        does="the download is reset in its middle; bytes on the way may be lost",
        on=_FILE,
        on_answer=do.spoils(do.reset_in_half),
    ),
    "range-ignored": Fault(
        does="a part is asked for, the whole file comes (200)",
        on=_FILE,
        on_answer=do.spoils(do.ignore_range),
        fits=do.is_part,
    ),
    "wrong-content-range": Fault(
        does="Content-Range says other bytes than come",
        on=_FILE,
        on_answer=do.spoils(do.misstate_range),
        fits=do.is_part,
    ),
    "range-416": Fault(
        does="a part is asked for, the answer is 416",
        on=_FILE,
        on_answer=do.spoils(lambda answer: Answer(status=416)),
        fits=do.is_part,
    ),
    "body-short": Fault(does="1,000 bytes fewer than announced", on=_FILE, on_answer=do.spoils(do.shorten_body)),
    "body-long": Fault(does="1,000 bytes more than announced", on=_FILE, on_answer=do.spoils(do.understate_length)),
    "no-length": Fault(does="no Content-Length", on=_FILE, on_answer=do.spoils(do.withhold_length)),
    "huge-length": Fault(does="10 GB announced", on=_FILE, on_answer=do.spoils(do.overstate_length)),
    "clip-cut": Fault(
        does="an MP4 that lacks its last third, with an honest length",
        on=_FILE,
        on_answer=do.spoils(do.truncate_file),
    ),
    "html-instead-of-clip": Fault(
        does="a page in place of the clip (200)",
        on=_FILE,
        on_answer=do.spoils(lambda answer: page(200, "Sign in")),
    ),
    "zip-instead-of-clip": Fault(
        does="a ZIP file in place of the clip",
        on=_FILE,
        on_answer=do.give_instead(b"PK\3\4" + bytes(2000), "video/mp4"),
    ),
    "zero-bytes": Fault(does="a clip of no bytes", on=_FILE, on_answer=do.give_instead(b"", "video/mp4")),
}

_TRAVEL: Mapping[str, Fault] = {
    "slow-answer": Fault(
        does="the answer waits so many seconds",
        on=API,
        takes="seconds",
        argument="5",
        is_standing=True,
        on_call=do.twists_by_seconds("wait_s"),
    ),
    "one-byte-pieces": Fault(
        does="the answer comes byte by byte", on=API, is_standing=True, on_call=do.twists(piece_bytes=1)
    ),
    "trickle": Fault(
        does="the file comes byte by byte, so many seconds apart",
        on=_FILE,
        takes="seconds",
        argument="1",
        is_standing=True,
        on_call=do.twists_by_seconds("pause_s", piece_bytes=1),
    ),
    "drips": Fault(
        does="the answer, or the file, comes in a hundred drops, so many seconds from the first to the last",
        on=API | _FILE,
        takes="seconds",
        argument="1",
        is_standing=True,
        on_call=do.twists_by_seconds("drip_s"),
    ),
    "idle-close": Fault(
        does="the connection is closed after the answer, without having said so",
        on=API,
        is_standing=True,
        on_answer=do.delivers(closes=True),
    ),
    "clock-skew": Fault(
        does="the server's clock, its Date included, is off by so many seconds: behind gives 1003, ahead 1004",
        on=API,
        takes="seconds",
        argument="-3600",
        is_standing=True,
        on_call=do.twists_by_seconds("skew_s"),
    ),
}

FAULTS: Mapping[str, Fault] = {
    **{str(code): _code_fault(code) for code in HTTP_STATUS},
    **{str(status): _gateway_fault(status) for status in _GATEWAY},
    **_SENDING,
    **_ANSWERS,
    **{f"created-but-{status}-page": _gateway_after(status) for status in _GATEWAY},
    **_QUERIES,
    **_FILES,
    **_TRAVEL,
}
"""Name to behaviour."""
