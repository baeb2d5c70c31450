"""The rules of images, frames and elements: what one is, and how many go together (contract R30 to R34, R39 to R49)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..media import PictureRef
from ..problem import Finding, Remedy, quoted, removal, shown
from .reading import Reading, is_blank, is_link, whole_number

# Right padding is a question of the length as well; a match never copies the text, which may be a whole picture.
_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]+(?:=[\r\n]*){0,2}")


def image_is_missing(reading: Reading) -> Iterator[Finding]:
    """R30: no image without a picture."""
    for position, image in enumerate(reading.images):
        url = image.get("image_url")
        if isinstance(url, PictureRef) or (isinstance(url, str) and not is_blank(url)):
            continue
        path = f"image_list[{position}].image_url"
        message = f"{reading.image_name(position)} has no image file. Choose or capture an image."
        yield Finding(path, message, f"{path} cannot be empty")


def image_type_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R31: an image is a first frame, an end frame or a plain reference, on some models a middle frame, and nothing
    else.
    """
    if reading.middle and not reading.model.middle_frames:
        yield _no_middle_frames(reading)
    for position, image in enumerate(reading.images):
        path, value = f"image_list[{position}].type", image.get("type")
        if value is not None and value not in ("first_frame", "middle_frame", "end_frame"):
            message = f"Image {position + 1} can be a first frame, an end frame or a reference, not {quoted(value)}."
            yield Finding(path, message, f"{path} value '{shown(value)}' is invalid", _likely_type(path, value))


def _no_middle_frames(reading: Reading) -> Finding:
    path, able = f"image_list[{reading.middle[0]}].type", reading.profile.takers_of_middle_frames
    ways = f"Use {' or '.join(able)}, or remove them." if able else "Remove them."
    message = f"{reading.model.label} does not accept middle frames. {ways}"
    service_text = f"{path} value 'middle_frame' is invalid"
    return Finding(path, message, service_text, removal("image_list", reading.middle, "middle frame"))


def _likely_type(path: str, value: object) -> Remedy | None:
    if value == "last_frame":  # the word of the NEW API (conflict X14)
        return Remedy(path=path, value="end_frame", label="Use as End Frame")
    return Remedy(path=path, value=None, label="Use as Reference") if value == "" else None


def end_frame_stands_alone(reading: Reading) -> Iterator[Finding]:
    """R32: no end frame without a first frame."""
    if reading.end and not reading.first:
        message = "An end frame needs a first frame. Add a first frame."
        yield Finding(f"image_list[{reading.end[0]}]", message, "end_frame requires first_frame")


def frames_are_doubled(reading: Reading) -> Iterator[Finding]:
    """R33: no second first frame, and no second end frame."""
    for frames, words in (
        (reading.first, "There are {number} first frames, but a clip has one. Keep one of them."),
        (reading.end, "There are {number} end frames, but a clip has one. Keep one of them."),
    ):
        if len(frames) > 1:
            message = words.format(number=len(frames))
            service_text = "only one first_frame and one end_frame are allowed"
            yield Finding(f"image_list[{frames[1]}]", message, service_text)


def edit_has_frames(reading: Reading) -> Iterator[Finding]:
    """R34: no frames for a video that is edited; plain images stay allowed."""
    frames = reading.frames
    if reading.is_edit and frames:
        message = "An edited video has no first or end frame. Remove the frames, or use the video as a reference."
        service_text = "first_frame/end_frame cannot be used with a base video"
        yield Finding(f"image_list[{frames[0]}]", message, service_text, removal("image_list", frames, "frame"))


def image_is_not_base64(reading: Reading) -> Iterator[Finding]:
    """R39: no picture that is neither a link nor plain Base64.

    A picture of the picture store is taken as right, a blank text is R30's.
    """
    for position, image in enumerate(reading.images):
        url = image.get("image_url")
        if not isinstance(url, str) or is_blank(url) or is_link(url) or _is_base64(url):
            continue
        message = f'{reading.image_name(position)} is neither a link nor Base64 text without "data:".'
        path = f"image_list[{position}].image_url"
        yield Finding(path, f"{message} Choose an image file.", "File is not in a valid base64 format")


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None and (len(text) - text.count("\r") - text.count("\n")) % 4 == 0


def too_many_references(reading: Reading) -> Iterator[Finding]:
    """R40: no more images and elements together than the profile allows without a video."""
    most = reading.profile.references.without_video
    if not reading.videos and reading.references > most:
        service_text = f"reference images plus elements must not exceed {most}"
        message = "Too many images and elements: Kling accepts {most} together. Remove {surplus}."
        yield _surplus(reading, most, message, service_text)


def too_many_references_beside_video(reading: Reading) -> Iterator[Finding]:
    """R41: no more images and elements together than the profile allows beside a video."""
    most = reading.profile.references.with_video
    if reading.videos and reading.references > most:
        service_text = f"reference images plus elements must not exceed {most} with a reference video"
        message = "Too many images and elements: with a video, Kling accepts {most} together. Remove {surplus}."
        yield _surplus(reading, most, message, service_text)


def _surplus(reading: Reading, most: int, message: str, service_text: str) -> Finding:
    surplus = reading.references - most
    path = "image_list" if reading.images else "element_list"
    return Finding(path, message.format(most=most, surplus=surplus), service_text, _fewer(reading, surplus))


def _fewer(reading: Reading, surplus: int) -> Remedy | None:
    """Take out the last plain images, or the last elements where there are not enough of those."""
    if surplus <= len(reading.plain):
        return removal("image_list", reading.plain[-surplus:], "image")
    return _fewer_elements(reading, surplus) if surplus <= len(reading.elements) else None


def _fewer_elements(reading: Reading, surplus: int) -> Remedy | None:
    number = len(reading.elements)
    return removal("element_list", range(number - surplus, number), "element")


def end_frame_among_many_images(reading: Reading) -> Iterator[Finding]:
    """R42: no end frame among more images than the model takes with one."""
    most, number = reading.model.pictures_with_end_frame, len(reading.images)
    if most is not None and reading.end and number > most:
        message = f"Too many images: with an end frame, {reading.model.label} accepts {most}. Remove {number - most}."
        service_text = f"start & end frames are not supported when image_list has more than {most} images"
        surplus = reading.plain[most - number :]
        remedy = removal("image_list", surplus, "image") if len(surplus) == number - most else None
        yield Finding("image_list", message, service_text, remedy)


def too_many_elements_beside_frames(reading: Reading) -> Iterator[Finding]:
    """R43: no more elements beside a first frame than the model takes.

    With both frames on a model that then takes no elements at all, R44 speaks instead.
    """
    has_both = bool(reading.first and reading.end)
    model, number = reading.model, len(reading.elements)
    most = model.elements_with_both_frames if has_both else model.elements_with_first_frame
    if reading.first and most and number > most:
        message = f"Too many elements: with a first frame, Kling accepts {most}. Remove {number - most}."
        service_text = f"at most {most} elements are supported with a first frame"
        yield Finding("element_list", message, service_text, _fewer_elements(reading, number - most))


def elements_beside_both_frames(reading: Reading) -> Iterator[Finding]:
    """R44: no elements between a first and an end frame on a model that takes none there."""
    has_both = bool(reading.first and reading.end)
    if has_both and reading.elements and not reading.model.elements_with_both_frames:
        message = f"{reading.model.label} accepts no elements with a first and an end frame. Remove the elements."
        service_text = "elements are not supported with start & end frames by the current model"
        remedy = Remedy(path="element_list", value=None, label="Remove the Elements")
        yield Finding("element_list", message, service_text, remedy)


def character_beside_video(reading: Reading) -> Iterator[Finding]:
    """R45: no element that was made from a video beside a reference video, or only so many and nothing else."""
    most, characters = reading.profile.references.characters_beside_video, len(reading.characters)
    is_fit = characters <= most and characters == reading.references
    if reading.videos and characters and not is_fit:
        message = "Elements made from a video cannot be combined with a reference video. Remove the elements."
        if most:
            message = (
                f"Elements made from a video: with a reference video, Kling accepts {most} and no other references."
            )
        service_text = "video character elements are not supported with a reference video"
        yield _characters(reading, message, service_text)


def model_takes_no_characters(reading: Reading) -> Iterator[Finding]:
    """R46: no element that was made from a video on a model that takes those from images only."""
    if reading.characters and "video_refer" not in reading.model.element_kinds:
        message = (
            f"{reading.model.label} accepts only elements made from images. Remove the elements made from a video."
        )
        yield _characters(reading, message, "only multi-image elements are supported by the current model")


def _characters(reading: Reading, message: str, service_text: str) -> Finding:
    path = f"element_list[{reading.characters[0]}]"
    return Finding(path, message, service_text, removal("element_list", reading.characters, "element"))


def too_many_beside_characters(reading: Reading) -> Iterator[Finding]:
    """R47: beside elements that were made from a video, no more of either sort than the profile allows.

    Silent where the profile knows no such limits.
    """
    limits, characters = reading.profile.references, len(reading.characters)
    most, most_others = limits.character_elements, limits.beside_character_elements
    if most is None or most_others is None or reading.videos or not characters:
        return
    if characters > most or reading.references - characters > most_others:
        message = (
            f"With elements made from a video, Kling accepts at most {most} of them "
            f"and {most_others} images and other elements."
        )
        service_text = (
            f"with video character elements: at most {most} of them"
            f" and at most {most_others} images + multi-image elements"
        )
        yield Finding("element_list", message, service_text, _enough_characters(reading, most, most_others))


def _enough_characters(reading: Reading, most: int, most_others: int) -> Remedy | None:
    """Take out the surplus where it is of one sort."""
    surplus, surplus_others = len(reading.characters) - most, reading.references - len(reading.characters) - most_others
    if surplus_others <= 0:
        return removal("element_list", reading.characters[most:], "element")
    if surplus <= 0 and surplus_others <= len(reading.plain):
        return removal("image_list", reading.plain[-surplus_others:], "image")
    return None


def element_id_is_invalid(reading: Reading) -> Iterator[Finding]:
    """R48: no element id that is not a whole number above 0."""
    for position, element in enumerate(reading.elements):
        value = element.get("element_id")
        if (whole_number(value) or 0) <= 0:
            message = f"Element {position + 1} has no usable ID. Select the element again in the element library."
            path = f"element_list[{position}].element_id"
            yield Finding(path, message, f"Invalid element id: {shown(value)}")


def element_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R49: no element that the account and the presets lack.

    Silent without a look-up; an id that is none is R48's.
    """
    known = reading.known.elements
    for position, element in enumerate(reading.elements if known is not None else ()):
        value = element.get("element_id")
        number = whole_number(value) or 0
        if number > 0 and known is not None and number not in known:
            message = f"Kling does not know the element {quoted(value)}, neither in this account nor in the presets."
            yield Finding(f"element_list[{position}].element_id", message, f"Element id not found: {shown(value)}")
