"""A client and a rehearsal server on one virtual clock: real sockets, real journal, lanes that take turns."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from queue import SimpleQueue

from kling_omni_addon.core.capability import LEGACY, profile
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import LOOK_WINDOW_S, Phase, Submission
from kling_omni_addon.core.payload import build_payload, draft_body
from kling_omni_addon.core.pricing import plain, price_of
from kling_omni_addon.core.request import OmniRequest, Picture, Role
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.remote.token import Credentials
from kling_omni_addon.work.assignment import Assignment
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.lane import ASKING, FETCHING, SENDING
from kling_omni_addon.work.picture_store import PictureStore
from kling_omni_addon.work.worker import Worker
from tests.workshop.rehearsal_stand import HandClock, Stand

KEY = "api-key-kling-rehearsal"
ORIGIN = Origin(service="rehearsal", key_fingerprint="f")


class SharedClock:
    """The server's hand-turned clock, as the worker's."""

    def __init__(self, hand: HandClock) -> None:
        self.hand = hand
        self.off_s = 0.0

    def now(self) -> float:
        return self.hand.now + self.off_s

    def wall(self) -> float:
        return self.now()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.hand.now += timeout_s
        return event.is_set()


class Road:
    """One client on one server: lanes take turns, time passes when all of them rest."""

    def __init__(
        self,
        stand: Stand,
        home: Path,
        credentials: Credentials,
        window_s: float = LOOK_WINDOW_S,
        dialect: str = LEGACY,
    ) -> None:
        self.stand, self.home, self.credentials, self.window_s = stand, home, credentials, window_s
        self.dialect, self.limits = dialect, profile(dialect=dialect)
        self.clock = SharedClock(stand.clock)
        self.pictures = PictureStore(home / "pictures")
        self.journal = Journal(home / "journal.sqlite3")
        self.start()

    def start(self) -> None:
        worker = Worker(
            open_service=self.service,
            open_journal=lambda: Journal(self.home / "journal.sqlite3"),
            clock=self.clock,
            assignment=Assignment(
                origin=ORIGIN, clips=self.home / "clips", window_s=self.window_s, dialect=self.dialect
            ),
            messages=SimpleQueue(),
        )
        self.lanes = [worker.lane(actions) for actions in (SENDING, ASKING, FETCHING)]

    def service(self) -> KlingService:
        return KlingService(
            base_url=self.stand.server.url,
            credentials=self.credentials,
            pictures=self.pictures,
            now=self.clock.now,
            user_agent="test",
            dialect=self.dialect,
        )

    def intend_as(self, external_task_id: str) -> None:
        """Record one under an id that somebody chose."""
        request = OmniRequest(prompt="a fox", mode="std", aspect_ratio="16:9", duration_s=3)
        payload = build_payload(draft_body(request, {}, external_task_id=external_task_id), self.limits)
        now = self.clock.now()
        self.journal.begin(ev.Intended(at=now, payload=payload, origin=ORIGIN, target=Target(), id_is_given=True))

    def intend(
        self, number: int = 1, prompt: str = "a fox", picture: Path | None = None, asker: ev.Asker | None = None
    ) -> str:
        kept = {str(picture): self.pictures.keep_file(picture, "picture")} if picture else {}
        first = tuple(Picture(source=source, role=Role.FIRST) for source in kept)
        request = OmniRequest(prompt=prompt, pictures=first, mode="std", aspect_ratio="16:9", duration_s=3)
        body = draft_body(request, kept, external_task_id=f"kob-{number}")
        price = price_of(request, profile=self.limits)
        intended = ev.Intended(
            at=self.clock.now(),
            payload=build_payload(body, self.limits),
            origin=ORIGIN,
            target=Target(),
            most_units=plain(price.most_units) if price else "",
            asker=asker or ev.Asker(),
        )
        return self.journal.begin(intended).id

    def run(self, seconds: float, *, until: Phase | None = None) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end and (until is None or self.one().phase is not until):
            pause_s = min(lane.run_due() for lane in self.lanes)
            self.clock.hand.now += max(min(pause_s, end - self.clock.now()), 0.001)
            if pause_s > 0:
                time.sleep(0.002)  # the server's own threads live in real time

    def one(self, submission_id: str = "kob-1") -> Submission:
        found = self.journal.load(submission_id)
        assert found is not None
        return found

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.journal.history("kob-1")]

    def creates(self, submission_id: str = "kob-1") -> int:
        return int(self.stand.stats()["creates_by_external_id"].get(submission_id, 0))

    def posts(self) -> int:
        return int(self.stand.stats()["posts"])


def assert_paid_once(road: Road) -> None:
    road.run(3600, until=Phase.FETCHED)
    assert road.one().phase is Phase.FETCHED, road.one().problem
    assert road.creates() == 1
    stats = road.stand.stats()
    assert float(stats["charges_units"]) == float(road.one().charge_units)
