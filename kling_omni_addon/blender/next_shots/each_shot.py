"""A clip for each shot of a storyboard: where it is too long for one, or each shot is to begin with its own camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import bpy

from ...core.errors import KlingError, RequestInvalid
from ...core.pricing import Price, price_of, sum_of
from ...core.problem import Problem
from ...core.request import OmniRequest, Picture, Role, Storyboard, capability_of
from ...core.shot_names import next_name
from ..capture import camera as capture_camera
from ..capture.pictures import background_of, capture_path
from ..connection import limits, online
from ..connection.preferences import service_name
from ..host.changed import changed
from ..host.language import translated
from ..host.ownership import require_own
from ..host.reporting import Outcome, reported, say
from ..host.wrapping import draw_lines
from ..shot.kinds import has_own_prompts
from ..shot.properties import scene_of, shot_of
from ..shot.reading import clip_name_of, read_request, read_target
from ..submissions import acts, confirming
from ..submissions.repeats import LastPress
from ..timeline.clip_strips import scene_fps

if TYPE_CHECKING:
    from ...core.life.events import Target
    from ...core.life.lifecycle import Submission

_SHORTEST: Final = 0.5
"""How much of the shortest clip a shot has to last: a clip that plays more than twice as fast is a blur."""
_DIALOG_PX: Final = 480
_DIALOG_CHARACTERS: Final = 72
_NAME_SHARE: Final = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedClip:
    """One clip to be made. ``camera`` renders its first frame; ``""`` for none."""

    request: OmniRequest
    target: Target
    camera: str


@dataclass(slots=True, kw_only=True)
class _Batch:
    """What was submitted last: the first ``made`` of ``plans``."""

    plans: tuple[PlannedClip, ...] = ()
    made: int = 0


_last = _Batch()
_last_press: LastPress[tuple[PlannedClip, ...]] = LastPress()


def plans_of(scene: bpy.types.Scene) -> tuple[PlannedClip, ...]:
    """A clip for each shot of the scene's storyboard: each at its own place of the timeline and exactly as long there,
    and called what its marker, camera or strip was called; others are numbered.

    Shots that were not read from the timeline follow the one before, the first of them from the playhead on. Raises
    :class:`KlingError` for a shot that no clip can be made for.
    """
    target = read_target(scene)
    asked, target = _request_of_one(scene), replace(target, shot="", has_stand_in=bool(target.scene))
    names = _names(clip_name_of(scene))
    return tuple(
        _plan(part, number, asked, _place(target, frame, length, part.name.strip() or next(names)), scene)
        for number, (part, frame, length) in enumerate(_places(scene), start=1)
    )


def _place(target: Target, frame: int, length: int, name: str) -> Target:
    return replace(target, frame_start=frame, fit_frames=length, name=name)


def _request_of_one(scene: bpy.types.Scene) -> OmniRequest:
    """What all clips have in common."""
    return replace(read_request(scene), storyboard=Storyboard.NONE, shots=())


def _names(base: str) -> Iterator[str]:
    name = base if base[-1:].isdigit() else f"{base}_01"
    while True:
        yield name
        name = next_name(name)


def _places(scene: bpy.types.Scene) -> Iterator[tuple[Any, int, int]]:
    """Every shot with its first frame and its length in frames."""
    fps, now = scene_fps(scene), scene.frame_current
    for part in shot_of(scene).board:
        # A length that was typed in afterwards counts more than the one on the timeline.
        is_as_read = part.frames > 0 and abs(part.frames / fps - part.duration_s) < 1
        frame = part.frame if part.frames > 0 else now
        length = part.frames if is_as_read else max(1, round(part.duration_s * fps))
        yield part, frame, length
        now = frame + length


def _plan(part: Any, number: int, asked: OmniRequest, target: Target, scene: bpy.types.Scene) -> PlannedClip:
    camera = "" if part.camera is None else str(part.camera.name)
    # The picture is rendered later; what is asked for depends on there being one.
    own = tuple(picture for picture in asked.pictures if picture.role is Role.REFERENCE)
    first = (Picture(source="", role=Role.FIRST),) if camera else ()
    request = replace(asked, prompt=part.prompt, pictures=(*own, *first), aspect_ratio="" if camera else _shape(scene))
    seconds = _clip_seconds(request, target.fit_frames / scene_fps(scene), number)
    return PlannedClip(request=replace(request, duration_s=seconds), target=_placed(target, scene), camera=camera)


def _shape(scene: bpy.types.Scene) -> str:
    return str(shot_of(scene).aspect_ratio)


def _placed(target: Target, scene: bpy.types.Scene) -> Target:
    return target if shot_of(scene).places_clip else replace(target, fit_frames=0)


def _clip_seconds(request: OmniRequest, seconds: float, number: int) -> int:
    """The length nearest to a shot's that the model makes."""
    model = limits.require_model(request.model)
    lengths = model.durations(capability_of(request))
    shortest, longest = min(lengths), max(lengths)
    if not shortest * _SHORTEST <= seconds < longest + 0.5:
        sentence = f"Shot {number} lasts {seconds:.1f} s; {model.label} makes {shortest} to {longest} s."
        remedy = "Cut it in two." if seconds > longest else f"Make it at least {shortest * _SHORTEST:g} s long."
        raise KlingError(sentence, field=f"board[{number - 1}]", remedy=remedy)
    return min(lengths, key=lambda length: (abs(length - seconds), -length))


def price_of_all(plans: tuple[PlannedClip, ...]) -> Price | None:
    """What they cost together by the list; None where it has no price for one of them."""
    return sum_of(price_of(plan.request, profile=limits.profile()) for plan in plans)


def price_label(scene: bpy.types.Scene) -> str:
    """What all clips of the scene's storyboard cost together, for a button; ``""`` where that is not known, or a shot
    cannot be made.
    """
    if service_name() == "rehearsal":
        return "free"
    try:
        price = price_of_all(plans_of(scene))
    except KlingError:
        return ""
    return "" if price is None else price.label


def question(plans: tuple[PlannedClip, ...]) -> str:
    """How many clips, how long, at what price."""
    total = sum(plan.request.duration_s for plan in plans)
    price = price_of_all(plans)
    cost = "no list price" if price is None else price.label
    said = f"free in rehearsal; with Kling {cost}" if service_name() == "rehearsal" else cost
    return f"{len(plans)} clips, {total} s in all: {said}"


def submit_each(scene: bpy.types.Scene, plans: tuple[PlannedClip, ...]) -> list[Submission]:
    """Render the first frames that cameras give, and record a submission for each: **from here on they may cost**.

    All are judged before anything is rendered or sent. What went wrong half-way goes on where it stopped when the same
    plans come again, so that none is paid for twice. Raises :class:`RequestInvalid` with the faults of every shot,
    :class:`CaptureFailed` and like ``api.submit``.
    """
    require_own(scene)
    online.require_online()
    _require_faultless(plans)
    if _last.plans != plans or _last.made == len(plans):
        _last.plans, _last.made = plans, 0
    ready = [replace(plan, request=_with_first_frame(scene, plan)) for plan in plans[_last.made :]]
    return [_submit(plan) for plan in ready]


def _submit(plan: PlannedClip) -> Submission:
    try:
        made = acts.submit_request(plan.request, plan.target)
    except KlingError as error:
        if not _last.made:
            raise
        remedy = "Press Generate Each Shot again to continue with the others."
        raise KlingError(
            f"Submitted {_last.made} of {len(_last.plans)} clips; the others not: {error}", remedy=remedy
        ) from error
    _last.made += 1
    if _last.made == len(_last.plans):
        _last_press.note(_last.plans)
    return made


def _require_faultless(plans: tuple[PlannedClip, ...]) -> None:
    from ...judging import judge_request  # jsonschema

    found: list[Problem] = []
    for number, plan in enumerate(plans, start=1):
        pictures = tuple(picture for picture in plan.request.pictures if picture.source)
        # A picture that decides the shape is not rendered yet.
        shape = plan.request.aspect_ratio or limits.profile().proposed.aspect_ratio
        request = replace(plan.request, pictures=pictures, aspect_ratio=shape)
        faults = [problem for problem in judge_request(request, limits.profile()) if problem.is_fault]
        found += [replace(problem, message=f"Shot {number}: {problem.message}") for problem in faults]
    if found:
        raise RequestInvalid(found)


def _with_first_frame(scene: bpy.types.Scene, plan: PlannedClip) -> OmniRequest:
    if not plan.camera:
        return plan.request
    frame = plan.target.frame_start
    # A camera bound to a marker counts more than the scene's, and is the same one wherever the marker still stands.
    with changed([(scene, "camera", bpy.data.objects[plan.camera])]):
        path = capture_path(f"{scene.name}_{plan.camera}", frame)
        behind = background_of(scene)
        picture = capture_camera.render_camera_frame(scene, frame, path, aspect_ratio=None, background=behind)
    given = tuple(replace(each, source=str(picture)) if not each.source else each for each in plan.request.pictures)
    return replace(plan.request, pictures=given)


class KLING_OT_submit_each_shot(bpy.types.Operator):
    """Generate a clip for every shot of the storyboard, each at its own place in the Sequencer"""

    bl_idname = "kling.submit_each_shot"
    bl_label = "Generate Each Shot"
    bl_options = {"REGISTER"}

    _plans: tuple[PlannedClip, ...]  # what the artist is asked about

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where there is a storyboard cut by the artist, and Blender may go online."""
        shot = shot_of(scene_of(context))
        has_board = has_own_prompts(shot) and len(shot.board) > 0
        reason = online.offline_reason() if has_board else "Add shots to a storyboard that is cut shot by shot first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Ask once, with the number and the price of them all, and with every prompt that would be sent."""
        try:
            self._plans = plans_of(scene_of(context))
        except KlingError:
            return self.execute(context)  # which reports it
        return context.window_manager.invoke_props_dialog(self, width=_DIALOG_PX, confirm_text=self.bl_label)

    def draw(self, _context: bpy.types.Context) -> None:
        """The question, and what each clip is called, how long it is and what it is to show."""
        asked = f"{confirming.nobody_chose()} {question(self._plans)}".strip()
        draw_lines(self.layout.column(), translated(asked), _DIALOG_CHARACTERS)
        column = self.layout.box().column(align=True)
        for plan in self._plans:
            row = column.split(factor=_NAME_SHARE)
            row.label(text=f"{plan.target.name}, {plan.request.duration_s} s")
            row.label(text=plan.request.prompt or translated("No prompt yet"))

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        plans = plans_of(scene_of(context))
        if _last_press.is_repeated_by(plans):
            say(self, "These shots were submitted a moment ago")
            return {"CANCELLED"}
        made = submit_each(scene_of(context), plans)
        say(self, f"Submitted {len(made)} clips")
        return {"FINISHED"}


CLASSES = (KLING_OT_submit_each_shot,)
