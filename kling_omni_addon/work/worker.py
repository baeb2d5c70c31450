"""The threads that carry submissions along, and nothing else: what each of them does is in ``lane``.

Three kinds of lane work side by side, so that asking never waits for an upload or a download. Each is a thread with its
own journal connection and its own connection to the service. Nothing here touches Blender.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from ..core.errors import JournalUnusable
from ..core.life.lifecycle import Action
from .assignment import Assignment, Service
from .clock import Clock
from .crew import Crew, Progress
from .journal import Journal
from .lane import ASKING, FETCHING, IDLE_S, SENDING, TROUBLE_S, Lane

_log = logging.getLogger(__name__)


class Worker:
    """Lanes and their threads. What they did stands in the journal; only progress comes through ``messages``."""

    def __init__(
        self,
        *,
        open_service: Callable[[], Service],
        open_journal: Callable[[], Journal],
        clock: Clock,
        assignment: Assignment,
        messages: SimpleQueue[Progress],
    ) -> None:
        self._open_service = open_service
        self._open_journal = open_journal
        self.crew = Crew(assignment=assignment, clock=clock, messages=messages)
        self._threads: list[threading.Thread] = []

    def lane(self, actions: frozenset[Action]) -> Lane:
        """A lane of this worker, with a journal and a connection of its own."""
        return Lane(self.crew, self._open_journal(), self._open_service(), actions)

    def start(self) -> None:
        """Start a thread for each lane. Returns at once: journals and connections are opened by the threads."""
        assignment = self.crew.assignment
        lanes = [ASKING, *[SENDING] * assignment.uploads, *[FETCHING] * assignment.downloads]
        for number, actions in enumerate(lanes):
            thread = threading.Thread(
                target=self._run,
                args=(actions, self.crew.new_wake()),
                name=f"kling-{min(actions)}-{number}".replace(" ", "-"),
                daemon=True,
            )
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Look at the journal now: something new is in it."""
        self.crew.wake()

    def ask_again_for_other_keys(self) -> None:
        """Ask the account once more for what was sent with other keys of this service."""
        self.crew.memory.forget_asked()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Ask the lanes to stop. What is on the network after ``timeout_s`` is left as a crash would leave it, which is
        safe.
        """
        self.crew.stopping.set()
        self.crew.wake()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, actions: frozenset[Action], wake: threading.Event) -> None:
        """One thread, from its start to the end of the worker."""
        lane: Lane | None = None
        while not self.crew.stopping.is_set():
            try:
                with self.crew.rest.turn():
                    lane = lane or self.lane(actions)
                    pause_s = min(lane.run_due(), IDLE_S)
            except JournalUnusable as error:
                _log.error("%s Going on in %g s.", error, TROUBLE_S)
                pause_s = TROUBLE_S
            except Exception:  # noqa: BLE001 - the outermost line of a thread; the reason is below
                # Broad on purpose: a lane that dies takes paid work with it. Nothing was sent unrecorded; it goes on
                # after a pause.
                _log.exception("a lane stumbled and goes on in %g s", TROUBLE_S)
                pause_s = TROUBLE_S
            self.crew.clock.wait(wake, pause_s)
            wake.clear()
        if lane is not None:
            lane.close()
