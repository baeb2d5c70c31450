"""A clip played in a window of its own, by the player that Blender is set to use. The .blend file stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import ClipUnusable, KlingError

if TYPE_CHECKING:
    import subprocess

_players: list[subprocess.Popen[bytes]] = []  # each is asked for its end later, or it would stay as a zombie


def play(clip: Path) -> None:
    """Play a clip: in Blender's own player, the one of *Preferences > File Paths > Animation Player*, or the system's.

    Raises :class:`ClipUnusable` where the file is gone, :class:`KlingError` where no player starts.
    """
    if not clip.is_file():
        raise ClipUnusable(f"{clip.name} is not there any more.", field="clip", remedy="The file was moved or deleted.")
    command = command_for(clip, bpy.app.binary_path)
    if command:
        _start(command)
    else:
        bpy.ops.wm.path_open(filepath=str(clip))


def command_for(clip: Path, blender: str) -> tuple[str, ...]:
    """The command that plays it; empty where only the system knows a player. ``blender`` is its executable, ``""`` in
    the bpy module.
    """
    paths: Any = bpy.context.preferences.filepaths
    if paths.animation_player_preset == "INTERNAL":
        return (blender, "-a", str(clip)) if blender else ()
    return (paths.animation_player, str(clip)) if paths.animation_player else ()


def _start(command: tuple[str, ...]) -> None:
    import subprocess  # for a click on a clip

    _players[:] = [player for player in _players if player.poll() is None]
    try:
        player = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Blender is a console program on Windows
        )
    except OSError as error:
        sentence = f"{Path(command[0]).name} could not be started: {error.strerror or error}."
        remedy = "Choose another Animation Player in Preferences > File Paths."
        raise KlingError(sentence, field="animation_player", remedy=remedy) from error
    _players.append(player)
