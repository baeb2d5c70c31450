"""Whether a process lives, as Windows tells it: there ``os.kill(pid, 0)`` is no question but a signal."""

from __future__ import annotations

import ctypes
from ctypes import byref, wintypes
from typing import Any, Final

_MAY_BE_ASKED: Final = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_NO_SUCH: Final = 87  # ERROR_INVALID_PARAMETER
_RUNS: Final = 259  # STILL_ACTIVE


def began(pid: int) -> int | None:
    """When a process began that runs now, in ticks of 100 ns, which tells it from another one of that number; 0 where
    Windows does not tell, None where none runs.
    """
    kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined] # on Windows only
    kernel.OpenProcess.restype = wintypes.HANDLE
    handle = kernel.OpenProcess(_MAY_BE_ASKED, False, pid)
    if not handle:
        return None if ctypes.get_last_error() == _NO_SUCH else 0  # type: ignore[attr-defined] # as above
    try:
        return _told(kernel, wintypes.HANDLE(handle))
    finally:
        kernel.CloseHandle(wintypes.HANDLE(handle))


def _told(kernel: Any, handle: wintypes.HANDLE) -> int | None:
    code = wintypes.DWORD()
    if kernel.GetExitCodeProcess(handle, byref(code)) and code.value != _RUNS:
        return None  # it has ended, and somebody still has it open
    times = [wintypes.FILETIME() for _ in range(4)]
    if not kernel.GetProcessTimes(handle, *map(byref, times)):
        return 0
    return (times[0].dwHighDateTime << 32) + times[0].dwLowDateTime


def is_gone(pid: int, began_at: int) -> bool:
    """Whether the process of that number that began at that moment certainly runs no more."""
    now = began(pid)
    return now is None or bool(now and began_at and now != began_at)
