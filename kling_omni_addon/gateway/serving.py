"""A gateway from its start to its end: stand by, serve, stand by again when another one took over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from ..session import Session
from .desk import Desk
from .gateway import Gateway
from .spool import Spool
from .watch import Superseded, Watch

LOOK_S: Final = 0.5
_TROUBLE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a gateway is started with.

    ``open_session`` opens a session of the settings in force, ``tell`` has sentences for people. After ``patience_s``
    without a heartbeat of the one in office it takes over. One that is to run ``until_empty`` ends when nothing more
    happens by itself to what is in the spool.
    """

    spool: Spool
    open_session: Callable[[], Session]
    tell: Callable[[str], None]
    patience_s: float
    until_empty: bool = False

    def run(self) -> int:
        """Serve until Ctrl-C, or until the spool is empty; the exit code. Raises :class:`KlingError` where no session
        can be opened, and where the journal fails.
        """
        while True:
            watch = Watch(self.spool, self.patience_s)
            if not self._stood_by(watch):
                return 0
            try:
                with _office(watch), self.open_session() as session:
                    return self._serve(session, watch)
            except Superseded:
                self.tell("Another gateway took over this spool. This gateway stands by.")

    def _stood_by(self, watch: Watch) -> bool:
        """Wait for the office; False where there is nothing left to wait for."""
        is_told = False
        while True:
            with self._trouble_told():
                if watch.takes_office():
                    return True
                if self.until_empty and not self.spool.waiting():
                    return False
            if not is_told:
                self.tell("Another gateway serves this spool. This gateway stands by.")
                is_told = True
            time.sleep(LOOK_S)

    def _serve(self, session: Session, watch: Watch) -> int:
        gateway = Gateway(self.spool, Desk(session), self.tell, lambda: watch.beat(gateway.told()))
        session.release()
        session.start()
        self.tell(f'Serving "{self.spool.folder}".')
        while True:
            with self._trouble_told():
                watch.beat(gateway.told())
                gateway.turn()
                if self.until_empty and gateway.is_idle:
                    return gateway.exit_code
            time.sleep(LOOK_S)

    @contextmanager
    def _trouble_told(self) -> Iterator[None]:
        """A spool that cannot be read or written, as a share that is away, is waited for."""
        try:
            yield
        except OSError as error:
            self.tell(f"The spool cannot be used: {error.strerror or error}. The gateway tries again.")
            time.sleep(_TROUBLE_S)


@contextmanager
def _office(watch: Watch) -> Iterator[None]:
    """Leave the office in the end, so that the next gateway need not wait; after trouble of the share it waits."""
    try:
        yield
    finally:
        with suppress(OSError):
            watch.end()
