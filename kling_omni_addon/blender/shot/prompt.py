"""The prompt, wherever it is written: in its field, or in a text of the .blend, where it may have many lines."""

from __future__ import annotations

from typing import Any

import bpy

from ..host.ownership import require_own
from .changes import shot_changed


def prompt_of(holder: Any) -> str:
    """The prompt of a shot, or of one shot of a storyboard: what its text says if it has one, else its field."""
    text = getattr(holder, "prompt_text", None)
    prompt: str = holder.prompt if text is None else text.as_string().strip()
    return prompt


def set_prompt(holder: Any, prompt: str) -> None:
    """Write the prompt where it is read from. Raises :class:`KlingError` for a text or a scene of a linked library."""
    text = getattr(holder, "prompt_text", None)
    if text is None:
        require_own(holder.id_data)
        holder.prompt = prompt
        return
    require_own(text)
    text.from_string(prompt)
    holder.borrowed_prompt = ""
    shot_changed.send(holder.id_data)


def has_texts() -> bool:
    """Whether any shot of the file has its prompt in a text."""
    return any(scene.kling.prompt_text is not None for scene in bpy.data.scenes)  # type: ignore[attr-defined]
