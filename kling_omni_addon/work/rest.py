"""A moment in which the lanes of a worker rest, for what Blender does badly beside threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Rest:
    """Lanes take turns at their work; :meth:`kept` keeps new turns from beginning."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._at_work = 0
        self._asked_for = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One lane's turn; it waits while somebody wants rest."""
        with self._changed:
            self._changed.wait_for(lambda: not self._asked_for)
            self._at_work += 1
        try:
            yield
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    @contextmanager
    def kept(self, patience_s: float) -> Iterator[bool]:
        """No turn begins meanwhile, and those that go on are waited for, so many seconds at most: one may wait for an
        answer of the network, and does nothing then. Gives whether all rest.
        """
        with self._changed:
            self._asked_for += 1
            is_quiet = self._changed.wait_for(lambda: not self._at_work, patience_s)
        try:
            yield is_quiet
        finally:
            with self._changed:
                self._asked_for -= 1
                self._changed.notify_all()
