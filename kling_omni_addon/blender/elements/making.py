"""An element made of an object or a collection: its views rendered, sent to Kling, and used in a shot when it is there.

Asked by an errand, heard by the timer's visit. While one is being made no other is begun.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import bpy

from ...core.element_words import require_words
from ...core.errors import ArgumentsInvalid, KlingError, StillRunning
from ..capture.turntable import Look, Source, view_jobs
from ..connection import element_library, opening
from ..connection.online import require_online
from ..connection.questions import Question
from ..host import heartbeat
from ..host.ownership import own_scene
from ..shot import judging
from ..shot.properties import KLING_PG_shot, free_name, shot_of
from . import records

if TYPE_CHECKING:
    from ...core.elements import LibraryElement
    from ...work.errand import Errand


class Wanted(NamedTuple):
    """What is to be made. ``scene`` is called what the scene is called whose shot is to have it; ``""`` for none."""

    source: Source
    name: str
    description: str
    scene: str = ""


_asked: list[tuple[str, Wanted]] = []  # by our id, what is being made


def make_element(
    source: Source,
    name: str,
    description: str,
    *,
    scene: bpy.types.Scene | None = None,
    look: Look | None = None,
    wait_s: float = 600.0,
) -> LibraryElement:
    """Render an object, with what hangs on it, or a collection, make an element of the views at Kling, and wait for it:
    free. With a ``scene`` its shot has the element under its name.

    The objects are taken as the view layer at hand shows them. In a window this holds up Blender. Raises
    :class:`CaptureFailed` where there is nothing to see, :class:`ArgumentsInvalid` for a name that is taken, and
    :class:`KlingError` for what went wrong at Kling; :class:`StillRunning` when the time is over.
    """
    wanted = Wanted(source=source, name=name, description=description, scene=scene.name if scene is not None else "")
    require_ready(wanted)
    layer = bpy.context.view_layer
    assert layer is not None
    send(wanted, [job.render() for job in view_jobs(source, layer, look or Look())])
    making.wait(wait_s)
    if making.is_asking:
        raise StillRunning(f'Kling is still making the element "{name}".', remedy="Look for it in the library later.")
    if making.problem:
        raise KlingError(making.problem)
    assert making.answer is not None
    return making.answer


def require_ready(wanted: Wanted) -> None:
    """Raise :class:`KlingError` for what can be told before anything is rendered: words, key, network, one at work."""
    require_online()
    if making.is_asking:
        sentence = f'Kling is making the element "{name_in_making()}".'
        raise ArgumentsInvalid(sentence, field="element", remedy="Make the next element when this one is done.")
    require_words(wanted.name, wanted.description)
    opening.session()


def send(wanted: Wanted, views: Sequence[Path]) -> None:
    """Have Kling make an element of the views, the front first. Raises :class:`KlingError`; then nothing is sent."""
    from ...core.elements import ElementDraft  # with all that Kling is asked and answers
    from ...session import new_element_id  # sqlite, requests
    from ...work.making import SentElement

    session = opening.session()
    front, *more = (session.keep_picture(str(view)) for view in views)
    own_id, before = new_element_id(), records.sent_before(wanted.source)
    draft = ElementDraft(name=wanted.name, description=wanted.description, front=front, more=tuple(more), own_id=own_id)

    def put() -> Errand[LibraryElement]:
        errand = session.ask_new_element(draft, before)
        records.note_sent(wanted.source, SentElement(own_id=own_id, name=wanted.name, at=time.time()))
        return errand

    _asked[:] = [(own_id, wanted)]
    making.ask(put)
    heartbeat.start()


def name_in_making() -> str:
    """What the element is called that was sent last."""
    return _asked[0][1].name if _asked else ""


def add_to_shot(shot: KLING_PG_shot, name: str, element_id: str) -> None:
    """Add an element under its name, or under one with a number where that is taken; choose it if it is there."""
    there = [position for position, element in enumerate(shot.elements) if element.element_id == element_id]
    if not there:
        is_taken = any(element.name == name for element in shot.elements)
        free = free_name(shot.elements, name) if is_taken else name
        element = shot.elements.add()
        element.name, element.element_id = free, element_id
    shot.element_index = there[0] if there else len(shot.elements) - 1


def _made(element: LibraryElement) -> None:
    own_id, wanted = _asked[0]
    name = element.name or wanted.name
    records.note_made(own_id, element.id, name)
    element_library.note(element)
    scene = own_scene(wanted.scene)
    if scene is not None:
        add_to_shot(shot_of(scene), name, str(element.id))
        judging.judge(scene)


making: Question[LibraryElement] = Question(_made)
"""The element that is being made, or was made last."""


def delete_element(element_id: str) -> None:
    """Delete an element of the account at Kling, and from the shots of this file; free. In a window the answer comes
    later. Raises :class:`NotSent` offline.
    """
    require_online()
    session = opening.session()
    deleting.ask(lambda: session.ask_element_deleted(int(element_id)))
    heartbeat.start()


def _deleted(element_id: int) -> None:
    records.forget(str(element_id))
    element_library.forget(str(element_id))
    for scene in bpy.data.scenes:
        if judging.problems(scene) is not None:
            judging.judge(scene)


deleting: Question[int] = Question(_deleted)
"""The element that is being deleted, or was deleted last."""


def name_rows() -> None:
    """Call the elements in the library what this file calls them."""
    for row in element_library.library().elements:
        row.name = records.name_of(row.element_id) or row.name
