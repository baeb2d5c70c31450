"""Ctrl-C during a wait on Blender's thread.

A Blender without a window has a handler of its own for it, which Python never hears of: up to 4.5 the first Ctrl-C only
stops a render, and the second kills.
"""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C raises ``KeyboardInterrupt`` in the block, in every Blender; afterwards it does what it did before."""
    before = signal.getsignal(signal.SIGINT)
    if before not in (None, signal.SIG_DFL):  # Python's own, or a script's
        yield
        return
    blenders_own = _handler_of_the_system()
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        if before is None:
            _set_handler_of_the_system(blenders_own)
        else:
            signal.signal(signal.SIGINT, before)


def _handler_of_the_system() -> Any:
    """What the system calls, which Python cannot name where Python did not set it."""
    ask = ctypes.pythonapi.PyOS_getsig
    ask.restype, ask.argtypes = ctypes.c_void_p, [ctypes.c_int]
    return ask(signal.SIGINT)


def _set_handler_of_the_system(handler: Any) -> None:
    put = ctypes.pythonapi.PyOS_setsig
    put.restype, put.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
    put(signal.SIGINT, handler)
