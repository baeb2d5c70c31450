"""A model of the service, at the level of its HTTP answers: what it makes, says, forgets to say and says too late.

It is driven through the real ``remote.service.KlingService``, ``remote.http.StreamedBody`` and ``core.protocol``; only
the socket is replaced (:class:`Wire`). Times are true time, which no process knows exactly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from kling_omni_addon.core import protocol
from kling_omni_addon.core.errors import NotSent, Unanswered
from kling_omni_addon.core.protocol import HttpCall, HttpReply
from kling_omni_addon.rehearsal.answers import HTTP_STATUS, TEXTS
from kling_omni_addon.remote.deadlines import ANSWER_TIMEOUT_S
from kling_omni_addon.remote.http import StreamedBody

from .troubles import Troubles

LINK_LIFE_S = 40.0
CLIP_LIFE_S = 30 * 86_400.0
_HOSTILE_NUMBERS: tuple[Any, ...] = ("3 units", "NaN", "-5", "3,5", "1e999", "9" * 400, -1, True, None, [], {})
ACCOUNT_CODES = (1100, 1101, 1102, 1304)
KEY_CODES = (1000, 1001, 1002)
_OTHER_WORDS = ("", "Duplicate external_task_id", "External_task_id already exists.", "no")
_RETRY_AFTER: tuple[dict[str, str], ...] = (
    {},
    {"retry-after": "7"},
    {"retry-after": "21600"},
    {"retry-after": "soon"},
    {"retry-after": "-5"},
)


@dataclass(slots=True, kw_only=True)
class Task:
    """What the service made of one create; it exists from ``made_at`` on, which may lie ahead."""

    id: str
    external_id: str
    made_at: float
    makes_s: float
    found_from: float
    listed_from: float
    units: str
    ends_badly: bool = False
    asked: int = 0
    is_told_oddly: bool = False

    def is_done(self, now: float) -> bool:
        return now >= self.made_at + self.makes_s


class Caller(Protocol):
    """The process at the other end of a wire, as far as a call concerns it."""

    def step(self, where: str) -> None: ...
    def spend(self, seconds: float) -> None: ...
    def freeze(self, seconds: float) -> None: ...
    def suspend(self, seconds: float) -> None: ...
    def body_begins(self, external_id: str) -> None: ...
    def last_byte_leaves(self, external_id: str, body: bytes) -> None: ...
    def refused_by_account(self, external_id: str) -> None: ...


@dataclass
class Kling:
    """The service with its memory."""

    chance: Random
    troubles: Troubles
    now: float
    tasks: list[Task] = field(default_factory=list)
    calls: int = 0
    strangers: int = 0

    def __post_init__(self) -> None:
        self.is_lax = self.troubles.strike("lax service")
        self._refused_contents: dict[str, bool] = {}
        self._storm_until = -math.inf

    # creating

    def receive(self, body: bytes, call: Caller) -> HttpReply:
        """A whole create has arrived. Gives the answer, or raises Unanswered when none comes."""
        external_id = str(json.loads(body)["external_task_id"])
        if self.troubles.strike("swallowed"):
            call.spend(60.0)
            raise Unanswered("read time-out")
        refusal = self._refusal(external_id)
        if refusal is not None:
            if refusal[0] in ACCOUNT_CODES + KEY_CODES:
                call.refused_by_account(external_id)
            return refused(*refusal)
        return self._made(external_id, call)

    def _refusal(self, external_id: str) -> tuple[int, dict[str, str]] | None:
        """A proof that nothing was made, or a server error before the commit."""
        strike, chance = self.troubles.strike, self.chance
        if external_id not in self._refused_contents:
            self._refused_contents[external_id] = strike("refused for its content")
        if self._refused_contents[external_id]:
            return chance.choice((1200, 1201, 1300, 1301)), {}
        if self._is_stormy():
            return chance.choice((1302, 1303)), chance.choice(_RETRY_AFTER)
        if strike("account code"):
            return chance.choice(ACCOUNT_CODES), {}
        if strike("key code"):
            return chance.choice(KEY_CODES), {}
        if strike("clock code"):
            return chance.choice((1003, 1004)), {}
        if strike("500x code before commit"):
            return chance.choice((5000, 5001, 5002)), {}
        return None

    def _is_stormy(self) -> bool:
        """Whether there are too many calls or tasks now; it may go on for ten minutes."""
        if self.troubles.strike("wait code"):
            self._storm_until = max(self._storm_until, self.now + self.chance.choice((0.001, 0.001, 60.0, 600.0)))
        return self.now < self._storm_until and not self.troubles.is_over

    def refuse_content(self, external_id: str) -> None:
        """What the service objects to once, it objects to always."""
        self._refused_contents[external_id] = True

    def _made(self, external_id: str, call: Caller) -> HttpReply:
        """The create is carried out, now or later, and then something may happen to the answer."""
        strike, chance = self.troubles.strike, self.chance
        if strike("5xx before commit"):
            return gateway(chance)
        if strike("late commit"):
            self.make(external_id, chance.choice((1.0, 5.0, 20.0, 60.0, 120.0, 235.0)))
            call.spend(60.0)
            raise Unanswered("read time-out")
        if strike("late commit beyond the window"):
            self.make(external_id, chance.uniform(240.0, 1500.0))
            call.spend(60.0)
            raise Unanswered("read time-out")
        task = self.make(external_id, 0.0)
        if strike("delivered twice"):
            task = self.make(external_id, 0.0) if not self.is_lax else task
        if task is None:
            return refused(1201, {}, "External_task_id already exists")
        return self._answer(task, call)

    def _answer(self, task: Task, call: Caller) -> HttpReply:
        strike, chance = self.troubles.strike, self.chance
        call.step("made, not answered")
        if strike("5xx after commit"):
            return gateway(chance)
        if strike("second delivery refused"):
            return refused(chance.choice(tuple(HTTP_STATUS)), {}, chance.choice(_OTHER_WORDS))
        if strike("500x code after commit"):
            return refused(chance.choice((5000, 5001, 5002)), {})
        if strike("answer drips"):
            call.spend(ANSWER_TIMEOUT_S)
            raise Unanswered("the answer took too long")
        if strike("lost answer"):
            call.spend(chance.choice((0.1, 60.0)))
            raise Unanswered("the connection broke")
        answer = answered(self._report(task))
        if strike("answer cut or foreign"):
            return spoiled(answer, chance)
        return answer

    def make(self, external_id: str, delay_s: float) -> Task | None:
        """A task, from now or later on; None when a service that refuses duplicates has it already."""
        made_at = self.now + delay_s
        if not self.is_lax:
            if any(t.external_id == external_id and t.made_at <= made_at for t in self.tasks):
                return None
            # What was to be made later will be refused as a duplicate then.
            self.tasks = [t for t in self.tasks if t.external_id != external_id]
        number = len(self.tasks) + 1
        task = Task(
            id=f"{866_000_000 + number}-{external_id}-{made_at:.0f}",
            external_id=external_id,
            made_at=made_at,
            makes_s=self.chance.choice((1.0, 8.0, 20.0, 90.0)),
            found_from=self._visible_from("look-up", made_at),
            listed_from=self._visible_from("list", made_at),
            units=str(number + self.chance.choice((0.8, 3.0, 4.5))),
            ends_badly=self.troubles.strike("task fails"),
        )
        self.tasks.append(task)
        return task

    def _visible_from(self, where: str, made_at: float) -> float:
        if self.troubles.strike(f"{where} lags" if where == "list" else "look-up lags"):
            return made_at + self.chance.choice((1.0, 3.0, 30.0))
        if where == "look-up" and self.troubles.strike("look-up blind"):
            return made_at + 3000.0
        return made_at

    # asking

    def ask(self, path: str, call: Caller) -> HttpReply:
        """The answer to a GET."""
        strike, chance = self.troubles.strike, self.chance
        if strike("question unanswered"):
            call.spend(chance.choice((0.0, 60.0)))
            raise Unanswered("no answer")
        if strike("question's answer drips"):
            call.spend(ANSWER_TIMEOUT_S)
            raise Unanswered("the answer took too long")
        if strike("question gets 5xx"):
            return gateway(chance)
        if strike("question gets a code"):
            return refused(chance.choice((1302, 1303, 5000, 1002, 1003, 1102)), {})
        parts = urlsplit(path)
        if parts.query:
            words = parse_qs(parts.query)
            return self._page(int(words["pageNum"][0]), int(words["pageSize"][0]))
        wanted = parts.path.rsplit("/", 1)[1]
        if strike("answer about a stranger"):
            return answered(_strange_report(chance))
        known = [task for task in self.tasks if task.made_at <= self.now and wanted in (task.id, task.external_id)]
        found = [task for task in known if self.now >= task.found_from or self.troubles.is_over]
        if not found:
            return refused(1203, {}, f"Task not found by id {wanted}")
        return answered(self._report(found[0]))

    def _page(self, number: int, size: int) -> HttpReply:
        size = min(size, protocol.PAGE_SIZE)
        listed = [t for t in self.tasks if t.made_at <= self.now]
        listed = [t for t in listed if self.now >= t.listed_from or self.troubles.is_over]
        reports = [self._report(t) for t in sorted(listed, key=lambda t: -t.made_at)]
        if self.troubles.strike("list moves between pages") and self.strangers < 12:
            self.strangers += 2
        reports = [_strange_report(self.chance) for _ in range(self.strangers)] + reports
        return answered(reports[(number - 1) * size : number * size])

    def _report(self, task: Task) -> dict[str, Any]:
        strike = self.troubles.strike
        task.asked += 1
        done = task.is_done(self.now)
        status = "submitted" if task.asked == 1 else "processing"
        if done:
            status = "failed" if task.ends_badly else self.chance.choice(("succeed", "succeeded"))
        if strike("unknown status"):
            status = "reviewing"
        elif strike("status goes backwards"):
            status = "submitted"
        report = {"task_id": task.id, "task_status": status, "task_info": {"external_task_id": task.external_id}}
        if status in ("succeed", "succeeded"):
            links = (
                []
                if strike("success without a link")
                else [{"url": f"https://cdn.example/{self.now}/{task.made_at}"}] * 2
            )
            report |= {"task_result": {"videos": links}, "final_unit_deduction": task.units}
        if done and strike("hostile numbers"):
            task.is_told_oddly = True
            odd = self.chance.choice(_HOSTILE_NUMBERS)
            report |= {"final_unit_deduction": odd, "created_at": odd, "updated_at": odd}
        return report


class Wire:
    """What stands in for ``remote.http.Http``: one connection of one process to the model."""

    kling: Kling
    caller: Caller

    def __init__(self, base_url: str, user_agent: str) -> None:
        """Bound to a process and a service by :meth:`join`."""

    def join(self, kling: Kling, caller: Caller) -> None:
        """Lead to this service, from this process."""
        self.kling, self.caller = kling, caller

    def close(self) -> None:
        """Nothing is open."""

    def send(self, call: HttpCall, token: str, body: StreamedBody | None = None) -> HttpReply:
        """Carry a call out as ``Http.send`` promises, with crashes, waits and resets on the way."""
        self.kling.calls += 1
        self.caller.step(f"before {call.method}")
        reply = self._get(call) if body is None else self._post(call, body)
        self.caller.step(f"after {call.method}")
        return reply

    def _get(self, call: HttpCall) -> HttpReply:
        self._dawdle()
        return self.kling.ask(call.path, self.caller)

    def _post(self, call: HttpCall, body: StreamedBody) -> HttpReply:
        strike = self.kling.troubles.strike
        external_id = _id_in(call)
        self.caller.body_begins(external_id)
        if strike("no connection"):
            raise NotSent("no network")
        stream = iter(body)
        sent = next(stream)
        self._dawdle()
        early = self._cut_short(external_id)
        if early is not None:
            stream.close()
            return early
        sent += self._last_byte(stream)  # the commit point lies in here
        self.caller.step("committed, last byte not sent")
        if strike("frozen at the commit point"):
            self.caller.freeze(self.kling.chance.choice((70.0, 300.0, 900.0)))
        if strike("reset at the last byte"):
            raise Unanswered("the connection broke")
        self.caller.last_byte_leaves(external_id, sent)
        self.caller.step("last byte sent")
        return self.kling.receive(sent, self.caller)

    def _cut_short(self, external_id: str) -> HttpReply | None:
        """What may end an upload before the commit point."""
        strike, chance = self.kling.troubles.strike, self.kling.chance
        if strike("reset before the last byte"):
            raise NotSent("the connection broke")
        if strike("5xx before the last byte"):
            return gateway(chance)
        if strike("wait code before the last byte"):
            return refused(chance.choice((1302, 1303)), {})
        if strike("content code before the last byte"):
            self.kling.refuse_content(external_id)
            return refused(1301, {})
        if strike("account code before the last byte"):
            self.caller.refused_by_account(external_id)
            return refused(chance.choice(ACCOUNT_CODES), {})
        return None

    def _dawdle(self) -> None:
        if self.kling.troubles.strike("slow call"):
            self.caller.spend(self.kling.chance.choice((1.0, 10.0, 50.0, 200.0)))
        if self.kling.troubles.strike("frozen"):
            self.caller.freeze(self.kling.chance.choice((15.0, 65.0, 300.0, 600.0)))
        if self.kling.troubles.strike("suspended"):
            self.caller.suspend(self.kling.chance.choice((600.0, 3600.0, 8 * 3600.0)))

    def _last_byte(self, stream: Iterator[bytes]) -> bytes:
        return b"".join(stream)


def _id_in(call: HttpCall) -> str:
    last = call.pieces[-1]
    assert isinstance(last, str)
    return last.rpartition('"external_task_id":"')[2].partition('"')[0]  # a large body is parsed once, by the service


def answered(data: Any) -> HttpReply:
    """A good answer."""
    body = json.dumps({"code": 0, "message": "SUCCEED", "data": data}).encode()
    return HttpReply(status=200, headers={}, body=body)


def refused(code: int, headers: Mapping[str, str], message: str = "") -> HttpReply:
    """An answer with an error code."""
    return HttpReply(status=HTTP_STATUS[code], headers=headers, body=_refusal(code, message or TEXTS[code]))


@lru_cache(maxsize=1000)  # ids are in some messages
def _refusal(code: int, message: str) -> bytes:
    return json.dumps({"code": code, "message": message, "data": None}).encode()


def gateway(chance: Random) -> HttpReply:
    """A gateway's page."""
    return HttpReply(
        status=chance.choice((500, 502, 503, 504)), headers={"content-type": "text/html"}, body=b"<html>sorry</html>"
    )


def spoiled(answer: HttpReply, chance: Random) -> HttpReply:
    """A create's answer after which nobody knows more than before."""
    portal = HttpReply(status=200, headers={"content-type": "text/html"}, body=b"<html>Welcome to the hotel</html>")
    cut = HttpReply(status=200, headers={}, body=answer.body[: chance.randrange(len(answer.body))])
    return chance.choice((portal, cut, answered({}), answered(_strange_report(chance))))


def _strange_report(chance: Random) -> dict[str, Any]:
    number = chance.randrange(10**6)
    return {"task_id": f"9{number}", "task_status": "succeed", "task_info": {"external_task_id": f"other-{number}"}}
