"""Takes: the clips of one shot, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_TEXT_LENGTH: Final = 60
_MODEL: Final = "Model: {old} → {new}"
_QUALITY: Final = "Quality: {old} → {new}"
_LENGTH: Final = "Length: {old} s → {new} s"
_SWITCHES: Final = (
    ("sound", "Sound: off → on", "Sound: on → off"),
    ("watermark", "Watermark: off → on", "Watermark: on → off"),
)


@dataclass(frozen=True, slots=True)
class _Line:
    """What is said of a thing that became another one, came or went; ``replaced`` of images under the same names."""

    changed: str
    added: str
    removed: str
    replaced: str = ""


_PROMPT: Final = _Line('Prompt: "{old}" → "{new}"', 'Prompt: none → "{new}"', 'Prompt: "{old}" → none')
_SHOT: Final = _Line(
    'Shot {number}: "{old}" → "{new}"', 'Shot {number}: none → "{new}"', 'Shot {number}: "{old}" → none'
)
_ASPECT: Final = _Line("Aspect: {old} → {new}", "Aspect: none → {new}", "Aspect: {old} → none")
_PICTURES: Final = (
    (
        "first",
        _Line(
            "First frame: {old} → {new}",
            "First frame: none → {new}",
            "First frame: {old} → none",
            "First frame: another image with the same name",
        ),
    ),
    (
        "end",
        _Line(
            "End frame: {old} → {new}",
            "End frame: none → {new}",
            "End frame: {old} → none",
            "End frame: another image with the same name",
        ),
    ),
    (
        "middle",
        _Line(
            "Middle frames: {old} → {new}",
            "Middle frames: none → {new}",
            "Middle frames: {old} → none",
            "Middle frames: other images with the same names",
        ),
    ),
    (
        "reference",
        _Line(
            "References: {old} → {new}",
            "References: none → {new}",
            "References: {old} → none",
            "References: other images with the same names",
        ),
    ),
)
_ELEMENTS: Final = _Line("Elements: {old} → {new}", "Elements: none → {new}", "Elements: {old} → none")
_VIDEO: Final = _Line("Video: {old} → {new}", "Video: none → {new}", "Video: {old} → none")
_CUT: Final = _Line("Cut: {old} → {new}", "Cut: none → {new}", "Cut: {old} → none")
_CUTS: Final[Mapping[str, str]] = {"custom": "shot by shot", "automatic": "by Kling"}


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
    """Every take once, oldest first: of two records of one submission the first given counts, and of two takes of one
    second the one that is given first is first.
    """
    once: dict[str, Take] = {}
    for take in takes:
        once.setdefault(take.submission, take)
    return tuple(sorted(once.values(), key=lambda take: take.submitted))


def diff_of(before: Mapping[str, Any], after: Mapping[str, Any], label: Callable[[str], str] = str) -> tuple[str, ...]:
    """What differs between two wishes (``core.provenance``), a line each; empty for the same wish.

    ``label`` gives the name that people know a model or a quality by.
    """
    return tuple(_differences(before, after, label))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], label: Callable[[str], str]) -> Iterator[str]:
    yield from _prompt_changes(before, after)
    for key, template, named in (("model", _MODEL, label), ("mode", _QUALITY, label), ("duration_s", _LENGTH, str)):
        old, new = before.get(key), after.get(key)
        if old and new and old != new:  # each wish that is known has them
            yield template.format(old=named(str(old)), new=named(str(new)))
    yield from _change(_ASPECT, str(before.get("aspect_ratio") or ""), str(after.get("aspect_ratio") or ""))
    for key, on, off in _SWITCHES:
        if bool(before.get(key)) != bool(after.get(key)):
            yield on if after.get(key) else off
    for role, line in _PICTURES:
        yield from _picture_changes(line, _pictures(before, role), _pictures(after, role))
    yield from _change(_ELEMENTS, _elements(before), _elements(after))
    yield from _change(_VIDEO, _video(before), _video(after))
    yield from _change(_CUT, _cut(before), _cut(after))


def _change(line: _Line, old: str, new: str, number: int = 0) -> Iterator[str]:
    if old != new:
        template = line.changed if old and new else line.added if new else line.removed
        yield template.format(old=old, new=new, number=number)


def _prompt_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    yield from _change(_PROMPT, *_shortened(str(before.get("prompt", "")), str(after.get("prompt", ""))))
    old, new = before.get("shots") or (), after.get("shots") or ()
    for number in range(max(len(old), len(new))):
        texts = [_shot(shots[number]) if number < len(shots) else "" for shots in (old, new)]
        yield from _change(_SHOT, *_shortened(*texts), number + 1)


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
    return f"{'...' if start else ''}{part}{'...' if start + _TEXT_LENGTH < len(text) else ''}"


def _picture_changes(line: _Line, before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> Iterator[str]:
    old, new = (", ".join(map(_name, pictures)) for pictures in (before, after))
    yield from _change(line, old, new)
    if old == new and _contents(before) != _contents(after):
        yield line.replaced


def _name(picture: Mapping[str, Any]) -> str:
    """A picture by its name in the prompt or its file, in the quotes that keep it from being translated."""
    source = str(picture.get("source", ""))
    name = picture.get("name") or source.replace("\\", "/").rpartition("/")[2]
    return f'"{name}"' if name else "an image"


def _contents(pictures: list[Mapping[str, Any]]) -> list[Any]:
    return [picture.get("sha256") or picture.get("source") for picture in pictures]


def _pictures(wish: Mapping[str, Any], role: str) -> list[Mapping[str, Any]]:
    return [picture for picture in wish.get("pictures") or () if picture.get("role") == role]


def _elements(wish: Mapping[str, Any]) -> str:
    return ", ".join(f'"{element.get("name") or element.get("id")}"' for element in wish.get("elements") or ())


def _video(wish: Mapping[str, Any]) -> str:
    video = wish.get("video")
    if not video:
        return ""
    if video.get("keep_sound"):
        return "edited, with original sound" if video.get("use") == "edit" else "used as reference, with original sound"
    return "edited" if video.get("use") == "edit" else "used as reference"


def _cut(wish: Mapping[str, Any]) -> str:
    return _CUTS.get(str(wish.get("storyboard", "")), "")
