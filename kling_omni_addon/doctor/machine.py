"""This machine: the extension, the Python and the Blender around it, and the packages in use."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Iterator
from typing import Final

from ..core.errors import RehearsalUnavailable
from ..rehearsal.clip_maker import default_command
from ..version import version
from .finding import MACHINE, Finding, fault, ok, warning
from .patient import Patient

_PACKAGES: Final = (
    *("requests", "urllib3", "certifi", "idna", "charset-normalizer", "PyJWT", "jsonschema", "pyrsistent", "attrs"),
    *("platformdirs", "PySocks", "tqdm", "truststore"),
)
_INSTALL: Final = "Install the extension again."
_SET_BLENDER: Final = "Set BLENDER to a Blender executable. Only rehearsals need it."


def look_at_extension(_patient: Patient) -> Iterator[Finding]:
    """Its version."""
    yield ok("extension", f"Kling Omni {version()}.")


def look_at_blender(patient: Patient) -> Iterator[Finding]:
    """The Blender around, and whether it can write movies."""
    around = patient.around
    if around is None:
        yield ok("blender", "None: this is a Python without Blender.")
        return
    kind = "bpy module" if around.is_module else "with a window" if around.has_window else "without a window"
    says = f"Blender {around.version} ({around.build}), {kind}."
    if around.has_encoder:
        yield ok("blender", says)
    else:
        yield warning("blender", f"{says} It is built without FFmpeg, and can neither render strips nor read clips.")


def look_at_python(_patient: Patient) -> Iterator[Finding]:
    """Its version, and the system."""
    yield ok("python", f"{platform.python_implementation()} {platform.python_version()}.")
    yield ok("platform", f"{platform.platform()}, {platform.machine() or 'unknown machine'}.")


def look_at_packages(_patient: Patient) -> Iterator[Finding]:
    """The versions of the packages that the extension needs, as this Python would import them."""
    found, missing = list[str](), list[str]()
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield fault("packages", MACHINE, f"Missing: {', '.join(missing)}. In use: {', '.join(found)}.", _INSTALL)
    else:
        yield ok("packages", f"{', '.join(found)}.")


def look_at_encoder(patient: Patient) -> Iterator[Finding]:
    """What makes the clips of rehearsals."""
    try:
        program = default_command(patient.environment.get("BLENDER"))[0]
    except RehearsalUnavailable as error:
        yield warning("encoder", error.sentence, _SET_BLENDER)
        return
    if shutil.which(program) is None:
        yield warning("encoder", f'The program "{program}" that makes test clips cannot be run.', _SET_BLENDER)
    else:
        yield ok("encoder", f'Test clips are made by "{program}".')
