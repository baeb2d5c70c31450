"""All cases of the rules: for the rules engine, and over HTTP for the rehearsal server."""

from __future__ import annotations

from kling_omni_addon.core.capability import LEGACY
from tests.workshop.rule_bodies import AUTO, LIBRARY, VIDEO, accept, body, elements, images, o1, shots, story, videos
from tests.workshop.rule_cases_contents import ADVICE, MEDIA
from tests.workshop.rule_cases_output import OUTPUT, VIDEOS
from tests.workshop.rule_cases_prompt import PROMPTS, TYPES
from tests.workshop.rule_cases_references import REFERENCES

ALL_RULE_CASES = (*TYPES, *PROMPTS, *REFERENCES, *VIDEOS, *OUTPUT, *MEDIA, *ADVICE)
"""Every rule on both sides, written by hand from contract sections 13 and 16."""

RULE_CASES = tuple(case for case in ALL_RULE_CASES if LEGACY in case.dialects)
"""Those that hold over the legacy API."""

MUST_ACCEPT = (
    accept("A01", "unused storyboard", body(multi_shot=False, shot_type="x", multi_prompt=shots("99", "x", prompt=""))),
    accept("A02", "unused prompt", story("2", "3", prompt="Unused.")),
    accept("A03", "unused duration of an edit", body(duration="99", video_list=videos("base"))),
    accept("A03", "unused duration that is no number", body(duration={"s": 1}, video_list=videos("base"))),
    accept("A04", "unused ratio of an edit", body(aspect_ratio="1:1", video_list=videos("base"))),
    accept("A04", "unused ratio of a first frame", body(aspect_ratio="9:16", image_list=images("f"))),
    accept("A05", "empty strings and arrays", body(sound="on", video_list=[], callback_url="", external_task_id="")),
    accept("A06", "no refer type", body(aspect_ratio=..., duration=..., video_list=[{"video_url": VIDEO}])),
    accept("A07", "O1 next shot", o1(aspect_ratio=..., duration=..., video_list=videos())),
    accept("A08", "O1 frames", o1(aspect_ratio=..., duration=..., image_list=images("f", "e"))),
    accept("A09", "unknown keys", body(negative_prompt="", cfg_scale=0.5), warned=("A09",)),
    accept(
        "A10",
        "O1 images and elements",
        o1(aspect_ratio="1:1", duration="7", image_list=images("r", "r"), element_list=elements(1, 2)),
        elements=LIBRARY,
    ),
    accept("A11", "V3 storyboard of 15 s with sound", story(*"233331", duration="15", sound="on")),
    accept("A12", "V3 first frame and images", body(aspect_ratio=..., image_list=images(*"frrr"))),
    accept("16.6", "unused storyboard of a clip that Kling cuts", body(**AUTO, multi_prompt=shots("99"))),
)
"""What the service takes although it looks wrong (contract section 16.6)."""
