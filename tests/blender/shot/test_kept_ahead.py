"""An image is copied when it is set, not when Generate is pressed; what is sent is the file as it is at the press."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import opening
from kling_omni_addon.blender.host import heartbeat
from kling_omni_addon.blender.shot import kept_ahead
from kling_omni_addon.blender.shot.properties import put_picture
from kling_omni_addon.core.media import PictureRef
from kling_omni_addon.work import picture_store
from tests.workshop.picture_copies import let_an_hour_pass, noted_copies
from tests.workshop.rehearsal_stand import png, until

Scene = Any


@pytest.fixture
def set_up(unsent_shot: Scene) -> Scene:
    """It starts at an image."""
    unsent_shot.kling.kind = "FIRST"
    return unsent_shot


@pytest.fixture
def frame(set_up: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its image, for the store an hour old, copied ahead."""
    let_an_hour_pass(monkeypatch)
    path = tmp_path / "dawn.png"
    path.write_bytes(png(640, 360))
    opening.session()
    put_picture(set_up, "FIRST", str(path), "File")
    beat_until_kept()
    return path


@pytest.fixture
def copies(frame: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The field of each copy that is made after that."""
    return noted_copies(monkeypatch)


def beat_until_kept() -> None:
    """Beat the timer, which does not beat by itself without a window."""
    until(heartbeat.beat, lambda _: not kept_ahead.is_under_way())


def sent(submission_id: str) -> list[str]:
    """The images of a submission, by their SHA-256."""
    found = opening.session().read(submission_id)
    assert found is not None
    return [piece.sha256 for piece in found.payload.pieces if isinstance(piece, PictureRef)]


def test_an_image_that_was_kept_ahead_is_not_copied_at_the_press(set_up: Scene, frame: Path, copies: list[str]) -> None:
    made = api.submit(set_up)
    assert copies == []
    assert sent(made.id) == [hashlib.sha256(frame.read_bytes()).hexdigest()]


def test_an_image_that_was_rendered_over_since_is_sent_in_its_new_form(
    set_up: Scene, frame: Path, copies: list[str]
) -> None:
    frame.unlink()
    frame.write_bytes(png(640, 362))
    made = api.submit(set_up)
    assert copies == ["pictures"]
    assert sent(made.id) == [hashlib.sha256(frame.read_bytes()).hexdigest()]


def test_an_image_that_was_never_sent_goes_when_a_session_is_opened_later(
    set_up: Scene, frame: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening.close()
    monkeypatch.setattr(picture_store, "_STALE_S", -1.0)
    opening.session()
    assert list((tmp_path / "home" / "pictures").iterdir()) == []


def test_nothing_is_kept_ahead_while_no_session_is_at_hand(set_up: Scene, tmp_path: Path) -> None:
    path = tmp_path / "dawn.png"
    path.write_bytes(png(640, 360))
    put_picture(set_up, "FIRST", str(path), "File")
    heartbeat.beat()
    assert not (tmp_path / "home").exists()
