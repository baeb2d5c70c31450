"""Item 11.24: lost streams, Ctrl-C and odd paths end with an exit code and a sentence, never with a traceback."""

from __future__ import annotations

import errno
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.command_line.cli import main
from tests.workshop.processes import ROOT, Rehearsal, Said, run
from tests.workshop.request_files import first_frame, written

COMMAND = [sys.executable, "-m", "kling_omni_addon"]


def shell(environment: dict[str, str], line: str) -> Said:
    """A line of a shell, in which ``kling`` is the command."""
    text = f'kling() {{ "{sys.executable}" -m kling_omni_addon "$@"; }}; {line}'
    done = subprocess.run(
        ["bash", "-c", text], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return Said(done.returncode, tuple(map(json.loads, done.stdout.splitlines())), done.stderr)


@pytest.mark.parametrize("where", ["/dev/full", "&-"])
@pytest.mark.parametrize("verb", ["validate", "--help"])
def test_a_stdout_that_takes_nothing_is_told_and_does_not_end_with_0(
    environment: dict[str, str], tmp_path: Path, where: str, verb: str
) -> None:
    path = written(tmp_path, image_list=[{"image_url": "https://example.com/a.png"}])  # W08: a line is said
    said = shell(environment, f"kling {verb} {'' if verb == '--help' else path} >{where}")
    assert said.code == 1, said
    assert "Traceback" not in said.errors
    assert "Exception ignored" not in said.errors
    assert "standard output cannot be written" in said.errors


class GonePipe(io.StringIO):
    """A pipe whose reader is gone, as Windows tells it: EINVAL, and not EPIPE."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    def flush(self) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")


def test_a_pipe_that_is_gone_is_told_on_windows_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, image_list=[{"image_url": "https://example.com/a.png"}])  # W08: a line is said
    monkeypatch.setattr(sys, "stdout", GonePipe())
    assert main(["validate", str(path)], environment={"KLING_HOME": str(tmp_path)}) == 1
    assert (
        "standard output cannot be written: Invalid argument. The remaining lines are lost." in capsys.readouterr().err
    )


def test_a_submission_is_followed_to_its_clip_although_nobody_reads(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """``kling submit --wait | head -n 1``: the first line ends the pipe, and not the work."""
    environment |= {"KLING_BASE_URL": rehearsal.url}
    line = f"kling submit {written(tmp_path, prompt='a river')} --wait | head -n 0; exit ${{PIPESTATUS[0]}}"
    said = shell(environment, line)
    assert said.code == 1, said
    assert "Saved: '" in said.errors
    assert "Traceback" not in said.errors
    assert run(environment, "status").lines[-1]["phase"] == "fetched"


def test_a_stderr_that_is_closed_does_not_put_sentences_among_the_lines(
    environment: dict[str, str], tmp_path: Path
) -> None:
    said = shell(environment, f"kling validate {written(tmp_path, prompt=None)} 2>&-")
    assert said.code == 2
    assert all("rule" in line for line in said.lines)


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5])
def test_ctrl_c_in_the_first_half_second_is_no_traceback(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path, after_s: float
) -> None:
    """Counted from when Python runs our code: before that, nothing of ours can be asked."""
    started = tmp_path / "started"
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import pathlib, sys, threading\n"
        "class Seen:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'kling_omni_addon.command_line':\n"
        f"            pathlib.Path({str(started)!r}).touch()\n"
        "sys.meta_path.insert(0, Seen())\n"
    )
    environment |= {"KLING_BASE_URL": rehearsal.url, "PYTHONPATH": str(hook)}
    command = [*COMMAND, "submit", str(written(tmp_path)), "--wait"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not started.exists() and process.poll() is None:
        time.sleep(0.002)
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode in (0, 6), errors


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("~nobody-of-that-name/a.png", "cannot be read"),
        ("a\0b.png", "cannot be read"),
        ("A" * 300, "cannot be read"),
        ("iVBORw0KGgo" + "A" * 900, ""),
        ("x" * 200 + "/" + "y" * 255 + "/z.png", "cannot be read"),
    ],
)
@pytest.mark.parametrize("verb", ["validate", "submit"])
def test_an_odd_picture_is_a_problem_with_a_place(
    environment: dict[str, str], tmp_path: Path, source: str, words: str, verb: str
) -> None:
    environment |= {"KLING_BASE_URL": "https://kling.invalid"}
    said = run(environment, verb, written(tmp_path, **first_frame(source)))
    assert said.code == 2, said
    assert "Traceback" not in said.errors
    assert "image_list[0].image_url" in [line["path"] for line in said.lines]
    assert words in said.errors


@pytest.mark.parametrize("link", ["https://[::1", "http://[", "https://example.com:port/"])
@pytest.mark.parametrize("member", ["callback_url", "video_list", "image_list"])
def test_an_odd_link_is_a_problem_and_no_traceback(
    environment: dict[str, str], tmp_path: Path, member: str, link: str
) -> None:
    lists = {"video_list": [{"video_url": link, "refer_type": "feature"}], "image_list": [{"image_url": link}]}
    value: Any = lists.get(member, link)
    said = run(environment, "validate", written(tmp_path, **{member: value}))
    assert "Traceback" not in said.errors
    assert said.code in (0, 2)


def test_odd_folders_are_refused_by_their_flag_or_variable(environment: dict[str, str], tmp_path: Path) -> None:
    environment |= {"KLING_BASE_URL": "https://kling.invalid"}
    said = run(environment | {"KLING_HOME": "~nobody-of-that-name"}, "status")
    assert (said.code, said.lines[0]["field"]) == (2, "KLING_HOME")
    said = run(
        environment, "elements", "create", "--name", "F", "--description", "d", "--front", "~nobody-x", "--more", "b"
    )
    assert (said.code, said.lines[0]["field"]) == (2, "picture")
    said = run(environment, "validate", "~nobody-of-that-name/shot.json")
    assert (said.code, said.lines[0]["field"]) == (2, "request")
    said = run(environment, "validate", "a" * 300)
    assert (said.code, said.lines[0]["field"]) == (2, "request")


def test_validate_says_which_of_its_warnings_submit_refuses(environment: dict[str, str], tmp_path: Path) -> None:
    said = run(environment, "validate", written(tmp_path, negative_prompt="rain"))
    assert said.code == 0
    (line,) = [line for line in said.lines if line["path"] == "negative_prompt"]
    assert line["submit_refuses"] is True
    assert "Submit does not send this file" in line["message"]
    assert "Submit does not send this file" in said.errors
    (other,) = run(
        environment, "validate", written(tmp_path, image_list=[{"image_url": "https://example.com/a.png"}])
    ).lines
    assert other["submit_refuses"] is False
