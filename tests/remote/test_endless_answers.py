"""Answers that never end, links that lead nowhere, numbers of 400 digits, on real sockets: each costs itself only."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest

from kling_omni_addon.core.dialects.legacy import build_page
from kling_omni_addon.core.errors import ClipUnusable, KlingError, Unanswered
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.remote import deadlines
from kling_omni_addon.remote.addresses import opened
from kling_omni_addon.remote.http import Http
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from tests.workshop.crooked_kling import CrookedKling
from tests.workshop.sockets import read_until

REQUEST = OmniRequest(prompt="waves", mode="std", aspect_ratio="16:9", duration_s=3)
PATIENCE_S = 60.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LONG_LABEL = f"https://{'x' * 64}.example/clip.mp4"


@pytest.fixture
def kling() -> Iterator[CrookedKling]:
    with CrookedKling() as kling:
        yield kling


@pytest.fixture
def settings(kling: CrookedKling, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    return Settings(service_url=kling.url, keys=Keys(api_key="k"), home=home, clips=home / "clips")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "ANSWER_TIMEOUT_S", 0.6)


def with_duration(duration: str) -> Callable[[dict[str, Any]], bytes]:
    def bent(data: dict[str, Any]) -> bytes:
        video = f'{{"url": "{data["task_result"]["videos"][0]["url"]}", "duration": {duration}}}'
        task = f'"task_id": "{data["task_id"]}", "task_status": "succeed", "task_result": {{"videos": [{video}]}}'
        return f'{{"code": 0, "data": {{{task}}}}}'.encode()

    return bent


def with_link(link: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda data: data | {"task_result": {"videos": [{"url": link, "duration": "3"}]}}


def ids_of(session: Session, count: int) -> list[str]:
    return [session.submit(REQUEST).id for _ in range(count)]


def test_a_duration_of_400_digits_is_unknown_and_its_clip_is_fetched(kling: CrookedKling, settings: Settings) -> None:
    with Session(settings) as session:
        ids = ids_of(session, 2)
        kling.bends[ids[0]] = with_duration("9" * 400)
        session.start()
        found = session.wait(lambda found: all(found[each].clip for each in ids), ids, PATIENCE_S)
    assert [found[each].phase for each in ids] == [Phase.FETCHED] * 2


def test_a_link_with_a_label_of_64_characters_is_a_sentence_and_the_others_are_fetched(
    kling: CrookedKling, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with Session(settings) as session:
        ids = ids_of(session, 3)
        kling.bends[ids[0]] = with_link(LONG_LABEL)
        session.start()
        found = session.wait(lambda found: all(found[each].clip for each in ids[1:]), ids, PATIENCE_S)
        found = session.wait(lambda found: bool(found[ids[0]].problem), ids, PATIENCE_S)
    assert [found[each].phase for each in ids] == [Phase.READY, Phase.FETCHED, Phase.FETCHED]
    assert "The clip could not be downloaded" in found[ids[0]].problem
    assert "stumbled" not in caplog.text


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_drips_holds_up_nobody_else_for_long(kling: CrookedKling, settings: Settings) -> None:
    kling.drip_s = 0.2  # less than any time-out between two bytes, and a minute for the head alone
    with Session(settings) as session:
        ids = ids_of(session, 2)
        session.start()
        kling.drips.add(ids[0])
        found = session.wait(lambda found: bool(found[ids[1]].clip), ids, PATIENCE_S)
        assert found[ids[1]].phase is Phase.FETCHED
        kling.drips.clear()
        found = session.wait(lambda found: bool(found[ids[0]].clip), ids, PATIENCE_S)
    assert found[ids[0]].phase is Phase.FETCHED
    assert sorted(kling.creates) == sorted(ids)


class Dripping:
    """A listener that gives ``start`` at once and then ``drops`` again and again, until its client hangs up."""

    def __init__(self, start: bytes, drops: bytes) -> None:
        self._start, self._drops = start, drops
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._is_over = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE_S)
        self._is_over.set()
        self._listener.close()
        assert not self._thread.is_alive(), "the client never hung up"

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, suppress(OSError):
            read_until(connection, b"\r\n\r\n")
            connection.sendall(self._start)
            while not self._is_over.wait(0.02):
                connection.sendall(self._drops)


ENDLESS = {
    "status line": (b"", b"H"),
    "headers": (HEAD + b"X-A: ", b"a"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "body of no length": (HEAD + b"\r\n", b" "),
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


def refuses_to_wait(service: str) -> None:
    http = Http(service, "test")
    with pytest.raises(Unanswered, match="took too long to respond"):
        http.send(build_page("", 100), "token")
    http.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_has_to_be_here_whole_by_its_deadline(answer: tuple[bytes, bytes]) -> None:
    with Dripping(*answer) as dripping:
        refuses_to_wait(dripping.url)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("part", ["status line", "headers", "continue"])
def test_the_head_of_a_clip_has_a_deadline_too(part: str) -> None:
    with (
        Dripping(*ENDLESS[part]) as dripping,
        pytest.raises(ClipUnusable),
        opened(dripping.url + "/c", {}, may_be_local=True, user_agent="test"),
    ):
        pass


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("part", ["status line", "body"])
def test_what_a_proxy_carries_has_a_deadline_too(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Dripping(*ENDLESS[part]) as dripping:
        monkeypatch.setenv("http_proxy", dripping.url)
        refuses_to_wait("http://kling.example")


@pytest.mark.usefixtures("impatient")
def test_a_proxy_that_never_opens_its_tunnel_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with Dripping(*ENDLESS["status line"]) as dripping:
        monkeypatch.setenv("https_proxy", dripping.url)
        http = Http("https://kling.example", "test")
        with pytest.raises(KlingError):
            http.send(build_page("", 100), "token")
        http.close()
