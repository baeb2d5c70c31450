"""The element library and the account at the rehearsal server (contract, section 9)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.rehearsal_stand import TASKS, Stand, png, refusal

ELEMENTS = "/v1/general/advanced-custom-elements"
PRESETS = "/v1/general/advanced-presets-elements"
COSTS = "/account/costs?start_time=1&end_time=2"
PICTURE = base64.b64encode(png(300, 300)).decode()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path, units=Decimal("4.8"))) as stand:
        yield stand


def _body(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "element_name": "Fox",
        "element_description": "A red fox",
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": PICTURE, "refer_images": [{"image_url": "https://example.com/a.png"}]},
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def _made(stand: Stand, **changes: Any) -> dict[str, Any]:
    """The element of a create that must succeed."""
    task_id = stand.call("POST", ELEMENTS, json=_body(**changes)).json()["data"]["task_id"]
    stand.pass_time(1.0)
    element: dict[str, Any] = stand.get(f"{ELEMENTS}/{task_id}").json()["data"]["task_result"]["elements"][0]
    return element


def test_an_element_is_submitted_then_processing_then_there(stand: Stand) -> None:
    created = stand.call("POST", ELEMENTS, json=_body(external_task_id="fox", tag_list=[{"tag_id": "o_103"}])).json()
    assert created["data"]["task_status"] == "submitted"
    assert stand.get(f"{ELEMENTS}/fox").json()["data"]["task_status"] == "processing"
    stand.pass_time(1.0)
    data = stand.get(f"{ELEMENTS}/{created['data']['task_id']}").json()["data"]
    assert (data["task_status"], data["final_unit_deduction"]) == ("succeed", "0")
    (element,) = data["task_result"]["elements"]
    assert isinstance(element["element_id"], int)
    assert element | {"element_name": "Fox", "reference_type": "image_refer", "status": "succeed"} == element
    assert element["tag_list"] == [{"tag_id": "o_103"}]
    assert PICTURE not in str(element)


def test_an_element_can_be_used_until_it_is_deleted(stand: Stand) -> None:
    element_id = _made(stand)["element_id"]
    members = {"element_list": [{"element_id": element_id}]}
    assert stand.create(**members).status_code == 200
    path = "/v1/general/delete-elements"
    deleted = stand.call("POST", path, json={"element_id": str(element_id)})
    assert (deleted.status_code, "data" in deleted.json()) == (200, False)
    assert refusal(stand.create(**members)) == (400, 1201, f"Element id not found: {element_id}")
    gone = (400, 1201, f"Element id not found: {element_id}")
    assert refusal(stand.call("POST", "/v1/general/delete-advanced-elements", json={"element_id": element_id})) == gone


def test_an_element_in_the_making_cannot_be_used(stand: Stand) -> None:
    task_id = stand.call("POST", ELEMENTS, json=_body()).json()["data"]["task_id"]
    element_id = int(task_id) + 1
    assert refusal(stand.create(element_list=[{"element_id": element_id}]))[1] == 1201
    stand.pass_time(1.0)
    assert stand.create(element_list=[{"element_id": element_id}]).status_code == 200


def test_an_element_id_that_a_float_would_mistake_for_another_is_unknown(stand: Stand) -> None:
    known = _made(stand)["element_id"]
    assert float(known + 1) == float(known)
    answer = stand.create(element_list=[{"element_id": known + 1}])
    assert refusal(answer)[2] == f"Element id not found: {known + 1}"


def test_own_elements_are_listed_newest_first_without_the_deleted(stand: Stand) -> None:
    ids = [_made(stand, element_name=f"Fox {number}")["element_id"] for number in range(4)]
    stand.call("POST", "/v1/general/delete-elements", json={"element_id": str(ids[1])})
    tasks = stand.get(f"{ELEMENTS}?pageNum=1&pageSize=2").json()["data"]
    assert [task["task_result"]["elements"][0]["element_id"] for task in tasks] == [ids[3], ids[2]]
    assert len(stand.get(f"{ELEMENTS}?pageNum=2&pageSize=2").json()["data"]) == 1
    assert refusal(stand.get(f"{ELEMENTS}?pageSize=501"))[2] == "pageSize value '501' is invalid"


def test_presets_belong_to_kling_and_cannot_be_deleted(stand: Stand) -> None:
    elements = [task["task_result"]["elements"][0] for task in stand.get(PRESETS).json()["data"]]
    assert {element["owned_by"] for element in elements} == {"kling"}
    assert {element["reference_type"] for element in elements} == {"image_refer", "video_refer"}
    preset = elements[0]["element_id"]
    assert stand.create(element_list=[{"element_id": preset}]).status_code == 200
    assert refusal(stand.call("POST", "/v1/general/delete-elements", json={"element_id": str(preset)}))[1] == 1201


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"element_name": None}, "element_name cannot be empty"),
        ({"element_name": "x" * 21}, "element_name must not exceed 20 characters"),
        ({"element_description": " "}, "element_description cannot be empty"),
        ({"element_description": "x" * 101}, "element_description must not exceed 100 characters"),
        ({"reference_type": "image"}, "reference_type value 'image' is invalid"),
        ({"element_image_list": None}, "element_image_list.frontal_image cannot be empty"),
        (
            {"element_image_list": {"frontal_image": PICTURE, "refer_images": []}},
            "element_image_list.refer_images supports 1 to 3 images",
        ),
        (
            {"element_image_list": {"frontal_image": PICTURE, "refer_images": [{"image_url": PICTURE}] * 4}},
            "element_image_list.refer_images supports 1 to 3 images",
        ),
        (
            {"element_image_list": {"frontal_image": "no base64!", "refer_images": [{"image_url": PICTURE}]}},
            "File is not in a valid base64 format",
        ),
        (
            {"reference_type": "video_refer", "element_video_list": {"refer_videos": []}},
            "element_video_list.refer_videos supports 1 video",
        ),
        (
            {"reference_type": "video_refer", "element_video_list": {"refer_videos": [{"video_url": "AAAA"}]}},
            "Video URL is invalid",
        ),
    ],
)
def test_an_element_out_of_limits_is_refused(stand: Stand, changes: dict[str, Any], text: str) -> None:
    assert refusal(stand.call("POST", ELEMENTS, json=_body(**changes))) == (400, 1201, text)
    assert stand.get(ELEMENTS).json()["data"] == []


@pytest.mark.parametrize("changes", [{"element_name": "x" * 20}, {"element_description": "x" * 100}])
def test_an_element_at_its_limits_is_made(stand: Stand, changes: dict[str, Any]) -> None:
    assert _made(stand, **changes)["status"] == "succeed"


def test_a_video_character_is_made_from_a_link(stand: Stand) -> None:
    videos = {"refer_videos": [{"video_url": "https://example.com/v.mp4"}]}
    element = _made(stand, reference_type="video_refer", element_image_list=None, element_video_list=videos)
    video = {"video_url": "https://example.com/v.mp4"}
    refused = stand.create(element_list=[{"element_id": element["element_id"]}], video_list=[video])
    assert refusal(refused)[2] == "video character elements are not supported with a reference video"


@pytest.mark.parametrize(
    ("frontal", "message"),
    [
        (base64.b64encode(png(299, 300)).decode(), "Image pixel is invalid"),
        ("https://cdn.invalid/a.png", "Something went wrong when we tried to get the contents of the file."),
    ],
)
def test_an_element_from_an_unfit_picture_fails(stand: Stand, frontal: str, message: str) -> None:
    images = {"frontal_image": frontal, "refer_images": [{"image_url": PICTURE}]}
    task_id = stand.call("POST", ELEMENTS, json=_body(element_image_list=images)).json()["data"]["task_id"]
    stand.pass_time(1.0)
    data = stand.get(f"{ELEMENTS}/{task_id}").json()["data"]
    assert (data["task_status"], data["task_status_msg"], data["task_result"]) == ("failed", message, {})


def test_an_external_id_of_an_element_is_used_once(stand: Stand) -> None:
    assert stand.call("POST", ELEMENTS, json=_body(external_task_id="fox")).status_code == 200
    again = stand.call("POST", ELEMENTS, json=_body(external_task_id="fox"))
    assert refusal(again) == (400, 1201, "External_task_id fox already exists")
    assert stand.create(external_task_id="fox").status_code == 200


def test_an_element_task_is_not_found_among_the_videos_and_the_other_way_round(stand: Stand) -> None:
    element_task = stand.call("POST", ELEMENTS, json=_body()).json()["data"]["task_id"]
    video_task = stand.created()
    for path in (f"{TASKS}/{element_task}", f"{ELEMENTS}/{video_task}"):
        assert refusal(stand.get(path))[1:] == (1201, f"Task not found by id/external id: {path.rpartition('/')[2]}")


def test_the_account_tells_what_is_left(stand: Stand) -> None:
    (pack,) = stand.get(COSTS).json()["data"]["resource_pack_subscribe_infos"]
    assert (pack["total_quantity"], pack["remaining_quantity"], pack["status"]) == (4.8, 4.8, "online")
    stand.ended(stand.created(duration="8"))
    (pack,) = stand.get(COSTS).json()["data"]["resource_pack_subscribe_infos"]
    assert (pack["remaining_quantity"], pack["status"]) == (0.0, "runOut")


def test_the_account_is_asked_once_a_second_at_most(stand: Stand) -> None:
    assert stand.get(COSTS).status_code == 200
    assert refusal(stand.get(COSTS))[:2] == (429, 1302)
    stand.pass_time(1.0)
    assert stand.get(COSTS).status_code == 200


@pytest.mark.parametrize("query", ["", "?start_time=1", "?start_time=x&end_time=2"])
def test_the_account_wants_a_span_of_time(stand: Stand, query: str) -> None:
    assert refusal(stand.get(f"/account/costs{query}"))[:2] == (400, 1201)


def test_elements_and_account_want_a_key(stand: Stand) -> None:
    for path in (ELEMENTS, PRESETS, COSTS, f"{ELEMENTS}/1"):
        assert refusal(stand.get(path, headers={"Authorization": None}))[1] == 1001
