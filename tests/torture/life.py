"""One process of a run: a session that wishes, works and decides like a user, until it is killed or all is settled."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from kling_omni_addon.core.capability import LEGACY
from kling_omni_addon.core.dialects import spoken
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import IllegalTransition, Phase, Submission
from kling_omni_addon.core.request import OmniRequest, Picture
from kling_omni_addon.session import Session
from kling_omni_addon.settings import NOTHING_PREFERRED, Settings, dialect_in_force
from tests.torture.crash_points import dying_at, watch
from tests.torture.fast_clock import FastClock
from tests.torture.service_process import KEY_NAMES, KEYS
from tests.torture.share import Share
from tests.torture.stories import Death, Story, Wish
from tests.workshop.rehearsal_stand import png

LIFE_S = 60.0
"""Real seconds after which a life that should be over is a hang."""
Plant = Callable[[], None]
_ACTS_IN_A_LIFE = 5
_OTHER_KEY_S = 60.0
"""So long, in seconds of the fast clock, does a user wait for the account to know what another key sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run happens. ``plant`` changes the product in every process of it (mutants)."""

    url: str
    home: Path
    speed: float
    plant: Plant | None = None


def fork_life(story: Story, wishes: Sequence[Wish], death: Death, place: Place, key: str, dialect: str = LEGACY) -> int:
    """The process number of a new life, in which ``wishes`` have been made. The calling process must have no
    threads.
    """
    return _forked(place, death, dialect, lambda: live(story, wishes, place, key))


def fork_last_look(place: Place, key: str, dialect: str = LEGACY) -> int:
    """The same for a life that looks once more for everything that is parked."""
    return _forked(place, Death(), dialect, lambda: look_again_for_parked(place, key))


def _forked(place: Place, death: Death, dialect: str, do: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.environ["KLING_DIALECT"] = dialect
    _speak_to(place.home.parent / "said.txt")
    try:
        if place.plant is not None:
            place.plant()
        if death.point:
            watch(dying_at(death.point, death.passes))
        do()
    except BaseException:  # noqa: BLE001 - the outermost line of a process; the check reads what is printed
        traceback.print_exc()
        _end(1)
    return _end(0)


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Quoting(logging.Formatter):
    """Sets off the tracebacks of debug records, which tell of what was caught, from those of what was not."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text.replace("\n", "\n| ") if record.levelno == logging.DEBUG else text


def _speak_to(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Quoting("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("kling_omni_addon").setLevel(logging.DEBUG)


def live(story: Story, wishes: Sequence[Wish], place: Place, key: str = KEY_NAMES[0]) -> None:
    """A whole life: until everything that was wished for is settled."""
    with _session(place, key) as session:
        for wish in wishes:
            _wish(session, wish, place.home)
        if story.mind_change == "withdraw" and session.read(wishes[-1].id):
            session.withdraw(wishes[-1].id, "Not wanted any more.", 4)
        session.start()
        user = User(session, story, FastClock(place.speed))
        session.wait(user.is_content, [wish.id for wish in wishes], 0.8 * LIFE_S * place.speed)


def _session(place: Place, key: str) -> Session:
    settings = Settings(
        service_url=place.url,
        keys=KEYS[key],
        home=place.home,
        clips=place.home / "clips",
        dialect=dialect_in_force(os.environ, NOTHING_PREFERRED)[0],
    )
    return Session(settings, FastClock(place.speed))


def _wish(session: Session, wish: Wish, home: Path) -> None:
    """Submit a wish that the journal does not have yet. One for a folder that cannot be seen waits: nobody can choose
    that.
    """
    share = Share(home.parent)
    if wish.is_for_share and share.is_gone:
        return
    pictures: tuple[Picture, ...] = ()
    if wish.has_picture:
        source = home.parent / "picture.png"
        if not source.exists():
            new = source.with_name(f"{os.getpid()}.png")  # a death in the middle must not leave half a picture
            new.write_bytes(png(320, 320, size=300_000))
            new.replace(source)
        pictures = (Picture(source=str(source)),)
    prompt = "waves, rehearse-fail" if wish.is_doomed else "waves"
    request = OmniRequest(
        prompt=prompt, pictures=pictures, mode="std", aspect_ratio="16:9", duration_s=3, external_task_id=wish.id
    )
    try:
        folder = str(share.clips) if wish.is_for_share else ""
        session.submit(request, Target(name=wish.id, scene=wish.goes_to, folder=folder))
    except ArgumentsInvalid as refused:
        is_known = refused.field == "external_task_id"
        if not (is_known or (wish.is_for_share and refused.field == "folder")):
            raise


class User:
    """Decides what only a person may decide, as the story says."""

    def __init__(self, session: Session, story: Story, clock: FastClock) -> None:
        self._session = session
        self._story = story
        self._is_patient_until = clock.now() + _OTHER_KEY_S
        self._clock = clock
        self._acts_left = _ACTS_IN_A_LIFE
        self._has_changed_mind = not story.mind_change

    def is_content(self, found: Mapping[str, Submission]) -> bool:
        """Act on what is seen; whether nothing is left to do or to wait for."""
        has_acted = False
        for submission in found.values():
            try:
                has_acted |= self._decide(submission)
            except (IllegalTransition, ArgumentsInvalid):
                has_acted = True  # it moved on meanwhile, here or in the other process
        return not has_acted and all(self._is_settled(submission) for submission in found.values())

    def _is_settled(self, submission: Submission) -> bool:
        """What only another key can end is left to a life that has it."""
        if self._is_unfit(submission):
            return True
        is_elsewhere = bool(self._session.elsewhere(submission))
        return submission.is_settled or (is_elsewhere and self._clock.now() > self._is_patient_until)

    def _is_unfit(self, submission: Submission) -> bool:
        """Whether this key can do nothing for it: it goes over an API that takes no key pair."""
        return not (self._session.settings.keys.api_key or spoken(submission.payload.dialect).TAKES_KEY_PAIRS)

    def _decide(self, submission: Submission) -> bool:
        """Whether there was something to decide."""
        if self._is_unfit(submission):
            return False
        elsewhere = self._session.elsewhere(submission)
        if submission.is_stopped or "Resume" in elsewhere:
            return bool(self._session.release())
        if elsewhere:
            return False
        if submission.phase is Phase.PARKED and self._acts_left and self._story.act != "leave":
            self._acts_left -= 1
            return bool(getattr(self._session, self._story.act)(submission.id))
        if submission.phase is Phase.FETCHED and submission.target.scene:
            return bool(self._session.placed(submission.id, submission.target.scene, "strip"))
        if not self._has_changed_mind and submission.phase is Phase.ACCEPTED:
            self._has_changed_mind = True
            return self._change_mind(submission)
        return False

    def _change_mind(self, submission: Submission) -> bool:
        if self._story.mind_change == "abandon":
            return bool(self._session.abandon(submission.id))
        if self._story.mind_change == "redirect":
            return bool(self._session.send_clip_to(submission.id, chosen_folder(self._session.settings.home)))
        return False


def chosen_folder(home: Path) -> Path:
    """Where a clip goes that the user sends elsewhere."""
    return home.parent / "chosen" / "clips"


def look_again_for_parked(place: Place, key: str) -> None:
    """One more window for everything that is parked: what the service has must be found, whichever key sent it."""
    with _session(place, key) as session:
        session.rebind()
        session.snapshot.refresh()
        ids = [s.id for s in session.snapshot.submissions]
        parked = [s.id for s in session.snapshot.submissions if s.phase is Phase.PARKED and not session.elsewhere(s)]
        for submission_id in parked:
            session.look_again(submission_id)
        session.start()
        is_settled = lambda found: all(s.is_settled for s in found.values())  # noqa: E731
        session.wait(is_settled, ids, 0.8 * LIFE_S * place.speed)
