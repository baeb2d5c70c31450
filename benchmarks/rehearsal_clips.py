"""Make the rehearsal's test clips, 5 s in 720p, beside ffmpeg that only encodes their frames; needs bpy."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from itertools import count
from pathlib import Path
from typing import Any

import bpy

from benchmarks.measuring import Compared, compared, in_children
from benchmarks.row import Goal, Row, not_measured, row_of, tell
from kling_omni_addon.rehearsal.clip_maker import ClipMaker, ClipSpec, default_command

WIDTH, HEIGHT, FPS, DURATION_S = 1280, 720, 24, 5
AT_ONCE = 3
ROUNDS = 2
GOAL = Goal(limit=3, is_ratio=True)
NAME = f"a test clip, {DURATION_S} s in {HEIGHT}p between two images: CPU, against ffmpeg that encodes its frames"
# What the test clip is written with, in words of ffmpeg.
_ENCODING = ("-c:v", "libx264", "-preset", "superfast", "-crf", "20", "-g", str(FPS), "-pix_fmt", "yuv420p")


def rows() -> list[Row]:
    """One clip, and several at once."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return [not_measured(NAME, "there is no ffmpeg on the PATH.", GOAL.words(""))]
    with tempfile.TemporaryDirectory() as name:
        folder, number = Path(name), count()
        maker = ClipMaker(default_command(None), folder / "made")
        first, end = painted(folder / "first.png", 0.2), painted(folder / "end.png", 0.7)

        def spec() -> ClipSpec:
            prompt = f"a fox in the snow, take {next(number)}"  # another clip each time, for each is made once
            return ClipSpec(
                width=WIDTH, height=HEIGHT, fps=FPS, duration_s=DURATION_S, prompt=prompt, first=first, end=end
            )

        frames = raw_frames(ffmpeg, maker.make(spec()), folder / "frames.yuv")

        def encode(clips: int = 1) -> dict[str, float]:
            return in_children(lambda: encode_again(ffmpeg, frames, folder / "encoded.mp4", clips))

        alone = compared(lambda: in_children(lambda: maker.make(spec())), encode, ROUNDS)
        several = compared(
            lambda: in_children(lambda: made_together(maker, [spec() for _ in range(AT_ONCE)])),
            lambda: encode(AT_ONCE),
            rounds=1,
        )
    return [
        row_of(NAME, alone["cpu"], "s", goal=GOAL, words=seconds(alone["wall"])),
        row_of(
            f"{AT_ONCE} of them ordered at once, against as many",
            several["cpu"],
            "s",
            goal=GOAL,
            words=seconds(several["wall"]),
        ),
    ]


def seconds(wall: Compared) -> str:
    """How long one waits for it."""
    return f"It takes {wall.ours:.1f} s on the clock."


def painted(path: Path, shade: float) -> Path:
    """An image of Kling's usual size."""
    image: Any = bpy.data.images.new(path.stem, 1920, 1080)
    image.generated_type, image.generated_color = "COLOR_GRID", (shade, shade, shade, 1.0)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    return path


def raw_frames(ffmpeg: str, clip: Path, target: Path) -> Path:
    """The frames of a clip, without any encoding."""
    subprocess.run(
        [ffmpeg, "-loglevel", "error", "-i", str(clip), "-f", "rawvideo", "-pix_fmt", "yuv420p", str(target)],
        check=True,
    )
    return target


def encode_again(ffmpeg: str, frames: Path, target: Path, times: int) -> None:
    """The same frames as a clip again."""
    source = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", str(frames))
    for _ in range(times):
        subprocess.run([ffmpeg, "-loglevel", "error", "-y", *source, *_ENCODING, str(target)], check=True)


def made_together(maker: ClipMaker, specs: list[ClipSpec]) -> None:
    """As the threads of the rehearsal server have them made."""
    threads = [threading.Thread(target=maker.make, args=(spec,)) for spec in specs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(tell(rows))
