"""Videos that are lent to the rehearsal, which serves them in the place of a public host until it ends.

Kling takes a video by its link only; so that own footage can be rehearsed, this server is the host, too.
"""

from __future__ import annotations

import threading
import uuid

from ..core.protocol import LEND_PATH
from .received import ReceivedMedia
from .studio import clip_of
from .tasks import Clip


class LentVideos:
    """The videos by the paths of their links, which nobody can guess. Safe to use from several threads."""

    def __init__(self, media: ReceivedMedia) -> None:
        self._media = media
        self._clips: dict[str, Clip] = {}
        self._lock = threading.Lock()

    def keep(self, video: bytes | bytearray) -> str:
        """Keep a video; the path at which it is served. Raises ``ValueError`` for no bytes, and ``OSError``."""
        clip, path = clip_of(self._media.lent(video), 0.0), f"{LEND_PATH}/{uuid.uuid4().hex}.mp4"
        with self._lock:
            self._clips[path] = clip
        return path

    def clip(self, path: str) -> Clip | None:
        """The video that is served at a path; None for another path."""
        with self._lock:
            return self._clips.get(path)
