"""What waits for a person: one line for each kind of trouble, and what that person can do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .phase import Phase
from .queueing import Queue

if TYPE_CHECKING:
    from .events import Origin
    from .lifecycle import Submission


class Trouble(StrEnum):
    """Why nothing happens without a person, the widest first."""

    KEY = "key"  # the service does not accept it, or it cannot be sent
    API_KEY = "API key"  # the API takes no AccessKey with its SecretKey
    ACCOUNT = "account"  # nothing left on it, or a setting of it
    NETWORK = "network"  # a setting of this machine
    OTHER_KEY = "other key"  # sent with a key that is not the one in force
    LIMIT = "limit"  # a cap of the user's own
    NO_RESPONSE = "no response"
    CHOICE = "choice"  # one of several tasks may be it
    FOLDER = "folder"  # nothing takes the clip
    CRASHES = "crashes"
    RESUMING = "resuming"  # the key in force can take it on


class Remedy(StrEnum):
    """What leads on; an interface has a button for each."""

    OPEN_PREFERENCES = "open the preferences"
    RESUME = "resume"
    LOOK_AGAIN = "look again"
    SEND_AGAIN = "send again"
    CHOOSE_TASK = "choose the task"
    CHOOSE_FOLDER = "choose a folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One kind of trouble. ``sentence`` is one line, without a full stop; ``ids`` names the submissions, the oldest
    first, which is the one that a remedy for a single submission is for. The likeliest of the ``remedies`` comes first.
    """

    trouble: Trouble
    sentence: str
    ids: tuple[str, ...]
    remedies: tuple[Remedy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """For one submission, and for ``number`` of them, ``others`` besides the one that is named."""

    one: str
    many: str
    remedies: tuple[Remedy, ...]


_PAGE_THEN_ON = (Remedy.OPEN_PREFERENCES, Remedy.RESUME)
_WORDS: Mapping[Trouble, _Words] = {
    Trouble.KEY: _Words(one="Key refused by Kling", many="{number} clips wait for a key", remedies=_PAGE_THEN_ON),
    Trouble.API_KEY: _Words(
        one='"{name}" needs an API key', many="{number} clips need an API key", remedies=_PAGE_THEN_ON
    ),
    Trouble.ACCOUNT: _Words(
        one="Account refused by Kling",
        many="{number} clips wait for the account",
        remedies=(Remedy.RESUME, Remedy.OPEN_PREFERENCES),
    ),
    Trouble.NETWORK: _Words(
        one='"{name}" waits for the network settings',
        many="{number} clips wait for the network settings",
        remedies=(Remedy.RESUME,),
    ),
    Trouble.OTHER_KEY: _Words(
        one='"{name}" needs the key that sent it',
        many="{number} clips need the key that sent them",
        remedies=(Remedy.OPEN_PREFERENCES,),
    ),
    Trouble.LIMIT: _Words(one='"{name}" exceeds a limit', many="{number} clips exceed a limit", remedies=_PAGE_THEN_ON),
    Trouble.NO_RESPONSE: _Words(
        one='"{name}" got no response',
        many='"{name}" and {others} more got no response',
        remedies=(Remedy.LOOK_AGAIN, Remedy.SEND_AGAIN),
    ),
    Trouble.CHOICE: _Words(
        one='Choose the task of "{name}"',
        many='Choose the tasks of "{name}" and {others} more',
        remedies=(Remedy.CHOOSE_TASK, Remedy.LOOK_AGAIN),
    ),
    Trouble.FOLDER: _Words(
        one='"{name}" cannot be saved',
        many='"{name}" and {others} more cannot be saved',
        remedies=(Remedy.CHOOSE_FOLDER,),
    ),
    Trouble.CRASHES: _Words(
        one='"{name}" is on hold after crashes',
        many="{number} clips are on hold after crashes",
        remedies=(Remedy.RESUME,),
    ),
    Trouble.RESUMING: _Words(
        one='"{name}" waits for Resume', many="{number} clips wait for Resume", remedies=(Remedy.RESUME,)
    ),
}


def needs_of(
    submissions: Iterable[Submission], origin: Origin, key_fits: Callable[[Submission], bool]
) -> tuple[Need, ...]:
    """What waits for a person, the widest trouble first; ``submissions`` are given oldest first.

    ``origin`` is the service and key in force, ``key_fits`` tells whether the API of a submission takes such a key.
    What belongs to another service waits for that one, and is no need here.
    """
    everything = tuple(submissions)
    queue = Queue(everything, now=0.0)  # who is on hold does not hang on the time
    found: dict[Trouble, list[Submission]] = {}
    for submission in everything:
        holder = queue.held_back_by(submission)
        trouble = trouble_of(holder or submission, origin, key_fits)
        if trouble is not None:
            found.setdefault(trouble, []).append(submission)
    return tuple(_need(trouble, found[trouble]) for trouble in Trouble if trouble in found)


def trouble_of(submission: Submission, origin: Origin, key_fits: Callable[[Submission], bool]) -> Trouble | None:
    """Why a submission waits for a person; None where it does not."""
    if submission.is_over:
        return None
    if submission.phase is not Phase.FETCHED and submission.origin != origin:
        return _of_other_key(submission, origin, key_fits)
    if submission.is_set_aside:
        return Trouble.CRASHES
    match submission.phase:
        case Phase.PARKED:
            return Trouble.CHOICE if submission.candidates else Trouble.NO_RESPONSE
        case Phase.INTENDED if submission.is_held:
            return _of_hold(submission)
        case Phase.READY if submission.lacks_folder:
            return Trouble.FOLDER
        case _:
            return None


def _of_other_key(submission: Submission, origin: Origin, key_fits: Callable[[Submission], bool]) -> Trouble | None:
    if submission.origin.service != origin.service:
        return None
    if not submission.may_take_any_key:
        return Trouble.OTHER_KEY
    return Trouble.RESUMING if key_fits(submission) else Trouble.API_KEY


_BAD_ARGUMENT, _BAD_KEY = 2, 3  # exit codes of ``core.errors``


def _of_hold(submission: Submission) -> Trouble:
    if submission.exit_code == _BAD_KEY:
        return Trouble.API_KEY if submission.is_held_alone else Trouble.KEY
    if submission.is_held_alone:
        return Trouble.LIMIT
    return Trouble.NETWORK if submission.exit_code == _BAD_ARGUMENT else Trouble.ACCOUNT


def _need(trouble: Trouble, submissions: Sequence[Submission]) -> Need:
    words, (first, *others) = _WORDS[trouble], submissions
    sentence = (words.many if others else words.one).format(
        name=first.target.name or first.id, number=len(submissions), others=len(others)
    )
    can_be_sent = not first.is_adopted  # what was asked for with an adopted one is not known
    remedies = (remedy for remedy in words.remedies if can_be_sent or remedy is not Remedy.SEND_AGAIN)
    return Need(trouble=trouble, sentence=sentence, ids=tuple(s.id for s in submissions), remedies=tuple(remedies))
