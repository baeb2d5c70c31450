"""The command line inside Blender keeps to what is set in that Blender: service, key, caps, and offline mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.rehearsal_note import kept_note
from kling_omni_addon.settings import Preferred
from tests.workshop.crooked_kling import CrookedKling
from tests.workshop.rehearsal_stand import Stand


@pytest.fixture
def kling() -> Iterator[CrookedKling]:
    with CrookedKling() as kling:
        yield kling


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"KLING_HOME": str(tmp_path / "home")}


@pytest.fixture
def shot(tmp_path: Path) -> str:
    path = tmp_path / "shot.json"
    body = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}
    path.write_text(json.dumps(body))
    return str(path)


def set_in_blender(kling: CrookedKling, **caps: str) -> Preferred:
    return Preferred(values={"KLING_BASE_URL": kling.url, "KLING_API_KEY": "of-the-page", **caps})


def test_service_key_and_caps_of_the_preferences_hold(
    kling: CrookedKling, home: dict[str, str], shot: str, capsys: pytest.CaptureFixture[str]
) -> None:
    around = set_in_blender(kling, KLING_DAILY_CAP="3")  # one clip of 1.8 units, and not another
    assert main(["submit", shot, "--wait"], home, around) == 0
    assert kling.keys >= {"Bearer of-the-page"}
    capsys.readouterr()
    assert main(["submit", shot, "--wait"], home, around) == 2
    said = capsys.readouterr()
    assert "daily limit of 3 units" in json.loads(said.out.splitlines()[-1])["problem"]
    assert "kling: Service: the address given (by the preferences). Key: the preferences." in said.err
    assert "of-the-page" not in said.err
    assert len(kling.creates) == 1


def test_the_environment_precedes_the_preferences(kling: CrookedKling, home: dict[str, str], shot: str) -> None:
    around = Preferred(values={"KLING_BASE_URL": "rehearsal", "KLING_API_KEY": "of-the-page", "KLING_DAILY_CAP": "1"})
    environment = home | {"KLING_BASE_URL": kling.url, "KLING_API_KEY": "mine"}
    assert main(["submit", shot, "--wait"], environment, around) == 2, "the cap of the page holds all the same"
    assert kling.keys == {"Bearer mine"}
    assert kling.creates == []


@pytest.mark.parametrize("verb", ["submit", "resume", "account"])
def test_offline_mode_holds_for_the_command_line(
    verb: str, home: dict[str, str], shot: str, capsys: pytest.CaptureFixture[str]
) -> None:
    around = Preferred(values={"KLING_BASE_URL": "kling", "KLING_API_KEY": "k"}, is_online=False)
    assert main([verb, *([shot] if verb == "submit" else [])], home, around) == 5
    assert "Blender is set to stay offline" in json.loads(capsys.readouterr().out)["error"]


def test_what_is_on_this_machine_is_asked_although_blender_is_offline(
    kling: CrookedKling, home: dict[str, str], shot: str
) -> None:
    around = Preferred(values=set_in_blender(kling).values, is_online=False)
    assert main(["submit", shot, "--wait"], home, around) == 0


def test_without_key_and_rehearsal_the_command_says_so(
    home: dict[str, str], shot: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["submit", shot], home) == 3
    assert "No key is set, and no rehearsal server is running" in json.loads(capsys.readouterr().out)["error"]


def test_a_command_that_rehearses_says_so(
    home: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        Stand(RehearsalSettings(folder=tmp_path / "r")) as stand,
        kept_note(Path(home["KLING_HOME"]), stand.server.note()),
    ):
        assert main(["account"], home) == 0
    assert "kling: Rehearsal (free test mode): nothing is sent to Kling" in capsys.readouterr().err
