"""What the panel itself finds missing in a shot, and how the remedy of a problem is put into the panel's fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import bpy

from ...core.naming import ordered_pictures
from ...core.problem import Problem, Remedy
from ...core.request import Role
from ..connection import clip_links
from .borrowed import KEEP_PATH, keep
from .judging import CLIP_PATH, END_PATH, FIRST_PATH, ITEMS, KIND_PATH, PANEL_RULE
from .prompt import prompt_of, set_prompt
from .properties import KLING_PG_shot, shot_of
from .reading import prompt_holder, read_request, used_middle_frames, used_references

_BOARD: Final = re.compile(r"multi_prompt\[(\d+)\]\.duration")


def role_to_capture(problem: Problem) -> str:
    """The role of the picture that would mend the problem; ``""`` when none would."""
    if problem.rule in ("R32", "N04"):  # another frame without a first
        return "FIRST"
    return {FIRST_PATH: "FIRST", END_PATH: "END"}.get(problem.path, "") if problem.rule == PANEL_RULE else ""


def mention_in_prompt(shot: KLING_PG_shot, name: str) -> None:
    """Write a name at the end of the prompt: of the chosen shot where a storyboard is cut shot by shot."""
    holder = prompt_holder(shot)
    set_prompt(holder, f"{prompt_of(holder).rstrip()} {name}".lstrip())


def can_apply(remedy: Remedy | None) -> bool:
    """Whether a remedy is a change of fields that the panel has."""
    if remedy is None:
        return False
    is_item = ITEMS.fullmatch(remedy.path) or remedy.path == "element_list"
    return remedy.path in _FIELDS or bool(_BOARD.fullmatch(remedy.path)) or (remedy.value is None and bool(is_item))


def apply_remedy(scene: bpy.types.Scene, remedy: Remedy) -> None:
    """Put a remedy that :func:`can_apply` into the scene's shot."""
    shot = shot_of(scene)
    if remedy.path in _FIELDS:
        _FIELDS[remedy.path](shot, remedy.value)
    elif board := _BOARD.fullmatch(remedy.path):
        shot.board[int(board[1])].duration_s = int(remedy.value)
    elif remedy.path == "element_list":
        shot.elements.clear()
    elif items := ITEMS.fullmatch(remedy.path):
        start = int(items[2])
        _remove(scene, items[1], range(start, int(items[3] or start + 1)))


def _set(name: str) -> Callable[[KLING_PG_shot, Any], None]:
    return lambda shot, value: setattr(shot, name, value)


def _set_duration(shot: KLING_PG_shot, value: Any) -> None:
    shot.duration_s = int(value)


def _set_sound(shot: KLING_PG_shot, value: Any) -> None:
    shot.sound = value == "on"


def _keep(shot: KLING_PG_shot, _value: Any) -> None:
    keep(shot)


def _ask_for_link(_shot: KLING_PG_shot, clip: Any) -> None:
    clip_links.ask(str(clip))


_FIELDS: Final[Mapping[str, Callable[[KLING_PG_shot, Any], None]]] = {
    CLIP_PATH: _ask_for_link,
    KEEP_PATH: _keep,
    KIND_PATH: _set("kind"),
    "prompt": mention_in_prompt,
    "duration": _set_duration,
    "sound": _set_sound,
    "mode": _set("mode"),
    "aspect_ratio": _set("aspect_ratio"),
    "model_name": _set("model"),
}


def _remove(scene: bpy.types.Scene, which: str, positions: range) -> None:
    shot = shot_of(scene)
    if which == "element_list":
        for position in reversed(positions):
            shot.elements.remove(position)
        return
    pictures = ordered_pictures(read_request(scene))
    listed = {
        Role.REFERENCE: (shot.references, used_references(shot)),
        Role.MIDDLE: (shot.middle_frames, used_middle_frames(shot)),
    }
    for position in reversed(positions):
        role = pictures[position].role
        if role in listed:
            items, used = listed[role]
            items.remove(used[position - next(at for at, one in enumerate(pictures) if one.role is role)])
        else:
            setattr(shot, "first_frame" if role is Role.FIRST else "end_frame", "")
