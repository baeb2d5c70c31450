"""Types, prompts and storyboards on both sides of every rule (contract R05 to R26, N01, N02)."""

from __future__ import annotations

from typing import Any

from kling_omni_addon.core.capability import LEGACY, NEW
from tests.workshop.rule_bodies import AUTO, IMAGE, RuleCase, accept, body, images, o1, refuse, shots, story, videos

_TOO_LONG, _TOO_LONG_OVER_NEW = (f"prompt must not exceed {most} characters" for most in (2500, 3072))
_NO_SHOTS = "multi_shot is not supported with base_video"


def _long_story(last: str) -> dict[str, Any]:
    """Five shots of 500 characters and a last one. In one text, 11 characters are before each, and 2 between two."""
    cut = shots(*"222222", prompt="x" * 500)
    return story(multi_prompt=[*cut[:-1], {**cut[-1], "prompt": last}], duration="12")


TYPES = (
    refuse("R05", "an array", [1], ""),
    refuse("R05", "a number", 5, ""),
    refuse("R05", "null", None, ""),
    accept("R05", "an object", body()),
    refuse("R06", "a number as model", body(model_name=3), "model_name value type is invalid, expected string"),
    refuse("R06", "a number as prompt", body(prompt=5), "prompt value type is invalid, expected string"),
    refuse("R06", "an object as sound", body(sound={}), "sound value type is invalid, expected string"),
    refuse("R06", "true as mode", body(mode=True), "mode value type is invalid, expected string"),
    refuse("R06", "a list as ratio", body(aspect_ratio=[1]), "aspect_ratio value type is invalid, expected string"),
    refuse("R06", "a number as callback", body(callback_url=1), "callback_url value type is invalid, expected string"),
    refuse(
        "R06", "a number as id", body(external_task_id=1), "external_task_id value type is invalid, expected string"
    ),
    refuse(
        "R06", "a number as unused shot type", body(shot_type=1), "shot_type value type is invalid, expected string"
    ),
    refuse("R06", "an object as images", body(image_list={}), "image_list value type is invalid, expected array"),
    refuse("R06", "text as elements", body(element_list="1"), "element_list value type is invalid, expected array"),
    refuse("R06", "an object as videos", body(video_list={"a": 1}), "video_list value type is invalid, expected array"),
    refuse("R06", "text as unused shots", body(multi_prompt="a"), "multi_prompt value type is invalid, expected array"),
    refuse("R06", "a link as image", body(image_list=[IMAGE]), "image_list[0] value type is invalid, expected object"),
    refuse(
        "R06", "null as element", body(element_list=[None]), "element_list[0] value type is invalid, expected object"
    ),
    accept("R06", "null and empty members", body(callback_url=None, image_list=[], sound="", element_list="")),
    RuleCase(
        rule="R06",
        says="a wrong type ends the check, all wrong types are told",
        body={"prompt": 5, "mode": "x", "multi_shot": 1, "watermark_info": 1, "model_name": "kling-v9"},
        expected=("R06", "R11", "R71"),
    ),
    refuse("R10", "another model", body(model_name="kling-v3"), "model_name value 'kling-v3' is invalid"),
    refuse("R10", "a model ends the check", {"model_name": " "}, "model_name value ' ' is invalid"),
    accept("R10", "no model is O1", body(model_name=...)),
    accept("R10", "O1", o1()),
    refuse("R11", "text", body(multi_shot="true"), "multi_shot value type is invalid, expected boolean"),
    refuse("R11", "a number", body(multi_shot=0), "multi_shot value type is invalid, expected boolean"),
    refuse("R11", "it ends the check", {"multi_shot": "no"}, "multi_shot value type is invalid, expected boolean"),
    accept("R11", "null", body(multi_shot=None)),
    accept("R11", "false", body(multi_shot=False)),
    refuse("R71", "a filled array", body(watermark_info=[1]), "watermark_info value type is invalid, expected object"),
    refuse("R71", "a boolean", body(watermark_info=True), "watermark_info value type is invalid, expected object"),
    refuse(
        "R71",
        "enabled is null",
        body(watermark_info={"enabled": None}),
        "watermark_info.enabled value type is invalid, expected boolean",
    ),
    refuse(
        "R71",
        "enabled is text, which does not end the check",
        body(watermark_info={"enabled": "true"}, mode="x"),
        "mode value 'x' is invalid",
        also=("R61",),
    ),
    accept("R71", "an empty object", body(watermark_info={})),
    accept("R71", "on", body(watermark_info={"enabled": True})),
)


PROMPTS = (
    refuse("R12", "no shot type", body(multi_shot=True), "shot_type is required when multi_shot is true"),
    refuse("R12", "empty", body(multi_shot=True, shot_type=""), "shot_type is required when multi_shot is true"),
    accept("R12", "one single shot needs none", body(multi_shot=False)),
    refuse("R13", "another", body(multi_shot=True, shot_type="custom"), "shot_type value 'custom' is invalid"),
    accept("R13", "cut by Kling", body(**AUTO)),
    accept("R13", "unused", body(shot_type="custom")),
    refuse("R14", "2,501 characters", body(prompt="é" * 2501), _TOO_LONG, dialect=LEGACY),
    refuse("R14", "2,501 unused characters", story("5", prompt="x" * 2501), _TOO_LONG, dialect=LEGACY),
    refuse("R14", "blanks count", body(prompt="x" + " " * 2500), _TOO_LONG, dialect=LEGACY),
    refuse("R14", "3,073 characters", body(prompt="é" * 3073), _TOO_LONG_OVER_NEW, dialect=NEW),
    refuse("R14", "3,073 unused characters", story("5", prompt="x" * 3073), _TOO_LONG_OVER_NEW, dialect=NEW),
    refuse("R14", "blanks count", body(prompt="x" + " " * 3072), _TOO_LONG_OVER_NEW, dialect=NEW),
    accept("R14", "2,501 characters", body(prompt="é" * 2501), dialect=NEW),
    accept("R14", "3,072 characters beyond the basic plane", body(prompt="🪑" * 3072), dialect=NEW),
    accept("R14", "2,500 characters beyond the basic plane", body(prompt="🪑" * 2500)),
    refuse("R15", "none", body(prompt=...), "prompt cannot be empty"),
    refuse("R15", "blanks", body(prompt=" \n\u3000"), "prompt cannot be empty"),
    accept("R15", "one character", body(prompt="x")),
    refuse("R16", "blanks", body(**AUTO, prompt=" "), "prompt cannot be empty when shot_type is intelligence"),
    accept("R16", "one character", body(**AUTO, prompt="x")),
    refuse("R17", "no shots", story(), "multi_prompt cannot be empty when shot_type is customize"),
    refuse("R17", "missing", story(multi_prompt=...), "multi_prompt cannot be empty when shot_type is customize"),
    accept("R17", "one shot", story("5")),
    refuse("R18", "7 shots", story(*"1111111", duration="7"), "multi_prompt supports 1 to 6 storyboards"),
    accept("R18", "6 shots", story(*"111111", duration="6")),
    refuse(
        "R19",
        "513 characters",
        story(multi_prompt=shots("5", prompt="x" * 513)),
        "multi_prompt[0].prompt must not exceed 512 characters",
    ),
    refuse("R19", "blanks", story(multi_prompt=shots("5", prompt=" ")), "multi_prompt[0].prompt cannot be empty"),
    refuse("R19", "a number", story(multi_prompt=shots("5", prompt=5)), "multi_prompt[0].prompt cannot be empty"),
    refuse(
        "R19",
        "missing in the second",
        story(multi_prompt=[*shots("2"), {"index": 2, "duration": "3"}]),
        "multi_prompt[1].prompt cannot be empty",
    ),
    accept("R19", "512 characters", story(multi_prompt=shots("5", prompt="x" * 512))),
    refuse("R20", "0", story("5", "0"), "multi_prompt[1].duration value '0' is invalid"),
    refuse("R20", "a float", story(5.0), "multi_prompt[0].duration value '5.0' is invalid"),
    refuse("R20", "true", story(True), "multi_prompt[0].duration value 'true' is invalid"),
    refuse("R20", "a sign", story("+5"), "multi_prompt[0].duration value '+5' is invalid"),
    refuse("R20", "missing", story(None), "multi_prompt[0].duration value '' is invalid"),
    refuse("R20", "other digits", story("５"), "multi_prompt[0].duration value '５' is invalid"),
    refuse("R20", "longer than the clip", story("6"), "multi_prompt[0].duration exceeds the task duration"),
    refuse("R20", "thousands of digits", story("9" * 5000), "multi_prompt[0].duration exceeds the task duration"),
    refuse(
        "R20",
        "no upper bound without a whole task duration",
        story("99", "x", duration="x"),
        "multi_prompt[1].duration value 'x' is invalid",
        also=("R66",),
    ),
    accept("R20", "1", story("1", "4")),
    accept("R20", "an integer", story(5)),
    accept("R20", "as long as the clip", story("5")),
    refuse("R21", "too short", story("2", "2"), "the sum of multi_prompt durations (4) must equal duration (5)"),
    refuse("R21", "too long", story("3", "3"), "the sum of multi_prompt durations (6) must equal duration (5)"),
    refuse(
        "R21",
        "an edit compares with what was sent",
        story("3", "3", video_list=videos("base"), duration="7"),
        "the sum of multi_prompt durations (6) must equal duration (7)",
        dialect=LEGACY,
    ),
    refuse(
        "R21",
        "an edit without a duration has 5",
        story("3", "3", video_list=videos("base"), duration=...),
        "the sum of multi_prompt durations (6) must equal duration (5)",
        dialect=LEGACY,
    ),
    refuse(
        "R21",
        "a sum that is no possible duration",
        story("1", "1", duration="15"),
        "the sum of multi_prompt durations (2) must equal duration (15)",
    ),
    refuse("R21", "one shot", story("4"), "the sum of multi_prompt durations (4) must equal duration (5)"),
    refuse("R21", "6 shots", story(*"111111"), "the sum of multi_prompt durations (6) must equal duration (5)"),
    accept("R21", "no duration is 5", story("2", "3", duration=...)),
    accept("R21", "an edit of any length", story("20", "3", video_list=videos("base"), duration="23"), dialect=LEGACY),
    refuse(
        "R66", "R21 is silent where the duration is none", story("5", duration="x"), "duration value 'x' is invalid"
    ),
    refuse("R22", "from 0", story(multi_prompt=[{**shots("5")[0], "index": 0}]), "multi_prompt[0].index must be 1"),
    refuse("R22", "true", story(multi_prompt=[{**shots("5")[0], "index": True}]), "multi_prompt[0].index must be 1"),
    refuse("R22", "text", story(multi_prompt=[{**shots("5")[0], "index": "1"}]), "multi_prompt[0].index must be 1"),
    refuse("R22", "a float", story(multi_prompt=[{**shots("5")[0], "index": 1.0}]), "multi_prompt[0].index must be 1"),
    refuse("R22", "out of order", story(multi_prompt=shots("2", "3")[::-1]), "multi_prompt[0].index must be 1"),
    accept("R22", "in order", story("2", "3")),
    refuse(
        "R23",
        "first and end frame",
        story("5", image_list=images("f", "e")),
        "start & end frames are not supported when multi_shot is true",
        profile="seed",
    ),
    accept("R23", "a first frame alone", story("5", image_list=images("f")), warned=("W01",), profile="seed"),
    accept("R23", "V3, late", story("5", image_list=images("f", "e")), warned=("W10",), profile="late"),
    accept("R23", "cut by Kling, late", body(**AUTO, image_list=images("f", "e")), warned=("W10",), profile="late"),
    refuse("R25", "O1", o1(**AUTO), "multi_shot is not supported by the current model"),
    refuse(
        "R25",
        "O1 with both frames, late",
        o1(**AUTO, image_list=images("f", "e")),
        "multi_shot is not supported by the current model",
        profile="late",
    ),
    accept("R25", "V3", body(**AUTO)),
    refuse("R26", "O1", o1(sound="on"), "sound is not supported by the current model"),
    accept("R26", "O1, off", o1(sound="off")),
    accept("R26", "V3", body(sound="on")),
    refuse("N01", "3,073 characters in one text", _long_story("x" * 496), _TOO_LONG_OVER_NEW, dialect=NEW),
    refuse("N01", "whole signs count", _long_story("🪑" * 496), _TOO_LONG_OVER_NEW, dialect=NEW),
    accept("N01", "3,072 characters in one text", _long_story("x" * 495)),
    accept("N01", "runs of blanks are sent as one", _long_story("x" * 247 + " " * 18 + "x" * 247)),
    accept("N01", "each shot is sent by itself", _long_story("x" * 512), dialect=LEGACY),
    refuse(
        "R19",
        "N01 is silent where a shot is too long by itself",
        _long_story("x" * 513),
        "multi_prompt[5].prompt must not exceed 512 characters",
    ),
    refuse("N02", "shot by shot", story("5", video_list=videos("base")), _NO_SHOTS, dialect=NEW),
    refuse("N02", "no refer type", story("5", video_list=videos(None)), _NO_SHOTS, dialect=NEW),
    refuse("N02", "cut by Kling", body(**AUTO, video_list=videos("base")), _NO_SHOTS, dialect=NEW),
    refuse(
        "N02",
        "beside another fault",
        story("3", "3", video_list=videos("base"), duration="7"),
        "the sum of multi_prompt durations (6) must equal duration (7)",
        also=("R21",),
        dialect=NEW,
    ),
    accept("N02", "one single shot of an edit", body(video_list=videos("base"))),
    accept("N02", "beside a followed video", body(**AUTO, video_list=videos())),
    accept("N02", "an edit, legacy", story("5", video_list=videos("base")), warned=("W07",), dialect=LEGACY),
)
