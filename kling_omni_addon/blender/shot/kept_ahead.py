"""Images of shots are copied into the picture store when they are set, so that a press of Generate need not do it.

The copy is made in a thread. What is sent is what the file is at the press: one that changed meanwhile is copied anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..connection import opening
from ..host import heartbeat

if TYPE_CHECKING:
    from ...work.errand import Errand

_LIMIT_OF_NAMES: Final = 64


@dataclass(slots=True)
class _Wanted:
    """The images of shots that were judged lately, by the name of their scene, and those that are being copied."""

    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    errand: Errand[bool] | None = None


_wanted = _Wanted()


def want(scene_name: str, sources: Collection[str]) -> None:
    """A shot was judged that is made from these files."""
    if len(_wanted.sources) >= _LIMIT_OF_NAMES:
        _wanted.sources.clear()
    _wanted.sources[scene_name] = tuple(sources)
    if sources:
        heartbeat.start()


def is_under_way() -> bool:
    """Whether something is left to be done at the next beat; there is nothing while no session is at hand."""
    return opening.at_hand() is not None and any(_wanted.sources.values())


def go_on() -> None:
    """At a beat: have copied what is wanted, and what was too young the last time."""
    if _wanted.errand is not None:
        if not _wanted.errand.is_done:
            return
        if _wanted.errand.answer:
            kept = _wanted.asked.items()
            _wanted.sources = {name: each for name, each in _wanted.sources.items() if (name, each) not in kept}
        _wanted.errand = None
    session = opening.at_hand()
    if session is not None and is_under_way():
        _wanted.asked = dict(_wanted.sources)
        _wanted.errand = session.ask_kept_ahead([path for paths in _wanted.asked.values() for path in paths])


def forget() -> None:
    """Another file is open, or the session is over."""
    _wanted.sources, _wanted.asked, _wanted.errand = {}, {}, None
