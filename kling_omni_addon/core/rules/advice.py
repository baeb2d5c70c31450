"""Doubts that cost nothing to say: the service would not refuse for them (contract R75, A09 and section 16.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..capability import Capability
from ..problem import Finding, Remedy, nearest_duration, quoted
from .dates import since
from .reading import Item, Reading, whole_number

_REFERENCE = re.compile(r"<<<\s*(?P<kind>image|element|video)_(?P<number>[0-9]+)\s*>>>")


def prompt_refers_to_nothing(reading: Reading) -> Iterator[Finding]:
    """R75: doubtful is a prompt that mentions an image, element or video that is not there."""
    for path, text in reading.active_prompts:
        for match in _distinct(text):
            items, number = _items(reading, match["kind"]), whole_number(match["number"]) or 0
            if not 1 <= number <= len(items):
                written = f"<<<{match['kind']}_{match['number']}>>>"
                message = f"The prompt mentions {quoted(written)}, which does not exist."
                yield Finding(path, message, f"{written} does not match any item")


def _distinct(text: str) -> tuple[re.Match[str], ...]:
    return tuple({match.group("kind", "number"): match for match in _REFERENCE.finditer(text)}.values())


def _items(reading: Reading, kind: str) -> tuple[Item, ...]:
    return {"image": reading.images, "element": reading.elements, "video": reading.videos}[kind]


def key_is_ignored(reading: Reading) -> Iterator[Finding]:
    """A09: no key that Kling ignores: a mistyped one makes the wrong video, billed all the same (pitfall 19)."""
    for key in reading.unknown_keys:
        message = f"Kling ignores {quoted(key)}. Remove it or correct its spelling; until then nothing is sent."
        yield Finding(key, message, "", Remedy(path=key, value=None, label="Remove Key"))


def first_frame_in_storyboard(reading: Reading) -> Iterator[Finding]:
    """W01: doubtful is a first frame in a storyboard, where the profile takes no end frame there (conflict X6)."""
    if reading.is_multi and reading.first and not reading.profile.end_frame_in_storyboard:
        message = (
            "Kling's pages contradict each other about a first frame in a storyboard. Kling may refuse the request."
        )
        yield Finding(f"image_list[{reading.first[0]}]", message)


def end_frame_beside_references(reading: Reading) -> Iterator[Finding]:
    """W02: doubtful are plain images beside an end frame, on a model that neither R42 nor N05 limits."""
    is_open = reading.model.pictures_with_end_frame is None and reading.model.mixes_frames_and_references
    if reading.end and reading.plain and is_open:
        message = "Reference images with an end frame are rarely used. Kling may refuse or ignore the images."
        yield Finding(f"image_list[{reading.plain[0]}]", message)


def frames_at_an_odd_duration(reading: Reading) -> Iterator[Finding]:
    """W03: doubtful are frames at a length that the model may make from references only (conflict X3).

    Silent where R66, R67 or R68 refuse the length.
    """
    has_frame = bool(reading.first or reading.end) and not reading.videos
    lengths = reading.model.durations(Capability.FIRST_FRAME)
    is_open = reading.capability in (Capability.FRAMES, Capability.REFERENCES) or reading.known.lenient_o1_duration
    if has_frame and is_open and reading.is_duration_possible and reading.duration not in lengths:
        choice = " or ".join(map(str, lengths))
        message = f"{reading.model.label} may refuse {reading.duration} s with frames. Use {choice} s to be safe."
        yield Finding("duration", message, "", nearest_duration(lengths, reading.duration or 0))


def storyboard_of_an_edit(reading: Reading) -> Iterator[Finding]:
    """W07: doubtful is a storyboard for a video that is edited (contract, gap 6), where N02 does not refuse it."""
    if reading.is_multi and reading.is_edit and reading.profile.edit_takes_storyboard:
        message = "Kling's pages do not say how a storyboard changes an edited video."
        yield Finding("multi_shot", message)


def storyboard_beside_followed_video(reading: Reading) -> Iterator[Finding]:
    """W11: doubtful is a storyboard beside a followed video that is cut in a way which the profile's pages do not name.

    Silent where they do not say anything about it.
    """
    named, cut = reading.profile.storyboards_beside_followed_video, reading.given.get("shot_type")
    is_cut = reading.is_multi and reading.refer == "feature" and cut in reading.model.storyboards
    if named is not None and is_cut and cut not in named:
        date = since(reading.profile, "W11")
        message = (
            f"With a reference video, Kling has cut storyboards itself since {date}. Kling may refuse Shot by Shot."
        )
        yield Finding("shot_type", message)


def followed_video_may_be_cut(reading: Reading) -> Iterator[Finding]:
    """W12: worth saying is that a dialect cuts a clip beside a followed video as it likes (contract section 13)."""
    if reading.refer == "feature" and not reading.is_multi and reading.profile.followed_video_is_cut:
        message = "With Kling's new API, a clip with a reference video may be cut into several shots."
        yield Finding("video_list[0]", message)


def followed_sound_is_lost(reading: Reading) -> Iterator[Finding]:
    """W13: worth saying is that the sound of a followed video cannot be kept over a dialect (contract section 13)."""
    keeps = reading.refer == "feature" and reading.videos[0].get("keep_original_sound") == "yes"
    if keeps and not reading.profile.followed_video_keeps_sound:
        message = "With Kling's new API, a clip with a reference video is silent."
        if reading.model.is_never_silent:
            message = f"{reading.model.label} generates new sound; the sound of the video is not kept."
        yield Finding("video_list[0].keep_original_sound", message)


_UNMENTIONED: Mapping[str, str] = {
    "image": "The prompt does not mention image {number}. Kling may ignore the image.",
    "element": "The prompt does not mention element {number}. Kling may ignore the element.",
    "video": "The prompt does not mention video {number}. Kling may ignore the video.",
}


def item_is_never_mentioned(reading: Reading) -> Iterator[Finding]:
    """W08: doubtful is an item that no prompt names, except frames and an edited video; the model may ignore it."""
    mentioned = {
        (match["kind"], whole_number(match["number"]))
        for _, text in reading.active_prompts
        for match in _REFERENCE.finditer(text)
    }
    for kind, position in _nameable(reading):
        if (kind, position + 1) not in mentioned:
            message = _UNMENTIONED[kind].format(number=position + 1)
            yield Finding(f"{kind}_list[{position}]", message)


def _nameable(reading: Reading) -> Iterator[tuple[str, int]]:
    yield from (("image", position) for position in reading.plain)
    yield from (("element", position) for position in range(len(reading.elements)))
    if reading.refer == "feature":
        yield "video", 0
