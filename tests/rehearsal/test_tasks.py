"""The life of a task at the rehearsal server: states, ids, slots, units, charges, clips (contract 6, 8, 10, 16.5)."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from kling_omni_addon.core.media import mp4_fault
from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.rehearsal_stand import TASKS, Stand, mp4, png, refusal, text_body, until


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path)) as stand:
        yield stand


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_create_answers_as_the_service_does(stand: Stand) -> None:
    document = stand.create(external_task_id="mine").json()
    data = document["data"]
    assert (document["code"], document["message"]) == (0, "SUCCEED")
    assert data == {
        "task_id": data["task_id"],
        "task_info": {"external_task_id": "mine"},
        "task_status": "submitted",
        "created_at": 1_790_000_000_000,
        "updated_at": 1_790_000_000_000,
    }
    assert stand.create().json()["data"]["task_info"] == {}


def test_task_ids_are_texts_of_18_digits_that_a_float_would_damage(stand: Stand) -> None:
    ids = [stand.created() for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(len(task_id) == 18 and int(task_id) > 2**53 for task_id in ids)


def test_a_task_is_submitted_then_processing_then_succeeds(stand: Stand) -> None:
    task_id = stand.created()
    assert (stand.task(task_id)["task_status"], stand.task(task_id)["task_result"]) == ("submitted", {})
    stand.pass_time(1.0)
    assert (stand.task(task_id)["task_status"], stand.task(task_id)["task_result"]) == ("processing", {})
    stand.pass_time(3.9)
    assert stand.task(task_id)["task_status"] == "processing"
    task = stand.ended(task_id)
    assert (task["task_status"], task["task_status_msg"]) == ("succeed", "")
    assert [video["duration"] for video in task["task_result"]["videos"]] == ["5.0"]
    assert task["final_unit_deduction"] == "3"
    assert task["updated_at"] >= task["created_at"] + 5000


def test_a_task_does_not_succeed_before_its_clip_exists(stand: Stand) -> None:
    stand.clips.gate.clear()
    task_id = stand.created()
    stand.pass_time(86_400.0)
    assert stand.task(task_id)["task_status"] == "processing"
    stand.clips.gate.set()
    assert stand.ended(task_id)["task_status"] == "succeed"


def test_a_clip_that_cannot_be_made_fails_the_task_with_the_reason(stand: Stand) -> None:
    stand.clips.failure = "Blender is not there."
    task = stand.ended(stand.created())
    assert (task["task_status"], task["task_status_msg"]) == ("failed", "Blender is not there.")
    assert (task["task_result"], task["final_unit_deduction"]) == ({}, "0")


def test_a_task_is_found_by_either_id_and_by_no_other(stand: Stand) -> None:
    task_id = stand.created(external_task_id="mine / à moi")
    assert stand.task("mine%20%2F%20%C3%A0%20moi")["task_id"] == task_id
    assert stand.task(task_id)["task_info"] == {"external_task_id": "mine / à moi"}
    answer = stand.get(f"{TASKS}/nobodys")
    assert refusal(answer) == (400, 1201, "Task not found by id/external id: nobodys")


def test_an_external_id_is_used_up_by_an_accepted_create_only(stand: Stand) -> None:
    assert stand.create(external_task_id="mine", mode="standard").status_code == 400
    assert stand.create(external_task_id="mine").status_code == 200
    assert refusal(stand.create(external_task_id="mine")) == (400, 1201, "External_task_id mine already exists")
    assert stand.stats()["creates_by_external_id"] == {"mine": 1}


def test_two_creates_with_one_id_at_the_same_moment_make_one_task(stand: Stand) -> None:
    barrier = threading.Barrier(8)
    codes: list[int] = []

    def create() -> None:
        headers = {"Authorization": f"Bearer {stand.settings.api_key}"}
        barrier.wait()
        answer = requests.post(
            stand.server.url + TASKS, json=text_body(external_task_id="mine"), headers=headers, timeout=20
        )
        codes.append(answer.status_code)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + [400] * 7
    assert stand.stats()["creates"] == 1


def test_the_list_is_paged_newest_first(stand: Stand) -> None:
    ids = [stand.created() for _ in range(5)]
    pages = [stand.get(f"{TASKS}?pageNum={page}&pageSize=2").json()["data"] for page in (1, 2, 3, 4)]
    assert [[task["task_id"] for task in page] for page in pages] == [ids[:2:-1], ids[2:0:-1], ids[:1], []]


def test_a_slot_is_held_until_the_task_ends(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, concurrency=2)) as stand:
        first = stand.created()
        stand.created(prompt="rehearse-fail")
        assert refusal(stand.create()) == (429, 1303, "parallel task over resource pack limit")
        assert stand.stats()["creates"] == 2
        stand.ended(first)
        assert stand.create().status_code == 200


def test_success_is_charged_from_the_price_list_and_failure_is_not(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, units=Decimal("4.8"))) as stand:
        stand.ended(stand.created(duration="3"))
        stand.ended(stand.created(prompt="rehearse-fail"))
        assert stand.stats() | {"charges_units": "1.8", "units_left": "3"} == stand.stats()
        stand.ended(stand.created(duration="5", sound="on"))
        assert stand.stats() | {"charges_units": "5.8", "units_left": "0"} == stand.stats()
        assert refusal(stand.create()) == (429, 1102, "Account balance not enough")


def test_an_empty_account_is_said_before_a_full_one_and_moderation_before_both(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, units=Decimal(0), concurrency=0)) as stand:
        assert refusal(stand.create())[1] == 1102
        assert refusal(stand.create(prompt="please Rehearse-Refuse this"))[1] == 1301
        assert refusal(stand.create(prompt="rehearse-refuse", mode="standard"))[1] == 1201


def test_the_second_trigger_word_fails_the_task_for_nothing(stand: Stand) -> None:
    task = stand.ended(stand.created(prompt="rehearse-fail"))
    assert (task["task_status"], task["task_status_msg"]) == ("failed", "Failure to pass the risk control system")
    assert task["final_unit_deduction"] == "0"


def test_trigger_words_count_in_the_active_prompt_only(stand: Stand) -> None:
    shots = [{"index": 1, "prompt": "rehearse-refuse", "duration": "5"}]
    assert stand.create(multi_prompt=shots).status_code == 200
    multi = {"multi_shot": True, "shot_type": "customize", "multi_prompt": shots}
    assert refusal(stand.create(prompt="", **multi))[1] == 1301


@pytest.mark.parametrize(
    ("picture", "rule_text", "task_text"),
    [
        (b"GIF89a" + bytes(100), "image format must be jpg, jpeg or png", "image format must be jpg, jpeg or png"),
        (png(299, 400), "image width and height must be at least 300px", "Image pixel is invalid"),
        (
            png(1000, 300),
            "image aspect ratio must be between 1:2.5 and 2.5:1",
            "The resolution or aspect ratio of the input image is invalid. "
            "Please ensure it meets the required specifications.",
        ),
        (
            png(300, 300, size=10_485_760),
            "image file size must not exceed 10MB",
            "image file size must not exceed 10MB",
        ),
    ],
    ids=["format", "sides", "ratio", "size"],
)
def test_an_unfit_picture_fails_the_task_or_by_a_setting_the_create(
    tmp_path: Path, picture: bytes, rule_text: str, task_text: str
) -> None:
    images = [{"image_url": _base64(picture)}]
    later = Stand(RehearsalSettings(folder=tmp_path / "later"))
    with later:
        task = later.ended(later.created(image_list=images))
        assert (task["task_status"], task["task_status_msg"]) == ("failed", task_text)
        assert later.clips.specs == []
    now = Stand(RehearsalSettings(folder=tmp_path / "now", media_faults="create"))
    with now:
        assert refusal(now.create(image_list=images)) == (400, 1201, rule_text)


@pytest.mark.parametrize(("width", "height"), [(300, 300), (750, 300), (300, 750)])
def test_a_picture_at_the_limits_becomes_a_clip(stand: Stand, width: int, height: int) -> None:
    images = [{"image_url": _base64(png(width, height))}]
    assert stand.ended(stand.created(image_list=images))["task_status"] == "succeed"


def test_pictures_arrive_whole_and_in_their_roles(stand: Stand) -> None:
    first, end, plain = png(640, 360, size=300_000), png(640, 368), png(400, 400)
    lines = base64.encodebytes(first).decode()  # with line breaks, which are tolerated
    images = [
        {"image_url": _base64(plain)},
        {"image_url": lines, "type": "first_frame"},
        {"image_url": _base64(end), "type": "end_frame"},
    ]
    stand.ended(stand.created(image_list=images, aspect_ratio=None))
    (spec,) = stand.clips.specs
    assert spec.first is not None
    assert spec.end is not None
    assert spec.first.read_bytes() == first
    assert spec.end.read_bytes() == end
    assert [path.read_bytes() for path in spec.references] == [plain]
    assert spec.first.suffix == ".png"


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png;base64,AAAA",
        "AAA",
        "AAAA=",
        "A A A",
        "====",
        "AA==AAAA",
        "-_-_",
        "äöüß",
        "/home/me/frame.png",
        "\n",
    ],
)
def test_what_is_no_raw_base64_is_refused(stand: Stand, text: str) -> None:
    assert refusal(stand.create(image_list=[{"image_url": text}]))[:2] == (400, 1201)


def test_padding_inside_a_long_text_is_refused(stand: Stand) -> None:
    text = "A" * (4 * 65_536 - 2) + "==" + "A" * 40
    assert refusal(stand.create(image_list=[{"image_url": text}]))[2] == "File is not in a valid base64 format"


def test_a_link_to_nowhere_fails_the_task_and_another_is_believed(stand: Stand) -> None:
    lost = stand.ended(stand.created(image_list=[{"image_url": "https://cdn.invalid/a.png"}]))
    assert lost["task_status_msg"] == "Something went wrong when we tried to get the contents of the file."
    shut = stand.ended(stand.created(image_list=[{"image_url": "http://127.0.0.1:1/a.png"}]))
    assert shut["task_status_msg"] == lost["task_status_msg"]
    assert (
        stand.ended(stand.created(image_list=[{"image_url": "https://example.com/a.png"}]))["task_status"] == "succeed"
    )


@pytest.mark.parametrize(
    ("members", "size"),
    [
        ({"mode": "std"}, (1280, 720)),
        ({"mode": "std", "aspect_ratio": "9:16"}, (720, 1280)),
        ({"mode": "std", "aspect_ratio": "1:1"}, (960, 960)),
        ({"mode": None}, (1920, 1080)),
        ({"mode": "pro", "aspect_ratio": "9:16"}, (1080, 1920)),
        ({"mode": "pro", "aspect_ratio": "1:1"}, (1440, 1440)),
        ({"mode": "4k"}, (3840, 2160)),
        ({"mode": "4k", "aspect_ratio": "1:1"}, (2880, 2880)),
    ],
)
def test_the_mode_and_the_aspect_ratio_decide_the_size(
    tmp_path: Path, members: dict[str, Any], size: tuple[int, int]
) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, profile="late")) as stand:
        stand.created(**members)
        spec = until(lambda: stand.clips.specs, bool)[0]
        assert (spec.width, spec.height) == size


def test_a_rehearsal_may_make_its_clips_smaller_but_never_larger(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, most_lines=900)) as stand:
        for mode in ("std", "pro"):
            stand.created(mode=mode)
        specs = until(lambda: stand.clips.specs, lambda specs: len(specs) == 2)
        assert {(spec.width, spec.height) for spec in specs} == {(1280, 720), (1600, 900)}


def test_a_server_that_is_told_another_profile_goes_on_with_its_tasks(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path)) as stand:
        task = stand.created(mode="4k")
        stand.server.judge_by("seed")
        assert stand.server.ready_line()["profile"] == "seed"
        refused = stand.call("POST", TASKS, json=text_body(mode="4k"))
        assert refusal(refused) == (400, 1201, "mode value '4k' is invalid")
        assert stand.ended(task)["task_status"] == "succeed"


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(1920, 1080, (1280, 720)), (640, 480, (1280, 720)), (500, 480, (960, 960)), (400, 640, (720, 1280))],
)
def test_a_first_frame_overrules_the_aspect_ratio(stand: Stand, width: int, height: int, size: tuple[int, int]) -> None:
    images = [{"image_url": _base64(png(width, height)), "type": "first_frame"}]
    stand.created(image_list=images, aspect_ratio="1:1")
    spec = until(lambda: stand.clips.specs, bool)[0]
    assert (spec.width, spec.height) == size


def test_an_edit_of_an_earlier_result_is_as_long_and_as_shaped_as_that(stand: Stand) -> None:
    stand.clips.clip.write_bytes(mp4(seconds=8.5, width=720, height=1280))
    video = {"video_url": stand.clip_link(), "refer_type": "base", "keep_original_sound": "yes"}
    charged = Decimal(stand.stats()["charges_units"])
    task = stand.ended(stand.created(video_list=[video], aspect_ratio=None, duration="3"))
    spec = stand.clips.specs[-1]
    assert (spec.width, spec.height, spec.duration_s, spec.sound) == (720, 1280, 8.5, True)
    assert task["final_unit_deduction"] == "8.1"  # 9 s at 0.9
    assert Decimal(stand.stats()["charges_units"]) - charged == Decimal("8.1")
    assert stand.stats()["downloads"] == 0


def test_an_edit_of_an_unknown_video_is_taken_for_5_seconds(stand: Stand) -> None:
    task = stand.ended(stand.created(video_list=[{"video_url": "https://example.com/v.mp4"}], aspect_ratio=None))
    assert (stand.clips.specs[-1].duration_s, task["final_unit_deduction"]) == (5.0, "4.5")


@pytest.mark.parametrize(
    ("profile", "video", "text"),
    [
        ("seed", mp4(seconds=2.0), "video duration is out of range"),
        ("seed", mp4(seconds=11.0), "video duration is out of range"),
        ("seed", mp4(width=700, height=720), "video resolution is out of range"),
        ("seed", mp4(fps=23), "video frame rate must be 24-60fps"),
        ("seed", b"\0" * 5000, "video format must be mp4 or mov"),
        ("late", mp4(seconds=2.0), "video duration is out of range"),
        ("late", mp4(seconds=16.0), "video duration is out of range"),
        ("late", mp4(width=690, height=720), "video resolution is out of range"),
    ],
    ids=["short", "long", "small", "slow", "format", "short, late", "long, late", "small, late"],
)
def test_an_unfit_video_fails_the_task(tmp_path: Path, profile: str, video: bytes, text: str) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, profile=profile)) as stand:
        stand.clips.clip.write_bytes(video)
        task = stand.ended(stand.created(video_list=[{"video_url": stand.clip_link()}], aspect_ratio=None))
        assert (task["task_status"], task["task_status_msg"]) == ("failed", text)


def test_a_watermarked_clip_comes_beside_the_clean_one_when_asked_for(stand: Stand) -> None:
    plain = stand.ended(stand.created())
    marked = stand.ended(stand.created(watermark_info={"enabled": True}))
    assert "watermark_url" not in plain["task_result"]["videos"][0]
    assert marked["watermark_info"] == {"enabled": True}
    clip, copy = (stand.get(marked["task_result"]["videos"][0][name]) for name in ("url", "watermark_url"))
    assert (clip.status_code, copy.status_code) == (200, 200)
    assert copy.content.startswith(clip.content)
    assert b"watermark" in copy.content[len(clip.content) :]
    assert mp4_fault(io.BytesIO(copy.content), len(copy.content)) == ""
    assert clip.headers["ETag"] != copy.headers["ETag"]


def test_nobody_gets_a_marked_copy_that_was_not_ordered(stand: Stand) -> None:
    task_id = stand.created()
    stand.ended(task_id)
    link = stand.server._service.links.link(f"{task_id}-watermark")
    assert stand.get(link).status_code == 404


def test_unknown_keys_are_ignored_and_null_is_absent(stand: Stand) -> None:
    body = {"negative_prompt": 7, "cfg_scale": [], "prompt": "A fox", "aspect_ratio": "1:1", "duration": None}
    assert stand.call("POST", TASKS, json=body).status_code == 200


def test_a_reset_forgets_tasks_and_figures_but_no_ids(stand: Stand) -> None:
    before = stand.created(external_task_id="mine")
    assert stand.call("POST", "/rehearsal/reset").json()["creates"] == 0
    assert stand.get(f"{TASKS}/{before}").status_code == 400
    assert stand.created(external_task_id="mine") != before


def test_creates_are_counted_by_prompt_and_storyboards_by_their_texts(stand: Stand) -> None:
    shots = [{"index": 1, "prompt": "one", "duration": "2"}, {"index": 2, "prompt": "two", "duration": "3"}]
    stand.created()
    stand.created()
    stand.created(prompt=None, multi_shot=True, shot_type="customize", multi_prompt=shots)
    assert stand.stats()["creates_by_prompt"] == {"A fox in the snow": 2, "one / two": 1}


def test_seven_pictures_of_10_mb_arrive(stand: Stand) -> None:
    images = [{"image_url": _base64(png(1920, 1080, size=10_000_000))} for _ in range(7)]
    assert stand.ended(stand.created(image_list=images))["task_status"] == "succeed"


def test_received_pictures_are_gone_when_the_server_has_stopped(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path)) as stand:
        stand.ended(stand.created(image_list=[{"image_url": _base64(png(300, 300))}] * 2))
        (picture,) = set(stand.clips.specs[0].references)
        assert picture.exists()
    assert not picture.parent.exists()
    assert stand.clips.clip.exists()
