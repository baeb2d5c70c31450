"""Which element an object or a collection was made into: kept with it, saved in the .blend, one for each account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import bpy
from bpy.props import CollectionProperty, StringProperty

from ...core.errors import ArgumentsInvalid
from ...core.naming import renamed
from ...settings import is_local_service
from ..connection import opening
from ..host.ownership import is_own, own_scenes
from ..shot.properties import KLING_PG_shot, shot_of

if TYPE_CHECKING:
    from ...work.making import SentElement

_HOLDERS: Final[tuple[Any, ...]] = (bpy.types.Object, bpy.types.Collection)


class KLING_PG_made_element(bpy.types.PropertyGroup):
    """The element of one account. Another account's id means another element, or none."""

    name: StringProperty(name="Account", description="Service and key that the element belongs to")
    element_id: StringProperty(name="Id", description="Number of the element in the account's library")
    element_name: StringProperty(name="Element", description="Name of the element")
    own_id: StringProperty(name="Sent As", description="Id of an element that was sent and is not made yet")
    sent_name: StringProperty(name="Sent Name", description="Name under which it was sent")
    # Blender's floats have seven digits.
    sent_at: StringProperty(name="Sent At", description="Unix seconds at which it was sent")


def account() -> str:
    """The mark of the account in force, which gives no key away; ``""`` while no session is open."""
    session = opening.running()
    return f"{session.origin.service} {session.origin.key_fingerprint}" if session is not None else ""


def record_of(source: Any) -> KLING_PG_made_element | None:
    """What is known of the element that an object or a collection is in the account in force."""
    found: KLING_PG_made_element | None = source.kling_elements.get(account())
    return found


def sent_before(source: Any) -> SentElement | None:
    """An element that was sent and of which no answer came."""
    from ...work.making import SentElement

    record = record_of(source)
    if record is None or not record.own_id:
        return None
    return SentElement(own_id=record.own_id, name=record.sent_name, at=float(record.sent_at))


def note_sent(source: Any, sent: SentElement) -> None:
    """Keep with an object or a collection, unless a library owns it, that it is sent."""
    if not is_own(source):
        return
    _forget_rehearsals(source)
    record = source.kling_elements.get(account()) or source.kling_elements.add()
    record.name, record.own_id = account(), sent.own_id
    record.sent_name, record.sent_at = sent.name, str(sent.at)


def note_made(own_id: str, element_id: int, name: str) -> None:
    """Keep with whatever was sent under an id which element it became."""
    for record in _records():
        if record.own_id == own_id:
            record.element_id, record.element_name, record.own_id = str(element_id), name, ""


def name_of(element_id: str) -> str:
    """What this file calls an element; ``""`` where it does not know it."""
    names = (record.element_name for record in _records() if record.element_id == element_id)
    of_shots = (item.name for item in _in_shots(element_id))
    return next(names, "") or next(of_shots, "")


def rename(element_id: str, name: str) -> None:
    """Call an element something else in this file, also in its prompts. Raises :class:`ArgumentsInvalid` for a name
    that another element of a shot has.
    """
    items = list(_in_shots(element_id))
    if any(other.name == name for item in items for other in shot_of(item.id_data).elements if other != item):
        sentence = f'A shot has another element "{name}".'
        raise ArgumentsInvalid(sentence, field="name", remedy="Choose another name.")
    for record in _records():
        if record.element_id == element_id:
            record.element_name = name
    for item in items:
        before, item.name = item.name, name
        _rename_in_prompts(shot_of(item.id_data), before, name)


def _rename_in_prompts(shot: KLING_PG_shot, before: str, after: str) -> None:
    shot.words = renamed(shot.words, "element", before, after)
    for part in shot.board:
        part.prompt = renamed(part.prompt, "element", before, after)


def forget(element_id: str) -> None:
    """An element is gone: no object and no shot of this file is it any more."""
    for source in _sources():
        for position in reversed(range(len(source.kling_elements))):
            if source.kling_elements[position].element_id == element_id:
                source.kling_elements.remove(position)
    for scene in own_scenes():
        elements = shot_of(scene).elements
        for position in reversed(range(len(elements))):
            if elements[position].element_id == element_id:
                elements.remove(position)


def _forget_rehearsals(source: Any) -> None:
    """A rehearsal keeps its elements in memory, and the next one knows nothing of them."""
    for position in reversed(range(len(source.kling_elements))):
        service, _, _ = source.kling_elements[position].name.rpartition(" ")
        if is_local_service(service) and source.kling_elements[position].name != account():
            source.kling_elements.remove(position)


def _sources() -> Iterator[Any]:
    yield from (thing for thing in bpy.data.objects if is_own(thing))
    yield from (collection for collection in bpy.data.collections if is_own(collection))
    yield from (scene.collection for scene in own_scenes())


def _records() -> Iterator[KLING_PG_made_element]:
    """Those of the account in force."""
    mark = account()
    found = (source.kling_elements.get(mark) for source in _sources())
    return (record for record in found if record is not None)


def _in_shots(element_id: str) -> Iterator[Any]:
    shots = (shot_of(scene) for scene in own_scenes())
    return (element for shot in shots for element in shot.elements if element.element_id == element_id)


def register() -> None:
    """Hang the records on objects and collections."""
    for holder in _HOLDERS:
        holder.kling_elements = CollectionProperty(
            type=KLING_PG_made_element, name="Kling Elements", description="Elements made of this"
        )


def unregister() -> None:
    """Take them off again."""
    for holder in _HOLDERS:
        del holder.kling_elements


CLASSES = (KLING_PG_made_element,)
