"""The library at Kling as it was last heard of: the account's own elements, and those that Kling offers to everybody.

Asked for when the artist wants to see it, by an errand; what was found is kept in the window manager, in no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, PointerProperty, StringProperty

from ...core.errors import ArgumentsInvalid
from ..host.signals import Signal
from . import opening
from .online import require_online
from .questions import Question

if TYPE_CHECKING:
    from ...core.elements import LibraryElement


class KLING_PG_library_element(bpy.types.PropertyGroup):
    """One element of the library."""

    name: StringProperty(name="Name", description="Name of the element at Kling")
    element_id: StringProperty(name="ID", description="Number of the element in the library")
    description: StringProperty(name="Description", description="What the element shows, as its creator describes it")
    is_offered: BoolProperty(name="By Kling", description="Kling offers this element to everybody")


class KLING_PG_library(bpy.types.PropertyGroup):
    """The library as it was last heard of."""

    elements: CollectionProperty(
        type=KLING_PG_library_element,
        name="Elements",
        description="Elements of the account first, then those of Kling",
    )
    index: IntProperty(name="Active Element", description="Element that is selected in the element library")


def library() -> KLING_PG_library:
    """The library, in whatever window manager there is."""
    manager: Any = bpy.context.window_manager
    found: KLING_PG_library = manager.kling_library
    return found


listed: Signal[[]] = Signal()
"""The rows of the library were made anew."""


def require_own(element_id: str) -> KLING_PG_library_element:
    """The row of an element of the account's own. Raises :class:`ArgumentsInvalid`."""
    found = next((each for each in library().elements if each.element_id == element_id), None)
    if found is None or found.is_offered:
        sentence = "The library has no such element of your own."
        raise ArgumentsInvalid(sentence, field="element_id", remedy="Show the library again.")
    row: KLING_PG_library_element = found
    return row


def note(element: LibraryElement) -> None:
    """Show an element that was made just now, before the others."""
    forget(str(element.id))
    elements = library().elements
    _add(element, is_offered=False)
    elements.move(len(elements) - 1, 0)
    library().index = 0


def forget(element_id: str) -> None:
    """Show an element no more."""
    elements = library().elements
    position = next((n for n, each in enumerate(elements) if each.element_id == element_id), None)
    if position is not None:
        elements.remove(position)


def _add(element: LibraryElement, *, is_offered: bool) -> None:
    row = library().elements.add()
    row.name, row.description = element.name or str(element.id), element.description
    row.element_id, row.is_offered = str(element.id), is_offered


def _show(answer: tuple[tuple[LibraryElement, ...], tuple[LibraryElement, ...]]) -> None:
    own, offered = answer
    library().elements.clear()
    for is_offered, found in ((False, own), (True, offered)):
        for element in found:
            _add(element, is_offered=is_offered)
    listed.send()


def _clear() -> None:
    library().elements.clear()


listing: Question[tuple[tuple[LibraryElement, ...], tuple[LibraryElement, ...]]] = Question(_show, _clear)
"""The account's own elements, and those that Kling offers."""


def ask() -> None:
    """Ask for the library; free. Raises like :func:`opening.session`, and :class:`NotSent` offline."""
    require_online()
    listing.ask(lambda: opening.session().ask_elements())


def register() -> None:
    """Hang the library on the window manager."""
    kept = PointerProperty(type=KLING_PG_library, name="Kling Library", description="Elements to add to a shot")
    bpy.types.WindowManager.kling_library = kept  # type: ignore[attr-defined]


def unregister() -> None:
    """Take it off again."""
    del bpy.types.WindowManager.kling_library  # type: ignore[attr-defined]


CLASSES = (KLING_PG_library_element, KLING_PG_library)
