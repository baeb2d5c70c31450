"""Elements: what is sent and what is understood (contract, section 9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.elements import (
    ElementDraft,
    LibraryElement,
    build_element_create,
    build_element_delete,
    picture_faults,
    read_deleted,
    read_element_list,
    read_element_task,
)
from kling_omni_addon.core.errors import ArgumentsInvalid, Refused, Unanswered
from kling_omni_addon.core.media import PictureFacts, PictureRef
from kling_omni_addon.core.protocol import HttpReply
from tests.workshop.samples import BY_ID

HERO = {"element_id": 829836802793406551, "element_name": "Hero", "element_description": "d", "owned_by": "me"}


def reply(body: Any, status: int = 200) -> HttpReply:
    return HttpReply(status=status, headers={}, body=json.dumps(body).encode())


def task(**element: Any) -> dict[str, Any]:
    known = HERO | {"reference_type": "image_refer", "status": "succeed"} | element
    return {"task_id": "1", "task_status": "succeed", "task_result": {"elements": [known]}}


def draft(**changes: Any) -> ElementDraft:
    plain = {"name": "Hero", "description": "a fox", "front": "https://e/f.png", "more": ("https://e/s.png",)}
    return ElementDraft(**(plain | changes))


def test_an_element_is_made_of_a_front_and_more_pictures() -> None:
    ref = PictureRef(sha256="ab" * 32, facts=PictureFacts(format="png", width=640, height=360, size_bytes=3))
    call = build_element_create(draft(front=ref))
    text = "".join(piece if isinstance(piece, str) else "AAAA" for piece in call.pieces)
    assert json.loads(text) == {
        "element_name": "Hero",
        "element_description": "a fox",
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": "AAAA", "refer_images": [{"image_url": "https://e/s.png"}]},
    }
    assert call.content_length == len(text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 21}, "name"),
        ({"description": ""}, "description"),
        ({"description": "d" * 101}, "description"),
        ({"more": ()}, "more"),
        ({"more": ("https://e/1.png",) * 4}, "more"),
    ],
)
def test_an_element_that_would_be_refused_is_not_built(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ArgumentsInvalid) as caught:
        build_element_create(draft(**changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    "changes", [{"name": "n" * 20}, {"description": "d" * 100}, {"more": ("https://e/1.png",) * 3}]
)
def test_an_element_at_the_limits_is_built(changes: dict[str, Any]) -> None:
    assert build_element_create(draft(**changes)).method == "POST"


@pytest.mark.parametrize(("height", "rules"), [(300, []), (299, ["R37"])])
def test_the_pictures_of_an_element_obey_the_rules_of_pictures(height: int, rules: list[str]) -> None:
    ref = PictureRef(sha256="ab" * 32, facts=PictureFacts(format="png", width=600, height=height, size_bytes=3))
    assert [problem.rule for problem in picture_faults(draft(front=ref), profile())] == rules


def test_a_list_gives_usable_elements_only_and_keeps_long_ids_whole() -> None:
    page = {"code": 0, "data": [task(), task(status="deleted"), {"task_id": "2", "task_result": {}}, None, 3]}
    elements, has_more = read_element_list(reply(page))
    hero = LibraryElement(id=829836802793406551, name="Hero", description="d", kind="image_refer", owner="me")
    assert (elements, has_more) == ((hero,), False)


def test_a_full_page_may_be_followed_by_another() -> None:
    assert read_element_list(reply({"code": 0, "data": [task()] * 100}))[1]


def test_an_element_in_the_making_is_none_yet_and_a_failed_one_says_why() -> None:
    making = {"task_id": "1", "task_status": "processing", "task_result": {}}
    assert read_element_task(reply({"code": 0, "data": making})).element is None
    failed = making | {"task_status": "failed", "task_status_msg": "Image pixel is invalid"}
    assert read_element_task(reply({"code": 0, "data": failed})).problem == "Image pixel is invalid"
    with pytest.raises(Unanswered):
        read_element_task(reply({"code": 0, "data": {}}))


def test_a_delete_answers_without_data() -> None:
    assert build_element_delete(7).pieces == ('{"element_id":"7"}',)
    read_deleted(reply(BY_ID["r09"]["body"]))
    with pytest.raises(Refused):
        read_deleted(reply({"code": 1201, "message": "Element id not found: 7"}, 400))
