"""Kling 4.0 on both sides of every rule that its data move or bring, as a relay documents it (contract 13.1)."""

from __future__ import annotations

from typing import Any

from tests.workshop.rule_bodies import (
    AUTO,
    IMAGE,
    LIBRARY,
    VIDEO,
    accept,
    body,
    elements,
    images,
    picture,
    probed,
    refuse,
    videos,
    warn,
)

V4, FLASH = "kling-4.0", "kling-4.0-flash"
MIDDLE = {"image_url": IMAGE, "type": "middle_frame"}


def v4(**changes: Any) -> dict[str, Any]:
    """A faultless body of Kling 4.0 with some members changed."""
    return body(**{"model_name": V4, "sound": "on", **changes})


def frames(middle: int, *, first: bool = True, end: bool = True) -> list[dict[str, Any]]:
    """A first frame, so many middle frames, and an end frame."""
    return [*images(*"f" * first), *[MIDDLE] * middle, *images(*"e" * end)]


RELAY_CASES = (
    accept("R10", "4.0", v4()),
    accept("R10", "4.0 Flash", v4(model_name=FLASH, mode="std")),
    refuse("R14", "26,001", v4(prompt="x" * 26_001), "prompt must not exceed 26000 characters"),
    accept("R14", "26,000", v4(prompt="x" * 26_000)),
    refuse("R14", "3,073 of 3.0", body(prompt="x" * 3_073), "prompt must not exceed 3072 characters"),
    refuse("R25", "4.0", v4(**AUTO), "multi_shot is not supported by the current model"),
    refuse("R31", "3.0", body(image_list=frames(2)), "image_list[1].type value 'middle_frame' is invalid"),
    refuse("R31", "last frame", v4(image_list=[*images("f"), {"image_url": IMAGE, "type": "last_frame"}]), ""),
    accept("R31", "4.0", v4(image_list=frames(2))),
    accept("R31", "4.0 Flash", v4(model_name=FLASH, mode="std", image_list=frames(1, end=False))),
    refuse("R34", "4.0", v4(image_list=frames(1, end=False), video_list=videos("base")), ""),
    refuse("R36", "4.0", v4(image_list=picture(size_bytes=31_457_281)), "image file size must not exceed 30MB"),
    accept("R36", "4.0", v4(image_list=picture(size_bytes=31_457_280))),
    warn("W04", "4.0", v4(image_list=picture(size_bytes=30_000_001))),
    accept("W04", "4.0", v4(image_list=picture(size_bytes=30_000_000))),
    refuse(
        "R40",
        "16 of 4.0",
        v4(image_list=images(*"r" * 10), element_list=elements(*range(1, 7))),
        "reference images plus elements must not exceed 15",
        elements=LIBRARY,
    ),
    accept("R40", "15", v4(image_list=images(*"r" * 10), element_list=elements(*range(1, 6))), elements=LIBRARY),
    refuse(
        "R41",
        "15 of 4.0",
        v4(image_list=images(*"r" * 10), element_list=elements(*range(1, 6)), video_list=videos()),
        "reference images plus elements must not exceed 14 with a reference video",
        elements=LIBRARY,
    ),
    accept(
        "R41",
        "14",
        v4(image_list=images(*"r" * 10), element_list=elements(*range(1, 5)), video_list=videos()),
        elements=LIBRARY,
    ),
    accept("R47", "4.0", v4(element_list=elements(11, 12, 13, 14, 15)), elements=LIBRARY),
    refuse("R50", "4.0", v4(video_list=videos() * 2), "video_list supports at most 1 video"),
    accept("R54", "4.0 beside a video", v4(video_list=videos())),
    refuse("R56", "30.5 s", v4(video_list=videos()), "video duration is out of range", videos=probed(duration_s=30.5)),
    accept("R56", "30 s", v4(video_list=videos()), videos=probed(duration_s=30.0)),
    refuse(
        "R59",
        "4.0",
        v4(video_list=videos()),
        "video file size must not exceed 300MB",
        videos=probed(size_bytes=314_572_801),
    ),
    accept("R59", "4.0", v4(video_list=videos()), videos=probed(size_bytes=314_572_800)),
    refuse("R62", "4K of 4.0", v4(mode="4k"), "mode value '4k' is invalid"),
    refuse("R62", "Pro of Flash", v4(model_name=FLASH), "mode value 'pro' is invalid"),
    refuse("R63", "3.0", body(aspect_ratio="21:9"), "aspect_ratio value '21:9' is invalid"),
    refuse("R63", "another", v4(aspect_ratio="2:1"), "aspect_ratio value '2:1' is invalid"),
    *(accept("R63", ratio, v4(aspect_ratio=ratio)) for ratio in ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9")),
    refuse("R66", "31 s", v4(duration="31"), "duration value '31' is invalid"),
    refuse("R66", "2 s", v4(duration="2"), "duration value '2' is invalid"),
    refuse("R66", "16 s of 3.0", body(duration="16"), "duration value '16' is invalid"),
    accept("R66", "30 s", v4(duration="30")),
    accept("R66", "3 s", v4(duration="3")),
    refuse("R67", "21 s of Flash", v4(model_name=FLASH, mode="std", duration="21"), "duration value '21' is invalid"),
    accept("R67", "20 s of Flash", v4(model_name=FLASH, mode="std", duration="20")),
    refuse("N03", "9", v4(image_list=frames(9)), "at most 8 middle_frame are supported"),
    accept("N03", "8, and 10 frames in all", v4(image_list=frames(8))),
    refuse("N04", "none", v4(image_list=frames(1, first=False, end=False)), "middle_frame requires first_frame"),
    accept("N04", "a first frame", v4(image_list=frames(1, end=False))),
    refuse("N05", "images", v4(image_list=[*images("r"), *frames(1)]), ""),
    refuse("N05", "elements", v4(image_list=images("f"), element_list=elements(1, 2)), ""),
    refuse("N05", "images and elements", v4(image_list=images("r", "f"), element_list=elements(1)), ""),
    refuse("N05", "a followed video", v4(image_list=images("f"), video_list=videos()), ""),
    accept("N05", "frames", v4(image_list=frames(0))),
    accept("N05", "references", v4(image_list=images("r"), element_list=elements(1), video_list=videos())),
    accept("N05", "3.0", body(image_list=images("r", "f"))),
    refuse("N06", "11 images", v4(image_list=images(*"r" * 11)), "at most 10 images are supported"),
    refuse("N06", "8 elements", v4(element_list=elements(*range(1, 9))), "at most 7 elements are supported"),
    accept("N06", "10 images", v4(image_list=images(*"r" * 10))),
    accept("N06", "7 elements", v4(element_list=elements(*range(1, 8)))),
    refuse(
        "N07",
        "4.0",
        v4(callback_url=VIDEO),
        "callback_url is not supported by the current model",
    ),
    accept("N07", "3.0", body(callback_url=VIDEO)),
    warn("W14", "off", v4(sound="off")),
    warn("W14", "not said", v4(sound=...)),
    accept("W14", "on", v4()),
    accept("W14", "3.0", body()),
    warn("W15", "4.0", v4()),
    accept("W15", "3.0", body()),
)
"""To be judged by today's profile over the new API with the models that a relay documents."""
