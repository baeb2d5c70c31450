"""A command of the user's own, run for real: what it prints, how it fails, what it may see, and how it ends."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import UploadFailed
from kling_omni_addon.work.upload_command import UploadCommand
from kling_omni_addon.work.uploads import Upload, Uploads
from tests.workshop.rehearsal_stand import until


def script(folder: Path, text: str) -> list[str]:
    path = folder / "command.py"
    path.write_text(text)
    return [sys.executable, str(path)]


def test_what_it_prints_is_returned_and_its_words_come_whole(tmp_path: Path) -> None:
    words = script(tmp_path, "import sys; print(sys.argv[1:])")
    assert UploadCommand([*words, "a b; rm *", "é"]).run() == "['a b; rm *', 'é']\n"


def test_a_failure_is_a_sentence_with_its_last_complaint(tmp_path: Path) -> None:
    words = script(tmp_path, "import sys; sys.stderr.write('one\\nno such bucket\\n\\n'); sys.exit(3)")
    with pytest.raises(UploadFailed, match=r"ended with code 3: no such bucket Check the command in the preferences"):
        UploadCommand(words).run()


def test_a_command_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(UploadFailed, match=r'"/nowhere/up" cannot be run: No such file'):
        UploadCommand(["/nowhere/up"]).run()


def test_it_sees_the_environment_without_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KLING_API_KEY", "KLING_SECRET_KEY", "KLING_HOME", "AWS_PROFILE"):
        monkeypatch.setenv(name, "secret")
    words = script(tmp_path, "import os; print(sorted(n for n in os.environ if os.environ[n] == 'secret'))")
    assert UploadCommand(words).run() == "['AWS_PROFILE']\n"


def test_it_does_not_run_for_ever(tmp_path: Path) -> None:
    words = script(tmp_path, "import time; time.sleep(600)")
    with pytest.raises(UploadFailed, match=r"was stopped after 0\.5 s"):
        UploadCommand(words, limit_s=0.5).run()


@pytest.mark.skipif(os.name != "posix", reason="processes of a session are POSIX's")
def test_stopping_it_ends_what_it_has_started_too(tmp_path: Path) -> None:
    started = tmp_path / "started"
    words = script(
        tmp_path,
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(started)!r} + '.part').write_text(str(child.pid))\n"
        f"pathlib.Path({str(started)!r} + '.part').rename({str(started)!r})\n"
        "child.wait()\n",
    )
    command, told = UploadCommand(words), list[str]()

    def run() -> None:
        try:
            command.run()
        except UploadFailed as error:
            told.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    while not started.exists():
        assert thread.is_alive()
    command.stop()
    thread.join(60)
    assert told == ["The upload was stopped."]
    until(lambda: is_gone(int(started.read_text())), bool)  # a kill is asked for, and a busy machine takes its time
    with pytest.raises(UploadFailed, match="was stopped"):
        command.run()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked for its end yet counts."""
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_an_upload_is_remembered_until_one_of_those_who_ask_takes_it(tmp_path: Path) -> None:
    upload = Upload(file="/a.mp4", link="https://video.example/a", at=1_800_000_000.5)
    Uploads(tmp_path).add(upload)
    one, other = Uploads(tmp_path), Uploads(tmp_path)
    ((record, kept),) = one.all().items()
    assert kept == upload
    assert (one.take(record), other.take(record)) == (True, False)
    assert Uploads(tmp_path).all() == {}


def test_a_record_that_is_not_whole_is_passed_over(tmp_path: Path) -> None:
    Uploads(tmp_path).add(Upload(file="/a.mp4", link="https://video.example/a", at=1.0))
    (tmp_path / "uploads" / "torn.json").write_text('{"file": ')
    assert len(Uploads(tmp_path).all()) == 1
