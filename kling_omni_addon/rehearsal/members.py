"""Members of a JSON object that must have a type, and the service's text where one has another (contract R06)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from .answers import Refusal

JsonType: TypeAlias = Literal["string", "integer", "boolean", "array", "object"]
_TYPES: Mapping[JsonType, type] = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def typed(value: Any, wanted: JsonType, path: str) -> Any:
    """The value itself. Raises :class:`Refusal` where it has another type; true and false are no integers."""
    if not isinstance(value, _TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
        raise Refusal(1201, f"{path} value type is invalid, expected {wanted}")
    return value


def member(group: Mapping[str, Any], name: str, wanted: JsonType, within: str = "") -> Any:
    """A member of an object, ``None`` where it is missing or ``null``. ``within`` stands before its name in the text of
    a refusal.
    """
    value = group.get(name)
    return None if value is None else typed(value, wanted, f"{within}{name}")
