"""Whose word counts for a certificate: real TLS on this machine, signed by an authority of the test's own."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import NetworkMisset, NotSent
from kling_omni_addon.core.protocol import HttpCall
from kling_omni_addon.doctor.network import _CERTIFICATES
from kling_omni_addon.remote import certificates
from kling_omni_addon.remote.http import Http
from kling_omni_addon.remote.probing import CertificateFault, CertificateUntrusted, knock
from tests.workshop.clip_source import Listener
from tests.workshop.sockets import read_until

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Studio(Listener):
    """A service behind TLS whose certificate an authority signed that only this test knows."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.authority, key = folder / "authority.pem", folder / "authority.key"
        own, own_key, asked = folder / "own.pem", folder / "own.key", folder / "own.csr"
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        _openssl("req", "-x509", *new_key, "-keyout", key, "-out", self.authority, "-days", "2", "-subj", "/CN=Studio")
        _openssl("req", *new_key, "-keyout", own_key, "-out", asked, "-subj", "/CN=127.0.0.1")
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        signed_by: list[str | Path] = ["-CA", self.authority, "-CAkey", key, "-CAcreateserial", "-days", "2"]
        _openssl("x509", "-req", "-in", asked, *signed_by, "-extfile", folder / "names", "-out", own)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(own, own_key)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def talk(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as secure:
            self.heard.append(read_until(secure, b"\r\n\r\n"))
            secure.sendall(ANSWER)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio(tmp_path) as studio:
        yield studio


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Path]:
    """The certificate of an authority that signed nothing here."""
    (tmp_path / "stranger").mkdir()
    with Studio(tmp_path / "stranger") as other:
        yield other.authority


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def in_the_store(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator has put the authority into the store of the system, which is a file here."""
    monkeypatch.setattr(certificates, "_ON_LINUX", (str(studio.authority),))


def asked(studio: Studio) -> int:
    http = Http(studio.url, "test")
    try:
        return http.send(HttpCall(method="GET", path="/"), "token").status
    finally:
        http.close()


def require_alone(name: str, stranger: Path, gone: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a variable names is trusted, and nothing else is, whether it is there or not."""
    monkeypatch.setenv(name, str(stranger))
    with pytest.raises(NotSent, match="not trusted"):
        asked(studio)
    monkeypatch.setenv(name, str(gone))
    with pytest.raises(NetworkMisset, match=name):
        asked(studio)


@pytest.mark.usefixtures("in_the_store")
def test_an_authority_in_the_store_of_the_system_is_trusted(studio: Studio) -> None:
    assert asked(studio) == 200
    assert knock(studio.url, "test", lambda: 0.0).status == 200


@pytest.mark.usefixtures("in_the_store")
def test_a_proxy_that_speaks_tls_is_trusted_by_the_store_as_well(
    studio: Studio, stranger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", studio.url)
    for named, let_in in (("", [b"CONNECT"]), (str(stranger), [])):
        studio.heard.clear()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", named)
        with closing(Http("https://kling.invalid", "test")) as http, pytest.raises(NotSent):  # it is no real proxy
            http.send(HttpCall(method="GET", path="/"), "token")
        assert [heard.partition(b" ")[0] for heard in studio.heard] == let_in


def test_an_authority_that_nobody_installed_is_refused_with_what_to_do(studio: Studio) -> None:
    with pytest.raises(NotSent) as caught:
        asked(studio)
    assert caught.value.sentence == "The certificate of the server is not trusted."
    assert "REQUESTS_CA_BUNDLE" in caught.value.remedy
    with pytest.raises(CertificateUntrusted) as untrusted:
        knock(studio.url, "test", lambda: 0.0)
    assert untrusted.value.fault in (CertificateFault.UNKNOWN_ISSUER, CertificateFault.SELF_SIGNED)
    assert "REQUESTS_CA_BUNDLE" in _CERTIFICATES[untrusted.value.fault][1]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_what_the_environment_names_is_trusted(studio: Studio, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, str(studio.authority))
    assert asked(studio) == 200


@pytest.mark.usefixtures("in_the_store")
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_what_the_environment_names_is_trusted_alone(
    studio: Studio, stranger: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_alone(name, stranger, tmp_path / "gone.pem", studio, monkeypatch)


@pytest.mark.usefixtures("in_the_store")
def test_the_list_that_blender_names_by_itself_is_nobodys_choice(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blender sets SSL_CERT_FILE to the list beside its Python, where it is not set."""
    listed = tmp_path / "python" / "lib" / "python3.11" / "site-packages" / "certifi" / "cacert.pem"
    listed.parent.mkdir(parents=True)
    listed.write_bytes(Path(certificates.DEFAULT_CA_BUNDLE_PATH).read_bytes())
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "python"))
    monkeypatch.setenv("SSL_CERT_FILE", str(listed))
    assert asked(studio) == 200


@pytest.mark.usefixtures("in_the_store")
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_what_is_named_below_the_folder_of_python_is_a_choice_like_any_other(
    studio: Studio, stranger: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python of a distribution has /usr for its folder, and studios put their file below it."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    require_alone(name, stranger, tmp_path / "local" / "share" / "gone.pem", studio, monkeypatch)


@pytest.mark.usefixtures("in_the_store")
def test_without_the_package_that_asks_the_system_its_store_is_not_known_and_a_named_file_is(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "truststore", None)
    with pytest.raises(NotSent, match="not trusted") as caught:
        asked(studio)
    assert "REQUESTS_CA_BUNDLE" in caught.value.remedy
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(studio.authority))
    assert asked(studio) == 200


@pytest.mark.usefixtures("in_the_store")
def test_one_connection_may_trust_the_store_and_then_what_is_named(
    studio: Studio, stranger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment is read at each call: a studio may set it right while Blender runs."""
    http = Http(studio.url, "test")
    call = HttpCall(method="GET", path="/")
    assert http.send(call, "token").status == 200
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stranger))
    with pytest.raises(NotSent, match="not trusted"):
        http.send(call, "token")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert http.send(call, "token").status == 200
    http.close()


def test_no_other_extension_is_given_another_tls() -> None:
    certificates.system_context()
    assert ssl.SSLContext.__module__ == "ssl"
