"""What a media file is, and whether all of it is there, read from how it is built: never from its name, and never by
decoding it.

The functions take an open binary stream, so they serve files and received bytes alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

SENT_FORMATS = ("png", "jpeg")
"""What can be sent; every other format has its name for a sentence only."""
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "gif"),
    (8, b"WEBP", "webp"),
    (4, b"ftypavif", "avif"),
    (4, b"ftypavis", "avif"),
    (4, b"ftyphei", "heic"),
    (4, b"ftypmif1", "heic"),
    (0, b"BM", "bmp"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"v/1\x01", "exr"),
    (0, b"8BPS", "psd"),
)
"""Where in a file the marks of formats stand that browsers and cameras save under other names."""
_SCAN_BYTES = 64 * 1024
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# JPEG start-of-frame markers carry the size; C4, C8 and CC in their range are tables, not frames.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset((0x01, *range(0xD0, 0xD8)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """A picture as its file tells it. ``format`` is one of :data:`SENT_FORMATS`, the name of another, or ``""``
    (unknown); unknown sides are 0.

    ``has_provenance``: a PNG carries a C2PA manifest, for which the service refuses it (pitfall 4). ``is_whole``: of a
    PNG or JPEG the end is there; a render that is still being written, or a broken copy, lacks it.
    """

    format: str
    width: int
    height: int
    size_bytes: int
    has_provenance: bool = False
    is_whole: bool = True


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
class VideoFacts:
    """A reference video as a probe tells it. ``None`` is unknown; ``pixel_aspect`` is width / height of one pixel."""

    format: str | None = None
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    size_bytes: int | None = None
    pixel_aspect: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRef:
    """A clip that the account made, in the place of its link. A link opens the clip to whoever has it, so none is ever
    written down: it is asked for when it is sent. ``known_as`` is the id by which the service knows the clip's task.
    """

    known_as: str


def picture_facts(stream: BinaryIO, size_bytes: int) -> PictureFacts:
    """Read format and sides of a picture from its first bytes (rules R35 to R38), and whether its end is there."""
    head = stream.read(26)
    if head.startswith(_PNG_SIGNATURE) and head[12:16] == b"IHDR":
        return _png_facts(stream, head, size_bytes)
    if head.startswith(b"\xff\xd8\xff"):
        stream.seek(2)
        width, height = _jpeg_sides(stream)
        is_whole = _jpeg_is_whole(stream, size_bytes)
        return PictureFacts(format="jpeg", width=width, height=height, size_bytes=size_bytes, is_whole=is_whole)
    name = next((name for at, mark, name in _MAGIC if head[at:].startswith(mark)), "")
    return PictureFacts(format=name, width=0, height=0, size_bytes=size_bytes)


def _png_facts(stream: BinaryIO, head: bytes, size_bytes: int) -> PictureFacts:
    stream.seek(len(_PNG_SIGNATURE))
    kinds = tuple(_png_chunks(stream, size_bytes))
    return PictureFacts(
        format="png",
        width=int.from_bytes(head[16:20], "big"),
        height=int.from_bytes(head[20:24], "big"),
        size_bytes=size_bytes,
        has_provenance=b"caBX" in kinds[: kinds.index(b"IDAT") if b"IDAT" in kinds else None],
        is_whole=b"IDAT" in kinds and kinds[-1] == b"IEND",
    )


def _png_chunks(stream: BinaryIO, size_bytes: int) -> Iterator[bytes]:
    """The kinds of the chunks that are there whole, up to the end or to where something else begins."""
    while len(head := stream.read(8)) == 8 and head[4:].isalpha():
        after = stream.seek(int.from_bytes(head[:4], "big") + 4, 1)
        if after > size_bytes:
            return
        yield head[4:]
        if head[4:] == b"IEND":
            return


def _jpeg_is_whole(stream: BinaryIO, size_bytes: int) -> bool:
    """Whether the picture's end mark comes after the beginning of its data, where no other bytes look like it.

    It is nearly always at the very end; a camera may have put something behind it.
    """
    data_at = _jpeg_data_at(stream)
    if data_at is None:
        return False
    stream.seek(max(data_at, size_bytes - _SCAN_BYTES))
    if b"\xff\xd9" in stream.read(_SCAN_BYTES):
        return True
    stream.seek(data_at)
    last = b""
    while chunk := stream.read(_SCAN_BYTES):
        if b"\xff\xd9" in last + chunk:
            return True
        last = chunk[-1:]
    return False


def _jpeg_data_at(stream: BinaryIO) -> int | None:
    """Where the first scan begins; None when there is none."""
    stream.seek(2)
    for marker in _jpeg_markers(stream):
        if marker in _JPEG_BARE:
            continue
        length = int.from_bytes(stream.read(2), "big")
        if length < 2:
            return None
        after = stream.seek(length - 2, 1)
        if marker == 0xDA:
            return after
    return None


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
            return "the file does not begin like an MP4"
        if length < 8 or offset + length > size_bytes:
            return "the end of the file is missing"
        kinds.append(kind)
        offset += length
    missing = [name for name in (b"ftyp", b"moov", b"mdat") if name not in kinds]
    return f"the {missing[0].decode()} part is missing" if missing else ""


def _box_head(stream: BinaryIO, remaining: int) -> tuple[int, bytes]:
    head = stream.read(8)
    length, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if length == 1:  # a 64-bit length follows
        length = int.from_bytes(stream.read(8), "big")
    elif length == 0:  # "to the end of the file"
        length = remaining
    return length, kind
