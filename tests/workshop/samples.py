"""The public samples of the API that this project was given; ``about`` in the file says more."""

from __future__ import annotations

import json
from typing import Any

from tests.workshop.places import TESTS

SAMPLES: dict[str, Any] = json.loads((TESTS / "samples.json").read_text(encoding="utf-8"))
REQUESTS: list[dict[str, Any]] = SAMPLES["requests"]
BY_ID: dict[str, dict[str, Any]] = {
    sample["id"]: sample for samples in SAMPLES.values() if isinstance(samples, list) for sample in samples
}
