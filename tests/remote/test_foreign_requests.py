"""A request file that somebody else wrote: what it may read, and what a person is told before it is sent (items 11.18
and 11.22). Processes as a person starts them.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path

import pytest

from tests.workshop.processes import Rehearsal, Said, run
from tests.workshop.rehearsal_stand import png

BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "duration": "3"}


def request_file(folder: Path, image: str, **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "shot.json"
    path.write_text(json.dumps(BODY | {"image_list": [{"image_url": image, "type": "first_frame"}]} | more))
    return path


@pytest.fixture
def on_rehearsal(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url}


@pytest.mark.parametrize("verb", ["validate", "submit"])
@pytest.mark.parametrize("what", ["pipe", "/dev/zero", "/dev/random", "/etc", "id_rsa"])
def test_what_is_no_picture_is_refused_and_nothing_of_it_is_copied(
    on_rehearsal: dict[str, str], tmp_path: Path, verb: str, what: str
) -> None:
    folder = tmp_path / "job"
    request = request_file(folder, what)
    if what == "pipe":
        os.mkfifo(folder / what)
    if what == "id_rsa":
        (folder / what).write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----")
        (folder / what).chmod(0o600)
    said = run(on_rehearsal | {"TMPDIR": str(tmp_path)}, verb, request)
    assert said.code == 2, said
    assert "image_list[0].image_url" in said.errors
    pictures = tmp_path / "home" / "pictures"
    assert not pictures.exists() or list(pictures.iterdir()) == []
    assert run(on_rehearsal, "status").lines == ()


def test_which_files_come_from_elsewhere_is_told_and_who_is_called(
    on_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "private.png"
    elsewhere.write_bytes(png(640, 360))
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "innocent.png").symlink_to(elsewhere)
    for image in (str(elsewhere), "../private.png", "innocent.png"):
        request = request_file(folder, image, callback_url="https://studio.example/done")
        for said in (run(on_rehearsal, "validate", request), run(on_rehearsal, "submit", request)):
            assert said.code == 0, said
            assert "which is outside its folder." in said.errors
            assert Path(image).name in said.errors
            assert "Kling sends status reports to https://studio.example/done." in said.errors


def test_of_files_beside_the_request_nothing_is_said(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    request = request_file(tmp_path / "job", "first.png")
    (tmp_path / "job" / "first.png").write_bytes(png(640, 360))
    (told,) = run(on_rehearsal, "validate", request).errors.splitlines()
    assert told.startswith("kling: Profile: ")
    assert run(on_rehearsal, "submit", request).code == 0


def test_validate_leaves_no_copy_anywhere(environment: dict[str, str], tmp_path: Path) -> None:
    request = request_file(tmp_path / "job", "first.png")
    (tmp_path / "job" / "first.png").write_bytes(png(640, 360))
    (tmp_path / "tmp").mkdir()
    assert run(environment | {"TMPDIR": str(tmp_path / "tmp")}, "validate", request).code == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "home").exists()


def test_a_request_with_a_fault_leaves_no_copy_of_its_good_pictures(
    on_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    request = request_file(tmp_path / "job", "first.png", duration="99")
    (tmp_path / "job" / "first.png").write_bytes(png(640, 360))
    assert run(on_rehearsal, "submit", request).code == 2
    assert not (tmp_path / "home" / "pictures").exists()


def jpeg_of(scan: bytes) -> bytes:
    """The segments of a baseline JPEG round a scan; its thumbnail in APP1 has an end mark of its own."""
    thumbnail = b"Exif\0\0\xff\xd8\xff\xd9"
    app1 = struct.pack(">BBH", 0xFF, 0xE1, len(thumbnail) + 2) + thumbnail
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 17, 8, 720, 1280, 3) + bytes(9)
    return b"\xff\xd8" + app1 + frame + b"\xff\xda\0\x0c" + bytes(10) + scan


SCAN = b"\x12\x34\xff\x00" * 50_000
END = b"\xff\xd9"
WHOLE = {
    "PNG": png(1280, 720),
    "PNG with more behind": png(1280, 720) + b"more",
    "JPEG": jpeg_of(SCAN) + END,
    "JPEG with a film behind": jpeg_of(SCAN) + END + bytes(300_000),
    "two JPEGs": (jpeg_of(SCAN) + END) * 2,
    "JPEG whose second picture is cut": jpeg_of(SCAN) + END + jpeg_of(SCAN[:100]),
}
BROKEN = {
    "half a PNG": png(1280, 720)[: len(png(1280, 720)) // 2],
    "PNG without its last chunk": png(1280, 720)[:-12],
    "head of a PNG": png(1280, 720)[:40],
    "PNG full of zeros at its end": png(1280, 720)[:-100] + bytes(100),
    "PNG without pixels": png(1280, 720)[:33] + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND")),
    "half a JPEG": jpeg_of(SCAN)[:100_000],
    "JPEG full of zeros at its end": jpeg_of(SCAN) + bytes(300_000),
    "head of a JPEG": jpeg_of(b"")[:60],
}


def validated(environment: dict[str, str], tmp_path: Path, data: bytes) -> Said:
    request = request_file(tmp_path / "job", "first.png")
    (tmp_path / "job" / "first.png").write_bytes(data)
    return run(environment, "validate", request)


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_picture_that_is_not_whole_is_refused(environment: dict[str, str], tmp_path: Path, data: bytes) -> None:
    said = validated(environment, tmp_path, data)
    assert (said.code, [line["rule"] for line in said.lines]) == (2, ["R35"]), said
    assert "is incomplete" in said.errors


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_picture_that_is_whole_is_taken(environment: dict[str, str], tmp_path: Path, data: bytes) -> None:
    assert validated(environment, tmp_path, data).code == 0


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"GIF89a", "GIF"),
        (b"RIFF\0\0\0\0WEBP", "WebP"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"BM", "BMP"),
        (b"II*\0", "TIFF"),
    ],
)
def test_another_format_under_a_good_name_is_told_by_its_own(
    environment: dict[str, str], tmp_path: Path, head: bytes, name: str
) -> None:
    said = validated(environment, tmp_path, head + bytes(400))
    assert said.code == 2
    assert f"is a {name} file, regardless of its extension. Save the image as PNG or JPEG." in said.errors
