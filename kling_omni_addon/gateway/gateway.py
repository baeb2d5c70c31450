"""The gateway's work: take what waits in the spool, follow it, hand clips over, say how all of it stands.

Nothing is remembered that matters. What was asked for once is known by its name to the journal and to Kling, so a
gateway that begins anew, here or elsewhere, takes every request of the spool again and pays for none twice. A request
goes last, when its clip is in the spool and its state says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from ..core.errors import (
    ArgumentsInvalid,
    ClipGone,
    ClipUnusable,
    JournalUnusable,
    KlingError,
    NetworkMisset,
    RequestInvalid,
)
from ..core.life.lifecycle import Submission
from .desk import Counter, Read
from .spool import Spool
from .state import Standing, State, other_wish

_log = logging.getLogger(__name__)
MOST_IN_HAND: Final = 100
"""So many requests are under way at once; the others wait in the spool, where another gateway finds them."""
_RETRY_S: Final = 5.0
_LOST: Final = "The request of this job is no longer in the spool."
_ASK_AGAIN: Final = "Submit it again under its name, which is free."
_NEW_NAME: Final = "Use a new name to generate another take, which is charged."


class Gateway:
    """One gateway in office.

    ``tell`` has sentences for people, ``beat`` says that it is alive and raises where it may not go on, ``now`` is a
    clock that only goes forward.
    """

    def __init__(
        self,
        spool: Spool,
        desk: Counter,
        tell: Callable[[str], None],
        beat: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._desk = desk
        self._tell = tell
        self._beat = beat
        self._now = now
        self._arrived: dict[str, None] = {}
        self._asked: dict[str, tuple[str, str]] = {}  # the key and the wish of what was read
        self._in_hand: dict[str, str] = {}  # the submission of what was taken
        self._states: dict[str, State] = {}
        self._put_off: dict[str, float] = {}
        self._unborn: set[str] = set()
        self._exit_code = 0

    def turn(self) -> None:
        """Look at every request once. Raises OSError where the spool cannot be read, :class:`JournalUnusable`, and what
        ``beat`` raises.
        """
        waiting = self._spool.waiting()
        there = frozenset(waiting)
        self._arrived = {s: None for s in self._arrived if s in there} | dict.fromkeys(waiting)
        self._unborn.clear()
        for slot in tuple(self._arrived):
            if not self._has_room():
                break
            if slot not in self._in_hand and not self._is_put_off(slot):
                self._beat()
                self._at(slot, self._take)
        self._follow()

    def _has_room(self) -> bool:
        return len(self._in_hand) - self._count(Standing.NEEDS_A_PERSON) < MOST_IN_HAND

    def _count(self, standing: Standing) -> int:
        return sum(self._stands(slot) is standing for slot in self._in_hand)

    def _stands(self, slot: str) -> Standing | None:
        state = self._states.get(slot)
        return None if state is None else state.standing

    def _is_put_off(self, slot: str) -> bool:
        return self._now() < self._put_off.get(slot, 0.0)

    @property
    def is_idle(self) -> bool:
        """Whether nothing more happens by itself to what is in the spool."""
        open_ones = (self._arrived.keys() | self._in_hand.keys()) - self._unborn
        return all(self._stands(slot) is Standing.NEEDS_A_PERSON for slot in open_ones)

    @property
    def exit_code(self) -> int:
        """What a command ends with that ends now."""
        return max(self._exit_code, *(state.exit_code for state in self._states.values()), 0)

    def told(self) -> dict[str, int]:
        """What a heartbeat says: how many requests wait, and how those in hand stand."""
        needy = self._count(Standing.NEEDS_A_PERSON)
        waiting = len(self._arrived.keys() - self._in_hand.keys())
        return {"waiting": waiting, "under_way": len(self._in_hand) - needy, "needs_a_person": needy}

    def _at(self, slot: str, act: Callable[[str], None]) -> None:
        """Do something for one request, whose trouble is not that of the others."""
        try:
            act(slot)
        except JournalUnusable:
            raise
        except (KlingError, OSError) as error:
            self._wait_with(slot, error)
        except Exception:  # noqa: BLE001 - over one request, whatever it is: the others have their clips all the same
            _log.exception("the gateway stumbled over the request %s", slot)
            self._wait_with(slot, KlingError("An unexpected error occurred. The log of the gateway has the details."))

    def _take(self, slot: str) -> None:
        """Take a request that waits, or refuse it."""
        try:
            asked = self._spool.request(slot)
            if asked is None:
                self._unborn.add(slot)
                return
            self._asked[slot] = (asked.key, "")
            read = self._desk.read(asked)
            self._asked[slot] = (asked.key, read.wish)
            self._require_same_wish(slot, read)
            if self._is_ours(slot, read):
                self._in_hand[slot] = self._desk.take(read).id
        except (ArgumentsInvalid, RequestInvalid, ClipGone) as error:
            if _is_of_machine(error):
                raise
            self._refuse(slot, error)

    def _require_same_wish(self, slot: str, read: Read) -> None:
        before = self._spool.state(slot)
        if before is not None and before.is_of_another(read.wish):
            raise other_wish(before.key)

    def _is_ours(self, slot: str, read: Read) -> bool:
        """Whether it may be taken with this journal: where Kling takes no ids of ours, only the first one may."""
        if not self._desk.needs_claim(read) or self._spool.claim(slot, self._desk.journal):
            return True
        state = State(
            key=read.asked.key,
            wish=read.wish,
            standing=Standing.NEEDS_A_PERSON,
            words="This gateway does not send the request.",
            exit_code=1,
            problem="The request belongs to another gateway's job history, and Kling takes no IDs for this model.",
            remedy="Continue with that gateway, or use a new name.",
        )
        self._say(slot, state)
        self._put_off[slot] = self._now() + _RETRY_S
        return False

    def _refuse(self, slot: str, error: KlingError) -> None:
        """Say what is wrong with a request, and set it aside."""
        key, wish = self._asked.get(slot, (slot, ""))
        problems = error.problems if isinstance(error, RequestInvalid) else ()
        state = State(
            key=key,
            standing=Standing.REFUSED,
            words="The request was refused.",
            exit_code=error.exit_code,
            problem=error.sentence,
            remedy=_NEW_NAME if error.field == "once" else error.remedy,
            problems=tuple({"rule": p.rule, "path": p.path, "message": p.message, "kind": p.kind} for p in problems),
        )
        before = self._spool.state(slot)
        if before is not None and before.is_of_another(wish):
            self._tell(f"{key}: {state.problem} {state.remedy}")  # what is said of the wish that has the name stays
            if not before.is_final:
                self._say(slot, replace(before, standing=Standing.NEEDS_A_PERSON, problem=_LOST, remedy=_ASK_AGAIN))
        else:
            self._say(slot, state)
        self._end(slot, state)

    def _wait_with(self, slot: str, error: KlingError | OSError) -> None:
        """Something is in the way that is not the request's fault: say so, and try again later."""
        self._put_off[slot] = self._now() + _RETRY_S
        sentence = error.sentence if isinstance(error, KlingError) else f"{error.strerror or error}."
        remedy = error.remedy if isinstance(error, KlingError) else ""
        key, wish = self._asked.get(slot, (slot, ""))
        waits = State(
            key=key, wish=wish, standing=Standing.WAITING, words="The gateway could not take the request yet."
        )
        try:
            self._say(slot, replace(self._states.get(slot, waits), problem=sentence, remedy=remedy))
        except OSError:
            self._tell(f"{key}: {sentence}")

    def _follow(self) -> None:
        """Say what became of everything in hand, and end what has come to an end."""
        found = self._desk.states({own_id: self._asked[slot] for slot, own_id in self._in_hand.items()})
        for slot, own_id in tuple(self._in_hand.items()):
            if not self._is_put_off(slot):
                submission, state = found[own_id]
                self._at(slot, partial(self._go_on, submission=submission, state=state))

    def _go_on(self, slot: str, submission: Submission, state: State) -> None:
        if submission.is_sent_again:
            self._desk.go_on(submission)
        if state.standing is Standing.DONE:
            state = self._handed_over(submission, state)
        self._say(slot, state)
        if state.is_final:
            self._end(slot, state)

    def _handed_over(self, submission: Submission, state: State) -> State:
        """The state with the names of the clips, which are in the spool now."""
        try:
            clip, marked = self._desk.hand_over(submission, self._spool.room("clips"))
        except ClipUnusable as error:
            said = replace(state, problem=error.sentence, remedy=error.remedy)
            return replace(said, standing=Standing.FAILED, exit_code=error.exit_code)
        return replace(state, clip=clip, marked_clip=marked)

    def _end(self, slot: str, state: State) -> None:
        """The last word on a request is said: now the request goes."""
        if state.standing is Standing.DONE:
            self._spool.remove(slot)
        elif self._spool.is_waiting(slot):
            self._spool.set_aside(slot)
        for known in (self._in_hand, self._asked, self._states, self._put_off, self._arrived):
            known.pop(slot, None)
        self._exit_code = max(self._exit_code, state.exit_code)

    def _say(self, slot: str, state: State) -> None:
        """Write a state where it changed, and tell people of trouble."""
        if self._states.get(slot) == state:
            return
        self._spool.write_state(slot, state)
        self._states[slot] = state
        if state.problem:
            self._tell(f"{state.key}: {state.problem} {state.remedy}".rstrip())


def _is_of_machine(error: KlingError) -> bool:
    """Whether an error that looks like the request's is this machine's."""
    return isinstance(error, NetworkMisset) or (isinstance(error, ArgumentsInvalid) and error.field == "folder")
