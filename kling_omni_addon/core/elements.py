"""The element library and the account: calls built, replies read (contract, section 9). Nothing here costs units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .capability import LEGACY, Profile, over
from .dialects.facts import moment_of
from .element_words import require_words
from .errors import ArgumentsInvalid, Unanswered
from .media import PictureRef
from .pieces import pieces_of
from .problem import Problem
from .protocol import PAGE_SIZE, HttpCall, HttpReply, cleaned, id_of, read_data
from .rules import table

ELEMENTS_PATH = "/v1/general/advanced-custom-elements"
PRESETS_PATH = "/v1/general/advanced-presets-elements"
DELETE_PATH = "/v1/general/delete-elements"

MORE_PICTURES = (1, 3)
_LARGEST_ID = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryElement:
    """An element of the account or a preset. ``kind`` is ``image_refer`` or ``video_refer``; ``made_at`` is in Unix
    seconds, 0 where Kling did not say.
    """

    id: int
    name: str
    description: str
    kind: str
    owner: str
    made_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementDraft:
    """An element to be made of pictures: one from the front, one to three more. By ``own_id`` it can be asked for when
    the answer to its creation is lost.
    """

    name: str
    description: str
    front: PictureRef | str
    more: tuple[PictureRef | str, ...]
    own_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementTask:
    """The making of an element: ``element`` is None until it is done, ``problem`` says why it never will be."""

    task_id: str
    element: LibraryElement | None
    problem: str


def picture_faults(draft: ElementDraft, profile: Profile) -> tuple[Problem, ...]:
    """What is wrong with a draft's pictures: an element's limits are those of a request's pictures (contract 9.1)."""
    images = [{"image_url": picture} for picture in (draft.front, *draft.more)]
    judged = table.problems_in({"image_list": images}, profile=over(profile, LEGACY))  # made over legacy paths
    return tuple(problem for problem in judged if problem.is_fault and problem.rule in table.MEDIA_RULES)


def build_element_list(page: int, *, presets: bool) -> HttpCall:
    """One page of the account's own elements, or of the presets."""
    path = PRESETS_PATH if presets else ELEMENTS_PATH
    return HttpCall(method="GET", path=f"{path}?pageNum={page}&pageSize={PAGE_SIZE}")


def build_element_create(draft: ElementDraft) -> HttpCall:
    """Make an element of pictures. Raises :class:`ArgumentsInvalid` for what the service would refuse."""
    _check(draft)
    body: dict[str, Any] = {
        "element_name": draft.name,
        "element_description": draft.description,
        "reference_type": "image_refer",
        "element_image_list": {
            "frontal_image": draft.front,
            "refer_images": [{"image_url": picture} for picture in draft.more],
        },
    }
    own_id = {"external_task_id": draft.own_id} if draft.own_id else {}
    return HttpCall(method="POST", path=ELEMENTS_PATH, pieces=pieces_of(body | own_id))


def build_element_query(task_id: str) -> HttpCall:
    """How far the making of an element is, by Kling's id of it or by ours."""
    return HttpCall(method="GET", path=f"{ELEMENTS_PATH}/{quote(task_id, safe='')}")


def build_element_delete(element_id: int) -> HttpCall:
    """Delete an own element. The id travels as a string here (contract 9.1)."""
    pieces = pieces_of({"element_id": str(element_id)})
    return HttpCall(method="POST", path=DELETE_PATH, pieces=pieces)


def read_element_list(reply: HttpReply) -> tuple[tuple[LibraryElement, ...], bool]:
    """The elements of one page, and whether another page may follow. Unfinished and deleted ones are left out."""
    tasks = read_data(reply, list)
    found = (_element(task) for task in tasks if isinstance(task, dict))
    return tuple(element for element in found if element is not None), len(tasks) >= PAGE_SIZE


def read_element_task(reply: HttpReply) -> ElementTask:
    """The state of an element in the making, also as its create answers it."""
    task = read_data(reply, dict)
    task_id = id_of(task.get("task_id"))
    if not task_id:
        raise Unanswered("The response contains no task ID.")
    problem = ""
    if task.get("task_status") == "failed":
        problem = cleaned(task.get("task_status_msg")) or "no reason given"
    return ElementTask(task_id=task_id, element=_element(task), problem=problem)


def read_deleted(reply: HttpReply) -> None:
    """Nothing, or the right exception: a delete may answer without ``data`` (sample r09)."""
    read_data(reply, object)


def _check(draft: ElementDraft) -> None:
    require_words(draft.name, draft.description)
    least, most = MORE_PICTURES
    if not least <= len(draft.more) <= most:
        raise ArgumentsInvalid(
            f"An element needs {least} to {most} images besides the front image, not {len(draft.more)}.",
            field="more",
            remedy="Add images of the side, the back or a detail.",
        )


def _element(task: Mapping[str, Any]) -> LibraryElement | None:
    result = task.get("task_result")
    entries = result.get("elements") if isinstance(result, dict) else None
    entry = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    number = id_of(entry.get("element_id"))
    is_number = number.isascii() and number.isdigit() and int(number) < _LARGEST_ID
    if entry.get("status") == "deleted" or not is_number:
        return None
    return LibraryElement(
        id=int(number),
        name=cleaned(entry.get("element_name")),
        description=cleaned(entry.get("element_description")),
        kind=cleaned(entry.get("reference_type")),
        owner=cleaned(entry.get("owned_by")),
        made_at=moment_of(task.get("created_at")),
    )
