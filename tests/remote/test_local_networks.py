"""Item 11.8: where a clip may come from when the resolver of this computer makes addresses up."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.errors import ClipUnusable
from kling_omni_addon.remote import addresses
from kling_omni_addon.remote.addresses import Trust
from kling_omni_addon.remote.networks import is_public, kind_of
from kling_omni_addon.settings import read_settings
from tests.workshop.clip_source import BLOCK, Book, Film, Source, fetch
from tests.workshop.proxies import CDN, Proxy

FILM = Film(2 * BLOCK)
LOCAL = ["198.18.0.7", "100.64.3.2", "10.1.2.3", "172.16.0.9", "192.168.1.4", "fd12::1"]
NEVER = ["127.0.0.1", "::1", "169.254.169.254", "169.254.1.1", "fe80::1", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"]
NEVER += ["224.0.0.1", "168.63.129.16", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"]
SERVICE = "api.kling.invalid"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def source() -> Iterator[Source]:
    with Source(FILM) as source:
        yield source


@pytest.fixture
def proxy(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path / "proxy"
    folder.mkdir()
    with Proxy(source, folder) as proxy:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.certificate))
        yield proxy


def resolve(monkeypatch: pytest.MonkeyPatch, names: dict[str, str]) -> None:
    """A resolver that answers for these names as it is told, and as always for others."""
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **named: Any) -> list[Any]:
        if host not in names:
            return real(host, port, *rest, **named)
        family = socket.AF_INET6 if ":" in names[host] else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (names[host], port or 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def tunnel(monkeypatch: pytest.MonkeyPatch, port: int, to: str) -> None:
    """What a VPN does with made-up addresses: a connection to ``to`` arrives at a server of this machine."""
    connect, peer = socket.socket.connect, socket.socket.getpeername

    def through(self: socket.socket, address: Any) -> None:
        is_tunneled = address[0] == to
        connect(self, ("127.0.0.1", port) if is_tunneled else address)

    monkeypatch.setattr(socket.socket, "connect", through)
    monkeypatch.setattr(socket.socket, "getpeername", lambda self: (to, 443) if peer(self)[1] == port else peer(self))


@pytest.mark.parametrize("address", ["198.18.0.7", "100.64.3.2", "10.1.2.3"])
def test_a_clip_comes_through_a_tunnel_whose_resolver_makes_addresses_up(
    source: Source, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """The service's own name leads to the same kind of network; the certificate is checked as ever."""
    proxy.is_direct = True
    resolve(monkeypatch, {"cdn.invalid": address, SERVICE: address.rpartition(".")[0] + ".9"})
    tunnel(monkeypatch, proxy.port, address)
    target = tmp_path / "clips" / "shot.mp4"
    fetch(CDN, target, Book(), may_be_local=False, trust=Trust(service_host=SERVICE))
    assert target.read_bytes() == FILM.data


def test_a_tunnel_is_no_reason_to_take_a_certificate_that_is_not_trusted(
    source: Source, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.is_direct = True
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    resolve(monkeypatch, {"cdn.invalid": "198.18.0.7", SERVICE: "198.18.0.9"})
    tunnel(monkeypatch, proxy.port, "198.18.0.7")
    with pytest.raises(ClipUnusable, match="certificate of the server is not trusted"):
        fetch(CDN, tmp_path / "shot.mp4", Book(), may_be_local=False, trust=Trust(service_host=SERVICE))
    assert source.asked == []


@pytest.mark.parametrize("address", [*LOCAL, *NEVER])
def test_behind_a_proxy_the_answer_of_the_resolver_proves_nothing(
    source: Source, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    resolve(monkeypatch, {"cdn.invalid": address})
    target = tmp_path / "clips" / "shot.mp4"
    fetch(CDN, target, Book(), may_be_local=False)
    assert target.read_bytes() == FILM.data
    assert proxy.asked == [b"CONNECT cdn.invalid:443"]


@pytest.mark.parametrize("address", LOCAL)
def test_a_local_network_that_the_service_is_not_in_is_refused_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    resolve(monkeypatch, {"cdn.invalid": address, SERVICE: "93.184.216.34"})
    with pytest.raises(ClipUnusable, match="KLING_LOCAL_CLIPS=1"):
        fetch(CDN, tmp_path / "shot.mp4", Book(), may_be_local=False, trust=Trust(service_host=SERVICE))
    assert Trust(in_resolver=True).allows(address)
    assert read_settings({"KLING_API_KEY": "k", "KLING_LOCAL_CLIPS": "1"}).trusts_resolver


@pytest.mark.parametrize("address", NEVER)
def test_this_machine_and_metadata_stay_forbidden_whatever_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    resolve(monkeypatch, {"cdn.invalid": address, SERVICE: address})
    trust = Trust(service_host=SERVICE, in_resolver=True)
    with pytest.raises(ClipUnusable, match="not lead to a public https"):
        fetch(CDN, tmp_path / "shot.mp4", Book(), may_be_local=False, trust=trust)
    assert not trust.allows(address)
    assert not is_public(address)
    assert kind_of(address) == ""


def test_a_name_that_turns_to_this_machine_after_the_look_up_is_refused_in_a_tunnel_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(addresses, "_addresses", lambda host: ["198.18.0.7"])
        resolve(monkeypatch, {"cdn.invalid": "127.0.0.1", SERVICE: "198.18.0.9"})
        link = CDN.replace(".invalid", f".invalid:{listener.getsockname()[1]}")
        with pytest.raises(ClipUnusable, match="not lead to a public https"):
            fetch(link, tmp_path / "s.mp4", Book(), may_be_local=False, trust=Trust(service_host=SERVICE))
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""
