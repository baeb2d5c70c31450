"""Every text that Blender was given with our classes: labels, tooltips, names and items of properties."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import bpy

from kling_omni_addon.blender import registration
from tests.workshop.layout import rna_of

KINDS = {
    bpy.types.Operator: "OT",
    bpy.types.Panel: "PT",
    bpy.types.UIList: "UL",
    bpy.types.PropertyGroup: "PG",
    bpy.types.Menu: "MT",
    bpy.types.AddonPreferences: "AP",
    bpy.types.FileHandler: "FH",
}
_OPEN = ("fileselect_add", "invoke_props_dialog")


def operators() -> Iterator[Any]:
    """The classes of our operators."""
    return (kind for kind in registration._CLASSES if issubclass(kind, bpy.types.Operator))


def opens_dialog(operator: Any) -> bool:
    """Whether an operator asks for more in a dialog or in the file browser, when a button calls it."""
    if any(part.__name__ in ("ExportHelper", "ImportHelper") for part in operator.__mro__):
        return True
    ours = (part for part in operator.__mro__ if "kling_omni_addon" in part.__module__)
    return any(word in inspect.getsource(part) for part in ours for word in _OPEN)


def properties() -> Iterator[tuple[str, Any]]:
    """Every property of ours, by the name of its class."""
    for kind in registration._CLASSES:
        base = next(base for base in KINDS if issubclass(kind, base))
        known: Any = rna_of(kind.bl_idname) if base is bpy.types.Operator else kind.bl_rna
        theirs = {name: found.description for name, found in base.bl_rna.properties.items()}
        for name, found in known.properties.items():
            if theirs.get(name) != found.description:  # a group of ours may have a name of its own
                yield kind.__name__, found


def labels() -> Iterator[tuple[str, str]]:
    """What is shown in title case, each with where it is."""
    for kind in registration._CLASSES:
        if issubclass(kind, bpy.types.Operator | bpy.types.Panel | bpy.types.Menu):
            yield kind.__name__, kind.bl_label
    for owner, known in properties():
        yield f"{owner}.{known.identifier}", known.name
        for item in known.enum_items if known.type == "ENUM" else ():
            yield f"{owner}.{known.identifier}.{item.identifier}", item.name


def tooltips() -> Iterator[tuple[str, str]]:
    """What is shown while the mouse rests on something, each with where it is."""
    for kind in operators():
        yield kind.__name__, rna_of(kind.bl_idname).description
    for owner, known in properties():
        yield f"{owner}.{known.identifier}", known.description
        for item in known.enum_items if known.type == "ENUM" else ():
            yield f"{owner}.{known.identifier}.{item.identifier}", item.description
