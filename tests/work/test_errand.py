"""A question asked in a thread of its own."""

from __future__ import annotations

import threading

import pytest

from kling_omni_addon.core.errors import NotSent
from kling_omni_addon.work.errand import Errand


def test_whoever_asks_does_not_wait_for_the_answer() -> None:
    may_answer = threading.Event()

    def ask() -> int:
        may_answer.wait()
        return 7

    errand = Errand(ask)
    assert not errand.is_done
    may_answer.set()
    assert errand.wait(10)
    assert errand.answer == 7


def test_an_error_comes_when_the_answer_is_read() -> None:
    def ask() -> int:
        raise NotSent("There is no network.")

    errand = Errand(ask)
    assert errand.wait(10)
    with pytest.raises(NotSent, match="no network"):
        _ = errand.answer
