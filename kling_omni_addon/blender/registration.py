"""What Blender is given on enabling, in order; taken back in reverse on disabling."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType

import bpy
from bpy.app.handlers import persistent

from ..settings import Preferred, named_home
from .capture import registered as capture
from .connection import opening, preferences, preparing
from .connection import registered as connection
from .elements import registered as elements
from .host import heartbeat, identity, language
from .host.isolating import on_its_own
from .next_shots import registered as next_shots
from .panels import registered as panels
from .panels import takes as take_panels
from .shot import judging, prompt, properties
from .shot import registered as shot
from .submissions import placing, rows, visit, whereabouts
from .submissions import registered as submissions
from .takes import registered as takes
from .timeline import registered as timeline

_CLASSES = (
    *connection.CLASSES,
    *shot.CLASSES,
    *timeline.CLASSES,
    *capture.CLASSES,
    *takes.CLASSES,
    *submissions.CLASSES,
    *elements.CLASSES,
    *next_shots.CLASSES,
    *panels.CLASSES,
)
_ROOMS = (language, connection, shot, timeline, capture, submissions, elements, panels)
_commands: list[object] = []


@persistent  # type: ignore[untyped-decorator]
def _on_load(_path: str) -> None:
    """Another file is open: its clips may be placed now, those of an unsaved predecessor have lost their place."""
    for forget in (identity.forget_file, judging.forget, take_panels.forget, whereabouts.forget):
        on_its_own(forget)
    for step in (placing.follow_file, _look_again, rows.show):
        on_its_own(step)
    if on_its_own(prompt.has_texts):
        heartbeat.start()
    on_its_own(visit.follow_stand_ins)


@persistent  # type: ignore[untyped-decorator]
def _on_undo(_scene: bpy.types.Scene) -> None:
    """Undo brings old settings back without telling the properties, and redo a stand-in that was gone."""
    on_its_own(whereabouts.follow_undo)
    on_its_own(placing.forget)
    on_its_own(_look_again)


def _look_again() -> None:
    """Judge every shot that somebody has begun."""
    for scene in bpy.data.scenes:
        on_its_own(_judge_again, scene)


def _judge_again(scene: bpy.types.Scene) -> None:
    shot = properties.shot_of(scene)
    if shot.words or judging.problems(scene) is not None or properties.picture_paths(shot):
        judging.judge(scene)


def _api(_shot: properties.KLING_PG_shot) -> ModuleType:
    """``scene.kling.api``: imported when a script asks for it, for nothing that is drawn needs all of it."""
    from . import api

    return api


def register(command_line: Callable[[list[str], Mapping[str, str], Preferred], int]) -> None:
    """Register everything. No I/O, nothing heavy imported.

    ``command_line`` runs one verb (``blender --command kling VERB``), with this Blender as its maker of clips and with
    its preferences.
    """
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    for room in _ROOMS:
        room.register()
    properties.KLING_PG_shot.api = property(_api)
    bpy.app.handlers.load_post.append(_on_load)
    bpy.app.handlers.undo_post.append(_on_undo)
    bpy.app.handlers.redo_post.append(_on_undo)
    _commands.append(
        bpy.utils.register_cli_command(
            "kling", lambda arguments: command_line(arguments, _environ(), preferences.preferred())
        )
    )
    if bpy.app.version < (4, 5) and not bpy.app.binary_path:
        root = __package__.rpartition(".")[0]  # by now: an update takes the modules away
        atexit.register(_let_go_of_bpy, [module for name, module in sys.modules.items() if name.startswith(root)])
    # Blender disables its add-ons when it quits; a script on the bpy module that just ends would leave our classes and
    # threads to the interpreter's last moments, and that crashes it (measured on 4.5).
    atexit.register(unregister)


def _let_go_of_bpy(modules: Iterable[ModuleType]) -> None:
    """The bpy module of 4.2 ends Blender when nobody refers to it any more, and keeps the functions of our properties,
    and with them the names of their modules, for ever: the process would crash as it ends (docs/dev/blender_facts.md).
    """
    for module in modules:
        vars(module).pop("bpy", None)


def _environ() -> Mapping[str, str]:
    """The environment of a verb. Its home is that of this Blender's preferences, also where only the environment is
    asked.
    """
    named = named_home(os.environ, preferences.preferred())
    home = {"KLING_HOME": named} if named else {}
    return {"BLENDER": bpy.app.binary_path} | dict(os.environ) | home


def unregister() -> None:
    """Stop what runs and take everything back; once, also where Blender and the interpreter's end both ask for it.

    ``sys.exit()`` in a script ends the interpreter first, and Blender disables its add-ons then.
    """
    if not _commands:
        return
    atexit.unregister(unregister)
    # Each on its own: what cannot be ended (a file that Windows holds) leaves nothing else behind.
    on_its_own(heartbeat.stop)
    on_its_own(preparing.stop)
    on_its_own(opening.close)
    on_its_own(bpy.utils.unregister_cli_command, _commands.pop())
    on_its_own(bpy.app.handlers.load_post.remove, _on_load)
    on_its_own(bpy.app.handlers.undo_post.remove, _on_undo)
    on_its_own(bpy.app.handlers.redo_post.remove, _on_undo)
    on_its_own(delattr, properties.KLING_PG_shot, "api")
    for room in reversed(_ROOMS):
        on_its_own(room.unregister)
    for cls in reversed(_CLASSES):
        on_its_own(bpy.utils.unregister_class, cls)
