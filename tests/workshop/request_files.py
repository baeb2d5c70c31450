"""Request files for commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "shot.json"
    body = {key: value for key, value in (BODY | changes).items() if value is not None}
    path.write_text(json.dumps(body))
    return path


def first_frame(source: str) -> dict[str, Any]:
    return {"image_list": [{"image_url": source, "type": "first_frame"}], "aspect_ratio": None}
