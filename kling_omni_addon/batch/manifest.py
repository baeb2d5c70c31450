"""Read a manifest line by line: JSON lines, or CSV where the name ends in ``.csv``. The file is never held whole."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from ..core.capability import SCHEMAS
from ..core.errors import ArgumentsInvalid
from ..core.problem import quoted
from .shot import PREFIX_OF_WORDS

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_LONGEST_LINE: Final = 1_000_000
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,9}")
_SWITCHES: Final = {"true": True, "false": False}
_TYPES: Final = {"integer": "a whole number", "boolean": "true or false", "string": "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProblem:
    """One thing that is wrong with a line, or (``is_fault`` False) doubtful. ``column`` is the name of the field,
    ``""`` for the line as a whole; ``number`` is the column of a CSV file, from 1, and 0 where there are none.
    """

    line: int
    column: str
    message: str
    number: int = 0
    key: str = ""
    is_fault: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one line says, and what is wrong with how it says it. ``columns`` are the numbers of CSV columns."""

    number: int
    values: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[LineProblem, ...] = ()

    @property
    def key(self) -> str:
        """The name of its shot, as far as it says one."""
        key = self.values.get("key")
        return key if isinstance(key, str) else ""

    def problem(self, column: str, message: str, *, is_fault: bool = True) -> LineProblem:
        """A problem of this line."""
        return LineProblem(
            line=self.number,
            column=column,
            message=message,
            number=self.columns.get(column, 0),
            key=self.key[:80],
            is_fault=is_fault,
        )


def lines_of(path: Path) -> Iterator[Line]:
    """Every line that says something, in order, its values judged by the schema.

    Raises :class:`ArgumentsInvalid` for a file that cannot be read.
    """
    read: Callable[[IO[str]], Iterator[Line]] = _csv_lines if path.suffix.lower() == ".csv" else _json_lines
    try:
        # What is no UTF-8 becomes half a character pair, which no text has otherwise: the line is found by it.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from read(file)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", "") or error
        raise ArgumentsInvalid(
            f'The manifest "{path}" cannot be read: {reason}.',
            field="manifest",
            remedy="Give the path of a file with JSON lines, or of a CSV file.",
        ) from error


# JSON lines ----------------------------------------------------------------------------------------------------------


def _json_lines(file: IO[str]) -> Iterator[Line]:
    number = 0
    while text := file.readline(_LONGEST_LINE + 1):
        number += 1
        if len(text) > _LONGEST_LINE:
            yield _broken(
                number, f"The line is longer than {_LONGEST_LINE:,} characters. The lines after it were not read."
            )
            return
        if text.strip():
            yield _judged(_json_line(text, number))


def _json_line(text: str, number: int) -> Line:
    if not _is_text(text):
        return _broken(number, "The line is not UTF-8.")
    doubled: list[str] = []
    try:
        values = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, doubled))
    except json.JSONDecodeError as error:
        return _broken(number, f"The line is not JSON: {error.msg} (character {error.pos + 1}).")
    except (ValueError, RecursionError) as error:
        return _broken(number, f"The line is not JSON: {error}.")
    if not isinstance(values, dict):
        return _broken(number, "The line is not a JSON object: {...}.")
    line = Line(number=number, values=values)
    problems = tuple(line.problem(name, f"{quoted(name)} is there twice.") for name in doubled)
    return Line(number=number, values=values, problems=problems)


def _object(pairs: list[tuple[str, Any]], doubled: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            doubled.append(name)
        values[name] = value
    return values


# CSV -----------------------------------------------------------------------------------------------------------------


def _csv_lines(file: IO[str]) -> Iterator[Line]:
    rows = csv.reader(file, strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        faults = _header_faults(names)
        if faults:
            yield Line(number=1, problems=faults)
            return
        begins = rows.line_num + 1
        for cells in rows:
            if any(cells):
                yield _judged(_csv_line(names, cells, begins))
            begins = rows.line_num + 1
    except csv.Error as error:
        yield _broken(rows.line_num, f"The line is not CSV: {error}. The lines after it were not read.")


def _header_faults(names: list[str]) -> tuple[LineProblem, ...]:
    """What is wrong with the first line. Nothing else can be read then."""
    faults = [
        LineProblem(line=1, column=name[:80], number=number, message=message)
        for number, name in enumerate(names, start=1)
        if (message := _fault_of_name(name, names[: number - 1]))
    ]
    lacks = [name for name in _schema()["required"] if name not in names]
    return (
        *faults,
        *(LineProblem(line=1, column=name, message=f"The column {quoted(name)} is missing.") for name in lacks),
    )


def _fault_of_name(name: str, before: list[str]) -> str:
    if name in before:
        return f"The column {quoted(name)} is there twice."
    return "" if _is_known(name) else _unknown(name, "column")


def _csv_line(names: list[str], cells: list[str], number: int) -> Line:
    columns = {name: place for place, name in enumerate(names, start=1)}
    values = {name: _read(name, cell) for name, cell in zip(names, cells, strict=False) if cell}
    line = Line(number=number, values=values, columns=columns)
    problems = [line.problem(name, "The cell is not UTF-8.") for name, cell in values.items() if not _is_text(cell)]
    if len(cells) != len(names):
        problems.append(line.problem("", f"The line has {len(cells)} cells, the first line {len(names)}."))
    return Line(number=number, values=values, columns=columns, problems=tuple(problems))


def _read(name: str, cell: str) -> Any:
    """A cell as what its column holds; as the text that it is where it is nothing of the sort: the schema says so."""
    kind = _schema()["properties"].get(name, {}).get("type")
    if kind == "integer" and _WHOLE.fullmatch(cell.strip()):
        return int(cell)
    return _SWITCHES.get(cell.strip().lower(), cell) if kind == "boolean" else cell


# What both have in common --------------------------------------------------------------------------------------------


def _broken(number: int, message: str) -> Line:
    return Line(number=number, problems=(LineProblem(line=number, column="", message=message),))


def _is_text(value: Any) -> bool:
    """False for a text with half a character pair, which nothing can send."""
    try:
        return not isinstance(value, str) or value.encode() is not None
    except UnicodeEncodeError:
        return False


def _judged(line: Line) -> Line:
    """The line with what the schema finds wrong with it."""
    if line.problems:
        return line
    found = sorted(_validator().iter_errors(line.values), key=lambda error: str(error.path))
    problems = [line.problem(column, message) for error in found for column, message in _said(error, line.values)]
    halves = [
        line.problem(name, "The text is not Unicode.") for name, value in line.values.items() if not _is_text(value)
    ]
    return Line(number=line.number, values=line.values, columns=line.columns, problems=(*problems, *halves))


def _said(error: ValidationError, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the schema found, as the column and a sentence each."""
    if error.validator == "required":
        yield from ((name, f"{quoted(name)} is missing.") for name in _schema()["required"] if name not in values)
    elif error.validator == "additionalProperties":
        yield from ((name[:80], _unknown(name, "field")) for name in values if not _is_known(name))
    else:
        column = str(error.path[0])
        yield column, _SENTENCES[str(error.validator)](error.instance, error.validator_value)


_SENTENCES: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "type": lambda value, kind: f"{quoted(value)} is not {_TYPES[kind]}.",
    "enum": lambda value, known: f"{quoted(value)} is not one of {', '.join(known)}.",
    "minimum": lambda value, least: f"{value} is less than {least:,}.",
    "maximum": lambda value, most: f"{quoted(value)} is more than {most:,}.",
    "minLength": lambda _value, _least: "The text is empty.",
    "maxLength": lambda _value, most: f"The text is longer than {most} characters.",
    "pattern": lambda value, _pattern: f"{quoted(value)} is not a key: 1 to 64 letters of English, digits, - or _.",
}


def _is_known(name: str) -> bool:
    return name in _schema()["properties"] or any(re.search(known, name) for known in _schema()["patternProperties"])


def _unknown(name: str, what: str) -> str:
    known = ", ".join(_schema()["properties"])
    return f"There is no {what} {quoted(name)}. There are {known}, and {PREFIX_OF_WORDS}NAME for words of the prompt."


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / "batch_line.schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # heavy, and for whoever has a manifest only

    return Draft202012Validator(_schema())
