"""A manifest with its frames on disk, and the command line that submits it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kling_omni_addon.batch.checking import judged_lines
from kling_omni_addon.batch.frames import FramesFolder, MadeOf
from kling_omni_addon.core.capability import profile
from tests.workshop.processes import CRASHING, Said, run
from tests.workshop.rehearsal_stand import png

Environment = dict[str, str]
SHOTS: tuple[dict[str, Any], ...] = (
    {"key": "sh010", "kind": "frames", "prompt": "waves roll in", "blend": "film.blend", "takes": 2},
    {"key": "sh020", "kind": "text", "prompt": "a fox runs"},
)
CLIPS = 3


class Project:
    """A manifest beside its frames, and the command line to try on both."""

    def __init__(self, folder: Path, environment: Environment, version: str = "v1") -> None:
        self.version = version
        self.manifest = folder / "shots.jsonl"
        self.frames = folder / "frames"
        self.environment = environment
        self.write(*SHOTS)

    def write(self, *shots: dict[str, Any]) -> None:
        """Write the manifest, and frames of each shot as a render would."""
        same = {"mode": "std", "duration": 3}
        lines = [json.dumps(shot | same | {"key": self.key(shot["key"])}) for shot in shots]
        self.manifest.write_text("\n".join(lines))
        folder = FramesFolder(self.frames)
        for judged in judged_lines(self.manifest, profile(), needs_blend=False):
            if judged.shot is not None and judged.shot.roles:
                with folder.growing(judged.shot) as part:
                    images = {role: part / f"{role.value}.png" for role in judged.shot.roles}
                    for image in images.values():
                        image.write_bytes(png(1280, 720))
                    made_of = MadeOf(digest=judged.shot.digest, blend=(0, 0))
                    folder.put(judged.shot, part, images, made_of, profile())

    def key(self, shot: str) -> str:
        return f"{shot}_{self.version}"

    def submit(self, *more: str, moment: str = "") -> Said:
        words: list[str | Path] = ["batch", "submit", self.manifest, "--frames", self.frames, *more]
        return run(self.environment, moment, *words, script=CRASHING) if moment else run(self.environment, *words)

    def status(self) -> Said:
        return run(self.environment, "batch", "status", self.manifest)
