"""The commit point on real sockets: what the last byte proves, whatever the network does."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from kling_omni_addon.core.errors import KlingError, NotSent, Unanswered
from kling_omni_addon.core.media import PictureRef
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.pieces import pieces_of
from kling_omni_addon.remote.http import REPLY_LIMIT_BYTES
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.work.picture_store import CHUNK_BYTES, PictureChanged, PictureStore
from tests.workshop.rehearsal_stand import png
from tests.workshop.sockets import read_until, reset

ANSWER = {"code": 0, "message": "SUCCEED", "data": {"task_id": "42", "task_info": {}, "task_status": "submitted"}}
Conversation = Callable[[socket.socket], None]


def http(body: bytes, status: str = "200 OK", *extra: str) -> bytes:
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *extra]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def read_request(connection: socket.socket) -> tuple[bytes, bytes]:
    head, _, body = read_until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    wanted = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < wanted:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head, body


@contextmanager
def server(talk: Conversation) -> Iterator[str]:
    """A socket on loopback that talks to every connection as told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


class Sending:
    """One submit of a small payload, and whether it passed its commit point."""

    def __init__(self, folder: Path, picture_bytes: int = 0) -> None:
        self.store = PictureStore(folder / "pictures")
        body: dict[str, object] = {"prompt": "a fox", "external_task_id": "kob-1"}
        if picture_bytes:
            body["image_list"] = [{"image_url": self.keep(picture_bytes)}]
        self.payload = Payload(external_task_id="kob-1", model="kling-v3-omni", pieces=pieces_of(body))
        self.is_committed = False
        self.told: list[tuple[str, int, int]] = []

    def keep(self, size: int) -> PictureRef:
        data = png(1, 1) + bytes(range(256)) * (size // 256 + 1)
        ref = self.store.keep_base64(base64.b64encode(data[:size]).decode())
        assert ref is not None
        return ref

    def commit(self) -> None:
        self.is_committed = True

    def to(self, url: str) -> object:
        service = KlingService(
            base_url=url,
            credentials=ApiKey(key="api-key-kling-canary"),
            pictures=self.store,
            now=lambda: 1_700_000_000.0,
            user_agent="test",
            tell_sent=lambda *sent: self.told.append(sent),
        )
        return service.submit(self.payload, self.commit)


@pytest.mark.parametrize("picture_bytes", [0, 100, 101, 102, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 150_000])
def test_the_body_arrives_whole_with_its_length_and_its_pictures_as_base64(tmp_path: Path, picture_bytes: int) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def talk(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(http(json.dumps(ANSWER).encode()))

    sending = Sending(tmp_path, picture_bytes)
    with server(talk) as url:
        sending.to(url)
    (head, body), *more = seen
    assert not more
    assert b"chunked" not in head.lower()
    assert b"Authorization: Bearer api-key-kling-canary" in head
    sent = json.loads(body)
    assert len(body) == sending.payload.content_length
    for ref, image in zip(sending.payload.pictures, sent.get("image_list", ()), strict=True):
        assert base64.b64decode(image["image_url"]) == sending.store.path_of(ref).read_bytes()
    assert sending.is_committed


def test_commit_comes_when_all_but_the_last_byte_has_left(tmp_path: Path) -> None:
    arrived: list[bytes] = []
    at_commit = threading.Event()

    def talk(connection: socket.socket) -> None:
        body = read_until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")[2]
        while len(body) < sending.payload.content_length - 1:
            body += connection.recv(65536)
        arrived.append(body)
        at_commit.set()
        while len(body) < sending.payload.content_length:
            body += connection.recv(65536)
        arrived.append(body)
        connection.sendall(http(json.dumps(ANSWER).encode()))

    sending = Sending(tmp_path, 100_000)

    def commit() -> None:
        assert at_commit.wait(10)
        assert len(arrived) == 1

    sending.commit = commit  # type: ignore[method-assign]
    with server(talk) as url:
        sending.to(url)
    assert arrived[1] == arrived[0] + b"}"


def test_the_bytes_that_have_gone_out_are_told_as_they_go_and_0_at_the_end(tmp_path: Path) -> None:
    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(http(json.dumps(ANSWER).encode()))

    sending = Sending(tmp_path, 150_000)
    with server(talk) as url:
        sending.to(url)
    length = sending.payload.content_length
    *on_the_way, last = [sent for _, sent, _ in sending.told]
    assert {(own_id, total) for own_id, _, total in sending.told} == {("kob-1", length)}
    assert on_the_way == sorted(on_the_way)
    assert (len(on_the_way) > 3, on_the_way[-1] <= length, last) == (True, True, 0)


def test_an_upload_that_broke_is_not_told_as_going_on(tmp_path: Path) -> None:
    sending = Sending(tmp_path, 150_000)
    with server(reset) as url, pytest.raises((NotSent, Unanswered)):  # the socket may take all before it hears of it
        sending.to(url)
    assert sending.told[-1][1] == 0


def test_nothing_leaves_when_the_commit_refuses(tmp_path: Path) -> None:
    bodies: SimpleQueue[bytes] = SimpleQueue()

    class Fenced(KlingError):
        pass

    def refuse() -> None:
        raise Fenced("another process was faster")

    sending = Sending(tmp_path)
    sending.commit = refuse  # type: ignore[method-assign]
    with server(lambda connection: bodies.put(read_request(connection)[1])) as url:
        with pytest.raises(Fenced):
            sending.to(url)
        assert bodies.get(timeout=10) == b'{"prompt":"a fox","external_task_id":"kob-1"'


@pytest.mark.parametrize("kept", [0, 1, 0.5])
def test_a_reset_before_the_last_byte_proves_that_nothing_was_sent(tmp_path: Path, kept: float) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(int(2_000_000 * kept) or 1)
        reset(connection)

    sending = Sending(tmp_path, 6_000_000)
    with server(talk) as url, pytest.raises(NotSent):
        sending.to(url)
    assert not sending.is_committed


@pytest.mark.parametrize(
    "answer",
    [b"", http(json.dumps(ANSWER).encode())[:-5], b"HTTP/1.1 200 OK\r\nContent-Le", http(b"<html>", "502 Bad Gateway")],
)
def test_a_lost_answer_after_the_last_byte_proves_nothing(tmp_path: Path, answer: bytes) -> None:
    calls: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        calls.append(read_request(connection)[1])
        connection.sendall(answer)
        if not answer:
            reset(connection)

    sending = Sending(tmp_path)
    with server(talk) as url, pytest.raises(Unanswered):
        sending.to(url)
    assert sending.is_committed
    assert len(calls) == 1


def test_a_redirect_is_not_followed_with_the_body(tmp_path: Path) -> None:
    paths: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        paths.append(read_request(connection)[0].split(b"\r\n")[0])
        connection.sendall(http(b"", "307 Temporary Redirect", "Location: /elsewhere"))

    sending = Sending(tmp_path)
    with server(talk) as url, pytest.raises(Unanswered):
        sending.to(url)
    assert paths == [b"POST /v1/videos/omni-video HTTP/1.1"]


def test_the_body_of_a_redirect_is_read_no_further_than_any_answer(tmp_path: Path) -> None:
    """By itself requests reads a redirect's body to its end, though it is told to follow none."""
    most = 4 * REPLY_LIMIT_BYTES  # what a client that reads without end would have been given here
    given = 0

    def talk(connection: socket.socket) -> None:
        nonlocal given
        read_request(connection)
        connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n\r\n")
        try:
            while given < most:
                given += connection.send(bytes(CHUNK_BYTES))
        except OSError:
            return  # the client had enough

    sending = Sending(tmp_path)
    with server(talk) as url, pytest.raises(Unanswered, match="larger than any"):
        sending.to(url)
    assert REPLY_LIMIT_BYTES < given < most
    assert sending.is_committed


def test_a_refused_connection_is_not_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    sending = Sending(tmp_path)
    with pytest.raises(NotSent):
        sending.to(url)
    assert not sending.is_committed


def test_a_picture_that_changed_on_disk_is_not_sent(tmp_path: Path) -> None:
    sending = Sending(tmp_path, 50_000)
    path = sending.store.path_of(sending.payload.pictures[0])
    path.write_bytes(b"x" * 50_000)
    with server(lambda connection: void(read_request(connection))) as url, pytest.raises(PictureChanged):
        sending.to(url)
    assert not sending.is_committed


def void(_value: object) -> None:
    return


def test_netrc_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password canary-password\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    heads: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        heads.append(read_request(connection)[0])
        connection.sendall(http(json.dumps(ANSWER).encode()))

    with server(talk) as url:
        Sending(tmp_path).to(url)
    assert b"Basic" not in heads[0]


def test_no_error_tells_the_key_or_the_address(tmp_path: Path) -> None:
    with server(reset) as url, pytest.raises(KlingError) as caught:
        Sending(tmp_path).to(url)
    told = f"{caught.value!r} {caught.value} {caught.value.remedy}"
    assert "canary" not in told
    assert url not in told
