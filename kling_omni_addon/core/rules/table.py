"""Every rule the service would break a request on, and every doubt worth saying, as one table (contract section 16).

``problems_in`` judges a create body as the service would judge it: a draft of :mod:`core.payload`, a request file, or
what the rehearsal server received. Rules of transport, account and query (R01 to R04, R07, R80 to R85) are the server's
own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from ..capability import Profile
from ..media import VideoFacts
from ..problem import Finding, Problem, Remedy, quoted, remedied, shown
from . import advice, dates, media, output, prompt, references, relayed
from .reading import DEFAULT_DURATION, DEFAULT_MODE, DEFAULT_MODEL, Knowledge, Reading
from .shape import UNKNOWN_KEY, ShapeFault, is_absent, shape_faults

__all__ = [
    "DEFAULT_DURATION",
    "DEFAULT_MODE",
    "DEFAULT_MODEL",
    "MEDIA_RULES",
    "RULES",
    "Problem",
    "Remedy",
    "Rule",
    "VideoFacts",
    "problems_in",
    "remedied",
    "service_answer",
]


class Rule(NamedTuple):
    """One rule: the contract's id, what finds it broken, and whether the service would refuse."""

    id: str
    check: Callable[[Reading], Iterator[Finding]]
    kind: Literal["error", "warning"] = "error"


def _newly_accepted(reading: Reading) -> Iterator[Finding]:
    return dates.newly_accepted(reading, _REFUSING)


RULES = (
    Rule("R12", prompt.shot_type_is_missing),
    Rule("R13", prompt.shot_type_is_unknown),
    Rule("R14", prompt.prompt_is_too_long),
    Rule("R15", prompt.prompt_is_blank),
    Rule("R16", prompt.prompt_to_cut_is_blank),
    Rule("R17", prompt.storyboard_is_empty),
    Rule("R18", prompt.storyboard_is_too_long),
    Rule("R19", prompt.shot_prompt_is_unusable),
    Rule("R20", prompt.shot_duration_is_unusable),
    Rule("R21", prompt.shots_do_not_add_up),
    Rule("R22", prompt.shot_index_is_wrong),
    Rule("R23", prompt.storyboard_has_end_frame),
    Rule("R25", prompt.model_has_no_storyboard),
    Rule("R26", output.model_has_no_sound),
    Rule("R30", references.image_is_missing),
    Rule("R31", references.image_type_is_unknown),
    Rule("R32", references.end_frame_stands_alone),
    Rule("R33", references.frames_are_doubled),
    Rule("R34", references.edit_has_frames),
    Rule("R35", media.picture_format_is_wrong),
    Rule("R36", media.picture_is_too_large),
    Rule("R37", media.picture_is_too_small),
    Rule("R38", media.picture_is_too_oblong),
    Rule("R39", references.image_is_not_base64),
    Rule("R40", references.too_many_references),
    Rule("R41", references.too_many_references_beside_video),
    Rule("R42", references.end_frame_among_many_images),
    Rule("R43", references.too_many_elements_beside_frames),
    Rule("R44", references.elements_beside_both_frames),
    Rule("R45", references.character_beside_video),
    Rule("R46", references.model_takes_no_characters),
    Rule("R47", references.too_many_beside_characters),
    Rule("R48", references.element_id_is_invalid),
    Rule("R49", references.element_is_unknown),
    Rule("R50", output.too_many_videos),
    Rule("R51", output.video_link_is_invalid),
    Rule("R52", output.video_use_is_unknown),
    Rule("R53", output.keep_sound_is_unknown),
    Rule("R54", output.sound_beside_video),
    Rule("R55", media.video_format_is_wrong),
    Rule("R56", media.video_length_is_wrong),
    Rule("R57", media.video_pixels_are_wrong),
    Rule("R58", media.video_rate_is_wrong),
    Rule("R59", media.video_is_too_large),
    Rule("R60", output.sound_is_unknown),
    Rule("R61", output.mode_is_unknown),
    Rule("R62", output.model_has_no_such_mode),
    Rule("R63", output.aspect_ratio_is_unknown),
    Rule("R64", output.aspect_ratio_is_missing),
    Rule("R66", output.duration_is_impossible),
    Rule("R67", output.duration_is_beyond_model),
    Rule("R68", output.duration_needs_a_reference),
    Rule("R69", output.duration_is_too_long_for_video),
    Rule("R71", output.watermark_is_no_switch),
    Rule("R72", output.callback_is_no_link),
    Rule("R73", output.external_id_was_used),
    Rule("N01", prompt.script_is_too_long),
    Rule("N02", prompt.edit_has_storyboard),
    Rule("N03", relayed.too_many_middle_frames),
    Rule("N04", relayed.middle_frame_without_first),
    Rule("N05", relayed.frames_beside_references),
    Rule("N06", relayed.too_many_of_a_sort),
    Rule("N07", relayed.callback_is_not_supported),
    Rule("N08", output.external_id_cannot_be_asked_for),
    Rule("R75", advice.prompt_refers_to_nothing, "warning"),
    Rule("A09", advice.key_is_ignored, "warning"),
    Rule("W01", advice.first_frame_in_storyboard, "warning"),
    Rule("W02", advice.end_frame_beside_references, "warning"),
    Rule("W03", advice.frames_at_an_odd_duration, "warning"),
    Rule("W04", media.picture_is_near_the_limit, "warning"),
    Rule("W05", media.video_is_very_wide, "warning"),
    Rule("W06", media.video_pixels_are_not_square, "warning"),
    Rule("W07", advice.storyboard_of_an_edit, "warning"),
    Rule("W08", advice.item_is_never_mentioned, "warning"),
    Rule("W09", media.picture_has_provenance, "warning"),
    Rule("W10", _newly_accepted, "warning"),
    Rule("W11", advice.storyboard_beside_followed_video, "warning"),
    Rule("W12", advice.followed_video_may_be_cut, "warning"),
    Rule("W13", advice.followed_sound_is_lost, "warning"),
    Rule("W14", relayed.silence_is_not_to_be_had, "warning"),
    Rule("W15", relayed.model_is_documented_by_others, "warning"),
)
"""Every rule that is judged once the types are right, in the order of the answer."""
_REFUSING = {rule.id: rule.check for rule in RULES if rule.kind == "error"}

MEDIA_RULES = frozenset({"R35", "R36", "R37", "R38", "R55", "R56", "R57", "R58", "R59"})
"""The faults that, as far as is known, fail the task later instead of refusing the create (contract section 16.5)."""

_ANSWERS = {"R05": (400, 1200), "R10": (404, 1203)}
_TYPE_RULES = ("R05", "R06", "R11", "R71")
_TYPE_WORDS = {"string": "text", "array": "a list", "object": "a group of settings", "boolean": "true or false"}


def service_answer(rule: str) -> tuple[int, int]:
    """HTTP status and code with which the service refuses a create for this rule."""
    return _ANSWERS.get(rule, (400, 1201))


def problems_in(
    body: Any,
    *,
    profile: Profile,
    elements: Mapping[int, str] | None = None,
    used_ids: Collection[str] = (),
    videos: Mapping[str, VideoFacts] | None = None,
    lenient_o1_duration: bool = False,
) -> tuple[Problem, ...]:
    """Everything that is wrong with a create body, faults in the order of their rules, then warnings.

    ``body`` is what ``json.loads`` gives, except that an ``image_url`` may be a :class:`core.media.PictureRef`, whose
    facts feed R35 to R38. ``elements`` maps element ids to ``image_refer`` or ``video_refer``, ``videos`` maps links to
    facts; without them the rules that need them are silent. Wrong types and an unknown model end the check; all other
    rules are judged independently.
    """
    shape = shape_faults(body)
    if ending := _ending(body, shape, profile):
        return ending
    known = Knowledge(
        elements=elements, used_ids=used_ids, videos=videos or {}, lenient_o1_duration=lenient_o1_duration
    )
    unknown_keys = sorted(fault.path for fault in shape if fault.rule == UNKNOWN_KEY)
    reading = Reading.of(body, profile, known, tuple(unknown_keys))
    return tuple(_problem(rule, _dated(reading, rule, each)) for rule in RULES for each in rule.check(reading))


def _dated(reading: Reading, rule: Rule, finding: Finding) -> Finding:
    return finding if rule.kind == "warning" else dates.told_of_neighbor(reading, rule.id, rule.check, finding)


def _problem(rule: Rule, finding: Finding) -> Problem:
    return Problem(
        rule=rule.id,
        kind=rule.kind,
        path=finding.path,
        message=finding.message,
        service_text=finding.service_text,
        remedy=finding.remedy,
    )


def _ending(body: Any, shape: tuple[ShapeFault, ...], profile: Profile) -> tuple[Problem, ...]:
    """The faults that end the check (16.1, point 8). The model is judged unless R05 or R06 is broken."""
    types = sorted((fault.rule, fault.path, fault.expected) for fault in shape if _is_type_fault(fault))
    problems = [_type_problem(rule, path, expected, body) for rule, path, expected in types]
    if not any(problem.rule in ("R05", "R06") for problem in problems):
        problems = [*_model_problems(body, profile), *problems]
    return tuple(problems)


def _is_type_fault(fault: ShapeFault) -> bool:
    return fault.rule in _TYPE_RULES and fault.path != "watermark_info.enabled"


def _type_problem(rule: str, path: str, expected: str, body: Any) -> Problem:
    said = f"{path} value type is invalid, expected {expected}" if path else "request body is not a JSON object"
    message = f'"{path}" must be {_TYPE_WORDS[expected]}.' if path else "The request must be a JSON object."
    remedy = None
    if rule == "R11" and str(body["multi_shot"]).lower() in ("true", "false"):
        value = str(body["multi_shot"]).lower() == "true"
        remedy = Remedy(path=path, value=value, label=f"Set {str(value).lower()}")
    return Problem(rule=rule, path=path, message=message, kind="error", service_text=said, remedy=remedy)


def _model_problems(body: Mapping[str, Any], profile: Profile) -> Iterator[Problem]:
    """R10: no model that the profile does not know."""
    name = body.get("model_name")
    if not is_absent(name) and name not in profile.models:
        labels = " or ".join(model.label for model in profile.models.values())
        told = dates.told_of_model(str(name), profile)
        yield Problem(
            rule=dates.MODEL_RULE,
            path="model_name",
            message=f"There is no model {quoted(name)}. Use {labels}. {told}".rstrip(),
            kind="error",
            service_text=f"model_name value '{shown(name)}' is invalid",
        )
