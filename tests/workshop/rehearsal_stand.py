"""A rehearsal server to try things on: a clock that is turned by hand, clips that are ready at once, and a client."""

from __future__ import annotations

import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import jwt
import requests

from kling_omni_addon.rehearsal.clip_maker import ClipMakingFailed, ClipSpec
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.remote import addresses

TASKS = "/v1/videos/omni-video"
PATIENCE_S = 20.0
T = TypeVar("T")


class HandClock:
    """Unix seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class ReadyClips:
    """In place of the clip maker: the same small MP4 for everyone, once ``gate`` is open."""

    def __init__(self, clip: Path) -> None:
        self.clip = clip
        self.gate = threading.Event()
        self.gate.set()
        self.specs: list[ClipSpec] = []
        self.failure = ""
        self.is_closed = False

    def make(self, spec: ClipSpec) -> Path:
        self.specs.append(spec)
        self.gate.wait(PATIENCE_S)
        if self.failure:
            raise ClipMakingFailed(self.failure)
        return self.clip

    def close(self) -> None:
        self.is_closed = True
        self.gate.set()


class Stand:
    """One server and a client with its API key, both up inside ``with``."""

    def __init__(self, settings: RehearsalSettings) -> None:
        self.settings = settings
        self.clock = HandClock()
        settings.folder.mkdir(parents=True, exist_ok=True)
        clip = settings.folder / "clip.mp4"
        clip.write_bytes(mp4())
        self.clips = ReadyClips(clip)
        self.server = RehearsalServer(settings, self.clips, clock=self.clock)
        self.client = requests.Session()
        self.client.trust_env = False
        self.client.headers["Authorization"] = f"Bearer {settings.api_key}"

    def __enter__(self) -> Stand:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self.client.close()

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        url = path if path.startswith("http") else self.server.url + path
        with unlogged():
            return self.client.request(method, url, timeout=PATIENCE_S, allow_redirects=False, **how)

    def get(self, path: str, **how: Any) -> requests.Response:
        return self.call("GET", path, **how)

    def create(self, **members: Any) -> requests.Response:
        return self.call("POST", TASKS, json=text_body(**members))

    def created(self, **members: Any) -> str:
        """The task id of a create that must succeed."""
        answer = self.create(**members)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["task_id"])

    def task(self, wanted: str) -> dict[str, Any]:
        """What a query says about a task that must be there."""
        answer = self.get(f"{TASKS}/{wanted}")
        assert answer.status_code == 200, answer.text
        task: dict[str, Any] = answer.json()["data"]
        return task

    def pass_time(self, seconds: float = 5.0) -> None:
        self.clock.now += seconds

    def ended(self, wanted: str) -> dict[str, Any]:
        """The task after its time, however long the thread that takes its clip needs."""
        self.pass_time()
        return until(lambda: self.task(wanted), lambda task: task["task_status"] in ("succeed", "failed"))

    def clip_link(self, **members: Any) -> str:
        """The link of a finished clip."""
        return str(self.ended(self.created(**members))["task_result"]["videos"][0]["url"])

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.get("/rehearsal/stats").json()
        return stats

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.server.url)
        return str(parts.hostname), int(parts.port or 0)


@contextmanager
def unlogged() -> Iterator[None]:
    """For a client that is none of the product: what urllib3 logs of its links is no leak (see conftest)."""
    is_opening = addresses._is_opening.set(True)
    try:
        yield
    finally:
        addresses._is_opening.reset(is_opening)


def until(ask: Callable[[], T], is_good: Callable[[T], bool]) -> T:
    """Ask again and again until the answer is good."""
    limit = time.monotonic() + PATIENCE_S
    while not is_good(answer := ask()):
        assert time.monotonic() < limit, answer
        time.sleep(0.01)
    return answer


def text_body(**members: Any) -> dict[str, Any]:
    """A create body that V3 takes; ``None`` leaves a member out."""
    body = {"model_name": "kling-v3-omni", "prompt": "A fox in the snow", "mode": "std", "aspect_ratio": "16:9"}
    return {name: value for name, value in (body | members).items() if value is not None}


def refusal(answer: requests.Response) -> tuple[int, int, str]:
    """HTTP status, code and message; a refusal has no data."""
    document = answer.json()
    assert "data" not in document
    assert document["request_id"]
    return answer.status_code, document["code"], document["message"]


def token(settings: RehearsalSettings, now: float, **changes: Any) -> str:
    """A signed token; ``secret`` and ``algorithm`` may be changed like the claims."""
    secret = changes.pop("secret", settings.secret_key)
    algorithm = changes.pop("algorithm", "HS256")
    claims = {"iss": settings.access_key, "exp": int(now) + 1800, "nbf": int(now) - 5} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, secret, algorithm=algorithm)


def png(width: int, height: int, *, size: int = 0) -> bytes:
    """A grey PNG; ``size`` pads it to at least so many bytes with a private chunk."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    padding = chunk(b"paDd", bytes(size)) if size else b""
    return start + chunk(b"IDAT", pixels) + padding + chunk(b"IEND", b"")


def mp4(*, seconds: float = 5.0, width: int = 1280, height: int = 720, fps: int = 24, brand: bytes = b"isom") -> bytes:
    """The boxes of a video with one track, and 300,000 bytes that stand for its pictures."""
    scale = fps * 1000
    frames = round(seconds * fps)

    def box(kind: bytes, *parts: bytes) -> bytes:
        content = b"".join(parts)
        return struct.pack(">I", 8 + len(content)) + kind + content

    track_header = bytes(76) + struct.pack(">II", width << 16, height << 16)
    media_header = struct.pack(">IIIIII", 0, 0, 0, scale, frames * 1000, 0)
    handler = bytes(8) + b"vide" + bytes(13)
    table = box(b"stbl", box(b"stts", struct.pack(">IIII", 0, 1, frames, 1000)))
    media = box(b"mdia", box(b"mdhd", media_header), box(b"hdlr", handler), box(b"minf", table))
    track = box(b"trak", box(b"tkhd", track_header), media)
    pictures = bytes(number * 7 % 251 for number in range(300_000))
    return box(b"ftyp", brand, bytes(4)) + box(b"moov", box(b"mvhd", bytes(100)), track) + box(b"mdat", pictures)
