"""Item 11.20: what is wrong on this machine is told as that, once, and not as network weather for ever."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import read_settings
from tests.workshop.clip_source import Listener
from tests.workshop.processes import Rehearsal, Said, run
from tests.workshop.request_files import written

CLASS_NAME = re.compile(r"\b[A-Z][a-z]+[A-Z]\w*\b|Error\b|Exception\b|errno", re.ASCII)
AWAY = "https://kling.invalid"


def assert_plain(said: Said, code: int, field: str) -> None:
    assert (said.code, said.lines[-1]["field"]) == (code, field), said
    sentence = str(said.lines[-1]["error"])
    assert "Traceback" not in said.errors
    assert not CLASS_NAME.search(re.sub(r"'[^']*'|PySocks", "", sentence)), sentence
    assert said.lines[-1]["remedy"]


@pytest.fixture
def away(environment: dict[str, str]) -> dict[str, str]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        environment.pop(name, None)
        environment.pop(name.upper(), None)
    return environment | {"KLING_BASE_URL": AWAY}


@pytest.mark.parametrize("key", ["api-key-x\u200by", "kéy", "a\nb", "\ufeffk", "k\x00y"[:1] + "\u2028x"])
def test_a_key_with_a_hidden_character_ends_with_3_whatever_the_network(
    away: dict[str, str], tmp_path: Path, key: str
) -> None:
    said = run(away | {"KLING_API_KEY": key}, "submit", written(tmp_path), "--wait")
    assert_plain(said, 3, "KLING_API_KEY")
    assert key not in said.errors
    pair = {"KLING_API_KEY": "", "KLING_ACCESS_KEY": "ak", "KLING_SECRET_KEY": key}
    assert_plain(run(away | pair, "account"), 3, "KLING_SECRET_KEY")


@pytest.mark.parametrize(
    "address",
    [
        "https://kling.invalid:99999",
        "https://kling.invalid:port",
        "https://127.0.0.1:0",
        "https://[::1",
        "https://kling.invalid/v1",
        "https://kling.invalid/v1/videos/omni-video",
        "https://kling .invalid",
        "https://kling\u200b.invalid",
        "https://me:canary-password@kling.invalid",
    ],
)
def test_an_address_that_cannot_work_is_refused_before_anything_is_sent(
    away: dict[str, str], tmp_path: Path, address: str
) -> None:
    said = run(away | {"KLING_BASE_URL": address}, "submit", written(tmp_path), "--wait")
    assert_plain(said, 2, "service")
    assert ("/v1" in str(said.lines[-1]["error"])) is ("/v1" in address)


def test_certificates_that_are_gone_are_named(away: dict[str, str], tmp_path: Path) -> None:
    said = run(away | {"REQUESTS_CA_BUNDLE": str(tmp_path / "gone.pem")}, "submit", written(tmp_path), "--wait")
    assert_plain(said, 2, "REQUESTS_CA_BUNDLE")


def test_certificates_that_are_none_are_named(away: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("no certificate")
    with Silent() as listener:
        away |= {"KLING_BASE_URL": f"https://127.0.0.1:{listener.port}", "CURL_CA_BUNDLE": str(tmp_path / "none.pem")}
        said = run(away, "submit", written(tmp_path), "--wait")
    assert_plain(said, 2, "CURL_CA_BUNDLE")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:99999", "http://", "socks9://127.0.0.1:1", "http://[::1"])
def test_a_proxy_that_cannot_work_is_told_as_that(away: dict[str, str], tmp_path: Path, proxy: str) -> None:
    said = run(away | {"https_proxy": proxy}, "submit", written(tmp_path), "--wait")
    assert said.code == 2, said
    assert_plain(said, 2, said.lines[-1]["field"])


def test_a_socks_proxy_without_its_package_is_told_in_words(away: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "socks.py").write_text("raise ImportError('not here')\n")
    missing = {"PYTHONPATH": str(tmp_path / "without"), "all_proxy": "socks5h://127.0.0.1:9"}
    assert_plain(run(away | missing, "submit", written(tmp_path), "--wait"), 2, "proxy")


class Silent(Listener):
    """Somebody who is there, and says nothing."""

    def talk(self, connection: socket.socket) -> None:
        connection.recv(1)


class Socks(Listener):
    """A SOCKS 5 proxy that reaches nobody, and keeps whom it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = b""

    def talk(self, connection: socket.socket) -> None:
        connection.recv(64)
        connection.sendall(b"\x05\x00")
        self.asked += connection.recv(512)
        connection.sendall(b"\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00")


@pytest.fixture
def socks() -> Iterator[Socks]:
    with Socks() as socks:
        yield socks


def test_a_socks_proxy_is_used(away: dict[str, str], tmp_path: Path, socks: Socks) -> None:
    pytest.importorskip("socks", reason="PySocks comes with the wheels: make wheels")
    said = run(away | {"all_proxy": f"socks5h://127.0.0.1:{socks.port}"}, "submit", written(tmp_path), "--wait")
    assert said.code == 5
    assert b"kling.invalid" in socks.asked
    assert not CLASS_NAME.search(str(said.lines[-1]["error"]))


def test_a_submission_is_held_for_this_machines_fault_and_goes_on_when_it_is_mended(
    rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Blender, where nobody asks for the key first. It is not tried again and again, and nothing is lost."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    environment = {"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": "k"}
    with Session(read_settings(environment, service=AWAY)) as session:
        submission = session.submit(OmniRequest(prompt="a river", aspect_ratio="16:9"))
        session.start()
        held = session.wait(lambda found: found[submission.id].needs_a_person, [submission.id], 60)[submission.id]
        assert (held.phase, held.is_held, held.exit_code) == (Phase.INTENDED, True, 2)
        assert "REQUESTS_CA_BUNDLE" in held.problem
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        assert session.release() == 1
        tried = session.wait(lambda found: bool(found[submission.id].failures), [submission.id], 60)[submission.id]
        assert not tried.is_held
        assert "cannot be reached" in tried.problem
        assert not CLASS_NAME.search(tried.problem)


def test_a_decision_that_is_too_late_is_refused_in_words(
    environment: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    environment |= {"KLING_BASE_URL": rehearsal.url}
    (submitted,) = run(environment, "submit", written(tmp_path), "--name", "alley_03").lines[-1:]
    said = run(environment, "send-again", str(submitted["id"]))
    assert_plain(said, 2, "id")
    assert '"alley_03" cannot be sent again. Kling is generating the clip.' in said.errors
