"""Judge a manifest: every problem of every line, and what all of it costs. Nothing is rendered and nothing is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from ..core.capability import Profile
from ..core.errors import ArgumentsInvalid
from ..core.media import PictureFacts, PictureRef
from ..core.payload import draft_body
from ..core.pricing import Price, price_of
from ..core.request import OmniRequest, Role
from ..core.rules import table
from .manifest import Line, LineProblem, lines_of
from .shot import REQUIRED, PromptUnfillable, Shot, shot_from

_COLUMNS: Final = {"model_name": "model", "image_list": "kind"}
"""Which column a member of the create body comes from, where it is called otherwise."""
_TO_COME: Final = PictureRef(
    sha256="0" * 64, facts=PictureFacts(format="jpeg", width=1280, height=720, size_bytes=500_000)
)
"""In place of a frame that is not rendered yet: one that every rule takes."""
_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A line that was judged: its shot, where it is one, and its problems."""

    line: int
    key: str
    shot: Shot | None
    problems: tuple[LineProblem, ...]

    @property
    def is_good(self) -> bool:
        """Whether the shot can be rendered and submitted."""
        return not any(problem.is_fault for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Part:
    """Which shots of a manifest are one task's: from the ``number``-th on, every ``of``-th. As many parts as there are
    shots have one each, and lines that are added at the end move no shot to another part.
    """

    number: int = 1
    of: int = 1

    def has(self, place: int) -> bool:
        """Whether the shot at this place, from 1, is of it."""
        return place % self.of == self.number % self.of


WHOLE: Final = Part()


def judged_lines(
    path: Path, profile: Profile, *, only: Collection[str] = (), part: Part = WHOLE, needs_blend: bool = True
) -> Iterator[Judged]:
    """Every line of a manifest, or those of the keys ``only`` or of a ``part``, as they are read. A line without a key
    is anybody's.

    Of the lines that were read nothing is kept but a digest of each key. ``needs_blend`` has the .blend files looked
    for. Raises :class:`ArgumentsInvalid` for a file that cannot be read, and in the end for one without a shot, and
    for a key that no line has.
    """
    known: dict[bytes, int] = {}
    wanted, is_empty = set(only), True
    for place, line in enumerate(lines_of(path), start=1):
        is_empty = False
        twice = _twice(line, known)
        wanted.discard(line.key)
        if line.key and not (part.has(place) and (not only or line.key in only)):
            continue
        yield _judged(line, twice, profile, path.parent if needs_blend else None)
    if is_empty:
        raise ArgumentsInvalid("The manifest has no shot.", field="manifest", remedy="Write a line for each shot.")
    if wanted:
        sentence = f'The manifest has no shot "{min(wanted)[:80]}".'
        raise ArgumentsInvalid(sentence, field="only", remedy="Give keys of the manifest.")


def _twice(line: Line, known: dict[bytes, int]) -> tuple[LineProblem, ...]:
    """What is wrong with a key that another line has. Folders of some systems do not tell A from a."""
    if not line.key:
        return ()
    digest = hashlib.blake2b(line.key.casefold().encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
    first = known.setdefault(digest, line.number)
    if first == line.number:
        return ()
    return (line.problem("key", f"Line {first} has this key, too (upper and lower case count as the same)."),)


def _judged(line: Line, twice: tuple[LineProblem, ...], profile: Profile, folder: Path | None) -> Judged:
    problems = [*line.problems, *twice]
    shot = _shot(line, problems)
    if shot is not None:
        problems += _faults_of_shot(line, shot, profile, folder)
        problems += _faults_of_request(line, shot, profile)
    return Judged(line=line.number, key=line.key, shot=shot, problems=tuple(problems))


def _shot(line: Line, problems: list[LineProblem]) -> Shot | None:
    """The shot, as far as the line can be read: what is wrong with a field keeps no other from being judged."""
    unusable = {problem.column for problem in line.problems}
    if unusable & {"", *REQUIRED} or not line.values.keys() >= set(REQUIRED):
        return None
    try:
        return shot_from({name: value for name, value in line.values.items() if name not in unusable}, line.number)
    except PromptUnfillable as error:
        problems.append(line.problem("prompt", str(error)))
        return None


def _faults_of_shot(line: Line, shot: Shot, profile: Profile, folder: Path | None) -> Iterator[LineProblem]:
    """What only a manifest can get wrong."""
    if shot.roles and not shot.blend:
        yield line.problem("blend", f'A shot of the kind "{shot.kind}" needs a .blend file.')
    elif shot.roles and folder is not None and not _is_file(shot.blend_in(folder)):
        yield line.problem("blend", f'There is no file "{shot.blend_in(folder)}".')
    for role, column, value in (
        (Role.FIRST, "first_frame", shot.first_frame),
        (Role.END, "end_frame", shot.end_frame),
    ):
        if value is not None and role not in shot.roles:
            yield line.problem(column, f'A shot of the kind "{shot.kind}" has no such frame.')
    if shot.roles and shot.aspect_ratio and shot.aspect_ratio not in profile.aspect_ratios:
        known = ", ".join(profile.aspect_ratios)
        yield line.problem("aspect_ratio", f'"{shot.aspect_ratio[:80]}" is not one of {known}.')


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _faults_of_request(line: Line, shot: Shot, profile: Profile) -> Iterator[LineProblem]:
    """What the service would refuse, and doubts, with every frame taken for a good one."""
    request = request_to_come(shot, profile)
    body = draft_body(request, {picture.source: _TO_COME for picture in request.pictures})
    for problem in table.problems_in(body, profile=profile):
        member = problem.path.partition("[")[0].partition(".")[0]
        yield line.problem(_COLUMNS.get(member, member), problem.message, is_fault=problem.is_fault)


def request_to_come(shot: Shot, profile: Profile) -> OmniRequest:
    """What a shot will ask for, before its frames are there."""
    return shot.request(profile, {role: role.value for role in shot.roles})


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What shots come to. ``clips`` counts each take; ``unpriced`` are clips that the list has no price for."""

    shots: int = 0
    clips: int = 0
    units: Decimal = Decimal(0)
    dollars: Decimal = Decimal(0)
    unpriced: int = 0
    date: str = ""

    def with_clips(self, price: Price | None, clips: int) -> Total:
        """One more shot, of which so many clips are to be paid for."""
        added = replace(self, shots=self.shots + 1, clips=self.clips + clips)
        if price is None:
            return replace(added, unpriced=self.unpriced + clips)
        units, dollars = self.units + clips * price.most_units, self.dollars + clips * price.most_dollars
        return replace(added, units=units, dollars=dollars, date=price.date)

    @property
    def most_units(self) -> Decimal | None:
        """The most that it may cost; None where a clip has no list price."""
        return None if self.unpriced else self.units


def list_price(shot: Shot, profile: Profile) -> Price | None:
    """The list price of one take."""
    return price_of(request_to_come(shot, profile), profile=profile)
