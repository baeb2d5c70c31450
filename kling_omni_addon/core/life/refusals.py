"""Why what a person asks for cannot happen to a submission, in words for that person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import events as ev
from .events import Event
from .lifecycle import Phase, Submission

_WISHES: Mapping[type[Any], str] = {
    ev.LookAgain: "cannot be looked for again",
    ev.SendAgain: "cannot be sent again",
    ev.Abandoned: "cannot be stopped",
    ev.Accepted: "cannot be told which task it is",
}
_STATES: Mapping[Phase, str] = {
    Phase.INTENDED: "it is still waiting to be sent",
    Phase.UNANSWERED: "the extension is looking for it at Kling right now",
    Phase.PARKED: "nobody knows yet whether Kling has it",
    Phase.ACCEPTED: "Kling has it and is making it",
    Phase.READY: "its clip is being downloaded",
    Phase.FETCHED: "its clip has arrived",
    Phase.PLACED: "its clip is in the Sequencer",
    Phase.FAILED: "it has failed",
    Phase.ABANDONED: "it was stopped",
}


def why_not(submission: Submission, event: Event) -> str:
    """One sentence about an event that is not legal now."""
    wish = _WISHES.get(type(event), "cannot be changed in this way")
    why = _STATES[submission.phase]
    if isinstance(event, ev.SendAgain) and submission.is_adopted:
        why = "what was asked for is not known any more"
    return f'"{submission.target.name or submission.id}" {wish}: {why}.'
