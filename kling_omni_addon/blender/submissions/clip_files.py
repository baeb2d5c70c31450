"""The files of clips from the list: which may be deleted, and their deletion. The record of a submission stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import ClipUnusable
from ...core.life.phase import Phase
from ...core.provenance import provenance_of
from ...core.takes import Take
from ..host import thumbnails
from ..takes import takes
from . import acts, placing

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission


def take_of(submission: Submission) -> Take:
    """The clip of a submission with what belongs to it."""
    return Take(clip=submission.clip, provenance=provenance_of(submission))


def why_kept(submission: Submission, used: takes.Used) -> str:
    """Why the file of a clip may not be deleted, as a sentence; ``""`` where it may. ``used`` is what the open .blend
    file plays or shows (``takes.used_files``).
    """
    name = submission.target.name or submission.id
    if not submission.clip:
        return f'"{name}" has no clip yet.'
    if submission.awaits_marked:
        return f'"{name}" is still waiting for its watermarked copy.'
    if submission.phase is Phase.FETCHED and not placing.waits_because(submission):
        return f'"{name}" is about to be added to the Sequencer.'
    if takes.is_used(take_of(submission), used):
        return f'"{name}" is used by this .blend file.'
    return ""


def delete(submission_id: str) -> None:
    """Delete the file of a submission's clip with what is said of it beside it, as ``takes.delete_files`` does.

    Raises :class:`ClipUnusable` where it may not be deleted, or cannot be.
    """
    submission = acts.with_clip(submission_id)
    reason = why_kept(submission, takes.used_files())
    if reason:
        raise ClipUnusable(reason, field="clip", remedy="Remove its strip, or wait, then try again.")
    takes.delete_files(take_of(submission))
    thumbnails.forget_clip(submission.clip)
