"""The request file of a clip, from what lies beside the clip: to generate it again, or something like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .core.errors import ArgumentsInvalid
from .core.file_body import file_body
from .core.naming import order_of
from .core.pieces import Body
from .core.provenance import request_from
from .core.request import OmniRequest
from .digest import has_digest
from .paths import is_there
from .work.picture_store import PictureStore
from .work.sidecar import provenance_in


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRequest:
    """A request as a request file has it. ``missing`` is what has to be written into it before it can be submitted,
    ``changed`` what is not as it was; a sentence each.
    """

    body: Body
    missing: tuple[str, ...]
    changed: tuple[str, ...]


def request_of_clip(sidecar: Path, store: PictureStore) -> ClipRequest:
    """What a clip was made with. Its images are the files where they are unchanged, else the copies in ``store``.

    Raises :class:`ArgumentsInvalid` for a file that does not say what was asked for.
    """
    wish = _read(sidecar).get("wish")
    try:
        request = request_from(wish if isinstance(wish, Mapping) else {})
        found = [_Found.of(picture, store) for picture in (wish or {})["pictures"]]
        body = file_body(request)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        sentence = f'The file "{sidecar}" does not say what was requested.'
        raise ArgumentsInvalid(sentence, field="source", remedy="Use the file of a newer clip.") from error
    return _written(request, body, found)


def _read(sidecar: Path) -> Mapping[str, Any]:
    remedy = "Give the .json file beside a clip."
    try:
        found = provenance_in(sidecar)
    except OSError as error:
        sentence = f'The file "{sidecar}" cannot be read: {error.strerror or error}.'
        raise ArgumentsInvalid(sentence, field="source", remedy=remedy) from error
    if found is None:
        raise ArgumentsInvalid(f'The file "{sidecar}" does not belong to a clip.', field="source", remedy=remedy)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A picture as it is found now, by the absolute path of its file; ``""`` for none."""

    path: str = ""
    missing: str = ""
    changed: str = ""

    @classmethod
    def of(cls, picture: Mapping[str, Any], store: PictureStore) -> _Found:
        source, sha256 = str(picture.get("source", "")), str(picture.get("sha256", ""))
        is_whole = bool(source) and is_there(Path(source)) and Path(source).is_file()
        if is_whole and (not sha256 or has_digest(Path(source), sha256)):
            return cls(path=source)
        kept = store.kept(sha256)
        if kept is not None:
            changed = f'"{source}" was changed or moved. The copy of the job history is used.' if source else ""
            return cls(path=str(kept.absolute()), changed=changed)
        if is_whole:
            return cls(path=source, changed=f'"{source}" has changed since the clip was generated.')
        if source:
            return cls(missing=f'The image "{source}" is missing.')
        return cls(missing="The image was a link, or part of the request file. Neither is stored.")


def _written(request: OmniRequest, body: Body, found: list[_Found]) -> ClipRequest:
    sent = [found[position] for position in order_of(request.pictures)]
    if sent:
        images = [image | {"image_url": one.path} for image, one in zip(body["image_list"], sent, strict=True)]
        body = body | {"image_list": images}
    missing = [f"image_list[{number}]: {one.missing}" for number, one in enumerate(sent) if one.missing]
    changed = [f"image_list[{number}]: {one.changed}" for number, one in enumerate(sent) if one.changed]
    if request.video is not None:
        body = body | {"video_list": [video | {"video_url": ""} for video in body["video_list"]]}
        clip = request.video.clip
        whose = f'The video is the clip of the job "{clip}".' if clip else "The video was a link."
        missing.append(f"video_list[0].video_url: {whose} Links are not stored.")
    return ClipRequest(body=body, missing=tuple(missing), changed=tuple(changed))
