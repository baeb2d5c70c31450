"""The rules of what is inside pictures and videos (contract section 16.4). They are silent where facts are unknown."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor

from ..capability import VideoLimits
from ..media import PictureFacts, PictureRef, VideoFacts
from ..problem import Finding
from ..sizes import is_legal_video
from .reading import Reading

_MEGABYTE = 1_000_000
_BINARY_MEGABYTE = 1 << 20  # the service counts generously, and nobody says how (contract 4.3)


_NAMES = {"webp": "WebP", "heic": "HEIC", "exr": "OpenEXR"}


def picture_format_is_wrong(reading: Reading) -> Iterator[Finding]:
    """R35: no picture that is neither PNG nor JPEG; half a picture is none."""
    for position, facts in _pictures(reading):
        if facts.format not in reading.profile.picture.formats:
            name = reading.image_name(position)
            message = f"{name} is neither a PNG nor a JPEG image. Save the image as PNG or JPEG."
            if facts.format:
                kind = _NAMES.get(facts.format, facts.format.upper())
                message = f"{name} is a {kind} file, regardless of its extension. Save the image as PNG or JPEG."
            yield Finding(_image(position), message, "image format must be jpg, jpeg or png")
        elif not facts.is_whole:
            name = reading.image_name(position)
            message = f"{name} is incomplete: the end of the file is missing. Save or copy the image again."
            yield Finding(_image(position), message, "image format must be jpg, jpeg or png")


def picture_is_too_large(reading: Reading) -> Iterator[Finding]:
    """R36: no picture of more bytes than the profile allows."""
    most = reading.profile.picture.size_bytes
    for position, facts in _pictures(reading):
        if facts.size_bytes > most:
            size, limit = _megabytes(facts.size_bytes), most // _BINARY_MEGABYTE
            message = (
                f"{reading.image_name(position)} is {size} MB; Kling accepts at most {limit} MB. Save a smaller image."
            )
            yield Finding(_image(position), message, f"image file size must not exceed {limit}MB")


def picture_is_too_small(reading: Reading) -> Iterator[Finding]:
    """R37: no picture with a side below the profile's least."""
    least = reading.profile.picture.side
    for position, facts in _sized(reading):
        if min(facts.width, facts.height) < least:
            name, size = reading.image_name(position), f"{facts.width} x {facts.height} pixels"
            message = f"{name} has {size}; Kling accepts at least {least} pixels on each side."
            yield Finding(_image(position), message, f"image width and height must be at least {least}px")


def picture_is_too_oblong(reading: Reading) -> Iterator[Finding]:
    """R38: no picture much wider than high, or higher than wide; not examined where R37 failed."""
    low, high = reading.profile.picture.ratio
    for position, facts in _sized(reading):
        is_large = min(facts.width, facts.height) >= reading.profile.picture.side
        if is_large and not low <= facts.width / facts.height <= high:
            name, (narrowest, widest) = reading.image_name(position), _ratios((low, high))
            message = f"{name} is too wide. Kling accepts aspect ratios of {narrowest} to {widest}."
            if facts.width < facts.height:
                message = f"{name} is too narrow. Kling accepts aspect ratios of {narrowest} to {widest}."
            service_text = f"image aspect ratio must be between {narrowest} and {widest}"
            yield Finding(_image(position), message, service_text)


def video_format_is_wrong(reading: Reading) -> Iterator[Finding]:
    """R55: no video that is neither MP4 nor MOV."""
    for path, facts in _videos(reading):
        if facts.format is not None and facts.format not in reading.profile.video.formats:
            yield Finding(
                path, "The video is neither MP4 nor MOV. Convert the video.", "video format must be mp4 or mov"
            )


def video_length_is_wrong(reading: Reading) -> Iterator[Finding]:
    """R56: no video shorter or longer than the model takes."""
    shortest, longest = reading.model.input_video_s
    for path, facts in _videos(reading):
        if facts.duration_s is not None and not shortest <= facts.duration_s <= longest:
            limits = f"{reading.model.label} accepts {shortest:g} to {floor(longest * 2) / 2:g} s."
            advice = "Trim the video." if facts.duration_s > longest else "Use a longer video."
            message = f"The video lasts {facts.duration_s:g} s. {limits} {advice}"
            yield Finding(path, message, "video duration is out of range")


def video_pixels_are_wrong(reading: Reading) -> Iterator[Finding]:
    """R57: no video whose sides, area or ratio are beyond the profile's limits."""
    least, most = reading.profile.video.side
    for path, facts in _videos(reading):
        if _is_out_of_range(reading, facts):
            more = _more_of_pixels(reading.profile.video)
            size = f"{facts.width} x {facts.height} pixels"
            message = f"The video has {size}; Kling accepts {least} to {most} on each side.{more}"
            yield Finding(path, message, "video resolution is out of range")


def _more_of_pixels(limits: VideoLimits) -> str:
    """What else than the sides is limited, where anything is."""
    if limits.area is None or limits.ratio is None:
        return ""
    narrowest, widest = _ratios(limits.ratio)
    return f" The limits are {limits.area:,} pixels in total and aspect ratios of {narrowest} to {widest}."


def _is_out_of_range(reading: Reading, facts: VideoFacts) -> bool:
    if facts.width is None or facts.height is None:
        return False
    return not is_legal_video(facts.width, facts.height, reading.profile.video)


def video_rate_is_wrong(reading: Reading) -> Iterator[Finding]:
    """R58: no video slower or faster than the profile's frame rates.

    The rate is rounded to the nearest whole number, so 23.976 and 59.94 pass.
    """
    slowest, fastest = reading.profile.video.fps
    for path, facts in _videos(reading):
        if facts.fps is not None and not slowest <= floor(facts.fps + 0.5) <= fastest:
            message = f"The video has {facts.fps:g} fps; Kling accepts {slowest} to {fastest} fps."
            yield Finding(path, message, f"video frame rate must be {slowest}-{fastest}fps")


def video_is_too_large(reading: Reading) -> Iterator[Finding]:
    """R59: no video of more bytes than the profile allows."""
    most = reading.profile.video.size_bytes
    for path, facts in _videos(reading):
        if facts.size_bytes is not None and facts.size_bytes > most:
            limit = most // _BINARY_MEGABYTE
            message = f"The video is {_megabytes(facts.size_bytes)} MB; Kling accepts at most {limit} MB."
            yield Finding(path, message, f"video file size must not exceed {limit}MB")


def picture_is_near_the_limit(reading: Reading) -> Iterator[Finding]:
    """W04: doubtful is a picture just below R36's limit, for nobody says whether a megabyte is 1,000,000 bytes."""
    limits = reading.profile.picture
    for position, facts in _pictures(reading):
        if limits.advised_size_bytes < facts.size_bytes <= limits.size_bytes:
            limit = f"{limits.advised_size_bytes:,} bytes"
            message = f"{reading.image_name(position)} is just above {limit}. Kling may refuse the image as too large."
            yield Finding(_image(position), message)


def picture_has_provenance(reading: Reading) -> Iterator[Finding]:
    """W09: doubtful is a picture with a C2PA record; the service has refused such as invalid Base64 (pitfall 4)."""
    for position, facts in _pictures(reading):
        if facts.has_provenance:
            message = (
                f"{reading.image_name(position)} contains a C2PA record, so Kling may refuse the image. "
                "Save the image again as JPEG or as PNG without metadata."
            )
            yield Finding(_image(position), message)


def video_is_very_wide(reading: Reading) -> Iterator[Finding]:
    """W05: doubtful is a video wider than every one of Kling's pages allows (conflict X10)."""
    widest = reading.profile.video.advised_ratio
    for path, facts in _videos(reading):
        if widest and facts.width and facts.height and facts.width / facts.height > widest:
            yield Finding(path, f"The video is wider than {widest:g}:1. Kling may refuse the video.")


def video_pixels_are_not_square(reading: Reading) -> Iterator[Finding]:
    """W06: doubtful is a video whose pixels are not square (contract section 4.3)."""
    for path, facts in _videos(reading):
        if facts.pixel_aspect is not None and facts.pixel_aspect != 1:
            yield Finding(
                path, "The pixels of the video are not square. Kling may refuse it; convert it to square pixels."
            )


def _pictures(reading: Reading) -> Iterator[tuple[int, PictureFacts]]:
    for position, image in enumerate(reading.images):
        if isinstance(picture := image.get("image_url"), PictureRef):
            yield position, picture.facts


def _sized(reading: Reading) -> Iterator[tuple[int, PictureFacts]]:
    """The pictures whose sides are known; 0 is unknown."""
    return ((position, facts) for position, facts in _pictures(reading) if facts.width and facts.height)


def _videos(reading: Reading) -> Iterator[tuple[str, VideoFacts]]:
    for position, video in enumerate(reading.videos):
        url = video.get("video_url")
        if isinstance(url, str) and url in reading.known.videos:
            yield f"video_list[{position}].video_url", reading.known.videos[url]


def _image(position: int) -> str:
    return f"image_list[{position}].image_url"


def _ratios(limits: tuple[float, float]) -> tuple[str, str]:
    """The narrowest and the widest shape as people write them: 1:2.5 and 2.5:1."""
    return f"1:{1 / limits[0]:g}", f"{limits[1]:g}:1"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / _MEGABYTE:,.1f}"
