"""What a person, or a script, decides about a shot and its submissions; operators and ``api`` call the same."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...core.errors import ClipUnusable, KlingError
from ...core.life.phase import Phase
from ...core.provenance import shot_id_of
from ...core.request import OmniRequest
from ..connection import opening, snapshots
from ..connection.online import require_online
from ..connection.snapshots import require_submission
from ..host import heartbeat
from ..host.identity import this_file
from ..host.ownership import require_own
from ..shot import judging
from ..shot.reading import Wish, read_wish
from ..timeline import stand_in
from ..timeline.our_strips import PlacedStrip
from . import confirming, moved_project, placing
from .repeats import LastPress

if TYPE_CHECKING:
    from ...core.life.events import Target
    from ...core.life.lifecycle import Submission
    from ...core.media import PictureRef
    from ...session import Session

_log = logging.getLogger(__name__)

last_press: LastPress[Wish] = LastPress()
"""What was submitted last."""


def submit(scene: bpy.types.Scene, *, once: str = "", again: bool = False) -> Submission:
    """Record the scene's shot, durable on return, and have it sent: **from here on it may cost**.

    The clip will go to the scene's current frame, unless ``scene.kling.places_clip`` is off. In a window everything
    else happens by itself; a script without one goes on with :func:`wait` and :func:`place_arrived`.

    ``once`` names the shot: asked for again under the same name, by whomever, it is the same clip, paid for once
    (``once.submit_once``). Without a name an unfinished submission of the same file, scene, request and place is gone
    on with. ``again`` makes another take, which is paid for.

    Raises :class:`~kling_omni_addon.core.errors.RequestInvalid` with all problems,
    :class:`~kling_omni_addon.core.errors.NotSent` while Blender is set to stay offline, and
    :class:`~kling_omni_addon.core.errors.KlingError` for a scene of a linked library; then nothing is recorded and
    nothing will be sent.
    """
    require_own(scene)
    require_online()
    judging.ask_for_link(scene)
    return submit_wish(scene, read_wish(scene), once=once, again=again)


def submit_wish(
    scene: bpy.types.Scene, wish: Wish, *, once: str = "", again: bool = False, beside: Collection[str] = ()
) -> Submission:
    """The same for what was read from the scene already, so that what was judged and asked about is what is sent."""
    _require_ready(scene, wish)
    return submit_request(wish.request, wish.target, once=once, again=again, beside=beside)


def submit_takes(
    scene: bpy.types.Scene, wish: Wish, takes: int, *, once: str = "", again: bool = False
) -> tuple[Submission, ...]:
    """The same ``takes`` times, the first the shot and the others more takes of it: **each may cost**. Under the name
    ``once`` each take has a name of its own. All are made from the images as they are now.

    Raises like :func:`submit_wish`; where only some could be recorded, the sentence says how many.
    """
    _require_ready(scene, wish)
    request, session = wish.request, _ready_session(wish.request, wish.target)
    kept = session.keep(request)
    made = [_record(session, request, wish.target, kept, once=once, again=again)]
    more = replace(wish.target, shot=shot_id_of(made[0]), has_stand_in=False)
    try:
        while len(made) < takes:
            name, there = f"{once}.take{len(made) + 1}" if once else "", [submission.id for submission in made]
            made.append(_record(session, request, more, kept, once=name, again=again, beside=there))
    except KlingError as error:
        sentence = f"Submitted {len(made)} of {takes} takes; the others not: {error}"
        raise KlingError(sentence, remedy="Set Takes to the missing number and press Generate.") from error
    finally:
        last_press.note(wish)  # what the button was pressed for, in place of the last take
    return tuple(made)


def _require_ready(scene: bpy.types.Scene, wish: Wish) -> None:
    """Raise like :func:`submit_wish` where it cannot be submitted."""
    require_own(scene)
    require_online()
    judging.require_complete(scene, wish.request)


def submit_request(
    request: OmniRequest,
    target: Target,
    *,
    once: str = "",
    again: bool = False,
    beside: Collection[str] = (),
) -> Submission:
    """The same for a request that was not read from a panel, and for a place of its own: **it may cost**. One of those
    ``beside`` is never taken for it.

    Raises :class:`~kling_omni_addon.core.errors.RequestInvalid`; then nothing is recorded and nothing will be sent.
    """
    session = _ready_session(request, target)
    return _record(session, request, target, session.keep(request), once=once, again=again, beside=beside)


def _ready_session(request: OmniRequest, target: Target) -> Session:
    """The session, where its clip may be asked for and there is room for it. Raises :class:`KlingError`."""
    require_online()
    stand_in.require_room(request, target)
    return opening.session()


def _record(
    session: Session,
    request: OmniRequest,
    target: Target,
    kept: Mapping[str, PictureRef],
    *,
    once: str,
    again: bool,
    beside: Collection[str] = (),
) -> Submission:
    """Record it with the pictures that are ``kept`` for it, and hold its place. Raises like :func:`submit_request`."""
    from ...once import submit_once, submit_unless_there  # sqlite, requests

    asker = session.asker_of(target, this_file())  # also of a clip that goes to no timeline
    if once:
        made = submit_once(session, request, target, kept, key=once, again=again, asker=asker)
    elif again:
        made = session.submit(request, target, kept, asker=asker)
    else:
        made = submit_unless_there(session, request, target, kept, beside=beside, asker=asker)
    last_press.note(Wish(request=request, target=target))
    confirming.agree()
    snapshots.refresh()
    heartbeat.start()
    try:
        _hold_place(made, request)
    except (KlingError, RuntimeError):  # it is recorded and may cost: this must not look as if it were not
        _log.exception("%s has no stand-in; its clip will wait in the list", made.id)
    return made


def _hold_place(made: Submission, request: OmniRequest) -> None:
    """A stand-in for a clip that is to come; the clip itself where it is there and this file lost its strip."""
    if stand_in.pieces_of(made.id):
        return
    if made.phase is Phase.PLACED:
        placing.place(made)
    else:
        stand_in.place_stand_in(made, request)


def require_within_caps(requests: Sequence[OmniRequest], target: Target) -> None:
    """Raise :class:`~kling_omni_addon.core.errors.CapReached` where these and all that waits to be sent might break a
    cap, so that a press adds nothing that would only be held.
    """
    opening.session().require_within_caps(requests, target, this_file())


def wait(ids: Collection[str], timeout_s: float) -> tuple[Submission, ...]:
    """Wait until nothing more happens by itself to any of these submissions, or so many seconds are over; how they
    stand then, in the order of ``ids``.

    ``phase`` says how each ended: ``FETCHED`` with the file in ``clip``, ``FAILED`` or ``PARKED`` with a sentence in
    ``problem``. A wait that ends early ends nothing: the work goes on. In a window this holds up Blender.

    Raises :class:`~kling_omni_addon.core.errors.NotSent` where something is left to do while Blender is set to stay
    offline, because nothing happens then. Ctrl-C ends the wait with ``KeyboardInterrupt``, and nothing else.
    """
    from ..host.interrupting import interruptible  # signals, for scripts that wait

    session = opening.session()
    moved_project.follow_project()
    with interruptible():
        found = session.wait(_are_settled, ids, timeout_s)
    snapshots.refresh()
    return tuple(found[each] for each in ids if each in found)


def _are_settled(states: Mapping[str, Submission]) -> bool:
    if all(submission.is_settled for submission in states.values()):
        return True
    opening.follow_online_access()
    require_online()
    return False


def place(
    submission_id: str, scene: bpy.types.Scene | None = None, *, frame: int | None = None, channel: int | None = None
) -> PlacedStrip:
    """Put a clip on the timeline where it was meant to go, or there in another scene; at ``frame``, and on the lowest
    free channel from ``channel`` up, where these are given. A second time finds the strip that is there.

    Raises :class:`ClipUnusable` when there is no clip yet, or its file is gone or broken.
    """
    return placing.place(with_clip(submission_id), scene, frame=frame, channel=channel)


def with_clip(submission_id: str) -> Submission:
    """The submission, which has a clip. Raises :class:`ArgumentsInvalid` for an unknown id, :class:`ClipUnusable` while
    there is no clip.
    """
    arrived = require_submission(submission_id)
    if not arrived.clip:
        raise ClipUnusable("This job has no clip yet.")
    return arrived


def place_arrived() -> list[PlacedStrip]:
    """Place every arrived clip that belongs to the open file. In a window this happens by itself."""
    opening.session()
    snapshots.refresh()
    return placing.place_arrived()


def look_again(submission_id: str) -> Submission:
    """Ask Kling again whether it knows a submission without an answer. Free. Raises :class:`ArgumentsInvalid`, and
    :class:`NotSent` while Blender is set to stay offline.
    """
    require_online()
    told = opening.session().look_again(submission_id)
    heartbeat.start()
    return told


def adopt(task_or_external_id: str) -> Submission:
    """Fetch the clip of a task of the account that nobody here asked for. Free; asks Kling and waits for the answer.

    Raises :class:`ArgumentsInvalid` for an id that the journal knows, and like ``Session.adopt``.
    """
    require_online()
    told = opening.session().adopt(task_or_external_id)
    snapshots.refresh()
    heartbeat.start()
    return told


def send_again(submission_id: str) -> Submission:
    """Send the same bytes under the same id again. **You may be charged for both.** Raises like
    :func:`look_again`.
    """
    require_online()
    told = opening.session().send_again(submission_id)
    heartbeat.start()
    return told


def choose_task(submission_id: str, task_id: str) -> Submission:
    """Say which task of the account a parked submission's is, one of its ``candidates``. Free. Raises like
    :func:`look_again`, and like ``Session.choose``.
    """
    require_online()
    told = opening.session().choose(submission_id, task_id)
    heartbeat.start()
    return told


def stop_waiting(submission_id: str) -> Submission:
    """Withdraw what was never sent; stop waiting for what was, which Kling may still finish and charge.

    Raises :class:`ArgumentsInvalid` when it is unknown or over.
    """
    session = opening.session()
    require_submission(submission_id)
    if not session.withdraw(submission_id, "Stopped before it was sent. Nothing was charged.", 0):
        session.abandon(submission_id)
    snapshots.refresh()
    return require_submission(submission_id)


def send_clip_to(submission_id: str, folder: str | Path) -> Submission:
    """Have a clip that is not fetched yet go to another folder, at once if it waits for one. Free.

    Raises :class:`ArgumentsInvalid` for a folder that takes no files, and for a clip that is there or will not come.
    """
    told = opening.session().send_clip_to(submission_id, Path(bpy.path.abspath(str(folder))))
    snapshots.refresh()
    heartbeat.start()
    return told


def fetch_again(submission_id: str) -> Submission:
    """Download a clip once more whose file is gone from this computer. Free, for as long as Kling has it.

    Raises :class:`NotSent` while Blender is set to stay offline, and like ``Session.fetch_again``.
    """
    require_online()
    told = opening.session().fetch_again(submission_id)
    snapshots.refresh()
    heartbeat.start()
    return told


def go_on(ids: Collection[str] | None = None) -> int:
    """Continue all jobs that are unfinished or on hold, or with these alone; how many had been held
    back.

    Raises :class:`NotSent` while Blender is set to stay offline; the list then shows what is known.
    """
    session = opening.session()
    snapshots.refresh()
    require_online()
    released = session.release(ids)
    snapshots.refresh()
    heartbeat.start()
    return released
