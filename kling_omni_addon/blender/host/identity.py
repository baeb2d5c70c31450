"""Who we are to Blender, and which file is open."""

from __future__ import annotations

import uuid

import bpy

ROOT_PACKAGE = __package__.removesuffix(".blender.host").removesuffix(".kling_omni_addon")
"""The package that Blender knows the extension by (``bl_ext.<repository>.kling_omni``); preferences hang on it."""

_unsaved = {"token": ""}


def forget_file() -> None:
    """Another file is open: what was submitted from an unsaved one has no place any more."""
    _unsaved["token"] = ""


def this_file() -> str:
    """The open file as a submission remembers it: its path, or a token for as long as an unsaved one stays open."""
    return bpy.data.filepath or _token()


def is_this_file(blend: str) -> bool:
    """Whether a submission's file is the one that is open, also when it was saved for the first time since."""
    return blend in (bpy.data.filepath, _unsaved["token"]) and bool(blend)


def _token() -> str:
    _unsaved["token"] = _unsaved["token"] or f"unsaved:{uuid.uuid4().hex}"
    return _unsaved["token"]
