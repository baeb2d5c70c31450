"""Read a request file: the service's own create body as JSON, in which a picture may also be a local path.

Whoever wrote the file may not be who runs it: pictures are judged before anything of them is copied, and which files
lie outside the request's own folder can be told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from .core.capability import Profile
from .core.errors import ArgumentsInvalid
from .core.media import SENT_FORMATS, PictureRef
from .core.payload import request_from_body
from .core.pieces import Body
from .core.problem import Problem
from .core.request import OmniRequest
from .core.rules import table
from .judging import missing_picture
from .work.picture_store import PictureJudge, PictureStore

STDIN = Path("-")
"""A request file that comes from standard input."""
_FILE_LIMIT_BYTES = 200_000_000
_PATH_LENGTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFile:
    """A request file as read: the body with its pictures in the store if nothing is wrong, and every problem in it.
    ``files`` are the local files that it sends, by their position in the image list, ``outside`` those of them that lie
    outside its own folder.
    """

    body: Body
    problems: tuple[Problem, ...]
    files: Mapping[int, Path] = field(default_factory=dict)
    outside: tuple[Path, ...] = ()

    @property
    def request(self) -> OmniRequest:
        """The body as a request; only for a file without faults. A picture that was a file has its path as source."""
        images = self.body.get("image_list")
        if not images or not self.files:
            return request_from_body(self.body)
        named = [
            image | {"image_url": str(self.files[position])} if position in self.files else image
            for position, image in enumerate(images)
        ]
        return request_from_body(self.body | {"image_list": named})

    @property
    def pictures(self) -> Mapping[str, PictureRef]:
        """The stored pictures by the ``source`` that :attr:`request` gives them."""
        found = enumerate(image["image_url"] for image in self.body.get("image_list") or ())
        refs = {position: ref for position, ref in found if isinstance(ref, PictureRef)}
        return {str(self.files.get(position, ref.sha256)): ref for position, ref in refs.items()}

    @property
    def unsendable(self) -> tuple[Problem, ...]:
        """The problems for which nothing is sent."""
        return tuple(problem for problem in self.problems if problem.keeps_from_sending)

    @property
    def leaves(self) -> tuple[str, ...]:
        """What a person should know of before it is sent, as sentences: files from elsewhere, and who is called."""
        callback = self.body.get("callback_url")
        calls = (f"Kling sends status reports to {callback}.",) if isinstance(callback, str) and callback else ()
        return (*(f'The request sends "{file}", which is outside its folder.' for file in self.outside), *calls)


def read_request_file(path: Path, store: PictureStore, profile: Profile) -> RequestFile:
    """Read and judge a file as the service would judge the body, and put its pictures into ``store`` if it may be sent.
    :data:`STDIN` is what comes in there; its pictures are relative to the current folder.

    Raises :class:`ArgumentsInvalid` when it is no JSON object, or a picture changes meanwhile.
    """
    return read_body(_read_json(path), path.parent, store, profile)


def read_body(written: Body, folder: Path | None, store: PictureStore, profile: Profile) -> RequestFile:
    """The same for a body that was read already. Without a ``folder`` no picture is a path: whoever wrote it must not
    choose files of this machine. Raises :class:`ArgumentsInvalid` when a picture changes meanwhile.
    """
    looked_at = _Pictures(folder, PictureJudge())
    body = looked_at.put_into(written)
    unreadable = {problem.path for problem in looked_at.missing}
    judged = [problem for problem in table.problems_in(body, profile=profile) if problem.path not in unreadable]
    problems = (*looked_at.missing, *judged)
    if not any(problem.is_fault for problem in problems) and _Pictures(folder, store).put_into(written) != body:
        raise ArgumentsInvalid("An image changed while it was read.", field="image_list", remedy="Try again.")
    files = {position: file.absolute() for position, file in looked_at.files.items()}
    outside = _outside(tuple(looked_at.files.values()), folder)
    return RequestFile(body=body, problems=problems, files=files, outside=outside)


def _outside(files: Sequence[Path], folder: Path | None) -> tuple[Path, ...]:
    """The files that lie elsewhere, links followed, each once."""
    if folder is None:
        return ()
    real = {file: file.resolve() for file in files}
    return tuple(file for file, found in real.items() if not found.is_relative_to(folder.resolve()))


def _read_json(path: Path) -> Body:
    name = "standard input" if path == STDIN else f'request file "{path}"'
    try:
        with _opened(path) as file:
            text = file.read(_FILE_LIMIT_BYTES + 1)
        if len(text) > _FILE_LIMIT_BYTES:
            raise ArgumentsInvalid(f"The {name} is larger than 200 MB.", field="request")
        body = json.loads(text)
    except OSError as error:
        raise ArgumentsInvalid(
            f"The {name} cannot be read: {error.strerror or error}.",
            field="request",
            remedy="Give the path of a JSON file.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ArgumentsInvalid(
            f"The {name} is not JSON: {error}.", field="request", remedy="Fix the JSON and try again."
        ) from error
    if not isinstance(body, dict):
        raise ArgumentsInvalid(
            f"The {name} does not contain a JSON object.",
            field="request",
            remedy="Write the create body as one object: {...}.",
        )
    return body


def _opened(path: Path) -> AbstractContextManager[BinaryIO]:
    if path != STDIN:
        return path.open("rb")
    if sys.stdin is None:
        raise OSError(0, "It is closed")
    return nullcontext(sys.stdin.buffer)


class _Pictures:
    """The pictures of one body on their way through a store. ``missing`` is what cannot be read, ``files`` what was, by
    position.
    """

    def __init__(self, folder: Path | None, store: PictureStore) -> None:
        self._folder = folder
        self._store = store
        self.missing: list[Problem] = []
        self.files: dict[int, Path] = {}

    def put_into(self, body: Body) -> Body:
        """The body with what the store says of each local picture in the place of its path or Base64."""
        images = body.get("image_list")
        if not isinstance(images, list):
            return body
        return body | {"image_list": [self._stored(image, i) for i, image in enumerate(images)]}

    def _stored(self, image: Any, position: int) -> Any:
        source = image.get("image_url") if isinstance(image, dict) else None
        if not isinstance(source, str) or not source.strip() or source.startswith(("http://", "https://", "data:")):
            return image
        try:
            ref = self._picture_ref(source, position)
        except ArgumentsInvalid as error:
            self.missing.append(missing_picture(error))
            return image
        return image if ref is None else image | {"image_url": ref}

    def _picture_ref(self, source: str, position: int) -> PictureRef | None:
        """A local path or raw Base64, put into the store; None for Base64 that cannot be decoded.

        A text is a path unless it is long or decodes to a picture, for ``/9j/4AAQ`` begins a JPEG and might begin a
        path. Raises :class:`ArgumentsInvalid` for a path that cannot be read.
        """
        if self._folder is None or len(source) > _PATH_LENGTH:
            return self._store.keep_base64(source)
        file = _file_of(source, self._folder)
        if file is None:
            ref = self._store.keep_base64(source)
            if ref is not None and ref.facts.format in SENT_FORMATS:
                return ref
        ref = self._store.keep_file(file or self._folder / source, f"image_list[{position}].image_url")
        self.files[position] = file or self._folder / source
        return ref


def _file_of(source: str, folder: Path) -> Path | None:
    """The file that a path names; None where there is none, or where the text cannot be a path."""
    try:
        file = folder / Path(source).expanduser()
        return file if file.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, nobody's ~name
        return None
