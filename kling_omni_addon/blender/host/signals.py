"""Telling upward: a room says that something happened, and whoever is above connects to hear it.

So the rooms below import nothing of those above. What is connected is listed in each room's ``registered``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

from .isolating import on_its_own

_Told = ParamSpec("_Told")


class Signal(Generic[_Told]):
    """Something that happens. Receivers are called in the order in which they were connected, on Blender's thread; one
    that fails keeps no other from hearing it.
    """

    def __init__(self) -> None:
        self._receivers: list[Callable[_Told, object]] = []

    def connect(self, receiver: Callable[_Told, object]) -> None:
        """Have ``receiver`` called from now on; once, however often it is connected."""
        if receiver not in self._receivers:
            self._receivers.append(receiver)

    def disconnect(self, receiver: Callable[_Told, object]) -> None:
        """Call it no more."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def send(self, *told: _Told.args, **named: _Told.kwargs) -> None:
        """Tell every receiver."""
        for receiver in tuple(self._receivers):
            on_its_own(receiver, *told, **named)
