"""A create body as the service reads it: what is absent, a number, a link, a prompt that counts (contract 16.1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ..capability import Capability, ModelLimits, Profile, capability_from
from ..media import VideoFacts
from .shape import default_of, is_absent

DEFAULT_MODEL = default_of("model_name")
DEFAULT_MODE = default_of("mode")
DEFAULT_DURATION = default_of("duration")

Item: TypeAlias = Mapping[str, Any]

_LINK = re.compile(r"https?://\S+")
_DIGITS = re.compile(r"[0-9]+")
# Python refuses to make an integer of thousands of digits; anything this long is beyond every limit and id anyway.
_BEYOND_ALL = 10**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known beyond the body. Rules are silent where nothing is (``None``, a link that is not in ``videos``).

    ``elements`` maps element ids to ``image_refer`` or ``video_refer``; ``used_ids`` are the account's external task
    ids; ``videos`` maps links to facts; ``lenient_o1_duration`` drops R68 (conflict X2).
    """

    elements: Mapping[int, str] | None = None
    used_ids: Collection[str] = ()
    videos: Mapping[str, VideoFacts] = field(default_factory=dict)
    lenient_o1_duration: bool = False


def is_blank(text: str) -> bool:
    """Whether nothing is left after trimming white space. Never copies, because the text may be a whole picture."""
    return not text or text.isspace()


def is_link(text: str) -> bool:
    """Whether this is an http(s) address without white space."""
    return _LINK.fullmatch(text) is not None


def whole_number(value: Any) -> int | None:
    """An integer, or a text of the digits 0 to 9 only; ``None`` for everything else, also for booleans and floats."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        return None
    digits = value.lstrip("0") or "0"
    return int(digits) if len(digits) <= 30 else _BEYOND_ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A body whose types are right, read once for all rules.

    ``given`` holds the top-level members that are not absent. ``duration`` is the task's length in seconds, ``None``
    where it is no whole number. ``profile`` is the service as it is for this model. ``refer`` is ``""`` without a
    video, else ``feature``, ``base`` or ``unknown``, as the first video says. ``plain`` are the positions of the images
    without a type.
    """

    given: Item
    profile: Profile
    model: ModelLimits
    known: Knowledge
    unknown_keys: tuple[str, ...]
    prompt: str
    shots: tuple[Item, ...]
    images: tuple[Item, ...]
    elements: tuple[Item, ...]
    videos: tuple[Item, ...]
    is_multi: bool
    is_custom: bool
    duration: int | None
    refer: str
    first: tuple[int, ...]
    middle: tuple[int, ...]
    end: tuple[int, ...]
    plain: tuple[int, ...]

    @classmethod
    def of(cls, body: Item, profile: Profile, known: Knowledge, unknown_keys: tuple[str, ...] = ()) -> Reading:
        """Read a body that has passed the type rules and names a model of the profile (R05, R06, R10, R11, R71)."""
        given = {key: value for key, value in body.items() if not is_absent(value)}
        images, videos = given.get("image_list", ()), given.get("video_list", ())
        is_multi = given.get("multi_shot", False)
        model = profile.models[given.get("model_name", DEFAULT_MODEL)]
        return cls(
            given=given,
            profile=profile.of_model(model.name),
            model=model,
            known=known,
            unknown_keys=unknown_keys,
            prompt=given.get("prompt", ""),
            shots=tuple(given.get("multi_prompt", ())),
            images=tuple(images),
            elements=tuple(given.get("element_list", ())),
            videos=tuple(videos),
            is_multi=is_multi,
            is_custom=is_multi and given.get("shot_type") == "customize",
            duration=whole_number(given.get("duration", DEFAULT_DURATION)),
            refer=_refer(videos),
            first=_of_type(images, "first_frame"),
            middle=_of_type(images, "middle_frame"),
            end=_of_type(images, "end_frame"),
            plain=_of_type(images, None),
        )

    def at(self, profile: Profile) -> Reading | None:
        """The same body at another date; ``None`` where the service did not have the model."""
        model = profile.models.get(self.model.name)
        return None if model is None else replace(self, profile=profile.of_model(model.name), model=model)

    @property
    def is_edit(self) -> bool:
        """Whether the first video is itself to be changed."""
        return self.refer == "base"

    @property
    def frames(self) -> tuple[int, ...]:
        """The positions of all frames, in their order in the list."""
        return tuple(sorted((*self.first, *self.middle, *self.end)))

    @property
    def references(self) -> int:
        """Images, frames included, and elements."""
        return len(self.images) + len(self.elements)

    @property
    def capability(self) -> Capability:
        """The row of the capability map that this body belongs to."""
        return capability_from(
            video=self.refer,
            has_first=bool(self.first),
            has_end=bool(self.end or self.middle),
            has_references=bool(self.plain or self.elements),
        )

    @property
    def is_duration_possible(self) -> bool:
        """Whether R66 and R67 hold, so that the narrower rules of duration have something to judge."""
        shortest, longest = self.profile.duration_s
        shortest, longest = max(shortest, self.model.shortest_s), min(longest, self.model.longest_s)
        return self.duration is not None and shortest <= self.duration <= longest

    @property
    def active_prompts(self) -> tuple[tuple[str, str], ...]:
        """The texts the model will see, each with its path."""
        if not self.is_custom:
            return (("prompt", self.prompt),)
        texts = ((f"multi_prompt[{position}].prompt", shot.get("prompt")) for position, shot in enumerate(self.shots))
        return tuple((path, text) for path, text in texts if isinstance(text, str))

    def element_kind(self, element: Item) -> str | None:
        """``image_refer`` or ``video_refer``; ``None`` where that is not known."""
        number = whole_number(element.get("element_id"))
        return None if number is None else (self.known.elements or {}).get(number)

    @property
    def characters(self) -> tuple[int, ...]:
        """The positions of the elements known to be video characters."""
        return tuple(
            place for place, element in enumerate(self.elements) if self.element_kind(element) == "video_refer"
        )

    def image_name(self, position: int) -> str:
        """What an artist calls an image: by its role, or by the number that the prompt uses for it."""
        if position in self.middle:
            return f"Middle frame {self.middle.index(position) + 1}"
        names = {"first_frame": "The first frame", "end_frame": "The end frame"}
        kind = self.images[position].get("type")
        return names.get(kind, f"Image {position + 1}") if isinstance(kind, str) else f"Image {position + 1}"


def _refer(videos: Collection[Item]) -> str:
    for video in videos:
        use = video.get("refer_type")
        return "base" if use is None else use if use in ("base", "feature") else "unknown"
    return ""


def _of_type(images: Collection[Item], wanted: str | None) -> tuple[int, ...]:
    return tuple(position for position, image in enumerate(images) if image.get("type") == wanted)
