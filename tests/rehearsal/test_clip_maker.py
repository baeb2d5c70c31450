"""The clip maker's cache, queue and end, with real children that are quicker than Blender."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import RehearsalUnavailable
from kling_omni_addon.rehearsal import clip_maker
from kling_omni_addon.rehearsal.clip_maker import (
    SCRIPT,
    ClipMaker,
    ClipMakingFailed,
    ClipSpec,
    default_command,
    executable_of,
    found_blender,
)

PATIENCE_S = 30.0
# Notes its start with its prompt and process id, waits for the gate, makes the clip or complains, notes its end.
CHILD = """
import json, os, pathlib, sys, time
here = pathlib.Path(__file__).parent
spec = json.loads(pathlib.Path(sys.argv[-1]).read_text())
def note(word):
    with (here / "log").open("a") as log:
        log.write(json.dumps([word, spec["prompt"], os.getpid(), sorted(os.environ)]) + "\\n")
note("start")
while not (here / "gate").exists():
    time.sleep(0.01)
if (here / "trouble").exists():
    print("Blender 9.9")
    sys.exit("Out of film\\n")
pathlib.Path(spec["output"]).write_text(spec["prompt"])
note("end")
"""


@dataclass(frozen=True)
class Note:
    """One line of what the children did."""

    word: str
    prompt: str
    pid: int
    variables: list[str]


class Stage:
    """A folder in which children leave notes, wait for a gate and find trouble."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.script = folder / "child.py"
        self.script.write_text(CHILD)
        self.open_gate()

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(self.script)]

    @property
    def notes(self) -> list[Note]:
        log = self.folder / "log"
        return [Note(*json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def starts(self) -> list[str]:
        return [note.prompt for note in self.notes if note.word == "start"]

    def open_gate(self) -> None:
        (self.folder / "gate").touch()

    def shut_gate(self) -> None:
        (self.folder / "gate").unlink()

    def wait_for_a_start(self) -> None:
        until = time.monotonic() + PATIENCE_S
        while not self.starts:
            assert time.monotonic() < until, "no child started"
            time.sleep(0.01)

    def picture(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def maker(stage: Stage) -> Iterator[ClipMaker]:
    maker = ClipMaker(stage.command, stage.cache)
    yield maker
    maker.close()


def spec_of(prompt: str = "A fox", first: Path | None = None) -> ClipSpec:
    return ClipSpec(width=64, height=36, fps=24, duration_s=1.0, prompt=prompt, first=first)


def at_once(*calls: Callable[[], Path]) -> list[Future[Path]]:
    """Start all calls together, each in its own thread."""
    line = threading.Barrier(len(calls))

    def call(work: Callable[[], Path]) -> Path:
        line.wait(PATIENCE_S)
        return work()

    pool = ThreadPoolExecutor(len(calls))
    futures = [pool.submit(call, work) for work in calls]
    pool.shutdown(wait=False)
    return futures


def test_a_clip_is_made_once_and_kept(maker: ClipMaker, stage: Stage) -> None:
    clip = maker.make(spec_of("A fox"))
    assert clip.read_text() == "A fox"
    assert maker.make(spec_of("A fox")) == clip
    assert maker.make(spec_of("A hare")) != clip
    assert stage.starts == ["A fox", "A hare"]


def test_another_server_on_the_same_cache_makes_nothing_again(maker: ClipMaker, stage: Stage) -> None:
    clip = maker.make(spec_of())
    assert ClipMaker(stage.command, stage.cache).make(spec_of()) == clip
    assert len(stage.starts) == 1


def test_only_whole_clips_stay_in_the_cache(maker: ClipMaker, stage: Stage) -> None:
    clip = maker.make(spec_of())
    assert list(stage.cache.iterdir()) == [clip]


def test_two_threads_that_want_the_same_clip_share_one_child(stage: Stage) -> None:
    maker = ClipMaker(stage.command, stage.cache, concurrency=2)
    stage.shut_gate()
    asked = at_once(lambda: maker.make(spec_of()), lambda: maker.make(spec_of()))
    stage.wait_for_a_start()
    stage.open_gate()
    assert asked[0].result(PATIENCE_S) == asked[1].result(PATIENCE_S)
    assert len(stage.starts) == 1


def test_no_more_children_run_at_once_than_allowed(maker: ClipMaker, stage: Stage) -> None:
    stage.shut_gate()
    asked = at_once(*(lambda name=name: maker.make(spec_of(name)) for name in "abcd"))
    stage.wait_for_a_start()
    stage.open_gate()
    assert sorted(future.result(PATIENCE_S).read_text() for future in asked) == list("abcd")
    assert [note.word for note in stage.notes] == ["start", "end"] * 4


def test_pictures_count_by_their_bytes_and_not_by_their_names(maker: ClipMaker, stage: Stage) -> None:
    one, same, other = stage.picture("1.png", b"one"), stage.picture("2.png", b"one"), stage.picture("3.png", b"other")
    clip = maker.make(spec_of(first=one))
    assert maker.make(spec_of(first=same)) == clip
    assert maker.make(spec_of(first=other)) != clip
    stage.picture("1.png", b"painted over")
    assert maker.make(spec_of(first=one)) != clip
    assert len(stage.starts) == 3


def test_a_clip_of_an_older_script_is_not_served(
    maker: ClipMaker, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = maker.make(spec_of())
    monkeypatch.setattr(clip_maker, "SCRIPT", stage.picture("rehearsal_clip.py", b"a later design"))
    assert maker.make(spec_of()) != clip


def test_a_failure_says_the_last_word_of_the_child_and_is_tried_anew(maker: ClipMaker, stage: Stage) -> None:
    (stage.folder / "trouble").touch()
    with pytest.raises(ClipMakingFailed, match=r"could not be made: Out of film$"):
        maker.make(spec_of())
    assert list(stage.cache.iterdir()) == []
    (stage.folder / "trouble").unlink()
    assert maker.make(spec_of()).is_file()


def test_a_blender_that_is_not_there_is_a_failure_with_its_name(stage: Stage) -> None:
    with pytest.raises(ClipMakingFailed, match="no-such-blender"):
        ClipMaker([str(stage.folder / "no-such-blender")], stage.cache).make(spec_of())


def test_a_picture_that_is_not_there_is_a_failure_with_its_name(maker: ClipMaker, stage: Stage) -> None:
    with pytest.raises(ClipMakingFailed, match=r"gone\.png"):
        maker.make(spec_of(first=stage.folder / "gone.png"))
    assert stage.starts == []


def test_a_child_that_takes_too_long_is_killed(maker: ClipMaker, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.shut_gate()
    monkeypatch.setattr(clip_maker, "TIME_LIMIT_S", 1.0)
    with pytest.raises(ClipMakingFailed, match="not made within 1 s"):
        maker.make(spec_of())
    assert all(has_ended(note.pid) for note in stage.notes)


def test_no_key_reaches_the_child(maker: ClipMaker, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_SECRET_KEY", "s3cret")
    monkeypatch.setenv("LIBGL_ALWAYS_SOFTWARE", "1")
    maker.make(spec_of())
    seen = stage.notes[0].variables
    assert not [name for name in seen if name.startswith("KLING_")]
    assert "LIBGL_ALWAYS_SOFTWARE" in seen


@pytest.mark.parametrize("wrapped", [False, True], ids=["directly", "in_a_shell_script"])
def test_closing_kills_the_child_at_work(stage: Stage, wrapped: bool) -> None:
    command = ["sh", "-c", '"$@"; exit $?', "sh", *stage.command] if wrapped else stage.command
    maker = ClipMaker(command, stage.cache)
    stage.shut_gate()
    asked = at_once(lambda: maker.make(spec_of()))[0]
    stage.wait_for_a_start()
    maker.close()
    with pytest.raises(ClipMakingFailed, match="stopping"):
        asked.result(PATIENCE_S)
    assert has_ended(stage.notes[0].pid)
    assert list(stage.cache.iterdir()) == []


def test_after_closing_nothing_is_made(maker: ClipMaker, stage: Stage) -> None:
    maker.close()
    with pytest.raises(ClipMakingFailed, match="stopping"):
        maker.make(spec_of())
    assert stage.starts == []


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or is a zombie that nobody has collected; waits a little for it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_given_blender_runs_the_script_without_a_window() -> None:
    command = default_command("/opt/blender/blender")
    assert command[:2] == ["/opt/blender/blender", "--background"]
    assert command[-3:] == ["--python", str(SCRIPT), "--"]
    assert SCRIPT.is_file()


def test_a_blender_on_the_path_serves_where_there_is_no_bpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blender = tmp_path / "blender"
    blender.touch(mode=0o755)
    monkeypatch.setitem(sys.modules, "bpy", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert default_command(None)[0] == str(blender)


def test_without_any_blender_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bpy", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RehearsalUnavailable, match="Set BLENDER to a Blender executable"):
        default_command("")


def test_the_blender_of_an_installer_is_found_and_an_application_is_the_program_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    places = (tmp_path / "Applications" / "Blender*.app", tmp_path / "Blender Foundation" / "Blender*")
    assert found_blender(places) is None
    windows = [tmp_path / "Blender Foundation" / f"Blender {version}" / "blender.exe" for version in ("4.5", "4.10")]
    mac = tmp_path / "Applications" / "Blender.app" / "Contents" / "MacOS" / "Blender"
    for program in (*windows, mac):
        program.parent.mkdir(parents=True)
        program.touch()
    assert found_blender(places[1:]) == windows[1]
    assert found_blender(places[:1]) == mac
    assert executable_of(tmp_path / "Applications" / "Blender.app") == mac
    assert executable_of(tmp_path / "elsewhere" / "blender") == tmp_path / "elsewhere" / "blender"
