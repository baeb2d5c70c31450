"""Files as large as they may be: seven images of a request, and a clip."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

from kling_omni_addon.core.request import OmniRequest, Picture

PICTURES = 7
PICTURE_BYTES = 10_485_760  # the largest that Kling takes (R36)
CLIP_BYTES = 200_000_000
_BLOCK_BYTES = 1 << 20
_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNK_BYTES = 12  # of a chunk without its data


def request_with_pictures(folder: Path) -> OmniRequest:
    """A request with seven of the largest images, freshly written."""
    paths = written_pictures(folder)
    prompt = " ".join(f"<<<image_{number}>>>" for number in range(1, PICTURES + 1))
    pictures = tuple(Picture(source=str(path)) for path in paths)
    return OmniRequest(prompt=prompt, pictures=pictures, aspect_ratio="16:9")


def written_pictures(folder: Path) -> list[Path]:
    """Seven files with the chunks of a PNG and noise in place of pixels: nothing here ever decodes an image."""
    header, end = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1920, 1080, 8, 2, 0, 0, 0)), _chunk(b"IEND", b"")
    paths = [folder / f"{number}.png" for number in range(1, PICTURES + 1)]
    for path in paths:
        noise = os.urandom(PICTURE_BYTES - len(_PNG + header + end) - _CHUNK_BYTES)
        path.write_bytes(_PNG + header + _chunk(b"IDAT", noise) + end)
    return paths


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def written_clip(path: Path, size_bytes: int = CLIP_BYTES) -> Path:
    """A file with the boxes of an MP4 and noise in place of frames."""
    head = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"isom") + struct.pack(">I4sq", 16, b"moov", 0)
    noise = os.urandom(_BLOCK_BYTES)
    left = size_bytes - len(head) - 8
    with path.open("wb") as file:
        file.write(head + struct.pack(">I4s", left + 8, b"mdat"))
        while left:
            left -= file.write(noise[:left])
    return path
