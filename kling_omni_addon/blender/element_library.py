"""The library at Kling as it was last heard of: the account's own elements, and those that Kling offers to everybody.

Asked for when the artist wants to see it, by an errand; what was found is kept in the window manager, in no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, PointerProperty, StringProperty

from ..core.errors import KlingError
from . import live

if TYPE_CHECKING:
    from ..core.library import LibraryElement
    from ..work.errand import Errand

_WAIT_S = 60.0


class KLING_PG_library_element(bpy.types.PropertyGroup):
    """One element of the library."""

    name: StringProperty(name="Name", description="What the element is called at Kling")
    element_id: StringProperty(name="Id", description="Number of the element in the library")
    description: StringProperty(name="Description", description="What the element is, in its maker's words")
    is_offered: BoolProperty(name="By Kling", description="Whether Kling offers it to everybody")


class KLING_PG_library(bpy.types.PropertyGroup):
    """The library as it was last heard of."""

    elements: CollectionProperty(
        type=KLING_PG_library_element, name="Elements", description="The account's own come first"
    )
    index: IntProperty(name="Active Element", description="The element that is chosen in the library")


@dataclass(slots=True, kw_only=True)
class Asked:
    """A question that is under way, and what came of the last: a sentence where it failed."""

    errand: Errand[tuple[tuple[LibraryElement, ...], tuple[LibraryElement, ...]]] | None = None
    is_known: bool = False
    problem: str = ""


asked = Asked()


def library() -> KLING_PG_library:
    """The library, in whatever window manager there is."""
    manager: Any = bpy.context.window_manager
    found: KLING_PG_library = manager.kling_library
    return found


def ask() -> None:
    """Ask for the library; :func:`hear` hears the answer. Raises like :func:`live.session`."""
    asked.errand, asked.problem = live.session().ask_elements(), ""
    if bpy.app.background:
        asked.errand.wait(_WAIT_S)
        hear()


def hear() -> bool:
    """Whether the library has answered since the last time."""
    if asked.errand is None or not asked.errand.is_done:
        return False
    errand, asked.errand = asked.errand, None
    try:
        own, offered = errand.answer
    except KlingError as error:
        asked.problem = str(error)
        return True
    elements = library().elements
    elements.clear()
    for is_offered, found in ((False, own), (True, offered)):
        for element in found:
            row = elements.add()
            row.name, row.description = element.name or str(element.id), element.description
            row.element_id, row.is_offered = str(element.id), is_offered
    asked.is_known = True
    return True


def is_asking() -> bool:
    """Whether an answer is waited for."""
    return asked.errand is not None


def forget() -> None:
    """Another service or key has another library."""
    asked.errand, asked.is_known, asked.problem = None, False, ""
    library().elements.clear()


def register() -> None:
    """Hang the library on the window manager."""
    kept = PointerProperty(type=KLING_PG_library, name="Kling Library", description="Elements to choose from")
    bpy.types.WindowManager.kling_library = kept  # type: ignore[attr-defined]


def unregister() -> None:
    """Take it off again."""
    del bpy.types.WindowManager.kling_library  # type: ignore[attr-defined]


CLASSES = (KLING_PG_library_element, KLING_PG_library)
