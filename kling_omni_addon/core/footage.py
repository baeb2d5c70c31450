"""Own footage as a video that Kling takes: its length, rate and pixels, and the command that makes a link of its file.

The service takes videos by a public link only (contract section 4.2), so a file has to be put somewhere by a command of
the user's own.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final
from urllib.parse import urlsplit

from .capability import ModelLimits, VideoLimits
from .errors import ArgumentsInvalid, CaptureFailed, UploadFailed
from .sizes import is_legal_video

_MOST_PERCENT: Final = 32_767  # Blender's own limit
_TRIMMED_PX: Final = 4  # columns or rows that a side may lose so that its length comes out even, or two of the video's
_HOME_NAMES: Final = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test", ".invalid")
_ROOM: Final = Fraction(9, 10)  # a shape of exactly the least by the most pixels is hardly met by whole percentages
_TRIMMED_ROOM: Final = Fraction(99, 100)  # a shape at the edge of what is legal is beyond it once a side is trimmed
_SMALL_BYTES: Final = 100_000
_WORDS: Final = 200  # characters of a command's last word
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSize:
    """The pixels of a video: Blender renders a scene of ``canvas`` at ``percent``, which gives ``width`` x ``height``.

    Strips keep their place and size that way. Another resolution without a percentage would cut them off.
    """

    canvas: tuple[int, int]
    percent: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return _scaled(self.canvas[0], self.percent)

    @property
    def height(self) -> int:
        """Pixels down."""
        return _scaled(self.canvas[1], self.percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRate:
    """The frame rate of a video: every ``step``-th frame of the timeline is rendered."""

    fps: Fraction
    step: int = 1

    @property
    def is_kept(self) -> bool:
        """Whether it is that of the timeline; only then sound stays in step."""
        return self.step == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FootagePlan:
    """How a range of a timeline becomes a video that the service takes: ``frames`` of the timeline from its first on,
    of ``all_frames``.
    """

    frames: int
    all_frames: int
    timeline_fps: Fraction
    size: RenderSize
    rate: RenderRate

    @property
    def is_cut(self) -> bool:
        """Whether the range is longer than the service takes, so that its end is left out."""
        return self.frames < self.all_frames

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return float(self.frames / self.timeline_fps)

    @property
    def all_seconds(self) -> float:
        """Length of the whole range."""
        return float(self.all_frames / self.timeline_fps)


def plan_footage(
    frames: int, fps: Fraction, size: tuple[int, int], model: ModelLimits, limits: VideoLimits
) -> FootagePlan:
    """Plan the video of ``frames`` frames of a timeline whose frames have ``size`` (in square pixels).

    Raises :class:`CaptureFailed` for a range that is too short, and a timeline that is too slow.
    """
    rate = legal_rate(fps, limits)
    shortest, longest = model.input_video_s[0], floor(model.input_video_s[1] * 2) / 2
    if frames / fps < shortest:
        sentence = (
            f"The strips last {told_seconds(float(frames / fps))}; {model.label} accepts {shortest:g} to {longest:g} s."
        )
        raise CaptureFailed(sentence, field="strip", remedy="Select more or longer strips.")
    most = floor(Fraction(str(longest)) * fps) // rate.step * rate.step
    return FootagePlan(
        frames=min(frames, most), all_frames=frames, timeline_fps=fps, size=legal_video_size(*size, limits), rate=rate
    )


def told_seconds(seconds: float) -> str:
    """A length in words: 5 s, 12.5 s."""
    return f"{round(seconds, 2):g} s"


def legal_rate(fps: Fraction, limits: VideoLimits) -> RenderRate:
    """The frame rate of a video of a timeline: its own where that is legal, else the largest part of it that is.

    Raises :class:`CaptureFailed` for a timeline of too few frames a second: Blender has no way that holds in every
    version to show each frame of a timeline twice.
    """
    least, most = limits.fps
    for step in range(1, ceil(fps) + 1):
        rate = RenderRate(fps=fps / step, step=step)
        if least <= floor(rate.fps + Fraction(1, 2)) <= most:  # rounded as R58 rounds
            return rate
    sentence = f"The scene has {float(fps):g} fps; Kling accepts {least} to {most} fps."
    raise CaptureFailed(sentence, field="fps", remedy="Change Frame Rate in the Output properties.")


def legal_video_size(width: int, height: int, limits: VideoLimits) -> RenderSize:
    """The size, both sides even, at which a timeline of ``width`` x ``height`` pixels is rendered: its own where that
    is legal, else scaled as little as possible. A shape that is too oblong loses the ends of its long side.

    Raises :class:`CaptureFailed` where there is none, which no size above a few pixels meets.
    """
    for room in (Fraction(1), _TRIMMED_ROOM):
        shape = _cropped(width, height, limits, room)
        for percent in _percents(shape, limits.side):
            size = RenderSize(canvas=(_even(shape[0], percent), _even(shape[1], percent)), percent=percent)
            if min(size.canvas) > 0 and is_legal_video(size.width, size.height, limits):
                return size
    sentence = f"A scene of {width} x {height} pixels cannot be rendered as a video that Kling accepts."
    raise CaptureFailed(sentence, field="resolution", remedy="Change Resolution in the Output properties.")


def _percents(shape: tuple[int, int], sides: tuple[int, int]) -> Iterator[int]:
    """The percentages to try, the nearest to 100 first; none that leave the short side below the least, or enlarge the
    long side beyond the most.
    """
    short, long = max(1, min(shape)), max(1, max(shape) - _TRIMMED_PX)
    if short >= sides[0]:
        yield from range(100, 0, -1)
    yield from range(max(101, 100 * sides[0] // short), min(_MOST_PERCENT, 100 * (sides[1] + 1) // long) + 1)


def _cropped(width: int, height: int, limits: VideoLimits, room: Fraction) -> tuple[int, int]:
    """The sides within ``room`` of the most oblong legal shape, by its ratio or by its least and most pixels."""
    oblong = Fraction(limits.side[1], limits.side[0]) * _ROOM
    low, high = (Fraction(str(ratio)) for ratio in limits.ratio) if limits.ratio else (1 / oblong, oblong)
    return min(width, floor(height * min(high, oblong) * room)), min(height, floor(width / max(low, 1 / oblong) * room))


def _even(side: int, percent: int) -> int:
    """The side, less as few pixels as make its scaled length even; 0 where none do."""
    trimmed = range(side, max(0, side - max(_TRIMMED_PX, 200 // percent + 1)), -1)
    return next((each for each in trimmed if not _scaled(each, percent) % 2), 0)


def _scaled(side: int, percent: int) -> int:
    return side * percent // 100


def command_words(template: str, **places: str) -> tuple[str, ...]:
    """The words of a command that a person wrote, with ``{file}`` or ``{link}`` in them filled in; no shell is asked.

    Quotes hold a word together. A backslash is a backslash, as paths of Windows have it. Raises
    :class:`ArgumentsInvalid` for a quote without its end, and for a command without any place to fill in.
    """
    parts = shlex.shlex(template, posix=True, punctuation_chars=False)
    parts.whitespace_split, parts.escape, parts.commenters = True, "", ""
    remedy = "Correct the command in the preferences."
    try:
        words = tuple(parts)
    except ValueError:
        raise ArgumentsInvalid(f'The command "{template}" has a quote that is not closed.', remedy=remedy) from None
    names = [f"{{{name}}}" for name in places]
    if not any(name in word for word in words for name in names):
        sentence = f'The command "{template}" does not contain {" or ".join(names)}.'
        raise ArgumentsInvalid(sentence, remedy=remedy)
    return tuple(_filled(word, places.items()) for word in words)


def _filled(word: str, places: Iterable[tuple[str, str]]) -> str:
    for name, value in places:
        word = word.replace(f"{{{name}}}", value)
    return word


def link_in(output: str) -> str:
    """The link that a command printed: its last line that is an http(s) address. Raises :class:`UploadFailed`."""
    from .rules.reading import is_link  # reads the schema of requests

    found = (line.strip() for line in reversed(output.splitlines()))
    link = next((line for line in found if is_link(line)), "")
    if not link:
        remedy = "Let the command print the link on a line of its own."
        raise UploadFailed("The upload command finished, but printed no link.", field="video", remedy=remedy)
    return link


def last_word(output: str) -> str:
    """The last line of what a command wrote, no longer than a sentence may be."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:_WORDS] if lines else ""


def host_of(link: str) -> str:
    """The host of a link, for people; ``""`` for none."""
    try:
        return urlsplit(link).hostname or ""
    except ValueError:
        return ""


def doubt_of_link(link: str) -> str:
    """Why the service will hardly reach a link, as a sentence; ``""`` where nothing speaks against it. Nothing is
    looked up.
    """
    from .rules.reading import is_link  # reads the schema of requests

    host = host_of(link)
    if not host or not is_link(link):
        return ""
    if _is_private(host):
        return f"Kling cannot reach {host}: the address belongs to this computer or to a local network."
    return "" if link.startswith("https:") else f"The link to {host} is not https; Kling may refuse it."


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host.rstrip(".") or f".{host}".endswith(_HOME_NAMES) or host in _HOME_NAMES


def told_age(seconds: float) -> str:
    """How long ago something was, in words: 5 min, 3 h, 2 days."""
    if seconds < _HOUR_S:
        return f"{max(0, int(seconds // _MINUTE_S))} min"
    if seconds < 2 * _DAY_S:
        return f"{int(seconds // _HOUR_S)} h"
    return f"{int(seconds // _DAY_S)} days"


def told_bytes(size: int) -> str:
    """The size of a file in words: 3.2 MB, 48 kB."""
    if size < _SMALL_BYTES:
        return f"{ceil(size / 1000)} kB"
    return f"{size / 1_000_000:.1f} MB"


def without_keys(environment: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What of an environment a command of the user's may see: everything that is not the extension's own."""
    return ((name, value) for name, value in environment if not name.upper().startswith("KLING_"))
