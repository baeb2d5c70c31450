"""Own footage in a shot: the video that was rendered from strips, its link, and since when it has that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.media import VideoFacts
from ...core.request import Video
from ..connection import clip_links, uploads
from ..host.ownership import own_scenes, require_own
from .properties import shot_of

if TYPE_CHECKING:
    from ...work.uploads import Upload


def file_of(shot: Any) -> str:
    """The footage of a shot (``shot`` is a ``KLING_PG_shot``), absolute; ``""`` for none."""
    return str(bpy.path.abspath(shot.footage)) if shot.footage else ""


def has_link(shot: Any) -> bool:
    """Whether the video of a shot is its footage, by the link that this was given."""
    return bool(shot.footage_link) and shot.video.strip() == shot.footage_link


def put_footage(scene: bpy.types.Scene, path: Path, origin: str) -> None:
    """Make a rendered video the footage of a scene's shot; it has no link yet, and what was the video is no more.

    Raises :class:`KlingError` for a linked scene.
    """
    require_own(scene)
    shot = shot_of(scene)
    shot.video_of = shot.video_origin = shot.footage_link = ""
    uploads.know(str(path), facts_of_file(str(path)))
    shot.footage, shot.footage_origin, shot.footage_at = str(path), origin, 0
    shot.video = ""


def drop_footage(scene: bpy.types.Scene) -> None:
    """Have no footage any more; a link that somebody pasted stays."""
    require_own(scene)
    shot = shot_of(scene)
    if has_link(shot):
        shot.video = ""
    shot.footage = shot.footage_origin = shot.footage_link = ""
    shot.footage_at = 0


def use_link(upload: Upload) -> None:
    """A file got its link: it is the video of every shot whose footage it is."""
    for scene in own_scenes():
        shot = shot_of(scene)
        if file_of(shot) == upload.file:
            shot.footage_link, shot.footage_at = upload.link, int(upload.at)
            shot.video = upload.link


def forget_link(upload: Upload) -> None:
    """The file behind a link was deleted: shots that are made from it need another."""
    for scene in own_scenes():
        shot = shot_of(scene)
        if shot.footage_link == upload.link:
            shot.footage_at = 0


def facts_of_file(path: str) -> VideoFacts:
    """What a video is, as its own file tells. Unknown where it cannot be read."""
    from ...rehearsal.video_facts import video_facts  # jsonschema

    try:
        return video_facts(Path(path))
    except OSError:
        return VideoFacts()


def known_videos(shot: Any, video: Video | None) -> dict[str, VideoFacts]:
    """What is known of the video of a shot's request, by its link. Reads the header of the footage."""
    facts = facts_of_file(file_of(shot)) if shot.footage else VideoFacts()
    uploads.know(file_of(shot), facts)
    if video is None or not video.url:
        return {}
    if video.clip:
        return {video.url: clip_links.video_facts_of(video.clip)}
    uploads.know(video.url, facts if has_link(shot) else VideoFacts())
    return {video.url: facts} if has_link(shot) else {}
