"""While Blender is set to stay offline nothing goes online, and what the journal knows can be read."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import account, element_library, opening
from kling_omni_addon.blender.submissions import rows
from kling_omni_addon.core.errors import NotSent
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import read_settings
from kling_omni_addon.work.journal import Journal
from tests.blender.conftest import Scene, WriteClip

OFFLINE = "Blender is set to stay offline"
REQUEST = OmniRequest(prompt="waves", mode="std", aspect_ratio="16:9", duration_s=3)


@pytest.fixture
def listener(shot_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service that is not on this machine, as far as the extension knows; it only sees who comes.

    Its address is not the loopback, so that it counts as the network, and yet Linux and macOS lead it here.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("KLING_BASE_URL", f"https://0.0.0.0:{listener.getsockname()[1]}")
        monkeypatch.setenv("KLING_API_KEY", "a-key-of-a-test")
        monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", False)
        yield listener
        opening.close()
        monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", False)


def came(listener: socket.socket, within_s: float) -> bool:
    """Whether anybody connected."""
    listener.settimeout(within_s)
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.fixture
def journal(listener: socket.socket, write_clip: WriteClip) -> dict[str, str]:
    """One submission of each kind: to be sent, without an answer, and with a clip that is here."""
    settings = read_settings(os.environ, service=os.environ["KLING_BASE_URL"])
    target = Target(blend=str(Path("/film.blend")), scene="Scene", frame_start=1)
    with Session(settings) as session:
        ids = {name: session.submit(REQUEST, target).id for name in ("waiting", "lost", "here")}
    books = Journal(settings.home / "journal.sqlite3")
    at = 1e9
    digest = {name: books.load(own_id).payload.digest for name, own_id in ids.items()}
    for event in (ev.Sent(at=at, digest=digest["lost"]), ev.Abandoned(at=at, reason="Stopped waiting.")):
        books.append(ids["lost"], event)
    clip = str(write_clip(frames=72))
    for step in (
        ev.Sent(at=at, digest=digest["here"]),
        ev.Accepted(at=at, task_id="1"),
        ev.Succeeded(at=at, charge_units="3"),
        ev.Fetched(at=at, path=clip, sha256="c" * 64, size_bytes=9),
    ):
        books.append(ids["here"], step)
    books.close()
    return ids


ASKING: dict[str, Callable[[dict[str, str]], object]] = {
    "go_on": lambda _: api.go_on(),
    "look_again": lambda ids: api.look_again(ids["lost"]),
    "send_again": lambda ids: api.send_again(ids["lost"]),
    "wait": lambda ids: api.wait([ids["waiting"]], 60.0),
    "submit_request": lambda _: api.submit_request(REQUEST, Target()),
    "account": lambda _: account.ask(),
    "library": lambda _: element_library.ask(),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_what_asks_the_service_is_refused_with_a_sentence_and_nobody_connects(
    listener: socket.socket, journal: dict[str, str], ask: Callable[[dict[str, str]], object]
) -> None:
    with pytest.raises(NotSent, match=OFFLINE):
        ask(journal)
    assert not came(listener, 1.0)


def test_what_the_journal_knows_is_read_and_placed_without_the_network(
    listener: socket.socket, journal: dict[str, str]
) -> None:
    assert {s.id for s in api.submissions()} == set(journal.values())
    assert api.submission(journal["lost"]).phase is Phase.ABANDONED
    assert [s.phase for s in api.wait([journal["here"]], 60.0)] == [Phase.FETCHED]
    assert len(rows.the_list().rows) == len(journal)
    assert api.place(journal["here"], bpy.context.scene).frame_duration == 72
    assert api.stop_waiting(journal["waiting"]).phase is Phase.ABANDONED
    assert not came(listener, 1.0)


def test_resuming_shows_what_is_known_and_says_why_nothing_goes_on(
    listener: socket.socket, journal: dict[str, str]
) -> None:
    with pytest.raises(RuntimeError, match=OFFLINE):
        bpy.ops.kling.resume()
    assert len(rows.the_list().rows) == len(journal)
    for operator in ("look_again", "send_again"):
        assert not getattr(bpy.ops.kling, operator).poll()
    assert not came(listener, 1.0)


def test_it_goes_on_when_blender_may_go_online_and_stops_when_it_may_not_any_more(
    listener: socket.socket, journal: dict[str, str]
) -> None:
    system: Any = bpy.context.preferences.system
    api.submissions()
    assert not came(listener, 0.5)
    system.use_online_access = True
    opening.follow_online_access()
    assert came(listener, 30.0)
    system.use_online_access = False
    with pytest.raises(NotSent, match=OFFLINE):
        api.wait([journal["waiting"]], 60.0)
    assert (opening.is_paused(), opening.running()) == (True, None)
