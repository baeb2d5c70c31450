"""What can happen to a submission. The journal is a list of these, and a submission is their sum
(``core.life.lifecycle.apply``).

Every event says when it happened (``at``, Unix seconds). None holds a secret: no key, no result link. What is sent is
kept as it is sent, so a request that is made from a video holds that video's link in its payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_args

from ..capability import LEGACY
from ..errors import CredentialsRefused
from ..media import ClipRef, PictureFacts, PictureRef
from ..payload import Payload
from ..pieces import Piece
from ..projects import name_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a submission is bound to: the service's address and the key, by its fingerprint only."""

    service: str
    key_fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the clip belongs. ``blend`` and ``scene`` are ``""`` when it goes to no timeline; ``channel`` 0 means any
    free one.

    ``folder`` is where the file goes, ``name`` what the shot is called; both may be ``""`` (the session's own choice).
    ``timing`` says how the clip plays there: ``"speed"`` (its own speed), ``"frames"`` (a frame of the clip for each
    frame of the scene) or ``"conform"`` (the scene takes the clip's rate); ``fit_frames`` of the scene is what it is
    stretched to, 0 for its own length. ``shot`` is the id that all takes of a shot share. ``has_stand_in`` tells that a
    strip holds its place on the timeline already, and that without that strip the clip waits for a person.
    """

    blend: str = ""
    scene: str = ""
    frame_start: int = 1
    channel: int = 0
    folder: str = ""
    name: str = ""
    timing: str = "speed"
    fit_frames: int = 0
    shot: str = ""
    has_stand_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asked for a clip, by login name and machine, for which project (``core.projects``), and from which .blend
    file, also where the clip goes to no timeline; ``""`` where nobody knows, as where an older version wrote this.
    """

    user: str = ""
    host: str = ""
    project: str = ""
    blend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """Somebody wants this clip. On disk before anything leaves.

    ``wish`` is the request as JSON data without links and picture bytes (``core.provenance``), so that it can be set up
    again; empty where an older version wrote this. ``most_units`` is the most that the clip may cost, as a decimal
    number; ``""`` where there is no list price. ``id_is_given``: somebody chose its id, which may be another task's.
    ``once`` is the name under which it is asked for once, whoever asks again (``core.once``); ``""`` for none.
    ``asker`` is who asked first.
    """

    at: float
    payload: Payload
    origin: Origin
    target: Target
    wish: Mapping[str, Any] = field(default_factory=dict)
    most_units: str = ""
    id_is_given: bool = False
    once: str = ""
    asker: Asker = field(default_factory=Asker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A task of ours stands on the account's list and the journal does not know that it was sent. What was asked for is
    unknown where this begins a history, so such a submission is never sent.
    """

    at: float
    submission_id: str
    task_id: str
    origin: Origin
    target: Target = field(default_factory=Target)
    dialect: str = LEGACY


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """The journal may lack what came next (an older copy, a damaged file). It may have been sent, so it is looked
    for.
    """

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The commit point: on disk before the body's last byte leaves. ``digest`` names the bytes.

    ``wall_at`` is the time of day as it was read just then, by which every process counts what was spent; ``at`` is
    that of the process, by which windows are measured. 0 where an earlier version wrote this.
    """

    at: float
    digest: str
    wall_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The send failed before the commit point: the service cannot have a whole request."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The send passed the commit point, and no answer can be trusted."""

    at: float
    reason: str


Verdict: TypeAlias = Literal["Failed", "Held", "Deferred"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The service refused after the last byte had left. A proxy may have delivered the request twice, and the other one
    may have been taken: the task is looked for before the refusal counts.

    ``verdict`` says what it counts as when nothing is found: an event of that name with this ``reason``, ``exit_code``
    or ``retry_after_s``.
    """

    at: float
    reason: str
    verdict: Verdict
    exit_code: int
    retry_after_s: float | None = None

    @property
    def is_for_key(self) -> bool:
        """Whether it was the key that was refused, so that no account can be asked with it either."""
        return self.exit_code == CredentialsRefused.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """The service said "not now" (1302, 1303), and has no task for it."""

    at: float
    reason: str
    retry_after_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Only a person can clear what is in the way (key, account, a cap). Nothing was created or goes out by itself.

    ``scope`` says what is held: ``"key"`` everything of the key, for that or its account is at fault, ``"submission"``
    this one alone, which its own cap stops, or whose API takes no such key. Earlier versions wrote none (``""``): there
    the exit code tells.
    """

    at: float
    reason: str
    exit_code: int
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The next step begins once more after a process died with it in hand; of placing, which leaves no lease behind,
    the first try of each process. What counts is how often this comes without any progress in between.
    """

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """One process after the other died with the next step in hand, so it waits for a person (fault 58)."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The user says: go on with what was held or set aside."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebound:
    """Another key of the same service is used for it from now on: nothing of it can be at the service, or the account
    of that key knows its task.
    """

    at: float
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """A process took over a create that another left open: the window of looking starts anew."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A clean "not found". It proves nothing by itself."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The account's whole list was read without finding the task. ``candidates`` are the tasks on it that may be it,
    where the service was told no id of ours: only a person can say.
    """

    at: float
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """The window is over without proof; only the user goes on from here."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain:
    """The user wants another window of looking."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAgain:
    """The user wants the same bytes sent once more, knowing that this may cost again."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """Given up before it was ever sent, or after a proof that it was not; it will not be sent any more."""

    at: float
    reason: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """The user stopped waiting. The service may still finish the task and charge for it."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The service says that it has a task for this submission, and names it."""

    at: float
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """The task's state at the service changed; ``status`` is its word."""

    at: float
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The clip is ready at the service. Its link is asked for afresh when it is fetched, and never written down.

    What it cost stands in words of ``core.amounts.Charge``; earlier versions wrote the units alone. ``has_marked``: a
    copy with the watermark belongs to it, which is fetched once the clip is there.
    """

    at: float
    charge_units: str
    charge_said: str = ""
    charge_balance: str = ""
    charge_currency: str = ""
    has_marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The service refused the request for good, or the task ended without a clip.

    ``id_is_taken``: it was never sent, for the id that somebody chose for it is another task's already. A failed task
    should cost nothing (contract 10); where the service says that it did, the words are those of ``Succeeded``.
    """

    at: float
    reason: str
    exit_code: int = 4
    id_is_taken: bool = False
    charge_units: str = ""
    charge_said: str = ""
    charge_balance: str = ""
    charge_currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkExpired:
    """The link was no longer honoured; the task is asked about again."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """A download begins, or starts over: nothing that lies in the partial file counts any more.

    ``etag`` names the file's content at the service, ``""`` where it has no strong name and a cut download starts over;
    ``total_bytes`` is None while unknown.
    """

    at: float
    etag: str
    total_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The first ``offset`` bytes of the clip are on disk, synced: from there a download goes on in any process."""

    at: float
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The clip is whole and checked and is about to get this name, which nothing had a moment ago: so it is known for
    ours after a crash by its place and content, and not by its name. Once the clip is fetched, this is said of the copy
    with the watermark.
    """

    at: float
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """The user wants the clip in another folder."""

    at: float
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """The download broke; it is tried again. ``is_local``: a folder or a disk of this machine is why."""

    at: float
    reason: str
    is_local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The clip is a verified file at its place. ``note`` is a sentence where it is not where it was meant to be."""

    at: float
    path: str
    sha256: str
    size_bytes: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """The file of the clip is gone from this machine (deleted, a disk that died), and somebody wants it again: it is
    fetched once more, which is free, or taken from where it was, if it came back there. ``with_marked``: so is the copy
    with the watermark.
    """

    at: float
    with_marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedFetched:
    """The copy with the watermark is a verified file beside the clip."""

    at: float
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedFailed:
    """The copy with the watermark did not come. It is tried again, so often as ``lifecycle.MOST_MARKED_TRIES`` says,
    unless this ``is_last``; the clip has nothing to do with it.
    """

    at: float
    reason: str
    is_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The clip is a strip on a timeline."""

    at: float
    scene: str
    strip: str


def believed(denied: Denied, at: float) -> Failed | Held | Deferred:
    """What a refusal counts as once it is believed."""
    match denied.verdict:
        case "Held":
            return Held(at=at, reason=denied.reason, exit_code=denied.exit_code, scope="key")
        case "Deferred":
            return Deferred(at=at, reason=denied.reason, retry_after_s=denied.retry_after_s)
        case _:
            return Failed(at=at, reason=denied.reason)


Event: TypeAlias = (
    Intended
    | Adopted
    | Doubted
    | Sent
    | NotSent
    | Unanswered
    | Denied
    | Deferred
    | Held
    | Begun
    | SetAside
    | Released
    | Rebound
    | Reopened
    | Missed
    | Scanned
    | Parked
    | LookAgain
    | SendAgain
    | Withdrawn
    | Abandoned
    | Accepted
    | Progressed
    | Succeeded
    | Failed
    | LinkExpired
    | Receiving
    | Received
    | Named
    | Redirected
    | FetchFailed
    | Fetched
    | Vanished
    | MarkedFetched
    | MarkedFailed
    | Placed
)

OPENINGS = (Intended, Adopted)
"""What a history begins with."""
_KINDS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}


def record_of(event: Event) -> tuple[str, dict[str, Any]]:
    """An event as its name and JSON data."""
    return type(event).__name__, asdict(event)


def event_from(kind: str, data: Mapping[str, Any]) -> Event:
    """The event that :func:`record_of` wrote. Fields of a newer version that this one does not know are passed over.

    Raises KeyError for an unknown kind and TypeError for a missing field.
    """
    event_type = _KINDS[kind]
    known = {each.name for each in fields(event_type)}
    values = {name: value for name, value in data.items() if name in known}
    if event_type is Intended:
        values["payload"] = _payload(values["payload"])
    if "candidates" in values:
        values["candidates"] = tuple(values["candidates"])
    if "origin" in values:
        values["origin"] = Origin(**values["origin"])
    if "target" in values:
        values["target"] = _target(values["target"])
    if "asker" in values:
        values["asker"] = asker_in(values["asker"])
    event: Event = event_type(**values)
    return event


def _target(data: Mapping[str, Any]) -> Target:
    known = {each.name for each in fields(Target)}
    return Target(**{name: value for name, value in data.items() if name in known})


def asker_in(data: Any) -> Asker:
    """The asker in JSON data that anybody may have written; what is no name there is none here."""
    found = data if isinstance(data, Mapping) else {}
    names = {name: name_in(found.get(name)) for name in ("user", "host", "project")}
    blend = found.get("blend")
    return Asker(**names, blend=blend if isinstance(blend, str) else "")


def _payload(data: Mapping[str, Any]) -> Payload:
    pieces = tuple(map(_piece, data["pieces"]))
    known = {
        name: data[name]
        for name in ("external_task_id", "model", "kind", "dialect", "path", "has_own_id")
        if name in data
    }
    return Payload(pieces=pieces, **known)


def _piece(data: str | Mapping[str, Any]) -> Piece:
    if isinstance(data, str):
        return data
    return ClipRef(known_as=data["known_as"]) if "known_as" in data else _picture(data)


def _picture(data: Mapping[str, Any]) -> PictureRef:
    known = {each.name for each in fields(PictureFacts)}
    facts = PictureFacts(**{name: value for name, value in data["facts"].items() if name in known})
    return PictureRef(sha256=data["sha256"], facts=facts)
