"""The properties of ``scene.kling`` as docs/scripting.md lists them, made of what is registered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.workshop.registered import properties

GROUPS = {
    "KLING_PG_shot": "`scene.kling`",
    "KLING_PG_frame_source": "`first_source`, `end_source`",
    "KLING_PG_middle_frame": "each of `middle_frames`",
    "KLING_PG_reference": "each of `references`",
    "KLING_PG_element": "each of `elements`",
    "KLING_PG_board_shot": "each of `board`",
}
"""The classes, by what of the shot has their properties."""
_WHOLE = 2**31 - 1


def table() -> str:
    """The tables of the page."""
    found = [(owner, known) for owner, known in properties() if owner in GROUPS]
    heads = {owner: f"| {of} | type | what it is |\n|---|---|---|" for owner, of in GROUPS.items()}
    return "\n\n".join("\n".join([head, *_rows(owner, found)]) for owner, head in heads.items())


def _rows(owner: str, found: list[tuple[str, Any]]) -> Iterator[str]:
    for _, known in (pair for pair in found if pair[0] == owner):
        yield f"| `{known.identifier}` | {_type(known)} | {known.description} |"


def _type(known: Any) -> str:
    if known.type == "ENUM":
        return ", ".join(f"`{item.identifier}`" for item in known.enum_items)
    if known.type == "INT":
        return f"whole number{_bounds(known)}"
    if known.type == "FLOAT":
        return f"{known.array_length} numbers{_bounds(known)}"
    if known.type == "STRING":
        return "path" if known.subtype == "FILE_PATH" else "text"
    if known.type == "COLLECTION":
        return "list"
    if known.type == "POINTER":
        return "group" if known.fixed_type.identifier in GROUPS else f"`bpy.types.{known.fixed_type.identifier}`"
    assert known.type == "BOOLEAN"
    return "`True` or `False`"


def _bounds(known: Any) -> str:
    low, high = known.hard_min, known.hard_max
    if low <= -_WHOLE:
        return ""
    return f" from {low:g} up" if high >= _WHOLE else f" from {low:g} to {high:g}"
