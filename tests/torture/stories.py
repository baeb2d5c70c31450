"""What happens in one run of the torture, all of it derived from a seed: wishes, faults of the server, deaths.

The same seed gives the same story; how threads and sockets interleave within it is the machine's own choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tests.torture.crash_points import POINTS

_SENDING = (
    *("1302=1", "1303", "1303:4", "5000", "502", "504", "html-200", "1301", "1102", "1000"),
    *("reset-before=0", "reset-before=half", "reset-before=-1", "reset-after-body", "swallowed=0.1"),
    *("late-commit=8", "late-commit=60", "created-but-504", "created-but-5000", "created-but-reset"),
    *("created-but-silent", "created-but-cut", "created-but-html", "code-0-without-task", "created-but-502-page"),
    "slow-answer@create=0.1:2",
)
_ASKING = (
    *("lookup-lag=3", "lookup-lag=30", "list-lag=30", "unknown-status:2", "status-back", "5000@query:2", "502@query"),
    *("no-link", "somebody-elses", "1000@query", "idle-close", "shuffled-list", "hostile-message", "one-byte-pieces:3"),
)
_FETCHING = (
    *("download-cut:2", "download-cut=0", "download-reset", "link-403", "body-short", "body-long", "clip-cut"),
    *("html-instead-of-clip", "zero-bytes", "502@file", "no-length", "etag-changed", "range-ignored", "range-416"),
    "wrong-content-range",
)

_NEEDS: Mapping[str, str] = {
    "NotSent": "reset-before=half:2",
    "Deferred": "1303:2",
    "Held": "1102",
    "Released": "1102",
    "Unanswered": "created-but-reset",
    "Denied": "1000",
    "Missed": "lookup-lag=20",
    "Scanned": "reset-after-body",
    "Parked": "reset-after-body",
    "LookAgain": "reset-after-body",
    "SendAgain": "reset-after-body",
    "LinkExpired": "link-403",
    "FetchFailed": "download-cut",
    "Failed": "1301",
}
"""The fault without which a moment does not come."""
_SHORT_LIVES_S = (0.03, 0.4, 0.4)
"""In the first few thousandths of a second the journal itself is made."""
_ACTS: Mapping[str, str] = {"LookAgain": "look_again", "SendAgain": "send_again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How one process ends: at a named moment when that passes for the given time, or ``after_s`` real seconds;
    neither means that it lives. ``frozen_s`` stops it for a while in between.
    """

    point: str = ""
    passes: int = 1
    after_s: float | None = None
    frozen_s: float = 0.0

    @property
    def is_meant(self) -> bool:
        """Whether the process is to die at all."""
        return bool(self.point) or self.after_s is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A clip that somebody wants. ``is_doomed``: the task will fail; ``goes_to`` is a scene, or ``""``."""

    id: str
    is_doomed: bool
    has_picture: bool
    goes_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is new in a life: what is wished for, what the server does wrong from now on, and how its one or two
    processes, at work at once, die.
    """

    wishes: tuple[Wish, ...]
    faults: tuple[str, ...]
    deaths: tuple[Death, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One run: lives that follow each other on one journal; then a clean one ends everything.

    ``is_lax`` makes the service accept a used id, so that a second send is a second charge. ``act`` is what the user
    does about a parked submission (``leave``: nothing), ``mind_change`` what about the first at a chance moment.
    """

    seed: int
    lives: tuple[Life, ...]
    is_lax: bool
    act: str
    mind_change: str = ""

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """All there are."""
        return tuple(wish for life in self.lives for wish in life.wishes)


def story_of(seed: int) -> Story:
    """The story of a seed. Its last life dies at the named moment whose turn it is, so that all moments come in
    turn.
    """
    random = Random(seed)
    is_lax = random.random() < 0.6
    swept = POINTS[seed % len(POINTS)]
    before = [_deaths(random) for _ in range(random.choice((0, 1, 2, 3, 4, 7)))]
    if "backup" in swept:  # made when a journal is opened for the first time that day
        before = []
    if swept.endswith("Reopened"):
        before.append((Death(point="after last byte"),))
    plan = (*before, (Death(point=swept),))
    lives = tuple(_life(random, f"kob-{seed}-{number}", deaths, is_lax) for number, deaths in enumerate(plan))
    points = [death.point for life in lives for death in life.deaths if death.point]
    mind_change = random.choices(("", "withdraw", "abandon"), (8, 1, 1))[0]
    for event, change in (("Withdrawn", "withdraw"), ("Abandoned", "abandon")):
        mind_change = change if swept.endswith(event) else mind_change
    return Story(seed=seed, lives=lives, is_lax=is_lax, act=_act(random, points), mind_change=mind_change)


def _life(random: Random, own_id: str, deaths: tuple[Death, ...], is_lax: bool) -> Life:
    points = [death.point for death in deaths]
    return Life(
        wishes=tuple(_wish(random, f"{own_id}-{place}", points) for place in range(random.choice((1, 1, 2, 3)))),
        faults=_faults(random, points, is_lax),
        deaths=deaths,
    )


def _wish(random: Random, own_id: str, points: Sequence[str]) -> Wish:
    return Wish(
        id=own_id,
        is_doomed=random.random() < 0.06,
        has_picture=random.random() < 0.3 or any("picture" in point for point in points),
        goes_to="Scene" if random.random() < 0.5 or any(point.endswith("Placed") for point in points) else "",
    )


def _deaths(random: Random) -> tuple[Death, ...]:
    return tuple(_death(random) for _ in range(2 if random.random() < 0.25 else 1))


def _death(random: Random) -> Death:
    frozen_s = random.choice((0.0, 0.0, 0.0, 0.0, 0.0, 0.5))
    if random.random() < 0.35:
        return Death(after_s=random.uniform(0.0, random.choice(_SHORT_LIVES_S)), frozen_s=frozen_s)
    return Death(point=random.choice(POINTS), passes=random.choice((1, 1, 1, 1, 2)), frozen_s=frozen_s)


def _faults(random: Random, points: Sequence[str], is_lax: bool) -> tuple[str, ...]:
    chosen = [_NEEDS[name] for name in dict.fromkeys(point.split()[-1] for point in points if point) if name in _NEEDS]
    for menu, most in ((_SENDING, 2), (_ASKING, 1), (_FETCHING, 1)):
        chosen += random.sample(menu, random.randint(0, most))
    if not is_lax and random.random() < 0.05:
        # A proxy that delivers a create twice costs twice where ids may repeat; here it meets "already exists".
        chosen.append("delivered-twice")
    return tuple(chosen)


def _act(random: Random, points: Sequence[str]) -> str:
    wanted = [_ACTS[name] for name in (point.split()[-1] for point in points) if name in _ACTS]
    return wanted[0] if wanted else random.choice(("leave", "look_again", "send_again", "abandon"))
