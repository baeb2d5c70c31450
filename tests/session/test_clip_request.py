"""The request file of a clip: what lies beside the clip leads back to what was asked for, as far as it is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kling_omni_addon.clip_request import request_of_clip
from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.payload import Payload, draft_body
from kling_omni_addon.core.provenance import wish_of
from kling_omni_addon.core.request import OmniRequest, Picture, Role, Video
from kling_omni_addon.request_file import RequestFile, read_request_file
from kling_omni_addon.work.picture_store import PictureStore
from kling_omni_addon.work.sidecar import keep_sidecar, sidecar_of
from tests.workshop.rehearsal_stand import png
from tests.workshop.request_space import likely_requests

PROFILE = profile()


class Studio:
    """A folder with images, a clip that was made, and a job history's images."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = PictureStore(folder / "home" / "pictures")
        for name in ("a.png", "b.png"):
            (folder / name).write_bytes(png(1280, 720) + name.encode())
        self.clip = folder / "alley.mp4"
        self.clip.write_bytes(b"clip")

    def read(self, body: Any, name: str = "shot.json") -> RequestFile:
        (self.folder / name).write_text(json.dumps(body))
        return read_request_file(self.folder / name, self.store, PROFILE)

    def keep(self, request: OmniRequest, read: RequestFile | None = None) -> Path:
        """What lies beside the clip of a request."""
        intended = ev.Intended(
            at=1e9,
            payload=Payload(external_task_id="kob-1", model=request.model, pieces=("{}",)),
            origin=Origin(service="https://kling.example", key_fingerprint="x"),
            target=Target(name="alley"),
            wish=wish_of(request, read.pictures if read is not None else {}),
            once="sh010",
        )
        keep_sidecar(replace(lifecycle.begin(intended), clip=str(self.clip), task_id="811"))
        return sidecar_of(self.clip)


@contextmanager
def studio_somewhere() -> Iterator[Studio]:
    with TemporaryDirectory() as folder:
        yield Studio(Path(folder))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@settings(max_examples=40)
@given(likely_requests(), st.randoms())
def test_from_the_sidecar_of_a_command_to_a_request_and_back_is_the_identity(asked: OmniRequest, chance: Any) -> None:
    with studio_somewhere() as studio:
        pictures = tuple(replace(each, source=chance.choice(("a.png", "./b.png"))) for each in asked.pictures)
        body = draft_body(replace(asked, pictures=pictures, video=None, external_task_id=""), {})
        chance.shuffle(body.get("image_list", []))
        read = studio.read(body)
        assume(not any(problem.is_fault for problem in read.problems))
        sidecar = studio.keep(read.request, read)
        found = request_of_clip(sidecar, studio.store)
        assert (found.missing, found.changed) == ((), ())
        again = studio.read(found.body, "again.json")
        wish = json.loads(json.dumps(wish_of(again.request, again.pictures)))
        assert wish == json.loads(sidecar.read_bytes())["wish"]
        assert draft_body(again.request, again.pictures) == draft_body(read.request, read.pictures)


FIRST = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "duration": "3"}


def with_frame(source: str) -> dict[str, Any]:
    return FIRST | {"image_list": [{"image_url": source, "type": "first_frame"}]}


def test_a_sidecar_of_a_command_says_where_its_images_were_and_what_it_was_named(studio: Studio) -> None:
    read = studio.read(with_frame("a.png"))
    said = json.loads(studio.keep(read.request, read).read_bytes())
    (picture,) = said["wish"]["pictures"]
    assert (picture["source"], picture["role"], said["once"]) == (str(studio.folder / "a.png"), "first", "sh010")
    assert picture["sha256"] == read.pictures[picture["source"]].sha256


def test_an_image_that_was_changed_or_moved_is_the_copy_that_was_sent(studio: Studio) -> None:
    read = studio.read(with_frame("a.png"))
    sidecar, sent = studio.keep(read.request, read), (studio.folder / "a.png").read_bytes()
    for change in (lambda: (studio.folder / "a.png").write_bytes(b"x"), (studio.folder / "a.png").unlink):
        change()
        found = request_of_clip(sidecar, studio.store)
        (image,) = found.body["image_list"]
        assert Path(image["image_url"]).read_bytes() == sent
        assert "The copy of the job history is used" in found.changed[0]
        assert found.missing == ()
    empty = PictureStore(studio.folder / "other home" / "pictures")
    gone = request_of_clip(sidecar, empty)
    assert "a.png" in gone.missing[0]
    assert gone.body["image_list"] == [{"image_url": "", "type": "first_frame"}]
    (studio.folder / "a.png").write_bytes(b"x")
    assert "has changed since" in request_of_clip(sidecar, empty).changed[0]


def test_a_link_has_to_be_written_in_again_and_nothing_is_submitted_without_it(studio: Studio) -> None:
    pictures = (Picture(source="https://example.com/a.png?sig=canary", role=Role.FIRST),)
    for request, path in (
        (OmniRequest(prompt="x", pictures=pictures), "image_list[0]"),
        (OmniRequest(prompt="x", video=Video(url="https://example.com/v.mp4?sig=canary")), "video_list[0].video_url"),
        (OmniRequest(prompt="x", video=Video(url="https://x/y", clip="kob-9")), "video_list[0].video_url"),
    ):
        found = request_of_clip(studio.keep(request), studio.store)
        assert found.missing[0].startswith(path)
        assert "canary" not in json.dumps(found.body)
        assert studio.read(found.body).unsendable


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 1}',
        '{"format": 1, "submission": "x"}',
        '{"format": 1, "submission": "x", "wish": []}',
        '{"format": 1, "submission": "x", "wish": {"prompt": "x"}}',
        '{"format": 1, "submission": "x", "wish": {"pictures": 7}}',
    ],
)
def test_a_file_that_does_not_say_what_was_asked_for_is_refused(studio: Studio, text: str) -> None:
    (studio.folder / "other.json").write_text(text)
    with pytest.raises(ArgumentsInvalid):
        request_of_clip(studio.folder / "other.json", studio.store)
    with pytest.raises(ArgumentsInvalid, match="cannot be read"):
        request_of_clip(studio.folder / "nothing.json", studio.store)
