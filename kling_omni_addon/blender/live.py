"""The one session of this Blender, and what the panels show of it.

Opened on first use (nothing heavy happens when the extension is enabled), closed on disabling. Panels read the
snapshots here and never wait for a disk.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import bpy

from ..core.events import Target
from ..core.lifecycle import Submission
from ..core.problem import Problem
from ..core.request import OmniRequest

if TYPE_CHECKING:
    from ..session import Session
    from ..settings import Settings

_LIMIT_OF_NAMES = 64
_SAME_CLICK_S = 3.0


class _Live:
    """What is alive between two calls from Blender."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.rehearsal = ExitStack()
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.last_submit: tuple[OmniRequest, Target, float] | None = None
        self.is_paused = False


_live = _Live()


def session() -> Session:
    """The running session, opened with the settings in force. Raises :class:`KlingError` with a sentence for the user.

    A change of service or key closes the old one; its submissions wait in the journal, bound to where they belong.
    """
    from ..session import Session

    settings = _settings()
    if _live.session is not None and _live.session.settings != settings:
        _live.session.close()
        _live.session = None
    if _live.session is None:
        _live.session = Session(settings)
        _live.session.board.refresh()
        _live.session.start()
    return _live.session


def _settings() -> Settings:
    from . import preferences

    if preferences.service_name() == "rehearsal":
        _start_rehearsal()
    return preferences.read_settings()


def _start_rehearsal() -> None:
    """An offline service of our own, unless one runs on this journal's home already."""
    from ..rehearsal.clip_maker import ClipMaker, default_command
    from ..rehearsal.server import RehearsalServer
    from ..rehearsal.settings import RehearsalSettings
    from ..rehearsal_note import kept_note, running_rehearsal
    from ..settings import home_folder

    home = home_folder(os.environ)
    if running_rehearsal(home) is not None:
        return
    maker = ClipMaker(default_command(bpy.app.binary_path or os.environ.get("BLENDER")), home / "rehearsal" / "made")
    server = _live.rehearsal.enter_context(RehearsalServer(RehearsalSettings(folder=home / "rehearsal"), maker))
    _live.rehearsal.enter_context(kept_note(home, server.ready_line()))


def submit_once(request: OmniRequest, target: Target) -> Submission | None:
    """Record a submission; None when the very same one was made a moment ago: a double click, a held key (fault 78).

    Raises like :meth:`session.Session.submit`.
    """
    now = time.monotonic()
    last = _live.last_submit
    if last is not None and last[:2] == (request, target) and now - last[2] < _SAME_CLICK_S:
        return None
    submission = session().submit(request, target)
    _live.last_submit = (request, target, now)
    refresh()
    return submission


def follow_online_access() -> None:
    """Stop everything while Blender is set to stay offline, and go on when it is not any more (fault 82)."""
    if _live.session is not None and offline_reason():
        _live.session.close()
        _live.session = None
        _live.is_paused = True
    elif _live.is_paused and not offline_reason():
        _live.is_paused = False
        session()


def is_paused() -> bool:
    """Whether work waits for online access."""
    return _live.is_paused


def close() -> None:
    """Stop the session and a rehearsal service of ours. Live submissions stay in the journal."""
    _live.is_paused = False
    if _live.session is not None:
        _live.session.close()
        _live.session = None
    _live.rehearsal.close()
    _live.problems.clear()


def is_open() -> bool:
    """Whether there is a session."""
    return _live.session is not None


def refresh() -> bool:
    """Bring the snapshots up to date; whether anything changed."""
    return _live.session is not None and _live.session.board.refresh()


def submissions() -> tuple[Submission, ...]:
    """Every submission as of the last refresh, oldest first."""
    return _live.session.board.submissions if _live.session is not None else ()


def received(submission_id: str) -> tuple[int, int | None]:
    """Bytes of a download so far, and in all if known."""
    progress = _live.session.board.progress.get(submission_id) if _live.session is not None else None
    return (progress.received, progress.total) if progress else (0, None)


def judge(scene: bpy.types.Scene) -> tuple[Problem, ...]:
    """Judge the scene's shot and keep the result for the panels. Reads the headers of its pictures, nothing else."""
    from ..core import capability
    from ..request_file import judge_request
    from .read_panel import read_request

    problems = judge_request(read_request(scene), capability.profile())
    if len(_live.problems) > _LIMIT_OF_NAMES:
        _live.problems.clear()
    _live.problems[scene.name] = problems
    return problems


def problems(scene: bpy.types.Scene) -> tuple[Problem, ...] | None:
    """The last judgement of the scene's shot; None before the first."""
    return _live.problems.get(scene.name)


def forget_judgements() -> None:
    """Another file is open."""
    _live.problems.clear()


def offline_reason() -> str:
    """Why nothing may be sent now, as a sentence; ``""`` when it may (conventions, 10)."""
    from ..settings import is_local_service
    from . import preferences

    if bpy.app.online_access or is_local_service(preferences.service_name()):
        return ""
    return (
        "Blender is set to stay offline. Turn on Preferences > System > Network > Allow Online Access, "
        "or use the Rehearsal service"
    )
