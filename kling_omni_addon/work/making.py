"""An element is made at the service: sent once, and where no answer came, looked for before anybody sends it again.

It is free, so no journal is kept of it; but nobody wants two elements of one name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from ..core.elements import ElementDraft, ElementTask, LibraryElement
from ..core.errors import (
    ArgumentsInvalid,
    KlingError,
    NotSent,
    Reaction,
    Refused,
    StillRunning,
    TaskFailed,
    TaskUnknown,
    Unanswered,
)
from .clock import Clock

_LOOK_S: Final = 2.0
_CLOCK_SLACK_S: Final = 120.0  # between the service's clock and this machine's


class Library(Protocol):
    """What is asked of the service."""

    def create_element(self, draft: ElementDraft) -> ElementTask:
        """Begin an element."""

    def element_task(self, task_id: str) -> ElementTask:
        """How far an element is, by Kling's id of it or by ours."""

    def elements(self, *, presets: bool) -> tuple[LibraryElement, ...]:
        """The account's own elements, or the presets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentElement:
    """What is known of an element that was sent: our id of it, its name, and when, in Unix seconds."""

    own_id: str
    name: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """The making of one element. ``window_s`` is how long a lost one is looked for, ``timeout_s`` how long one that is
    known is waited for. ``stopping`` ends both at once.
    """

    library: Library
    draft: ElementDraft
    clock: Clock
    stopping: threading.Event
    window_s: float
    timeout_s: float

    def make(self) -> LibraryElement:
        """Send it, and wait until it can be used.

        Raises like the service, :class:`Unanswered` where no answer came and it cannot be found either,
        :class:`TaskFailed` with the service's reason, and :class:`StillRunning` when the time is over.
        """
        return self._finished(self._sent())

    def make_once(self, before: SentElement | None) -> LibraryElement:
        """The same, unless it is there: one that was sent ``before``, whose answer was lost, is taken as it is.

        Raises :class:`ArgumentsInvalid` where the account has an element of this name already; then nothing was sent.
        """
        known = self._found(before) if before is not None else None
        if known is not None and not known.problem:
            return self._finished(known)
        if any(element.name == self.draft.name for element in self.library.elements(presets=False)):
            sentence = f'The element library already has an element "{self.draft.name}". Nothing was sent.'
            raise ArgumentsInvalid(sentence, field="name", remedy="Use or delete that element, or enter another name.")
        return self.make()

    def _sent(self) -> ElementTask:
        sent = SentElement(own_id=self.draft.own_id, name=self.draft.name, at=self.clock.now())
        try:
            return self.library.create_element(self.draft)
        except Unanswered as error:
            return self._looked_for(sent, error)
        except Refused as refusal:
            if refusal.reaction not in (Reaction.RETRY, Reaction.LOOK_UP):
                raise
            return self._looked_for(sent, refusal)

    def _looked_for(self, sent: SentElement, error: KlingError) -> ElementTask:
        """The element, which may have come into being without an answer. Raises :class:`Unanswered`."""
        task = self._tried_until(lambda: self._found(sent), self.window_s)
        if task is not None:
            return task
        raise Unanswered(
            f'No response from Kling about the element "{sent.name}", which is not in the library. {error.sentence}',
            remedy="Make the element again, which is free. The extension checks the library first.",
        ) from error

    def _found(self, sent: SentElement) -> ElementTask | None:
        """The element as the service knows it by our id, or else by its name and time in the library."""
        try:
            return self.library.element_task(sent.own_id)
        except TaskUnknown:
            pass
        for element in self.library.elements(presets=False):
            if element.name == sent.name and element.made_at >= sent.at - _CLOCK_SLACK_S:
                return ElementTask(task_id=sent.own_id, element=element, problem="")
        return None

    def _finished(self, task: ElementTask) -> LibraryElement:
        """The element once it can be used."""
        ended = task if _is_over(task) else self._tried_until(lambda: self._over(task.task_id), self.timeout_s)
        if ended is None:
            raise StillRunning(
                f'Kling is still making the element "{self.draft.name}".',
                remedy="Look for the element in the library later.",
            )
        if ended.element is None:
            raise TaskFailed(f"Kling could not make the element: {ended.problem}.")
        return ended.element

    def _over(self, task_id: str) -> ElementTask | None:
        task = self.library.element_task(task_id)
        return task if _is_over(task) else None

    def _tried_until(self, look: Callable[[], ElementTask | None], most_s: float) -> ElementTask | None:
        """What a free question finds, asked again and again: trouble on the way proves nothing."""
        deadline = self.clock.now() + most_s
        while True:
            try:
                task = look()
            except (NotSent, Unanswered, Refused):
                task = None
            is_late = self.clock.now() >= deadline
            if task is not None or is_late or self.clock.wait(self.stopping, _LOOK_S):
                return task


def _is_over(task: ElementTask) -> bool:
    return task.element is not None or bool(task.problem)
