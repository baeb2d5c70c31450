"""Judge, build and stream a request with seven 10 MB pictures, beside what one would write with jsonschema alone.

Run by hand: ``.venv/bin/python benchmarks/validate_and_build.py``. Ends with 1 when judging takes 5 ms or more, or when
the whole road takes more than 8 MB of memory.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kling_omni_addon.core import capability
from kling_omni_addon.core.media import PictureRef
from kling_omni_addon.core.payload import build_payload, draft_body
from kling_omni_addon.core.pieces import Body
from kling_omni_addon.core.request import OmniRequest, Picture
from kling_omni_addon.core.rules.table import problems_in
from kling_omni_addon.judging import judge_request, keep_pictures
from kling_omni_addon.work.picture_store import PictureStore

PICTURES = 7
PICTURE_BYTES = 10_485_760  # the largest that Kling takes (R36)
ROUNDS = 20
SLOW_ROUNDS = 3
MOST_MS = 5.0
MOST_MB = 8.0
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


def request_with_pictures(folder: Path) -> OmniRequest:
    """Seven files with a PNG's header and noise behind it: nothing here ever decodes a picture."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 1920, 1080, 8, 2, 0, 0, 0)
    paths = [folder / f"{number}.png" for number in range(1, PICTURES + 1)]
    for path in paths:
        path.write_bytes(head + os.urandom(PICTURE_BYTES - len(head)))
    prompt = " ".join(f"<<<image_{number}>>>" for number in range(1, PICTURES + 1))
    pictures = tuple(Picture(source=str(path)) for path in paths)
    return OmniRequest(prompt=prompt, pictures=pictures, aspect_ratio="16:9")


def best_ms(act: Callable[[], Any], rounds: int) -> float:
    """The shortest of some runs: what the work costs when nothing else disturbs it."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def peak_mb(act: Callable[[], Any]) -> float:
    """The most memory that Python held at once during the act, above what it held before, in 10^6 bytes."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    act()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - before) / 1e6


def main() -> int:
    """Measure, print the table, and tell whether the promises are kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        request = request_with_pictures(folder)
        ours, plain = Ours(request, folder / "store"), Plain(request)
        first_ms = best_ms(ours.judge_files, 1)
        keep_ms = best_ms(ours.keep, 1)
        judge_ms, judge_files_ms = best_ms(ours.judge, ROUNDS), best_ms(ours.judge_files, ROUNDS)
        stream_ms, ours_mb = best_ms(ours.build_and_stream, SLOW_ROUNDS), peak_mb(ours.whole_road)
        plain_files_ms, plain_judge_ms = best_ms(plain.judge_files, SLOW_ROUNDS), best_ms(plain.judge, ROUNDS)
        plain_build_ms = best_ms(plain.build_from_files, SLOW_ROUNDS)
        if ours.build_and_stream() != plain.build():
            raise SystemExit("The two bodies are not of one length: this compares different things.")
        plain.forget()
        plain_mb = peak_mb(plain.whole_road)

    print("| step | ours | plain jsonschema | ratio |")
    print("|---|---|---|---|")
    for step, our, their, unit in (
        ("judge, pictures known", judge_ms, plain_judge_ms, "ms"),
        ("judge, from the files", judge_files_ms, plain_files_ms, "ms"),
        ("build and stream the body", stream_ms, plain_build_ms, "ms"),
        ("peak memory of it all", ours_mb, plain_mb, "MB"),
    ):
        print(f"| {step} | {our:.1f} {unit} | {their:.1f} {unit} | {our / their:.3f} |")
    print(f"\nOurs besides: {keep_ms:.0f} ms to keep the pictures, once for each submission;", end=" ")
    print(f"{first_ms:.0f} ms for the first judgement of a process, most of it the import of jsonschema.")
    is_good = max(judge_ms, judge_files_ms) < MOST_MS and ours_mb <= MOST_MB
    print(f"Promised: judging under {MOST_MS:.0f} ms, at most {MOST_MB:.0f} MB. {'Kept.' if is_good else 'BROKEN.'}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
