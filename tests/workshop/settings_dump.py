"""All settings below a part of Blender, to be compared before and after."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import bpy

NOT_READ = {
    "rna_type",
    "tool_settings",  # brushes; 4.2 crashes when their curves are read
}


def everything_in(struct: Any, path: str = "scene") -> dict[str, object]:
    """Every value below a Blender struct, by its path; data-blocks it refers to by their names."""
    with warnings.catch_warnings():
        # To look at all settings is to look at those that are to go.
        warnings.simplefilter("ignore", DeprecationWarning)
        return dict(_values_in(struct, path))


def _values_in(struct: Any, path: str) -> Iterator[tuple[str, object]]:
    for name in sorted({prop.identifier for prop in struct.bl_rna.properties} - NOT_READ):
        kind, value = struct.bl_rna.properties[name].type, getattr(struct, name)
        if kind == "POINTER" and isinstance(value, bpy.types.ID):
            yield f"{path}.{name}", value.name
        elif kind == "POINTER" and value is not None:
            yield from _values_in(value, f"{path}.{name}")
        elif kind == "COLLECTION":
            yield f"{path}.{name}", [getattr(item, "name", "") for item in value]
        elif kind != "POINTER" or value is None:
            yield f"{path}.{name}", tuple(value) if getattr(value, "__len__", None) and kind != "STRING" else value
