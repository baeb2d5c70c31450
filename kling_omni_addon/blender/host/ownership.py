"""What of Blender's data the open file owns. Data of a linked library can be changed in memory and is saved nowhere: a
prompt, a placeholder or a clip in a linked scene is gone when the file is opened again.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import bpy

from ...core.errors import KlingError


def is_own(block: bpy.types.ID) -> bool:
    """Whether what is changed in a data-block is saved with the open file."""
    return block.library is None and block.override_library is None


def own_scene(name: str) -> bpy.types.Scene | None:
    """The file's own scene of that name, None where there is none: a linked scene may have the same."""
    return next((scene for scene in bpy.data.scenes if scene.name == name and is_own(scene)), None)


def own_scenes() -> list[bpy.types.Scene]:
    """The scenes that are saved with the open file."""
    return [scene for scene in bpy.data.scenes if is_own(scene)]


def why_not_own(block: bpy.types.ID) -> str:
    """Why nothing may be changed in a data-block, as a sentence; ``""`` where it may."""
    if is_own(block):
        return ""
    library: Any = block.library or block.override_library.reference.library
    rna: Any = block.bl_rna
    kind, source = rna.name, PurePath(library.filepath.replace("\\", "/")).name if library else "a library"
    return f'{kind} "{block.name}" is linked from {source}, so changes to it are not saved with this file.'


def require_own(block: bpy.types.ID) -> None:
    """Raise :class:`KlingError` for data of a linked library and for library overrides, before anything is changed."""
    reason = why_not_own(block)
    if reason:
        remedy = "Use a scene of this file, make it local (Outliner, ID Data > Make Local), or open the other file."
        raise KlingError(reason, field="scene", remedy=remedy)


class OnOwnScene:
    """An operator that changes the shot of the scene at hand."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not in a scene of a linked library."""
        reason = why_not_own(context.scene) if context.scene is not None else ""
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined] # Operator's
        return not reason
