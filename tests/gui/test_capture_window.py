"""Capturing in a real windowed Blender: the 3D view as it stands, the frame overlay, strips."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_omni_addon.core.media import picture_facts
from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened while pictures were taken."""
    return tell("capture")


def size_of(path: Path) -> tuple[int, int]:
    with path.open("rb") as stream:
        facts = picture_facts(stream, path.stat().st_size)
    return facts.width, facts.height


def test_every_picture_is_taken_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "disabled"


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("view_free.jpg", (1280, 720)),
        ("view_free_overlays.jpg", (1280, 720)),
        ("view_free_upright.jpg", (720, 1280)),
        ("view_camera.jpg", (1280, 720)),
        ("strip.png", (1280, 720)),
    ],
)
def test_a_picture_has_its_legal_size(story: Story, name: str, size: tuple[int, int]) -> None:
    assert size_of(Path(story["out"]) / name) == size


def test_no_capture_changes_a_setting_of_the_scene_or_the_view(story: Story) -> None:
    assert story["changed"] == {name: [] for name in story["changed"]}
    assert set(story["changed"]) >= {"view_free", "view_camera", "render_camera", "refusal", "strip"}


def test_a_view_rendered_by_cycles_is_refused_with_the_way_out(story: Story) -> None:
    assert "Material Preview" in story["refusal"]


def test_a_picture_is_one_step_of_undo(story: Story) -> None:
    before, undone, redone = story["undo"]
    assert (undone, redone) == (before - 1, before)
