"""Headers of pictures and boxes of MP4s, as bytes."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.media import PictureFacts, mp4_fault, picture_facts


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *before_data: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(before_data) + chunk(b"IDAT", b"x" * 50) + chunk(b"IEND", b"")


def jpeg(width: int, height: int, *segments: bytes, frame: int = 0xC0) -> bytes:
    start = struct.pack(">BBHBHHB", 0xFF, frame, 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + b"".join(segments) + start + b"\xff\xda" + bytes(20)


def segment(marker: int, size: int) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, size + 2) + b"\xff" * size


def facts(data: bytes) -> PictureFacts:
    return picture_facts(io.BytesIO(data), len(data))


def test_a_png_tells_its_sides() -> None:
    assert facts(png(640, 360)) == PictureFacts(format="png", width=640, height=360, size_bytes=len(png(640, 360)))


def test_a_png_with_a_c2pa_record_is_told_from_a_plain_one() -> None:
    assert facts(png(640, 360, chunk(b"tEXt", b"x"), chunk(b"caBX", b"jumbf"))).has_provenance
    assert not facts(png(640, 360, chunk(b"tEXt", b"caBX"))).has_provenance


@pytest.mark.parametrize("frame", [0xC0, 0xC1, 0xC2, 0xCF])
def test_a_jpeg_tells_its_sides_behind_any_metadata(frame: int) -> None:
    metadata = (segment(0xE1, 60_000), segment(0xDB, 65), b"\xff\xff\xff" + segment(0xC4, 30)[1:])
    found = facts(jpeg(1920, 1080, *metadata, frame=frame))
    assert (found.format, found.width, found.height) == ("jpeg", 1920, 1080)


NAMES = {b"GIF89a": "gif", b"RIFF....WEBP": "webp", b"BM": "bmp", b"\0\0\0\x1cftypavif": "avif", b"II*\0": "tiff"}


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", *NAMES])
def test_anything_else_has_at_most_a_name(data: bytes) -> None:
    assert facts(data) == PictureFacts(format=NAMES.get(data, ""), width=0, height=0, size_bytes=len(data))


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", png(9, 9)[:40]]))
def test_no_bytes_break_the_reader(tail: bytes, head: bytes) -> None:
    assert facts(head + tail).format.isalpha() or facts(head + tail).format == ""


def box(kind: bytes, size: int = 8) -> bytes:
    return struct.pack(">I", 8 + size) + kind + bytes(size)


FTYP, MOOV, MDAT = box(b"ftyp"), box(b"moov", 100), box(b"mdat", 1000)
LONG_MDAT = struct.pack(">I4sQ", 1, b"mdat", 16 + 500) + bytes(500)
OPEN_MDAT = struct.pack(">I4s", 0, b"mdat") + bytes(500)


@pytest.mark.parametrize(
    "data", [FTYP + MOOV + MDAT, FTYP + MDAT + MOOV, FTYP + LONG_MDAT + MOOV, FTYP + MOOV + OPEN_MDAT]
)
def test_a_whole_mp4_has_no_fault(data: bytes) -> None:
    assert mp4_fault(io.BytesIO(data), len(data)) == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>not found</html>", "begin"),
        (b"PK\x03\x04" + bytes(100), "begin"),
        (b"", "missing"),
        (FTYP + MDAT, "moov"),
        (FTYP + MOOV, "mdat"),
        ((FTYP + MOOV + MDAT)[:-1], "the end of the file is missing"),
        (FTYP + MOOV + MDAT + b"\0\0", "the end of the file is missing"),
        (FTYP + struct.pack(">I4s", 4, b"moov") + MDAT, "the end of the file is missing"),
    ],
)
def test_a_file_that_is_no_whole_mp4_says_why(data: bytes, words: str) -> None:
    assert words in mp4_fault(io.BytesIO(data), len(data))


@given(st.integers(0, len(FTYP + MOOV + MDAT) - 1))
def test_no_cut_of_an_mp4_passes_as_whole(length: int) -> None:
    data = (FTYP + MOOV + MDAT)[:length]
    assert mp4_fault(io.BytesIO(data), len(data))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_walk(tail: bytes) -> None:
    data = FTYP + tail
    assert isinstance(mp4_fault(io.BytesIO(data), len(data)), str)
