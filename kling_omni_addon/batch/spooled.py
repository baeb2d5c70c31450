"""Shots of a batch that a gateway takes: requests go into its spool, clips come out of it. No key, no job history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from ..core.errors import ArgumentsInvalid, ClipGone
from ..core.once import name_of_wish
from ..core.request import OmniRequest
from ..gateway import state as spool_state
from ..gateway.client import submit_file, wait_for
from ..gateway.spool import Spool, slot_of
from ..work.picture_store import PictureStore
from ..work.recovery import REHEARSED_PREFIX
from .taking import GONE, Asked, AtLook, Standing, State, in_silence

_STATES: Final = {
    spool_state.Standing.DONE: State.DONE,
    spool_state.Standing.FAILED: State.FAILED,
    spool_state.Standing.REFUSED: State.FAILED,
}


class Spooled:
    """The gateway of a spool. ``store`` has the pictures of what is asked for; what names no project is for
    ``project``.
    """

    def __init__(self, spool: Spool, store: PictureStore, project: str = "") -> None:
        spool.require()
        self._spool = spool
        self.pictures = store
        self._project = project
        self._names: list[str] = []

    def require_affordable(self, wanted: Mapping[str, Decimal | None]) -> None:
        """Nothing: the limits are the gateway's, which holds what goes beyond them."""

    def require_key(self) -> None:
        """Nothing: the gateway has the key."""

    def submit(self, asked: Asked) -> Standing:
        """Put it into the spool, where it may be already. Raises like ``gateway.client.submit_file``."""
        project = asked.project or self._project
        submit_file(self._spool, asked.file, self.pictures, key=asked.name, name=asked.clip_name, project=project)
        self._names.append(asked.name)
        return self.standing(asked.name)

    def standing(self, name: str, request: OmniRequest | None = None) -> Standing:
        """As the gateway said last. Raises :class:`ArgumentsInvalid` where something else was asked for under it."""
        try:
            slot = slot_of(name)
            state, is_waiting = self._spool.state(slot), self._spool.is_waiting(slot)
        except OSError as error:
            sentence = f"The spool cannot be read: {error.strerror or error}."
            raise ArgumentsInvalid(sentence, field="spool", remedy="Check the folder, then try again.") from error
        if request is not None and state is not None and state.is_of_another(name_of_wish(request)):
            raise spool_state.other_wish(name)
        if state is None or (is_waiting and state.is_final):  # asked for again after its last word
            then = State.RUNNING if is_waiting else State.NOT_SUBMITTED
            return Standing(name=name, state=then, is_handed_over=is_waiting)
        return self._told(name, state)

    def _told(self, name: str, state: spool_state.State) -> Standing:
        clip = self._spool.clip(state.clip)
        standing = _STATES.get(state.standing, State.RUNNING)
        is_gone = standing is State.DONE and clip is None  # somebody took it out of the spool
        return Standing(
            name=name,
            state=State.FAILED if is_gone else standing,
            id=state.id,
            phase=state.phase,
            task_id=state.task_id,
            clip=str(clip) if clip is not None else "",
            problem=GONE.format(clip=state.clip) if is_gone else " ".join(filter(None, (state.problem, state.remedy))),
            exit_code=ClipGone.exit_code if is_gone else state.exit_code,
            is_rehearsed=state.id.startswith(REHEARSED_PREFIX),
            is_handed_over=not is_gone,
            is_gone=is_gone,
        )

    def follow(
        self, tell: Callable[[Standing], None], wait_s: float, at_look: AtLook = in_silence
    ) -> tuple[Standing, ...]:
        """Tell of each change until nothing more comes or the time is over. How all stands then."""
        if self._names and wait_s:
            wait_for(self._spool, self._names, wait_s, lambda state: tell(self._told(state.key, state)), at_look)
        return tuple(self.standing(name) for name in self._names)
