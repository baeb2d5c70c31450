"""Why what a person asks for cannot happen to a submission, in words for that person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import events as ev
from .events import Event
from .lifecycle import Submission
from .phase import Phase

_WISHES: Mapping[type[Any], str] = {
    ev.LookAgain: '"{name}" cannot be checked again.',
    ev.SendAgain: '"{name}" cannot be sent again.',
    ev.Abandoned: '"{name}" cannot be stopped.',
    ev.Accepted: 'No task can be selected for "{name}".',
    ev.Vanished: 'The clip of "{name}" cannot be downloaded again.',
    ev.Redirected: 'The clip folder of "{name}" cannot be changed.',
}
_STATES: Mapping[Phase, str] = {
    Phase.INTENDED: "The job is still waiting to be sent.",
    Phase.UNANSWERED: "The extension is checking whether Kling has the job.",
    Phase.PARKED: "Kling has not confirmed the job.",
    Phase.ACCEPTED: "Kling is generating the clip.",
    Phase.READY: "The clip is being downloaded.",
    Phase.FETCHED: "The clip is downloaded.",
    Phase.PLACED: "The clip is in the Sequencer.",
    Phase.FAILED: "The job has failed.",
    Phase.ABANDONED: "The job was stopped.",
}


def why_not(submission: Submission, event: Event) -> str:
    """Two sentences about an event that is not legal now: what cannot be done, and why."""
    wish = _WISHES.get(type(event), '"{name}" cannot be changed.')
    why = _STATES[submission.phase]
    if isinstance(event, ev.SendAgain) and submission.is_adopted:
        why = "The settings of the job are not known."
    return f"{wish.format(name=submission.target.name or submission.id)} {why}"
