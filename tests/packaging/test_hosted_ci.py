"""The workflow for a host of the repository: every command that it runs and every file that it names is there."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from tests.workshop.places import ROOT

WORKFLOW = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def values(key: str) -> list[str]:
    """What stands behind a key, wherever it is; a value of this workflow is never longer than its line."""
    return re.findall(rf"(?m)^[ -]*{key}: (.+)$", WORKFLOW)


def targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z]+):", MAKEFILE))


def complaint(command: str) -> str:
    """What a command of the workflow names that is not there."""
    program, *words = shlex.split(command)
    if shutil.which(program) is None:
        return f"there is no {program}"
    if program == "make":
        return ", ".join(f"make has no {word}" for word in words if word not in targets())
    if program == "bash" and not (ROOT / words[0]).is_file():
        return f"there is no {words[0]}"
    return ""


def test_every_command_is_there() -> None:
    assert [complaint(command) for command in values("run")] == ["", "", ""]
    assert "bash .ci/run" in values("run")


@pytest.mark.parametrize("command", ["nosuch", "make build nosuch", "bash .ci/nosuch"])
def test_a_command_that_is_not_there_is_found(command: str) -> None:
    assert complaint(command) != ""


def test_each_action_and_the_image_are_pinned_to_a_full_version() -> None:
    assert [action for action in values("uses") if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", action)] == []
    (image,) = values("container")
    assert re.fullmatch(r"python:3\.11\.\d+-bookworm", image)


def test_it_ends_and_hands_on_what_make_builds() -> None:
    (minutes,) = values("timeout-minutes")
    assert int(minutes) > 0
    assert values("path") == ["dist/*.zip", "dist/site"]
    assert {"build", "site"} <= set(" ".join(values("run")).split())


def test_nothing_of_it_can_spend_money() -> None:
    assert "secrets." not in WORKFLOW
    assert "KLING_" not in WORKFLOW
    assert "pull_request_target" not in WORKFLOW
