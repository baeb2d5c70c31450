"""A create body of the legacy API in the words of the new one (contract section 13).

:func:`in_new_words` stands in for the client's own codec and may be replaced by it. It also writes what that refuses to
write, because the rehearsal server has to refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kling_omni_addon.core import capability
from kling_omni_addon.core.rules.reading import DEFAULT_MODE, DEFAULT_MODEL, whole_number
from kling_omni_addon.core.rules.shape import is_absent

_IMAGES = {"first_frame": "first_frame", "end_frame": "last_frame", None: "refer_image"}
_VIDEOS = {"feature": "feature_video", "base": "base_video", None: "base_video"}
_MENTION = re.compile(r"<<<\s*((?:image|element|video)_[0-9]+)\s*>>>")


class Unsayable(ValueError):
    """The new API has no words for this."""


def in_new_words(body: Any) -> tuple[str, dict[str, Any]]:
    """The model's name for the path, and the body. Raises :class:`Unsayable` where there are no words for it.

    REPLACE BY core.dialects: this is the one function by which tests come to bodies of the new API.
    """
    if not isinstance(body, dict):
        raise Unsayable("no object")
    given = {key: value for key, value in body.items() if not is_absent(value)}
    limits = capability.profile("late", capability.NEW)
    model = limits.models.get(_text(given, "model_name", DEFAULT_MODEL))
    if model is None:
        raise Unsayable("no such model")
    mode = _text(given, "mode", DEFAULT_MODE)
    _text(given, "shot_type", "")
    _items(given, "multi_prompt")
    videos = list(_videos(given))
    use = videos[0]["type"] if videos else ""
    settings = {
        "multi_shot": True if use == "feature_video" else given.get("multi_shot", False),
        "audio": _audio(given, use),
        "resolution": limits.mode_resolutions.get(mode, mode),
        **{key: given[key] for key in ("aspect_ratio",) if key in given},
        **({"duration": _seconds(given["duration"], use)} if "duration" in given else {}),
    }
    known = ("watermark_info", "callback_url", "external_task_id")
    options = {key: given[key] for key in known if key in given}
    contents = [*_prompt(given), *_images(given), *videos, *_elements(given)]
    return model.names[capability.NEW], {"contents": contents, "settings": settings, "options": options}


def _text(given: Mapping[str, Any], key: str, default: str) -> str:
    value = given.get(key, default)
    if not isinstance(value, str):
        raise Unsayable(f"{key} is no text")
    return value


def _items(given: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    items = given.get(key, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Unsayable(f"{key} is no list of objects")
    return items


def _seconds(value: Any, use: str) -> Any:
    seconds = whole_number(value)
    if seconds is None and use == "base_video":
        raise Unsayable("a length that has no effect and no type")
    return value if seconds is None else seconds


def _audio(given: Mapping[str, Any], use: str) -> str:
    sound = _text(given, "sound", "off")
    keeps = {video.get("keep_original_sound") for video in _items(given, "video_list")}
    if keeps - {None, "yes", "no"}:
        raise Unsayable("keep_original_sound")
    if sound == "off" and keeps == {"yes"} and use == "base_video":
        return "original"
    return {"on": "native"}.get(sound, sound)


def _prompt(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The one content of type prompt; none where there is no prompt."""
    shot_type = given.get("shot_type")
    if given.get("multi_shot") is True and shot_type == "customize":
        yield {"type": "prompt", "text": " ".join(map(_shot, _shots(given)))}
    elif given.get("multi_shot") is True and shot_type != "intelligence":
        raise Unsayable("shot_type")
    elif "prompt" in given:
        text = given["prompt"]
        yield {"type": "prompt", "text": _mentioned(text) if isinstance(text, str) else text}


def _shots(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    shots = _items(given, "multi_prompt")
    if not shots:
        raise Unsayable("no shots")
    return shots


def _shot(shot: Mapping[str, Any]) -> str:
    index, seconds, words = shot.get("index"), whole_number(shot.get("duration")), shot.get("prompt")
    if type(index) is not int or seconds is None or seconds >= 10**9:
        raise Unsayable("a shot that is not numbered, or of no length")
    if not isinstance(words, str) or ";" in words:
        raise Unsayable("a shot without words, or with a semicolon")
    return f"shot {index}, {seconds}, {_mentioned(' '.join(words.split()))};"  # a shot is one line


def _mentioned(text: str) -> str:
    return _MENTION.sub(r"@\1", text)


def _numbered(kind: str, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(items, start=1):
        yield {"id": f"{kind}_{number}", **{key: value for key, value in item.items() if value is not None}}


def _typed(words: Mapping[str | None, str], value: Any) -> str:
    if value is not None and value not in list(words):
        raise Unsayable(f"the type {value}")
    return words[value]


def _images(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    images = _items(given, "image_list")
    return _numbered("image", [{"type": _typed(_IMAGES, i.get("type")), "url": i.get("image_url")} for i in images])


def _videos(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    videos = _items(given, "video_list")
    return _numbered(
        "video", [{"type": _typed(_VIDEOS, v.get("refer_type")), "url": v.get("video_url")} for v in videos]
    )


def _elements(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    ids = [element.get("element_id") for element in _items(given, "element_list")]
    texts = [str(known) if type(known) is int else known for known in ids]
    return _numbered("element", [{"type": "element", "element_id": text} for text in texts])
