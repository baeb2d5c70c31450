"""Drops files on a window as a file manager does, by the drag-and-drop protocol of X11 (XDND, version 5).

``drop_files.py X Y FILE...``: lets go of the files at a place of the screen. Ends with 1 where nobody took them. A
process of its own, for the window that takes them has to answer meanwhile.
"""

from __future__ import annotations

import ctypes
import sys
import time
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_ubyte, c_uint, c_ulong, c_void_p
from pathlib import Path
from typing import Any

_WAIT_S = 10.0
_VERSION = 5
_CLIENT_MESSAGE, _SELECTION_REQUEST, _SELECTION_NOTIFY = 33, 30, 31
_ATOM = 4
_HEAD: list[tuple[str, Any]] = [("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p)]


class _ClientMessage(ctypes.Structure):
    _fields_ = [*_HEAD, ("window", c_ulong), ("message_type", c_ulong), ("format", c_int), ("data", c_long * 5)]


class _SelectionRequest(ctypes.Structure):
    _names = ("owner", "requestor", "selection", "target", "property", "time")
    _fields_ = [*_HEAD, *((name, c_ulong) for name in _names)]


class _SelectionNotify(ctypes.Structure):
    _names = ("requestor", "selection", "target", "property", "time")
    _fields_ = [*_HEAD, *((name, c_ulong) for name in _names)]


class _Event(ctypes.Union):
    _fields_ = [
        ("type", c_int),
        ("message", _ClientMessage),
        ("request", _SelectionRequest),
        ("notify", _SelectionNotify),
        ("room", c_long * 24),
    ]


_x11: Any = ctypes.CDLL("libX11.so.6")
_x11.XOpenDisplay.restype = c_void_p
_x11.XOpenDisplay.argtypes = [c_char_p]
_x11.XDefaultRootWindow.restype = c_ulong
_x11.XDefaultRootWindow.argtypes = [c_void_p]
_x11.XInternAtom.restype = c_ulong
_x11.XInternAtom.argtypes = [c_void_p, c_char_p, c_int]
_x11.XCreateSimpleWindow.restype = c_ulong
_x11.XCreateSimpleWindow.argtypes = [c_void_p, c_ulong, c_int, c_int, c_uint, c_uint, c_uint, c_ulong, c_ulong]
_x11.XSetSelectionOwner.argtypes = [c_void_p, c_ulong, c_ulong, c_ulong]
_x11.XSendEvent.argtypes = [c_void_p, c_ulong, c_int, c_long, c_void_p]
_x11.XChangeProperty.argtypes = [c_void_p, c_ulong, c_ulong, c_ulong, c_int, c_int, c_char_p, c_int]
_x11.XQueryPointer.argtypes = [
    c_void_p, c_ulong, POINTER(c_ulong), POINTER(c_ulong), *[POINTER(c_int)] * 4, POINTER(c_uint)
]  # fmt: skip
_x11.XGetWindowProperty.argtypes = [
    c_void_p, c_ulong, c_ulong, c_long, c_long, c_int, c_ulong, POINTER(c_ulong), POINTER(c_int), POINTER(c_ulong),
    POINTER(c_ulong), POINTER(POINTER(c_ubyte)),
]  # fmt: skip
for _name in ("XFlush", "XPending"):
    getattr(_x11, _name).argtypes = [c_void_p]
_x11.XNextEvent.argtypes = [c_void_p, c_void_p]


class Source:
    """The window that the files come from."""

    def __init__(self, files: list[Path]) -> None:
        self.text = "".join(f"{file.resolve().as_uri()}\r\n" for file in files).encode()
        self.display = _x11.XOpenDisplay(None)
        self.root = _x11.XDefaultRootWindow(self.display)
        self.window = _x11.XCreateSimpleWindow(self.display, self.root, 0, 0, 1, 1, 0, 0, 0)
        _x11.XSetSelectionOwner(self.display, self.atom("XdndSelection"), self.window, 0)

    def atom(self, name: str) -> int:
        return int(_x11.XInternAtom(self.display, name.encode(), 0))

    def drop(self, x: int, y: int) -> bool:
        """Go there, ask whether the files are wanted, and let go; whether they were taken."""
        target = self.target()
        self.tell(target, "XdndEnter", _VERSION << 24, self.atom("text/uri-list"))
        for _ in range(3):
            self.tell(target, "XdndPosition", 0, (x << 16) | y, 0, self.atom("XdndActionCopy"))
            time.sleep(0.1)
        if not self.heard("XdndStatus"):
            return False
        self.tell(target, "XdndDrop")
        return self.heard("XdndFinished")

    def target(self) -> int:
        """The innermost window under the mouse that takes drops."""
        found, inner = 0, self.root
        root, child, ints, mask = c_ulong(), c_ulong(), [c_int() for _ in range(4)], c_uint()
        while inner:
            found = inner if self.is_aware(inner) else found
            _x11.XQueryPointer(self.display, inner, byref(root), byref(child), *map(byref, ints), byref(mask))
            inner = child.value
        return found

    def is_aware(self, window: int) -> bool:
        kind, form, number, left, data = c_ulong(), c_int(), c_ulong(), c_ulong(), POINTER(c_ubyte)()
        _x11.XGetWindowProperty(
            self.display, window, self.atom("XdndAware"), 0, 1, 0, _ATOM, byref(kind), byref(form), byref(number),
            byref(left), byref(data),
        )  # fmt: skip
        return number.value > 0

    def tell(self, target: int, message: str, *data: int) -> None:
        event = _Event()
        told = event.message
        told.type, told.display, told.window = _CLIENT_MESSAGE, self.display, target
        told.message_type, told.format = self.atom(message), 32
        for place, value in enumerate((self.window, *data)):
            told.data[place] = value
        _x11.XSendEvent(self.display, target, 0, 0, byref(event))
        _x11.XFlush(self.display)

    def heard(self, message: str) -> bool:
        """Whether the target says so in time; meanwhile it is given the files when it asks for them."""
        until, event = time.monotonic() + _WAIT_S, _Event()
        while time.monotonic() < until:
            if not _x11.XPending(self.display):
                time.sleep(0.02)
                continue
            _x11.XNextEvent(self.display, byref(event))
            if event.type == _SELECTION_REQUEST:
                self.give(event.request)
            elif event.type == _CLIENT_MESSAGE and event.message.message_type == self.atom(message):
                return bool(event.message.data[1] & 1) or message == "XdndFinished"
        return False

    def give(self, asked: Any) -> None:
        place = asked.property or asked.target
        _x11.XChangeProperty(self.display, asked.requestor, place, asked.target, 8, 0, self.text, len(self.text))
        event = _Event()
        answer = event.notify
        answer.type, answer.display, answer.requestor = _SELECTION_NOTIFY, self.display, asked.requestor
        answer.selection, answer.target, answer.property, answer.time = asked.selection, asked.target, place, asked.time
        _x11.XSendEvent(self.display, asked.requestor, 0, 0, byref(event))
        _x11.XFlush(self.display)


if __name__ == "__main__":
    sys.exit(not Source([Path(name) for name in sys.argv[3:]]).drop(int(sys.argv[1]), int(sys.argv[2])))
