"""What the open file's timelines show of a clip that was placed: an undo, or a hand, may have taken its strip away.

The journal says that it was placed, which stays true; the list says what is to be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.life.phase import Phase
from ...core.provenance import shot_id_of
from ..host.identity import is_this_file
from ..timeline import stand_in

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission


class Shown(StrEnum):
    """What stands for a placed clip in the open file."""

    CLIP = "clip"
    STAND_IN = "stand-in"
    OTHER_TAKE = "another take of its shot"
    NOTHING = "nothing"
    OTHER_FILE = "nothing, for its place is in another file"


_UNDONE: Mapping[Shown, str] = {
    Shown.NOTHING: "Undo removed the strip of this clip. Press Add to Sequencer to put it back.",
    Shown.STAND_IN: "Undo removed this clip from its strip. Press Add to Sequencer to put it back.",
}
_SENTENCES: Mapping[Shown, str] = {
    Shown.NOTHING: "Downloaded. No strip in this .blend file shows this clip. Press Add to Sequencer to put it back.",
    Shown.STAND_IN: "Downloaded. Its placeholder strip is waiting. Press Add to Sequencer.",
    Shown.OTHER_TAKE: "Downloaded. Its strip shows another take.",
}
_undone: set[str] = set()  # submissions whose clip an undo took off the timeline


def shown_of(submission: Submission) -> Shown:
    """What there is to see of a placed clip, as of the last second."""
    if submission.id in stand_in.waiting_lately():
        return Shown.STAND_IN
    if submission.id in stand_in.shown_lately():
        return Shown.CLIP
    if shot_id_of(submission) in stand_in.shots_lately():
        return Shown.OTHER_TAKE
    return Shown.NOTHING if is_this_file(submission.target.blend) else Shown.OTHER_FILE


def is_gone(submission: Submission) -> bool:
    """Whether a clip that was placed has no strip where it belongs, so that *Place* puts it back."""
    return submission.phase is Phase.PLACED and shown_of(submission) in (Shown.STAND_IN, Shown.NOTHING)


def sentence_of(submission: Submission) -> str:
    """Where a placed clip is, in a sentence; ``""`` where it is where the journal says."""
    shown, named = shown_of(submission), Path(submission.target.blend)
    if shown is Shown.OTHER_FILE:
        if named.suffix == ".blend":
            return f'In the Sequencer of "{named.name}" as "{submission.strip}".'
        return f'Added as "{submission.strip}". No strip in this .blend file shows this clip.'
    is_undone = submission.id in _undone
    return (_UNDONE.get(shown, "") if is_undone else "") or _SENTENCES.get(shown, "")


def follow_undo() -> None:
    """An undo or a redo was made: see what it took away and what it brought back."""
    before = stand_in.shown_at_last_look()
    stand_in.look_again()
    after = stand_in.shown_at_last_look()
    _undone.update(before - after)
    _undone.difference_update(after)


def forget() -> None:
    """Another file is open: what is not there was not undone."""
    _undone.clear()
