"""An element is sent once: where no answer came it is looked for, by our id, then by its name and time."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from kling_omni_addon.core.elements import ElementDraft, ElementTask, LibraryElement
from kling_omni_addon.core.errors import (
    ArgumentsInvalid,
    NotSent,
    Reaction,
    Refused,
    StillRunning,
    TaskFailed,
    TaskUnknown,
    Unanswered,
)
from kling_omni_addon.work.making import Making, SentElement

HERO = LibraryElement(id=7, name="Hero", description="a fox", kind="image_refer", owner="me", made_at=1000.0)
DRAFT = ElementDraft(name="Hero", description="a fox", front="https://e/f", more=("https://e/s",), own_id="kob-new")
BEFORE = SentElement(own_id="kob-old", name="Hero", at=1000.0)


class Hours:
    """A clock whose waits are over at once."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.time += timeout_s
        return event.is_set()


def refused(reaction: Reaction) -> Refused:
    return Refused("No.", code=1, http_status=400, reaction=reaction)


class Shelf:
    """A library that answers as it is told to; ``made`` says from when on which id is known."""

    def __init__(self, clock: Hours, answer: Exception | None = None, *, knows: str = "kob-new") -> None:
        self.clock, self.answer, self.knows = clock, answer, knows
        self.sent: list[str] = []
        self.listed: list[LibraryElement] = []
        self.ready_at, self.problem = 1003.0, ""
        self.trouble: Callable[[], None] = lambda: None

    def create_element(self, draft: ElementDraft) -> ElementTask:
        self.sent.append(draft.own_id)
        if self.answer is not None:
            raise self.answer
        return ElementTask(task_id="1", element=None, problem="")

    def element_task(self, task_id: str) -> ElementTask:
        self.trouble()
        if task_id not in (self.knows, "1"):
            raise TaskUnknown("?", code=1203, http_status=404, reaction=Reaction.CHANGE_REQUEST)
        is_over = self.clock.now() >= self.ready_at
        return ElementTask(task_id="1", element=HERO if is_over else None, problem=self.problem if is_over else "")

    def elements(self, *, presets: bool) -> tuple[LibraryElement, ...]:
        assert not presets
        return tuple(self.listed)


@pytest.fixture
def clock() -> Hours:
    return Hours()


def making(shelf: Shelf) -> Making:
    return Making(library=shelf, draft=DRAFT, clock=shelf.clock, stopping=threading.Event(), window_s=30, timeout_s=60)


def test_it_is_sent_and_waited_for(clock: Hours) -> None:
    shelf = Shelf(clock)
    assert making(shelf).make_once(None) == HERO
    assert shelf.sent == ["kob-new"]


@pytest.mark.parametrize("answer", [Unanswered("Silence."), refused(Reaction.RETRY), refused(Reaction.LOOK_UP)])
def test_a_lost_answer_is_looked_for_and_nothing_is_sent_again(clock: Hours, answer: Exception) -> None:
    shelf = Shelf(clock, answer)
    assert making(shelf).make_once(None) == HERO
    assert shelf.sent == ["kob-new"]


def test_it_is_found_by_name_and_time_where_our_id_is_unknown(clock: Hours) -> None:
    shelf = Shelf(clock, Unanswered("Silence."), knows="")
    making_it = making(shelf)
    shelf.trouble = lambda: shelf.listed.append(HERO) if clock.now() > 1010 else None
    assert making_it.make_once(None) == HERO
    assert shelf.sent == ["kob-new"]


def test_what_cannot_be_found_is_a_sentence_and_is_not_sent_again_by_itself(clock: Hours) -> None:
    shelf = Shelf(clock, Unanswered("Silence."), knows="")
    with pytest.raises(
        Unanswered, match=r"No response from Kling about the element \"Hero\".*checks the library first"
    ):
        making(shelf).make_once(None)
    assert shelf.sent == ["kob-new"]
    assert clock.now() >= 1030


@pytest.mark.parametrize("answer", [NotSent("Offline."), refused(Reaction.CHANGE_REQUEST), refused(Reaction.FIX_KEYS)])
def test_an_answer_that_proves_something_is_believed_at_once(clock: Hours, answer: Exception) -> None:
    with pytest.raises(type(answer)):
        making(Shelf(clock, answer)).make_once(None)
    assert clock.now() == 1000.0


@pytest.mark.parametrize("knows", ["kob-old", ""])
def test_one_that_was_sent_before_is_taken_instead_of_sent_again(clock: Hours, knows: str) -> None:
    shelf = Shelf(clock, knows=knows)
    shelf.listed = [] if knows else [HERO]
    assert making(shelf).make_once(BEFORE) == HERO
    assert shelf.sent == []


def test_one_that_was_sent_before_and_is_nowhere_is_sent_anew(clock: Hours) -> None:
    shelf = Shelf(clock)
    assert making(shelf).make_once(BEFORE) == HERO
    assert shelf.sent == ["kob-new"]


def test_while_the_library_does_not_answer_nothing_is_sent_again(clock: Hours) -> None:
    shelf = Shelf(clock, knows="kob-old")

    def silent() -> None:
        raise Unanswered("Silence.")

    shelf.trouble = silent
    with pytest.raises(Unanswered):
        making(shelf).make_once(BEFORE)
    assert shelf.sent == []


def test_an_older_element_of_that_name_is_not_taken_for_the_lost_one_and_keeps_the_name(clock: Hours) -> None:
    shelf = Shelf(clock, knows="")
    shelf.listed = [HERO]
    later = SentElement(own_id="kob-old", name="Hero", at=9000.0)
    with pytest.raises(ArgumentsInvalid, match=r'already has an element "Hero"\. Nothing was sent'):
        making(shelf).make_once(later)
    assert shelf.sent == []


def test_trouble_while_waiting_is_waited_out(clock: Hours) -> None:
    shelf = Shelf(clock)

    def shaky() -> None:
        if clock.now() < 1020:
            raise Unanswered("Silence.")

    shelf.trouble = shaky
    assert making(shelf).make() == HERO


def test_one_that_fails_says_why_and_one_that_takes_too_long_is_still_running(clock: Hours) -> None:
    shelf = Shelf(clock)
    shelf.problem = "Image pixel is invalid"
    shelf.element_task = lambda task_id: ElementTask(task_id="1", element=None, problem="Image pixel is invalid")  # type: ignore[method-assign]
    with pytest.raises(TaskFailed, match="Image pixel is invalid"):
        making(shelf).make()
    shelf = Shelf(clock)
    shelf.ready_at = 1e9
    with pytest.raises(StillRunning, match="Hero"):
        making(shelf).make()


def test_the_end_of_the_session_ends_the_wait(clock: Hours) -> None:
    shelf = Shelf(clock)
    shelf.ready_at = 1e9
    making_it = making(shelf)
    making_it.stopping.set()
    with pytest.raises(StillRunning):
        making_it.make()
    assert clock.now() < 1010
