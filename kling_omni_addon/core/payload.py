"""What is sent: the service's own words, with pictures by reference.

A body is first drafted as plain JSON data, in the words of a request file (those of the legacy API), in which a picture
stands as a :class:`PictureRef`; ``core.rules`` judges exactly that draft; :func:`build_payload` has a faultless draft
written in the words of its dialect, as a :class:`Payload` whose bytes never change again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .capability import LEGACY, Profile
from .dialects import legacy, spoken
from .errors import RequestInvalid
from .media import ClipRef, PictureRef
from .naming import Numbering, numbered, order_of, ordered_pictures
from .pieces import Body, Piece, length_of, pieces_of
from .request import Element, OmniRequest, Picture, Role, Storyboard, StoryboardShot, Video, VideoUse
from .rules import table

_DURATION_DIGITS = 4
_IMAGE_NUMBER = re.compile(r"<<<\s*image_([0-9]{1,4})\s*>>>")
_IMAGE_TYPES = {Role.FIRST: "first_frame", Role.MIDDLE: "middle_frame", Role.END: "end_frame"}
_REFER_TYPES = {VideoUse.REFERENCE: "feature", VideoUse.EDIT: "base"}
_SHOT_TYPES = {Storyboard.CUSTOM: "customize", Storyboard.AUTOMATIC: "intelligence"}


def _named(piece: PictureRef | ClipRef) -> str:
    """What a digest covers of it, apart from all text: NUL never stands raw in JSON."""
    return f"\0{piece.sha256}\0" if isinstance(piece, PictureRef) else f"\0clip {piece.known_as}\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A create body that broke no rule when it was built, as JSON text with pictures and clips between the pieces.

    ``digest`` names what is sent: it covers the text, the digests of the pictures, of a clip of the account its id, and
    a path that names the model.
    The clip's link is another one at each send; it leads to the same clip, and the service refuses a second send by the
    submission's own id, never by its bytes. ``kind`` is model, mode and
    length: what decides how long the service takes. It goes to ``path``, and whatever is asked about its task is asked
    in ``dialect``. Without ``has_own_id`` the service is not told the id, so its task can be found on the list only.
    """

    external_task_id: str
    model: str
    pieces: tuple[Piece, ...]
    kind: str = ""
    dialect: str = LEGACY
    path: str = legacy.TASKS_PATH
    has_own_id: bool = True

    @property
    def content_length(self) -> int:
        """Bytes of the whole body, known before any picture is read, but for the link of a clip."""
        return length_of(self.pieces)

    @property
    def digest(self) -> str:
        """SHA-256 over the pieces, and over the path where it says more than they do; two payloads with one digest are
        the same bytes to the same place, but for links to the same clip.
        """
        digest = hashlib.sha256(b"" if self.path == legacy.TASKS_PATH else f"\0{self.path}\0".encode())
        for piece in self.pieces:
            digest.update((piece if isinstance(piece, str) else _named(piece)).encode())
        return digest.hexdigest()

    @property
    def pictures(self) -> tuple[PictureRef, ...]:
        """The pictures that travel inside the body, in order."""
        return tuple(piece for piece in self.pieces if isinstance(piece, PictureRef))


def draft_body(request: OmniRequest, pictures: Mapping[str, PictureRef], external_task_id: str = "") -> Body:
    """Write a request in the service's words, faulty or not.

    ``pictures`` maps a picture's ``source`` to its place in the picture store; a source that is not in it is sent as it
    stands (a link). Keys without effect for this kind of request are left out, ``null`` is never written, and ``mode``
    and ``keep_original_sound`` are always said (X15, X16). Reference pictures come first, so their numbers stay small
    (section 12).
    """
    ordered = ordered_pictures(request)
    names = Numbering.of(ordered, request.elements, request.video)
    body: Body = {"model_name": request.model}
    if request.storyboard is Storyboard.CUSTOM:
        body |= {"multi_shot": True, "shot_type": _SHOT_TYPES[request.storyboard]}
        body["multi_prompt"] = [
            {"index": index, "prompt": numbered(shot.prompt, names), "duration": str(shot.duration_s)}
            for index, shot in enumerate(request.shots, start=1)
        ]
    else:
        if request.storyboard is Storyboard.AUTOMATIC:
            body |= {"multi_shot": True, "shot_type": _SHOT_TYPES[request.storyboard]}
        body["prompt"] = numbered(request.prompt, names)
    if ordered:
        body["image_list"] = [_image(picture, pictures) for picture in ordered]
    if request.elements:
        body["element_list"] = [{"element_id": element.id} for element in request.elements]
    if request.video is not None:
        sound = "yes" if request.video.keep_sound else "no"
        video = {"video_url": request.video.url, "refer_type": _REFER_TYPES[request.video.use]}
        body["video_list"] = [video | {"keep_original_sound": sound}]
    return body | _output(request, external_task_id)


def _output(request: OmniRequest, external_task_id: str) -> Body:
    output: Body = {"sound": "on" if request.sound else "off", "mode": request.mode}
    if request.aspect_ratio and not request.is_edit and request.picture(Role.FIRST) is None:
        output["aspect_ratio"] = request.aspect_ratio
    if not request.is_edit or request.storyboard is Storyboard.CUSTOM:  # R21 compares an edit's storyboard with it
        output["duration"] = str(request.duration_s)
    if request.watermark:
        output["watermark_info"] = {"enabled": True}
    if request.callback_url:
        output["callback_url"] = request.callback_url
    if external_task_id or request.external_task_id:
        output["external_task_id"] = external_task_id or request.external_task_id
    return output


def _image(picture: Picture, pictures: Mapping[str, PictureRef]) -> Body:
    image: Body = {"image_url": pictures.get(picture.source, picture.source)}
    if picture.role in _IMAGE_TYPES:
        image["type"] = _IMAGE_TYPES[picture.role]
    return image


def request_from_body(body: Mapping[str, Any]) -> OmniRequest:
    """Read a faultless create body (a request file) as a request. Unknown keys must have been refused before.

    A :class:`PictureRef` in the body becomes a picture whose ``source`` is its SHA-256. Pictures come in the order in
    which they are sent, and where that is another one than the body's, the numbers in its prompts follow them.
    """
    pictures = tuple(_picture(image) for image in body.get("image_list") or ())
    order = order_of(pictures)
    shot_types = {name: storyboard for storyboard, name in _SHOT_TYPES.items()}
    shots = body.get("multi_prompt") or ()
    is_multi = bool(body.get("multi_shot"))
    storyboard = shot_types[body["shot_type"]] if is_multi else Storyboard.NONE
    return OmniRequest(
        prompt="" if storyboard is Storyboard.CUSTOM else _renumbered(body.get("prompt") or "", order),
        pictures=tuple(pictures[position] for position in order),
        elements=tuple(Element(id=int(item["element_id"])) for item in body.get("element_list") or ()),
        video=_video((body.get("video_list") or (None,))[0]),
        storyboard=storyboard,
        shots=tuple(
            StoryboardShot(prompt=_renumbered(shot["prompt"], order), duration_s=int(shot["duration"]))
            for shot in shots
        )
        if storyboard is Storyboard.CUSTOM
        else (),
        model=body.get("model_name") or table.DEFAULT_MODEL,
        mode=body.get("mode") or table.DEFAULT_MODE,
        aspect_ratio=body.get("aspect_ratio") or "",
        duration_s=_duration(body),
        sound=body.get("sound") == "on",
        watermark=bool((body.get("watermark_info") or {}).get("enabled")),
        callback_url=body.get("callback_url") or "",
        external_task_id=body.get("external_task_id") or "",
    )


def _renumbered(prompt: str, order: Sequence[int]) -> str:
    """The prompt with the number that each picture has once they stand in this order; all else as written."""
    numbers = {position + 1: number for number, position in enumerate(order, start=1)}
    moved = {str(before): f"<<<image_{number}>>>" for before, number in numbers.items() if before != number}
    return _IMAGE_NUMBER.sub(lambda match: moved.get(match[1], match[0]), prompt) if moved else prompt


def _picture(image: Mapping[str, Any]) -> Picture:
    roles = {name: role for role, name in _IMAGE_TYPES.items()}
    url = image["image_url"]
    source = url.sha256 if isinstance(url, PictureRef) else url
    return Picture(source=source, role=roles.get(image.get("type") or "", Role.REFERENCE))


def _video(item: Mapping[str, Any] | None) -> Video | None:
    if item is None:
        return None
    use = VideoUse.REFERENCE if item.get("refer_type") == "feature" else VideoUse.EDIT
    return Video(url=item["video_url"], use=use, keep_sound=item.get("keep_original_sound") == "yes")


def _duration(body: Mapping[str, Any]) -> int:
    """The asked length; an edit may carry any text there (A03), which has no effect."""
    text = str(body.get("duration") or table.DEFAULT_DURATION)
    is_length = text.isascii() and text.isdigit() and len(text) <= _DURATION_DIGITS
    return int(text) if is_length else int(table.DEFAULT_DURATION)


def build_payload(body: Body, profile: Profile, clip: ClipRef | None = None, **known: Any) -> Payload:
    """Freeze a draft into the bytes that will be sent, again and again the same. ``clip`` is written down in the place
    of the video's link.

    ``known`` is handed to :func:`core.rules.table.problems_in`. Raises :class:`RequestInvalid` with every fault.
    """
    faults = [problem for problem in table.problems_in(body, profile=profile, **known) if problem.is_fault]
    if faults:
        raise RequestInvalid(faults)
    path, document = spoken(profile.dialect).written(_without_link(body, clip), profile)
    return Payload(
        external_task_id=body["external_task_id"],
        model=body["model_name"],
        pieces=pieces_of(document),
        dialect=profile.dialect,
        path=path,
        has_own_id=profile.models[body["model_name"]].takes_own_ids,
        kind=f"{body['model_name']} {body['mode']} {body.get('duration', 'edit')}",
    )


def _without_link(body: Body, clip: ClipRef | None) -> Body:
    if clip is None:
        return body
    return body | {"video_list": [video | {"video_url": clip} for video in body["video_list"]]}
