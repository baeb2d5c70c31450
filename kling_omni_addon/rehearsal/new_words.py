"""The create body of the new API, turned into the words that the rules judge (contract section 13).

The rules, the clips and the prices go by the legacy words, whichever generation of the API a create came over. What
only the new API refuses is refused here; all other refusals are worded as it would word them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..core.capability import LEGACY, NEW, ModelLimits, Profile
from ..core.rules.reading import is_blank
from .answers import Refusal
from .members import member, typed

_LEGACY_NAMES_TAKEN = ("kling-v3-omni",)
"""Legacy names of models that the new path took as well (seen live)."""
_DEFAULT_RESOLUTION = "720p"
_AUDIO = ("native", "original", "off")
_SHOT = re.compile(r"\s*shot\s+([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*,(.*)", re.DOTALL | re.IGNORECASE)
_FIELD = re.compile(
    r"multi_prompt\[(?P<shot>\d+)\]\.(?P<part>\w+)"
    r"|\b(?P<field>multi_prompt|multi_shot|image_list|video_list|end_frame|sound|mode|aspect_ratio|callback_url)\b"
    r"|(?<!task )\b(?P<length>duration)\b"
)
_NAMES = {
    "multi_shot": "settings.multi_shot",
    "image_list": "contents",
    "video_list": "contents",
    "end_frame": "last_frame",
    "sound": "settings.audio",
    "mode": "settings.resolution",
    "aspect_ratio": "settings.aspect_ratio",
    "callback_url": "options.callback_url",
}
_PARTS = {"prompt": "", "duration": " duration", "index": " number"}


class _Input(NamedTuple):
    """How one type of content stands in the legacy body: in the list of its kind, with its value under ``becomes``."""

    kind: str
    value: str
    becomes: str
    beside: Mapping[str, str] = {}


_INPUTS: Mapping[str, _Input] = {
    "first_frame": _Input("image", "url", "image_url", {"type": "first_frame"}),
    "middle_frame": _Input("image", "url", "image_url", {"type": "middle_frame"}),
    "last_frame": _Input("image", "url", "image_url", {"type": "end_frame"}),
    "refer_image": _Input("image", "url", "image_url"),
    "feature_video": _Input("video", "url", "video_url", {"refer_type": "feature"}),
    "base_video": _Input("video", "url", "video_url", {"refer_type": "base"}),
    "element": _Input("element", "element_id", "element_id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A create in legacy words. ``text_at`` is where its prompt stood in the new ones."""

    body: Mapping[str, Any]
    text_at: str

    def reworded(self, refusal: Refusal) -> Refusal:
        """The same refusal with the new API's names of fields; what it quotes stays as it is."""
        said, quote, rest = refusal.text.partition("'")
        return Refusal(refusal.code, _FIELD.sub(self._field, said) + quote + rest, status=refusal.status)

    def _field(self, match: re.Match[str]) -> str:
        if match["shot"]:
            return f"{self.text_at} shot {int(match['shot']) + 1}{_PARTS[match['part']]}"
        return "settings.duration" if match["length"] else _NAMES.get(match["field"], self.text_at)


def asked(document: Mapping[str, Any], name: str, profile: Profile) -> Asked:
    """What a body asks for of the model that the path names. Raises :class:`Refusal` for what only the new API refuses.

    ``profile`` is that of the new API. Lengths of texts are judged here, as they came: in the legacy words a mention of
    an input is longer.
    """
    model = _model(name, profile)
    contents = _Contents.of(member(document, "contents", "array"))
    settings = member(document, "settings", "object") or {}
    options = member(document, "options", "object") or {}
    limits = profile.models[model]
    sound = _sound(settings, contents.use, limits)
    keeps_sound = {"keep_original_sound": "yes" if sound == "original" else "no"}
    lists = {
        "image_list": contents.lists["image"],
        "video_list": [{**video, **keeps_sound} for video in contents.lists["video"]],
        "element_list": contents.lists["element"],
    }
    body = {
        "model_name": model,
        **_cut(contents, settings, profile.of_model(model)),
        **{key: items for key, items in lists.items() if items},
        "sound": "on" if sound == "native" else "off",
        **_output(settings, profile),
        **_options(options, limits),
    }
    return Asked(body=body, text_at=contents.text_at)


def unmeasured(profile: Profile) -> Profile:
    """The profile by which the rules judge what :func:`asked` made: texts of any length, because it measured them."""
    return replace(profile, prompt_characters=sys.maxsize, shot_characters=sys.maxsize, script_characters=None)


def _model(name: str, profile: Profile) -> str:
    for model in profile.models.values():
        if name == model.names[NEW] or (name in _LEGACY_NAMES_TAKEN and name == model.names.get(LEGACY)):
            return model.name
    raise Refusal(1201, "model is not supported")


class _Contents:
    """The contents of a body, sorted into lists of the legacy body as they are read.

    ``lists`` has one for each kind of input, ``mentions`` says what the legacy API calls the input with an id.
    """

    def __init__(self) -> None:
        self.text = self.text_at = ""
        self.lists: dict[str, list[dict[str, Any]]] = {"image": [], "video": [], "element": []}
        self.mentions: dict[str, str] = {}

    @classmethod
    def of(cls, items: list[Any] | None) -> _Contents:
        """Read them all. Raises :class:`Refusal` for a content that is none, and unless one is a prompt."""
        if not items:
            raise Refusal(1201, "contents cannot be empty")
        contents = cls()
        for position, item in enumerate(items):
            contents._read(typed(item, "object", f"contents[{position}]"), f"contents[{position}].")
        if not contents.text_at:
            raise Refusal(1201, "contents must hold exactly 1 prompt")
        return contents

    @property
    def use(self) -> str:
        """``feature`` or ``base`` as the first video says, ``""`` without one."""
        return next((str(video["refer_type"]) for video in self.lists["video"]), "")

    def named(self, text: str) -> str:
        """A text in which each mention of an input is the legacy one."""
        if not self.mentions:
            return text
        ids = "|".join(re.escape(known) for known in sorted(self.mentions, key=len, reverse=True))
        return re.sub(rf"(?<![A-Za-z0-9_])@({ids})(?![A-Za-z0-9_])", lambda match: self.mentions[match[1]], text)

    def _read(self, item: Mapping[str, Any], at: str) -> None:
        kind = _filled(item, "type", at)
        if kind == "prompt":
            self._read_prompt(item, at)
        elif kind in _INPUTS:
            self._read_input(item, _INPUTS[kind], at)
        else:
            raise Refusal(1201, f"{at}type value '{kind}' is invalid")

    def _read_prompt(self, item: Mapping[str, Any], at: str) -> None:
        if self.text_at:
            raise Refusal(1201, "contents must hold exactly 1 prompt")
        self.text, self.text_at = _filled(item, "text", at), f"{at}text"

    def _read_input(self, item: Mapping[str, Any], given: _Input, at: str) -> None:
        items = self.lists[given.kind]
        items.append({given.becomes: _filled(item, given.value, at), **given.beside})
        known_as = _filled(item, "id", at) if given.kind == "element" else member(item, "id", "string", at)
        if known_as in self.mentions:
            raise Refusal(1201, f"{at}id value '{known_as}' is not unique")
        if known_as:
            self.mentions[known_as] = f"<<<{given.kind}_{len(items)}>>>"


def _filled(item: Mapping[str, Any], name: str, at: str) -> str:
    text = member(item, name, "string", at)
    if text is None or is_blank(text):
        raise Refusal(1201, f"{at}{name} cannot be empty")
    return str(text)


def _cut(contents: _Contents, settings: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """The prompt, or the shots that are written out in it.

    Beside a followed video ``multi_shot`` has to be true, whether the clip is to be cut or not; so only shots that are
    written out say that it is.
    """
    _measure(contents.text, contents.text_at, profile.prompt_characters)
    is_multi = member(settings, "multi_shot", "boolean", "settings.")
    shots = [] if is_multi is False else list(_shots(contents, profile))
    if shots:
        return {"multi_shot": True, "shot_type": "customize", "multi_prompt": shots}
    prompt = {"prompt": contents.named(contents.text)}
    if contents.use == "feature":
        if is_multi is False:
            raise Refusal(1201, "settings.multi_shot must be true with feature_video")
        return prompt
    return prompt if is_multi is False else {"multi_shot": True, "shot_type": "intelligence", **prompt}


def _shots(contents: _Contents, profile: Profile) -> Iterator[dict[str, Any]]:
    """The shots in a text that is nothing but ``shot n, seconds, words;`` over and over; none of any other text."""
    *pieces, rest = contents.text.split(";")
    written = [_SHOT.fullmatch(piece) for piece in (pieces if is_blank(rest) else [*pieces, rest])]
    for position, match in enumerate(written if all(written) else ()):
        assert match is not None
        words = match[3].strip()
        _measure(words, f"{contents.text_at} shot {position + 1}", profile.shot_characters)
        yield {"index": int(match[1]), "prompt": contents.named(words), "duration": match[2]}


def _measure(text: str, at: str, most: int) -> None:
    if len(text) > most:
        raise Refusal(1201, f"{at} must not exceed {most} characters")


def _sound(settings: Mapping[str, Any], use: str, model: ModelLimits) -> str:
    audio = _one_of(settings, "audio", _AUDIO, "off")
    if model.is_never_silent and audio == "native":
        return audio
    if use == "feature" and audio != "off":
        raise Refusal(1201, "settings.audio can only be off with feature_video")
    if use == "base" and audio == "native":
        raise Refusal(1201, "settings.audio value 'native' is not supported with base_video")
    if use != "base" and audio == "original":
        raise Refusal(1201, "settings.audio value 'original' is only supported with base_video")
    return audio


def _one_of(settings: Mapping[str, Any], name: str, words: tuple[str, ...], default: str) -> str:
    word = member(settings, name, "string", "settings.")
    if word is not None and word not in words:
        raise Refusal(1201, f"settings.{name} value '{word}' is invalid")
    return default if word is None else str(word)


def _output(settings: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    modes = {resolution: mode for mode, resolution in profile.mode_resolutions.items()}
    body = {"mode": modes[_one_of(settings, "resolution", tuple(modes), _DEFAULT_RESOLUTION)]}
    ratio, seconds = (
        member(settings, "aspect_ratio", "string", "settings."),
        member(settings, "duration", "integer", "settings."),
    )
    if ratio is not None:
        body["aspect_ratio"] = ratio
    if seconds is not None:
        body["duration"] = str(seconds)
    return body


def _options(options: Mapping[str, Any], model: ModelLimits) -> dict[str, Any]:
    """An id is passed over by a model that takes none, as any member that is not known (contract 13.1)."""
    texts = {name: member(options, name, "string", "options.") for name in ("callback_url", "external_task_id")}
    body: dict[str, Any] = {
        name: text for name, text in texts.items() if text and (model.takes_own_ids or name != "external_task_id")
    }
    watermark = member(options, "watermark_info", "object", "options.") or {}
    if "enabled" in watermark and typed(watermark["enabled"], "boolean", "options.watermark_info.enabled"):
        body["watermark_info"] = {"enabled": True}
    return body
