"""Everything that Blender was given, walked over: names of classes, secrets, and what a file may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon.blender import registration
from kling_omni_addon.blender.connection import preferences
from kling_omni_addon.blender.panels.preferences_page import KLING_AP_preferences
from tests.workshop.registered import KINDS, properties


def test_classes_are_called_what_they_are(shot_scene: Any) -> None:
    for kind in registration._CLASSES:
        sort = next(letters for base, letters in KINDS.items() if issubclass(kind, base))
        assert kind.__name__.startswith(f"KLING_{sort}_"), kind
        if sort == "OT":
            assert kind.bl_idname == f"kling.{kind.__name__.removeprefix('KLING_OT_')}"


def test_no_two_classes_are_given_twice(shot_scene: Any) -> None:
    names = [kind.__name__ for kind in registration._CLASSES]
    assert len(names) == len(set(names))


def test_what_cannot_be_ended_leaves_nothing_else_behind(shot_scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def held() -> None:
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(registration.opening, "close", held)
    registration.unregister()
    monkeypatch.undo()
    try:
        assert not hasattr(bpy.types.Scene, "kling")
        assert [kind.__name__ for kind in registration._CLASSES if kind.is_registered] == []
        assert registration._on_load not in bpy.app.handlers.load_post
    finally:
        kling_omni_addon.register()


def test_secrets_are_in_the_preferences_only_and_hidden_there(shot_scene: Any) -> None:
    secret = {"api_key", "access_key", "secret_key"}
    for owner, known in properties():
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
