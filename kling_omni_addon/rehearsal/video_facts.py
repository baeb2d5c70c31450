"""What an MP4 or MOV file is, read from its boxes (ISO 14496-12): length, sides, frame rate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from ..core.media import VideoFacts

Box: TypeAlias = tuple[bytes, int, int]
"""Kind, first byte and end of a box's content."""


def video_facts(path: Path) -> VideoFacts:
    """Read a video's facts; where there is no readable video track, they are unknown, and ``format`` is ``""``."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        file_type = _first(stream, _boxes(stream, 0, size), b"ftyp")
        movie = _first(stream, _boxes(stream, 0, size), b"moov")
        if not file_type or not movie:
            return VideoFacts(format="", size_bytes=size)
        container = "mov" if _read(stream, file_type, 0, 4) == b"qt  " else "mp4"
        return _movie_facts(stream, movie, container, size)


def _movie_facts(stream: BinaryIO, movie: Box, container: str, size: int) -> VideoFacts:
    for track in _all(stream, movie, b"trak"):
        handler = _at(stream, track, b"mdia", b"hdlr")
        if handler and _read(stream, handler, 8, 4) == b"vide":
            width, height = _sides(stream, track)
            seconds, frames = _seconds(stream, track), _frames(stream, track)
            fps = frames / seconds if seconds and frames else None
            return VideoFacts(
                format=container, duration_s=seconds, width=width, height=height, fps=fps, size_bytes=size
            )
    return VideoFacts(format=container, size_bytes=size)


def _sides(stream: BinaryIO, track: Box) -> tuple[int | None, int | None]:
    """Width and height from the track header, whose last eight bytes they are, in 16.16 fixed point."""
    header = _at(stream, track, b"tkhd")
    if header is None:
        return None, None
    length = header[2] - header[1]
    return _number(stream, header, length - 8, 4) >> 16, _number(stream, header, length - 4, 4) >> 16


def _seconds(stream: BinaryIO, track: Box) -> float | None:
    header = _at(stream, track, b"mdia", b"mdhd")
    if header is None:
        return None
    is_long = _number(stream, header, 0, 1) == 1
    scale = _number(stream, header, 20 if is_long else 12, 4)
    length = _number(stream, header, 24, 8) if is_long else _number(stream, header, 16, 4)
    return length / scale if scale else None


def _frames(stream: BinaryIO, track: Box) -> int:
    table = _at(stream, track, b"mdia", b"minf", b"stbl", b"stts")
    if table is None:
        return 0
    runs = min(_number(stream, table, 4, 4), (table[2] - table[1] - 8) // 8)
    return sum(_number(stream, table, 8 + 8 * run, 4) for run in range(runs))


def _at(stream: BinaryIO, box: Box, *kinds: bytes) -> Box | None:
    """The box found by going down through boxes of these kinds."""
    found: Box | None = box
    for kind in kinds:
        found = _first(stream, _boxes(stream, found[1], found[2]), kind) if found else None
    return found


def _all(stream: BinaryIO, box: Box, kind: bytes) -> list[Box]:
    return [inner for inner in _boxes(stream, box[1], box[2]) if inner[0] == kind]


def _first(stream: BinaryIO, boxes: Iterator[Box], kind: bytes) -> Box | None:
    return next((box for box in boxes if box[0] == kind), None)


def _boxes(stream: BinaryIO, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= end:
        stream.seek(start)
        head = stream.read(16)
        length, content = int.from_bytes(head[:4], "big"), start + 8
        if length == 1:  # a 64-bit length follows
            length, content = int.from_bytes(head[8:16], "big"), start + 16
        stop = end if length == 0 else start + length  # 0 means "to the end of the file"
        if not content <= stop <= end:
            return
        yield head[4:8], content, stop
        start = stop


def _read(stream: BinaryIO, box: Box, offset: int, length: int) -> bytes:
    stream.seek(box[1] + offset)
    return stream.read(length)


def _number(stream: BinaryIO, box: Box, offset: int, length: int) -> int:
    return int.from_bytes(_read(stream, box, offset, length), "big")
