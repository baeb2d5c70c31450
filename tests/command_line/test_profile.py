"""The profile that the command line judges by: who chooses it, and what only the other one takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.settings import NOTHING_PREFERRED, Preferred
from tests.workshop.request_files import written

OF_SEED = Preferred(values={"KLING_PROFILE": "seed"})
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"KLING_HOME": str(tmp_path / "home")}


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize(
    ("flags", "environment", "preferred", "told", "code"),
    [
        ((), {}, NOTHING_PREFERRED, "late of 2026-10-04 (by default)", 0),
        (
            (),
            {"KLING_PROFILE": "seed"},
            NOTHING_PREFERRED,
            "seed of 2026-03-31 (by KLING_PROFILE of the environment)",
            2,
        ),
        ((), {}, OF_SEED, "seed of 2026-03-31 (by the preferences)", 2),
        ((), {"KLING_PROFILE": "late"}, OF_SEED, "late of 2026-10-04 (by KLING_PROFILE of the environment)", 0),
        (("--profile", "late"), {"KLING_PROFILE": "seed"}, OF_SEED, "late of 2026-10-04 (by --profile)", 0),
        (("--profile", "seed"), {}, NOTHING_PREFERRED, "seed of 2026-03-31 (by --profile)", 2),
    ],
)
@pytest.mark.parametrize("verb", ["validate", "cost"])
def test_4k_is_judged_by_the_profile_that_was_chosen_last(
    verb: str,
    flags: tuple[str, ...],
    environment: dict[str, str],
    preferred: Preferred,
    told: str,
    code: int,
    home: dict[str, str],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    assert main([verb, str(written(tmp_path, mode="4k")), *flags], home | environment, preferred) == code
    assert f"kling: Profile: {told}.\n" in capsys.readouterr().err


def test_what_only_the_late_profile_takes_says_so_and_since_when(
    home: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    path = str(written(tmp_path, mode="4k"))
    assert main(["validate", path, "--profile", "seed"], home) == 2
    (fault,) = lines(capsys.readouterr().out)
    assert (fault["rule"], fault["path"], fault["kind"]) == ("R62", "mode", "error")
    assert fault["message"].endswith("Kling has accepted 4K since 2026-04-23. Select the late profile.")
    assert main(["validate", path], home) == 0
    (warning,) = lines(capsys.readouterr().out)
    assert (warning["rule"], warning["kind"]) == ("W10", "warning")
    assert "since 2026-04-23" in warning["message"]


def test_4k_costs_three_units_a_second(home: dict[str, str], tmp_path: Path, capsys: Capture) -> None:
    assert main(["cost", str(written(tmp_path, mode="4k"))], home) == 0
    assert lines(capsys.readouterr().out)[0]["units"] == "9.0"


def test_4k_of_o1_names_the_model_that_makes_it(home: dict[str, str], tmp_path: Path, capsys: Capture) -> None:
    path = str(written(tmp_path, mode="4k", model_name="kling-video-o1", duration="5"))
    assert main(["validate", path], home) == 2
    assert lines(capsys.readouterr().out)[0]["message"].endswith("4K needs Kling 3.0 Omni.")


@pytest.mark.parametrize("verb", ["validate", "cost", "submit", "rehearse"])
def test_a_profile_that_is_none_ends_with_2_and_names_those_that_are(
    verb: str, home: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    arguments = [verb] if verb == "rehearse" else [verb, str(written(tmp_path))]
    assert main(arguments, home | {"KLING_PROFILE": "march", "KLING_API_KEY": "k"}) == 2
    (said,) = lines(capsys.readouterr().out)
    assert (said["field"], said["error"], said["remedy"]) == (
        "KLING_PROFILE",
        'KLING_PROFILE cannot be "march".',
        "Use late or seed, or leave it empty for late.",
    )
