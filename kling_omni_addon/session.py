"""The one place that joins service, journal, worker and clock. Every way in drives this."""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue

from .core.account import Pack
from .core.capability import LEGACY
from .core.dialects import spoken
from .core.elements import ElementDraft, LibraryElement, picture_faults
from .core.errors import (
    ArgumentsInvalid,
    ClipGone,
    ClipUnusable,
    JournalUnusable,
    RequestInvalid,
    TaskUnknown,
)
from .core.life import events as ev
from .core.life import spending
from .core.life.events import Asker, Event, Origin, Target
from .core.life.lifecycle import MOST_CRASHES, IllegalTransition, Phase, Submission
from .core.life.needs import Need, needs_of
from .core.life.refusals import why_not
from .core.media import ClipRef, PictureRef
from .core.payload import build_payload, draft_body
from .core.pricing import Price, plain, price_of, sum_of
from .core.problem import escaped
from .core.projects import project_of_blend
from .core.protocol import CLIP_KEPT_S, TaskReport, can_be_asked_for
from .core.provenance import request_from, wish_of
from .core.request import OmniRequest
from .judging import keep_pictures
from .login import asker_here
from .paths import expanded
from .rehearsal import settings as rehearsal
from .rehearsal_note import answers
from .remote.service import KlingService
from .remote.token import ApiKey, Credentials, KeyPair, fingerprint
from .request_file import RequestFile, read_request_file
from .settings import Keys, Settings, is_local_service
from .work.assignment import Assignment
from .work.backup import Backup
from .work.clip_folder import require_folder
from .work.clock import Clock, SystemClock
from .work.crew import Progress
from .work.errand import Errand
from .work.filing import discard_part
from .work.journal import AlreadyThere, Journal
from .work.making import Making, SentElement
from .work.memory import Silence
from .work.picture_store import PictureStore
from .work.private_home import keep_home_private
from .work.rebinding import rebind_known
from .work.recovery import ID_PREFIX, open_journal, reconcile
from .work.sidecar import discard_sidecar, keep_sidecar
from .work.snapshot import Snapshot
from .work.worker import Worker

_log = logging.getLogger(__name__)

USER_AGENT = "kling-omni-blender/0.1"
_ASKED_ABOUT = (Phase.UNANSWERED, Phase.ACCEPTED)
_ON_THE_WAY = (Phase.ACCEPTED, Phase.READY)
_WITH_CLIP = (Phase.FETCHED, Phase.PLACED)
_LOOK_S = 0.25
_REST_S = 0.25
_LISTED = "List all jobs with: kling status"
_ELEMENT_S = 600.0
_GONE = "Kling no longer has this clip. Kling deletes clips after 30 days."
_ELSE = "Use Continue from Last Frame instead."
_SWITCH = "Switch back to that one, or use Continue from Last Frame."


class Session:
    """One journal, one service, one key. Use it from the thread that made it; the worker has threads of its own."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._profile = settings.limits
        keep_home_private(settings.home)
        self.pictures = PictureStore(settings.home / "pictures")
        self.pictures.sweep()
        self.origin = Origin(service=settings.service_url, key_fingerprint=fingerprint(_credentials(settings.keys)))

        messages: SimpleQueue[Progress] = SimpleQueue()

        def tell_sent(own_id: str, sent: int, total: int) -> None:
            messages.put(Progress(submission_id=own_id, received=sent, total=total, is_upload=True))

        # What was sent over one API goes on when the other one is chosen, which may not take the key.
        listed_in = settings.dialect if settings.keys.api_key else LEGACY

        def open_service() -> KlingService:
            return service_of(replace(settings, dialect=listed_in), self._clock, tell_sent)

        self._open_service = open_service
        self.service = open_service()
        journal_path = settings.home / "journal.sqlite3"
        self._journal, notice = open_journal(journal_path, self._clock.now())
        if notice:
            _log.warning("%s", notice)
        self._backup = Backup(journal_path, self._clock.now())
        self._backup.start()
        self._worker = Worker(
            open_service=open_service,
            open_journal=lambda: Journal(journal_path),
            clock=self._clock,
            assignment=Assignment(
                origin=self.origin,
                clips=settings.clips,
                with_clip=keep_sidecar,
                window_s=settings.window_s,
                concurrency=settings.concurrency,
                caps=settings.caps,
                dialect=listed_in,
            ),
            messages=messages,
        )
        self._crew = self._worker.crew
        self.snapshot = Snapshot(self._journal, messages, notice)
        self._is_running = False
        self._tried_to_place: set[str] = set()
        self._asker = asker_here(settings.project)
        self._needs: tuple[tuple[Submission, ...], tuple[Need, ...]] = ((), ())

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_credentials(self) -> None:
        """A free question that only a good key gets answered, in the dialect of new submissions. Raises
        CredentialsUnfit, CredentialsRefused, NotSent or Unanswered.
        """
        self.service.speaking(self.settings.dialect).check_credentials()

    def ask_account(self) -> Errand[tuple[Pack, ...]]:
        """Ask for the account's packs without waiting, over a connection of its own; free, and a test of the key."""
        return Errand(lambda: self._open_service().account())

    def ask_clip(self, submission_id: str) -> Errand[TaskReport]:
        """Ask for a fresh link of a clip that we had made, without waiting, over a connection of its own; free.

        The link is in the report, and a secret. Raises :class:`ClipGone` where Kling cannot have the clip any more, and
        :class:`ArgumentsInvalid` where another service or key made it. The errand raises both and like
        ``KlingService.find``.
        """
        known_as = self._known_as(submission_id)
        return Errand(lambda: _clip_report(self._open_service(), known_as))

    def _known_as(self, submission_id: str) -> str:
        """The id by which Kling knows a clip's task. Raises like :meth:`ask_clip`."""
        found = self._journal.load(submission_id)
        if found is not None and found.origin != self.origin:
            sentence = "This clip belongs to another service or key."
            raise ArgumentsInvalid(sentence, field="video_of", remedy=_SWITCH)
        if found is not None and self._has_expired(found):
            raise _gone()
        return (found is not None and found.task_id) or submission_id

    def lend_video(self, video: Path) -> Errand[str]:
        """Have the rehearsal serve a video, without waiting; its link. The errand raises :class:`Refused`,
        :class:`NotSent`, :class:`Unanswered`, and :class:`ArgumentsInvalid` for a file that cannot be read.
        """

        def lend() -> str:
            try:
                return self._open_service().lend(video)
            except OSError as error:
                reason = error.strerror or str(error)
                raise ArgumentsInvalid(f'The video "{video}" cannot be read: {reason}.', field="video") from error

        return Errand(lend)

    def ask_elements(self) -> Errand[tuple[tuple[LibraryElement, ...], tuple[LibraryElement, ...]]]:
        """Ask for the library without waiting: the account's own elements, and those that Kling offers. Free."""

        def ask() -> tuple[tuple[LibraryElement, ...], tuple[LibraryElement, ...]]:
            service = self._open_service()
            return service.elements(presets=False), service.elements(presets=True)

        return Errand(ask)

    def usual_s(self, submission: Submission) -> tuple[float, ...]:
        """How long, in seconds, the last tasks of this submission's kind took: those on record, and those that
        this session saw.
        """
        return self._crew.memory.usual_s(submission.payload.kind)

    def silence(self, submission: Submission) -> str:
        """That the service does not answer about a submission, since when and why, as a sentence; ``""`` where it does,
        or where nothing is asked. Named once it has lasted ten seconds.
        """
        known = self._silence_of(submission)
        if known is None:
            return ""
        since = time.strftime("%H:%M", time.localtime(known.since))
        return f"No usable response since {since}. The extension keeps asking. {known.reason}".rstrip()

    def silent_since(self, submission: Submission) -> float:
        """Since when (Unix seconds) that is so; 0 where :meth:`silence` says nothing."""
        known = self._silence_of(submission)
        return known.since if known is not None else 0.0

    def _silence_of(self, submission: Submission) -> Silence | None:
        if submission.phase not in _ASKED_ABOUT:
            return None
        return self._crew.memory.silence_of(submission.id, self._clock.now())

    def needs(self) -> tuple[Need, ...]:
        """What waits for a person, as of the last refresh of the snapshot; thought of once for each, so that drawing
        code may ask.
        """
        shown = self.snapshot.submissions
        if shown is not self._needs[0]:
            self._needs = (shown, needs_of(shown, self.origin, self._key_fits))
        return self._needs[1]

    def read_request_file(self, path: Path) -> RequestFile:
        """A request file with its problems (see ``request_file``)."""
        return read_request_file(path, self.pictures, self._profile)

    def submit(
        self,
        request: OmniRequest,
        target: Target | None = None,
        pictures: Mapping[str, PictureRef] | None = None,
        *,
        own_id: str = "",
        once: str = "",
        asker: Asker | None = None,
    ) -> Submission:
        """Record the wish for a clip, durable on return, and set the worker to it if it runs.

        ``pictures`` gives pictures that are in the store already by their ``source``; local files are copied into it
        otherwise. The folder for the clip is made and tried. A clip of ours that is the video is recorded by its id,
        and its link asked for when it is sent. ``own_id`` and ``once`` are those of ``once.submit_once``, which asks
        for what is there first; ``asker`` is who asks, where :meth:`asker_of` does not say it. Raises
        :class:`RequestInvalid` and :class:`ArgumentsInvalid`, and like :meth:`ask_clip` for that clip; then nothing is
        recorded and nothing will be sent.
        """
        intended = self.intended(request, target, pictures, own_id=own_id, once=once, asker=asker)
        return self.submit_together((intended,))[0]

    def submit_together(self, wanted: Sequence[ev.Intended]) -> tuple[Submission, ...]:
        """Record several wishes of :meth:`intended`, all or none, durable on return. Raises like :meth:`submit`."""
        for folder in {intended.target.folder for intended in wanted}:
            require_folder(Path(folder) if folder else self.settings.clips)
        try:
            submissions = self._journal.begin_all(wanted)
        except AlreadyThere as error:
            raise ArgumentsInvalid(
                f'A job with the ID "{error}" already exists.',
                field="external_task_id",
                remedy="Leave external_task_id out, or give an unused ID.",
            ) from None
        self._worker.wake()
        return submissions

    def intended(
        self,
        request: OmniRequest,
        target: Target | None,
        pictures: Mapping[str, PictureRef] | None,
        *,
        own_id: str = "",
        once: str = "",
        asker: Asker | None = None,
    ) -> ev.Intended:
        """What :meth:`submit` would record. Raises like it."""
        self.service.speaking(self.settings.dialect).require_fit_key()
        kept = self.keep(request) if pictures is None else pictures
        known_as = request.external_task_id or own_id or f"{ID_PREFIX}{uuid.uuid4().hex}"
        clip = ClipRef(known_as=self._known_as(request.video.clip)) if request.video and request.video.clip else None
        payload = build_payload(draft_body(request, kept, known_as), self._profile, clip)
        price = self._price_of(request)
        return ev.Intended(
            at=self._clock.now(),
            payload=payload,
            origin=self.origin,
            target=target or Target(),
            wish=wish_of(request, kept),
            most_units=plain(price.most_units) if price else "",
            id_is_given=bool(request.external_task_id),
            once=once,
            asker=asker or self.asker_of(target or Target()),
        )

    def asker_of(self, target: Target, blend: str = "") -> Asker:
        """Whoever runs this process, asking for the project that somebody named, else for that of the .blend file:
        ``blend``, where a clip is asked for that goes to no timeline.
        """
        file = target.blend or blend
        return replace(self._asker, project=self._asker.project or project_of_blend(file), blend=file)

    def live(self) -> tuple[Submission, ...]:
        """Every submission of this service and key that something is left to be done for, oldest first."""
        return tuple(s for s in self._journal.live() if s.origin == self.origin)

    def asked_once(self, key: str) -> tuple[Submission, ...]:
        """Every submission of this service and key that was asked for once under a name, oldest first."""
        return tuple(s for s in self._journal.of_once(key) if s.origin.service == self.origin.service)

    def found_at_service(self, submission_id: str, task_id: str) -> Submission:
        """Note that the service has a recorded submission's task already; its clip is fetched."""
        found = ev.Adopted(
            at=self._clock.now(),
            submission_id=submission_id,
            task_id=task_id,
            origin=self.origin,
            dialect=self.settings.dialect,
        )
        try:
            return self._tell(submission_id, found)
        except ArgumentsInvalid:  # the worker was faster: it was told so, or has the answer
            return self._journal.load(submission_id) or self._tell(submission_id, found)

    def go_on_with(self, submission: Submission) -> Submission:
        """Somebody asked for it again: what is held goes on, and what waits for an answer is looked for again, which is
        free. What was looked for in vain and ``is_sent_again`` is sent: another machine would send the same now.
        """
        if submission.is_stopped and submission.origin == self.origin:
            return self._tell(submission.id, ev.Released(at=self._clock.now()))
        if submission.is_sent_again:
            return self.send_again(submission.id)
        is_open = submission.phase is Phase.PARKED or (submission.phase is Phase.ABANDONED and submission.sends)
        return self.look_again(submission.id) if is_open else submission

    def _price_of(self, request: OmniRequest) -> Price | None:
        """The list price; of an edit of a clip of ours by the length that was asked for, where that is known."""
        made = self._journal.load(request.video.clip) if request.video and request.video.clip else None
        asked = request_from(made.wish) if made is not None and made.wish else None
        length_s = None if asked is None or asked.is_edit else asked.duration_s
        return price_of(request, input_video_s=length_s, profile=self._profile)

    def require_within_caps(self, requests: Sequence[OmniRequest], target: Target, blend: str = "") -> None:
        """Raise :class:`CapReached` when these might break a cap after all that waits to be sent; what is recorded all
        the same is held at its commit point. Reads the journal.
        """
        price = sum_of(self._price_of(request) for request in requests) if self.settings.caps else None
        asker = self.asker_of(target, blend)
        bill = spending.Bill(project=asker.project, blend=asker.blend)
        self.require_units_within_caps({bill: price.most_units if price else None})

    def require_units_within_caps(self, wanted: Mapping[spending.Bill, Decimal | None]) -> None:
        """The same for what may cost so many units for each bill; None where that is not known."""
        caps, now = self.settings.caps, self._clock.now()
        if not caps:
            return
        since = now - spending.DAY_S if caps.project is None else -math.inf
        recorded = {s.id: s for s in (*self._journal.sent_since(since), *self._journal.live())}
        own = [s for s in recorded.values() if s.origin.key_fingerprint == self.origin.key_fingerprint]
        spending.check_wish(wanted, own, caps, now)

    def require_intended_within_caps(self, wanted: Iterable[ev.Intended]) -> None:
        """The same for wishes of :meth:`intended`, all of them together."""
        self.require_units_within_caps(spending.units_by_bill(wanted))

    def keep(self, request: OmniRequest) -> Mapping[str, PictureRef]:
        """A request's local pictures by their ``source``, put into the store: for :meth:`submit`. Raises
        :class:`ArgumentsInvalid` for one that cannot be read.
        """
        return keep_pictures(request, self.pictures)

    def ask_kept_ahead(self, sources: Collection[str]) -> Errand[bool]:
        """Have local pictures copied that may be asked for, without waiting, see ``PictureStore.keep_ahead``; whether
        none was too young. No copy begins while :meth:`resting` is wanted.
        """

        def keep(source: str) -> bool:
            with self._crew.rest.turn():
                return self.pictures.keep_ahead(Path(source))

        def keep_all() -> bool:
            are_old_enough = [keep(source) for source in sources]
            return all(are_old_enough)

        return Errand(keep_all)

    def keep_picture(self, source: str) -> PictureRef | str:
        """A picture for an element: a local path, put into the store, or a link as it is."""
        if source.startswith(("http://", "https://")):
            return source
        return self.pictures.keep_file(expanded(source, "picture"), "picture")

    def create_element(self, draft: ElementDraft, timeout_s: float) -> LibraryElement:
        """Make an element and wait until it can be used. Raises :class:`RequestInvalid`, and like ``Making.make``."""
        return self._making(draft, self.service, timeout_s).make()

    def ask_new_element(self, draft: ElementDraft, before: SentElement | None = None) -> Errand[LibraryElement]:
        """Make an element without waiting, over a connection of its own; free.

        One that was sent ``before`` and whose answer was lost is looked for first, and then taken instead of sent
        again. Raises :class:`RequestInvalid` and :class:`ArgumentsInvalid`; the errand raises like ``Making``.
        """
        making = self._making(draft, self._open_service(), _ELEMENT_S)
        return Errand(lambda: making.make_once(before))

    def ask_element_deleted(self, element_id: int) -> Errand[int]:
        """Delete an own element at the service, without waiting. The errand raises like ``delete_element``."""

        def ask() -> int:
            self._open_service().delete_element(element_id)
            return element_id

        return Errand(ask)

    def _making(self, draft: ElementDraft, service: KlingService, timeout_s: float) -> Making:
        faults = picture_faults(draft, self._profile)
        if faults:
            raise RequestInvalid(faults)
        return Making(
            library=service,
            draft=draft if draft.own_id else replace(draft, own_id=new_element_id()),
            clock=self._clock,
            stopping=self._crew.stopping,
            window_s=self.settings.window_s,
            timeout_s=timeout_s,
        )

    def start(self) -> None:
        """Let the worker go on with everything that is unfinished; a second call does nothing."""
        if not self._is_running:
            self._is_running = True
            self._end_dead_rehearsals()
            self._worker.start()

    def resting(self) -> AbstractContextManager[object]:
        """A moment in which the worker does nothing new; what it is at is waited for, a quarter of a second at most."""
        return self._crew.rest.kept(_REST_S)

    @property
    def is_running(self) -> bool:
        """Whether it was started: before that it reads and records, and nothing of it goes online by itself."""
        return self._is_running

    @property
    def has_its_journal(self) -> bool:
        """Whether the journal that it opened is where it was: somebody may have put another one there, or none."""
        return self._journal.is_in_place

    def _end_dead_rehearsals(self) -> None:
        """A rehearsal keeps its tasks in memory: what an earlier one was to make will never come, and cost nothing.

        It is told by its key: at an address of this machine there may as well be a relay to the real service.
        """
        reason = "The rehearsal server for this clip has ended. Nothing was charged."
        rehearsed = [s for s in self._journal.live() if s.origin != self.origin and is_rehearsed(s)]
        dead = {url for url in {s.origin.service for s in rehearsed} if not answers(url)}
        for submission in rehearsed:
            if submission.origin.service in dead and submission.awaits_marked:
                gone = ev.MarkedFailed(at=self._clock.now(), reason="The rehearsal server has ended.", is_last=True)
                self._journal.append(submission.id, gone)
            elif submission.origin.service in dead and submission.phase is not Phase.FETCHED:
                self._journal.append(submission.id, ev.Abandoned(at=self._clock.now(), reason=reason))
                discard_part(submission, self.settings.clips)

    def close(self) -> None:
        """Stop the worker and let go of what it had in hand; live submissions go on with the next session."""
        self._worker.stop()
        self._backup.stop()
        with suppress(JournalUnusable):  # leases run out by themselves
            self._journal.give_up()
        self._journal.close()

    def wait(
        self, is_done: Callable[[Mapping[str, Submission]], bool], ids: Collection[str], timeout_s: float
    ) -> dict[str, Submission]:
        """Wait until ``is_done`` says yes of the submissions with these ids, or the time is over; their last known
        states.
        """
        deadline = self._clock.now() + timeout_s
        while True:
            self._crew.changed.clear()
            self.snapshot.refresh()
            found = {s.id: s for s in self._journal.some(ids)}
            left_s = deadline - self._clock.now()
            if is_done(found) or left_s <= 0:
                return found
            self._clock.wait(self._crew.changed, min(_LOOK_S, left_s))

    def read(self, submission_id: str) -> Submission | None:
        """A submission as the journal has it now, however long it has been over; None for an unknown id."""
        return next(iter(self._journal.some((submission_id,))), None)

    @property
    def is_rehearsal(self) -> bool:
        """Whether what is submitted goes to a rehearsal, with a key that a rehearsal gives out."""
        return _is_rehearsal(self.origin)

    @property
    def journal_name(self) -> str:
        """What tells this journal from every other one."""
        return self._journal.name

    def read_all(self) -> tuple[Submission, ...]:
        """Every submission of the journal as it stands now, oldest first. After years that takes seconds."""
        return self._journal.all()

    def takes_of(self, shot: str) -> tuple[Submission, ...]:
        """Every submission of a shot, however long it has been over, oldest first."""
        return self._journal.of_shot(shot)

    def withdraw(self, submission_id: str, reason: str, exit_code: int) -> bool:
        """Give up a submission that was certainly never sent; False when it is too late for that.

        Whether it is too late is decided in the transaction that records it, so a send that is under way either passed
        its commit point or fails there.
        """
        try:
            self._journal.append(submission_id, ev.Withdrawn(at=self._clock.now(), reason=reason, exit_code=exit_code))
        except IllegalTransition:
            return False
        return True

    def require_free_id(self, external_task_id: str) -> None:
        """Raise :class:`ArgumentsInvalid` when the account has a task with an id that somebody chose and the journal
        does not know. A free question; raises like ``KlingService.find``.
        """
        if self._journal.knows(external_task_id):
            return
        try:
            self.service.find(external_task_id)
        except TaskUnknown:
            return
        sentence = f'Kling already has a task with the ID "{external_task_id}", which is not in this job history.'
        raise ArgumentsInvalid(
            f"{sentence} Nothing was sent.",
            field="external_task_id",
            remedy=f"Give another ID, or download the clip of that task: kling adopt {external_task_id}",
        )

    def adopt(self, task_or_external_id: str, target: Target | None = None) -> Submission:
        """Take a task of the account into the journal that nobody here asked for, and fetch its clip as what it is: a
        clip of that task, without a prompt of ours.

        Asks for the task first, which is free; raises like ``KlingService.find``, and :class:`ArgumentsInvalid` for an
        id that the journal knows, and for what is none.
        """
        if not can_be_asked_for(task_or_external_id):
            sentence = f'"{escaped(task_or_external_id[:40])}" is not the ID of a task.'
            raise ArgumentsInvalid(sentence, field="id", remedy="Give the ID of the task at Kling, or its external ID.")
        report = self.service.find_by_either(task_or_external_id)
        own_id = report.external_task_id or report.task_id
        adopted = ev.Adopted(
            at=self._clock.now(),
            submission_id=own_id,
            task_id=report.task_id,
            origin=self.origin,
            target=target or Target(name=own_id),
            dialect=self._crew.assignment.dialect,
        )
        try:
            submission = self._journal.adopt(adopted)
        except AlreadyThere:
            raise ArgumentsInvalid(
                f'The job history already has a job with the ID "{own_id}".',
                field="id",
                remedy=_LISTED,
            ) from None
        self._worker.wake()
        return submission

    def look_again(self, submission_id: str) -> Submission:
        """Look for a parked or given-up submission's task over another window. Raises :class:`ArgumentsInvalid`."""
        return self._tell(submission_id, ev.LookAgain(at=self._clock.now()))

    def send_again(self, submission_id: str) -> Submission:
        """Send a parked submission's bytes once more: this may cost again. Raises :class:`ArgumentsInvalid`."""
        return self._tell(submission_id, ev.SendAgain(at=self._clock.now()))

    def choose(self, submission_id: str, task_id: str) -> Submission:
        """Say which task of the account's list a parked submission's is, and go on with that one: the service was told
        no id of ours, so nothing but a person can know.

        The task is asked for first, which is free; raises like ``KlingService.ask``, and :class:`ArgumentsInvalid` for
        a task that is none of the candidates, or another submission's by now.
        """
        found = self._journal.load(submission_id)
        if found is not None and task_id not in found.candidates:
            remedy = "No task is a candidate. Press Check Again (look-again ID) to find newer tasks."
            if found.candidates:
                remedy = f"Candidates: {', '.join(found.candidates)}."
            sentence = f'"{escaped(task_id[:40])}" is not one of the tasks that may belong to this job.'
            raise ArgumentsInvalid(sentence, field="task", remedy=remedy)
        other = next(
            (each for each in self._journal.all() if each.task_id == task_id and each.id != submission_id), None
        )
        if other is not None:
            sentence = f'The task "{task_id}" already belongs to the job "{other.id}".'
            raise ArgumentsInvalid(sentence, field="task", remedy="Choose another task.")
        if found is not None:
            self.service.speaking(found.payload.dialect).ask(task_id)
        return self._tell(submission_id, ev.Accepted(at=self._clock.now(), task_id=task_id))

    def abandon(self, submission_id: str) -> Submission:
        """Stop waiting. Kling may still finish and charge the clip. Raises :class:`ArgumentsInvalid`, also for a clip
        that is here: nothing is waited for.
        """

        def check() -> None:
            now = self._journal.load(submission_id)
            if now is not None and now.phase is Phase.FETCHED:
                raise IllegalTransition  # what older versions recorded of such a clip stays readable

        reason = (
            "Stopped waiting. Kling may still finish the clip and charge for it. "
            "Press Check Again (look-again ID) to get the clip."
        )
        submission = self._tell(submission_id, ev.Abandoned(at=self._clock.now(), reason=reason), check)
        discard_part(submission, self.settings.clips)
        return submission

    def send_clip_to(self, submission_id: str, folder: Path) -> Submission:
        """Have a clip that is not fetched yet go to another folder, which is made and tried.

        Raises :class:`ArgumentsInvalid` for a folder that takes no files, and for a clip that is there already or will
        not come.
        """
        require_folder(folder)
        before = self._journal.load(submission_id)
        if before is not None and before.phase in _WITH_CLIP:
            sentence = f'The clip is already downloaded: "{before.clip}".'
            raise ArgumentsInvalid(sentence, field="folder", remedy="Move the file yourself.")
        redirected = ev.Redirected(at=self._clock.now(), folder=str(folder))
        if before is not None and before.is_over:
            raise ArgumentsInvalid(why_not(before, redirected), field="id")
        submission = self._tell(submission_id, redirected)
        if before is not None and before.target.folder != submission.target.folder:
            discard_part(before, self.settings.clips)
        return submission

    def fetch_again(self, submission_id: str) -> Submission:
        """Have a clip whose file is gone from this machine fetched once more; free, for as long as Kling has it. A file
        that came back to where it was is taken as it is.

        What another process does about it already is left to that. Raises :class:`ArgumentsInvalid` for a clip that is
        there and for a job without one, and :class:`ClipGone` for one that Kling has deleted.
        """
        found = self._journal.load(submission_id)
        if found is not None and _is_there(found):
            sentence = f'The clip is already downloaded: "{found.clip}".'
            raise ArgumentsInvalid(sentence, field="id", remedy="Move the file away to download the clip again.")
        if found is not None and found.was_made and self._has_expired(found) and not _is_back(found):
            raise _gone_from_here(found.clip or found.named)
        try:
            return self._vanished(submission_id, found)
        except ArgumentsInvalid:
            now = self._journal.load(submission_id)
            if now is not None and now.was_made and (now.phase in _ON_THE_WAY or _is_there(now)):
                return now
            raise

    def _vanished(self, submission_id: str, found: Submission | None) -> Submission:
        def check() -> None:
            now = self._journal.load(submission_id)
            if now is not None and _is_there(now):
                raise IllegalTransition  # another process has fetched it meanwhile

        with_marked = found is not None and bool(found.marked) and not Path(found.marked).is_file()
        told = self._tell(submission_id, ev.Vanished(at=self._clock.now(), with_marked=with_marked), check)
        if found is not None:
            discard_sidecar(found)
        return told

    def _has_expired(self, submission: Submission) -> bool:
        """Whether Kling cannot have its clip any more."""
        return bool(submission.accepted_at) and self._clock.now() - submission.accepted_at > CLIP_KEPT_S

    def _tell(self, submission_id: str, event: Event, check: Callable[[], None] | None = None) -> Submission:
        found = self._journal.load(submission_id)
        if found is None:
            raise ArgumentsInvalid(f'There is no job "{escaped(submission_id)}".', field="id", remedy=_LISTED)
        if not isinstance(event, ev.Abandoned | ev.Redirected) and self._of_other_key(found):
            raise ArgumentsInvalid(self._of_other_key(found), field="id")
        try:
            submission = self._journal.append(submission_id, event, check=check)
        except IllegalTransition:
            now = self._journal.load(submission_id) or found
            raise ArgumentsInvalid(why_not(now, event), field="id", remedy=_LISTED) from None
        self._worker.wake()
        return submission

    def reconcile(self) -> int:
        """After a journal was lost or an older copy of it came back: find our tasks on the account's list, as the
        worker does before it sends. How many there were. Raises like ``KlingService.find``, and then nothing changed.
        """
        if not self._journal.needs_reconciling(self.origin):
            return 0
        return reconcile(
            self._journal, self.service.list_tasks, self._clock.now(), self.origin, self._worker.crew.assignment.dialect
        )

    def release(self, ids: Collection[str] | None = None) -> int:
        """Go on with everything that was held back or set aside, or with what of it is among ``ids``; how many there
        were.

        What another key of this service was to send, and certainly never did, is sent with the key in force from now
        on. What was sent with one is asked for once more, see ``work.rebinding``.
        """
        stopped = [s for s in self._journal.live() if (ids is None or s.id in ids) and self._can_go_on(s)]
        for submission in stopped:
            if submission.origin != self.origin and submission.phase is not Phase.FETCHED:
                self._journal.append(submission.id, ev.Rebound(at=self._clock.now(), origin=self.origin))
            if submission.is_stopped:
                self._journal.append(submission.id, ev.Released(at=self._clock.now()))
        self._worker.ask_again_for_other_keys()
        self._worker.wake()
        return len(stopped)

    def rebind(self) -> None:
        """Ask the account now for what was sent with other keys of this service, and carry on what it knows; else the
        worker does so when it starts.
        """
        rebind_known(self._journal, self.service, self._worker.crew)

    def rebind_if_elsewhere(self, ids: Iterable[str]) -> None:
        """The same, where another key has one of these: the account may know it by the key in force."""
        if any(self.elsewhere(each) for each in self._journal.some(tuple(ids))):
            self.rebind()

    def _can_go_on(self, submission: Submission) -> bool:
        """Whether Resume moves it: it is stopped and ours, or can be sent with any key of this service."""
        if submission.origin == self.origin or submission.phase is Phase.FETCHED:
            return submission.is_stopped
        may_be_ours = submission.may_take_any_key and submission.origin.service == self.origin.service
        return may_be_ours and self._key_fits(submission)

    def _key_fits(self, submission: Submission) -> bool:
        """Whether the API that it goes over takes a key of this kind."""
        return bool(self.settings.keys.api_key) or spoken(submission.payload.dialect).TAKES_KEY_PAIRS

    def elsewhere(self, submission: Submission) -> str:
        """Why nothing happens to a submission here, as a sentence, where another service or key has it; else ``""``."""
        return "" if submission.is_over or submission.phase is Phase.FETCHED else self._of_other_key(submission)

    def _of_other_key(self, submission: Submission) -> str:
        if submission.origin == self.origin:
            return ""
        if submission.origin.service != self.origin.service:
            return f"This job belongs to {submission.origin.service}. Select that service to continue."
        if submission.may_take_any_key and not self._key_fits(submission):
            return (
                "This job uses Kling's new API, which does not accept an access key with a secret key. "
                "Enter an API key."
            )
        if submission.may_take_any_key:
            return "This job was created with another key. Press Resume to send the job with the current key."
        return (
            "This job was sent with another key, and the account of the current key does not know the job. "
            "Enter that key to continue."
        )

    def may_place(self, submission: Submission) -> bool:
        """Whether an arrived clip may be placed without anybody asking for it.

        Once in a session it is put on record that this is tried, before it is: a clip over which one Blender after the
        other died waits for a person (fault 58). One that was placed before, in a file that was not saved after, killed
        no Blender then.
        """
        is_tried = submission.id in self._tried_to_place or submission.phase is Phase.PLACED
        if submission.is_set_aside or is_tried:
            return not submission.is_set_aside
        self._tried_to_place.add(submission.id)
        is_fit = submission.crashes < MOST_CRASHES
        event = ev.Begun(at=self._clock.now()) if is_fit else ev.SetAside(at=self._clock.now())
        try:
            self._journal.append(submission.id, event)
        except IllegalTransition:  # another Blender was faster
            return False
        return is_fit

    def placed(self, submission_id: str, scene: str, strip: str) -> Submission:
        """Put on record that the clip is on the timeline, and as which strip. Raises :class:`IllegalTransition`."""
        return self._journal.append(submission_id, ev.Placed(at=self._clock.now(), scene=scene, strip=strip))


def _is_there(submission: Submission) -> bool:
    """Whether it has a clip, and the file is where it was."""
    return bool(submission.clip) and Path(submission.clip).is_file()


def _is_back(submission: Submission) -> bool:
    """Whether the file of a clip that was gone is where it was."""
    return bool(submission.named) and Path(submission.named).is_file()


def _gone_from_here(path: str) -> ClipGone:
    """What is said of a clip that can be fetched no more; ``path`` is empty where it never had a file."""
    if not path:
        return ClipGone(_GONE, field="id", remedy="Generate the clip again, which is charged.")
    sentence = f'The clip "{path}" was moved or deleted, and Kling deletes clips after 30 days.'
    return ClipGone(sentence, field="id", remedy="Restore the file, or generate the clip again, which is charged.")


def new_element_id() -> str:
    """Our id of an element that is to be made."""
    return f"{ID_PREFIX}element-{uuid.uuid4().hex}"


def service_of(
    settings: Settings,
    clock: Clock | None = None,
    tell_sent: Callable[[str, int, int], None] = lambda own_id, sent, total: None,
) -> KlingService:
    """The service alone, over a connection of its own. For a question that is free this is enough: no journal is
    opened, and nothing of the home is read or made.
    """
    return KlingService(
        base_url=settings.service_url,
        credentials=_credentials(settings.keys),
        pictures=PictureStore(settings.home / "pictures"),
        now=(clock or SystemClock()).now,
        user_agent=USER_AGENT,
        dialect=settings.dialect,
        trusts_resolver=settings.trusts_resolver,
        tell_sent=tell_sent,
    )


def _clip_report(service: KlingService, known_as: str) -> TaskReport:
    """The report of a finished task, with a link."""
    try:
        report = service.find_by_either(known_as)
    except TaskUnknown:
        raise _gone() from None
    if not report.link:
        raise ClipUnusable("Kling has no clip for this shot.", field="video_of", remedy=_ELSE)
    return report


def _gone() -> ClipGone:
    return ClipGone(_GONE, field="video_of", remedy=_ELSE)


def is_rehearsed(submission: Submission) -> bool:
    """Whether it was sent to a rehearsal: to this machine, with a key that a rehearsal gives out."""
    return _is_rehearsal(submission.origin)


def _is_rehearsal(origin: Origin) -> bool:
    key, pair = ApiKey(key=rehearsal.API_KEY), KeyPair(access_key=rehearsal.ACCESS_KEY, secret_key="")
    return is_local_service(origin.service) and origin.key_fingerprint in (fingerprint(key), fingerprint(pair))


def _credentials(keys: Keys) -> Credentials:
    if keys.api_key:
        return ApiKey(key=keys.api_key)
    return KeyPair(access_key=keys.access_key, secret_key=keys.secret_key)
