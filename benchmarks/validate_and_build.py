"""Judge, build and stream a request with seven 10 MB images, beside what one would write with jsonschema alone."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.large_files import request_with_pictures
from benchmarks.measuring import Compared, compared, in_ms
from benchmarks.row import Goal, Row, row_of, tell
from kling_omni_addon.core import capability
from kling_omni_addon.core.media import PictureRef
from kling_omni_addon.core.payload import build_payload, draft_body
from kling_omni_addon.core.pieces import Body
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.core.rules.table import problems_in
from kling_omni_addon.judging import judge_request, keep_pictures
from kling_omni_addon.work.picture_store import PictureStore

ROUNDS = 20
SLOW_ROUNDS = 3
PROFILE = capability.profile()


class Ours:
    """The road of this extension: headers are read, pictures are streamed."""

    def __init__(self, request: OmniRequest, folder: Path) -> None:
        self._request = request
        self._store = PictureStore(folder)
        self._kept: dict[str, PictureRef] = {}
        self._draft: Body = {}

    def keep(self) -> None:
        """Copy the pictures into the store, as every submission does once."""
        self._kept = dict(keep_pictures(self._request, self._store))
        self._draft = draft_body(self._request, self._kept, "kob-1")

    def judge(self) -> None:
        _none_is_a_fault([problem.rule for problem in problems_in(self._draft, profile=PROFILE) if problem.is_fault])

    def judge_files(self) -> None:
        _none_is_a_fault([problem.rule for problem in judge_request(self._request, PROFILE) if problem.is_fault])

    def build_and_stream(self) -> int:
        """The bytes of the body, as they are handed to the network piece by piece."""
        sent = 0
        for piece in build_payload(self._draft, PROFILE).pieces:
            chunks = self._store.encoded(piece) if isinstance(piece, PictureRef) else [str(piece).encode()]
            sent += sum(map(len, chunks))
        return sent

    def whole_road(self) -> None:
        self.judge_files()
        self.build_and_stream()


class Plain:
    """The same body with its Base64 inside, given to ``jsonschema.validate`` and ``json.dumps``."""

    def __init__(self, request: OmniRequest) -> None:
        self._request = request
        self._schema = json.loads((capability.SCHEMAS / "create_body.schema.json").read_text(encoding="utf-8"))
        self._body: Body = {}

    def read(self) -> None:
        self._body = draft_body(self._request, {}, "kob-1")
        for image in self._body["image_list"]:
            image["image_url"] = base64.b64encode(Path(image["image_url"]).read_bytes()).decode()

    def judge(self) -> None:
        import jsonschema

        jsonschema.validate(self._body, self._schema)

    def judge_files(self) -> None:
        self.read()
        self.judge()

    def build(self) -> int:
        return len(json.dumps(self._body, separators=(",", ":")).encode())

    def build_from_files(self) -> int:
        self.read()
        return self.build()

    def whole_road(self) -> None:
        self.judge_files()
        self.build()

    def forget(self) -> None:
        self._body = {}


def _none_is_a_fault(rules: list[str]) -> None:
    if rules:
        raise SystemExit(f"The request of this benchmark breaks {rules}.")


def peak_mb(act: Callable[[], Any]) -> float:
    """The most memory that Python held at once during the act, above what it held before, in 10^6 bytes."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    act()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - before) / 1e6


def rows() -> list[Row]:
    """Each step of the road, and the whole of it in memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        request = request_with_pictures(folder)
        ours, plain = Ours(request, folder / "store"), Plain(request)
        first_ms, keep_ms = in_ms(ours.judge_files), in_ms(ours.keep)
        files = timed(ours.judge_files, plain.judge_files, SLOW_ROUNDS)
        known = timed(ours.judge, plain.judge, ROUNDS)
        built = timed(ours.build_and_stream, plain.build_from_files, SLOW_ROUNDS)
        if ours.build_and_stream() != plain.build():
            raise SystemExit("The two bodies are not of one length: this compares different things.")
        plain.forget()
        memory = compared(
            lambda: {"memory": peak_mb(ours.whole_road)}, lambda: {"memory": peak_mb(plain.whole_road)}, rounds=1
        )["memory"]
    besides = f"Besides, once for each submission: {keep_ms:.0f} ms to keep the images."
    first = f"The first judgement of a process takes {first_ms:.0f} ms, most of it the import of jsonschema."
    return [
        row_of("judging seven 10 MB images, known already, against jsonschema", known, "ms", goal=Goal(limit=5)),
        row_of("the same from the files", files, "ms", goal=Goal(limit=5), words=first),
        row_of("building and streaming the body, against json.dumps", built, "ms", words=besides),
        row_of("all of it: peak memory of Python, against the same", memory, "MB", goal=Goal(limit=8)),
    ]


def timed(ours: Callable[[], object], plain: Callable[[], object], rounds: int) -> Compared:
    """Milliseconds of both."""
    return compared(lambda: {"ms": in_ms(ours)}, lambda: {"ms": in_ms(plain)}, rounds)["ms"]


if __name__ == "__main__":
    sys.exit(tell(rows))
