"""A new model is a change of data alone: an invented one is found everywhere, and only where the data has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workshop.invented_model import add_the_model, copied_package, told_by

STORY = Path(__file__).with_name("story_of_an_invented_model.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the package says once the data has the model."""
    package = copied_package(tmp_path_factory.mktemp("invented"))
    add_the_model(package)
    return told_by(STORY, package)


@pytest.fixture(scope="module")
def told_before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the same code says as long as the data has not."""
    return told_by(STORY, copied_package(tmp_path_factory.mktemp("today")))


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ("as it is", []),
        ("a second more", ["R66"]),
        ("a second less", ["R67"]),
        ("another model's mode", ["R62"]),
        ("an unknown mode", ["R61"]),
        ("an unknown ratio", ["R63"]),
        ("another model as long", ["R67"]),
        ("another model in its mode", ["R62", "R63"]),
        ("another model in its shape", ["R63"]),
    ],
)
@pytest.mark.parametrize("judged", ["judged", "judged_over_new"])
def test_the_rules_go_by_the_model_s_data(told: dict[str, Any], change: str, rules: list[str], judged: str) -> None:
    assert told[judged][change] == rules


def test_its_body_goes_where_each_api_has_it_in_the_words_of_that_api(told: dict[str, Any]) -> None:
    kind = "kling-invented 8k 40"
    assert told["written"]["legacy"] == {
        "path": "/v1/videos/omni-video",
        "kind": kind,
        "body": {
            "model_name": "kling-invented",
            "prompt": "A fox",
            "mode": "8k",
            "aspect_ratio": "2:1",
            "duration": "40",
            "external_task_id": "kob-1",
        },
    }
    assert told["written"]["new"] == {
        "path": "/omni-video/kling-9-omni",
        "kind": kind,
        "body": {
            "contents": [{"type": "prompt", "text": "A fox"}],
            "settings": {
                "resolution": "8k",
                "audio": "off",
                "multi_shot": False,
                "aspect_ratio": "2:1",
                "duration": 40,
            },
            "options": {"external_task_id": "kob-1"},
        },
    }


def test_it_costs_what_the_list_says(told: dict[str, Any]) -> None:
    assert told["priced"] == "260.0 units · $36.40"


def test_a_picture_of_its_shape_keeps_the_short_side(told: dict[str, Any]) -> None:
    assert told["captured"] == [2160, 1080]


def test_it_is_offered_after_the_others(told: dict[str, Any], told_before: dict[str, Any]) -> None:
    offered = told_before["offered"]
    assert told["offered"] == {
        "models": [*offered["models"], "Kling Invented"],
        "modes": [*offered["modes"], "8K"],
        "aspect_ratios": [*offered["aspect_ratios"], "2:1"],
    }


@pytest.mark.parametrize(("rehearsed", "word"), [("rehearsed", "succeed"), ("rehearsed_over_new", "succeeded")])
def test_the_rehearsal_server_makes_its_clip_over_http(told: dict[str, Any], rehearsed: str, word: str) -> None:
    done = told[rehearsed]
    assert (done["status"], done["units"], done["seconds"]) == (word, "260", 40.0)
    width, height = done["size"]
    assert width / height == pytest.approx(2, abs=0.001)
    assert width * height == pytest.approx(7680 * 4320, rel=0.001)


def test_none_of_it_is_there_without_the_data(told_before: dict[str, Any]) -> None:
    assert told_before["judged"]["as it is"] == ["R10"]
    assert told_before["judged"]["another model in its shape"] == ["R63"]
    assert told_before["judged"]["another model as long"] == ["R66"]
    assert told_before["judged_over_new"] == told_before["judged"]
    assert set(map(str, told_before["written"].values())) == {str({"refused": ["R10"]})}
    assert told_before["priced"] == "no price"
    assert "the aspect ratio '2:1'" in told_before["captured"]
    assert "Kling Invented" not in told_before["offered"]["models"]
    assert told_before["rehearsed"] == {"code": 1203, "message": "model_name value 'kling-invented' is invalid"}
