"""The service behind the sockets: a call comes in, an answer goes out (contract, sections 3 to 9 and 16)."""

from __future__ import annotations

import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from ..core.capability import DIALECTS, NEW, profile
from ..core.errors import ArgumentsInvalid
from .account import Account, Clock
from .answers import Answer, Delivery, Refusal, json_answer, success
from .calls import ADMIN, KEYED, Call, Kind
from .elements import ElementLibrary, check_element, image_urls
from .fault_table import FAULTS
from .faults import Faults
from .lent import LentVideos
from .new_queries import Cursors, Page, ids_in
from .new_tasks import NEW_WORDS
from .orders import OrderDesk, json_object
from .proof import NONCE, proof_of
from .received import ReceivedMedia
from .results import Links, is_marked, serve
from .settings import DAY_S, RehearsalSettings
from .studio import Maker, start_making
from .tasks import LEGACY_WORDS, Task, Words, milliseconds
from .tokens import check_api_key, check_authorization

Handler: TypeAlias = Callable[[Call], Answer]
_PAGES, _PAGE_SIZE = (1, 1000, 1), (1, 500, 30)
"""Smallest, largest, default (R81, R82)."""
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_COSTS_INTERVAL_S = 1.0
_DROPS = 100


class RehearsalService:
    """An offline Kling without its sockets. Every method is safe to call from any thread."""

    def __init__(self, settings: RehearsalSettings, maker: Maker, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._maker = maker
        self._lock = threading.Lock()
        self._calls: Counter[Kind] = Counter()
        self._sent_bytes = 0
        self._costs_asked_s = float("-inf")
        self.secret = secrets.token_hex(32)
        self.links = Links(secrets.token_bytes(32), clock, settings.link_lifetime_s)
        self.faults = Faults(FAULTS, settings.seed)
        self._account = Account(settings, clock, self._start, self.links.link)
        self._library = ElementLibrary(settings, clock, self._account.new_id)
        self._cursors = Cursors(secrets.token_bytes(32))
        self._media = ReceivedMedia(settings.folder, self._own_file, profile(settings.profile).video.size_bytes)
        self._lent = LentVideos(self._media)
        self.judge_by(settings)
        self._handlers: Mapping[Kind, Handler] = {
            Kind.CREATE: self._create,
            Kind.QUERY: self._query,
            Kind.LIST: self._list,
            Kind.FILE: self._file,
            Kind.ELEMENT_CREATE: self._element_create,
            Kind.ELEMENT_QUERY: self._element_query,
            Kind.ELEMENT_LIST: lambda call: self._element_list(call, presets=False),
            Kind.PRESET_LIST: lambda call: self._element_list(call, presets=True),
            Kind.ELEMENT_DELETE: self._element_delete,
            Kind.COSTS: self._costs,
            Kind.LEND: self._lend,
            Kind.STATS: lambda call: json_answer(self.stats()),
            Kind.PROOF: self._proof,
            Kind.FAULTS: lambda call: json_answer(self.faults.described()),
            Kind.ARM: self._arm,
            Kind.RESET: self._reset,
        }
        self._arm_all()

    def judge_by(self, settings: RehearsalSettings) -> None:
        """Take the profile of these settings, from the next call on."""
        self._desks = {
            dialect: OrderDesk(settings, profile(settings.profile, dialect, is_relayed=True), self._media)
            for dialect in DIALECTS
        }
        self._settings = settings

    def close(self) -> None:
        """Kill clips in the making and delete the pictures that came."""
        self._maker.close()
        self._media.clear()

    def arrived(self, kind: Kind) -> None:
        """Count a call whose head has been read; its body may never come."""
        with self._lock:
            self._calls[kind] += 1

    def sent(self, file_bytes: int) -> None:
        """Count bytes of a result file that were handed to a socket."""
        with self._lock:
            self._sent_bytes += file_bytes

    def answer(self, call: Call) -> Answer:
        """Carry a call out, faults included. Its body must be whole."""
        outcome = self.faults.on_call(call)
        call = call if isinstance(outcome, Answer) else outcome
        answer = outcome if isinstance(outcome, Answer) else self._carried_out(call)
        twist = call.twist
        delivery = replace(
            answer.delivery,
            wait_s=answer.delivery.wait_s or twist.wait_s,
            piece_bytes=-(-answer.length // _DROPS) if twist.drip_s else twist.piece_bytes,
            pause_s=twist.drip_s / _DROPS or twist.pause_s,
        )
        return replace(answer, delivery=delivery).with_headers(
            Date=formatdate(self._clock() + twist.skew_s, usegmt=True)
        )

    def stats(self) -> dict[str, Any]:
        """Figures for tests: creates are accepted ones, posts are those that arrived, whole or not."""
        with self._lock:
            calls, sent = dict(self._calls), self._sent_bytes
        return {
            **self._account.figures(),
            "posts": calls.get(Kind.CREATE, 0),
            "queries": calls.get(Kind.QUERY, 0),
            "lists": calls.get(Kind.LIST, 0),
            "downloads": calls.get(Kind.FILE, 0),
            "download_bytes": sent,
        }

    def _carried_out(self, call: Call) -> Answer:
        try:
            if call.kind in KEYED:
                self._check_caller(call)
            elif call.kind in ADMIN and "origin" in call.headers:
                raise Refusal(1103)  # a web page in the artist's browser has no business here
            answer = self._handlers[call.kind](call)
        except Refusal as refusal:
            return refusal.answer
        return self.faults.on_answer(call, answer)

    def _check_caller(self, call: Call) -> None:
        header = call.headers.get("authorization")
        if call.dialect == NEW:
            check_api_key(header, self._settings)
        else:
            check_authorization(header, self._settings, self._clock() + call.twist.skew_s)

    def _create(self, call: Call) -> Answer:
        if call.twist.is_twice:
            self._create(call.twisted(is_twice=False))
        is_lax = call.twist.is_lax
        used_ids = () if is_lax else self._account.used_ids()
        desk = self._desks[call.dialect]
        order = desk.order(call.body, model=call.name, elements=self._library.kinds(), used_ids=used_ids)
        if call.twist.delay_s:
            self._account.create_later(order, call.twist.delay_s, is_lax=is_lax)
            return Answer(delivery=Delivery(is_silent=True))
        return success(self._account.create(order, _words(call), is_lax=is_lax))

    def _query(self, call: Call) -> Answer:
        is_new = call.dialect == NEW
        ids, names = ids_in(call.query) if is_new else ([call.name], [call.name])
        found = self._account.described(_words(call), ids=ids, names=names, lag_s=call.twist.lag_s)
        return success(found if is_new else _found(next(iter(found), None), call.name))

    def _list(self, call: Call) -> Answer:
        words, lag_s = _words(call), call.twist.lag_s
        if call.dialect != NEW:
            number, size = _page(call.query)
            return success(self._account.listed(words, count=size, skipped=(number - 1) * size, lag_s=lag_s))
        page = Page.of(json_object(call.body), self._cursors)
        found = self._account.listed(words, count=page.limit + 1, before=page.before, is_wanted=page.holds, lag_s=lag_s)
        return success(page.answered(found, self._cursors))

    def _file(self, call: Call) -> Answer:
        lent = self._lent.clip(call.path)
        if lent is None and not self.links.is_honoured(call.path, call.query):
            return Answer(status=403, content=b"the link has expired\n", headers={"Content-Type": "text/plain"})
        if call.twist.has_new_etag:
            self._account.renew_etag(call.name)
        clip = lent or self._account.clip(call.name, is_marked=is_marked(call.path))
        try:
            if clip is not None:
                return serve(clip, call.headers)
        except FileNotFoundError:
            pass  # somebody emptied the folder
        return Answer(status=404, content=b"no such file\n", headers={"Content-Type": "text/plain"})

    def _element_create(self, call: Call) -> Answer:
        body = json_object(call.body)
        check_element(body)
        return success(self._library.create(body, self._desks[call.dialect].picture_doom(image_urls(body))))

    def _element_query(self, call: Call) -> Answer:
        return success(_found(self._library.described(call.name), call.name))

    def _element_list(self, call: Call, *, presets: bool) -> Answer:
        return success(self._library.listed(*_page(call.query), presets=presets))

    def _element_delete(self, call: Call) -> Answer:
        self._library.delete(json_object(call.body).get("element_id"))
        return success()

    def _costs(self, call: Call) -> Answer:
        members = parse_qs(call.query)
        for field in ("start_time", "end_time"):
            text = members.get(field, [""])[0]
            if not (text.isascii() and text.isdigit()):
                raise Refusal(1201, f"{field} value '{text}' is invalid" if text else f"{field} cannot be empty")
        with self._lock:
            now = self._clock()
            if 0 <= now - self._costs_asked_s < _COSTS_INTERVAL_S:
                raise Refusal(1302)
            self._costs_asked_s = now
        pack = _pack(self._settings.units, self._account.remaining(), now)
        return success({"code": 0, "msg": "success", "resource_pack_subscribe_infos": [pack]})

    def _lend(self, call: Call) -> Answer:
        try:
            return success({"link": f"{self.links.base_url}{self._lent.keep(call.body)}"})
        except (OSError, ValueError) as broken:
            raise Refusal(1200, f"the video cannot be kept: {broken}") from None

    def _proof(self, call: Call) -> Answer:
        nonce = parse_qs(call.query).get("nonce", [""])[0]
        if not NONCE.fullmatch(nonce):
            raise Refusal(1200, "a nonce of 32 to 128 hexadecimal digits is required")
        return json_answer({"proof": proof_of(self.secret, self.links.base_url, nonce)})

    def _arm(self, call: Call) -> Answer:
        body = json_object(call.body)
        marks = (("", "name"), ("@", "on"), ("=", "argument"), (":", "count"))
        spelling = "".join(f"{mark}{body[member]}" for mark, member in marks if body.get(member) is not None)
        try:
            self.faults.arm(spelling)
        except ArgumentsInvalid as invalid:
            raise Refusal(1200, str(invalid)) from None
        return json_answer(self.faults.described())

    def _reset(self, call: Call) -> Answer:
        self._account.reset()
        self._library.reset()
        self._arm_all()
        with self._lock:
            self._calls.clear()
            self._sent_bytes = 0
        return json_answer(self.stats())

    def _arm_all(self) -> None:
        self.faults.disarm_all()
        for spelling in self._settings.faults:
            self.faults.arm(spelling)

    def _start(self, task: Task) -> None:
        start_making(self._maker, task, self._account.made, self._account.failed)

    def _own_file(self, url: str) -> Path | None:
        path = url.removeprefix(self.links.base_url)
        clip = self._lent.clip(path) or self._account.clip(self.links.own_task_id(url))
        return clip.path if clip else None


def _words(call: Call) -> Words:
    return NEW_WORDS if call.dialect == NEW else LEGACY_WORDS


def _found(document: dict[str, Any] | None, wanted: str) -> dict[str, Any]:
    if document is None:
        raise Refusal(1201, f"Task not found by id/external id: {wanted}")
    return document


def _pack(total: Decimal, left: Decimal, now: float) -> dict[str, Any]:
    """The account's one resource pack, bought a day ago for the usual 180 days (contract, section 10)."""
    return {
        "resource_pack_name": "Rehearsal pack",
        "resource_pack_id": "rehearsal",
        "resource_pack_type": "decreasing_total",
        "total_quantity": float(total),
        "remaining_quantity": float(left),
        "purchase_time": milliseconds(now - DAY_S),
        "effective_time": milliseconds(now - DAY_S),
        "invalid_time": milliseconds(now + 179 * DAY_S),
        "status": "online" if left else "runOut",
    }


def _page(query: str) -> tuple[int, int]:
    members = parse_qs(query, keep_blank_values=True)
    return _whole(members, "pageNum", *_PAGES), _whole(members, "pageSize", *_PAGE_SIZE)


def _whole(members: Mapping[str, list[str]], name: str, least: int, most: int, default: int) -> int:
    text = members.get(name, [str(default)])[0]
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise Refusal(1201, f"{name} value '{text}' is invalid")
    return int(text)
