"""Videos that are lent to the rehearsal, which serves them in the place of a public host until it ends.

Kling takes a video by its link only; so that own footage can be rehearsed, this server is the host, too.
"""

from __future__ import annotations

import threading
import uuid

from .received import ReceivedMedia
from .studio import clip_of
from .tasks import Clip


class LentVideos:
    """The videos by the names in their links. Safe to use from several threads."""

    def __init__(self, media: ReceivedMedia) -> None:
        self._media = media
        self._clips: dict[str, Clip] = {}
        self._lock = threading.Lock()

    def keep(self, video: bytes | bytearray) -> str:
        """Keep a video; its name. Raises ``ValueError`` for no bytes, ``OSError`` for a disk that takes none."""
        clip, name = clip_of(self._media.lent(video), 0.0), f"lent-{uuid.uuid4().hex}"
        with self._lock:
            self._clips[name] = clip
        return name

    def clip(self, name: str) -> Clip | None:
        """The video of that name."""
        with self._lock:
            return self._clips.get(name)
