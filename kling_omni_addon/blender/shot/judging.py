"""What is wrong with a shot: the service's rules in the artist's words, and what only the panel can know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import bpy

from ...core.errors import RequestInvalid
from ...core.footage import doubt_of_link
from ...core.naming import Numbering, mention, ordered_pictures, unknown_names
from ...core.problem import Problem, Remedy
from ...core.request import OmniRequest, Role, Video
from ..connection import clip_links, limits, preferences, preparing
from ..host import thumbnails
from ..host.editors import redraw_tab
from ..host.isolating import on_its_own
from ..host.ownership import is_own, why_not_own
from . import kept_ahead
from .borrowed import borrowed_prompts
from .footage import known_videos
from .frame_doubts import frame_doubts
from .kinds import KINDS, has_chosen_kind, kind_of_shot
from .prompt import prompt_of
from .properties import KLING_PG_shot, picture_paths, shot_of
from .reading import read_request

_LIMIT_OF_NAMES: Final = 64
_SOON_S: Final = 0.05
PANEL_RULE: Final = "PANEL"
"""The rule id of what only the panel can know: the service sees no kinds of shot and no names."""
FIRST_PATH: Final = "first_frame"
END_PATH: Final = "end_frame"
KIND_PATH: Final = "kind"
SCENE_PATH: Final = "scene"
CLIP_PATH: Final = "video_of"
FOOTAGE_PATH: Final = "video"
PROFILE_PATH: Final = "profile"
ITEMS: Final = re.compile(r"(image_list|element_list)\[(\d+)(?::(\d+))?\]")

_judgements: dict[str, tuple[Problem, ...]] = {}  # scene -> its last judgement
_texts_judged: dict[str, int] = {}  # scene -> what its text said when it was judged last


def judge(scene: bpy.types.Scene, request: OmniRequest | None = None) -> tuple[Problem, ...]:
    """Judge the scene's shot, or the ``request`` that was read from it, and keep the result for the panels. Reads the
    headers of its pictures, nothing else.
    """
    from ...judging import judge_request, local_sources  # jsonschema

    asked = read_request(scene) if request is None else request
    found = judge_request(asked, limits.profile(), known_videos(shot_of(scene), asked.video))
    lacks = tuple(missing(scene, asked))
    judged = (spoken(problem, asked) for problem in found if not is_told_better(problem, lacks))
    problems = (*lacks, *_unseen(scene), *judged, *unknown_mentions(asked), *_doubts(scene, asked))
    if len(_judgements) > _LIMIT_OF_NAMES:
        _judgements.clear()
    _judgements[scene.name] = problems
    thumbnails.load(picture_paths(shot_of(scene)))
    kept_ahead.want(scene.name, local_sources(asked))
    return problems


def require_complete(scene: bpy.types.Scene, request: OmniRequest | None = None) -> None:
    """Raise :class:`RequestInvalid` for what the chosen kind of shot lacks, which the service could not know."""
    from ...core.rules.table import MEDIA_RULES  # jsonschema

    # Rules of a video's insides are judged only here, where the facts of our own clips are known.
    early = (PANEL_RULE, *MEDIA_RULES)
    lacks = [problem for problem in judge(scene, request) if problem.rule in early and problem.is_fault]
    if lacks:
        raise RequestInvalid(lacks)


def ask_for_link(scene: bpy.types.Scene) -> None:
    """Have the link of the clip that the scene's shot is made from, if it is made from one. Without a window it is
    waited for here; in a window it was asked for when the clip was chosen.
    """
    shot = shot_of(scene)
    clip = shot.video_of if bpy.app.background and kind_of_shot(shot).video is not None else ""
    if clip and not clip_links.link_of(clip) and not clip_links.is_asking(clip):
        clip_links.ask(clip)


def problems(scene: bpy.types.Scene) -> tuple[Problem, ...] | None:
    """The last judgement of the scene's shot; None before the first."""
    return _judgements.get(scene.name)


def judged_or_soon(scene: bpy.types.Scene) -> tuple[Problem, ...] | None:
    """The same for drawing code, which may not judge: None has it judged right after the drawing."""
    known = problems(scene)
    if known is None and not bpy.app.background and not bpy.app.timers.is_registered(_judge_unknown):
        bpy.app.timers.register(_judge_unknown, first_interval=0.0)
    return known


def _judge_unknown() -> float | None:
    """Judge every shot that was not judged yet, as soon as all is loaded that this needs."""
    preparing.begin()
    if preparing.is_loading():
        return _SOON_S
    for scene in bpy.data.scenes:
        if problems(scene) is None:
            on_its_own(judge, scene)
    redraw_tab()
    return None


def stop() -> None:
    """Nothing is judged by itself any more."""
    if bpy.app.timers.is_registered(_judge_unknown):
        bpy.app.timers.unregister(_judge_unknown)


def forget() -> None:
    """Another file is open, or the session is over."""
    _judgements.clear()
    kept_ahead.forget()


def judge_clips() -> None:
    """Judge every shot that is made from a clip of ours: its link has come."""
    for scene in bpy.data.scenes:
        if shot_of(scene).video_of:
            on_its_own(judge, scene)


def judge_all() -> None:
    """Judge every shot: another profile is in force."""
    for scene in bpy.data.scenes:
        on_its_own(judge, scene)
    redraw_tab()


def judge_edited() -> bool:
    """Judge every shot whose text says something else than it did last time; whether there was one.

    Blender tells nobody that a text was edited, so this has to be asked for from time to time.
    """
    shots = {scene.name: shot_of(scene) for scene in bpy.data.scenes}
    said = {name: hash(prompt_of(shot)) for name, shot in shots.items() if shot.prompt_text is not None}
    edited = [name for name, mark in said.items() if _texts_judged.get(name) != mark]
    _texts_judged.clear()
    _texts_judged.update(said)
    for name in edited:
        on_its_own(judge, bpy.data.scenes[name])
    return bool(edited)


def missing(scene: bpy.types.Scene, request: OmniRequest) -> Iterator[Problem]:
    """What the shot lacks: choices that are not known here, and what the kind that somebody chose is made from."""
    shot, kind = shot_of(scene), kind_of_shot(shot_of(scene))
    yield from _unknown_choices(request)
    if trouble := limits.trouble():
        yield _lack(trouble, PROFILE_PATH)
    if not is_own(scene):
        yield _lack(why_not_own(scene), SCENE_PATH)
    if request.video is not None:
        yield from (_missing_link if request.video.clip else _doubtful_link)(shot, request.video)
    if not has_chosen_kind(shot):
        return
    if Role.FIRST in kind.frames and request.picture(Role.FIRST) is None:
        yield _lack("There is no first frame yet. Capture one, or select an image.", FIRST_PATH)
    if Role.END in kind.frames and not kind.has_board and request.picture(Role.END) is None:
        yield _lack("There is no end frame yet. Capture one, or select an image.", END_PATH, _ONLY_FIRST)
    if kind.needs_reference and not request.elements and request.picture(Role.REFERENCE) is None:
        yield _lack("There is no reference yet. Add an image or an element.", "image_list")


_ONLY_FIRST: Final = Remedy(
    path=KIND_PATH,
    value=next(kind.identifier for kind in KINDS if kind.frames == (Role.FIRST,)),
    label="Use the First Frame Only",
)


def _unknown_choices(request: OmniRequest) -> Iterator[Problem]:
    """What a .blend asks for that other data knew. Sent without it, the service would quietly choose by itself."""
    profile = limits.profile()
    proposed = profile.proposed
    if not request.model:
        label = f"Use {profile.models[proposed.model].label}"
        yield _lack(limits.UNKNOWN_MODEL, "model_name", Remedy(path="model_name", value=proposed.model, label=label))
    if not request.mode:
        label = f"Use {profile.mode_labels[proposed.mode]}"
        message = "This version does not know the quality of this .blend file."
        yield _lack(message, "mode", Remedy(path="mode", value=proposed.mode, label=label))


def _missing_link(shot: KLING_PG_shot, video: Video) -> Iterator[Problem]:
    """What to say while the link of a clip of ours is not at hand."""
    if video.url:
        return
    name = shot.video_origin or "the clip"
    again = Remedy(path=CLIP_PATH, value=video.clip, label="Request Link")
    if clip_links.is_asking(video.clip):
        yield _lack(f"Requesting the link of {name} from Kling...", CLIP_PATH)
    elif trouble := clip_links.trouble_of(video.clip):
        yield _lack(trouble, CLIP_PATH, again)
    else:
        yield _lack(f"The link of {name} has to be requested from Kling, which is free.", CLIP_PATH, again)


def _doubtful_link(shot: KLING_PG_shot, video: Video) -> Iterator[Problem]:
    """What is to say of a video that is a link: of footage without one, and of one that Kling will hardly reach."""
    if shot.footage and not video.url:
        yield _lack("The rendered video has no link yet. Press Upload Video first.", FOOTAGE_PATH)
    doubt = "" if preferences.service().is_rehearsal else doubt_of_link(video.url)
    if doubt:
        yield Problem(rule=PANEL_RULE, path=FOOTAGE_PATH, message=doubt, kind="warning")


def is_told_better(problem: Problem, lacks: Sequence[Problem]) -> bool:
    """Whether :func:`missing` says the same in words that fit: a clip or footage of ours has no link to paste."""
    return problem.rule == "R51" and any(lack.path in (CLIP_PATH, FOOTAGE_PATH) for lack in lacks if lack.is_fault)


def _lack(message: str, path: str, remedy: Remedy | None = None) -> Problem:
    return Problem(rule=PANEL_RULE, path=path, message=message, kind="error", remedy=remedy)


def _unseen(scene: bpy.types.Scene) -> Iterator[Problem]:
    """Prompts that nobody has looked at since they were taken from somewhere."""
    for found in borrowed_prompts(shot_of(scene)):
        yield _lack(found.message, found.path, found.remedy)


def _doubts(scene: bpy.types.Scene, request: OmniRequest) -> Iterator[Problem]:
    """What is doubtful about the frames."""
    for found in frame_doubts(scene, request):
        yield Problem(rule=PANEL_RULE, path=found.path, message=found.message, kind="warning", remedy=found.remedy)


def unknown_mentions(request: OmniRequest) -> Iterator[Problem]:
    """Names in the prompts that nothing here is called by."""
    names = Numbering.of(ordered_pictures(request), request.elements, request.video)
    text = "\n".join((request.prompt, *(shot.prompt for shot in request.shots)))
    for name in unknown_names(text, names):
        message = f"The prompt mentions {name}, which this shot does not have."
        yield Problem(rule=PANEL_RULE, path="prompt", message=message, kind="warning")


def spoken(problem: Problem, request: OmniRequest) -> Problem:
    """The same problem in names instead of numbers, where the artist gave names; with a way to mention them."""
    items = ITEMS.fullmatch(problem.path)
    if problem.rule == "R56" and request.video is not None and request.video.clip:
        # In place of how to mend a file, which a clip of ours is not; what another profile takes may be said behind it.
        fact, limits, _, *dates = problem.message.removesuffix(".").split(". ")
        sentences = (fact, limits, "Use Continue from Last Frame instead", *dates)
        return replace(problem, message=f"{'. '.join(sentences)}.")
    if problem.rule != "W08" or items is None:
        return problem
    is_image, position = items[1] == "image_list", int(items[2])
    item = ordered_pictures(request)[position] if is_image else request.elements[position]
    if not item.name:
        return problem
    name = mention("image" if is_image else "element", item.name)
    remedy = Remedy(path="prompt", value=name, label=f"Mention {name}")
    return replace(problem, message=f"The prompt never mentions {name}; Kling may ignore it.", remedy=remedy)
