"""The sockets of the rehearsal server: HTTP/1.1 on 127.0.0.1, one thread per connection, answers that can break on
purpose.
"""

from __future__ import annotations

import os
import socket
import socketserver
import struct
import sys
import threading
import time
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..core.errors import RehearsalUnavailable
from .account import Clock
from .answers import Answer, Delivery, FileSlice, Refusal
from .calls import Call, Kind
from .routes import route
from .service import RehearsalService
from .settings import RehearsalSettings, is_loopback
from .studio import Maker

__all__ = ["RehearsalServer", "RehearsalSettings"]

_PIECE_BYTES = 1 << 18
_DRAIN_S = 2.0
# Linger for 0 seconds: a close then is a TCP reset, and what was not yet sent is thrown away. Windows has shorts here.
_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class RehearsalServer:
    """An offline Kling. A context manager: inside the ``with`` it serves; after it, nothing of it runs.

    ``clip_maker`` is closed with the server. ``clock`` gives Unix seconds.
    """

    def __init__(self, settings: RehearsalSettings, clip_maker: Maker, clock: Clock = time.time) -> None:
        self._settings = settings
        self._service = RehearsalService(settings, clip_maker, clock)
        self._sockets: _Sockets | None = None

    def start(self) -> None:
        """Bind and serve in threads of its own. Raises :class:`RehearsalUnavailable` when the port cannot be had."""
        try:
            self._sockets = _Sockets(self._settings, self._service)
        except OSError as problem:
            raise RehearsalUnavailable(
                f"The rehearsal server cannot listen on port {self._settings.port}: {problem.strerror or problem}.",
                field="port",
                remedy="Use port 0 for any free port.",
            ) from problem
        self._service.links.base_url = self.url
        self._sockets.serve()

    def stop(self) -> None:
        """Stop at once: no more calls, open connections closed, clips in the making killed."""
        if self._sockets:
            self._sockets.end()
            self._sockets = None
        self._service.close()

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        if not self._sockets:
            raise RehearsalUnavailable("The rehearsal server is not running.")
        return f"http://{self._settings.host}:{self._sockets.port}"

    def ready_line(self) -> dict[str, str]:
        """Where it listens and with which keys: all that a client needs to know."""
        settings = self._settings
        return {
            "url": self.url,
            "profile": settings.profile,
            "access_key": settings.access_key,
            "secret_key": settings.secret_key,
            "api_key": settings.api_key,
        }

    def judge_by(self, profile: str) -> None:
        """Take the limits of another profile, from the next call on; tasks go on. Raises ArgumentsInvalid for none."""
        if profile != self._settings.profile:
            self._settings = replace(self._settings, profile=profile)
            self._service.judge_by(self._settings)

    def note(self) -> dict[str, str]:
        """The ready line, with the secret by which this server proves that it wrote the note (``rehearsal_note``)."""
        return self.ready_line() | {"secret": self._service.secret}

    def stats(self) -> dict[str, Any]:
        """The same figures as ``GET /rehearsal/stats``."""
        return self._service.stats()

    def arm(self, fault: str) -> None:
        """Arm a fault, ``NAME[@CALL][=ARGUMENT][:COUNT]``. Raises ArgumentsInvalid for an unknown one."""
        self._service.faults.arm(fault)

    def __enter__(self) -> RehearsalServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Sockets(socketserver.ThreadingTCPServer):
    """The listening socket and every open connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # On Windows this option would let a second server take the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, settings: RehearsalSettings, service: RehearsalService) -> None:
        self.settings = settings
        self.service = service
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((settings.host, settings.port), _Connection)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def serve(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="rehearsal server", daemon=True).start()

    def end(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            _hang_up(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has gone by itself


class _Connection(BaseHTTPRequestHandler):
    """One connection. Reads a call, has it answered, sends the answer as its delivery says."""

    protocol_version = "HTTP/1.1"
    server_version = "Rehearsal"
    sys_version = ""
    disable_nagle_algorithm: ClassVar[bool] = True
    server: _Sockets

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.settings.idle_s)

    def _serve(self) -> None:
        url = urlsplit(self.path)
        service = self.server.service
        try:
            self._check_host()
            kind, name, dialect = route(self.command, url.path)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        service.arrived(kind)
        stops_after = service.faults.unread(kind)
        if stops_after is not None:
            self._read_and_reset(stops_after)
            return
        try:
            body = self._body()
        except Refusal as refusal:
            self._refuse(refusal)
            return
        if body is None:  # cut short: whoever sent it is gone, and nothing has happened
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(kind=kind, path=url.path, query=url.query, name=name, dialect=dialect, headers=headers, body=body)
        self._deliver(service.answer(call), kind)

    # http.server looks for these names
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _check_host(self) -> None:
        """Refuse a call that was meant for another name: a web page whose name was turned to this machine makes those
        (DNS rebinding). Raises :class:`Refusal`.
        """
        host = self.headers.get("Host")
        if host is None and self.request_version != "HTTP/1.1":
            return
        try:
            name = urlsplit(f"//{host or ''}").hostname or ""
        except ValueError:
            name = ""
        if not is_loopback(name):
            raise Refusal(1200, "this server is for this machine only", status=421)

    def _length(self) -> int:
        """Bytes of the body. Raises :class:`Refusal` where they cannot be known or are too many."""
        text = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not (text.isascii() and text.isdigit()):
            raise Refusal(1200, "a valid Content-Length is required", status=411)
        if len(text) > 12 or int(text) > self.server.settings.largest_body_bytes:
            raise Refusal(1200, "the request body is too large", status=413)
        return int(text)

    def _body(self) -> bytearray | None:
        """The whole body, or None when it ends early."""
        length = self._length()
        body = bytearray()
        while len(body) < length:
            piece = self.rfile.read(min(_PIECE_BYTES, length - len(body)))
            if not piece:
                return None
            body += piece
        return body

    def _read_and_reset(self, stops_after: str) -> None:
        """Read some of the body (a number of bytes, from the end if negative, or half), then reset the connection."""
        text = self.headers.get("Content-Length", "0")
        length = int(text) if text.isdigit() else 0
        count = length // 2 if stops_after == "half" else int(stops_after)
        self.rfile.read(count if count >= 0 else max(0, length + count))
        self._end(is_reset=True)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer a call whose body was not read. The connection ends with it, and the body is let run out before:

        a close on unread bytes is a reset, which would take the answer away from the client.
        """
        self.close_connection = True
        has_body = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        self._deliver(refusal.answer, None)
        if has_body:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_DRAIN_S)
            until = time.monotonic() + _DRAIN_S
            while time.monotonic() < until and self.connection.recv(_PIECE_BYTES):
                pass

    def _deliver(self, answer: Answer, kind: Kind | None) -> None:
        how = answer.delivery
        self._log(kind, answer)
        self.server.stopping.wait(how.wait_s)
        if how.is_silent:
            self._end(is_reset=how.is_reset)
            return
        length = (
            0 if self.command == "HEAD" else answer.length if how.cut_at is None else min(how.cut_at, answer.length)
        )
        head = self._head(answer)
        if answer.file is None:
            self._send(head + answer.content[:length], how)
        else:
            self.connection.sendall(head)
            self._send_file(answer.file, length, how)
        if how.cut_at is not None or how.closes:
            self._end(is_reset=how.is_reset)

    def _head(self, answer: Answer) -> bytes:
        headers = {"Content-Length": str(answer.length), **answer.headers}
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value]
        return "\r\n".join((*lines, "", "")).encode("latin-1", "replace")

    def _send_file(self, part: FileSlice, length: int, how: Delivery) -> None:
        with part.path.open("rb") as stream:
            stream.seek(part.start)
            while length > 0 and (piece := stream.read(min(_PIECE_BYTES, length))):
                self.server.service.sent(len(piece))
                self._send(piece, how)
                length -= len(piece)

    def _send(self, content: bytes, how: Delivery) -> None:
        step = how.piece_bytes or len(content) or 1
        for start in range(0, len(content), step):
            self.connection.sendall(content[start : start + step])
            if how.pause_s and self.server.stopping.wait(how.pause_s):
                raise ConnectionAbortedError("the server stops")

    def _end(self, *, is_reset: bool) -> None:
        self.close_connection = True
        if is_reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.rfile.close()  # a socket closes only when the last file over it does
            self.connection.close()

    def _log(self, kind: Kind | None, answer: Answer) -> None:
        """One line per call: never a path, which may hold a link's signature, nor anything of the body."""
        if self.server.settings.verbose:
            sys.stderr.write(
                f"{time.strftime('%H:%M:%S')} {self.command} {kind or 'unknown'} {answer.status} {answer.length}\n"
            )

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: http.server would print the request line, which may hold a link's signature."""
