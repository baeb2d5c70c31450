"""The rules of the reference video and of the output (contract R26, R50 to R54, R60 to R73)."""

from __future__ import annotations

from collections.abc import Iterator

from ..capability import Capability
from ..problem import Finding, Remedy, counted, nearest_duration, quoted, removal, shown
from .reading import DEFAULT_DURATION, DEFAULT_MODE, Reading, is_blank, is_link

_SILENT = Remedy(path="sound", value="off", label="Turn Sound Off")


def model_has_no_sound(reading: Reading) -> Iterator[Finding]:
    """R26: no sound from a model that makes silent clips only."""
    if reading.given.get("sound") == "on" and not reading.model.has_sound:
        message = f"{reading.model.label} makes silent clips only. Turn off Sound."
        yield Finding("sound", message, "sound is not supported by the current model", _SILENT)


def too_many_videos(reading: Reading) -> Iterator[Finding]:
    """R50: no more reference videos than the profile allows."""
    most, number = reading.profile.references.videos, len(reading.videos)
    if number > most:
        message = f"Too many videos: Kling accepts {most}. Remove {number - most}."
        remedy = removal("video_list", range(most, number), "video")
        yield Finding("video_list", message, f"video_list supports at most {counted(most, 'video')}", remedy)


def video_link_is_invalid(reading: Reading) -> Iterator[Finding]:
    """R51: no video without a public link; Base64 is none."""
    for position, video in enumerate(reading.videos):
        path, url = f"video_list[{position}].video_url", video.get("video_url")
        if url is None or (isinstance(url, str) and is_blank(url)):
            yield Finding(path, "The video has no link. Paste one.", "video_url cannot be empty")
        elif not isinstance(url, str) or not is_link(url):
            message = "Kling accepts a video only as a public link that begins with https:// or http://."
            yield Finding(path, message, "Video URL is invalid")


def video_use_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R52: a video is followed or edited, and nothing else."""
    for position, video in enumerate(reading.videos):
        value = video.get("refer_type")
        if value is not None and value not in ("feature", "base"):
            message = f'A video is a reference ("feature") or edited ("base"), not {quoted(value)}.'
            service_text = f"refer_type value '{shown(value)}' is invalid"
            yield Finding(f"video_list[{position}].refer_type", message, service_text)


def keep_sound_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R53: a video keeps its sound or not: 'yes' or 'no', and no third word."""
    for position, video in enumerate(reading.videos):
        value = video.get("keep_original_sound")
        if value is not None and value not in ("yes", "no"):
            message = f'Keep Original Sound is "yes" or "no", not {quoted(value)}.'
            service_text = f"keep_original_sound value '{shown(value)}' is invalid"
            yield Finding(f"video_list[{position}].keep_original_sound", message, service_text)


def sound_beside_video(reading: Reading) -> Iterator[Finding]:
    """R54: no new sound together with a reference video, but from a model that makes it always."""
    if reading.model.is_never_silent:
        return
    if reading.videos and reading.given.get("sound", "off") != "off":
        message = "Kling generates no sound with a reference video. Turn off Sound."
        yield Finding("sound", message, "sound can only be off when video_list is not empty", _SILENT)


def sound_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R60: sound is on or off, and nothing else."""
    value = reading.given.get("sound", "off")
    if value not in ("on", "off"):
        yield Finding("sound", f'Sound is "on" or "off", not {quoted(value)}.', f"sound value '{value}' is invalid")


def mode_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R61: no mode that the profile does not know."""
    value, modes = reading.given.get("mode", DEFAULT_MODE), reading.model.modes
    if value not in reading.profile.modes:
        labels = " or ".join(reading.profile.mode_labels[mode] for mode in modes)
        yield Finding("mode", f"Quality is {labels}, not {quoted(value)}.", f"mode value '{value}' is invalid")


def model_has_no_such_mode(reading: Reading) -> Iterator[Finding]:
    """R62: no mode that the model does not offer."""
    value, modes, labels = reading.given.get("mode", DEFAULT_MODE), reading.model.modes, reading.profile.mode_labels
    if value in reading.profile.modes and value not in modes:
        best, makers = labels[modes[-1]], reading.profile.makers_of(value)
        others = f" {labels[value]} needs {' or '.join(makers)}." if makers else ""
        message = f"{reading.model.label} does not generate {labels[value]}. Its best quality is {best}.{others}"
        remedy = Remedy(path="mode", value=modes[-1], label=f"Use {best}")
        yield Finding("mode", message, f"mode value '{value}' is invalid", remedy)


def aspect_ratio_is_unknown(reading: Reading) -> Iterator[Finding]:
    """R63: no aspect ratio that the model does not make, not even where it has no effect."""
    value, ratios = reading.given.get("aspect_ratio"), reading.profile.aspect_ratios
    if value is not None and value not in ratios:
        able = [model.label for model in reading.profile.models.values() if value in model.aspect_ratios]
        maker, others = (reading.model.label, f" {value} needs {' or '.join(able)}.") if able else ("Kling", "")
        message = f"{maker} does not generate {quoted(value)}, only {', '.join(ratios)}.{others}"
        remedy = Remedy(path="aspect_ratio", value=ratios[0], label=f"Use {ratios[0]}") if able else None
        yield Finding("aspect_ratio", message, f"aspect_ratio value '{value}' is invalid", remedy)


def aspect_ratio_is_missing(reading: Reading) -> Iterator[Finding]:
    """R64: no clip without an aspect ratio where neither a first frame nor a video gives one."""
    if "aspect_ratio" not in reading.given and not reading.first and not reading.videos:
        ratio = reading.profile.aspect_ratios[0]
        message = "Kling needs an aspect ratio when neither a first frame nor a video gives one."
        remedy = Remedy(path="aspect_ratio", value=ratio, label=f"Use {ratio}")
        yield Finding("aspect_ratio", message, "aspect_ratio cannot be empty", remedy)


def duration_is_impossible(reading: Reading) -> Iterator[Finding]:
    """R66: no length outside the service's, and none that is not a whole number; an edit takes its video's."""
    shortest, longest = reading.profile.duration_s
    if not reading.is_edit and not (reading.duration is not None and shortest <= reading.duration <= longest):
        others = _told_of_longer(reading, longest)
        yield _duration(reading, f"Kling generates clips of {shortest} to {longest} whole seconds.{others}")


def duration_is_beyond_model(reading: Reading) -> Iterator[Finding]:
    """R67: no length beyond the model's longest or below its shortest, where R66 held."""
    model, (service_shortest, service_longest) = reading.model, reading.profile.duration_s
    if reading.is_edit or reading.duration is None or not service_shortest <= reading.duration <= service_longest:
        return
    if reading.duration > model.longest_s:
        others = _told_of_longer(reading, model.longest_s)
        yield _duration(reading, f"{model.label} generates at most {model.longest_s} s.{others}")
    elif reading.duration < model.shortest_s:
        yield _duration(reading, f"{model.label} generates at least {model.shortest_s} s.")


def _told_of_longer(reading: Reading, longest: int) -> str:
    """Which models make a clip that is too long for this one; ``""`` for one that is not, or where none does."""
    wanted = reading.duration or 0
    able = [model.label for model in reading.profile.models.values() if model.longest_s >= wanted > longest]
    return f" For a longer clip, use {' or '.join(able)}." if able else ""


def duration_needs_a_reference(reading: Reading) -> Iterator[Finding]:
    """R68: from a prompt or a first frame alone, no length that the model makes only with references.

    Judged where R66 and R67 held; ``lenient_o1_duration`` drops it (conflict X2).
    """
    lengths = reading.model.durations(reading.capability)
    is_bare = reading.capability in (Capability.TEXT, Capability.FIRST_FRAME) and not reading.known.lenient_o1_duration
    if is_bare and reading.is_duration_possible and reading.duration not in lengths:
        choice = " or ".join(map(str, lengths))
        service_text = f"Duration only supports {choice} seconds when no refer_image is provided"
        message = f"{reading.model.label} generates {choice} s from a first frame only."
        if reading.capability is Capability.TEXT:
            message = f"{reading.model.label} generates {choice} s from a prompt only."
        yield _duration(reading, message, service_text)


def duration_is_too_long_for_video(reading: Reading) -> Iterator[Finding]:
    """R69: no length that the model does not make beside a followed video, where R66 and R67 held."""
    lengths = reading.model.durations(Capability.FEATURE)
    if reading.refer == "feature" and reading.is_duration_possible and reading.duration not in lengths:
        yield _duration(reading, f"With a reference video, {reading.model.label} generates at most {max(lengths)} s.")


def _duration(reading: Reading, message: str, service_text: str = "") -> Finding:
    said = f"duration value '{shown(reading.given.get('duration'))}' is invalid"
    wanted = int(DEFAULT_DURATION) if reading.duration is None else reading.duration
    remedy = nearest_duration(reading.model.durations(reading.capability), wanted)
    return Finding("duration", message, service_text or said, remedy)


def watermark_is_no_switch(reading: Reading) -> Iterator[Finding]:
    """R71: no watermark switch that is neither true nor false; that the whole is an object is judged by the schema."""
    info = reading.given.get("watermark_info", {})
    if "enabled" in info and not isinstance(info["enabled"], bool):
        service_text = "watermark_info.enabled value type is invalid, expected boolean"
        yield Finding("watermark_info.enabled", "Watermark is either on (true) or off (false).", service_text)


def callback_is_no_link(reading: Reading) -> Iterator[Finding]:
    """R72: no callback address that is no link."""
    value = reading.given.get("callback_url")
    if value is not None and not is_link(value):
        message = f"The callback address {quoted(value)} is not a link that begins with https:// or http://."
        yield Finding("callback_url", message, f"callback_url value '{value}' is invalid")


def external_id_cannot_be_asked_for(reading: Reading) -> Iterator[Finding]:
    """N08: no id of one's own with a mark that parts the ids of one question (contract section 13): its task could
    never be found.
    """
    name, marks = reading.given.get("external_task_id", ""), reading.profile.marks_between_ids
    found = [mark for mark in marks if mark in name]
    if found:
        message = f"Kling's new API separates IDs by {quoted(found[0])}, so your own ID must not contain it."
        yield Finding("external_task_id", message, f"external_task_id value '{shown(name)}' is invalid")


def external_id_was_used(reading: Reading) -> Iterator[Finding]:
    """R73: no id that the account has used before."""
    value = reading.given.get("external_task_id")
    if value is not None and value in reading.known.used_ids:
        message = f"The ID {quoted(value)} belongs to an earlier clip of this account. Leave it empty for a new ID."
        remedy = Remedy(path="external_task_id", value=None, label="Use New ID")
        yield Finding("external_task_id", message, f"External_task_id {value} already exists", remedy)
