"""The verb ``doctor``: a look at this machine, its settings and its way to the service."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..paths import expanded
from . import arguments
from .output import say, tell


def add(names: Any, verb: Callable[..., argparse.ArgumentParser]) -> None:
    """The words of it."""
    parser = verb(
        names, "doctor", doctor, "check this computer, the settings, the network and the key; free, changes nothing"
    )
    parser.add_argument(
        "--spool", type=arguments.folder, metavar="FOLDER", help="also look at this spool and its gateway"
    )
    parser.add_argument("--service", default="", help="as for submit")


def doctor(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Each finding on both streams; 0 where nothing is wrong, else the code of the worst fault."""
    from ..doctor.examination import examine
    from ..doctor.finding import exit_code_of, line_of

    patient = _patient(options, environment)
    findings = []
    for finding in examine(patient):
        findings.append(finding)
        say(finding.as_json())
        tell(line_of(finding))
    return exit_code_of(findings)


def _patient(options: argparse.Namespace, environment: Mapping[str, str]) -> Any:
    """With the Blender around, where this runs in one (``blender --command``)."""
    from ..doctor.patient import Patient

    around = None
    if "bpy" in sys.modules:
        from ..blender.connection.diagnosis import surroundings

        around = surroundings()
    return Patient(
        environment=environment,
        preferred=options.preferred,
        service=options.service,
        spool=Path(expanded(options.spool, "spool")).absolute() if options.spool else None,
        around=around,
    )
