"""The home where nobody names one: in the user's data folder, outside of what uninstalling the extension deletes.

The Blender of the Microsoft Store has a data folder of its own, which Windows deletes with it and which no other
program sees. There the home is in the user's profile folder.
"""

from __future__ import annotations

import ctypes
import logging
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from .durable import make_own_folder

_log = logging.getLogger(__name__)

_IS_WINDOWS = os.name == "nt"
_NAME: Final = "kling-omni"
_JOURNAL: Final = "journal.sqlite3"
_PLAYED: Final = ("clips", "frames", "footage")
"""Folders with files that .blend files and the journal name by their path."""
_MOVED: Final = 'The job history was moved to "{home}", where it stays when Blender is uninstalled.'


def usual_home() -> Path:
    """Where the home is, whether it exists or not. Changes nothing."""
    from platformdirs import user_data_path  # a wheel of the extension: on the path only once that is enabled

    usual = user_data_path(_NAME, appauthor=False)
    if not _IS_WINDOWS:
        return usual
    lasting = _lasting()
    if _private_home() is not None:
        return usual if goes_with_blender() else lasting
    return lasting if _has_journal(lasting) and not _has_journal(usual) else usual


def goes_with_blender() -> bool:
    """Whether the home that nobody named is still the one of an earlier version, which Windows deletes with the Store's
    Blender. A folder in the profile that happens to have the name, a clone of this project, is no home.
    """
    private = _private_home()
    return private is not None and _has_journal(private) and not _has_journal(_lasting())


def brought_home() -> str:
    """Move what an earlier version has in the data folder that goes with the Store's Blender; a sentence where that was
    done, ``""`` where there was nothing to do or it cannot be done now.

    One rename moves all of it. While another process has the journal open Windows refuses that, and everybody stays
    with the old one. Afterwards a folder stands where the journal was, so that no earlier version begins another.
    """
    private, lasting = _private_home(), _lasting()
    if private is None or not goes_with_blender():
        return ""
    try:
        private.rename(lasting)
    except OSError as error:
        _log.warning("the home stays in %s: %s", private, error)
        return ""
    with suppress(OSError):
        make_own_folder(private)
        (private / _JOURNAL).mkdir()
        _give_second_names(lasting, private)
    return _MOVED.format(home=lasting)


def _give_second_names(lasting: Path, private: Path) -> None:
    """Let the files that are named elsewhere keep their old paths, too; they stay when those are deleted."""
    for folder in _PLAYED:
        for file in (lasting / folder).rglob("*"):
            second = private / file.relative_to(lasting)
            if file.is_file():
                second.parent.mkdir(parents=True, exist_ok=True)
                with suppress(OSError):
                    os.link(file, second)


def _private_home() -> Path | None:
    """The home in the data folder of the package that this process belongs to; None outside of the Store's packages."""
    family = _package_family() if _IS_WINDOWS else ""
    data = os.environ.get("LOCALAPPDATA", "")
    return Path(data) / "Packages" / family / "LocalCache" / "Local" / _NAME if family and data else None


def _lasting() -> Path:
    return Path.home() / _NAME


def _has_journal(home: Path) -> bool:
    return (home / _JOURNAL).is_file()


@lru_cache(1)
def _package_family() -> str:
    """The name that Windows has for the package of this process; ``""`` for a program that was installed otherwise."""
    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined] # on Windows only
    length = ctypes.c_uint32(256)
    name = ctypes.create_unicode_buffer(length.value)
    try:
        is_packaged = kernel.GetCurrentPackageFamilyName(ctypes.byref(length), name) == 0
    except AttributeError:  # an older Windows, which knows no packages
        return ""
    return name.value if is_packaged else ""
