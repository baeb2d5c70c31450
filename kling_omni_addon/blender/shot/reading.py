"""From what the artist set in a scene to a request: what the chosen kind of shot uses, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import bpy

from ...core.request import Element, OmniRequest, Picture, Role, Storyboard, StoryboardShot, Video, VideoUse
from ..connection import clip_links, limits
from ..connection.preferences import clip_folder
from ..host.identity import this_file
from .kinds import ShotKind, has_own_prompts, kind_of_shot
from .prompt import prompt_of

if TYPE_CHECKING:
    from ...core.life.events import Target
    from .properties import KLING_PG_shot


class Wish(NamedTuple):
    """What one press of Generate asks for, read once: what is to be made, and where its clip goes."""

    request: OmniRequest
    target: Target


def read_wish(scene: bpy.types.Scene) -> Wish:
    """What would be submitted now."""
    return Wish(request=read_request(scene), target=read_target(scene))


def read_request(scene: bpy.types.Scene) -> OmniRequest:
    """The request that the scene's shot describes."""
    shot: KLING_PG_shot = scene.kling  # type: ignore[attr-defined] # hung on every scene by properties.register()
    uses, video = kind_of_shot(shot), _video(shot)
    storyboard = Storyboard[shot.cutter] if uses.has_board else Storyboard.NONE
    pictures = tuple(_pictures(shot, uses))
    has_first = any(picture.role is Role.FIRST for picture in pictures)
    return OmniRequest(
        prompt="" if storyboard is Storyboard.CUSTOM else sent_prompt(shot),
        pictures=pictures,
        elements=tuple(_elements(shot)) if uses.has_references else (),
        video=video,
        storyboard=storyboard,
        shots=tuple(_shots(shot)) if storyboard is Storyboard.CUSTOM else (),
        model=shot.model,
        mode=shot.mode,
        aspect_ratio="" if has_first or uses.video is VideoUse.EDIT else shot.aspect_ratio,
        duration_s=shot.duration_s,
        sound=limits.model_of(shot.model).is_never_silent or (shot.sound and video is None),
        watermark=shot.watermark,
    )


def sent_prompt(shot: KLING_PG_shot) -> str:
    """The prompt with what a next or a previous shot has to say of its video."""
    opening = kind_of_shot(shot).opening
    prompt = prompt_of(shot)
    is_said = not opening or not prompt.strip() or "@video" in prompt.lower()
    return prompt if is_said else opening + prompt


def prompt_holder(shot: KLING_PG_shot) -> Any:
    """What the prompt is a part of: the chosen shot of a storyboard cut by the artist, else the whole shot."""
    if has_own_prompts(shot) and 0 <= shot.board_index < len(shot.board):
        return shot.board[shot.board_index]
    return shot


def most_characters(shot: KLING_PG_shot) -> int:
    """How long that prompt may be."""
    profile = limits.of_model(shot.model)
    return profile.shot_characters if has_own_prompts(shot) else profile.prompt_characters


def used_references(shot: KLING_PG_shot) -> list[int]:
    """The positions of the references that have a picture, in the order in which they are sent."""
    return [position for position, reference in enumerate(shot.references) if reference.path]


def used_middle_frames(shot: KLING_PG_shot) -> list[int]:
    """The positions of the middle frames that have a picture, in the order in which they are sent."""
    return [position for position, frame in enumerate(shot.middle_frames) if frame.path]


def _pictures(shot: KLING_PG_shot, uses: ShotKind) -> Iterator[Picture]:
    middle = [shot.middle_frames[position].path for position in used_middle_frames(shot)]
    paths = {Role.FIRST: [shot.first_frame], Role.MIDDLE: middle, Role.END: [shot.end_frame]}
    for role in uses.frames:
        yield from (Picture(source=bpy.path.abspath(path), role=role) for path in paths[role] if path)
    for position in used_references(shot) if uses.has_references else ():
        reference = shot.references[position]
        yield Picture(source=bpy.path.abspath(reference.path), name=reference.name)


def _elements(shot: KLING_PG_shot) -> Iterator[Element]:
    for element in shot.elements:
        digits = element.element_id.strip()
        yield Element(id=int(digits) if digits.isascii() and digits.isdigit() else 0, name=element.name)


def _video(shot: KLING_PG_shot) -> Video | None:
    use = kind_of_shot(shot).video
    if use is None:
        return None
    url = clip_links.link_of(shot.video_of) if shot.video_of else shot.video.strip()
    return Video(url=url, use=use, keep_sound=shot.keeps_sound, clip=shot.video_of)


def _shots(shot: KLING_PG_shot) -> Iterator[StoryboardShot]:
    return (StoryboardShot(prompt=part.prompt, duration_s=part.duration_s) for part in shot.board)


def read_target(scene: bpy.types.Scene) -> Target:
    """Where the clip belongs: this scene from its current frame on, in ``//kling/`` beside a saved file."""
    from ...core.life.events import Target  # each event of a submission's life is a class

    on_timeline: bool = scene.kling.places_clip  # type: ignore[attr-defined] # as above
    return Target(
        blend=this_file() if on_timeline else "",
        scene=scene.name if on_timeline else "",
        frame_start=scene.frame_current,
        folder=clip_folder() or str(media_folder("clips") or ""),
        name=clip_name_of(scene),
        timing=scene.kling.timing.lower(),  # type: ignore[attr-defined] # as above
        fit_frames=fit_frames_of(scene),
        has_stand_in=on_timeline and not scene.kling.take_of,  # type: ignore[attr-defined] # as above
        shot=scene.kling.take_of,  # type: ignore[attr-defined] # as above
    )


def clip_name_of(scene: bpy.types.Scene) -> str:
    """What the next clip and its strip are called."""
    shot: KLING_PG_shot = scene.kling  # type: ignore[attr-defined] # as above
    return shot.shot_name.strip() or scene.name


def fit_frames_of(scene: bpy.types.Scene) -> int:
    """How many frames the next clip is stretched to, where it is meant to fill a place; 0 for its own length.

    Only there: with the playhead somewhere else the clip is like any other.
    """
    shot: KLING_PG_shot = scene.kling  # type: ignore[attr-defined] # as above
    is_there = shot.places_clip and scene.frame_current == shot.fit_start
    return shot.fit_frames if is_there else 0


def media_folder(kind: str) -> Path | None:
    """``//kling/<kind>`` of a saved file; None while it is unsaved."""
    return Path(bpy.path.abspath("//")) / "kling" / kind if bpy.data.filepath else None
