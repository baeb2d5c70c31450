"""Everything an artist can do, as functions for scripts; the operators call the same ones. ``docs/scripting.md`` tells.

A shot is set up in the properties of its scene (``scene.kling``), as in the panel. All functions belong to Blender's
main thread, as all of bpy does. Everything that a person can mend is raised as
:class:`~kling_omni_addon.core.errors.KlingError`, with a sentence, the field that it is about, and the remedy.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

import bpy

from ..core.errors import ArgumentsInvalid, ClipUnusable, KlingError, NotSent, RequestInvalid
from ..core.events import Target
from ..core.lifecycle import Phase, Submission
from ..core.pricing import Price
from ..core.problem import Problem
from ..core.request import OmniRequest, Role
from . import live, placing, pump, stand_in
from .clip_links import price_of as _list_price
from .frames import Engine
from .read_panel import read_request, read_target
from .sequencer import PlacedStrip
from .shot_pictures import capture_camera, capture_strip, capture_view, use_file, use_image

_log = logging.getLogger(__name__)

__all__ = (
    "Engine",
    "KlingError",
    "OmniRequest",
    "Phase",
    "PlacedStrip",
    "Price",
    "Problem",
    "RequestInvalid",
    "Role",
    "Submission",
    "Target",
    "capture_camera",
    "capture_strip",
    "capture_view",
    "go_on",
    "look_again",
    "place",
    "place_arrived",
    "price_of",
    "problems_of",
    "request_of",
    "send_again",
    "stop_waiting",
    "submission",
    "submissions",
    "submit",
    "submit_request",
    "use_file",
    "use_image",
    "wait",
)


def request_of(scene: bpy.types.Scene) -> OmniRequest:
    """What would be asked of Kling now: only what the shot's kind uses."""
    return read_request(scene)


def problems_of(scene: bpy.types.Scene) -> tuple[Problem, ...]:
    """Everything that Kling would refuse (``is_fault``), and doubts; costs nothing and sends nothing."""
    return live.judge(scene)


def price_of(scene: bpy.types.Scene) -> Price | None:
    """The list price of the shot; None where the list has none."""
    return _list_price(read_request(scene))


def submit(scene: bpy.types.Scene) -> Submission:
    """Record the scene's shot, durable on return, and have it sent: **from here on it may cost**.

    The clip will go to the scene's current frame, unless ``scene.kling.places_clip`` is off. In a window everything
    else happens by itself; a script without one goes on with :func:`wait` and :func:`place_arrived`. Each call is a
    clip of its own.

    Raises :class:`~kling_omni_addon.core.errors.RequestInvalid` with all problems, and
    :class:`~kling_omni_addon.core.errors.NotSent` while Blender is set to stay offline; then nothing is recorded and
    nothing will be sent.
    """
    require_online()
    live.require_complete(scene)
    return submit_request(read_request(scene), read_target(scene))


def submit_request(request: OmniRequest, target: Target) -> Submission:
    """The same for a request that was not read from a panel, and for a place of its own: **it may cost**.

    Raises :class:`~kling_omni_addon.core.errors.RequestInvalid`; then nothing is recorded and nothing will be sent.
    """
    require_online()
    stand_in.require_room(request, target)
    made = live.submit(request, target)
    pump.start()
    try:
        stand_in.place_stand_in(made, request)
    except (KlingError, RuntimeError):  # it is recorded and may cost: this must not look as if it were not
        _log.exception("%s has no stand-in; its clip will wait in the list", made.id)
    return made


def submissions() -> tuple[Submission, ...]:
    """Every submission of the journal, oldest first, as it stands now. Opens the session, which goes on with those that
    are unfinished.
    """
    live.session()
    live.refresh()
    return live.submissions()


def submission(submission_id: str) -> Submission:
    """One submission as it stands now. Raises :class:`ArgumentsInvalid` for an unknown id."""
    found = next((each for each in submissions() if each.id == submission_id), None)
    if found is None:
        raise ArgumentsInvalid(f"There is no submission {submission_id!r}.", field="submission_id")
    return found


def wait(ids: Collection[str], timeout_s: float) -> tuple[Submission, ...]:
    """Wait until nothing more happens by itself to any of these submissions, or so many seconds are over; how they
    stand then, in the order of ``ids``.

    ``phase`` says how each ended: ``FETCHED`` with the file in ``clip``, ``FAILED`` or ``PARKED`` with a sentence in
    ``problem``. A wait that ends early ends nothing: the work goes on. In a window this holds up Blender.
    """
    session = live.session()
    found = session.wait(lambda states: all(states[i].is_settled for i in ids if i in states), ids, timeout_s)
    live.refresh()
    return tuple(found[each] for each in ids if each in found)


def place(submission_id: str, scene: bpy.types.Scene | None = None) -> PlacedStrip:
    """Put a clip on the timeline where it was meant to go, or there in another scene. A second time finds the strip
    that is there.

    Raises :class:`ClipUnusable` when there is no clip yet, or its file is gone or broken.
    """
    return placing.place(with_clip(submission_id), scene)


def with_clip(submission_id: str) -> Submission:
    """The submission, which has a clip. Raises :class:`ArgumentsInvalid` for an unknown id, :class:`ClipUnusable` while
    there is no clip.
    """
    arrived = submission(submission_id)
    if not arrived.clip:
        raise ClipUnusable("There is no clip of that submission yet.")
    return arrived


def place_arrived() -> list[PlacedStrip]:
    """Place every arrived clip that belongs to the open file. In a window this happens by itself."""
    submissions()
    return placing.place_arrived()


def look_again(submission_id: str) -> Submission:
    """Ask Kling again whether it knows a submission without an answer. Free. Raises :class:`ArgumentsInvalid`."""
    told = live.session().look_again(submission_id)
    pump.start()
    return told


def send_again(submission_id: str) -> Submission:
    """Send the same bytes under the same id again. **Kling may charge for both.** Raises :class:`ArgumentsInvalid`."""
    told = live.session().send_again(submission_id)
    pump.start()
    return told


def stop_waiting(submission_id: str) -> Submission:
    """Withdraw what was never sent; stop waiting for what was, which Kling may still finish and charge.

    Raises :class:`ArgumentsInvalid` when it is unknown or over.
    """
    session = live.session()
    submission(submission_id)
    if not session.withdraw(submission_id, "Withdrawn before it was sent; nothing was charged.", 0):
        session.abandon(submission_id)
    live.refresh()
    return submission(submission_id)


def go_on() -> int:
    """Go on with every submission that is unfinished or was held back; how many had been held back."""
    released = live.session().release()
    live.refresh()
    pump.start()
    return released


def require_online() -> None:
    """Raise :class:`NotSent` while Blender is set to stay offline and the service is not on this machine."""
    reason = live.offline_reason()
    if reason:
        raise NotSent(f"{reason}.")
