"""Where a clip comes from, as JSON data that travels with it: on the strip, in a file beside the clip, in exports.

No secret and no link is ever in it: not the key, not the clip's address, not the address of a video that somebody
gave, and no picture bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Final

from .lifecycle import Submission
from .request import Element, OmniRequest, Picture, Role, Shot, Storyboard, Video, VideoUse

FORMAT: Final = 1
_PATH_LENGTH: Final = 1024  # a longer source is Base64, not a path
_ELSEWHERE: Final = ("http://", "https://", "data:")


def wish_of(request: OmniRequest) -> dict[str, Any]:
    """A request as JSON data. Links and picture bytes are left out, so what they stood for is ``""``."""
    pictures = tuple(replace(picture, source=_path(picture.source)) for picture in request.pictures)
    video = None if request.video is None else replace(request.video, url="")
    return asdict(replace(request, pictures=pictures, video=video, callback_url="", external_task_id=""))


def _path(source: str) -> str:
    is_path = len(source) <= _PATH_LENGTH and not source.startswith(_ELSEWHERE)
    return source if is_path else ""


def request_from(wish: Mapping[str, Any]) -> OmniRequest:
    """The request that :func:`wish_of` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    plain = dict(wish)
    video = plain.pop("video")
    return OmniRequest(
        pictures=tuple(Picture(**p | {"role": Role(p["role"])}) for p in plain.pop("pictures")),
        elements=tuple(Element(**element) for element in plain.pop("elements")),
        video=None if video is None else Video(**video | {"use": VideoUse(video["use"])}),
        storyboard=Storyboard(plain.pop("storyboard")),
        shots=tuple(Shot(**shot) for shot in plain.pop("shots")),
        **plain,
    )


def provenance_of(submission: Submission) -> dict[str, Any]:
    """What a clip should carry. Times are ISO 8601 in UTC; ``wish`` is ``{}`` where what was asked for is unknown."""
    wish = submission.wish
    return {
        "format": FORMAT,
        "submission": submission.id,
        "task": submission.task_id,
        "shot": submission.target.shot,
        "name": submission.target.name,
        "model": submission.payload.model,
        "prompt": told_prompt(wish),
        "charge_units": submission.charge_units,
        "submitted": _iso(submission.created_at),
        "clip": PurePath(submission.clip).name,
        "clip_sha256": submission.clip_sha256,
        "wish": dict(wish),
    }


def told_prompt(wish: Mapping[str, Any]) -> str:
    """The prompt of a wish; of a storyboard the prompts of its shots, one a line."""
    return wish.get("prompt") or "\n".join(shot["prompt"] for shot in wish.get("shots", ()))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
