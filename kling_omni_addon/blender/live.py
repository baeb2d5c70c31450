"""The one session of this Blender, and what the panels show of it.

Opened on first use (nothing heavy happens when the extension is enabled), closed on disabling. Panels read the
snapshots here and never wait for a disk.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy

from ..core.errors import KlingError, RequestInvalid
from ..core.events import Target
from ..core.lifecycle import Phase, Submission
from ..core.problem import Problem
from ..core.request import OmniRequest
from . import status_bar, submission_list, thumbnails

if TYPE_CHECKING:
    from ..core.library import Pack
    from ..session import Session
    from ..settings import Settings
    from ..work.errand import Errand

_LIMIT_OF_NAMES = 64
_ACCOUNT_WAIT_S = 60.0
_SAME_CLICK_S = 3.0


@dataclass(slots=True, kw_only=True)
class Account:
    """What was last heard of the account: ``packs`` or a sentence in ``problem``; ``None`` and ``""`` before."""

    errand: Errand[tuple[Pack, ...]] | None = None
    packs: tuple[Pack, ...] | None = None
    problem: str = ""


class _Live:
    """What is alive between two calls from Blender."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.rehearsal = ExitStack()
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.last_submit: tuple[OmniRequest, Target, float] | None = None
        self.is_paused = False
        self.account: Account = Account()
        self.hidden: set[str] = set()


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
        refresh()
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


def submit(request: OmniRequest, target: Target) -> Submission:
    """Record a submission. Raises like :meth:`session.Session.submit`."""
    submission = session().submit(request, target)
    _live.last_submit = (request, target, time.monotonic())
    refresh()
    return submission


def is_repeat(request: OmniRequest, target: Target) -> bool:
    """Whether the very same was submitted a moment ago: a double click, a held key (fault 78)."""
    last = _live.last_submit
    is_same = last is not None and last[:2] == (request, target)
    return last is not None and is_same and time.monotonic() - last[2] < _SAME_CLICK_S


def follow_online_access() -> None:
    """Stop everything while Blender is set to stay offline, and go on when it is not any more (fault 82)."""
    if _live.session is not None and offline_reason():
        _live.session.close()
        _live.session = None
        _live.is_paused = True
        show()
    elif _live.is_paused and not offline_reason():
        _live.is_paused = False
        session()


def is_paused() -> bool:
    """Whether work waits for online access."""
    return _live.is_paused


def close() -> None:
    """Stop the session and a rehearsal service of ours. Live submissions stay in the journal."""
    from . import clip_links, element_library

    _live.is_paused = False
    if _live.session is not None:
        _live.session.close()
        _live.session = None
    _live.rehearsal.close()
    clip_links.forget()
    element_library.forget()
    _live.problems.clear()
    _live.account = Account()
    _live.last_submit = None
    submission_list.clear()
    status_bar.forget()


def is_open() -> bool:
    """Whether there is a session."""
    return _live.session is not None


def refresh() -> bool:
    """Bring the snapshots and the list in the panel up to date; whether anything changed."""
    if _live.session is None or not _live.session.board.refresh():
        return False
    show()
    return True


def show() -> None:
    """Put the submissions that are not hidden into the panel's list."""
    submission_list.fill([s.id for s in submissions() if s.id not in _live.hidden])


def hide(submission_id: str) -> None:
    """Take a submission off the panel's list until Blender ends; its record and its clip stay."""
    _live.hidden.add(submission_id)
    show()


def submissions() -> tuple[Submission, ...]:
    """Every submission as of the last refresh, oldest first."""
    return _live.session.board.submissions if _live.session is not None else ()


def submission(submission_id: str) -> Submission | None:
    """The submission with this id as of the last refresh."""
    return _live.session.board.find(submission_id) if _live.session is not None else None


def usual_s(found: Submission) -> tuple[float, ...]:
    """How long the last tasks of its kind took, in seconds."""
    return _live.session.usual_s(found) if _live.session is not None else ()


def notice() -> str:
    """A sentence about the record of submissions itself, or ``""``."""
    return _live.session.board.notice if _live.session is not None else ""


def ask_account() -> None:
    """Ask for the balance, which tests the key; :func:`hear_account` hears the answer. Raises like :func:`session`."""
    _live.account = Account(errand=session().ask_account())
    if bpy.app.background and _live.account.errand is not None:
        _live.account.errand.wait(_ACCOUNT_WAIT_S)
        hear_account()


def hear_account() -> bool:
    """Whether the account has answered since the last time."""
    heard = _live.account
    if heard.errand is None or not heard.errand.is_done:
        return False
    try:
        heard.packs = heard.errand.answer
    except KlingError as error:
        heard.problem = str(error)
    heard.errand = None
    return True


def forget_account() -> None:
    """Another service or key: what was heard is about another account."""
    from . import clip_links, element_library

    clip_links.forget()
    element_library.forget()
    _live.account = Account()


def account() -> Account:
    """What is known of the account."""
    return _live.account


def moved(found: Submission) -> tuple[int, int]:
    """Bytes of the upload or download under way, and in all; zeros without one, or while its size is unknown."""
    progress = _live.session.board.progress.get(found.id) if _live.session is not None else None
    phases = (Phase.INTENDED, Phase.UNANSWERED) if progress and progress.is_upload else (Phase.READY,)
    if progress is None or found.phase not in phases or not progress.received or not progress.total:
        return 0, 0
    return progress.received, progress.total


def judge(scene: bpy.types.Scene) -> tuple[Problem, ...]:
    """Judge the scene's shot and keep the result for the panels. Reads the headers of its pictures, nothing else."""
    from ..core import capability
    from ..request_file import judge_request
    from . import clip_links
    from .read_panel import read_request
    from .remedies import is_told_better, missing, spoken, unknown_mentions

    request = read_request(scene)
    video = request.video
    videos = {video.url: clip_links.facts_of(video.clip)} if video is not None and video.clip else {}
    found = judge_request(request, capability.profile(), videos)
    judged = (spoken(problem, request) for problem in found if not is_told_better(problem, request))
    problems = (*missing(scene, request), *judged, *unknown_mentions(request))
    if len(_live.problems) > _LIMIT_OF_NAMES:
        _live.problems.clear()
    _live.problems[scene.name] = problems
    thumbnails.load(scene)
    return problems


def require_complete(scene: bpy.types.Scene) -> None:
    """Raise :class:`RequestInvalid` for what the chosen kind of shot lacks, which the service could not know.

    Without a window, the link of a clip of ours is waited for here.
    """
    from ..core.rules import MEDIA_RULES
    from . import clip_links
    from .properties import shot_of
    from .read_panel import uses_of
    from .remedies import PANEL_RULE

    if bpy.app.background and uses_of(shot_of(scene)).video is not None:
        clip_links.ask_where_needed(shot_of(scene))
    # Rules of a video's insides are judged only here, where the facts of our own clips are known.
    early = (PANEL_RULE, *MEDIA_RULES)
    lacks = [problem for problem in judge(scene) if problem.rule in early and problem.is_fault]
    if lacks:
        raise RequestInvalid(lacks)


def problems(scene: bpy.types.Scene) -> tuple[Problem, ...] | None:
    """The last judgement of the scene's shot; None before the first."""
    return _live.problems.get(scene.name)


def forget_judgements() -> None:
    """Another file is open."""
    _live.problems.clear()


def offline_reason() -> str:
    """Why nothing may be sent now, as a sentence; ``""`` when it may (fault 82)."""
    from ..settings import is_local_service
    from . import preferences

    if bpy.app.online_access or is_local_service(preferences.service_name()):
        return ""
    return (
        "Blender is set to stay offline. Turn on Preferences > System > Network > Allow Online Access, "
        "or use the Rehearsal service"
    )
