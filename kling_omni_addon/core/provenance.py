"""Where a clip comes from, as JSON data that travels with it: on the strip, in a file beside the clip, in exports.

No secret and no link is ever in it: not the key, not the clip's address, not the address of a video that somebody
gave, and no picture bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .media import PictureRef
from .request import Element, OmniRequest, Picture, Role, Storyboard, StoryboardShot, Video, VideoUse

if TYPE_CHECKING:
    from .life.lifecycle import Submission

FORMAT: Final = 1
_PATH_LENGTH: Final = 1024  # a longer source is Base64, not a path
_ELSEWHERE: Final = ("http://", "https://", "data:")


def wish_of(request: OmniRequest, kept: Mapping[str, PictureRef] = MappingProxyType({})) -> dict[str, Any]:
    """A request as JSON data. Links and picture bytes are left out, so what they stood for is ``""``.

    ``kept`` gives the pictures that are in the picture store by their source; these get their ``sha256``, by which they
    can be found again when the file is gone.
    """
    video = None if request.video is None else replace(request.video, url="")
    wish = asdict(replace(request, video=video, callback_url="", external_task_id=""))
    return wish | {"pictures": [_picture(picture, kept.get(picture.source)) for picture in request.pictures]}


def _picture(picture: Picture, kept: PictureRef | None) -> dict[str, Any]:
    """A picture as JSON data; the source of one that came without a file (a request file's) is ``""``."""
    source = "" if kept is not None and picture.source == kept.sha256 else _path(picture.source)
    sha256 = {} if kept is None else {"sha256": kept.sha256}
    return {"source": source, "role": picture.role.value, "name": picture.name} | sha256


def _path(source: str) -> str:
    is_path = len(source) <= _PATH_LENGTH and not source.lstrip().lower().startswith(_ELSEWHERE)
    return source if is_path else ""


def request_from(wish: Mapping[str, Any]) -> OmniRequest:
    """The request that :func:`wish_of` wrote; what a newer version wrote besides is passed over.

    Raises KeyError, TypeError, AttributeError or ValueError for anything else.
    """
    plain = _known(OmniRequest, wish)
    video = plain.pop("video")
    return OmniRequest(
        pictures=tuple(Picture(**_known(Picture, p) | {"role": Role(p["role"])}) for p in plain.pop("pictures")),
        elements=tuple(Element(**_known(Element, element)) for element in plain.pop("elements")),
        video=None if video is None else Video(**_known(Video, video) | {"use": VideoUse(video["use"])}),
        storyboard=Storyboard(plain.pop("storyboard")),
        shots=tuple(StoryboardShot(**_known(StoryboardShot, shot)) for shot in plain.pop("shots")),
        **plain,
    )


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def provenance_of(submission: Submission) -> dict[str, Any]:
    """What a clip should carry. Times are ISO 8601 in UTC; ``wish`` is ``{}`` where what was asked for is unknown."""
    wish = submission.wish
    return {
        "format": FORMAT,
        "submission": submission.id,
        "task": submission.task_id,
        "shot": shot_id_of(submission),
        "name": submission.target.name,
        "once": submission.once,
        "model": submission.payload.model,
        "prompt": told_prompt(wish),
        "charge_units": submission.charge_units,
        "charge_balance": submission.charge_balance,
        "charge_currency": submission.charge_currency,
        "timing": submission.target.timing,
        "submitted": _iso(submission.created_at),
        "clip": PurePath(submission.clip).name,
        "clip_sha256": submission.clip_sha256,
        "marked": PurePath(submission.marked).name,
        "marked_sha256": submission.marked_sha256,
        "wish": dict(wish),
    }


def shot_id_of(submission: Submission) -> str:
    """The id that all takes of a shot share: that of the first of them."""
    return submission.target.shot or submission.id


def told_prompt(wish: Mapping[str, Any]) -> str:
    """The prompt of a wish; of a storyboard the prompts of its shots, one a line."""
    return wish.get("prompt") or "\n".join(shot["prompt"] for shot in wish.get("shots", ()))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
