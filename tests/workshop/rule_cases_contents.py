"""Contents of media on both sides of every rule, and every doubt (contract sections 16.4, 16.7, R75, A09)."""

from __future__ import annotations

from typing import Any

from tests.workshop.rule_bodies import (
    AUTO,
    IMAGE,
    LIBRARY,
    O1,
    RuleCase,
    accept,
    body,
    elements,
    images,
    o1,
    picture,
    probed,
    refuse,
    shots,
    story,
    videos,
    warn,
)

_BIG = 10_485_760
_RATIO = "image aspect ratio must be between 1:2.5 and 2.5:1"
_PIXELS = "video resolution is out of range"
_LENGTH = "video duration is out of range"
_RATE = "video frame rate must be 24-60fps"


def _beside(rule: str, says: str, facts: dict[str, Any], text: str = "", **more: Any) -> RuleCase:
    """A V3 body with a feature video of these facts."""
    changes = {"video_list": videos(), **more.pop("changes", {})}
    extra = {"videos": probed(**facts), **more}
    return refuse(rule, says, body(**changes), text, **extra) if text else accept(rule, says, body(**changes), **extra)


MEDIA = (
    refuse(
        "R35",
        "neither",
        body(image_list=picture(format="", width=0, height=0)),
        "image format must be jpg, jpeg or png",
    ),
    accept("R35", "jpeg", body(image_list=picture(format="jpeg"))),
    refuse(
        "R36", "one byte more", body(image_list=picture(size_bytes=_BIG + 1)), "image file size must not exceed 10MB"
    ),
    accept("R36", "binary megabytes", body(image_list=picture(size_bytes=_BIG)), warned=("W04",)),
    refuse(
        "R37",
        "299 wide",
        body(image_list=picture(width=299, height=400)),
        "image width and height must be at least 300px",
    ),
    refuse(
        "R37",
        "299 high, whatever the ratio",
        body(image_list=picture(width=4000, height=299)),
        "image width and height must be at least 300px",
    ),
    accept("R37", "an unknown height", body(image_list=picture(width=200, height=0))),
    accept("R37", "300", body(image_list=picture(width=300, height=300))),
    refuse("R38", "too wide", body(image_list=picture(width=1001, height=400)), _RATIO),
    refuse("R38", "too wide at the least height", body(image_list=picture(width=751, height=300)), _RATIO),
    refuse("R38", "too narrow", body(image_list=picture(width=400, height=1001)), _RATIO),
    accept("R38", "2.5:1", body(image_list=picture(width=1000, height=400))),
    accept("R38", "1:2.5", body(image_list=picture(width=400, height=1000))),
    _beside("R55", "neither", {"format": "webm"}, "video format must be mp4 or mov"),
    _beside("R55", "mov", {"format": "mov"}),
    _beside("R55", "unknown", {"format": None}),
    _beside("R56", "2.99 s", {"duration_s": 2.99}, _LENGTH),
    _beside("R56", "10.06 s", {"duration_s": 10.06}, _LENGTH),
    _beside("R56", "15.51 s, late", {"duration_s": 15.51}, _LENGTH, profile="late"),
    _beside("R56", "10.06 s, O1, late", {"duration_s": 10.06}, _LENGTH, profile="late", changes={"model_name": O1}),
    _beside("R56", "3 s", {"duration_s": 3.0}),
    _beside("R56", "10.05 s", {"duration_s": 10.05}),
    _beside("R56", "15.5 s, late", {"duration_s": 15.5}, profile="late"),
    _beside("R57", "719", {"width": 719}, _PIXELS),
    _beside("R57", "2161", {"width": 2161}, _PIXELS),
    _beside("R57", "699, late", {"height": 699}, _PIXELS, profile="late"),
    _beside("R57", "4554, late", {"width": 4554, "height": 1822}, _PIXELS, profile="late"),
    _beside("R57", "too large an area, late", {"width": 3841, "height": 2160}, _PIXELS, profile="late"),
    _beside("R57", "too wide, late", {"width": 1801, "height": 720}, _PIXELS, profile="late"),
    _beside("R57", "720 and 2160", {"width": 720, "height": 2160}),
    _beside("R57", "700, late", {"width": 700, "height": 700}, profile="late"),
    _beside("R57", "the whole area, late", {"width": 3840, "height": 2160}, profile="late"),
    _beside("R57", "2.5:1, late", {"width": 1800, "height": 720}, profile="late", warned=("W05",)),
    _beside("R57", "too narrow, late", {"width": 720, "height": 1801}, _PIXELS, profile="late"),
    _beside("R57", "1:2.5, late", {"width": 720, "height": 1800}, profile="late"),
    _beside("R57", "unknown", {"width": None}),
    _beside("R58", "23.49", {"fps": 23.49}, _RATE),
    _beside("R58", "60.5", {"fps": 60.5}, _RATE),
    _beside("R58", "23.976", {"fps": 23.976}),
    _beside("R58", "59.94", {"fps": 59.94}),
    _beside("R59", "one byte more", {"size_bytes": 209_715_201}, "video file size must not exceed 200MB"),
    _beside("R59", "200 binary megabytes", {"size_bytes": 209_715_200}),
)

ADVICE = (
    warn("R75", "no image", body(prompt="<<<image_1>>>")),
    warn("R75", "one beyond", body(prompt="<<< image_2 >>>", image_list=images("r"))),
    warn("R75", "0", body(prompt="<<<image_0>>>", image_list=images("r"))),
    warn("R75", "in a shot", story(multi_prompt=shots("5", prompt="<<<video_1>>>"))),
    warn("R75", "thousands of digits", body(prompt=f"<<<element_{'9' * 2000}>>>", element_list=elements(1))),
    accept(
        "R75",
        "all there",
        body(prompt="<<<image_1>>> <<< element_1 >>>", image_list=images("r"), element_list=elements(1)),
    ),
    accept("R75", "an unused prompt", story("5", prompt="<<<image_9>>>")),
    warn("A09", "an unknown key", body(negative_prompt="x")),
    warn("A09", "an unknown key in an item", body(image_list=[{"image_url": IMAGE, "tpye": "first_frame"}])),
    accept("A09", "known keys", body(sound="off")),
    warn("W01", "a first frame in a storyboard", story("5", image_list=images("f"))),
    accept("W01", "a first frame", body(image_list=images("f"))),
    accept("W01", "a first frame in a storyboard, late", story("5", image_list=images("f")), profile="late"),
    warn("W02", "V3", body(image_list=images("r", "f", "e"))),
    accept("W02", "frames alone", body(image_list=images("f", "e"))),
    warn("W03", "both frames", o1(duration="8", image_list=images("f", "e"))),
    warn("W03", "a first frame and a reference", o1(duration="7", image_list=images("f", "r"))),
    accept("W03", "5", o1(duration="5", image_list=images("f", "e"))),
    accept("W03", "a reference alone", o1(duration="7", image_list=images("r"))),
    accept("W03", "a first frame beside a video", o1(duration="7", image_list=images("f"), video_list=videos())),
    accept("W03", "V3", body(duration="7", image_list=images("f", "e"))),
    warn("W04", "10,000,001 bytes", body(image_list=picture(size_bytes=10_000_001))),
    accept("W04", "10,000,000 bytes", body(image_list=picture(size_bytes=10_000_000))),
    warn("W05", "wider than 2:1", body(video_list=videos()), profile="late", videos=probed(width=1442)),
    accept("W05", "2:1", body(video_list=videos()), profile="late", videos=probed(width=1440)),
    accept("W05", "seed", body(video_list=videos()), videos=probed(width=1442)),
    warn("W09", "a PNG with a C2PA record", body(image_list=picture(has_provenance=True))),
    accept("W09", "a plain PNG", body(image_list=picture())),
    warn("W06", "oblong pixels", body(video_list=videos()), videos=probed(pixel_aspect=1.0667)),
    accept("W06", "square pixels", body(video_list=videos()), videos=probed()),
    warn("W07", "a storyboard of an edit", story("5", video_list=videos("base"))),
    accept("W07", "a storyboard beside a feature video", story("5", video_list=videos())),
    warn("W10", "4K", body(mode="4k"), profile="late"),
    warn("W10", "4K beside a video", body(mode="4k", video_list=videos()), profile="late"),
    warn("W10", "11 s beside a video", body(duration="11", video_list=videos()), profile="late"),
    warn("W10", "a video of 12 s", body(video_list=videos()), profile="late", videos=probed(duration_s=12.0)),
    warn("W10", "a video of 700 pixels", body(video_list=videos()), profile="late", videos=probed(height=700)),
    accept("W10", "10 s beside a video", body(duration="10", video_list=videos()), profile="late"),
    accept("W10", "what both refuse", o1(mode="4k"), profile="late", expected=("R62",)),
    accept("W10", "what was narrowed", body(element_list=elements(11, 12, 13)), profile="late", elements=LIBRARY),
    accept("W10", "a storyboard beside a video", body(**AUTO, video_list=videos()), profile="late"),
    warn("W11", "shot by shot", story("5", video_list=videos()), profile="late"),
    accept("W11", "cut by Kling", body(**AUTO, video_list=videos()), profile="late"),
    accept("W11", "shot by shot, of an edit", story("5", video_list=videos("base")), profile="late", warned=("W07",)),
    accept("W11", "shot by shot, seed", story("5", video_list=videos())),
    warn("W08", "an image", body(image_list=images("r"))),
    warn("W08", "the second element", body(prompt="<<<element_1>>>", element_list=elements(1, 2))),
    warn("W08", "a feature video", body(video_list=videos())),
    accept("W08", "frames need no mention", body(image_list=images("f", "e"))),
    accept("W08", "an edited video needs no mention", body(video_list=videos("base"))),
)
