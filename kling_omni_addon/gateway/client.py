"""A worker's side of the spool: put a request into it, and wait for the clip. No key, no journal, no network."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ..core.capability import Profile
from ..core.errors import ArgumentsInvalid, RequestInvalid
from ..core.media import ClipRef, PictureRef
from ..core.once import name_of_wish
from ..core.payload import draft_body
from ..core.pieces import pieces_of
from ..core.projects import name_in
from ..core.request import OmniRequest
from ..judging import judge_request, keep_pictures
from ..login import asker_here
from ..request_file import RequestFile
from ..settings import NOTHING_PREFERRED, project_in_force
from ..work.picture_store import PictureStore
from .spool import Asked, Spool, is_text, slot_of
from .state import Standing, State, other_wish

_FIRST_LOOK_S: Final = 0.25
_LONGEST_LOOK_S: Final = 2.0


def submit_request(
    spool: Spool, request: OmniRequest, profile: Profile, *, key: str, name: str = "", project: str | None = None
) -> State | None:
    """Put a request into the spool under its name, pictures in it; nothing happens where it is there already.

    How it stands, where the gateway has said so. ``name`` is what the clip is called, ``project`` what it is counted
    for where the gateway does not say it, by default KLING_PROJECT of the environment. Raises :class:`RequestInvalid`,
    and :class:`ArgumentsInvalid` for what is no spool, and for another wish under the same name.
    """
    faults = [problem for problem in judge_request(request, profile) if problem.is_fault]
    if faults:
        raise RequestInvalid(faults)
    with tempfile.TemporaryDirectory(prefix="kling-") as folder:
        store = PictureStore(Path(folder))
        body = draft_body(request, keep_pictures(request, store))
        named = project_in_force(os.environ, NOTHING_PREFERRED)[0] if project is None else name_in(project)
        wish, asker = name_of_wish(request), asker_here(named)
        return _put(spool, Asked(key=key, name=name, wish=wish, body=body, asker=asker), store)


def submit_file(
    spool: Spool, read: RequestFile, store: PictureStore, *, key: str, name: str = "", project: str = ""
) -> State | None:
    """The same for a request file that was read, its pictures into ``store``. Raises the same."""
    if read.unsendable:
        raise RequestInvalid(read.unsendable)
    wish, asker = name_of_wish(read.request), asker_here(name_in(project))
    return _put(spool, Asked(key=key, name=name, wish=wish, body=read.body, asker=asker), store)


def _put(spool: Spool, asked: Asked, store: PictureStore) -> State | None:
    if asked.body.get("external_task_id"):
        sentence = "A request with its own external_task_id cannot go through a spool."
        raise ArgumentsInvalid(sentence, field="once", remedy="Remove external_task_id.")
    if not (is_text(asked.key) and is_text(asked.name)):
        sentence = "The name of a request has characters that no text may have."
        raise ArgumentsInvalid(sentence, field="once", remedy="Use letters, digits and signs.")
    spool.require()
    slot = slot_of(asked.key)
    try:
        state = spool.state(slot)
        if state is not None and state.is_of_another(asked.wish):
            raise other_wish(asked.key)
        if not (state is not None and _is_handed_over(spool, state)):
            _put_once(spool, slot, asked, store)
    except OSError as error:
        sentence = f"The spool cannot be used: {error.strerror or error}."
        raise ArgumentsInvalid(
            sentence, field="spool", remedy="Check that the folder can be written, then try again."
        ) from error
    return state


def _put_once(spool: Spool, slot: str, asked: Asked, store: PictureStore) -> None:
    try:
        spool.put(slot, _chunks(asked, store))
    except FileExistsError:
        waiting = spool.request(slot)
        if waiting is not None and waiting.wish != asked.wish:
            raise other_wish(asked.key) from None


def _is_handed_over(spool: Spool, state: State) -> bool:
    return state.standing is Standing.DONE and spool.clip(state.clip) is not None


def _chunks(asked: Asked, store: PictureStore) -> Iterator[bytes]:
    """The file, never held whole."""
    for piece in pieces_of(asked.as_json()):
        if isinstance(piece, PictureRef):
            yield from store.encoded(piece)
        elif isinstance(piece, ClipRef):
            raise ArgumentsInvalid("A gateway cannot send a clip from this job history.", field="video_of")
        else:
            yield piece.encode()


def wait_for(
    spool: Spool,
    keys: Sequence[str],
    timeout_s: float,
    tell: Callable[[State], None] = lambda state: None,
    at_look: Callable[[int, int], None] = lambda still_open, total: None,
) -> dict[str, State]:
    """Wait until nothing more comes of these requests, or the time is over; how each stands then, as far as anything is
    known of it. ``tell`` is told of every change, ``at_look`` at each look of how many of them something is still to
    come.

    Raises :class:`ArgumentsInvalid` for what is no spool, and for a name that nobody asked for.
    """
    spool.require()
    until, pause_s = time.monotonic() + timeout_s, _FIRST_LOOK_S
    states: dict[str, State] = {}
    while True:
        open_ones = [key for key in keys if not _is_over(spool, key, states, tell)]
        at_look(len(open_ones), len(keys))
        if not open_ones or time.monotonic() >= until:
            return states
        time.sleep(min(pause_s, max(0.0, until - time.monotonic())))
        pause_s = min(2 * pause_s, _LONGEST_LOOK_S)


def _is_over(spool: Spool, key: str, states: dict[str, State], tell: Callable[[State], None]) -> bool:
    """Whether nothing more comes of a request: its last word is said, and it is not there again."""
    slot = slot_of(key)
    try:
        is_waiting = spool.is_waiting(slot)  # first: it goes after its last word
        state = spool.state(slot)
    except OSError:  # a share that is away comes back
        return False
    if state is None and not is_waiting and key not in states:
        raise ArgumentsInvalid(
            f'The spool has no request "{key[:80]}".', field="id", remedy="Submit it with: kling submit --spool"
        )
    is_news = state is not None and not (is_waiting and state.is_final) and states.get(key) != state
    if state is not None and is_news:
        states[key] = state
        tell(state)
    return not is_waiting and state is not None and state.is_final


def clips_of(spool: Spool, state: State) -> tuple[Path, ...]:
    """The files of a request that is done: the clip, and the copy with the watermark. Raises OSError."""
    found = (spool.clip(name) for name in (state.clip, state.marked_clip) if name)
    return tuple(path for path in found if path is not None)
