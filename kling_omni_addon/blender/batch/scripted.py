"""A batch by functions, for scripts: the same as ``kling batch``."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

from ...batch.checking import judged_lines
from ...batch.frames import FramesFolder
from ...batch.manifest import LineProblem
from ...batch.submitting import Batch, Plan, require_at_most
from ...batch.taking import Alone, Recorded, Standing
from ...core.errors import ArgumentsInvalid
from ..connection import limits, opening, preferences, snapshots
from ..connection.online import require_online
from ..host import heartbeat
from . import collecting, rendering
from .collecting import Collected
from .rendering import Rendered


def check_batch(manifest: Path) -> tuple[LineProblem, ...]:
    """Every problem of every line of a manifest; sends nothing. Raises :class:`ArgumentsInvalid` for a file that cannot
    be read.
    """
    return tuple(problem for judged in judged_lines(manifest, limits.profile()) for problem in judged.problems)


def render_batch(manifest: Path, out: Path, only: Collection[str] = ()) -> tuple[Rendered, ...]:
    """Render what the folder ``out`` does not have whole and current. See :func:`.rendering.render_batch`."""
    return tuple(rendering.render_batch(manifest, out, only))


def submit_batch(
    manifest: Path, frames: Path | None = None, *, most_units: Decimal | None = None
) -> tuple[Standing, ...]:
    """Submit every shot of a manifest once, or none: **from here on it may cost**. How each clip stands; ``api.wait``
    takes its ``id``.

    Raises :class:`ArgumentsInvalid` with the first problem of the manifest and the number of them,
    :class:`~kling_omni_addon.core.errors.CapReached` where it may cost more than ``most_units`` or a limit allows, and
    :class:`~kling_omni_addon.core.errors.NotSent` while Blender is set to stay offline.
    """
    require_online()
    session, folder = opening.session(), FramesFolder(frames) if frames is not None else None
    batch, taker, plan = (
        Batch(manifest=manifest, frames=folder, profile=limits.profile()),
        Alone(session, manifest),
        Plan(),
    )
    faults = [problem for problem in batch.planned(taker, plan) if problem.is_fault]
    if faults:
        first = faults[0]
        sentence = f"{manifest.name}, line {first.line}: {first.message} ({len(faults)} in all.) Nothing was sent."
        raise ArgumentsInvalid(sentence, field=first.column, remedy="List all problems with: kling batch check")
    require_at_most(plan.new, most_units)
    if plan.new.clips:
        taker.require_affordable(plan.units_of)
    submitted = tuple(batch.submitted(taker, plan))
    snapshots.refresh()
    heartbeat.start()
    return submitted


def collect_batch(manifest: Path, edit: Path, otio: Path | None = None) -> tuple[Collected, ...]:
    """Put the clips that the job history has into the .blend file ``edit``. See :func:`.collecting.collect_batch`."""
    recorded = Recorded(preferences.home() / "journal.sqlite3")
    try:
        return tuple(collecting.collect_batch(manifest, edit, recorded.standing, otio))
    finally:
        recorded.close()
