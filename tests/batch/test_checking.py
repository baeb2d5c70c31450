"""What is wrong with a manifest beyond its form: every problem of every line, and what all of it costs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.batch.checking import Judged, Part, Total, judged_lines, list_price
from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.errors import ArgumentsInvalid

LINE = {"key": "sh010", "kind": "text", "prompt": "waves", "mode": "std", "duration": 5}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    (tmp_path / "film.blend").write_bytes(b"")
    return tmp_path / "m.jsonl"


def judged(manifest: Path, *lines: dict[str, Any], **how: Any) -> list[Judged]:
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return list(judged_lines(manifest, profile(), **how))


def faults(manifest: Path, **changes: Any) -> list[tuple[str, str]]:
    """The faults of one line, by column."""
    (line,) = judged(manifest, LINE | changes)
    return [(problem.column, problem.message) for problem in line.problems if problem.is_fault]


@pytest.mark.parametrize(
    ("changes", "column", "message"),
    [
        ({"kind": "frames"}, "blend", 'A shot of the kind "frames" needs a .blend file.'),
        ({"kind": "first", "blend": "none.blend"}, "blend", "There is no file"),
        ({"first_frame": 1}, "first_frame", 'A shot of the kind "text" has no such frame.'),
        ({"kind": "first", "blend": "film.blend", "end_frame": 9}, "end_frame", "has no such frame."),
        ({"kind": "first", "blend": "film.blend", "aspect_ratio": "5:4"}, "aspect_ratio", '"5:4" is not one of'),
        ({"aspect_ratio": "5:4"}, "aspect_ratio", "5:4"),
        ({"model": "kling-v9"}, "model", "kling-v9"),
        ({"mode": "8k"}, "mode", "8k"),
        ({"duration": 99}, "duration", "3 to 15 whole seconds"),
        ({"prompt": "x" * 2501}, "prompt", "2,501"),
        ({"prompt": "{weather} over {key}"}, "prompt", "The prompt names {weather}, which the line does not say."),
        ({"prompt": "{key.__class__}"}, "prompt", "The prompt names {key.__class__}"),
        ({"prompt": "{key!r}"}, "prompt", "The prompt names {key}"),
        ({"prompt": "a { b"}, "prompt", "The prompt has a single brace."),
    ],
)
def test_a_shot_that_cannot_be_made_says_in_which_column(
    changes: dict[str, Any], column: str, message: str, manifest: Path
) -> None:
    ((found, told),) = faults(manifest, **changes)
    assert found == column
    assert message in told


def test_every_problem_of_every_line_is_told(manifest: Path) -> None:
    lines = judged(
        manifest,
        LINE | {"duration": 99, "mode": "8k", "takes": 0},
        LINE | {"key": "SH010", "kind": "frames"},
        LINE | {"key": "sh030"},
    )
    told = [{problem.column for problem in line.problems if problem.is_fault} for line in lines]
    assert told == [{"duration", "mode", "takes"}, {"key", "blend"}, set()]


def test_a_prompt_is_filled_with_what_its_line_says(manifest: Path) -> None:
    line = LINE | {"prompt": "{weather} over {name}, {{as it is}} in {scene}", "var_weather": "Rain", "scene": "Cliff"}
    (found,) = judged(manifest, line)
    assert found.shot is not None
    assert found.shot.prompt == "Rain over sh010, {as it is} in Cliff"


def test_only_the_shots_that_are_named_are_judged(manifest: Path) -> None:
    bad = LINE | {"key": "sh020", "duration": 99}
    assert [line.key for line in judged(manifest, LINE, bad, only=["sh010"])] == ["sh010"]
    with pytest.raises(ArgumentsInvalid, match='no shot "sh030"'):
        judged(manifest, LINE, bad, only=["sh010", "sh030"])


@pytest.mark.parametrize("of", [1, 3, 5, 7])
def test_every_shot_is_of_one_part_and_no_part_has_two_more_than_another(of: int, manifest: Path) -> None:
    lines = [LINE | {"key": f"sh{number}"} for number in range(5)]
    parts = [judged(manifest, *lines, part=Part(number, of)) for number in range(1, of + 1)]
    assert sorted(line.key for part in parts for line in part) == [line["key"] for line in lines]
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert [line.key for line in parts[0]] == [line["key"] for line in lines[::of]]


def test_a_part_is_judged_as_the_whole_is(manifest: Path) -> None:
    """What another line makes wrong is found, too; and a line without a key is told to everybody."""
    lines = (LINE, {"kind": "text"}, LINE | {"key": "SH010"})
    first, second = ([each.line for each in judged(manifest, *lines, part=Part(number, 2))] for number in (1, 2))
    assert (first, second) == ([1, 2, 3], [2])
    assert [each.is_good for each in judged(manifest, *lines, part=Part(1, 2))] == [True, False, False]


@pytest.mark.parametrize("text", ["3/2", "0/2", "1/0", "-1/2", "2", "1/2/3", "1.5/2", "٣/٤", ""])
def test_what_is_no_part_is_refused_with_an_example(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "frames", "m.jsonl", "--out", "frames", f"--part={text}"], {}) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["field"], told["remedy"]) == ("arguments", "See: kling batch frames --help")
    assert "is not a part like 3/12, the third of twelve." in told["error"]


def test_a_part_and_keys_cannot_be_combined(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "frames", "m.jsonl", "--out", "frames", "--part", "1/2", "--only", "sh010"], {}) == 2
    assert "not allowed with argument" in json.loads(capsys.readouterr().out)["error"]


def test_all_takes_are_counted_in_decimals(manifest: Path) -> None:
    total = Total()
    for line in judged(manifest, LINE | {"takes": 3}, LINE | {"key": "b", "duration": 3}):
        assert line.shot is not None
        total = total.with_clips(list_price(line.shot, profile()), line.shot.takes)
    assert (total.shots, total.clips, total.units) == (2, 4, Decimal("10.8"))
    assert total.with_clips(None, 1).most_units is None


def test_takes_have_names_of_their_own_the_same_every_time(manifest: Path) -> None:
    (line,) = judged(manifest, LINE | {"takes": 3})
    assert line.shot is not None
    assert line.shot.names == ("sh010", "sh010.take2", "sh010.take3")


def test_the_digest_tells_what_changes_frames_or_request_and_nothing_else(manifest: Path) -> None:
    def digest(**changes: Any) -> str:
        (line,) = judged(manifest, LINE | {"kind": "first", "blend": "film.blend"} | changes)
        assert line.shot is not None
        return line.shot.digest

    before = digest()
    assert {digest(takes=2), digest(name="alley"), digest(place=7)} == {before}
    changed = [digest(first_frame=2), digest(prompt="fire"), digest(camera="B"), digest(duration=3), digest(mode="pro")]
    assert len({before, *changed}) == 6
