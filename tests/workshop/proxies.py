"""A proxy, and a server behind TLS, that clips come from."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

from tests.workshop.clip_source import Listener, Source
from tests.workshop.sockets import read_until

CDN = "https://cdn.invalid/clip.mp4?sig=canary-link"


class Proxy(Listener):
    """A proxy that leads every CONNECT to one TLS server, whose certificate is for ``cdn.invalid`` and this machine.

    ``is_direct`` leaves the CONNECT out: it is that server itself.
    """

    def __init__(self, source: Source, folder: Path) -> None:
        super().__init__()
        self.asked: list[bytes] = []
        self.is_direct = False
        self.certificate = folder / "certificate.pem"
        key = folder / "key.pem"
        subject = ["-subj", "/CN=cdn.invalid", "-addext", "subjectAltName=DNS:cdn.invalid,IP:127.0.0.1"]
        files = ["-keyout", str(key), "-out", str(self.certificate)]
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        subprocess.run([*command, "-days", "2", *subject, *files], check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self._source = source

    def talk(self, connection: socket.socket) -> None:
        if not self.is_direct:
            self.asked.append(read_until(connection, b"\r\n\r\n").partition(b" HTTP/")[0])
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self._context.wrap_socket(connection, server_side=True) as secure:
            self._source.talk(secure)
