"""Bodies that are faultless but for what a test changes, and the shape of a case of one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import DIALECTS, PROFILES, Profile
from kling_omni_addon.core.media import PictureFacts, PictureRef, VideoFacts

V3, O1 = "kling-v3-omni", "kling-video-o1"
IMAGE, VIDEO = "https://example.com/a.png", "https://example.com/v.mp4"
THINGS = dict.fromkeys(range(1, 9), "image_refer")
CHARACTERS = dict.fromkeys(range(11, 19), "video_refer")
LIBRARY = {**THINGS, **CHARACTERS}
AUTO = {"multi_shot": True, "shot_type": "intelligence"}
BASE64 = "iVBORw0KGgoAAAANSUhEUg=="


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCase:
    """One body on one side of one rule (or warning, or must-accept sentence), in every profile and over every dialect
    that is named.

    ``expected`` are the faults, lowest number first; ``warned`` are warnings that must be there as well.
    ``service_text`` is the contract's own text for the first fault.
    """

    rule: str
    says: str
    body: Any
    profiles: tuple[str, ...] = PROFILES
    dialects: tuple[str, ...] = DIALECTS
    expected: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    service_text: str = ""
    elements: Mapping[int, str] | None = None
    used_ids: frozenset[str] = frozenset()
    videos: Mapping[str, VideoFacts] = field(default_factory=dict)
    lenient_o1_duration: bool = False

    @property
    def name(self) -> str:
        """What pytest shows."""
        return f"{self.rule} {self.profile}: {self.says}"

    @property
    def profile(self) -> str:
        """The earliest profile in which it is so."""
        return self.profiles[0]

    @property
    def is_broken(self) -> bool:
        """Whether it is outside its own rule, or gives cause for its own doubt."""
        return self.rule in (*self.expected, *self.warned)

    @property
    def is_faultless(self) -> bool:
        """Whether nothing is wrong about it, and nothing doubtful is named."""
        return not (self.expected or self.warned)

    @property
    def limits(self) -> tuple[Profile, ...]:
        """Everything that it is judged by, with the same outcome."""
        return tuple(capability.profile(name, dialect) for name in self.profiles for dialect in self.dialects)

    @property
    def knowledge(self) -> dict[str, Any]:
        """The keyword arguments of ``problems_in`` beside the profile."""
        return {
            "elements": self.elements,
            "used_ids": self.used_ids,
            "videos": self.videos,
            "lenient_o1_duration": self.lenient_o1_duration,
        }


def body(**changes: Any) -> dict[str, Any]:
    """A faultless V3 text body with some members changed; ``...`` leaves one out."""
    given = {"model_name": V3, "prompt": "A red chair.", "mode": "pro", "aspect_ratio": "16:9", "duration": "5"}
    return {key: value for key, value in {**given, **changes}.items() if value is not ...}


def o1(**changes: Any) -> dict[str, Any]:
    """A faultless O1 text body with some members changed."""
    return body(**{"model_name": O1, **changes})


def shots(*lengths: Any, prompt: Any = "A chair.") -> list[dict[str, Any]]:
    """Storyboard items of these lengths, numbered in order."""
    return [{"index": number, "prompt": prompt, "duration": text} for number, text in enumerate(lengths, start=1)]


def story(*lengths: Any, **changes: Any) -> dict[str, Any]:
    """A V3 storyboard cut shot by shot."""
    cut = {"multi_shot": True, "shot_type": "customize", "prompt": ..., "multi_prompt": shots(*lengths)}
    return body(**{**cut, **changes})


def images(*kinds: str | None, url: Any = IMAGE) -> list[dict[str, Any]]:
    """Images: ``f`` first frame, ``e`` end frame, ``r`` plain reference."""
    types = {"f": {"type": "first_frame"}, "e": {"type": "end_frame"}, "r": {}}
    return [{"image_url": url, **types[kind or "r"]} for kind in kinds]


def elements(*ids: Any) -> list[dict[str, Any]]:
    """Elements with these ids."""
    return [{"element_id": number} for number in ids]


def videos(use: str | None = "feature", **changes: Any) -> list[dict[str, Any]]:
    """One reference video."""
    return [{"video_url": VIDEO, "keep_original_sound": "no", **({"refer_type": use} if use else {}), **changes}]


def picture(**facts: Any) -> list[dict[str, Any]]:
    """A first frame in the picture store, faultless but for these facts."""
    right = {"format": "png", "width": 1280, "height": 720, "size_bytes": 900_000}
    ref = PictureRef(sha256="0" * 64, facts=PictureFacts(**{**right, **facts}))
    return [{"image_url": ref, "type": "first_frame"}]


def probed(**facts: Any) -> dict[str, VideoFacts]:
    """What a probe says of the video, faultless but for these facts."""
    right = {
        "format": "mp4",
        "duration_s": 5.0,
        "width": 1280,
        "height": 720,
        "fps": 24.0,
        "size_bytes": 9_000_000,
        "pixel_aspect": 1.0,
    }
    return {VIDEO: VideoFacts(**{**right, **facts})}


def _case(rule: str, says: str, given: Any, *, profile: str = "", dialect: str = "", **more: Any) -> RuleCase:
    """A case that is the same everywhere, unless a profile or a dialect is named."""
    profiles, dialects = (profile,) if profile else PROFILES, (dialect,) if dialect else DIALECTS
    return RuleCase(rule=rule, says=says, body=given, profiles=profiles, dialects=dialects, **more)


def accept(rule: str, says: str, given: Any, **more: Any) -> RuleCase:
    """A body just inside a rule."""
    return _case(rule, says, given, **more)


def refuse(rule: str, says: str, given: Any, service_text: str, *, also: tuple[str, ...] = (), **more: Any) -> RuleCase:
    """A body just outside a rule; ``also`` names further rules that it cannot but break."""
    expected = tuple(
        sorted((rule, *also), key=lambda each: (each[0] == "N", each))
    )  # N01 and the others come after R73
    return _case(rule, says, given, expected=expected, service_text=service_text, **more)


def warn(rule: str, says: str, given: Any, **more: Any) -> RuleCase:
    """A body that the service takes, and that is doubtful."""
    return _case(rule, says, given, warned=(rule,), **more)
