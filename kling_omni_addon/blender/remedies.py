"""What the panel itself finds missing in a shot, and how the remedy of a problem is put into the panel's fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import bpy

from ..core.naming import Numbering, mention, unknown_names
from ..core.payload import ordered_pictures
from ..core.problem import Problem, Remedy
from ..core.request import OmniRequest, Role, Video
from . import clip_links
from .prompt_text import prompt_of, set_prompt
from .properties import KLING_PG_shot, shot_of
from .read_panel import has_chosen_kind, prompt_holder, read_request, used_references

PANEL_RULE: Final = "PANEL"
"""The rule id of what only the panel can know: the service sees no kinds of shot and no names."""
FIRST_PATH: Final = "first_frame"
END_PATH: Final = "end_frame"
_KIND_PATH: Final = "kind"
_CLIP_PATH: Final = "video_of"
_ITEMS: Final = re.compile(r"(image_list|element_list)\[(\d+)(?::(\d+))?\]")
_BOARD: Final = re.compile(r"multi_prompt\[(\d+)\]\.duration")


def missing(scene: bpy.types.Scene, request: OmniRequest) -> Iterator[Problem]:
    """What a kind of shot that somebody chose still lacks."""
    shot = shot_of(scene)
    if request.video is not None and request.video.clip:
        yield from _missing_link(shot, request.video)
    if not has_chosen_kind(shot):
        return
    if shot.kind in ("FIRST", "FRAMES") and request.picture(Role.FIRST) is None:
        yield _lack("There is no first frame yet. Capture one, or choose a picture.", FIRST_PATH)
    if shot.kind == "FRAMES" and request.picture(Role.END) is None:
        only_first = Remedy(path=_KIND_PATH, value="FIRST", label="Use the First Frame Only")
        yield _lack("There is no end frame yet. Capture one, or choose a picture.", END_PATH, only_first)
    if shot.kind == "REFERENCES" and not request.elements and request.picture(Role.REFERENCE) is None:
        yield _lack("There is no reference yet. Add a picture or an element.", "image_list")


def _missing_link(shot: KLING_PG_shot, video: Video) -> Iterator[Problem]:
    """What to say while the link of a clip of ours is not at hand."""
    if video.url:
        return
    name = shot.video_origin or "the clip"
    again = Remedy(path=_CLIP_PATH, value=video.clip, label="Ask for Link")
    if clip_links.is_asking(video.clip):
        yield _lack(f"Kling is being asked for the link of {name}…", _CLIP_PATH)
    elif trouble := clip_links.trouble_of(video.clip):
        yield _lack(trouble, _CLIP_PATH, again)
    else:
        yield _lack(f"Kling has to be asked for the link of {name}; that is free.", _CLIP_PATH, again)


def is_told_better(problem: Problem, request: OmniRequest) -> bool:
    """Whether :func:`missing` says the same in words that fit: a clip of ours has no link to paste."""
    is_ours = request.video is not None and bool(request.video.clip)
    return is_ours and problem.rule == "R51"


def _lack(message: str, path: str, remedy: Remedy | None = None) -> Problem:
    return Problem(rule=PANEL_RULE, path=path, message=message, kind="error", remedy=remedy)


def role_to_capture(problem: Problem) -> str:
    """The role of the picture that would mend the problem; ``""`` when none would."""
    if problem.rule == "R32":  # an end frame without a first
        return "FIRST"
    return {FIRST_PATH: "FIRST", END_PATH: "END"}.get(problem.path, "") if problem.rule == PANEL_RULE else ""


def unknown_mentions(request: OmniRequest) -> Iterator[Problem]:
    """Names in the prompts that nothing here is called by."""
    names = Numbering.of(ordered_pictures(request), request.elements, request.video)
    text = "\n".join((request.prompt, *(shot.prompt for shot in request.shots)))
    for name in unknown_names(text, names):
        message = f"The prompt mentions {name}, which this shot does not have."
        yield Problem(rule=PANEL_RULE, path="prompt", message=message, kind="warning")


def spoken(problem: Problem, request: OmniRequest) -> Problem:
    """The same problem in names instead of numbers, where the artist gave names; with a way to mention them."""
    items = _ITEMS.fullmatch(problem.path)
    if problem.rule == "R56" and request.video is not None and request.video.clip:
        fact, _, _ = problem.message.rpartition(". ")  # what remains is how to mend a file, which a clip of ours is not
        return replace(problem, message=f"{fact}. Use Next Shot From Last Frame instead.")
    if problem.rule != "W08" or items is None:
        return problem
    is_image, position = items[1] == "image_list", int(items[2])
    item = ordered_pictures(request)[position] if is_image else request.elements[position]
    if not item.name:
        return problem
    name = mention("image" if is_image else "element", item.name)
    remedy = Remedy(path="prompt", value=name, label=f"Mention {name}")
    return replace(problem, message=f"The prompt never mentions {name}; Kling may ignore it.", remedy=remedy)


def mention_in_prompt(shot: KLING_PG_shot, name: str) -> None:
    """Write a name at the end of the prompt: of the chosen shot where a storyboard is cut shot by shot."""
    holder = prompt_holder(shot)
    set_prompt(holder, f"{prompt_of(holder).rstrip()} {name}".lstrip())


def can_apply(remedy: Remedy | None) -> bool:
    """Whether a remedy is a change of fields that the panel has."""
    if remedy is None:
        return False
    is_item = _ITEMS.fullmatch(remedy.path) or remedy.path == "element_list"
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
    elif items := _ITEMS.fullmatch(remedy.path):
        start = int(items[2])
        _remove(scene, items[1], range(start, int(items[3] or start + 1)))


def _set(name: str) -> Callable[[KLING_PG_shot, Any], None]:
    return lambda shot, value: setattr(shot, name, value)


def _set_duration(shot: KLING_PG_shot, value: Any) -> None:
    shot.duration_s = int(value)


def _set_sound(shot: KLING_PG_shot, value: Any) -> None:
    shot.sound = value == "on"


def _ask_for_link(_shot: KLING_PG_shot, clip: Any) -> None:
    clip_links.ask(str(clip))


_FIELDS: Final[Mapping[str, Callable[[KLING_PG_shot, Any], None]]] = {
    _CLIP_PATH: _ask_for_link,
    _KIND_PATH: _set("kind"),
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
    pictures, references = ordered_pictures(read_request(scene)), used_references(shot)
    for position in reversed(positions):
        role = pictures[position].role
        if role is Role.REFERENCE:
            shot.references.remove(references[position])
        else:
            setattr(shot, "first_frame" if role is Role.FIRST else "end_frame", "")
