"""Prompts that were taken from somewhere: a marker's name is seldom what happens in a shot, and the last shot's prompt
seldom what happens in the next. Whoever edits such a prompt, sets it by a script or keeps it by a click has seen it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ...core.problem import Finding, Remedy
from .kinds import has_own_prompts
from .prompt import prompt_of

BORROWED: Final = (
    ("SHOT", "Last Shot", "The previous shot"),
    ("MARKER", "Marker", "The name of a marker"),
    ("CAMERA", "Camera", "The name of the camera that is bound to a marker"),
    ("STRIP", "Strip", "The name of a strip"),
)
KEEP_PATH: Final = "borrowed_prompt"
_KEEP: Final = Remedy(path=KEEP_PATH, value="", label="Keep")
_SENTENCES: Final = {
    "SHOT": "The prompt was copied from the last shot. Edit it, or press Keep.",
    "MARKER": 'The prompt of shot {number} was copied from the marker "{words}". Edit it, or press Keep.',
    "CAMERA": 'The prompt of shot {number} was copied from the camera "{words}". Edit it, or press Keep.',
    "STRIP": 'The prompt of shot {number} was copied from the strip "{words}". Edit it, or press Keep.',
}
_SEVERAL: Final = "The prompts of shots {shots} are only names of markers, cameras or strips. Edit them, or press Keep."


def borrow(holder: Any, source: str) -> None:
    """Say that the prompt of a shot, or of one shot of a storyboard, was taken from one of :data:`BORROWED`."""
    holder.prompt_source, holder.borrowed_prompt = source, prompt_of(holder).strip()


def is_borrowed(holder: Any) -> bool:
    """Whether the prompt is still what it was taken as. Blender tells nobody that a text was edited: it is compared."""
    return bool(holder.borrowed_prompt) and prompt_of(holder).strip() == holder.borrowed_prompt


def keep(shot: Any) -> None:
    """Every prompt of the shot is what is meant."""
    for holder in (shot, *shot.board):
        holder.borrowed_prompt = ""


def borrowed_prompts(shot: Any) -> Iterator[Finding]:
    """What to say, once, of the prompts that would be sent unseen."""
    if not has_own_prompts(shot):
        if is_borrowed(shot):
            yield Finding(KEEP_PATH, _SENTENCES[shot.prompt_source], "", _KEEP)
        return
    found = [(number, part) for number, part in enumerate(shot.board, start=1) if is_borrowed(part)]
    if len(found) == 1:
        number, part = found[0]
        sentence = _SENTENCES[part.prompt_source].format(number=number, words=part.name or part.prompt)
        yield Finding(KEEP_PATH, sentence, "", _KEEP)
    elif found:
        shots = ", ".join(str(number) for number, _ in found)
        yield Finding(KEEP_PATH, _SEVERAL.format(shots=shots), "", _KEEP)
