"""Everything that Blender was given, walked over: names, labels, descriptions, and what a file may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import registration
from kling_omni_addon.blender.connection import preferences
from kling_omni_addon.blender.panels.preferences_page import KLING_AP_preferences
from tests.workshop.layout import rna_of

_SMALL = {"to", "in", "on", "of", "and", "or", "the", "by", "from", "with", "for", "a", "as", "at"}
_BLENDERS_NAME = "Unique name used in the code and scripting"
_KINDS = {
    bpy.types.Operator: "OT",
    bpy.types.Panel: "PT",
    bpy.types.UIList: "UL",
    bpy.types.PropertyGroup: "PG",
    bpy.types.Menu: "MT",
    bpy.types.AddonPreferences: "AP",
    bpy.types.FileHandler: "FH",
}


def all_properties() -> Iterator[tuple[str, Any]]:
    """Every property of ours, by the name of its class."""
    for kind in registration._CLASSES:
        base = next(base for base in _KINDS if issubclass(kind, base))
        known: Any = rna_of(kind.bl_idname) if base is bpy.types.Operator else kind.bl_rna
        theirs = set(base.bl_rna.properties.keys()) - {"name"}
        for name, found in known.properties.items():
            if name not in theirs and not (name == "name" and found.description == _BLENDERS_NAME):
                yield kind.__name__, found


def is_title(text: str) -> bool:
    """Whether every word but the small ones inside begins with a capital, a digit or a sign."""
    words = [word for word in re.split(r"\s+", text) if word]
    return all(not word[0].islower() or (word in _SMALL and position > 0) for position, word in enumerate(words))


def is_sentence(text: str) -> bool:
    """Whether it begins with a capital and has no final full stop."""
    return bool(text) and not text[0].islower() and not text.endswith(".")


def test_classes_are_called_what_they_are(shot_scene: Any) -> None:
    for kind in registration._CLASSES:
        sort = next(letters for base, letters in _KINDS.items() if issubclass(kind, base))
        assert kind.__name__.startswith(f"KLING_{sort}_"), kind
        if sort == "OT":
            assert kind.bl_idname == f"kling.{kind.__name__.removeprefix('KLING_OT_')}"


def test_operators_and_panels_have_labels_and_operators_say_what_they_do(shot_scene: Any) -> None:
    for kind in registration._CLASSES:
        if issubclass(kind, bpy.types.Operator):
            description = rna_of(kind.bl_idname).description
            assert is_sentence(description), f"{kind.__name__}: {description!r}"
            assert description.lower() != kind.bl_label.lower()
        if issubclass(kind, bpy.types.Operator | bpy.types.Panel | bpy.types.Menu):
            assert is_title(kind.bl_label), kind.bl_label


def test_every_property_has_a_label_and_a_sentence_that_says_more(shot_scene: Any) -> None:
    found = list(all_properties())
    assert len(found) > 60
    for owner, known in found:
        place = f"{owner}.{known.identifier}"
        assert is_title(known.name), f"{place}: {known.name!r}"
        assert is_sentence(known.description), f"{place}: {known.description!r}"
        assert known.description.lower() != known.name.lower(), place
        for item in known.enum_items if known.type == "ENUM" else ():
            assert item.name, place
            assert is_sentence(item.description), f"{place}: {item.identifier}"


def test_no_two_classes_are_given_twice(shot_scene: Any) -> None:
    names = [kind.__name__ for kind in registration._CLASSES]
    assert len(names) == len(set(names))


def test_secrets_are_in_the_preferences_only_and_hidden_there(shot_scene: Any) -> None:
    secret = {"api_key", "access_key", "secret_key"}
    for owner, known in all_properties():
        if owner != KLING_AP_preferences.__name__:
            assert known.subtype != "PASSWORD"
            assert not secret & {known.identifier}
        elif known.identifier in secret:
            assert (known.subtype, known.length_max) == ("PASSWORD", 1025)  # with the closing zero


def test_a_saved_file_holds_the_shot_and_no_list_of_submissions(shot_scene: Any, tmp_path: Path) -> None:
    shot_scene.kling.prompt = "a fox runs through the film"
    row = bpy.context.window_manager.kling.rows.add()
    row.name = "kob-secret-list-row"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"), compress=False)
    saved = (tmp_path / "film.blend").read_bytes()
    assert b"a fox runs through the film" in saved
    assert b"kob-secret-list-row" not in saved


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "none yet"),
        ({"KLING_API_KEY": "k"}, "KLING_API_KEY of the environment"),
        (
            {"KLING_ACCESS_KEY": "a", "KLING_SECRET_KEY": "s"},
            "KLING_ACCESS_KEY and KLING_SECRET_KEY of the environment",
        ),
    ],
)
def test_the_preferences_say_where_the_key_comes_from(
    environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert preferences.key_source() == told
