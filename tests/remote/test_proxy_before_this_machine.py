"""Item 11.21: a proxy of the environment never stands before this machine."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workshop.clip_source import Listener
from tests.workshop.processes import Rehearsal, run
from tests.workshop.request_files import written

NAMES = ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"]


class Proxy(Listener):
    """Refuses everything, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[bytes] = []

    def talk(self, connection: socket.socket) -> None:
        self.asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as proxy:
        yield proxy


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_rehearsal_makes_its_clip_whatever_proxy_the_environment_names(
    environment: dict[str, str], rehearsal: Rehearsal, proxy: Proxy, tmp_path: Path, host: str
) -> None:
    service = {"KLING_BASE_URL": rehearsal.url.replace("127.0.0.1", host)}
    proxies = dict.fromkeys(NAMES, f"http://127.0.0.1:{proxy.port}")
    said = run(environment | service | proxies, "submit", written(tmp_path), "--wait")
    assert said.code == 0, json.dumps(said.lines)
    assert Path(said.lines[-1]["clip"]).is_file()
    assert proxy.asked == []


def test_a_service_elsewhere_is_still_asked_by_the_proxy(
    environment: dict[str, str], proxy: Proxy, tmp_path: Path
) -> None:
    """The counterpart: only this machine is asked without it."""
    elsewhere = {"KLING_BASE_URL": "https://kling.invalid", "https_proxy": f"http://127.0.0.1:{proxy.port}"}
    said = run(environment | elsewhere, "submit", written(tmp_path))
    assert said.code == 5
    assert proxy.asked[0].startswith(b"CONNECT kling.invalid:443")
