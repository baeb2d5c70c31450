"""The rules of prompts and storyboards (contract R12 to R23, R25)."""

from __future__ import annotations

from collections.abc import Iterator

from ..problem import Finding, Remedy, quoted, removal, shown
from ..script import script_of
from .reading import Reading, is_blank, whole_number


def shot_type_is_missing(reading: Reading) -> Iterator[Finding]:
    """R12: no storyboard without a word on who cuts it."""
    if reading.is_multi and "shot_type" not in reading.given:
        message = "Cut is not set: choose whether the storyboard is cut shot by shot or by Kling."
        yield Finding("shot_type", message, "shot_type is required when multi_shot is true", _who_cuts(reading))


def shot_type_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R13: a storyboard is cut shot by shot or by Kling, and in no other way."""
    value = reading.given.get("shot_type")
    if reading.is_multi and value not in (None, "customize", "intelligence"):
        message = f'A storyboard is cut shot by shot ("customize") or by Kling ("intelligence"), not {quoted(value)}.'
        yield Finding("shot_type", message, f"shot_type value '{value}' is invalid", _who_cuts(reading))


def _who_cuts(reading: Reading) -> Remedy:
    if reading.shots:
        return Remedy(path="shot_type", value="customize", label="Cut Shot by Shot")
    return Remedy(path="shot_type", value="intelligence", label="Let Kling Cut")


def prompt_is_too_long(reading: Reading) -> Iterator[Finding]:
    """R14: no prompt beyond the profile's length, not even one that is not used."""
    most, length = reading.profile.prompt_characters, len(reading.prompt)
    if length > most:
        message = f"The prompt has {length:,} characters; Kling accepts at most {most:,}. Remove {length - most:,}."
        yield Finding("prompt", message, f"prompt must not exceed {most} characters")


def prompt_is_blank(reading: Reading) -> Iterator[Finding]:
    """R15: no single shot without a prompt."""
    if not reading.is_multi and is_blank(reading.prompt):
        yield Finding("prompt", "Kling needs a prompt. Describe what the clip shows.", "prompt cannot be empty")


def prompt_to_cut_is_blank(reading: Reading) -> Iterator[Finding]:
    """R16: no storyboard that Kling cuts without a prompt to cut it from."""
    if reading.is_multi and reading.given.get("shot_type") == "intelligence" and is_blank(reading.prompt):
        message = "Kling needs a prompt to divide into shots."
        yield Finding("prompt", message, "prompt cannot be empty when shot_type is intelligence")


def storyboard_is_empty(reading: Reading) -> Iterator[Finding]:
    """R17: no storyboard that is cut shot by shot without a shot."""
    if reading.is_custom and not reading.shots:
        message = "The storyboard has no shots. Add at least one."
        yield Finding("multi_prompt", message, "multi_prompt cannot be empty when shot_type is customize")


def storyboard_is_too_long(reading: Reading) -> Iterator[Finding]:
    """R18: no more shots than the profile allows."""
    most, number = reading.profile.shots, len(reading.shots)
    if reading.is_custom and number > most:
        message = f"The storyboard has {number} shots; Kling accepts at most {most}. Remove {number - most}."
        remedy = removal("multi_prompt", range(most, number), "shot")
        yield Finding("multi_prompt", message, f"multi_prompt supports 1 to {most} storyboards", remedy)


def shot_prompt_is_unusable(reading: Reading) -> Iterator[Finding]:
    """R19: no shot whose prompt is missing, blank or beyond the profile's length."""
    most = reading.profile.shot_characters
    for position, shot in enumerate(reading.shots if reading.is_custom else ()):
        path, text = f"multi_prompt[{position}].prompt", shot.get("prompt")
        if not isinstance(text, str) or is_blank(text):
            yield Finding(
                path, f"Shot {position + 1} has no prompt. Describe what the shot shows.", f"{path} cannot be empty"
            )
        elif len(text) > most:
            message = f"The prompt of shot {position + 1} has {len(text):,} characters; Kling accepts at most {most}."
            yield Finding(path, message, f"{path} must not exceed {most} characters")


def script_is_too_long(reading: Reading) -> Iterator[Finding]:
    """N01: no storyboard whose shots, written as one text, are longer than a dialect reads (contract section 13)."""
    most = reading.profile.script_characters
    if most is None or not reading.is_custom or any(shot_prompt_is_unusable(reading)):
        return
    length = len(script_of((whole_number(shot.get("duration")) or 0, shot["prompt"]) for shot in reading.shots))
    if length > most:
        message = f"The shots have {length:,} characters in total; Kling accepts at most {most:,} in a storyboard."
        yield Finding("multi_prompt", message, f"prompt must not exceed {most} characters")


def edit_has_storyboard(reading: Reading) -> Iterator[Finding]:
    """N02: no storyboard of a video that is edited, where the dialect takes none (contract section 13)."""
    if reading.is_multi and reading.is_edit and not reading.profile.edit_takes_storyboard:
        message = "With Kling's new API, an edited video cannot have a storyboard. Remove the storyboard."
        yield Finding("multi_shot", message, "multi_shot is not supported with base_video")


def shot_duration_is_unusable(reading: Reading) -> Iterator[Finding]:
    """R20: no shot below one second or above the whole clip, where the clip's length is a whole number."""
    for position, shot in enumerate(reading.shots if reading.is_custom else ()):
        path, value = f"multi_prompt[{position}].duration", shot.get("duration")
        seconds = whole_number(value)
        if seconds is None or seconds < 1:
            message = f"Shot {position + 1} needs a length of whole seconds, at least 1 s."
            yield Finding(path, message, f"{path} value '{shown(value)}' is invalid")
        elif reading.duration is not None and seconds > reading.duration:
            message = f"Shot {position + 1} is longer ({seconds:,} s) than the whole clip ({reading.duration:,} s)."
            yield Finding(path, message, f"{path} exceeds the task duration")


def shots_do_not_add_up(reading: Reading) -> Iterator[Finding]:
    """R21: no shots that add up to another length than the clip's.

    Silent where R17, R18 or R20 have spoken, and without a clip length that is a whole number.
    """
    total = reading.duration
    is_countable = reading.is_custom and 1 <= len(reading.shots) <= reading.profile.shots
    if total is None or not is_countable or any(shot_duration_is_unusable(reading)):
        return
    sum_s = sum(whole_number(shot["duration"]) or 0 for shot in reading.shots)
    if sum_s != total:
        message = f"The shots last {sum_s} s in total, but the clip lasts {total} s."
        service_text = f"the sum of multi_prompt durations ({sum_s}) must equal duration ({total})"
        yield Finding("multi_prompt", message, service_text, _fitting(reading, sum_s, total))


def _fitting(reading: Reading, sum_s: int, total: int) -> Remedy | None:
    """Make the clip as long as its shots where it can be; else make the last shot fill the clip."""
    if reading.is_edit or sum_s in reading.model.durations(reading.capability):
        return Remedy(path="duration", value=str(sum_s), label=f"Set {sum_s} s")
    last = len(reading.shots) - 1
    seconds = (whole_number(reading.shots[last]["duration"]) or 0) + total - sum_s
    if seconds < 1:
        return None
    label = f"Set Shot {last + 1} to {seconds} s"
    return Remedy(path=f"multi_prompt[{last}].duration", value=str(seconds), label=label)


def shot_index_is_wrong(reading: Reading) -> Iterator[Finding]:
    """R22: shots are numbered 1, 2, 3 in their order."""
    for position, shot in enumerate(reading.shots if reading.is_custom else ()):
        path, index, number = f"multi_prompt[{position}].index", shot.get("index"), position + 1
        if isinstance(index, bool) or not isinstance(index, int) or index != number:
            message = f"Shot {number} is numbered {quoted(index)}; shots are numbered 1, 2, 3 in their order."
            remedy = Remedy(path=path, value=number, label=f"Set Number {number}")
            yield Finding(path, message, f"{path} must be {number}", remedy)


def storyboard_has_end_frame(reading: Reading) -> Iterator[Finding]:
    """R23: no end frame in a storyboard, where the profile does not take one."""
    if reading.is_multi and reading.end and not reading.profile.end_frame_in_storyboard:
        message = "Kling accepts no end frame in a storyboard. Remove the end frame or the storyboard."
        remedy = removal("image_list", reading.end, "end frame")
        service_text = "start & end frames are not supported when multi_shot is true"
        yield Finding(f"image_list[{reading.end[0]}]", message, service_text, remedy)


def model_has_no_storyboard(reading: Reading) -> Iterator[Finding]:
    """R25: no storyboard on a model that makes single shots only."""
    if reading.is_multi and not reading.model.storyboards:
        able = [model for model in reading.profile.models.values() if model.storyboards]
        message = f"{reading.model.label} generates single shots only. For a storyboard, use {able[0].label}."
        remedy = Remedy(path="model_name", value=able[0].name, label=f"Use {able[0].label}")
        yield Finding("multi_shot", message, "multi_shot is not supported by the current model", remedy)
