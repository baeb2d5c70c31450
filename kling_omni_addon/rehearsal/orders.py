"""From a create body to an order: refused at once, doomed to fail later, or carried out (contract 16.1 to 16.5).

A body in the words of the new API is turned into the legacy ones first (:mod:`.new_words`), and judged by the limits
that the new API has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from ..core.capability import NEW, Profile
from ..core.media import PictureRef
from ..core.payload import request_from_body
from ..core.pricing import price_of
from ..core.rules import table
from ..core.rules.reading import Knowledge, Reading, is_link
from ..core.sizes import clip_size
from . import new_words
from .answers import Refusal
from .clip_maker import ClipSpec
from .received import ReceivedMedia, Unreachable
from .settings import RehearsalSettings
from .shapes import nearest_ratio
from .tasks import Order
from .video_facts import video_facts

UNREACHABLE = "Something went wrong when we tried to get the contents of the file."
RISKY = "Failure to pass the risk control system"
_FAILURES: Mapping[str, str] = {
    "R37": "Image pixel is invalid",
    "R38": (
        "The resolution or aspect ratio of the input image is invalid. "
        "Please ensure it meets the required specifications."
    ),
}
"""What a failed task says where its text differs from the rule's own (contract 16.5)."""
_UNKNOWN_VIDEO_S = 5.0
"""The length believed of a base video that cannot be fetched."""


class OrderDesk:
    """Judges create bodies as the service does over the dialect of a profile. Safe to call from any thread."""

    def __init__(self, settings: RehearsalSettings, profile: Profile, media: ReceivedMedia) -> None:
        self._settings = settings
        self._spoken = profile
        self._profile = new_words.unmeasured(profile) if profile.dialect == NEW else profile
        self._media = media

    def order(
        self, content: bytes | bytearray, *, model: str, elements: Mapping[int, str], used_ids: Collection[str]
    ) -> Order:
        """The order in a create body; ``model`` is what the path names, over the new API. Raises :class:`Refusal` for
        the fault that the contract answers first (16.1).
        """
        document = json_object(content)
        if self._spoken.dialect != NEW:
            return self._ordered(document, elements, used_ids)
        asked = new_words.asked(document, model, self._spoken)
        try:
            return self._ordered(asked.body, elements, used_ids)
        except Refusal as refusal:
            raise asked.reworded(refusal) from None

    def _ordered(self, body: Mapping[str, Any], elements: Mapping[int, str], used_ids: Collection[str]) -> Order:
        body = self._with_pictures(body)
        known = {"elements": elements, "used_ids": used_ids, "lenient_o1_duration": self._settings.lenient_o1_duration}
        doom = self._verdict(body, known)
        videos: dict[str, table.VideoFacts] = {}
        try:
            body = self._with_linked_pictures(body)
            videos = self._videos(body)
        except Unreachable:
            doom = doom or UNREACHABLE
        else:
            doom = doom or self._verdict(body, {**known, "videos": videos})
        reading = Reading.of(body, self._profile, Knowledge(videos=videos))
        return self._written(reading, doom or self._moderated(reading))

    def picture_doom(self, texts: Collection[str]) -> str:
        """Why the pictures of an element make it fail, or ``""``. Raises :class:`Refusal` for bad Base64."""
        images = [{"image_url": text} for text in texts]
        ratio = self._profile.aspect_ratios[0]
        body = self._with_pictures({"prompt": "-", "aspect_ratio": ratio, "image_list": images})
        doom = self._verdict(body, {})
        try:
            return doom or self._verdict(self._with_linked_pictures(body), {})
        except Unreachable:
            return UNREACHABLE

    def _verdict(self, body: Mapping[str, Any], known: Mapping[str, Any]) -> str:
        """The text of the fault that will fail the task, or ``""``. Raises :class:`Refusal` for any other."""
        faults = [p for p in table.problems_in(body, profile=self._profile, **known) if p.is_fault]
        is_later = self._settings.media_faults == "task"
        later = [fault for fault in faults if is_later and fault.rule in table.MEDIA_RULES]
        now = [fault for fault in faults if fault not in later]
        if now:
            status, code = table.service_answer(now[0].rule)
            raise Refusal(code, now[0].service_text, status=status)
        return _FAILURES.get(later[0].rule, later[0].service_text) if later else ""

    def _moderated(self, reading: Reading) -> str:
        """R85: the first trigger word refuses, the second dooms."""
        prompt = _prompt(reading).casefold()
        refused, failed = self._settings.trigger_words
        if refused.casefold() in prompt:
            raise Refusal(1301)
        return RISKY if failed.casefold() in prompt else ""

    def _with_pictures(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with its Base64 pictures decoded; what cannot be decoded stays for R39 to find."""
        return _with_image_urls(body, lambda text: text if is_link(text) else self._media.decoded(text) or text)

    def _with_linked_pictures(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return _with_image_urls(body, lambda text: self._media.linked_picture(text) or text)

    def _videos(self, body: Mapping[str, Any]) -> dict[str, table.VideoFacts]:
        """Facts of the videos that could be fetched, by link."""
        links = [video["video_url"] for video in body.get("video_list") or ()]
        paths = {link: self._media.linked(link) for link in links}
        return {link: video_facts(path) for link, path in paths.items() if path}

    def _written(self, reading: Reading, doom: str) -> Order:
        given = reading.given
        seconds = _seconds(reading)
        mode = given.get("mode", table.DEFAULT_MODE)
        sounds = given.get("sound") == "on"
        keeps_sound = any(video.get("keep_original_sound") == "yes" for video in reading.videos)
        lines = self._profile.mode_lines[mode]
        width, height = clip_size(min(lines, self._settings.most_lines or lines), _aspect_ratio(reading))
        return Order(
            external_task_id=given.get("external_task_id", ""),
            prompt=_prompt(reading),
            doom=doom,
            has_watermark=bool(given.get("watermark_info", {}).get("enabled")),
            units=_units(reading, seconds),
            spec=ClipSpec(
                width=width,
                height=height,
                fps=self._profile.output_fps,
                duration_s=seconds,
                prompt=_prompt(reading),
                first=self._picture(reading, reading.first),
                end=self._picture(reading, reading.end),
                references=self._pictures(reading, (*reading.plain, *reading.middle)),
                sound=sounds or keeps_sound,
                label=f"{reading.model.name} {mode}",
            ),
        )

    def _pictures(self, reading: Reading, positions: tuple[int, ...]) -> tuple[Path, ...]:
        """Files of the pictures at these places, where there are any: links that are only believed have none."""
        images = [reading.images[position]["image_url"] for position in positions]
        return tuple(self._media.path(image) for image in images if isinstance(image, PictureRef))

    def _picture(self, reading: Reading, positions: tuple[int, ...]) -> Path | None:
        return next(iter(self._pictures(reading, positions)), None)


def json_object(content: bytes | bytearray) -> dict[str, Any]:
    """The JSON object in a body. Raises :class:`Refusal` 1200 for anything else (R01, R05)."""
    try:
        document = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refusal(1200, "request body is not valid JSON") from None
    if not isinstance(document, dict):
        raise Refusal(1200, "request body is not a JSON object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")  # Python's parser takes NaN and Infinity


def _with_image_urls(body: Mapping[str, Any], change: Callable[[str], str | PictureRef]) -> dict[str, Any]:
    """The body with every text in an ``image_url`` changed; whatever has another shape is left for the rules."""
    images = body.get("image_list")
    if not isinstance(images, list):
        return dict(body)
    changed = [
        {**image, "image_url": change(image["image_url"])}
        if isinstance(image, dict) and isinstance(image.get("image_url"), str)
        else image
        for image in images
    ]
    return {**body, "image_list": changed}


def _prompt(reading: Reading) -> str:
    return " / ".join(text for _, text in reading.active_prompts)


def _seconds(reading: Reading) -> float:
    """The clip's length; an edit is as long as its video."""
    if not reading.is_edit:
        return float(reading.duration or table.DEFAULT_DURATION)
    facts = reading.known.videos.get(reading.videos[0]["video_url"])
    return facts.duration_s if facts and facts.duration_s else _UNKNOWN_VIDEO_S


def _units(reading: Reading, seconds: float) -> Decimal:
    # A03: an edit may carry anything as its duration, which has no effect.
    body = {name: value for name, value in reading.given.items() if name != "duration" or not reading.is_edit}
    price = price_of(request_from_body(body), input_video_s=seconds, profile=reading.profile)
    return price.units if price else Decimal(0)


def _aspect_ratio(reading: Reading) -> str:
    """The first frame's nearest shape, else the asked one, else the video's, else the service's first (A04: an edit
    ignores what was asked).
    """
    ratios = reading.profile.aspect_ratios
    if reading.first:
        picture = reading.images[reading.first[0]]["image_url"]
        known = isinstance(picture, PictureRef) and picture.facts.width and picture.facts.height
        return nearest_ratio(picture.facts.width, picture.facts.height, ratios) if known else ratios[0]
    asked = reading.given.get("aspect_ratio", "")
    if asked and not reading.is_edit:
        return str(asked)
    for video in reading.videos:
        facts = reading.known.videos.get(video["video_url"])
        if facts and facts.width and facts.height:
            return nearest_ratio(facts.width, facts.height, ratios)
    return ratios[0]
