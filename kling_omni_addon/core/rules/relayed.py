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
        message = f"{reading.model.label} takes at most {counted(most, 'middle frame')}; remove {surplus}."
        remedy = removal("image_list", reading.middle[most:], "middle frame")
        yield Finding("image_list", message, f"at most {most} middle_frame are supported", remedy)


def middle_frame_without_first(reading: Reading) -> Iterator[Finding]:
    """N04: no middle frame without a first frame, on a model that takes middle frames."""
    if reading.middle and reading.model.middle_frames and not reading.first:
        message = "Kling needs a first frame when there are middle frames."
        yield Finding(f"image_list[{reading.middle[0]}]", message, "middle_frame requires first_frame")


def frames_beside_references(reading: Reading) -> Iterator[Finding]:
    """N05: no images, elements or followed video beside frames, on a model that makes a clip of the one or the other.

    A video that is edited is R34's.
    """
    has_references = bool(reading.plain or reading.elements or reading.videos)
    if reading.model.mixes_frames_and_references or reading.is_edit or not (reading.frames and has_references):
        return
    message = (
        f"{reading.model.label} makes a clip of frames or of references, not of both. Remove the one or the other."
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
    for name, noun, positions, most in (
        ("image_list", "image", reading.plain, limits.images),
        ("element_list", "element", tuple(range(len(reading.elements))), limits.elements),
    ):
        if most is not None and len(positions) > most:
            message = f"{reading.model.label} takes at most {counted(most, noun)}; remove {len(positions) - most}."
            remedy = removal(name, positions[most:], noun)
            yield Finding(name, message, f"at most {counted(most, noun)} are supported", remedy)


def callback_is_not_supported(reading: Reading) -> Iterator[Finding]:
    """N07: no callback address for a model whose tasks report to none."""
    if "callback_url" in reading.given and not reading.model.takes_callbacks:
        message = f"Clips of {reading.model.label} report to no address. Remove the callback."
        remedy = Remedy(path="callback_url", value=None, label="Remove the Callback")
        yield Finding("callback_url", message, "callback_url is not supported by the current model", remedy)


def silence_is_not_to_be_had(reading: Reading) -> Iterator[Finding]:
    """W14: worth saying is that a model makes sound where none was asked for."""
    if reading.model.is_never_silent and reading.given.get("sound", "off") == "off" and not reading.is_edit:
        message = f"{reading.model.label} makes sound always, also where none is asked for."
        yield Finding("sound", message, "", Remedy(path="sound", value="on", label="Turn Sound On"))


def model_is_documented_by_others(reading: Reading) -> Iterator[Finding]:
    """W15: doubtful is every model that Kling itself does not describe."""
    model = reading.model
    if model.documented_by:
        ids = "" if model.takes_own_ids else " If no answer comes, only the list of the account can tell of the clip."
        message = f"{model.label} is as {model.documented_by} documents it: Kling's own page was not seen.{ids}"
        yield Finding("model_name", message)
