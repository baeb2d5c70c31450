"""A question to the service that a person waits for, asked in a thread of its own so that nobody's window freezes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ..core.errors import KlingError

_T = TypeVar("_T")


class Errand(Generic[_T]):
    """Runs ``ask`` at once in a short-lived thread, which ends with the process. Whoever asked looks at :attr:`is_done`
    from time to time.
    """

    def __init__(self, ask: Callable[[], _T]) -> None:
        self._ask = ask
        self._found: _T | None = None
        self._error: KlingError | None = None
        self._thread = threading.Thread(target=self._run, name="kling-errand", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether there is an answer or an error."""
        return not self._thread.is_alive()

    def wait(self, timeout_s: float) -> bool:
        """Wait, where no window can freeze; whether it is done."""
        self._thread.join(timeout_s)
        return self.is_done

    @property
    def answer(self) -> _T:
        """What was found. Raises the :class:`KlingError` that came instead; only when it is done."""
        if self._error is not None:
            raise self._error
        assert self._found is not None
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._ask()
        except KlingError as error:
            self._error = error
