"""What makes one wish the same wish, whoever asks for it again: on another machine, with another journal, after new
renders.

The id that is sent to the service is made of it, so that the service itself refuses a second task of the same wish.
**Another id for the same wish would be paid for twice**: what goes into it must never change, and a test pins it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Final

from .media import PictureRef
from .payload import Payload, draft_body
from .pieces import Body
from .request import OmniRequest

MOST_ATTEMPTS: Final = 50
"""How many tasks of one wish are looked for."""
_DIGITS: Final = 16
_MOST_OF_KEY: Final = 32
_UNSAID: Final = ("callback_url", "external_task_id")


def once_id(prefix: str, key: str, request: OmniRequest, attempt: int) -> str:
    """The external task id of an attempt, from 1, at the wish ``key``: short enough for the service, and readable."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", key).strip("-")[:_MOST_OF_KEY]
    digest = hashlib.sha256(f"{key}\0{_told(request)}".encode()).hexdigest()[:_DIGITS]
    again = f"-{attempt}" if attempt > 1 else ""
    return f"{prefix}{readable}-{digest}{again}"


def next_once_id(own_id: str) -> str:
    """The id of the attempt after that of an id of :func:`once_id`."""
    first, _, attempt = own_id.rpartition("-")
    is_first = len(attempt) == _DIGITS  # hexadecimal; numbers of attempts are shorter
    return f"{own_id}-2" if is_first else f"{first}-{int(attempt) + 1}"


def name_of_wish(request: OmniRequest) -> str:
    """What tells one wish from another, as a short text: equal for two that :func:`is_same_wish` takes for the same."""
    return hashlib.sha256(_told(request).encode()).hexdigest()


def is_same_wish(one: OmniRequest, other: OmniRequest) -> bool:
    """Whether two requests ask for the same, whatever their pictures look like."""
    return _told(one) == _told(other)


def _told(request: OmniRequest) -> str:
    """All that is asked for, in the service's words, without the bytes and places of pictures: two renders of one frame
    differ by noise, and two machines keep them elsewhere. A clip of ours is named by its submission, another video by
    its address without what may be a signature.
    """
    pictures = tuple(replace(picture, source="") for picture in request.pictures)
    video = request.video
    if video is not None:
        video = replace(video, url=video.clip or video.url.partition("?")[0])
    body: Body = draft_body(replace(request, pictures=pictures, video=video), {})
    return json.dumps({name: value for name, value in body.items() if name not in _UNSAID}, sort_keys=True)


def likeness(payload: Payload) -> str:
    """The bytes of a payload without its own id and without its pictures: equal for the same request sent again."""
    pieces = ("\0" if isinstance(piece, PictureRef) else str(piece) for piece in payload.pieces)
    return f"{payload.path}\0{''.join(pieces)}".replace(payload.external_task_id, "")
