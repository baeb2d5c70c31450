"""The folder of frames: a shot is there whole or not at all, and is known to be of its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kling_omni_addon.batch.frames import FramesFolder, MadeOf
from kling_omni_addon.batch.shot import Shot
from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.request import Role
from kling_omni_addon.work.picture_store import PictureJudge
from tests.workshop.rehearsal_stand import png

SHOT = Shot(line=1, key="sh010", kind="first", prompt="waves", blend="film.blend")


def put(folder: FramesFolder, shot: Shot, *, side: int = 720) -> None:
    with folder.growing(shot) as part:
        image = part / "first.png"
        image.write_bytes(png(1280, side))
        made_of = MadeOf(digest=shot.digest, blend=(7, 8), camera="Camera", frames=(1,))
        folder.put(shot, part, {Role.FIRST: image}, made_of, profile())


@pytest.fixture
def folder(tmp_path: Path) -> FramesFolder:
    return FramesFolder(tmp_path / "frames")


def test_what_was_put_is_a_request_that_stands_alone(folder: FramesFolder) -> None:
    put(folder, SHOT)
    assert folder.fault(SHOT) == ""
    assert folder.made_of(SHOT) == MadeOf(digest=SHOT.digest, blend=(7, 8), camera="Camera", frames=(1,))
    read = folder.read(SHOT, PictureJudge(), profile())
    assert (read.problems, read.outside, read.request.prompt) == ((), (), "waves")
    assert sorted(path.name for path in folder.folder.iterdir()) == ["sh010"]


def test_a_shot_is_replaced_whole(folder: FramesFolder) -> None:
    for side in (720, 800):
        put(folder, SHOT, side=side)
    assert (folder.of(SHOT) / "first.png").read_bytes() == png(1280, 800)
    assert sorted(path.name for path in folder.folder.iterdir()) == ["sh010"]


def test_what_was_killed_while_it_grew_is_not_there(folder: FramesFolder) -> None:
    with folder.growing(SHOT) as part:
        (part / "first.png").write_bytes(png(1280, 720))
        assert "are not in" in folder.fault(SHOT)
    assert list(folder.folder.iterdir()) == []


def test_what_a_kill_left_is_taken_away_a_day_later(folder: FramesFolder) -> None:
    old, young = folder.folder / ".sh010.a.part", folder.folder / ".sh010.b.part"
    for left in (old, young):
        left.mkdir(parents=True)
    os.utime(old, (0, 0))
    put(folder, SHOT)
    assert [old.exists(), young.exists()] == [False, True]


@pytest.mark.parametrize("name", ["first.png", "request.json", "shot.json"])
def test_a_shot_that_lost_a_file_is_not_whole(name: str, folder: FramesFolder) -> None:
    put(folder, SHOT)
    (folder.of(SHOT) / name).unlink()
    assert "are not in" in folder.fault(SHOT)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"digest": 1, "blend": 2}', "[" * 100_000])
def test_a_broken_note_is_no_frames(text: str, folder: FramesFolder) -> None:
    put(folder, SHOT)
    (folder.of(SHOT) / "shot.json").write_text(text)
    assert folder.made_of(SHOT) is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentsInvalid, match="cannot be written"):
        put(FramesFolder(tmp_path / "file"), SHOT)
