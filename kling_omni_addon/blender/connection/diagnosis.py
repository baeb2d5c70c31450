"""What is right and wrong with this Blender, its settings and its way to Kling: for a person, and to send along."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...paths import expanded
from ..host import heartbeat
from ..host.reporting import Outcome, reported, say
from . import preferences
from .questions import Question

if TYPE_CHECKING:
    from ...doctor.finding import Finding
    from ...doctor.patient import Patient, Surroundings
    from ...work.errand import Errand


def surroundings() -> Surroundings:
    """What there is to know about this Blender."""
    from ...doctor.patient import Surroundings

    app = bpy.app
    return Surroundings(
        version=app.version_string,
        build=b" ".join((app.build_branch, app.build_hash)).decode(errors="replace"),
        is_module=bool(getattr(app, "module", not app.binary_path)),  # 4.2 and 4.3 do not say it
        has_window=not app.background,
        has_encoder=bool(getattr(app.build_options, "codec_ffmpeg", True)),
    )


def doctor(spool: str | Path | None = None) -> tuple[Finding, ...]:
    """What is right and what is wrong with this computer, the settings, the network and the key; of a ``spool``, too,
    where one is named. Takes up to ten seconds; free, and changes nothing. No key is part of it.

    Raises :class:`ArgumentsInvalid` for a spool that cannot be a path.
    """
    from ...doctor.examination import examine  # requests, sqlite

    return tuple(examine(_patient(expanded(spool, "spool").absolute() if spool else None)))


def _patient(spool: Path | None = None) -> Patient:
    from ...doctor.patient import Patient

    folder = preferences.clip_folder()
    return Patient(
        environment={"BLENDER": bpy.app.binary_path} | dict(os.environ),
        preferred=preferences.preferred(),
        spool=spool,
        clips=Path(folder) if folder else None,
        around=surroundings(),
        starts_rehearsal=True,
    )


def _copy(findings: tuple[Finding, ...]) -> None:
    from ...doctor.finding import text_of

    bpy.context.window_manager.clipboard = text_of(findings)


diagnosis: Question[tuple[Finding, ...]] = Question(_copy)
"""The last findings; their text goes to the clipboard as they come."""


def _begin() -> Errand[tuple[Finding, ...]]:
    from ...doctor.examination import begin_examination

    return begin_examination(_patient())


class KLING_OT_copy_report(bpy.types.Operator):
    """Check this computer, the settings, the network and the key, and copy a report without keys and passwords; free"""

    bl_idname = "kling.copy_report"
    bl_label = "Copy Kling Report"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Begin; the text is in the clipboard when all checks have ended, or their time is over."""
        diagnosis.forget()
        diagnosis.ask(_begin)
        heartbeat.start()
        say(self, "The report is copied to the clipboard in a few seconds")
        return {"FINISHED"}


CLASSES = (KLING_OT_copy_report,)
