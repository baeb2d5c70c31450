"""Fault 42: where a clip's link may lead, told by the connections that are made and by those that are not."""

from __future__ import annotations

import itertools
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.errors import ClipUnusable
from kling_omni_addon.remote import addresses
from kling_omni_addon.remote.addresses import is_public
from tests.workshop.clip_source import BLOCK, Book, Film, Source, fetch, says
from tests.workshop.proxies import CDN, Proxy

FILM = Film(2 * BLOCK)

ELSEWHERE = [
    "http://93.184.216.34/clip.mp4",
    "http://cdn.invalid/clip.mp4",
    "file:///etc/passwd",
    "ftp://93.184.216.34/clip.mp4",
    "//127.0.0.1/clip.mp4",
    "https://127.0.0.1/clip.mp4",
    "https://localhost/clip.mp4",
    "https://[::1]/clip.mp4",
    "https://[::ffff:127.0.0.1]/clip.mp4",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]/clip.mp4",
    "https://10.0.0.1/clip.mp4",
    "https://192.168.0.1/clip.mp4",
    "https://100.64.0.1/clip.mp4",
    "https://[fd00::1]/clip.mp4",
    "https://0.0.0.0/clip.mp4",
    "https://2130706433/clip.mp4",
    "https://0x7f.1/clip.mp4",
    "https://224.0.0.1/clip.mp4",
    "https:///clip.mp4",
    "https://[",
    "https://user:password@127.0.0.1/clip.mp4",
]


@pytest.fixture
def source() -> Iterator[Source]:
    with Source(FILM) as source:
        yield source


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "shot.mp4"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that a connection is tried to."""
    addresses: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        addresses.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return addresses


def assert_refused(target: Path) -> None:
    assert not target.exists()
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("link", ["", *(link.replace("//127", "http://127", 1) for link in ELSEWHERE)])
def test_fault_42_a_link_to_anywhere_but_a_public_https_host_is_refused_unasked(
    link: str, target: Path, called: list[Any]
) -> None:
    with pytest.raises(ClipUnusable, match="not lead to a public https"):
        fetch(link, target, Book(), may_be_local=False)
    assert called == []
    assert_refused(target)


@pytest.mark.parametrize("link", [link for link in ELSEWHERE if not link.startswith("//")])
def test_fault_42_a_redirect_to_anywhere_else_is_refused_unasked(
    source: Source, link: str, target: Path, called: list[Any]
) -> None:
    source.turns.append(says("302 Found", f"Location: {link}", "Content-Length: 0"))
    with pytest.raises(ClipUnusable):
        fetch(source.link, target, Book())
    assert called == [("127.0.0.1", source.port)]
    assert_refused(target)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_fault_42_three_redirects_are_followed_and_a_fourth_is_not(source: Source, target: Path, status: int) -> None:
    on = says(f"{status} On", "Location: /further?sig=canary-link", "Content-Length: 0")
    source.turns += [on] * 4
    with pytest.raises(ClipUnusable, match="redirected too many times"):
        fetch(source.link, target, Book())
    assert len(source.asked) == 4
    source.turns = [on] * 3
    fetch(source.link, target, Book())
    assert target.read_bytes() == FILM.data


def test_fault_42_the_body_of_a_redirect_is_not_read_however_long_it_is(source: Source, target: Path) -> None:
    def endless(source: Source, connection: socket.socket, head: dict[str, str]) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /further\r\n\r\n")
        source.give(connection, itertools.repeat(bytes(BLOCK)), 1 << 40)

    source.turns.append(endless)
    fetch(source.link, target, Book())
    assert target.read_bytes() == FILM.data


def test_fault_42_a_redirect_in_the_middle_of_a_resume_asks_for_the_part_again(source: Source, target: Path) -> None:
    book = Book(etag='"v1"', total_bytes=FILM.size, received=BLOCK)
    target.with_name(".shot.mp4.part").write_bytes(FILM.data[:BLOCK])
    source.turns.append(says("307 On", "Location: /further", "Content-Length: 0"))
    fetch(source.link, target, book)
    assert [head["range"] for head in source.asked] == [f"bytes={BLOCK}-"] * 2
    assert target.read_bytes() == FILM.data


def test_fault_42_a_name_that_turns_to_this_machine_after_the_look_up_gets_not_a_byte(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is public, the one that the connection uses is not."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    answers = ["93.184.216.34", "127.0.0.1"]

    def look_up(host: str, *_: object, **__: object) -> list[Any]:
        assert host == "cdn.invalid"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ClipUnusable, match="not lead to a public https"):
        fetch(f"https://cdn.invalid:{port}/clip.mp4", target, Book(), may_be_local=False)
    assert answers == []
    connection, _ = listener.accept()
    with connection, listener:
        assert connection.recv(1) == b""
    assert_refused(target)


def test_fault_42_in_a_rehearsal_a_name_of_this_machine_that_leads_elsewhere_is_refused(
    source: Source, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "10.255.255.1"
    monkeypatch.setattr(socket.socket, "getpeername", lambda self: (other, source.port))
    with pytest.raises(ClipUnusable, match="not lead to a public https"):
        fetch(source.link.replace("127.0.0.1", "localhost"), target, Book())
    assert source.asked in ([], [{"": ""}])  # a connection, but not a byte of a request
    assert_refused(target)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("::ffff:10.0.0.1", False),
        ("127.0.0.1", False),
        ("fe80::1%1", False),
        ("224.0.0.1", False),
        ("198.18.0.1", False),
    ],
)
def test_what_is_public(address: str, *, expected: bool) -> None:
    assert is_public(address) is expected


def test_credentials_of_netrc_and_of_the_link_are_not_sent(
    source: Source, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "home" / "netrc"
    netrc.parent.mkdir()
    netrc.write_text("machine 127.0.0.1 login eve password canary-password\n")
    monkeypatch.setenv("NETRC", str(netrc))
    source.turns.append(says("302 Found", f"Location: http://a:b@127.0.0.1:{source.port}/", "Content-Length: 0"))
    fetch(source.link, target, Book())
    assert all("authorization" not in head for head in source.asked)
    assert len(source.asked) == 2


@pytest.fixture
def proxy(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path / "proxy"
    folder.mkdir()
    with Proxy(source, folder) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.certificate))
        yield proxy


def test_a_configured_proxy_is_used_though_it_is_no_public_host(source: Source, proxy: Proxy, tmp_path: Path) -> None:
    target = tmp_path / "clips" / "shot.mp4"
    fetch(CDN, target, Book(), may_be_local=False)
    assert target.read_bytes() == FILM.data
    assert proxy.asked == [b"CONNECT cdn.invalid:443"]


@pytest.mark.parametrize("link", ["http://127.0.0.1/", "https://127.0.0.1/", "/further", "https://169.254.169.254/"])
def test_fault_42_a_redirect_from_a_public_host_is_checked_behind_a_proxy_too(
    source: Source, proxy: Proxy, tmp_path: Path, link: str
) -> None:
    target = tmp_path / "clips" / "shot.mp4"
    source.turns.append(says("302 Found", f"Location: {link}", "Content-Length: 0"))
    if link == "/further":
        fetch(CDN, target, Book(), may_be_local=False)
        assert target.read_bytes() == FILM.data
        return
    with pytest.raises(ClipUnusable, match="not lead to a public https"):
        fetch(CDN, target, Book(), may_be_local=False)
    assert_refused(target)
    assert len(source.asked) == 1


def test_a_direct_https_download_comes_over_a_checked_connection(
    source: Source, tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setattr(addresses, "is_public", "127.0.0.1".__eq__)
    target = tmp_path / "clips" / "shot.mp4"
    proxy.is_direct = True
    fetch(f"https://127.0.0.1:{proxy.port}/clip.mp4", target, Book(), may_be_local=False)
    assert target.read_bytes() == FILM.data


def test_a_certificate_that_is_not_trusted_is_never_accepted(
    source: Source, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    target = tmp_path / "clips" / "shot.mp4"
    with pytest.raises(ClipUnusable, match="certificate of the server is not trusted"):
        fetch(CDN, target, Book(), may_be_local=False)
    assert source.asked == []


def test_without_a_proxy_the_same_server_is_refused_at_its_address(
    source: Source, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counterpart: the address of the socket decides, not the name in the link or the certificate."""
    monkeypatch.delenv("HTTPS_PROXY")
    target = tmp_path / "clips" / "shot.mp4"
    monkeypatch.setattr("kling_omni_addon.remote.addresses._addresses", lambda host: [])
    with pytest.raises(ClipUnusable, match="not lead to a public https"):
        fetch(f"https://127.0.0.1:{proxy.port}/clip.mp4", target, Book(), may_be_local=False)
    assert_refused(target)
