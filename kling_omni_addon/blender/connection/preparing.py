"""What the first press of Generate needs is made ready ahead, so that the press need not wait for it.

The modules are loaded in a thread. Python holds a lock for each module that is being loaded, and whoever needs one
meanwhile waits for that thread, which waits for nobody: imports have no circles here, nothing that is loaded speaks to
Blender, and the lock of the interpreter is let go while one waits. Then the timer opens the session, on Blender's own
thread, which alone may use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ...work.errand import Errand
from ..host import heartbeat
from . import opening, preferences

_END_S = 5.0


@dataclass(slots=True)
class _Begun:
    """What this Blender has begun."""

    loading: Errand[bool] | None = None
    has_opened: bool = False


_begun = _Begun()


def begin() -> None:
    """Begin, where it was not begun yet."""
    if _begun.loading is None:
        _begun.loading = Errand(partial(_load, preferences.service_name() == "rehearsal"))
        heartbeat.start()


def _load(is_rehearsal: bool) -> bool:
    from ... import once  # noqa: F401 - with it session, sqlite, requests, jsonschema

    if is_rehearsal:
        from ...rehearsal import clip_maker, server  # noqa: F401
    return True


def is_loading() -> bool:
    """Whether modules are being loaded."""
    return _begun.loading is not None and not _begun.loading.is_done


def is_under_way() -> bool:
    """Whether something is left to be done at the next beat."""
    return _begun.loading is not None and not _begun.has_opened


def go_on() -> None:
    """At a beat at which Blender has time: open the session when all is loaded, once."""
    if is_under_way() and not is_loading():
        _begun.has_opened = True
        opening.open_ahead()


def stop() -> None:
    """Let what is being loaded come to its end: the interpreter must not end in the middle of it."""
    if _begun.loading is not None:
        _begun.loading.wait(_END_S)
    _begun.loading, _begun.has_opened = None, False
