"""Item 11.19: calls for another host, and several rehearsals on one home."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import pytest

from kling_omni_addon.rehearsal.clip_maker import ClipMaker, ClipSpec
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.rehearsal_note import kept_note, running_rehearsal
from tests.workshop.rehearsal_stand import ReadyClips

CALLS = ["GET /rehearsal/stats", "POST /rehearsal/reset", "GET /v1/videos/omni-video", "GET /files/1.mp4"]


def status_of(server: RehearsalServer, call: str, host: str | None, version: str = "HTTP/1.1") -> int:
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20) as connection:
        head = f"{call} {version}\r\n" + ("" if host is None else f"Host: {host}\r\n")
        connection.sendall(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


def server_in(home: Path) -> RehearsalServer:
    return RehearsalServer(RehearsalSettings(folder=home / "rehearsal"), ReadyClips(home / "none.mp4"))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "192.168.0.4", "", None, "[::1", "x:y:z"]
)
def test_a_call_that_was_meant_for_another_name_is_refused(tmp_path: Path, call: str, host: str | None) -> None:
    """DNS rebinding: a web page whose name was turned to this machine."""
    with server_in(tmp_path) as server:
        assert status_of(server, call, host) == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:1", "LOCALHOST", "[::1]:80"])
def test_this_machine_by_any_of_its_names_is_answered(tmp_path: Path, host: str) -> None:
    with server_in(tmp_path) as server:
        assert status_of(server, CALLS[0], host) == 200
        assert status_of(server, CALLS[0], None, "HTTP/1.0") == 200


def test_two_rehearsals_on_one_home_keep_a_note_each(tmp_path: Path) -> None:
    with server_in(tmp_path) as first, kept_note(tmp_path, first.note()):
        with server_in(tmp_path) as second, kept_note(tmp_path, second.note()):
            assert len(list(tmp_path.glob("rehearsal-*.json"))) == 2
            found = running_rehearsal(tmp_path)
            assert found is not None
            assert found["url"] in (first.url, second.url)
        assert running_rehearsal(tmp_path) == first.note()
    assert running_rehearsal(tmp_path) is None
    assert list(tmp_path.glob("rehearsal-*.json")) == []


def test_a_note_that_another_server_wrote_over_it_is_left_alone(tmp_path: Path) -> None:
    with server_in(tmp_path) as server:
        note = server.note()
        with kept_note(tmp_path, note):
            (path,) = tmp_path.glob("rehearsal-*.json")
            path.write_text(path.read_text().replace(note["secret"], "another"))
        assert path.exists()


def test_two_makers_on_one_cache_make_the_same_clip_at_once_and_take_nothing_from_each_other(tmp_path: Path) -> None:
    """Each maker's child waits for the other's, so that both stand half-made at the same time."""
    script = tmp_path / "child.py"
    script.write_text(
        "import json, pathlib, sys, time\n"
        "order = json.loads(pathlib.Path(sys.argv[1]).read_text())\n"
        "out = pathlib.Path(order['output'])\n"
        "while len(list(out.parents[1].glob('making-*'))) < 2:\n"
        "    time.sleep(0.01)\n"
        "out.with_suffix('.part').write_bytes(b'clip')\n"
        "pathlib.Path(sys.argv[1]).with_name('ready').touch()\n"
        "while len(list(out.parents[1].glob('making-*/ready'))) + len(list(out.parents[1].glob('*.mp4'))) < 2:\n"
        "    time.sleep(0.01)\n"
        "out.with_suffix('.part').replace(out)\n"
    )
    spec = ClipSpec(width=1280, height=720, duration_s=3.0, fps=24, prompt="a river")
    made: list[Path] = []
    makers = [ClipMaker([sys.executable, str(script)], tmp_path / "made") for _ in range(2)]
    threads = [threading.Thread(target=lambda maker=maker: made.append(maker.make(spec))) for maker in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [path.read_bytes() for path in made] == [b"clip", b"clip"]
    assert [path.name for path in (tmp_path / "made").iterdir()] == [made[0].name]


def test_a_folder_that_vanishes_under_a_half_made_clip_costs_a_second_try(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(
        "import json, pathlib, shutil, sys\n"
        "out = pathlib.Path(json.loads(pathlib.Path(sys.argv[1]).read_text())['output'])\n"
        "once = out.parents[1].parent / 'once'\n"
        "if not once.exists():\n"
        "    once.touch()\n"
        "    shutil.rmtree(out.parent)\n"
        "out.write_bytes(b'clip')\n"
    )
    maker = ClipMaker([sys.executable, str(script)], tmp_path / "made")
    clip = maker.make(ClipSpec(width=1280, height=720, duration_s=3.0, fps=24, prompt="a river"))
    assert clip.read_bytes() == b"clip"
    assert list(clip.parent.iterdir()) == [clip]
