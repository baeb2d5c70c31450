"""The rules of what only models have that Kling itself does not describe: Kling 4.0 (contract section 13.1).

They go by the model's data and by no name: a model of Kling's own that takes middle frames is judged by them, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..problem import Finding, Remedy, counted, removal
from .reading import Reading


def too_many_middle_frames(reading: Reading) -> Iterator[Finding]:
    """N03: no more middle frames than the model takes; with a first and an end frame that is its most frames in all."""
    most, surplus = reading.model.middle_frames, len(reading.middle) - reading.model.middle_frames
    if most and surplus > 0:
        message = f"Too many middle frames: {reading.model.label} accepts {most}. Remove {surplus}."
        remedy = removal("image_list", reading.middle[most:], "middle frame")
        yield Finding("image_list", message, f"at most {most} middle_frame are supported", remedy)


def middle_frame_without_first(reading: Reading) -> Iterator[Finding]:
    """N04: no middle frame without a first frame, on a model that takes middle frames."""
    if reading.middle and reading.model.middle_frames and not reading.first:
        message = "Middle frames need a first frame. Add a first frame."
        yield Finding(f"image_list[{reading.middle[0]}]", message, "middle_frame requires first_frame")


def frames_beside_references(reading: Reading) -> Iterator[Finding]:
    """N05: no images, elements or followed video beside frames, on a model that makes a clip of the one or the other.

    A video that is edited is R34's.
    """
    has_references = bool(reading.plain or reading.elements or reading.videos)
    if reading.model.mixes_frames_and_references or reading.is_edit or not (reading.frames and has_references):
        return
    message = (
        f"{reading.model.label} generates a clip from frames or from references, not from both. Remove one of them."
    )
    path, remedy = f"image_list[{reading.frames[0]}]", _without_references(reading)
    yield Finding(path, message, "frames are not supported together with reference inputs", remedy)


def _without_references(reading: Reading) -> Remedy | None:
    """Take the references out, where they are of one sort that stands side by side."""
    if reading.videos or (reading.plain and reading.elements):
        return None
    if reading.plain:
        return removal("image_list", reading.plain, "image")
    return Remedy(path="element_list", value=None, label="Remove the Elements")


def too_many_of_a_sort(reading: Reading) -> Iterator[Finding]:
    """N06: no more plain images, and no more elements, than the model takes of each."""
    limits = reading.profile.references
    elements = tuple(range(len(reading.elements)))
    for name, noun, positions, most, words in (
        ("image_list", "image", reading.plain, limits.images, _TOO_MANY_IMAGES),
        ("element_list", "element", elements, limits.elements, _TOO_MANY_ELEMENTS),
    ):
        if most is not None and len(positions) > most:
            message = words.format(model=reading.model.label, most=most, surplus=len(positions) - most)
            remedy = removal(name, positions[most:], noun)
            yield Finding(name, message, f"at most {counted(most, noun)} are supported", remedy)


_TOO_MANY_IMAGES = "Too many images: {model} accepts {most}. Remove {surplus}."
_TOO_MANY_ELEMENTS = "Too many elements: {model} accepts {most}. Remove {surplus}."


def callback_is_not_supported(reading: Reading) -> Iterator[Finding]:
    """N07: no callback address for a model whose tasks report to none."""
    if "callback_url" in reading.given and not reading.model.takes_callbacks:
        message = f"{reading.model.label} does not support callbacks. Remove the callback address."
        remedy = Remedy(path="callback_url", value=None, label="Remove the Callback")
        yield Finding("callback_url", message, "callback_url is not supported by the current model", remedy)


def silence_is_not_to_be_had(reading: Reading) -> Iterator[Finding]:
    """W14: worth saying is that a model makes sound where none was asked for."""
    if reading.model.is_never_silent and reading.given.get("sound", "off") == "off" and not reading.is_edit:
        message = f"{reading.model.label} always generates sound, even when Sound is off."
        yield Finding("sound", message, "", Remedy(path="sound", value="on", label="Turn Sound On"))


def model_is_documented_by_others(reading: Reading) -> Iterator[Finding]:
    """W15: doubtful is every model that Kling itself does not describe."""
    model = reading.model
    if model.documented_by:
        ids = (
            ""
            if model.takes_own_ids
            else " If Kling does not respond, the clip can be found only in the task list of the account."
        )
        message = f"{model.label} is documented only by {model.documented_by}, not by Kling.{ids}"
        yield Finding("model_name", message)
