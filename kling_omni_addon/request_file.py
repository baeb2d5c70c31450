"""Read a request file: the service's own create body as JSON, in which a picture may also be a local path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .core.capability import Profile
from .core.errors import ArgumentsInvalid
from .core.media import PictureRef
from .core.payload import Body, request_from_body
from .core.problem import Problem
from .core.request import OmniRequest
from .core.rules import table
from .judging import missing_picture
from .paths import expanded, is_there
from .work.picture_store import PictureStore

_FILE_LIMIT_BYTES = 200_000_000
_PATH_LENGTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFile:
    """A request file as read: the body with its pictures in the store, and every problem in it."""

    body: Body
    problems: tuple[Problem, ...]

    @property
    def request(self) -> OmniRequest:
        """The body as a request; only for a file without faults."""
        return request_from_body(self.body)

    @property
    def pictures(self) -> Mapping[str, PictureRef]:
        """The stored pictures by the ``source`` that :attr:`request` gives them."""
        refs = (image["image_url"] for image in self.body.get("image_list") or ())
        return {ref.sha256: ref for ref in refs if isinstance(ref, PictureRef)}


def read_request_file(path: Path, store: PictureStore, profile: Profile) -> RequestFile:
    """Read and judge a file as the service would judge the body. Raises :class:`ArgumentsInvalid` when it is no JSON
    object.
    """
    body = _read_json(path)
    missing: list[Problem] = []
    body = _with_stored_pictures(body, path.parent, store, missing)
    unreadable = {problem.path for problem in missing}
    judged = [problem for problem in table.problems_in(body, profile=profile) if problem.path not in unreadable]
    return RequestFile(body=body, problems=(*missing, *judged))


def _read_json(path: Path) -> Body:
    try:
        if path.stat().st_size > _FILE_LIMIT_BYTES:
            raise ArgumentsInvalid(f"The request file {path} is larger than 200 MB.", field="request")
        body = json.loads(path.read_bytes())
    except OSError as error:
        raise ArgumentsInvalid(
            f"The request file {path} cannot be read: {error.strerror or error}.",
            field="request",
            remedy="Name a JSON file.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ArgumentsInvalid(
            f"The request file {path} is not JSON: {error}.", field="request", remedy="Mend the file."
        ) from error
    if not isinstance(body, dict):
        raise ArgumentsInvalid(
            f"The request file {path} does not hold a JSON object.",
            field="request",
            remedy="Write the create body as one object: {...}.",
        )
    return body


def _with_stored_pictures(body: Body, folder: Path, store: PictureStore, missing: list[Problem]) -> Body:
    images = body.get("image_list")
    if not isinstance(images, list):
        return body
    stored = [_stored(image, i, folder, store, missing) for i, image in enumerate(images)]
    return body | {"image_list": stored}


def _stored(image: Any, position: int, folder: Path, store: PictureStore, missing: list[Problem]) -> Any:
    source = image.get("image_url") if isinstance(image, dict) else None
    if not isinstance(source, str) or not source.strip() or source.startswith(("http://", "https://", "data:")):
        return image
    path = f"image_list[{position}].image_url"
    try:
        ref = picture_ref(source, folder, store, path)
    except ArgumentsInvalid as error:
        missing.append(missing_picture(error))
        return image
    return image if ref is None else image | {"image_url": ref}


def picture_ref(source: str, folder: Path, store: PictureStore, field: str) -> PictureRef | None:
    """Put a local path or raw Base64 into the store; None for Base64 that cannot be decoded.

    A text is a path unless it is long or decodes to a picture, for ``/9j/4AAQ`` begins a JPEG and might begin a path.
    Raises :class:`ArgumentsInvalid` for a path that cannot be read.
    """
    if len(source) > _PATH_LENGTH:
        return store.keep_base64(source)
    file = folder / expanded(source, field)
    if not is_there(file):
        ref = store.keep_base64(source)
        if ref is not None and ref.facts.format:
            return ref
    return store.keep_file(file, field)
