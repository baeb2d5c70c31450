"""Words of a command line, read: what each may be, and a sentence for what it is not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from ..core.problem import escaped

_LONGEST_NAME: Final = 200


def path(text: str) -> Path:
    """A path that somebody gave; not the current folder for a variable of a shell that is not set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def folder(text: str) -> str:
    """The same, as it was written."""
    path(text)
    return text


def name_of_shot(text: str) -> str:
    """A name for a shot. Nothing of it is invisible: ``sh010`` and the same with a line end would be two clips."""
    if not text.strip():
        raise argparse.ArgumentTypeError("KEY is empty; give the shot a name like sh010_v003")
    if text != text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f'KEY "{escaped(text[:60])}" has blanks at an end, or characters that are not seen'
        )
    if len(text) > _LONGEST_NAME:
        raise argparse.ArgumentTypeError(f"KEY is longer than {_LONGEST_NAME} characters")
    return text
