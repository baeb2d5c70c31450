"""Ask for a clip once, whoever asks again: a farm that retries, another machine, a script that was killed.

Under a name (``once=KEY``) the id that is sent is made of the name and of what is asked for (``core.once``), so that
the service itself knows the wish: what the journal has is gone on with, what the service has is fetched, and two
machines that ask at the same moment get one task. Without a name a script goes on with an unfinished submission of its
own that asks for the same.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path

from .core.amounts import is_free
from .core.errors import ArgumentsInvalid, ClipGone, TaskUnknown
from .core.life.events import Asker, Intended, Target
from .core.life.lifecycle import Phase, Submission
from .core.media import PictureRef
from .core.once import MOST_ATTEMPTS, is_same_wish, likeness, next_once_id, once_id
from .core.protocol import CLIP_KEPT_S, Status, TaskReport
from .core.provenance import request_from, wish_of
from .core.request import OmniRequest
from .core.takes import diff_of
from .paths import is_same_path
from .session import Session, is_rehearsed
from .work.recovery import ID_PREFIX, REHEARSED_PREFIX

_AGAIN = "Pass --again (again=True) to generate another take, which is charged."
_VERSION = "Use the name of a new version, or pass --again (again=True) to generate another take, which is charged."

Pictures = Mapping[str, PictureRef] | None


def submit_once(
    session: Session,
    request: OmniRequest,
    target: Target,
    pictures: Pictures = None,
    *,
    key: str,
    again: bool = False,
    asker: Asker | None = None,
) -> Submission:
    """The submission of the wish ``key``: the one that is there, gone on with, or a new one. ``again`` makes one more.
    A new one says that the ``asker`` asked for it; None for whoever runs this process.

    A task that failed and cost nothing is followed by the next attempt. The service is asked before anything is
    recorded, which is free. Where it takes no ids of ours, nobody but this journal knows the name; the id is unique in
    it all the same, so that two processes that ask at the same moment record one.

    Raises :class:`ArgumentsInvalid` for another wish under the same name and for one that was stopped before it was
    sent, :class:`ClipGone` where its clip is not there any more, and like ``Session.submit`` and ``KlingService.find``.
    """
    if request.external_task_id:
        sentence = "A request with its own external_task_id cannot be combined with --once (once=)."
        raise ArgumentsInvalid(sentence, field="once", remedy="Leave one of the two out.")
    asked = _Asked(session=session, request=request, target=target, pictures=pictures, key=key, asker=asker)
    if not again:
        asked.require_same_wish()
    for own_id, recorded in asked.attempts():
        there = asked.there(own_id, recorded)
        if there is None:
            if asked.is_passed_over(own_id):
                continue
            return asked.begin(own_id)
        if not (again or _came_to_nothing(there)):
            return asked.fetch(own_id, there) if isinstance(there, TaskReport) else _gone_on_with(session, there)
    sentence = f'"{key}" already has {MOST_ATTEMPTS} attempts.'
    raise ArgumentsInvalid(sentence, field="once", remedy="Change the request and use a new name.")


def submit_unless_there(
    session: Session,
    request: OmniRequest,
    target: Target,
    pictures: Pictures = None,
    beside: Collection[str] = (),
    asker: Asker | None = None,
) -> Submission:
    """An unfinished submission that asks for the same clip in the same place, gone on with; a new one of the ``asker``
    where there is none besides those ``beside``. Raises like ``Session.submit``.
    """
    wanted = session.intended(request, target, pictures, asker=asker)
    for found in () if wanted.id_is_given else session.live():
        if is_alike(found, wanted) and found.id not in beside:
            return session.go_on_with(found)
    return session.submit_together((wanted,))[0]


def submit_all_unless_there(session: Session, wanted: Sequence[Intended]) -> tuple[Submission, ...]:
    """The same for several wishes of ``Session.intended``, of which the new ones are recorded all or none; two that are
    alike are one. Raises like ``Session.submit``, and :class:`CapReached` where they might break a cap together.
    """
    live, there, new = session.live(), dict[int, Submission](), dict[int, Intended]()
    for place, intended in enumerate(wanted):
        found = next((each for each in live if not intended.id_is_given and is_alike(each, intended)), None)
        if found is not None:
            there[place] = found
        elif intended.id_is_given or not any(is_alike(each, intended) for each in new.values()):
            new[place] = intended
    session.require_intended_within_caps(new.values())
    made = dict(zip(new, session.submit_together(tuple(new.values())), strict=True))
    gone_on_with = {place: session.go_on_with(found) for place, found in there.items()}
    return tuple(submission for _, submission in sorted((made | gone_on_with).items()))


def is_alike(one: Submission | Intended, other: Intended) -> bool:
    """Whether both ask for the same clip in the same place. Where no .blend file asks, for there a file name is all
    that it has, also from the same images; else these may have been rendered anew.
    """
    is_same = _is_same_place(one.target, other.target) and likeness(one.payload) == likeness(other.payload)
    return is_same and (bool(other.asker.blend) or one.payload.pictures == other.payload.pictures)


def _is_same_place(one: Target, other: Target) -> bool:
    """Whether two targets are one, however the paths in them are spelled: a script may be started again by another."""
    is_same = one == replace(other, blend=one.blend, folder=one.folder)
    return is_same and is_same_path(one.blend, other.blend) and is_same_path(one.folder, other.folder)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is asked for under the name ``key``."""

    session: Session
    request: OmniRequest
    target: Target
    pictures: Pictures
    key: str
    asker: Asker | None

    @cached_property
    def is_told(self) -> bool:
        """Whether the service is told the id, so that it knows the wish."""
        return self.session.intended(self.request, self.target, self.kept).payload.has_own_id

    @cached_property
    def kept(self) -> Mapping[str, PictureRef]:
        """Its pictures, put into the store once for all that is made of them."""
        return self.session.keep(self.request) if self.pictures is None else self.pictures

    @property
    def is_of_footage(self) -> bool:
        """Whether it has a video that is no clip of ours."""
        return self.request.video is not None and not self.request.video.clip

    @property
    def prefix(self) -> str:
        """How ids begin: a rehearsal of a wish is not the wish, and has ids of its own."""
        return REHEARSED_PREFIX if self.session.is_rehearsal else ID_PREFIX

    def require_same_wish(self) -> None:
        """Raise :class:`ArgumentsInvalid` where the journal has the name for something else."""
        refuse_other_wish(self.key, self.request, self.session.asked_once(self.key))

    def attempts(self) -> Iterator[tuple[str, Submission | None]]:
        """The id of each attempt, with what the journal has of it; without those of another rehearsal, of which nobody
        knows any more. One that was asked for in earnest stands at any address: it may be the same account's.
        """
        # Older versions recorded them under ids of chance; and the address of a video is in the id, though the same
        # footage may get another one each time that it is uploaded.
        if not self.is_told or self.is_of_footage:
            yield from ((found.id, found) for found in self.session.asked_once(self.key))
        own = 0
        for number in count(1):
            own_id = once_id(self.prefix, self.key, self.request, number)
            recorded = self.session.read(own_id)
            is_elsewhere = recorded is not None and recorded.origin.service != self.session.origin.service
            if recorded is None or not (is_elsewhere and is_rehearsed(recorded)):
                own += 1
                yield own_id, recorded
            if own == MOST_ATTEMPTS:
                return

    def there(self, own_id: str, recorded: Submission | None) -> Submission | TaskReport | None:
        """What there is of an attempt, in the journal or at the service. What was refused here without a task is looked
        for again where the service has one by now: another machine was not refused, or a proxy had delivered it twice.
        """
        if recorded is None:
            return self.report(own_id)
        is_refused = recorded.phase is Phase.FAILED and not recorded.task_id
        return self.session.look_again(own_id) if is_refused and self.report(own_id) else recorded

    def is_passed_over(self, own_id: str) -> bool:
        """Whether another machine was refused this attempt, which leaves no trace at the service, and made the next."""
        return self.report(next_once_id(own_id)) is not None

    def report(self, own_id: str) -> TaskReport | None:
        """What the service says of a task that another machine, or a lost journal, had made; None where it has none,
        and where it is told no ids of ours.
        """
        if not self.is_told:
            return None
        try:
            return self.session.service.speaking(self.session.settings.dialect).find(own_id)
        except TaskUnknown:
            return None

    def begin(self, own_id: str) -> Submission:
        """A new submission; the one of another process that was faster."""
        try:
            return self.session.submit(
                self.request, self.target, self.kept, own_id=own_id, once=self.key, asker=self.asker
            )
        except ArgumentsInvalid:
            found = self.session.read(own_id)
            if found is None:
                raise
            return _gone_on_with(self.session, found)

    def fetch(self, own_id: str, report: TaskReport) -> Submission:
        """Take what another machine had made into this journal: its id proves that it is this wish."""
        if report.created_at and time.time() - report.created_at > CLIP_KEPT_S:
            sentence = f'The clip of "{self.key}" is older than 30 days. Kling has deleted the clip.'
            raise ClipGone(sentence, field="once", remedy=_AGAIN)
        self.begin(own_id)
        return self.session.found_at_service(own_id, report.task_id)


def refuse_other_wish(key: str, request: OmniRequest, asked: Iterable[Submission]) -> None:
    """Raise :class:`ArgumentsInvalid` where something else than ``request`` was ``asked`` for under the name."""
    wish = wish_of(request)
    for before in asked:
        if not is_same_wish(request_from(before.wish), request_from(wish)):  # both without links
            changed = next(iter(diff_of(before.wish, wish)), "request").partition(":")[0].lower()
            sentence = f'"{key}" already exists with other settings ({changed}). Nothing was sent.'
            raise ArgumentsInvalid(sentence, field="once", remedy=_VERSION)


def _came_to_nothing(there: Submission | TaskReport) -> bool:
    """Whether its task failed and cost nothing, so that the next attempt is due."""
    if isinstance(there, TaskReport):
        is_failed = there.status == Status.FAILED
    else:
        is_failed = there.phase is Phase.FAILED and not there.was_made  # a clip that expired was paid for
    return is_failed and is_free(there.charge_units, there.charge_balance, there.charge_said)


def _gone_on_with(session: Session, found: Submission) -> Submission:
    """What is there, set going again where it stood still. Raises where only another take can help."""
    name = found.once or found.id
    if found.phase is Phase.ABANDONED and not found.sends:
        raise ArgumentsInvalid(f'"{name}" was stopped before it was sent.', field="once", remedy=_AGAIN)
    is_lost = found.phase is Phase.FAILED and found.was_made
    if is_lost and not (found.named and Path(found.named).is_file()):
        raise ClipGone(f'The clip of "{name}" was generated and is gone. {found.problem}', field="once", remedy=_AGAIN)
    has_clip = found.phase in (Phase.FETCHED, Phase.PLACED)
    if not is_lost and (not has_clip or Path(found.clip).is_file()):
        return session.go_on_with(found)
    try:
        return session.fetch_again(found.id)
    except ClipGone as error:
        raise ClipGone(error.sentence, field="once", remedy=_AGAIN) from error
