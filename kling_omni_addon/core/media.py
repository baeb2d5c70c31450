"""What a media file is, read from its header: never from its name, and never by decoding it.

The functions take an open binary stream, so they serve files and received bytes alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# JPEG start-of-frame markers carry the size; C4, C8 and CC in their range are tables, not frames.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset((0x01, *range(0xD0, 0xD8)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """A picture as its header tells it. ``format`` is ``png``, ``jpeg`` or ``""`` (neither); unknown sides are 0.

    ``has_provenance``: a PNG carries a C2PA manifest, for which the service refuses it (pitfall 4).
    """

    format: str
    width: int
    height: int
    size_bytes: int
    has_provenance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRef:
    """A picture in the picture store: found by the SHA-256 of its bytes, described by its header."""

    sha256: str
    facts: PictureFacts

    @property
    def base64_length(self) -> int:
        """Characters of its Base64 form, padding included."""
        return 4 * ((self.facts.size_bytes + 2) // 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRef:
    """A clip that the account made, in the place of its link. A link opens the clip to whoever has it, so none is ever
    written down: it is asked for when it is sent. ``known_as`` is the id by which the service knows the clip's task.
    """

    known_as: str


def picture_facts(stream: BinaryIO, size_bytes: int) -> PictureFacts:
    """Read format and sides of a picture from its first bytes (rules R35 to R38)."""
    head = stream.read(26)
    if head.startswith(_PNG_SIGNATURE) and head[12:16] == b"IHDR":
        width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        stream.seek(len(_PNG_SIGNATURE))
        has_provenance = b"caBX" in _png_chunks(stream)
        return PictureFacts(
            format="png", width=width, height=height, size_bytes=size_bytes, has_provenance=has_provenance
        )
    if head.startswith(b"\xff\xd8\xff"):
        stream.seek(2)
        width, height = _jpeg_sides(stream)
        return PictureFacts(format="jpeg", width=width, height=height, size_bytes=size_bytes)
    return PictureFacts(format="", width=0, height=0, size_bytes=size_bytes)


def _png_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The kinds of the chunks before the picture's data."""
    while len(head := stream.read(8)) == 8 and head[4:] not in (b"IDAT", b"IEND"):
        yield head[4:]
        stream.seek(int.from_bytes(head[:4], "big") + 4, 1)


def _jpeg_sides(stream: BinaryIO) -> tuple[int, int]:
    """Walk the segments up to the first frame header; ``(0, 0)`` when there is none."""
    for marker in _jpeg_markers(stream):
        if marker in _JPEG_FRAMES:
            frame = stream.read(7)
            return int.from_bytes(frame[5:7], "big"), int.from_bytes(frame[3:5], "big")
        if marker in _JPEG_BARE:
            continue
        length = int.from_bytes(stream.read(2), "big")
        if marker == 0xDA or length < 2:
            break
        stream.seek(length - 2, 1)
    return 0, 0


def _jpeg_markers(stream: BinaryIO) -> Iterator[int]:
    while stream.read(1) == b"\xff":
        marker = stream.read(1)
        while marker == b"\xff":  # fill bytes are allowed before a marker
            marker = stream.read(1)
        if not marker:
            return
        yield marker[0]


def mp4_fault(stream: BinaryIO, size_bytes: int) -> str:
    """Why these bytes are not a whole MP4, as half a sentence; ``""`` when they are.

    Walks the top-level boxes: ``ftyp`` first, sizes that add up to the file, ``moov`` and ``mdat`` there.
    """
    kinds: list[bytes] = []
    offset = 0
    while offset < size_bytes:
        stream.seek(offset)
        length, kind = _box_head(stream, size_bytes - offset)
        if not kinds and kind != b"ftyp":
            return "it does not begin like an MP4"
        if length < 8 or offset + length > size_bytes:
            return "it is cut short"
        kinds.append(kind)
        offset += length
    missing = [name for name in (b"ftyp", b"moov", b"mdat") if name not in kinds]
    return f"its {missing[0].decode()} part is missing" if missing else ""


def _box_head(stream: BinaryIO, remaining: int) -> tuple[int, bytes]:
    head = stream.read(8)
    length, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if length == 1:  # a 64-bit length follows
        length = int.from_bytes(stream.read(8), "big")
    elif length == 0:  # "to the end of the file"
        length = remaining
    return length, kind
