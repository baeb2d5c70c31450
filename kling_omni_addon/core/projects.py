"""What a project is called, and which of them are the same.

Money is counted by these names, so two spellings of one name must not be two projects: they are compared without
regard to case, width and blanks. A name that nobody gave is that of the folder, which outlives the ``_v002`` of files.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import PureWindowsPath
from typing import Final

LONGEST_NAME: Final = 80
"""Characters of a name, of a project, a person or a machine."""
_REMEMBERED: Final = 4096
"""So many names are thought of once: limits compare each with all that was sent."""
_UNSEEN: Final = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""What fonts show nothing for (Unicode's Default_Ignorable_Code_Point, and the empty Braille pattern)."""
_OF_WINDOWS: Final = re.compile(r"^//[?.]/(?P<share>unc/)?")
"""How a long path begins there, of a drive (``//?/C:/``) or of a share (``//?/UNC/server/``)."""
_VERSION: Final = re.compile(r"(^|[ ._-]+)v[0-9]+$", re.IGNORECASE)


def name_in(text: object) -> str:
    """A name as it may be kept and shown, of whatever anybody wrote: one line of printable characters, not a long one;
    ``""`` for what is no text.
    """
    if not isinstance(text, str):
        return ""
    printable = "".join(map(_shown, text[: 4 * LONGEST_NAME]))
    return " ".join(printable.split())[:LONGEST_NAME].strip()


def _shown(character: str) -> str:
    """A character that is seen; a blank for a line break and its like, and nothing for what has no width."""
    if character.isprintable():
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def project_of_folder(folder: str) -> str:
    """The project of what lies in a folder: its name without a version at the end (``sh010_v002``), or that of the
    folder above where nothing else is left of it; ``""`` at the root of a disk.

    ``folder`` is a path as any system writes it. The same folder gives the same name on every one of them.
    """
    for part in (PureWindowsPath(folder), *PureWindowsPath(folder).parents):
        name = name_in(_VERSION.sub("", part.name))
        if name and name != "..":
            return name
    return ""


@lru_cache(_REMEMBERED)
def project_of_blend(blend: str) -> str:
    """The project of a .blend file for which nobody named one; ``""`` for a file that was never saved."""
    return project_of_folder(str(PureWindowsPath(blend).parent)) if blend else ""


@lru_cache(_REMEMBERED)
def same_for(name: str) -> str:
    """Equal for two spellings of one name."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(letter for letter in folded if not _UNSEEN.match(letter)).split())


@lru_cache(_REMEMBERED)
def same_path_for(path: str) -> str:
    """Equal for two spellings of one path, as far as a text tells: of case, of slashes, of composed letters. Systems
    differ in what they take for one file, so it is also equal for some paths that are two on this one.
    """
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
    return _OF_WINDOWS.sub(_unprefixed, plain.replace("\\", "/"))


def _unprefixed(found: re.Match[str]) -> str:
    return "//" if found["share"] else ""
