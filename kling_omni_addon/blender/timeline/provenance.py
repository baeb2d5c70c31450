"""Where a strip comes from, as custom properties of it: saved with the .blend, seen in the sidebar, and enough to load
the settings back on a machine that knows nothing of the submission. No secret and no link is among them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bpy

from ...core.provenance import provenance_of
from ..host.sequencer import Strip
from .our_strips import SUBMISSION

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

SHOT: Final = "kling_shot"
WISH: Final = "kling_wish"
FAVOURITE: Final = "kling_favourite"
_PROPERTIES: Final[Mapping[str, str]] = {
    SUBMISSION: "submission",
    SHOT: "shot",
    "kling_name": "name",
    "kling_model": "model",
    "kling_prompt": "prompt",
    "kling_task": "task",
    "kling_cost": "charge_units",
    "kling_date": "submitted",
    "kling_timing": "timing",
}
"""Custom property -> what ``core.provenance.provenance_of`` calls it; ``kling_wish`` holds the request as JSON."""


def mark(strip: Strip, submission: Submission) -> None:
    """Write on a strip what its submission is; again when the clip is there, for only then task and cost are known.

    What should lie beside the clip and does not (an older version, a disk that was full) is written, too.
    """
    from ...work.sidecar import keep_missing

    mark_with(strip, provenance_of(submission))
    keep_missing(submission)


def mark_with(strip: Strip, provenance: Mapping[str, Any]) -> None:
    """Write on a strip what a clip's provenance says."""
    for name, key in _PROPERTIES.items():
        strip[name] = _text(str(provenance.get(key, "")))
    strip[WISH] = json.dumps(provenance.get("wish", {}))


def _text(text: str) -> str:
    """Without what Blender cannot hold: half a character pair, and the zero that ends its texts."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def provenance_on(strip: Strip) -> dict[str, Any]:
    """What :func:`mark` wrote, as far as it is there; anybody may edit custom properties, so nothing is sure."""
    found: dict[str, Any] = {key: text_of(strip, name) for name, key in _PROPERTIES.items()}
    return found | {"wish": _wish(text_of(strip, WISH))}


def _wish(text: str) -> dict[str, Any]:
    try:
        wish = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return wish if isinstance(wish, dict) else {}


def text_of(strip: Strip, name: str) -> str:
    """A custom property that is a text, ``""`` for anything else."""
    value = strip.get(name, "")
    return value if isinstance(value, str) else ""


def shot_of_strip(strip: Strip | None) -> str:
    """The id of the shot that a movie strip shows a take of; ``""`` for every other strip, and for none."""
    return text_of(strip, SHOT) if strip is not None and strip.type == "MOVIE" else ""


def name_of(strip: Strip) -> str:
    """What the shot is called."""
    return text_of(strip, "kling_name") or str(strip.name)


def clip_of(strip: Strip) -> Path:
    """The file that a movie strip plays."""
    return Path(bpy.path.abspath(strip.filepath))
