"""Who we are to Blender, and which file is open."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache

import bpy

from ...paths import is_same_path

ROOT_PACKAGE = __package__.removesuffix(".blender.host").removesuffix(".kling_omni_addon")
"""The package that Blender knows the extension by (``bl_ext.<repository>.kling_omni``); preferences hang on it."""

_unsaved = {"token": ""}
_HAS_DRIVES = os.name == "nt"
"""Whether one file may have a path of a drive and one of a share, which only the system knows to be the same."""


def forget_file() -> None:
    """Another file is open: what was submitted from an unsaved one has no place any more."""
    _unsaved["token"] = ""
    _real.cache_clear()
    _is_same.cache_clear()


def this_file() -> str:
    """The open file as a submission remembers it: its path, or a token for as long as an unsaved one stays open. On
    Windows the path is that of the share where a drive letter stands for one, so that limits count it once.
    """
    return _real(bpy.data.filepath) or _token()


def is_this_file(blend: str) -> bool:
    """Whether a submission's file is the one that is open, also when it was saved for the first time since, and
    however the path of either is spelled.
    """
    here = bpy.data.filepath
    if not blend or blend in (here, _unsaved["token"]):
        return bool(blend)
    return bool(here) and (blend == _real(here) or _is_same(blend, here))


@lru_cache(16)
def _real(path: str) -> str:
    return os.path.realpath(path) if path and _HAS_DRIVES else path


@lru_cache(256)
def _is_same(blend: str, here: str) -> bool:
    """The disk is asked only about what looks like one path: drawing code wants to know, and a share may be away."""
    return is_same_path(blend, here) or is_same_path(blend, _real(here))


def _token() -> str:
    _unsaved["token"] = _unsaved["token"] or f"unsaved:{secrets.token_hex(16)}"
    return _unsaved["token"]
