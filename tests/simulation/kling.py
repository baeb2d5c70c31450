"""A model of the service, at the level of its HTTP answers: what it makes, says, forgets to say and says too late.

It is driven through the real ``remote.service.KlingService``, ``remote.http.StreamedBody`` and ``core.protocol``; only
the socket is replaced (:class:`Wire`). Times are true time, which no process knows exactly. It answers over both
generations of its API (:mod:`.words` has how), whichever path is called.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from kling_omni_addon.core import protocol
from kling_omni_addon.core.capability import LEGACY, NEW
from kling_omni_addon.core.dialects import new
from kling_omni_addon.core.errors import NotSent, Unanswered
from kling_omni_addon.core.protocol import HttpCall, HttpReply
from kling_omni_addon.rehearsal.answers import HTTP_STATUS, TEXTS
from kling_omni_addon.remote.deadlines import ANSWER_TIMEOUT_S
from kling_omni_addon.remote.http import StreamedBody

from . import words
from .troubles import Troubles
from .words import OTHER, Facts

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
ANSWERS = (
    *(f"{dialect}: {what}" for dialect in (LEGACY, NEW) for what in ("create", "task", "no such task", "page")),
    *(f"{dialect}: a list that moved" for dialect in (LEGACY, NEW)),
    *("new: several tasks", "new: some of several tasks", "new: a further page", "new: a task of the legacy API"),
)
"""What it says at one time or another (coverage)."""


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
    dialect: str
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
    def last_byte_leaves(self, external_id: str, path: str, body: bytes) -> None: ...
    def refused_by_account(self, external_id: str) -> None: ...


@dataclass
class Kling:
    """The service with its memory. What only two dialects can do is drawn from ``tongue``."""

    chance: Random
    troubles: Troubles
    now: float
    tongue: Random
    tasks: list[Task] = field(default_factory=list)
    calls: int = 0
    strangers: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._knows_legacy_tasks = self.tongue.random() < 0.7
        """Whether the new API tells of what was made over the legacy one, as it was seen to (contract, section 13)."""
        self._newest_first = self.tongue.random() < 0.5
        self._cursors: dict[str, tuple[float, str]] = {}
        self.is_lax = self.troubles.strike("lax service")
        self._refused_contents: dict[str, bool] = {}
        self._storm_until = -math.inf

    # creating

    def receive(self, path: str, body: bytes, call: Caller) -> HttpReply:
        """A whole create has arrived. Gives the answer, or raises Unanswered when none comes."""
        dialect = words.dialect_of(path)
        external_id = words.external_id_in(json.loads(body), dialect)
        if self.troubles.strike("swallowed"):
            call.spend(60.0)
            raise Unanswered("read time-out")
        refusal = self._refusal(external_id)
        if refusal is not None:
            if refusal[0] in ACCOUNT_CODES + KEY_CODES:
                call.refused_by_account(external_id)
            return refused(*refusal)
        return self._made(external_id, dialect, call)

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

    def _made(self, external_id: str, dialect: str, call: Caller) -> HttpReply:
        """The create is carried out, now or later, and then something may happen to the answer."""
        strike, chance = self.troubles.strike, self.chance
        if strike("5xx before commit"):
            return gateway(chance)
        if strike("late commit"):
            self.make(external_id, dialect, chance.choice((1.0, 5.0, 20.0, 60.0, 120.0, 235.0)))
            call.spend(60.0)
            raise Unanswered("read time-out")
        if strike("late commit beyond the window"):
            self.make(external_id, dialect, chance.uniform(240.0, 1500.0))
            call.spend(60.0)
            raise Unanswered("read time-out")
        task = self.make(external_id, dialect, 0.0)
        if strike("delivered twice"):
            task = self.make(external_id, dialect, 0.0) if not self.is_lax else task
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
        if strike("create answered in other words"):
            return answered(self._report(task, OTHER[task.dialect]))
        answer = answered(self._report(task, task.dialect))
        if strike("answer cut or foreign"):
            return spoiled(answer, chance, task.dialect)
        self.answers[f"{task.dialect}: create"] += 1
        return answer

    def make(self, external_id: str, dialect: str, delay_s: float) -> Task | None:
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
            dialect=dialect,
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

    def ask(self, path: str, call: Caller, body: bytes = b"") -> HttpReply:
        """The answer to a free question: a GET, or a POST for a page of the new API's list."""
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
        query = parse_qs(parts.query)
        if words.dialect_of(path) == LEGACY:
            if query:
                return self._numbered_page(int(query["pageNum"][0]), int(query["pageSize"][0]))
            return self._task(parts.path.rsplit("/", 1)[1])
        if not query:
            wanted = json.loads(body)
            return self._page_at(wanted["cursor"], wanted["limit"])
        (kind, (ids,)) = next(iter(query.items()))
        return self._tasks(ids.split(","), is_ours=kind == "external_task_ids")

    def _task(self, wanted: str) -> HttpReply:
        """The legacy API's answer about one task, by either id."""
        if self.troubles.strike("answer about a stranger"):
            return answered(words.stranger(self.chance, LEGACY))
        found = [task for task in self._found(LEGACY) if wanted in (task.id, task.external_id)]
        if self.troubles.strike("question answered in other words"):
            return answered([self._report(task, NEW) for task in found])
        self.answers["legacy: task" if found else "legacy: no such task"] += 1
        if not found:
            return refused(1203, {}, f"Task not found by id {wanted}")
        return answered(self._report(found[0], LEGACY))

    def _tasks(self, ids: list[str], *, is_ours: bool) -> HttpReply:
        """The new API's answer about up to twenty tasks: what it does not know is left out."""
        strike = self.troubles.strike
        if len(ids) > new.MOST_TOGETHER:
            return refused(1201, {})
        if strike("answer about a stranger"):
            return answered([words.stranger(self.chance, NEW)])
        found = [task for task in self._found(NEW) if (task.external_id if is_ours else task.id) in ids]
        if strike("question answered in other words"):
            return self._in_legacy_words(found)
        self._note_tasks(found, len(ids))
        reports = [self._report(task, NEW) for task in (reversed(found) if self._newest_first else found)]
        if strike("a stranger beside the task"):
            reports.insert(self.tongue.randint(0, len(reports)), words.stranger(self.tongue, NEW))
        return answered(reports)

    def _in_legacy_words(self, found: list[Task]) -> HttpReply:
        """What an address of the legacy API would say in the place of the new one's list."""
        if not found:
            return refused(1203, {}, "Task not found")
        reports = [self._report(task, LEGACY) for task in found]
        return answered(self.tongue.choice((reports, reports[0])))

    def _note_tasks(self, found: list[Task], asked: int) -> None:
        self.answers["new: task" if found else "new: no such task"] += 1
        if asked > 1:
            self.answers["new: several tasks"] += 1
            self.answers["new: some of several tasks"] += len(found) < asked

    def _found(self, dialect: str) -> list[Task]:
        """What can be asked for by its id."""
        known = [task for task in self.tasks if task.made_at <= self.now and self._tells(task, dialect)]
        return [task for task in known if self.now >= task.found_from or self.troubles.is_over]

    def _tells(self, task: Task, dialect: str) -> bool:
        """Whether an API knows a task at all: the legacy one knows its own."""
        return task.dialect == dialect or (dialect == NEW and self._knows_legacy_tasks)

    def _listed(self, dialect: str) -> list[Task]:
        """What is on the list, newest first."""
        listed = [t for t in self.tasks if t.made_at <= self.now and self._tells(t, dialect)]
        listed = [t for t in listed if self.now >= t.listed_from or self.troubles.is_over]
        return sorted(listed, key=lambda t: -t.made_at)

    def _move_list(self, dialect: str, *, is_further: bool) -> None:
        """Others use the account, too."""
        if self.troubles.strike("list moves between pages") and self.strangers < 12:
            self.strangers += 2
            self.answers[f"{dialect}: a list that moved"] += is_further

    def _numbered_page(self, number: int, size: int) -> HttpReply:
        """A page of the legacy API's list."""
        size = min(size, protocol.PAGE_SIZE)
        if self.troubles.strike("question answered in other words"):
            return self._page_in_other_words(LEGACY)
        reports = [self._report(t, LEGACY) for t in self._listed(LEGACY)]
        self._move_list(LEGACY, is_further=number > 1)
        self.answers["legacy: page"] += 1
        reports = [words.stranger(self.chance, LEGACY) for _ in range(self.strangers)] + reports
        return answered(reports[(number - 1) * size : number * size])

    def _page_at(self, cursor: str, limit: int) -> HttpReply:
        """A page of the new API's list: behind what the one before it ended with, whatever has come since."""
        strike, size = self.troubles.strike, min(limit, protocol.PAGE_SIZE)
        if cursor and cursor not in self._cursors:
            return refused(1201, {}, f"cursor value '{cursor}' is invalid")
        if strike("question answered in other words"):
            return self._page_in_other_words(NEW)
        self._move_list(NEW, is_further=bool(cursor))
        entries: list[tuple[tuple[float, str], Task | None]] = [
            ((math.inf, f"{number:03d}"), None) for number in range(self.strangers)
        ]
        entries += [((task.made_at, task.id), task) for task in self._listed(NEW)]
        entries.sort(key=lambda entry: entry[0], reverse=True)
        left = [entry for entry in entries if not cursor or entry[0] < self._cursors[cursor]]
        shown = left[:size]
        reports = [self._report(task, NEW) if task else words.stranger(self.tongue, NEW) for _, task in shown]
        if strike("list breaks off"):
            return answered(words.broken_page(reports[: self.tongue.randint(0, size)], cursor, self.tongue))
        self.answers["new: page"] += 1
        self.answers["new: a further page"] += bool(cursor)
        self.answers["new: a task of the legacy API"] += any(task and task.dialect == LEGACY for _, task in shown)
        return answered(words.page(reports, self._cursor_behind(shown[-1][0]) if len(left) > size else ""))

    def _cursor_behind(self, place: tuple[float, str]) -> str:
        cursor = f"{self.tongue.getrandbits(64):x}"
        self._cursors[cursor] = place
        return cursor

    def _page_in_other_words(self, dialect: str) -> HttpReply:
        """The newest of the list as the other generation of the API says it: within its own frame, or in this one's."""
        reports = [self._report(task, OTHER[dialect]) for task in self._listed(dialect)[: protocol.PAGE_SIZE]]
        in_new_frame = self.tongue.random() < 0.5
        return answered(words.page(reports, "") if in_new_frame else reports)

    def _report(self, task: Task, dialect: str) -> dict[str, Any]:
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
        links: tuple[str, ...] | None = None
        if status in ("succeed", "succeeded"):
            links = () if strike("success without a link") else (f"https://cdn.example/{self.now}/{task.made_at}",) * 2
        odd: tuple[Any, ...] = ()
        if done and strike("hostile numbers"):
            task.is_told_oddly = True
            odd = (self.chance.choice(_HOSTILE_NUMBERS),)
        facts = Facts(id=task.id, external_id=task.external_id, status=status, links=links, units=task.units, odd=odd)
        return words.said(facts, dialect)


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
        is_create = words.is_create(call.method, call.path)
        doing = f"{call.method} for a page" if body is not None and not is_create else call.method
        self.caller.step(f"before {doing}")
        reply = self._post(call, body) if body is not None and is_create else self._question(call, body)
        self.caller.step(f"after {doing}")
        return reply

    def _question(self, call: HttpCall, body: StreamedBody | None) -> HttpReply:
        """It costs nothing: no commit point matters in its body."""
        sent = b"" if body is None else b"".join(body)
        self._dawdle()
        return self.kling.ask(call.path, self.caller, sent)

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
        self.caller.last_byte_leaves(external_id, call.path, sent)
        self.caller.step("last byte sent")
        return self.kling.receive(call.path, sent, self.caller)

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


def spoiled(answer: HttpReply, chance: Random, dialect: str) -> HttpReply:
    """A create's answer after which nobody knows more than before."""
    portal = HttpReply(status=200, headers={"content-type": "text/html"}, body=b"<html>Welcome to the hotel</html>")
    cut = HttpReply(status=200, headers={}, body=answer.body[: chance.randrange(len(answer.body))])
    return chance.choice((portal, cut, answered({}), answered(words.stranger(chance, dialect))))
