"""Takes: the clips of one shot, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_TEXT_LENGTH: Final = 60
_SETTINGS: Final = (
    ("model", "Model"),
    ("mode", "Quality"),
    ("duration_s", "Length"),
    ("aspect_ratio", "Aspect"),
    ("sound", "Sound"),
    ("watermark", "Watermark"),
)
_FRAMES: Final = (("first", "First frame"), ("end", "End frame"))
_LISTS: Final = (("middle", "Middle frames"), ("reference", "References"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One clip of a shot. ``clip`` is the absolute path of its file, ``provenance`` what
    :func:`core.provenance.provenance_of` says of it.
    """

    clip: str
    provenance: Mapping[str, Any]

    @property
    def submission(self) -> str:
        """The id of the submission that made it."""
        return str(self.provenance["submission"])

    @property
    def wish(self) -> Mapping[str, Any]:
        """What was asked for; empty where that is unknown."""
        wish = self.provenance.get("wish")
        return wish if isinstance(wish, Mapping) else {}

    @property
    def submitted(self) -> str:
        """When its submission was recorded, in ISO 8601, UTC."""
        return str(self.provenance.get("submitted", ""))


def in_order(takes: Iterable[Take]) -> tuple[Take, ...]:
    """Every take once, oldest first: of two records of one submission the first given counts."""
    once: dict[str, Take] = {}
    for take in takes:
        once.setdefault(take.submission, take)
    return tuple(sorted(once.values(), key=lambda take: (take.submitted, take.submission)))


def diff_of(before: Mapping[str, Any], after: Mapping[str, Any], label: Callable[[str], str] = str) -> tuple[str, ...]:
    """What differs between two wishes (``core.provenance``), a line each; empty for the same wish.

    ``label`` gives the name that people know a model or a quality by.
    """
    return tuple(_differences(before, after, label))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], label: Callable[[str], str]) -> Iterator[str]:
    yield from _prompt_changes(before, after)
    for key, name in _SETTINGS:
        yield from _change(name, _setting(before, key, label), _setting(after, key, label))
    for role, name in _FRAMES:
        yield from _picture_change(name, _picture(before, role), _picture(after, role))
    for role, name in _LISTS:
        yield from _list_changes(name, *(_pictures(wish, role) for wish in (before, after)))
    yield from _change("Elements", _elements(before), _elements(after))
    yield from _change("Video", _video(before), _video(after))
    yield from _change("Cut", _cut(before), _cut(after))


def _prompt_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    yield from _change("Prompt", *_shortened(str(before.get("prompt", "")), str(after.get("prompt", ""))))
    old, new = before.get("shots") or (), after.get("shots") or ()
    for number in range(max(len(old), len(new))):
        texts = [_shot(shots[number]) if number < len(shots) else "" for shots in (old, new)]
        yield from _change(f"Shot {number + 1}", *_shortened(*texts))


def _shot(shot: Mapping[str, Any]) -> str:
    return f"{shot.get('prompt', '')} ({shot.get('duration_s', 0)} s)"


def _shortened(before: str, after: str) -> tuple[str, str]:
    """Two texts without most of what they begin with alike, and not longer than a line."""
    if before == after:
        return before, after
    alike = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = 0 if max(len(before), len(after)) <= _TEXT_LENGTH else max(0, before.rfind(" ", 0, max(0, alike - 12)) + 1)
    return _cut_out(before, start), _cut_out(after, start)


def _cut_out(text: str, start: int) -> str:
    if not text:
        return ""
    part = text[start : start + _TEXT_LENGTH]
    return f'"{"..." if start else ""}{part}{"..." if start + _TEXT_LENGTH < len(text) else ""}"'


def _change(name: str, before: str, after: str) -> Iterator[str]:
    if before != after:
        yield f"{name}: {before or 'none'} → {after or 'none'}"


def _setting(wish: Mapping[str, Any], key: str, label: Callable[[str], str]) -> str:
    value = wish.get(key, "")
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value} s" if key == "duration_s" else label(str(value))


def _picture(wish: Mapping[str, Any], role: str) -> Mapping[str, Any] | None:
    return next((picture for picture in wish.get("pictures") or () if picture.get("role") == role), None)


def _picture_change(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[str]:
    names = [_file_name(picture) if picture is not None else "" for picture in (before, after)]
    if names[0] != names[1]:
        yield from _change(name, *names)
    elif before is not None and after is not None and before.get("sha256") != after.get("sha256"):
        yield f"{name}: another image with the same name"


def _file_name(picture: Mapping[str, Any]) -> str:
    source = str(picture.get("source", ""))
    return source.replace("\\", "/").rpartition("/")[2] or "an image"


def _list_changes(name: str, before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> Iterator[str]:
    yield from _change(name, ", ".join(_names(before)), ", ".join(_names(after)))
    if _names(before) == _names(after) and _contents(before) != _contents(after):
        yield f"{name}: other images with the same names"


def _names(pictures: list[Mapping[str, Any]]) -> list[str]:
    return [str(picture.get("name") or _file_name(picture)) for picture in pictures]


def _contents(pictures: list[Mapping[str, Any]]) -> list[Any]:
    return [picture.get("sha256") or picture.get("source") for picture in pictures]


def _pictures(wish: Mapping[str, Any], role: str) -> list[Mapping[str, Any]]:
    return [picture for picture in wish.get("pictures") or () if picture.get("role") == role]


def _elements(wish: Mapping[str, Any]) -> str:
    return ", ".join(str(element.get("name") or element.get("id")) for element in wish.get("elements") or ())


def _video(wish: Mapping[str, Any]) -> str:
    video = wish.get("video")
    if not video:
        return ""
    use = "edited" if video.get("use") == "edit" else "used as reference"
    return f"{use}, with original sound" if video.get("keep_sound") else use


def _cut(wish: Mapping[str, Any]) -> str:
    return {"custom": "shot by shot", "automatic": "by Kling"}.get(str(wish.get("storyboard", "")), "")
