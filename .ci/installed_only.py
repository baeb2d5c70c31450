"""A Python whose ``kling_omni_addon`` is the installed extension: ``installed_only.py FOLDER EXTENSIONS [LIBRARIES]``.

``FOLDER`` becomes an environment with everything of the Python that runs this, made of links. ``EXTENSIONS`` is the
folder into which a Blender installed the zip. In the new Python, and in every process of it:

* ``kling_omni_addon`` comes from ``EXTENSIONS`` wherever it would come from this clone, and no module of this clone's
  package runs;
* the libraries of the extension are those that Blender unpacked from the zip, unless ``LIBRARIES``, a folder of others,
  has them;
* nobody is spoken to but this machine.

It works by a ``.pth`` file and audit hooks, so neither ``python -S`` nor programs that are not this Python know of it.
"""

from __future__ import annotations

import sys
import venv
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from ipaddress import ip_address
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

PACKAGE = "kling_omni_addon"
NAME = Path(__file__).stem
_TALK = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}
"""Audit events that name who is spoken to or asked for, and at which argument."""


def begin(installed: str, clone: str, *libraries: str) -> None:
    """Hold this process to the extension that lies in ``installed``, with these libraries, and to this machine."""
    if any(isinstance(finder, _InsteadOfTheClone) for finder in sys.meta_path):
        return  # Python reads the .pth files of an environment twice
    here = sys.path.index(str(Path(__file__).parent))  # what PYTHONPATH names stands before it, and stays there
    sys.path[here:here] = libraries
    sys.meta_path.insert(0, _InsteadOfTheClone(Path(installed), Path(clone)))
    ours = (f"{clone}/{PACKAGE}/", f"{clone}/__init__.py")

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec":
            (code,) = arguments
            if isinstance(code, CodeType) and code.co_filename.startswith(ours):
                raise RuntimeError(f"{code.co_filename} is of the clone; this run tests what is in {installed}.")
        elif event in _TALK:
            _keep_here(_host(arguments[_TALK[event]]))

    sys.addaudithook(watch)


class _InsteadOfTheClone(MetaPathFinder):
    """Finds the package in the installed extension where the clone is looked into: ``python -m`` begins there."""

    def __init__(self, installed: Path, clone: Path) -> None:
        self._installed, self._clone = installed, clone

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != PACKAGE:
            return None
        places = [str(self._installed) if Path(entry).resolve() == self._clone else entry for entry in sys.path]
        return PathFinder.find_spec(name, places, target)


def _host(address: Any) -> str:
    """Who is meant by (host, port) or by a host; a socket that is a file is this machine, as is no name at all."""
    host = address[0] if isinstance(address, tuple) else address
    told = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    return "" if told.startswith(("/", "\0")) else told


def _keep_here(host: str) -> None:
    """Raise RuntimeError for another machine; a name that no machine may have gets the answer of every DNS."""
    if host in ("", "localhost"):
        return
    if host.endswith(".invalid"):
        import socket  # the interpreter starts without it

        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    try:
        told = ip_address(host)
        if told.is_loopback or told.is_unspecified:
            return
    except ValueError:
        pass  # a name
    raise RuntimeError(f"This run may speak to this machine only, not to {host}.")


def make(folder: Path, extensions: Path, *libraries: Path) -> None:
    """Make the Python of the head of this file."""
    venv.create(folder, symlinks=True, clear=True)
    (packages,) = folder.glob("lib/python3.*/site-packages")
    for place in map(Path, sys.path):
        if place.name == "site-packages":
            for path in place.iterdir():
                if path.stem not in (NAME, "__pycache__") and not (packages / path.name).exists():
                    (packages / path.name).symlink_to(path)
    (packages / f"{NAME}.py").write_bytes(Path(__file__).read_bytes())
    (unpacked,) = (extensions / ".local").glob("lib/python3.*/site-packages")
    (installed,) = extensions.glob("*/kling_omni")
    held_to = map(str, (installed, Path(__file__).resolve().parent.parent, *libraries, unpacked))
    begun = f"import {NAME}; {NAME}.begin(*{list(held_to)!r})\n"
    (packages / f"{NAME}.pth").write_text(begun, encoding="utf-8")


if __name__ == "__main__":
    make(*(Path(argument).resolve() for argument in sys.argv[1:]))
