"""A command that waits says on a terminal how far it is: what is known, below everything else that is said."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from kling_omni_addon.command_line import output
from kling_omni_addon.command_line.output import Progress
from kling_omni_addon.gateway.spool import Spool
from tests.workshop.processes import ROOT, Rehearsal, Said
from tests.workshop.request_files import written

fcntl, pty, termios = (
    pytest.importorskip(name, reason="Windows has no pseudo-terminals") for name in ("fcntl", "pty", "termios")
)
WITHOUT_TQDM = """
import sys
sys.modules["tqdm"] = None
from kling_omni_addon.command_line.cli import main
sys.exit(main(sys.argv[1:]))
"""
CLEAR = re.compile(r"\r *\r")


def on_terminal(environment: dict[str, str], *command: str) -> Said:
    """A command whose stderr is a terminal, as wide as most are."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as process:
        os.close(theirs)
        seen = b""
        while chunk := read(ours):
            seen += chunk
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
    os.close(ours)
    return Said(process.returncode, tuple(map(json.loads, lines)), seen.decode())


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody writes to it any more
        return b""


@pytest.fixture
def at_rehearsal(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url}


def test_whoever_waits_sees_how_far_it_is_and_the_lines_stay_whole(
    at_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    said = on_terminal(at_rehearsal, "-m", "kling_omni_addon", "submit", str(written(tmp_path)), "--wait")
    assert (said.code, said.lines[-1]["phase"]) == (0, "fetched")
    shown = [part.strip() for part in re.split(r"[\r\n]+", said.errors)]
    assert any(re.fullmatch(r"shot: (queued|checking|generating) \[\d\d:\d\d\]", part) for part in shown), shown
    sentences = [part for part in shown if part.startswith(("kling:", "Saved:"))]
    assert sentences[-1] == f"Saved: '{said.lines[-1]['clip']}'"
    assert not any("%" in part and " of " not in part for part in shown)
    assert said.errors.rstrip("\r\n").endswith(sentences[-1])


def test_where_nobody_looks_nothing_is_shown_and_nothing_is_loaded_for_it(
    at_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-c", WITHOUT_TQDM, "submit", str(written(tmp_path)), "--wait"]
    done = subprocess.run(command, cwd=ROOT, env=at_rehearsal, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\r" not in done.stderr
    assert "generating" not in done.stderr


def test_whoever_waits_for_a_spool_or_a_batch_sees_how_many_are_done(
    at_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    Spool(tmp_path / "spool").make()
    spool = ("--spool", str(tmp_path / "spool"))
    asked = ("submit", str(written(tmp_path)), "--once", "sh010", *spool, "--wait", "1")
    said = on_terminal(at_rehearsal, "-m", "kling_omni_addon", *asked)
    assert said.code == 6
    assert re.search(r"\r0 of 1 clip done +\[00:0\d\]", said.errors)
    lines = ({"key": key, "kind": "text", "prompt": key, "duration": 3, "mode": "std"} for key in ("line_a", "line_b"))
    manifest = tmp_path / "shots.jsonl"
    manifest.write_text("\n".join(map(json.dumps, lines)))
    said = on_terminal(at_rehearsal, "-m", "kling_omni_addon", "batch", "submit", str(manifest), "--wait")
    assert said.code == 0, said
    assert re.search(r"\r[01] of 2 clips done +\[00:\d\d\]", said.errors)


BYTES = """
from kling_omni_addon.command_line.output import Progress, begin, say, tell
begin()
with Progress() as progress:
    progress.show("alley: downloading", 5_000_000, 10_000_000)
    tell("kling: a sentence")
    say({"id": "kob-1"})
    progress.show("alley: generating (usually 2 to 4 min)")
tell("the end")
"""


def test_bytes_have_a_bar_and_everything_else_has_the_time(environment: dict[str, str]) -> None:
    said = on_terminal(environment, "-c", BYTES)
    assert (said.code, said.lines) == (0, ({"id": "kob-1"},))
    assert re.search(r"\ralley: downloading +50%\|█+ +\| 5\.00M of 10\.0MB \[00:0\d\]", said.errors)
    assert re.search(r"\ralley: generating \(usually 2 to 4 min\) +\[00:0\d\]", said.errors)
    assert "\nkling: a sentence" in CLEAR.sub("\n", said.errors)
    assert said.errors.replace("\r\n", "\n").endswith("the end\n")


def test_a_line_without_a_terminal_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.begin()
    with Progress() as progress:
        progress.show("alley: downloading", 5, 10)
    assert capsys.readouterr() == ("", "")
