"""The element library: the account's own elements and the service's presets (contract, section 9.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .answers import Refusal
from .settings import RehearsalSettings
from .tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED, milliseconds

MULTI_IMAGE, VIDEO_CHARACTER = "image_refer", "video_refer"
_NAME_CHARACTERS, _DESCRIPTION_CHARACTERS = 20, 100
_REFERENCE_IMAGES = (1, 3)
# The first two are the elements of the official samples, so that those samples run here.
_PRESETS = (
    (829836802793406551, "Lin", "A young woman in a yellow raincoat", MULTI_IMAGE),
    (829836802793406552, "Biscuit", "A brown terrier", MULTI_IMAGE),
    (829836802793406553, "Marlow", "A grey-haired man who speaks slowly", VIDEO_CHARACTER),
)


@dataclass(slots=True, kw_only=True)
class ElementTask:
    """The making of one element. ``members`` are what the create said, ready to be told again."""

    task_id: str
    external_task_id: str
    element_id: int
    members: Mapping[str, Any]
    created_s: float
    ready_s: float
    owner: str
    failure: str = ""
    is_deleted: bool = False

    def document(self, now: float) -> dict[str, Any]:
        """The task as a query answers it."""
        ended = FAILED if self.failure else SUCCEED
        status = ended if now >= self.ready_s else PROCESSING
        return {
            "task_id": self.task_id,
            "task_status": status,
            "task_status_msg": self.failure if status == FAILED else "",
            "task_info": {"external_task_id": self.external_task_id} if self.external_task_id else {},
            "task_result": {"elements": [self._element()]} if status == SUCCEED else {},
            "final_unit_deduction": "0",
            "created_at": milliseconds(self.created_s),
            "updated_at": milliseconds(self.ready_s if now >= self.ready_s else self.created_s),
        }

    def _element(self) -> dict[str, Any]:
        status = "deleted" if self.is_deleted else "succeed"
        return {"element_id": self.element_id, **self.members, "owned_by": self.owner, "status": status}


class ElementLibrary:
    """All elements of one account. Every method is safe to call from any thread."""

    def __init__(self, settings: RehearsalSettings, clock: Callable[[], float], new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._new_id = new_id
        self._element_s = settings.element_s
        more = [
            (number, f"Element {number}", "An element of this rehearsal", kind) for number, kind in settings.elements
        ]
        self._presets = [_preset(*preset) for preset in (*_PRESETS, *more)]
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget the account's own elements."""
        with self._lock:
            self._own: list[ElementTask] = []

    def kinds(self) -> dict[int, str]:
        """Element id to kind, of all that a create may refer to now."""
        with self._lock:
            now = self._clock()
            usable = [e for e in self._presets + self._own if not (e.is_deleted or e.failure) and e.ready_s <= now]
            return {element.element_id: element.members["reference_type"] for element in usable}

    def create(self, body: Mapping[str, Any], failure: str) -> dict[str, Any]:
        """Begin an element; its body must have passed :func:`check_element`. ``failure`` dooms it, ``""`` does not."""
        with self._lock:
            now = self._clock()
            external = body.get("external_task_id") or ""
            if external and any(element.external_task_id == external for element in self._own):
                raise Refusal(1201, f"External_task_id {external} already exists")
            element = ElementTask(
                task_id=self._new_id(),
                external_task_id=external,
                element_id=int(self._new_id()),
                members=_described(body),
                created_s=now,
                ready_s=now + self._element_s,
                owner="rehearsal",
                failure=failure,
            )
            self._own.append(element)
            return {**element.document(now), "task_status": SUBMITTED}

    def described(self, wanted: str) -> dict[str, Any] | None:
        """The making of one element by task id or external id."""
        with self._lock:
            found = (e for e in self._presets + self._own if wanted in (e.task_id, e.external_task_id))
            element = next(found, None)
            return element.document(self._clock()) if element else None

    def listed(self, page: int, size: int, *, presets: bool) -> list[dict[str, Any]]:
        """One page of the presets, or of the account's own elements, newest first and without the deleted ones."""
        with self._lock:
            elements = self._presets if presets else self._own[::-1]
            seen = [element for element in elements if not element.is_deleted]
            return [element.document(self._clock()) for element in seen[(page - 1) * size : page * size]]

    def delete(self, element_id: object) -> None:
        """Take an own element out of use."""
        with self._lock:
            wanted = str(element_id)
            for element in self._own:
                if str(element.element_id) == wanted and not element.is_deleted:
                    element.is_deleted = True
                    return
            raise Refusal(1201, f"Element id not found: {wanted}")


def check_element(body: Mapping[str, Any]) -> None:
    """Refuse (1201) a create of an element that breaks a limit of section 9.1. The texts are ours, on the known
    patterns.
    """
    for field, most in (("element_name", _NAME_CHARACTERS), ("element_description", _DESCRIPTION_CHARACTERS)):
        text = body.get(field)
        if not isinstance(text, str) or not text.strip():
            raise Refusal(1201, f"{field} cannot be empty")
        if len(text) > most:
            raise Refusal(1201, f"{field} must not exceed {most} characters")
    kind = body.get("reference_type")
    if kind not in (MULTI_IMAGE, VIDEO_CHARACTER):
        raise Refusal(1201, f"reference_type value '{'' if kind is None else kind}' is invalid")
    if kind == VIDEO_CHARACTER:
        _check_videos(body.get("element_video_list"))
    else:
        _check_images(body.get("element_image_list"))


def image_urls(body: Mapping[str, Any]) -> list[str]:
    """The pictures of a checked body, the frontal one first."""
    if body.get("reference_type") != MULTI_IMAGE:
        return []
    images = body["element_image_list"]
    return [images["frontal_image"], *(image["image_url"] for image in images["refer_images"])]


def _check_images(images: object) -> None:
    least, most = _REFERENCE_IMAGES
    if not isinstance(images, dict) or not _is_text(images.get("frontal_image")):
        raise Refusal(1201, "element_image_list.frontal_image cannot be empty")
    others = images.get("refer_images")
    if not isinstance(others, list) or not least <= len(others) <= most:
        raise Refusal(1201, f"element_image_list.refer_images supports {least} to {most} images")
    for index, image in enumerate(others):
        if not isinstance(image, dict) or not _is_text(image.get("image_url")):
            raise Refusal(1201, f"element_image_list.refer_images[{index}].image_url cannot be empty")


def _check_videos(videos: object) -> None:
    clips = videos.get("refer_videos") if isinstance(videos, dict) else None
    if not isinstance(clips, list) or len(clips) != 1:
        raise Refusal(1201, "element_video_list.refer_videos supports 1 video")
    url = clips[0].get("video_url") if isinstance(clips[0], dict) else None
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise Refusal(1201, "Video URL is invalid")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _described(body: Mapping[str, Any]) -> dict[str, Any]:
    """What an element tells about itself. Pictures are told by link only: Base64 is not sent back."""
    shown = [url if url.startswith(("http://", "https://")) else "" for url in image_urls(body)]
    others = [{"image_url": url} for url in shown[1:]]
    return {
        "element_name": body["element_name"],
        "element_description": body["element_description"],
        "reference_type": body["reference_type"],
        "element_image_list": {"frontal_image": shown[0], "refer_images": others} if shown else {},
        "element_video_list": body.get("element_video_list") or {},
        "element_voice_info": {},
        "tag_list": body.get("tag_list") or [],
    }


def _preset(element_id: int, name: str, description: str, kind: str) -> ElementTask:
    body: dict[str, Any] = {"element_name": name, "element_description": description, "reference_type": kind}
    body |= {"element_image_list": {"frontal_image": "https://example.com/preset.png", "refer_images": []}}
    return ElementTask(
        task_id=str(element_id + 100),
        external_task_id="",
        element_id=element_id,
        members=_described(body),
        created_s=0.0,
        ready_s=0.0,
        owner="kling",
    )
