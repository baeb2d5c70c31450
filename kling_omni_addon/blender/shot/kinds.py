"""The kinds of shot, a row each: what the panel offers, what a request of that kind is made from, what it must have.

A new kind is a row here, and where its sources are new, a property and a part of the panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ...core.request import OmniRequest, Role, Storyboard, VideoUse


class ShotKind(NamedTuple):
    """What a kind of shot is called and made from.

    ``opening`` goes before a prompt that does not mention the video. ``needs_reference``: it is made from pictures or
    elements, which other kinds may have besides. ``clip_use`` says what such a shot does with a clip of Kling's own.
    """

    identifier: str
    label: str
    description: str
    icon: str
    frames: tuple[Role, ...] = ()
    has_references: bool = True
    needs_reference: bool = False
    video: VideoUse | None = None
    has_board: bool = False
    opening: str = ""
    clip_use: tuple[str, str] | None = None

    def makes(self, request: OmniRequest) -> bool:
        """Whether a shot of this kind can ask for that request."""
        has_board = request.storyboard is not Storyboard.NONE
        frames = {picture.role for picture in request.pictures} - {Role.REFERENCE}
        if has_board or self.has_board:
            return has_board and self.has_board and bool(frames) == bool(self.frames)
        if request.video is not None or self.video is not None:
            return request.video is not None and request.video.use is self.video
        has_references = bool(request.elements) or request.picture(Role.REFERENCE) is not None
        if not frames and not self.frames:
            return has_references == self.needs_reference
        return bool(frames) and frames <= set(self.frames)


KINDS: Final = (
    ShotKind(
        identifier="TEXT",
        label="Text",
        description="Make the clip from the prompt alone",
        icon="TEXT",
        has_references=False,
    ),
    ShotKind(
        identifier="FIRST",
        label="First Frame",
        description="Start from an image",
        icon="IMAGE_DATA",
        frames=(Role.FIRST,),
    ),
    ShotKind(
        identifier="FRAMES",
        label="First & End Frame",
        description="Start from one image and end with another",
        icon="RENDER_ANIMATION",
        frames=(Role.FIRST, Role.MIDDLE, Role.END),
    ),
    ShotKind(
        identifier="REFERENCES",
        label="References",
        description="Use the subjects of your images in a new shot",
        icon="IMAGE_REFERENCE",
        needs_reference=True,
    ),
    ShotKind(
        identifier="EDIT",
        label="Edit Video",
        description="Change part of an existing video",
        icon="FILE_MOVIE",
        video=VideoUse.EDIT,
        clip_use=("Edit This Clip", "Change part of the clip"),
    ),
    ShotKind(
        identifier="NEXT",
        label="Next Shot",
        description="Continue from the end of a video",
        icon="NEXT_KEYFRAME",
        video=VideoUse.REFERENCE,
        opening="Based on @video, generate the next shot: ",
        clip_use=("Next Shot", "Continue from the end of the clip, which is sent as the video"),
    ),
    ShotKind(
        identifier="PREVIOUS",
        label="Previous Shot",
        description="Show what happened before a video",
        icon="PREV_KEYFRAME",
        video=VideoUse.REFERENCE,
        opening="Based on @video, generate the previous shot: ",
        clip_use=("Previous Shot", "Show what happened before the clip, which is sent as the video"),
    ),
    ShotKind(
        identifier="STORYBOARD",
        label="Storyboard",
        description="Several shots in one clip",
        icon="SEQUENCE",
        has_board=True,
    ),
    ShotKind(
        identifier="BOARD_FRAMES",
        label="Storyboard & Frames",
        description="Several shots in one clip that starts from an image and may end with another",
        icon="SEQ_SEQUENCER",
        frames=(Role.FIRST, Role.END),
        has_board=True,
    ),
)
_BY_IDENTIFIER: Final[Mapping[str, ShotKind]] = {kind.identifier: kind for kind in KINDS}
ITEMS: Final = tuple((k.identifier, k.label, k.description, k.icon, number) for number, k in enumerate(KINDS))
"""The kinds as Blender's enum wants them; a .blend stores the number, so rows are added at the end."""


def kind_of_shot(shot: Any) -> ShotKind:
    """The row of a shot's kind (``shot`` is a ``KLING_PG_shot``)."""
    return _BY_IDENTIFIER[shot.kind]


def has_chosen_kind(shot: Any) -> bool:
    """Whether somebody chose the kind, so that what is missing for it is a fault; else the frames that are set decide.

    A script that only sets frames and a prompt never has to name a kind.
    """
    return bool(shot.is_property_set("kind"))


def has_own_prompts(shot: Any) -> bool:
    """Whether every shot of the storyboard has its prompt, so that the one prompt is not used."""
    return bool(kind_of_shot(shot).has_board and shot.cutter == "CUSTOM")


def kind_that_makes(request: OmniRequest) -> ShotKind:
    """The kind of shot that asks for this request: of several, the one whose opening the prompt begins with."""
    fitting = [kind for kind in KINDS if kind.makes(request)]
    return next((k for k in fitting if k.opening and request.prompt.startswith(k.opening)), fitting[0])
