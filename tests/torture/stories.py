"""What happens in one run of the torture, all of it derived from a seed: wishes, faults of the server, deaths.

The same seed gives the same story; how threads and sockets interleave within it is the machine's own choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from kling_omni_addon.core.capability import DIALECTS, LEGACY, NEW
from tests.torture.crash_points import POINTS
from tests.torture.service_process import KEY_NAMES
from tests.torture.share import ShareState

_SENDING = (
    *("1302=1", "1303", "1303:4", "5000", "502", "504", "html-200", "1301", "1102", "1000"),
    *("reset-before=0", "reset-before=half", "reset-before=-1", "reset-after-body", "swallowed=0.1"),
    *("late-commit=8", "late-commit=60", "created-but-504", "created-but-5000", "created-but-reset"),
    *("created-but-silent", "created-but-cut", "created-but-html", "code-0-without-task", "created-but-502-page"),
    *("slow-answer@create=0.1:2", "drips@create=0.3:2", "trickle@create=0.0005:1", "created-but-half"),
    *(
        f"created-but-refused={second}"
        for second in (
            *("1201 External_task_id already exists", "1201 Duplicate external_task_id", "1201 外部任务已存在"),
            *("1201 this order is being handled", "1200 invalid parameters", "1102", "1300", "1301", "1302", "1303"),
        )
    ),
)
_REFUSED_KEYS = ("created-but-refused=1000", "created-but-refused=1002 api key not found")
"""Believed after 20 s. Where a service accepts used ids and its look-ups lag longer, Resume then costs twice."""
_ODD_CHARGES = ("3 units", "NaN", "-5", "3,5", "", "1e3", "Infinity", "12345", "9" * 400)
"""What cannot be a charge; the last but one is a number that no clip can cost."""
_ASKING = (
    *("lookup-lag=3", "lookup-lag=30", "list-lag=30", "unknown-status:2", "status-back", "5000@query:2", "502@query"),
    *("no-link", "somebody-elses", "1000@query", "idle-close", "shuffled-list", "hostile-message", "one-byte-pieces:3"),
    *("drips@query=0.3:2", "drips@list=0.3:2", "one-byte-pieces@list:5"),
)
_FETCHING = (
    *("download-cut:2", "download-cut=0", "download-reset", "link-403", "body-short", "body-long", "clip-cut"),
    *("html-instead-of-clip", "zero-bytes", "502@file", "no-length", "etag-changed", "range-ignored", "range-416"),
    *("wrong-content-range", "drips@file=0.4:1", "drips@file=0.8:2"),
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
_FROZEN_S = (0.0, 0.5, 1.4)
"""Longer than a lease, and longer than a window of looking."""
_KEY_OF_BOTH = KEY_NAMES[0]
"""The API key, which either API takes."""
MIXED = "mixed"
SPOKEN = (*DIALECTS, MIXED)
_ACTS: Mapping[str, str] = {"LookAgain": "look_again", "SendAgain": "send_again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How one process ends: at a named moment when that passes for the given time, or ``after_s`` real seconds;
    neither means that it lives. ``frozen_s`` stops it for a while in between, from ``frozen_from_s`` on.
    """

    point: str = ""
    passes: int = 1
    after_s: float | None = None
    frozen_s: float = 0.0
    frozen_from_s: float = 0.075

    @property
    def is_meant(self) -> bool:
        """Whether the process is to die at all."""
        return bool(self.point) or self.after_s is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A clip that somebody wants. ``is_doomed``: the task will fail; ``goes_to`` is a scene, or ``""``;
    ``is_for_share``: its file belongs into the folder that vanishes.
    """

    id: str
    is_doomed: bool
    has_picture: bool
    goes_to: str
    is_for_share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is new in a life: what is wished for, what the server does wrong from now on, and how its one or two
    processes, at work at once, die.

    ``key`` names the account's key that they have, ``dialects`` the API that each of them prefers. ``share`` is what
    becomes of the share's folder, and when, in real seconds.
    """

    wishes: tuple[Wish, ...]
    faults: tuple[str, ...]
    deaths: tuple[Death, ...]
    key: str = KEY_NAMES[0]
    dialects: tuple[str, ...] = ()
    share: tuple[tuple[float, ShareState], ...] = ((0.0, "there"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One run: lives that follow each other on one journal; then a clean one ends everything.

    ``is_lax`` makes the service accept a used id, so that a second send is a second charge. ``act`` is what the user
    does about a parked submission (``leave``: nothing), ``mind_change`` what about the first at a chance moment.
    ``redirect`` sends its clip to another folder. ``dialect`` is that of the lives in which it ends.
    """

    seed: int
    lives: tuple[Life, ...]
    is_lax: bool
    act: str
    mind_change: str = ""
    dialect: str = LEGACY

    def dialect_with(self, key: str) -> str:
        """The API of a life in which it ends, which has this key."""
        return self.dialect if key == _KEY_OF_BOTH else LEGACY

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """All there are."""
        return tuple(wish for life in self.lives for wish in life.wishes)

    @property
    def odd_charges(self) -> frozenset[str]:
        """What is said of charges in it that cannot be read."""
        faults = [fault for life in self.lives for fault in life.faults]
        return frozenset(
            f.removeprefix("odd-charge=").rpartition(":")[0] for f in faults if f.startswith("odd-charge=")
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """Those with which it ends: that of the last life, then the one before it, if there ever was another. Where the
        new API was spoken the API key comes last: no other key can ask there.
        """
        last = self.lives[-1].key
        keys = (last, *dict.fromkeys(life.key for life in self.lives if life.key != last))
        is_new = any(NEW in life.dialects for life in self.lives) or self.dialect == NEW
        return tuple(sorted(keys, key=lambda key: key == _KEY_OF_BOTH)) if is_new else keys


def spoken(story: Story, dialect: str) -> Story:
    """The same story over one API, or over that which each of its processes prefers by chance (:data:`MIXED`). A life
    with a key pair speaks the legacy one, for the new one takes none.
    """
    random = Random(f"the dialects of {story.seed}")

    def drawn(key: str) -> str:
        chosen = random.choice(DIALECTS) if dialect == MIXED else dialect
        return chosen if key == _KEY_OF_BOTH else LEGACY

    lives = tuple(replace(life, dialects=tuple(drawn(life.key) for _ in life.deaths)) for life in story.lives)
    return replace(story, lives=lives, dialect=drawn(_KEY_OF_BOTH))


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
    if swept.endswith(("Reopened", "Rebound")):
        before.append((Death(point="after last byte"),))
    plan = (*before, (Death(point=swept),))
    lives = tuple(_life(random, f"kob-{seed}-{number}", deaths, is_lax) for number, deaths in enumerate(plan))
    if swept.endswith("Rebound") or random.random() < 0.25:
        lives = _with_other_keys(random, lives)
    if random.random() < 0.3:
        lives = _with_a_share(random, lives)
    points = [death.point for life in lives for death in life.deaths if death.point]
    mind_change = random.choices(("", "withdraw", "abandon", "redirect"), (16, 2, 2, 3))[0]
    for event, change in (("Withdrawn", "withdraw"), ("Abandoned", "abandon"), ("Redirected", "redirect")):
        mind_change = change if swept.endswith(event) else mind_change
    return Story(seed=seed, lives=lives, is_lax=is_lax, act=_act(random, points), mind_change=mind_change)


def _with_other_keys(random: Random, lives: tuple[Life, ...]) -> tuple[Life, ...]:
    """The same lives, with the account's key replaced between some of them, always before the last."""
    keys = [random.choice(KEY_NAMES) for _ in lives]
    keys[-1] = next(key for key in KEY_NAMES if len(keys) == 1 or key != keys[-2])
    return tuple(replace(life, key=key) for life, key in zip(lives, keys, strict=True))


def _with_a_share(random: Random, lives: tuple[Life, ...]) -> tuple[Life, ...]:
    """The same lives, with clips that belong to a share, which is there at first. In the middle of a life a file takes
    its place: one that is only gone would be made anew by whoever just then wishes for a clip in it.
    """
    at_start: tuple[ShareState, ...] = ("there", "there", "gone", "a file")
    midway: tuple[ShareState, ...] = ("there", "a file")
    moved = []
    for number, life in enumerate(lives):
        start = random.choice(at_start) if number else "there"
        later = ((random.uniform(0.05, 1.0), random.choice(midway)),) if random.random() < 0.5 else ()
        wishes = tuple(replace(wish, is_for_share=random.random() < 0.7) for wish in life.wishes)
        moved.append(replace(life, wishes=wishes, share=((0.0, start), *later)))
    return tuple(moved)


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
    frozen_s = random.choices(_FROZEN_S, (26, 4, 2))[0]
    if random.random() < 0.35:
        after_s = random.uniform(0.0, random.choice(_SHORT_LIVES_S))
        return Death(after_s=after_s, frozen_s=frozen_s, frozen_from_s=after_s / 2)
    return Death(
        point=random.choice(POINTS),
        passes=random.choice((1, 1, 1, 1, 2)),
        frozen_s=frozen_s,
        frozen_from_s=random.uniform(0.0, 0.5),
    )


def _faults(random: Random, points: Sequence[str], is_lax: bool) -> tuple[str, ...]:
    chosen = [_NEEDS[name] for name in dict.fromkeys(point.split()[-1] for point in points if point) if name in _NEEDS]
    for menu, most in ((_SENDING, 2), (_ASKING, 1), (_FETCHING, 1)):
        chosen += random.sample(menu, random.randint(0, most))
    if not is_lax and random.random() < 0.05:
        # A proxy that delivers a create twice costs twice where ids may repeat; here it meets "already exists".
        chosen.append("delivered-twice")
    if random.random() < 0.12:
        chosen.append(f"odd-charge={random.choice(_ODD_CHARGES)}:4")
    if not is_lax and random.random() < 0.1:
        chosen.append(random.choice(_REFUSED_KEYS))
    return tuple(chosen)


def _act(random: Random, points: Sequence[str]) -> str:
    wanted = [_ACTS[name] for name in (point.split()[-1] for point in points) if name in _ACTS]
    return wanted[0] if wanted else random.choice(("leave", "look_again", "send_again", "abandon"))
