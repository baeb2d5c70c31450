"""The lines of a manifest: what is written is what is read, in either form, and what cannot be read says where."""

from __future__ import annotations

import csv
import json
import tempfile
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.batch.checking import judged_lines
from kling_omni_addon.batch.manifest import LineProblem, lines_of
from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.errors import ArgumentsInvalid

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
FRAME = st.integers(-1_048_574, 1_048_574)
LINES = st.fixed_dictionaries(
    {
        "key": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True),
        "kind": st.sampled_from(("text", "first", "frames")),
        "prompt": TEXT,
    },
    optional={
        "blend": TEXT,
        "scene": TEXT,
        "camera": TEXT,
        "first_frame": FRAME,
        "end_frame": FRAME,
        "engine": st.sampled_from(("scene", "workbench", "eevee", "cycles")),
        "model": TEXT,
        "mode": TEXT,
        "aspect_ratio": TEXT,
        "duration": st.integers(1, 3600),
        "sound": st.booleans(),
        "takes": st.integers(1, 50),
        "name": TEXT,
        "place": FRAME,
        "var_weather": TEXT,
    },
)


def as_json(lines: Sequence[Mapping[str, Any]], path: Path) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def as_csv(lines: Sequence[Mapping[str, Any]], path: Path) -> Path:
    names = list(dict.fromkeys(["key", "kind", "prompt", *(name for line in lines for name in line)]))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(lines)
    return path


@given(st.lists(LINES, min_size=1, max_size=4))
def test_what_is_written_is_read_in_either_form(lines: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in (as_json(lines, Path(folder, "m.jsonl")), as_csv(lines, Path(folder, "m.csv"))):
            read = list(lines_of(path))
            assert [line.values for line in read] == lines
            assert [line.problems for line in read] == [()] * len(lines)


GOOD = '{"key": "sh010", "kind": "text", "prompt": "waves"}'


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("{", 1, "", "The line is not JSON: Expecting property name"),
        (f"{GOOD}\n\n[1]", 3, "", "The line is not a JSON object"),
        ('{"key": "a", "kind": "text"}', 1, "prompt", '"prompt" is missing.'),
        ('{"key": "a b", "kind": "text", "prompt": "x"}', 1, "key", '"a b" is not a key'),
        (r'{"key": "a\n", "kind": "text", "prompt": "x"}', 1, "key", "is not a key"),
        ('{"key": "../a", "kind": "text", "prompt": "x"}', 1, "key", '"../a" is not a key'),
        ('{"key": "a", "kind": "film", "prompt": "x"}', 1, "kind", '"film" is not one of text, first, frames.'),
        ('{"key": "a", "kind": "text", "prompt": ""}', 1, "prompt", "The text is empty."),
        ('{"key": "a", "kind": "text", "prompt": "\\ud800"}', 1, "prompt", "The text is not Unicode."),
        ('{"key": "a", "kind": "text", "prompt": "x", "takes": 0}', 1, "takes", "0 is less than 1."),
        ('{"key": "a", "kind": "text", "prompt": "x", "takes": "2"}', 1, "takes", '"2" is not a whole number.'),
        ('{"key": "a", "kind": "text", "prompt": "x", "sound": 1}', 1, "sound", '"1" is not true or false.'),
        ('{"key": "a", "kind": "text", "prompt": "x", "takes": 1e99}', 1, "takes", "is more than 50."),
        ('{"key": "a", "kind": "text", "prompt": "x", "lens": 5}', 1, "lens", 'There is no field "lens".'),
        ('{"key": "a", "key": "b", "kind": "text", "prompt": "x"}', 1, "key", '"key" is there twice.'),
        ("[" * 100_000, 1, "", "The line is not JSON"),
        ("x" * 1_000_001, 1, "", "The line is longer than 1,000,000 characters."),
    ],
)
def test_a_bad_line_of_json_says_where(text: str, line: int, column: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(text)
    (problem,) = problems_of(path)
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "line", "column", "number", "message"),
    [
        ("key,kind\na,text", 1, "prompt", 0, 'The column "prompt" is missing.'),
        ("key,kind,prompt,lens\n", 1, "lens", 4, 'There is no column "lens".'),
        ("key,kind,prompt,kind\n", 1, "kind", 4, 'The column "kind" is there twice.'),
        ('key,kind,prompt,takes\na,text,"two\nlines",1\nb,text,x,many', 4, "takes", 4, '"many" is not a whole number.'),
        ("key,kind,prompt\na,text", 2, "", 0, "The line has 2 cells, the first line 3."),
        ("key,kind,prompt\na,text,x,y", 2, "", 0, "The line has 4 cells, the first line 3."),
        ("key,kind,prompt,sound\na,text,x,often", 2, "sound", 4, '"often" is not true or false.'),
        ('key,kind,prompt\na,text,"open', 2, "", 0, "The line is not CSV"),
        (b"key,kind,prompt\na,text,\xff", 2, "prompt", 3, "The cell is not UTF-8."),
    ],
)
def test_a_bad_line_of_csv_says_line_and_column(
    text: str | bytes, line: int, column: str, number: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (problem,) = problems_of(path)
    assert (problem.line, problem.column, problem.number) == (line, column, number)
    assert message in problem.message


def problems_of(path: Path) -> list[LineProblem]:
    return [problem for line in lines_of(path) for problem in line.problems]


def test_a_spreadsheet_may_begin_with_a_byte_order_mark_and_end_with_empty_rows(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"\xef\xbb\xbfkey,kind,prompt,sound\r\na,text,waves,TRUE\r\n,,,\r\n")
    (line,) = lines_of(path)
    assert line.values == {"key": "a", "kind": "text", "prompt": "waves", "sound": True}


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentsInvalid) as told:
        list(lines_of(tmp_path / name))
    assert told.value.field == "manifest"


def test_of_the_lines_that_were_read_next_to_nothing_is_kept(tmp_path: Path) -> None:
    def peak(shots: int) -> int:
        lines = [{"key": f"sh{number:05d}", "kind": "text", "prompt": "waves " * 400} for number in range(shots)]
        path = as_json(lines, tmp_path / f"{shots}.jsonl")
        del lines
        tracemalloc.start()
        assert all(judged.is_good for judged in judged_lines(path, profile()))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(10)  # what is loaded once
    assert peak(1500) - peak(500) < 1000 * 400  # a line has 2,400 characters
