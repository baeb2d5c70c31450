"""The one session of this Blender: opened on first use, since nothing heavy may happen when the extension is enabled,
and closed on disabling.
"""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from typing import TYPE_CHECKING

import bpy

from ...core.errors import KlingError
from ...settings import REHEARSAL, REHEARSING, named_home
from ...usual_home import brought_home
from ..host.signals import Signal
from . import limits, preferences, questions
from .online import offline_reason

if TYPE_CHECKING:
    from ...rehearsal.server import RehearsalServer
    from ...session import Session
    from ...settings import Settings


class _Open:
    """What is alive between two calls from Blender."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.resting: Session | None = None
        self.rehearsal = ExitStack()
        self.server: RehearsalServer | None = None
        self.is_paused = False


_open = _Open()
changed: Signal[[]] = Signal()
"""The session was opened, refreshed, paused or closed: what is known of submissions may be other than before."""
closed: Signal[[]] = Signal()
"""The session was closed for good: what was remembered for it counts no more."""


def session() -> Session:
    """The session, opened with the settings in force. Raises :class:`KlingError` with a sentence for the user.

    A change of service or key closes the old one; its submissions wait in the journal, bound to where they belong.
    While Blender is set to stay offline it is opened but does no work: what the journal knows can be read, and clips
    that are here can be placed.
    """
    moved = _brought_home() if _open.session is None else ""
    settings = _settings()
    if _open.session is not None and _open.session.settings != settings:
        _open.session.close()
        _open.session = None
    if _open.session is None:
        if bpy.app.background and settings.service == REHEARSAL:  # no panel says it
            sys.stderr.write(f"kling: {REHEARSING} {settings.told}\n")
        _open.session = _opened_ahead(settings) or _opened(settings, moved)
        _open.session.snapshot.refresh()
        changed.send()
    if offline_reason():
        _open.is_paused = True
    else:
        _open.session.start()
    return _open.session


def open_ahead() -> None:
    """Open the session and have it rest, so that whoever needs it first does not wait for that. It does nothing and
    nobody is shown anything of it before :func:`session` takes it.

    Only for a service that is not ours to start, and while Blender is online. Where it cannot be opened,
    :func:`session` says why.
    """
    if at_hand() is not None or offline_reason() or preferences.service_name() == "rehearsal":
        return
    with suppress(KlingError):
        moved = _brought_home()
        _open.resting = _opened(preferences.read_settings(), moved)


def at_hand() -> Session | None:
    """The session, or else the one that rests: to prepare something with."""
    return _open.session or _open.resting


def _brought_home() -> str:
    return "" if named_home(os.environ, preferences.preferred()) else brought_home()


def _opened(settings: Settings, moved: str) -> Session:
    """A new one, which tells what was ``moved``, if anything was."""
    from ...session import Session  # sqlite, requests

    session = Session(settings)
    session.snapshot.notice = moved or session.snapshot.notice
    return session


def _opened_ahead(settings: Settings) -> Session | None:
    """The session that rests, if it is one of these settings and its journal is still there. It rests no more."""
    resting, _open.resting = _open.resting, None
    if resting is None or (resting.settings == settings and resting.has_its_journal):
        return resting
    resting.close()
    return None


def _settings() -> Settings:
    if preferences.service_name() == "rehearsal":
        _start_rehearsal()
    return preferences.read_settings()


def _start_rehearsal() -> None:
    """An offline service of our own, unless one runs on this journal's home already."""
    from ...rehearsal.clip_maker import ClipMaker, default_command  # with the server: jsonschema, jwt
    from ...rehearsal.server import RehearsalServer
    from ...rehearsal.settings import RehearsalSettings
    from ...rehearsal_note import kept_note, running_rehearsal

    home, profile = preferences.home(), limits.profile().name
    if _open.server is not None:
        _open.server.judge_by(profile)
    if running_rehearsal(home) is not None:
        return
    maker = ClipMaker(default_command(bpy.app.binary_path or os.environ.get("BLENDER")), home / "rehearsal" / "made")
    settings = RehearsalSettings(folder=home / "rehearsal", profile=profile)
    _open.server = server = _open.rehearsal.enter_context(RehearsalServer(settings, maker))
    _open.rehearsal.enter_context(kept_note(home, server.note()))


def follow_online_access() -> None:
    """Stop everything while Blender is set to stay offline, and go on when it is not any more (fault 82)."""
    if _open.session is not None and _open.session.is_running and offline_reason():
        _open.session.close()
        _open.session = None
        _open.is_paused = True
        changed.send()
    elif _open.is_paused and not offline_reason():
        _open.is_paused = False
        session()


def is_paused() -> bool:
    """Whether work waits for online access."""
    return _open.is_paused


def running() -> Session | None:
    """The session, if there is one, at work or not; opens none."""
    return _open.session


def resting() -> AbstractContextManager[object]:
    """A moment in which our threads rest, for an operator in an overridden context: up to Blender 5.0 it reads that
    without Python's lock, and crashes where a thread of Python runs beside it (docs/dev/blender_facts.md).
    """
    session = at_hand()
    is_needed = session is not None and bpy.app.version < (5, 1, 0)
    return session.resting() if session is not None and is_needed else nullcontext()


def close() -> None:
    """Stop the session and a rehearsal service of ours. Live submissions stay in the journal. Each step is made,
    whatever becomes of the one before.
    """
    session, _open.session, _open.server, _open.is_paused = _open.session, None, None, False
    resting, _open.resting = _open.resting, None
    with ExitStack() as steps:  # the last one first
        steps.callback(closed.send)
        steps.callback(changed.send)
        steps.callback(questions.forget)
        steps.callback(_open.rehearsal.close)
        for each in (session, resting):
            if each is not None:
                steps.callback(each.close)
