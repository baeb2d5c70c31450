"""Presets of output and prompt: kept, applied, removed, by Blender's own machinery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.shot import judging, presets

Scene = Any

_NAME = "Kling Test Preset"
_FILE = "Kling_Test_Preset"


def kept(kind: str) -> Path | None:
    found = bpy.utils.preset_find(_FILE, f"kling_omni/{kind}")
    return Path(found) if found else None


@pytest.fixture
def clean(shot_scene: Scene) -> Iterator[Scene]:
    """A scene; no preset of these tests is left afterwards, whatever happens in between."""
    yield shot_scene
    for kind in ("output", "prompt"):
        found = kept(kind)
        if found is not None:
            found.unlink()


def add(kind: str, **given: Any) -> Any:
    return getattr(bpy.ops.kling, f"add_{kind}_preset")(name=_NAME, **given)


def apply(kind: str) -> Any:
    return bpy.ops.kling.apply_preset(filepath=str(kept(kind)), menu_idname=f"KLING_PT_{kind}_presets")


def test_an_output_preset_brings_back_every_choice_of_the_output(clean: Scene) -> None:
    shot = clean.kling
    shot.model, shot.mode, shot.duration_s, shot.aspect_ratio = "kling-video-o1", "std", 10, "9:16"
    shot.sound, shot.watermark, shot.places_clip, shot.timing = True, True, False, "FRAMES"
    chosen = {name: getattr(shot, name) for name in presets._OUTPUT}
    assert all(value != shot.bl_rna.properties[name].default for name, value in chosen.items())
    assert add("output") == {"FINISHED"}
    for name in presets._OUTPUT:
        shot.property_unset(name)
    assert apply("output") == {"FINISHED"}
    assert {name: getattr(shot, name) for name in presets._OUTPUT} == chosen


def test_an_applied_preset_is_judged(clean: Scene) -> None:
    shot = clean.kling
    shot.prompt, shot.model, shot.duration_s = "a fox runs", "kling-video-o1", 7
    add("output")
    shot.model = "kling-v3-omni"
    assert not [problem for problem in judging.problems(clean) or () if problem.is_fault]
    apply("output")
    assert [problem for problem in judging.problems(clean) or () if problem.is_fault]


@pytest.mark.parametrize("words", ["a fox runs", 'she says: "No!"\nThen @first fades out', "日本の狐"])
def test_a_prompt_preset_brings_back_the_words_to_the_letter(clean: Scene, words: str) -> None:
    clean.kling.prompt = words
    add("prompt")
    clean.kling.prompt = "something else"
    apply("prompt")
    assert clean.kling.prompt == words


def test_a_prompt_in_a_text_is_kept_and_brought_back_in_its_text(clean: Scene) -> None:
    text = bpy.data.texts.new("Words")
    text.from_string("First line\nsecond line")
    clean.kling.prompt, clean.kling.prompt_text = "the field", text
    add("prompt")
    text.from_string("something else")
    apply("prompt")
    assert (text.as_string().strip(), clean.kling.prompt) == ("First line\nsecond line", "the field")


def test_a_preset_holds_no_key_and_no_path(clean: Scene) -> None:
    clean.kling.first_frame, clean.kling.video = "/shots/first.png", "https://example.com/a.mp4?sig=secret"
    for kind in ("output", "prompt"):
        add(kind)
        written = kept(kind)
        assert written is not None
        assert "example.com" not in written.read_text()
        assert "/shots" not in written.read_text()


def test_a_preset_is_not_overwritten_and_can_be_removed(clean: Scene) -> None:
    assert add("output") == {"FINISHED"}
    assert add("output") == {"CANCELLED"}
    assert add("output", remove_name=True) == {"FINISHED"}
    assert kept("output") is None
