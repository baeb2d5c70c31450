"""What Kling is asked besides the tasks themselves: asked by an errand of the worker, heard by the timer's visit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import bpy

from ...core.errors import KlingError
from ...work.clock import steady_s
from ..host.isolating import on_its_own, tell_once

if TYPE_CHECKING:
    from ...work.errand import Errand

_Answer = TypeVar("_Answer")
_WAIT_S: Final = 60.0


class Question(Generic[_Answer]):
    """One question with its last ``answer`` (None before one), or the sentence in ``problem`` that says why there is
    none.

    ``on_answer`` is told each answer, ``on_forget`` that it counts no more. Without a window it is waited for up to
    ``wait_s`` seconds. Another service or key forgets every question, see :func:`forget`.
    """

    def __init__(
        self,
        on_answer: Callable[[_Answer], object] | None = None,
        on_forget: Callable[[], object] | None = None,
        wait_s: float = _WAIT_S,
    ) -> None:
        self.answer: _Answer | None = None
        self.problem = ""
        self._errand: Errand[_Answer] | None = None
        self._asked_at = float("-inf")
        self._on_answer, self._on_forget, self._wait_s = on_answer, on_forget, wait_s
        _questions.append(self)

    def ask(self, put: Callable[[], Errand[_Answer]], wait_s: float | None = None) -> None:
        """Put the question, which takes the place of one under way. Without a window it waits for the answer, since
        nobody would look again; ``wait_s`` for this one alone. Raises like ``put``.
        """
        self._asked_at, self.problem = steady_s(), ""
        self._errand = put()
        if bpy.app.background:
            self._errand.wait(self._wait_s if wait_s is None else wait_s)
            self.hear()

    def fail(self, problem: str) -> None:
        """It could not even be put, and this sentence says why."""
        self._errand, self.problem = None, problem

    def hear(self) -> bool:
        """Whether it was answered since the last time."""
        if self._errand is None or not self._errand.is_done:
            return False
        errand, self._errand = self._errand, None
        try:
            self.answer = errand.answer
        except KlingError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - one question that trips us up leaves the others their answers
            tell_once(error, "a question")
            self.problem = "An error in the extension lost the answer. See the system console."
        if self._on_answer is not None and self.answer is not None and not self.problem:
            on_its_own(self._on_answer, self.answer)
        return True

    def wait(self, timeout_s: float) -> bool:
        """Wait for the answer and hear it, where no window can freeze; whether it came."""
        return self._errand is not None and self._errand.wait(timeout_s) and self.hear()

    @property
    def is_asking(self) -> bool:
        """Whether an answer is waited for."""
        return self._errand is not None

    @property
    def age_s(self) -> float:
        """Seconds since it was put, those of a suspend included; infinite before."""
        return steady_s() - self._asked_at

    def forget(self) -> None:
        """Count neither an answer nor a problem any more."""
        self.answer, self.problem, self._errand, self._asked_at = None, "", None, float("-inf")
        if self._on_forget is not None:
            self._on_forget()


_questions: list[Question[Any]] = []


def hear() -> bool:
    """Whether any question was answered since the last time."""
    answered = [question for question in _questions if question.hear()]
    return bool(answered)


def is_asking() -> bool:
    """Whether any answer is waited for."""
    return any(question.is_asking for question in _questions)


def forget() -> None:
    """Another service or key, or the end: what was heard is about another account."""
    for question in _questions:
        question.forget()
