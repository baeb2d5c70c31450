"""Who is logged in, and on which machine: what a job history says of whoever asked."""

from __future__ import annotations

import getpass
import socket

from .core.life.events import Asker
from .core.projects import name_in


def asker_here(project: str = "") -> Asker:
    """Whoever runs this process, asking for a project."""
    return Asker(user=name_in(_user()), host=name_in(_host()), project=project)


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container whose user has no name
        return ""


def _host() -> str:
    try:
        return socket.gethostname()
    except OSError:
        return ""
