"""What a row of the list says of its submission, worked out when the submission changes and not while drawing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ...core.life.phase import Phase
from ...core.life.spending import charged_words
from ...core.provenance import request_from, told_prompt
from ..connection import snapshots
from ..host.isolating import on_its_own
from ..shot.kinds import ShotKind, kind_that_makes
from ..shot.offers import MODES

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_PROMPT_LENGTH: Final = 120  # characters that a row or the lines below the list can hold
_QUALITIES: Final = {identifier: label for identifier, label, *_ in MODES}
_LINES: Final = {identifier: lines for identifier, _, lines, *_ in MODES}  # "1080p": shorter, for a row
STATE_ORDER: Final = (
    Phase.PARKED,
    Phase.INTENDED,
    Phase.UNANSWERED,
    Phase.ACCEPTED,
    Phase.READY,
    Phase.FETCHED,
    Phase.PLACED,
    Phase.FAILED,
    Phase.ABANDONED,
)
"""Sorted by state: what waits for a person comes first, what is over last."""


class RowText(NamedTuple):
    """The words of a row. ``facts`` is quality, length and price or charge, ``told`` the same in full, with the kind of
    shot and the name of the .blend file; ``searched`` is all that a search looks through.
    """

    name: str
    prompt: str
    kind_icon: str
    short_facts: str
    facts: str
    told: str
    searched: str


_known: dict[str, tuple[Submission, RowText]] = {}


def text_of(submission: Submission) -> RowText:
    """The words for a submission; those of one that did not change are remembered."""
    known = _known.get(submission.id)
    if known is not None and known[0] is submission:
        return known[1]
    text = _text(submission)
    _known[submission.id] = submission, text
    return text


def forget() -> None:
    """The session was closed: another one has submissions of its own."""
    _known.clear()


def _text(submission: Submission) -> RowText:
    wish, kind = submission.wish, _kind_of(submission)
    prompt = " ".join(told_prompt(wish).split())
    name = submission.target.name or submission.id
    seconds = f"{wish['duration_s']} s" if wish.get("duration_s") else ""
    price, mode = _price(submission), str(wish.get("mode", ""))
    short_price = price.removesuffix(" charged").partition(" of ")[0]
    size_and_length = " ".join(filter(None, (_LINES.get(mode, ""), seconds)))
    return RowText(
        name=name,
        prompt=prompt[:_PROMPT_LENGTH],
        kind_icon=kind.icon if kind is not None else "FILE_MOVIE",
        short_facts=_joined(seconds, short_price.partition(" ")[0]),
        facts=_joined(size_and_length, short_price),
        told=_joined(
            kind.label if kind is not None else "", _QUALITIES.get(mode, ""), seconds, price, _blend_of(submission)
        ),
        searched="\n".join((name, prompt, submission.id, submission.task_id)).casefold(),
    )


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _kind_of(submission: Submission) -> ShotKind | None:
    """The kind of shot; None where what was asked for is not known, as of a task that was adopted."""
    return on_its_own(lambda: kind_that_makes(request_from(submission.wish))) if submission.wish else None


def _price(submission: Submission) -> str:
    """What it cost, else what it may cost."""
    if snapshots.is_rehearsed(submission):
        return "free"
    charged = charged_words(submission)
    if charged:
        return f"{charged} charged"
    return f"{submission.most_units} units" if submission.most_units else ""


def _blend_of(submission: Submission) -> str:
    blend = submission.target.blend
    return "" if blend.startswith("unsaved:") else Path(blend).name
