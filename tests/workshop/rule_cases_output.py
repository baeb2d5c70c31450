"""Reference video and output on both sides of every rule (contract R50 to R54, R60 to R73)."""

from __future__ import annotations

from kling_omni_addon.core.capability import LEGACY, NEW
from tests.workshop.rule_bodies import BASE64, accept, body, elements, images, o1, refuse, videos

_LINK_FAULT = "Video URL is invalid"

VIDEOS = (
    refuse("R50", "2", body(video_list=videos() * 2), "video_list supports at most 1 video"),
    accept("R50", "1", body(video_list=videos())),
    refuse("R51", "missing", body(video_list=[{"refer_type": "base"}]), "video_url cannot be empty"),
    refuse("R51", "blank", body(video_list=videos(video_url=" ")), "video_url cannot be empty"),
    refuse("R51", "Base64", body(video_list=videos(video_url=BASE64)), _LINK_FAULT),
    refuse("R51", "a number", body(video_list=videos(video_url=5)), _LINK_FAULT),
    refuse("R51", "nothing behind the scheme", body(video_list=videos(video_url="https://")), _LINK_FAULT),
    refuse("R51", "a blank inside", body(video_list=videos(video_url="https://a b")), _LINK_FAULT),
    accept("R51", "http", body(video_list=videos(video_url="http://a"))),
    refuse("R52", "another", body(video_list=videos("edit")), "refer_type value 'edit' is invalid"),
    refuse("R52", "empty", body(video_list=videos(refer_type="")), "refer_type value '' is invalid"),
    accept("R52", "missing", body(video_list=videos(None))),
    accept("R52", "null is base", body(video_list=videos(refer_type=None), duration="x")),
    refuse(
        "R53", "true", body(video_list=videos(keep_original_sound=True)), "keep_original_sound value 'true' is invalid"
    ),
    refuse("R53", "empty", body(video_list=videos(keep_original_sound="")), "keep_original_sound value '' is invalid"),
    accept("R53", "yes", body(video_list=videos("base", keep_original_sound="yes"))),
    accept("R53", "null", body(video_list=videos(keep_original_sound=None))),
    refuse(
        "R54", "feature", body(sound="on", video_list=videos()), "sound can only be off when video_list is not empty"
    ),
    refuse(
        "R54", "base", body(sound="on", video_list=videos("base")), "sound can only be off when video_list is not empty"
    ),
    accept("R54", "off", body(sound="off", video_list=videos())),
)

OUTPUT = (
    refuse("R60", "another", body(sound="yes"), "sound value 'yes' is invalid"),
    accept("R60", "on", body(sound="on")),
    accept("R60", "off", body(sound="off")),
    refuse("R61", "standard", body(mode="standard"), "mode value 'standard' is invalid"),
    accept("R61", "std", body(mode="std")),
    accept("R61", "none is pro", body(mode=...)),
    refuse("R62", "seed", body(mode="4k"), "mode value '4k' is invalid", profile="seed"),
    refuse("R62", "O1, late", o1(mode="4k"), "mode value '4k' is invalid", profile="late"),
    accept("R62", "V3, late", body(mode="4k"), profile="late"),
    accept("R62", "V3, late, with a video", body(mode="4k", video_list=videos()), profile="late"),
    accept("R62", "V3, late, of an edit", body(mode="4k", video_list=videos("base")), profile="late"),
    refuse(
        "R62",
        "O1, late, with a video",
        o1(mode="4k", video_list=videos()),
        "mode value '4k' is invalid",
        profile="late",
    ),
    refuse("R63", "another", body(aspect_ratio="4:3"), "aspect_ratio value '4:3' is invalid"),
    refuse(
        "R63", "without effect", body(aspect_ratio="4:3", image_list=images("f")), "aspect_ratio value '4:3' is invalid"
    ),
    accept("R63", "square", body(aspect_ratio="1:1")),
    accept("R63", "upright", body(aspect_ratio="9:16")),
    refuse("R64", "text", body(aspect_ratio=...), "aspect_ratio cannot be empty"),
    refuse("R64", "plain image", body(aspect_ratio="", image_list=images("r")), "aspect_ratio cannot be empty"),
    refuse("R64", "element", body(aspect_ratio=None, element_list=elements(1)), "aspect_ratio cannot be empty"),
    accept("R64", "first frame", body(aspect_ratio=..., image_list=images("f"))),
    accept("R64", "feature video", body(aspect_ratio=..., video_list=videos())),
    accept("R64", "edit", body(aspect_ratio=..., video_list=videos("base"))),
    refuse("R66", "2", body(duration="2"), "duration value '2' is invalid"),
    refuse("R66", "16", body(duration="16"), "duration value '16' is invalid"),
    refuse("R66", "16 on O1 is R66's alone", o1(duration="16"), "duration value '16' is invalid"),
    refuse("R66", "a float", body(duration=5.0), "duration value '5.0' is invalid"),
    refuse("R66", "text of a float", body(duration="5.0"), "duration value '5.0' is invalid"),
    refuse("R66", "a blank", body(duration=" 5"), "duration value ' 5' is invalid"),
    refuse("R66", "a negative integer", body(duration=-5), "duration value '-5' is invalid"),
    refuse("R66", "false", body(duration=False), "duration value 'false' is invalid"),
    refuse("R66", "an object", body(duration={}), "duration value '{}' is invalid"),
    accept("R66", "3", body(duration="3")),
    accept("R66", "15", body(duration="15")),
    accept("R66", "an integer", body(duration=5)),
    accept("R66", "leading zeros", body(duration="005")),
    refuse("R67", "11", o1(duration="11", image_list=images("r")), "duration value '11' is invalid"),
    refuse(
        "R67",
        "11, late, with a video",
        o1(duration="11", video_list=videos()),
        "duration value '11' is invalid",
        profile="late",
    ),
    refuse("R67", "11 from text is R67's alone", o1(duration="11"), "duration value '11' is invalid"),
    accept("R67", "10", o1(duration="10", image_list=images("r"))),
    accept("R67", "V3", body(duration="11")),
    refuse("R68", "text", o1(duration="7"), "Duration only supports 5 or 10 seconds when no refer_image is provided"),
    refuse(
        "R68",
        "a first frame",
        o1(duration="9", image_list=images("f")),
        "Duration only supports 5 or 10 seconds when no refer_image is provided",
    ),
    accept("R68", "5", o1(duration="5")),
    accept("R68", "10", o1(duration="10")),
    accept("R68", "an image", o1(duration="7", image_list=images("r"))),
    accept("R68", "an element", o1(duration="7", element_list=elements(1))),
    accept("R68", "a video", o1(duration="7", video_list=videos())),
    accept("R68", "both frames", o1(duration="7", image_list=images("f", "e")), warned=("W03",)),
    accept("R68", "lenient", o1(duration="7"), lenient_o1_duration=True),
    refuse("R69", "11", body(duration="11", video_list=videos()), "duration value '11' is invalid", profile="seed"),
    accept("R69", "10", body(duration="10", video_list=videos())),
    accept("R69", "15, late", body(duration="15", video_list=videos()), profile="late"),
    refuse(
        "R66",
        "16, late, with a video",
        body(duration="16", video_list=videos()),
        "duration value '16' is invalid",
        profile="late",
    ),
    refuse("R72", "another scheme", body(callback_url="ftp://a"), "callback_url value 'ftp://a' is invalid"),
    refuse("R72", "a word", body(callback_url="none"), "callback_url value 'none' is invalid"),
    accept("R72", "a link", body(callback_url="https://example.com/callback")),
    refuse("R73", "used", body(external_task_id="a"), "External_task_id a already exists", used_ids=frozenset("a")),
    refuse("N08", "a comma", body(external_task_id="a,b"), "external_task_id value 'a,b' is invalid", dialect=NEW),
    accept("N08", "a comma", body(external_task_id="ep1,shot1"), dialect=LEGACY),
    accept("N08", "no comma", body(external_task_id="ep1 shot1")),
    accept("R73", "new", body(external_task_id="b"), used_ids=frozenset("a")),
    accept("R73", "empty", body(external_task_id=""), used_ids=frozenset([""])),
)
