"""Item 11.17: a rehearsal gets rehearsal keys only, and nothing before it has proved that it wrote the note."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.rehearsal_note import answers, is_proved, kept_note, running_rehearsal
from kling_omni_addon.settings import read_settings
from tests.workshop.processes import ROOT, run
from tests.workshop.rehearsal_stand import ReadyClips

REAL = "a-real-key-that-costs-money"
BODY = {"model_name": "kling-v3-omni", "prompt": "waves", "mode": "std", "aspect_ratio": "16:9", "duration": "3"}


class Taker:
    """Whoever holds a port: answers every call alike, and keeps what came in."""

    def __init__(self, port: int = 0, answer: bytes = b"{}", drips: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.answer, self.drips, self.heard = answer, drips, b""
        self.relay_to: tuple[str, int] | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                call = connection.recv(65536)
                self.heard += call
                for piece in self._pieces(call):
                    connection.sendall(piece)
            except OSError:
                return

    def _pieces(self, call: bytes) -> Iterator[bytes]:
        if self.relay_to:
            with socket.create_connection(self.relay_to) as other:
                other.sendall(call)
                yield from iter(lambda: other.recv(65536), b"")
            return
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(self.answer)
        while self.drips:
            yield b" "
            threading.Event().wait(0.1)
        yield self.answer


@contextmanager
def rehearsing(home: Path) -> Iterator[subprocess.Popen[str]]:
    """``rehearse`` as a person starts it; ``url`` of the process is where."""
    command = [sys.executable, "-m", "kling_omni_addon", "rehearse", "--submitted", "0.2", "--processing", "0.2"]
    environment = os.environ | {"KLING_HOME": str(home)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    return kept | {"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": REAL}


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    path = tmp_path / "shot.json"
    path.write_text(json.dumps(BODY))
    return path


def server_in(home: Path) -> RehearsalServer:
    return RehearsalServer(RehearsalSettings(folder=home / "rehearsal"), ReadyClips(home / "none.mp4"))


def test_nothing_goes_to_whoever_holds_the_port_of_a_rehearsal_that_was_killed(
    environment: dict[str, str], shot: Path
) -> None:
    with rehearsing(Path(environment["KLING_HOME"])) as process:
        line = ready(process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert running_rehearsal(Path(environment["KLING_HOME"])) is None
    port = int(line["url"].rpartition(":")[2])
    taker = Taker(port, answer=json.dumps({"proof": "0" * 64, "code": 0, "data": {}}).encode())
    for service in ("rehearsal", line["url"], f"http://localhost:{port}"):
        said = run(environment, "submit", shot, "--service", service, "--wait")
        assert (said.code, said.lines[-1]["field"]) == (2, "service"), said
        assert "Traceback" not in said.errors
    taker.close()
    assert b"/rehearsal/proof" in taker.heard, "it was asked"
    for secret in (REAL.encode(), line["api_key"].encode(), b"uthorization", b"waves", b"POST"):
        assert secret not in taker.heard


def test_a_rehearsal_that_runs_gets_its_own_key_whatever_key_is_set(environment: dict[str, str], shot: Path) -> None:
    with rehearsing(Path(environment["KLING_HOME"])) as process:
        line = ready(process)
        for service in ("rehearsal", line["url"], line["url"].replace("127.0.0.1", "localhost")):
            said = run(environment, "submit", shot, "--service", service)
            assert said.code == 0, said


def test_a_proof_that_the_real_one_was_made_to_give_is_none(tmp_path: Path) -> None:
    """Whoever holds a noted port can hand the question on to a rehearsal that runs, and hand its answer back."""
    with server_in(tmp_path) as server:
        note = server.note()
        assert is_proved(note)
        relay = Taker()
        relay.relay_to = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        assert answers(relay.url), "the relay works"
        assert not is_proved(note | {"url": relay.url})
        assert not is_proved(note | {"secret": "0" * 64})
        relay.close()


def test_an_answer_that_drips_for_ever_has_an_end(tmp_path: Path) -> None:
    taker = Taker(drips=True)
    assert not is_proved({"url": taker.url, "api_key": "k", "secret": "s"})
    assert not answers(taker.url)
    taker.close()


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"proof": 3}', b'{"proof": "\xc3\xa9"}', b"\xff" * 100_000])
def test_any_other_answer_is_no_proof(answer: bytes) -> None:
    taker = Taker(answer=answer)
    assert not is_proved({"url": taker.url, "api_key": "k", "secret": "s"})
    taker.close()


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_note_is_for_its_owner_only_and_the_ready_line_does_not_tell_its_secret(tmp_path: Path) -> None:
    with server_in(tmp_path) as server, kept_note(tmp_path, server.note()):
        (path,) = tmp_path.glob("rehearsal-*.json")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert server.note()["secret"] not in json.dumps(server.ready_line())


def test_a_note_without_a_secret_and_one_that_is_torn_are_none(tmp_path: Path) -> None:
    with server_in(tmp_path) as server:
        path = tmp_path / f"rehearsal-{server.url.rpartition(':')[2]}.json"
        path.write_text(json.dumps(server.ready_line()))
        assert running_rehearsal(tmp_path) is None
        for text in ("", "[]", "null", '{"url": "http://[", "api_key": "k", "secret": "s"}'):
            path.write_text(text)
            assert running_rehearsal(tmp_path) is None
            with pytest.raises(ArgumentsInvalid):
                read_settings({"KLING_HOME": str(tmp_path)}, service="rehearsal")
