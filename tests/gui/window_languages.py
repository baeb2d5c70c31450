"""Runs inside a windowed Blender: the tab in each language that it is translated into; in German also as narrow as can
be, and large.

``window_languages.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import (
    MODULE,
    STORY,
    Steps,
    in_sequencer,
    install,
    narrow_side_panel,
    open_side_panel,
    run,
    shoot,
    shoot_side_panel,
    show_sequencer,
    submissions,
)

LOCALES = {"de": "de_DE", "es": "es", "fr": "fr_FR", "ja": "ja_JP", "zh_HANS": "zh_HANS"}


def languages() -> Steps:
    """The steps."""
    yield from install()
    STORY["shown"], STORY["untold"] = {}, []
    watch_words()
    scene: Any = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    open_side_panel("VIEW_3D")
    shot: Any = scene.kling
    shot.kind = "FRAMES"
    yield 0.5
    for language, locale in LOCALES.items():
        speak(locale)
        yield 0.5
        shoot_side_panel(f"{language}_frames")
    speak(LOCALES["de"])
    yield from every_kind(shot)
    yield from a_job(shot)
    yield from the_sequencer()
    yield from narrow_and_large()
    speak("en_US")
    yield 0.3
    shoot_side_panel("english_again", "SEQUENCE_EDITOR")


def speak(locale: str) -> None:
    """Choose a language in the preferences."""
    view: Any = bpy.context.preferences.view
    view.language = locale
    view.use_translate_interface = view.use_translate_tooltips = view.use_translate_reports = True


def watch_words() -> None:
    """Note what goes through the catalog, and what it does not know."""
    language = sys.modules[f"{MODULE}.kling_omni_addon.blender.host.language"]
    cached = language._cached
    translations: set[str] = set()

    def noted(name: str, text: str) -> str:
        told: str = cached(name, text)
        STORY["shown"].setdefault(name, []).append(told)
        if told != text:
            translations.add(told)
        elif text not in translations and text not in STORY["untold"]:
            STORY["untold"].append(text)
        return told

    language._cached = noted


def every_kind(shot: Any) -> Steps:
    """The shot as each kind, with the faults that an unfinished one has."""
    for kind in ("TEXT", "REFERENCES", "EDIT", "NEXT", "STORYBOARD"):
        shot.kind = kind
        yield 0.4
        shoot_side_panel(f"de_{kind.lower()}")


def a_job(shot: Any) -> Steps:
    """A clip is made in rehearsal, from the press to the list."""
    shot.kind, shot.prompt, shot.mode, shot.duration_s = "TEXT", "The cube turns", "std", 3
    yield 0.3
    bpy.ops.kling.submit()
    for _ in range(80):
        yield 0.5
        if submissions() == ["placed"]:
            break
    STORY["phases"] = submissions()
    yield 0.5
    shoot("de_job")


def the_sequencer() -> Steps:
    """The strip and its takes."""
    yield from show_sequencer()
    with in_sequencer():
        bpy.ops.sequencer.view_all()
    yield 0.5
    shoot("de_sequencer")


def narrow_and_large() -> Steps:
    """The panel at 200 px, and at twice the size."""
    bpy.context.preferences.view.ui_scale = 2.0
    yield 0.5
    shoot("de_large")
    bpy.context.preferences.view.ui_scale = 1.0
    yield 0.5
    yield from narrow_side_panel("SEQUENCE_EDITOR", 200)
    shot: Any = bpy.context.scene.kling
    for kind in ("TEXT", "FRAMES", "STORYBOARD"):
        shot.kind = kind
        yield 0.4
        shoot_side_panel(f"de_narrow_{kind.lower()}", "SEQUENCE_EDITOR")


run(languages)
