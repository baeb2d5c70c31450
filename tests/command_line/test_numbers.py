"""Numbers on the command line are amounts, or a sentence."""

from __future__ import annotations

import json

import pytest

from kling_omni_addon.command_line.cli import main


@pytest.mark.parametrize("number", ["nan", "inf", "-5", "3,5", "1e400", "many", "9" * 400])
@pytest.mark.parametrize(
    "words",
    [
        ["cost", "shot.json", "--input-seconds={}"],
        ["submit", "shot.json", "--wait={}"],
        ["resume", "--wait={}"],
        ["rehearse", "--units={}"],
        ["rehearse", "--processing={}"],
    ],
    ids=lambda words: " ".join(words),
)
def test_what_is_no_number_is_refused_with_a_sentence(
    words: list[str], number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(number) for word in words], {}) == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["field"], said["exit_code"]) == ("arguments", 2)
    assert "is not a number like 100 or 12.5" in said["error"]
