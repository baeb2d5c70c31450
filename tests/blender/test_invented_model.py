"""The panel goes by the data: an invented model is offered once they have it, and today's data give today's panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workshop.invented_model import add_the_model, copied_package, told_by

STORY = Path(__file__).with_name("story_of_an_invented_model.py")
RELAYED = "sound and middle frames, documented only by a relay"
TODAY = {
    "model": [
        ["kling-v3-omni", "Kling 3.0 Omni", "3 to 15 seconds, sound and storyboards", 0],
        ["kling-video-o1", "Kling O1", "5 or 10 seconds from a prompt or a first frame", 1],
        ["kling-4.0", "Kling 4.0", "3 to 30 seconds, sound and middle frames, documented only by a relay", 2],
        [
            "kling-4.0-flash",
            "Kling 4.0 Flash",
            "3 to 20 seconds, sound and middle frames, documented only by a relay",
            3,
        ],
    ],
    "mode": [["std", "Standard", "720p", 0], ["pro", "Pro", "1080p", 1], ["4k", "4K", "2160p", 2]],
    "aspect_ratio": [
        ["16:9", "16:9", "Landscape", 0],
        ["9:16", "9:16", "Portrait", 1],
        ["1:1", "1:1", "Square", 2],
        ["4:3", "4:3", "Landscape", 3],
        ["3:4", "3:4", "Portrait", 4],
        ["21:9", "21:9", "Landscape", 5],
    ],
}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that is saved with the model chosen, and then opened without it."""
    return tmp_path_factory.mktemp("film") / "film.blend"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, film: Path) -> dict[str, Any]:
    """What the panel offers once the data has the model."""
    package = copied_package(tmp_path_factory.mktemp("invented"))
    add_the_model(package)
    return told_by(STORY, package, film)


@pytest.fixture(scope="module")
def told_before(tmp_path_factory: pytest.TempPathFactory, told: dict[str, Any], film: Path) -> dict[str, Any]:
    """What the same code offers as long as the data has not, and what it makes of the film."""
    return told_by(STORY, copied_package(tmp_path_factory.mktemp("today")), film)


def test_the_model_its_mode_and_its_shape_are_offered_and_all_others_keep_their_numbers(told: dict[str, Any]) -> None:
    new = {
        "model": ["kling-invented", "Kling Invented", "4 to 40 seconds", 999],
        "mode": ["8k", "8K", "4320p", 3],
        "aspect_ratio": ["2:1", "2:1", "Landscape", 6],
    }
    assert {name: told["offered"][name] for name in new} == {name: [*TODAY[name], item] for name, item in new.items()}
    assert told["offered"]["overlay"] == ["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "2:1"]


def test_its_lengths_can_be_set(told: dict[str, Any]) -> None:
    assert told["offered"]["lengths"] == told["offered"]["lengths_of_operator"] == [2, 40]


def test_a_shot_of_it_is_faultless_and_has_a_price(told: dict[str, Any]) -> None:
    assert told["chosen"] == {
        "asked": ["kling-invented", "8k", "2:1", 40],
        "faults": [],
        "price": "260.0 units · $36.40",
        "shown": "2:1",
        "picture": [2160, 1080],
    }


def test_over_the_new_api_it_is_the_same_shot(told: dict[str, Any]) -> None:
    assert told["over_new"] == {"offered": told["offered"], "chosen": told["chosen"]}


def test_what_is_proposed_stays(told: dict[str, Any], told_before: dict[str, Any]) -> None:
    assert told["offered"]["defaults"] == ["kling-v3-omni", "pro", "16:9", 5] == told_before["offered"]["defaults"]


def test_today_s_data_give_today_s_panel(told_before: dict[str, Any]) -> None:
    offered = told_before["offered"]
    assert {name: offered[name] for name in TODAY} == TODAY
    assert offered["lengths"] == offered["lengths_of_operator"] == [3, 30]
    assert offered["words"] == [
        "What happens in the shot; up to 2,500 characters",
        "Public link to an MP4 or MOV of 3 to 15.5 seconds; Kling accepts no uploads",
    ]


def test_without_the_data_blender_refuses_the_choice(told_before: dict[str, Any]) -> None:
    assert "kling-invented" in told_before["chosen"]["refused"]


def test_a_film_that_chose_it_says_so_where_the_data_has_it_no_more(told_before: dict[str, Any]) -> None:
    """The service would take its own default for what is left out, and bill it."""
    assert told_before["opened"] == {
        "asked": ["", ""],
        "faults": [
            "This version does not know the model of this .blend file.",
            "This version does not know the quality of this .blend file.",
            "Kling needs an aspect ratio when neither a first frame nor a video gives one.",
            "Kling generates clips of 3 to 15 whole seconds.",
        ],
        "fixed": ["kling-v3-omni", "pro"],
        "left": [],
    }
