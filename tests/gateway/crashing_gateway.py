"""A command with a kill -9 of itself at a named moment of the spool: ``crashing_gateway.py MOMENT VERB ...``.

The product has no test switches in it: this script wraps the functions at whose borders a crash is wanted.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kling_omni_addon.command_line import cli
from kling_omni_addon.gateway import desk, spool
from kling_omni_addon.work import copying


def dying(function: Callable[..., Any], *, before: bool, when: Callable[..., bool] = lambda *_: True) -> Any:
    """The function, with a death before or after it."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        is_now = when(*arguments)
        if is_now and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **named)
        if is_now:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def _is_final(_spool: Any, _slot: str, state: Any) -> bool:
    return bool(state.is_final)


def _is_under_way(_spool: Any, _slot: str, state: Any) -> bool:
    return not state.is_final


MOMENTS: dict[str, tuple[Any, str, bool, Callable[..., bool]]] = {
    "request-taken": (desk.Desk, "take", False, lambda *_: True),
    "progress-said": (spool.Spool, "write_state", False, _is_under_way),
    "clip-half-copied": (copying.shutil, "copyfileobj", True, lambda *_: True),
    "clip-copied": (desk.Desk, "hand_over", False, lambda *_: True),
    "last-word-unsaid": (spool.Spool, "write_state", True, _is_final),
    "last-word-said": (spool.Spool, "write_state", False, _is_final),
    "request-gone": (spool.Spool, "remove", False, lambda *_: True),
    "request-set-aside": (spool.Spool, "set_aside", False, lambda *_: True),
    "request-half-written": (spool, "put_where_free", True, lambda *_: True),
    "request-put": (spool.Spool, "put", False, lambda *_: True),
}

if __name__ == "__main__":
    moment, *arguments = sys.argv[1:]
    owner, name, is_before, when = MOMENTS[moment]
    setattr(owner, name, dying(getattr(owner, name), before=is_before, when=when))
    sys.exit(cli.main(arguments))
