"""What Blender is given of this room, and what this room hears."""

from __future__ import annotations

from ..connection import clip_links, deletions, opening, preferences, uploads
from ..host import thumbnails
from . import footage, judging, operators, presets, prompt_operators, prompt_words, properties, saving
from .changes import shot_changed

CLASSES = (
    *properties.CLASSES,
    *operators.CLASSES,
    *prompt_operators.CLASSES,
    *prompt_words.CLASSES,
    *presets.CLASSES,
)


def register() -> None:
    """Hang a shot on every scene, and judge it whenever it changes."""
    properties.register()
    saving.register()
    shot_changed.connect(judging.judge)
    clip_links.heard.connect(judging.judge_clips)
    uploads.heard.connect(footage.use_link)
    deletions.begun.connect(footage.forget_link)
    opening.closed.connect(judging.forget)
    preferences.profile_changed.connect(judging.judge_all)


def unregister() -> None:
    """Take it off again."""
    preferences.profile_changed.disconnect(judging.judge_all)
    opening.closed.disconnect(judging.forget)
    deletions.begun.disconnect(footage.forget_link)
    uploads.heard.disconnect(footage.use_link)
    clip_links.heard.disconnect(judging.judge_clips)
    shot_changed.disconnect(judging.judge)
    judging.stop()
    thumbnails.free()
    saving.unregister()
    properties.unregister()
