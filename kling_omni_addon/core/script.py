"""The shots of a storyboard as one text, as the new API reads them (contract section 13)."""

from __future__ import annotations

from collections.abc import Iterable


def script_of(shots: Iterable[tuple[int, str]]) -> str:
    """``shot 1, 2, words; shot 2, 3, words;`` of the length in seconds and the words of each shot.

    A semicolon ends a shot, so one among its words becomes a comma; and a shot is one line.
    """
    return " ".join(
        f"shot {number}, {seconds}, {' '.join(words.replace(';', ',').split())};"
        for number, (seconds, words) in enumerate(shots, start=1)
    )
