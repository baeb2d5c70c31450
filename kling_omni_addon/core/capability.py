"""What each model can do and how much the service takes, as dated data from ``schemas/capability.*.json``.

A limit that moves and a model that comes are changes of data. Source: contract sections 1, 4.1, 4.3, 4.4 and 5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .errors import ArgumentsInvalid

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
"""The folder of the package's constant data."""

PROFILES = ("seed", "late")
"""The states of the service that are described, the earliest first (contract section 1)."""

DEFAULT_PROFILE = "late"
"""The state that is meant where nobody chooses one: the service as it is today."""

LEGACY, NEW = "legacy", "new"
DIALECTS = (LEGACY, NEW)
"""The generations of the service's API that are spoken (contract sections 1 and 13): ``core.dialects``."""

RELAYED = "Models as a Relay Documents Them"
"""What people call the choice that offers models which Kling itself does not describe."""


class Capability(StrEnum):
    """What a request starts from: the rows of the capability map (contract section 5)."""

    TEXT = "text"
    FIRST_FRAME = "first_frame"
    FRAMES = "frames"
    REFERENCES = "references"
    FEATURE = "feature"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """One model. Lengths in seconds; ``pictures_with_end_frame`` is ``None`` where only the general count limits.

    ``number`` is the model's own for ever: a .blend keeps it in place of the name. ``names`` is what each dialect calls
    the model; over one that is not among them the model is not to be had. ``takes_own_ids``: whether a task of it can
    be asked for by an id of ours, ``takes_callbacks`` whether Kling reports to an address. ``documented_by`` says who
    describes the model where it is not Kling: such a model is offered to those only who ask for it.

    ``middle_frames`` is how many pictures a clip may pass through between its first and its end frame,
    ``mixes_frames_and_references`` whether there may be references beside frames, and ``is_never_silent`` whether sound
    is made whatever is asked for. ``limits`` are the members of the profile that are other ones for this model:
    :meth:`Profile.of_model`.
    """

    name: str
    label: str
    names: Mapping[str, str]
    number: int
    modes: tuple[str, ...]
    aspect_ratios: tuple[str, ...]
    storyboards: tuple[str, ...]
    has_sound: bool
    element_kinds: tuple[str, ...]
    pictures_with_end_frame: int | None
    elements_with_first_frame: int
    elements_with_both_frames: int
    input_video_s: tuple[float, float]
    durations_s: Mapping[Capability, tuple[int, ...]]
    takes_own_ids: bool = True
    takes_callbacks: bool = True
    documented_by: str = ""
    middle_frames: int = 0
    mixes_frames_and_references: bool = True
    is_never_silent: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)

    def durations(self, capability: Capability) -> tuple[int, ...]:
        """The clip lengths to choose from; none for an edit, which is as long as its video."""
        return self.durations_s.get(capability, ())

    @property
    def shortest_s(self) -> int:
        """The shortest clip that it makes at all."""
        return min(min(lengths) for lengths in self.durations_s.values())

    @property
    def longest_s(self) -> int:
        """The longest clip that it makes at all."""
        return max(max(lengths) for lengths in self.durations_s.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceLimits:
    """How many things a request may refer to. ``None``: no such limit in this profile (R47).

    ``characters_beside_video`` elements made from a video may go with a reference video, and nothing else then (R45).
    ``images`` and ``elements`` are the most of each sort, whatever else there is (N06).
    """

    without_video: int
    with_video: int
    videos: int
    character_elements: int | None
    beside_character_elements: int | None
    characters_beside_video: int = 0
    images: int | None = None
    elements: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """Still pictures: sides in pixels, ``ratio`` is width / height, both ends inclusive (R35 to R38)."""

    formats: tuple[str, ...]
    size_bytes: int
    advised_size_bytes: int
    side: int
    ratio: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoLimits:
    """Reference videos: sides and area in pixels, ``ratio`` is width / height, ranges inclusive (R55 to R59)."""

    formats: tuple[str, ...]
    size_bytes: int
    side: tuple[int, int]
    area: int | None
    ratio: tuple[float, float] | None
    advised_ratio: float | None
    fps: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a new shot is set to, before anybody chooses. The service's own defaults are in the body's schema."""

    model: str
    mode: str
    aspect_ratio: str
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One limit that moved after the profile before: since ``date`` the rule ``rule`` (of the contract) judges ``what``
    in another way. ``given`` are the members that a body has where it is about this change, and ``beside_video`` says
    whether it has a video, too (``None``: either).
    """

    date: str
    rule: str
    what: str
    given: Mapping[str, Any] = field(default_factory=dict)
    beside_video: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The service at one date, over one dialect. ``mode_lines`` maps a mode to the short side of its 16:9 clips in
    pixels, ``mode_resolutions`` to the word of the new API for it.

    ``aspect_ratios`` and ``modes`` are all that any model has, also one that is not offered; a .blend keeps the place
    of one in these lists, so new ones are added at the end. ``mode_labels`` says what people call a mode.
    ``storyboards_beside_followed_video`` are the ways to cut that its pages name there (``None``: they do not say).
    ``changes`` tell what is other than in the profile before, with dates.

    What one dialect takes otherwise: ``script_characters`` are those of a storyboard's shots written as one text
    (``None``: each shot is sent by itself), ``edit_takes_storyboard`` whether an edited video may be cut into shots,
    ``followed_video_is_cut`` whether a clip beside a followed video always may, and ``followed_video_keeps_sound``
    whether it can keep that video's sound. ``marks_between_ids`` part the ids that one question asks for.
    """

    name: str
    dialect: str
    is_relayed: bool
    date: str
    source: str
    aspect_ratios: tuple[str, ...]
    modes: tuple[str, ...]
    mode_labels: Mapping[str, str]
    mode_lines: Mapping[str, int]
    mode_resolutions: Mapping[str, str]
    duration_s: tuple[int, int]
    proposed: Proposal
    prompt_characters: int
    shot_characters: int
    shots: int
    references: ReferenceLimits
    picture: PictureLimits
    video: VideoLimits
    output_fps: int
    end_frame_in_storyboard: bool
    storyboards_beside_followed_video: tuple[str, ...] | None
    changes: tuple[Change, ...]
    models: Mapping[str, ModelLimits]
    script_characters: int | None = None
    edit_takes_storyboard: bool = True
    followed_video_is_cut: bool = False
    followed_video_keeps_sound: bool = True
    marks_between_ids: str = ""

    def makers_of(self, mode: str) -> tuple[str, ...]:
        """What people call the models that have a mode."""
        return tuple(model.label for model in self.models.values() if mode in model.modes)

    @property
    def shapes(self) -> tuple[str, ...]:
        """The aspect ratios that any model offered makes."""
        made = {ratio for model in self.models.values() for ratio in model.aspect_ratios}
        return tuple(ratio for ratio in self.aspect_ratios if ratio in made)

    @property
    def takers_of_middle_frames(self) -> tuple[str, ...]:
        """What people call the models that take middle frames."""
        return tuple(model.label for model in self.models.values() if model.middle_frames)

    def of_model(self, name: str) -> Profile:
        """The service as it is for one of the models: its own limits stand in the places of the general ones."""
        model = self.models[name]
        other = {member: _replaced(getattr(self, member), value) for member, value in model.limits.items()}
        return replace(self, **{"aspect_ratios": model.aspect_ratios} | other)


@cache
def profile(name: str = DEFAULT_PROFILE, dialect: str = LEGACY, *, is_relayed: bool = False) -> Profile:
    """Read a profile as one dialect has it: its models, and what it takes otherwise. With ``is_relayed`` there are the
    models, too, that Kling itself does not describe. :class:`ArgumentsInvalid` when there is no profile of that name.
    """
    if name not in PROFILES:
        known = " and ".join(PROFILES)
        raise ArgumentsInvalid(f'There is no profile "{name}".', field="profile", remedy=f"Known profiles: {known}.")
    data = json.loads((SCHEMAS / f"capability.{name}.json").read_text(encoding="utf-8"))
    limits = _frozen(_overlaid(data, data.pop("dialects")[dialect]))
    spoken = {
        model: each
        for model, each in limits["models"].items()
        if dialect in each["names"] and (is_relayed or not each.get("documented_by"))
    }
    parts = {
        "name": limits["profile"],
        "dialect": dialect,
        "is_relayed": is_relayed,
        "proposed": Proposal(**limits["proposed"]),
        "references": ReferenceLimits(**limits["references"]),
        "picture": PictureLimits(**limits["picture"]),
        "video": VideoLimits(**limits["video"]),
        "changes": tuple(Change(**change) for change in limits["changes"]),
        "models": MappingProxyType({model: _model(model, each) for model, each in spoken.items()}),
    }
    return Profile(**{key: value for key, value in limits.items() if key != "profile"} | parts)


def _overlaid(data: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """JSON data with the members of another object in their places, and in those of objects in it."""
    return {
        **data,
        **{key: _overlaid(data[key], value) if isinstance(value, dict) else value for key, value in other.items()},
    }


def _replaced(value: Any, other: Any) -> Any:
    """A limit, or some members of a group of limits, in the place of what was there."""
    return replace(value, **other) if isinstance(other, Mapping) else other


def before(at: Profile) -> Profile | None:
    """The profile of the service before; ``None`` for the first."""
    place = PROFILES.index(at.name)
    return _at(at, PROFILES[place - 1]) if place else None


def after(at: Profile) -> Profile | None:
    """The profile of the service after; ``None`` for the last."""
    return next((_at(at, name) for name in PROFILES[PROFILES.index(at.name) + 1 :]), None)


def over(at: Profile, dialect: str) -> Profile:
    """The service at the same date over another dialect."""
    return profile(at.name, dialect, is_relayed=at.is_relayed)


def with_relayed(at: Profile) -> Profile:
    """The same state of the service over the same dialect, with the models that Kling itself does not describe."""
    return profile(at.name, at.dialect, is_relayed=True)


def _at(at: Profile, name: str) -> Profile:
    return profile(name, at.dialect, is_relayed=at.is_relayed)


def _model(name: str, limits: Mapping[str, Any]) -> ModelLimits:
    durations = {Capability(kind): lengths for kind, lengths in limits["durations_s"].items()}
    return ModelLimits(**{**limits, "name": name, "durations_s": MappingProxyType(durations)})


def _frozen(value: Any) -> Any:
    """JSON data whose lists and objects can no longer change."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def capability_from(*, video: str, has_first: bool, has_end: bool, has_references: bool) -> Capability:
    """The row of the capability map; ``video`` is ``""``, ``feature`` or ``base``; elements are references, too."""
    if video:
        return Capability.EDIT if video == "base" else Capability.FEATURE
    if has_end:
        return Capability.FRAMES
    if has_references:
        return Capability.REFERENCES
    return Capability.FIRST_FRAME if has_first else Capability.TEXT
