"""What the user wants, in our words: paths and links, never bytes.

Every way in (panel, script, request file, batch) makes an :class:`OmniRequest`; ``core.payload`` turns it into what is
sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .capability import Capability, capability_from, profile

_PROPOSED = profile().proposed


class Role(StrEnum):
    """What a picture is for: the clip begins with it, passes through it, ends with it, or takes what it shows from it.

    The order is that of a clip; middle frames follow each other as the user has them.
    """

    FIRST = "first"
    MIDDLE = "middle"
    END = "end"
    REFERENCE = "reference"


class VideoUse(StrEnum):
    """What a video is for: followed in style, camera or story, or itself edited."""

    REFERENCE = "reference"
    EDIT = "edit"


class Storyboard(StrEnum):
    """Who cuts the clip into shots: nobody, the user shot by shot, or the model."""

    NONE = "none"
    CUSTOM = "custom"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A still. ``source`` is a local path, an http(s) link or raw Base64; ``name`` is what the prompt calls it
    (``@image:name``).
    """

    source: str
    role: Role = Role.REFERENCE
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A character or thing of the account's library; ``name`` is what the prompt calls it (``@element:name``)."""

    id: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A public link to a video. The service takes no uploads of videos.

    ``clip`` is the submission whose clip the video is, where it is one of ours: a link is only lent, the clip is what
    was meant.
    """

    url: str
    use: VideoUse = VideoUse.REFERENCE
    keep_sound: bool = False
    clip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryboardShot:
    """One shot of a storyboard that is cut by hand: what it shows, and for how many whole seconds."""

    prompt: str
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OmniRequest:
    """One clip that somebody wants; what nobody chooses is as the data propose it.

    Lengths are whole seconds. ``aspect_ratio`` is ``""`` where the pictures decide. ``external_task_id`` is ``""``
    unless the user brings an id of their own; the session makes one otherwise.
    """

    prompt: str = ""
    pictures: tuple[Picture, ...] = ()
    elements: tuple[Element, ...] = ()
    video: Video | None = None
    storyboard: Storyboard = Storyboard.NONE
    shots: tuple[StoryboardShot, ...] = ()
    model: str = _PROPOSED.model
    mode: str = _PROPOSED.mode
    aspect_ratio: str = ""
    duration_s: int = _PROPOSED.duration_s
    sound: bool = False
    watermark: bool = False
    callback_url: str = ""
    external_task_id: str = ""

    def picture(self, role: Role) -> Picture | None:
        """The first picture with this role, if any."""
        return next((picture for picture in self.pictures if picture.role is role), None)

    @property
    def is_edit(self) -> bool:
        """Whether the video itself is changed; the clip is then as long as that video."""
        return self.video is not None and self.video.use is VideoUse.EDIT


def capability_of(request: OmniRequest) -> Capability:
    """What a request starts from."""
    video = "" if request.video is None else "base" if request.is_edit else "feature"
    return capability_from(
        video=video,
        has_first=request.picture(Role.FIRST) is not None,
        has_end=request.picture(Role.END) is not None or request.picture(Role.MIDDLE) is not None,
        has_references=request.picture(Role.REFERENCE) is not None or bool(request.elements),
    )
