"""The whole space of requests and of bodies, as hypothesis strategies for the rules engine and the rehearsal server."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kling_omni_addon.core.media import PictureFacts, PictureRef
from kling_omni_addon.core.request import (
    Element,
    OmniRequest,
    Picture,
    Role,
    Storyboard,
    StoryboardShot,
    Video,
    VideoUse,
)
from tests.workshop.rule_bodies import IMAGE, O1, V3, VIDEO

STORED = {
    f"/shots/{side}.png": PictureRef(
        sha256=f"{side:064d}", facts=PictureFacts(format="png", width=side, height=720, size_bytes=1_000_000)
    )
    for side in (280, 720, 1280, 1920)
}
"""Pictures in a picture store, by the path they came from; one of them is too small."""

MODELS = st.sampled_from((V3, O1))
NAMES = st.sampled_from(("", "chair", "red chair", "Hero", "椅子"))
WORDS = st.sampled_from(
    ("a chair", "@first", "@image:chair", '@image:"red chair"', "@element:Hero", "<<<image_1>>>", "💡")
)
PROMPTS = st.lists(WORDS, max_size=6).map(" ".join)
LINKS = st.sampled_from((IMAGE, "https://example.com/b.jpg", *STORED))
PICTURES = st.builds(Picture, source=LINKS, role=st.sampled_from(Role), name=NAMES)
ELEMENTS = st.builds(Element, id=st.integers(1, 2**62), name=NAMES)
VIDEOS = st.builds(Video, url=st.just(VIDEO), use=st.sampled_from(VideoUse), keep_sound=st.booleans())


def requests() -> st.SearchStrategy[OmniRequest]:
    """Every request that can be typed, most of them faulty."""
    return st.builds(
        OmniRequest,
        prompt=PROMPTS,
        pictures=st.lists(PICTURES, max_size=8).map(tuple),
        elements=st.lists(ELEMENTS, max_size=8).map(tuple),
        video=st.none() | VIDEOS,
        storyboard=st.sampled_from(Storyboard),
        shots=st.lists(st.builds(StoryboardShot, prompt=PROMPTS, duration_s=st.integers(0, 6)), max_size=7).map(tuple),
        model=MODELS,
        mode=st.sampled_from(("std", "pro", "4k", "hd")),
        aspect_ratio=st.sampled_from(("", "16:9", "9:16", "1:1", "4:3")),
        duration_s=st.integers(0, 17),
        sound=st.booleans(),
        watermark=st.booleans(),
        callback_url=st.sampled_from(("", "https://example.com/callback", "none")),
        external_task_id=st.sampled_from(("", "mine")),
    )


@st.composite
def likely_requests(draw: st.DrawFn) -> OmniRequest:
    """Requests of every kind, most of them faultless."""
    model = draw(MODELS)
    video = draw(st.none() | VIDEOS)
    is_edit = video is not None and video.use is VideoUse.EDIT
    roles = draw(st.sampled_from(((), (Role.FIRST,), (Role.FIRST, Role.END)))) if not is_edit else ()
    is_story = model == V3 and Role.END not in roles and draw(st.booleans())
    lengths = draw(st.lists(st.integers(1, 3), min_size=3, max_size=4)) if is_story else []
    references = draw(st.integers(0, 2)) if model == V3 or Role.END not in roles else 0
    return OmniRequest(
        prompt=draw(PROMPTS.filter(bool)),
        pictures=tuple(
            Picture(source=draw(st.sampled_from((IMAGE, "/shots/1280.png"))), role=role, name=draw(NAMES))
            for role in (*roles, *[Role.REFERENCE] * references)
        ),
        elements=tuple(draw(st.lists(ELEMENTS, max_size=1))) if not (model == O1 and Role.END in roles) else (),
        video=video,
        storyboard=Storyboard.CUSTOM if is_story else Storyboard.NONE,
        shots=tuple(StoryboardShot(prompt=draw(PROMPTS.filter(bool)), duration_s=length) for length in lengths),
        model=model,
        mode=draw(st.sampled_from(("std", "pro"))),
        aspect_ratio=draw(st.sampled_from(("16:9", "9:16", "1:1"))),
        duration_s=sum(lengths) if is_story else draw(st.sampled_from((5, 10))),
        sound=model == V3 and video is None and draw(st.booleans()),
        watermark=draw(st.booleans()),
        external_task_id=draw(st.sampled_from(("", "mine"))),
    )


_JSON = st.recursive(
    st.sampled_from(
        (None, True, False, 0, 1, -1, 5, 10**40, 5.0, "", " ", "5", "x", "9" * 5000, "true", IMAGE, "first_frame")
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("index", "prompt", "a.b")), inner, max_size=3)
    ),
    max_leaves=6,
)
_ITEM_KEYS = (
    "index",
    "prompt",
    "duration",
    "image_url",
    "type",
    "element_id",
    "video_url",
    "refer_type",
    "keep_original_sound",
)
_ITEMS = st.lists(_JSON | st.dictionaries(st.sampled_from(_ITEM_KEYS), _JSON, max_size=5), max_size=8)
_LISTS = ("multi_prompt", "image_list", "element_list", "video_list")
_KEYS = ("model_name", "multi_shot", "shot_type", "prompt", "sound", "mode", "aspect_ratio", "duration", "callback_url")
_WORDS = st.sampled_from(
    (V3, O1, True, "customize", "intelligence", "A chair.", "on", "off", "std", "16:9", "5", "<<<image_1>>>")
)


def bodies() -> st.SearchStrategy[Any]:
    """Anything that a server may receive as a create body, near to right ones and far from them."""
    near = st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(_KEYS, _WORDS | _JSON),
            **dict.fromkeys(_LISTS, _ITEMS),
            "watermark_info": _JSON | st.fixed_dictionaries({"enabled": _JSON}),
            "external_task_id": _JSON,
            "cfg_scale": _JSON,
        },
    )
    return near | _JSON


_TYPES = ("prompt", "first_frame", "last_frame", "refer_image", "feature_video", "base_video", "element")
_INPUTS = st.fixed_dictionaries(
    {"type": st.sampled_from(_TYPES)},
    optional={
        **dict.fromkeys(("text", "element_id"), st.sampled_from(("@a", "shot 1, 5, @a;", "1")) | _JSON),
        "url": st.sampled_from((IMAGE, "QUJD")) | _JSON,
        "id": st.sampled_from(("a", "b", "(")) | _JSON,
    },
)


def new_bodies() -> st.SearchStrategy[Any]:
    """Anything that a server may receive over the new API, to make a task or to list them."""
    settings = {
        "multi_shot": st.booleans() | _JSON,
        "audio": st.sampled_from(("native", "original", "off")) | _JSON,
        "resolution": st.sampled_from(("720p", "4k")) | _JSON,
        "aspect_ratio": st.sampled_from(("16:9", "4:3")) | _JSON,
        "duration": st.integers(2, 16) | _JSON,
    }
    options = dict.fromkeys(("callback_url", "external_task_id", "watermark_info"), _JSON)
    search = dict.fromkeys(("start_time", "end_time", "cursor", "limit"), _JSON)
    filters = st.fixed_dictionaries({"key": st.sampled_from(("status", "product_type")) | _JSON, "values": _JSON})
    near = st.fixed_dictionaries(
        {},
        optional={
            "contents": st.lists(_INPUTS | _JSON, max_size=4),
            "settings": st.fixed_dictionaries({}, optional=settings) | _JSON,
            "options": st.fixed_dictionaries({}, optional=options) | _JSON,
            "filters": st.lists(filters | _JSON, max_size=2) | _JSON,
            **search,
        },
    )
    return near | _JSON
