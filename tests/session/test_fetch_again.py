"""A clip whose file is gone from this machine: fetched once more or taken from where it came back, and never paid for
anew.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid, ClipGone
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.gateway.desk import Desk
from kling_omni_addon.remote.token import ApiKey, fingerprint
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.leases import LeaseLost

DAY_S = 86_400.0
KEY = "a-key-of-a-test"
SETTINGS: Any = {"service_url": "http://127.0.0.1:9", "keys": Keys(api_key=KEY)}
ORIGIN = Origin(service="http://127.0.0.1:9", key_fingerprint=fingerprint(ApiKey(key=KEY)))
FILM = b"the bytes of a clip"
"""Nothing looks into a clip that is on record; only its SHA-256 counts."""


def history(clip: Path, *more: Event, sent_at: float, once: str = "", marked: Path | None = None) -> list[Event]:
    """A clip that was made and paid for, and what came then; its service is where nobody answers."""
    payload = Payload(external_task_id="kob-1", model="kling-v3-omni", pieces=("{}",))
    sha256 = hashlib.sha256(FILM).hexdigest()
    made: list[Event] = [
        ev.Intended(at=sent_at, payload=payload, origin=ORIGIN, target=Target(folder=str(clip.parent)), once=once),
        ev.Sent(at=sent_at, digest=payload.digest),
        ev.Accepted(at=sent_at, task_id="1"),
        ev.Succeeded(at=sent_at, charge_units="3", has_marked=marked is not None),
        ev.Named(at=sent_at, path=str(clip), sha256=sha256),
        ev.Fetched(at=sent_at, path=str(clip), sha256=sha256, size_bytes=len(FILM)),
    ]
    copied = [ev.MarkedFetched(at=sent_at, path=str(marked), sha256=sha256)] if marked is not None else []
    return [*made, *copied, *more]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def opened(home: Path, *histories: list[Event]) -> Session:
    with_journal = Journal(home / "journal.sqlite3")
    with_journal.carry_over(histories)
    with_journal.close()
    return Session(Settings(home=home, clips=home / "clips", **SETTINGS))


def kinds(session: Session) -> list[str]:
    return [type(event).__name__ for event in session._journal.history("kob-1")]


def test_a_file_that_came_back_is_taken_as_it_is_although_nobody_answers(home: Path, tmp_path: Path) -> None:
    clip = tmp_path / "share" / "clip.mp4"
    with opened(home, history(clip, sent_at=time.time())) as session:
        assert session.fetch_again("kob-1").phase is Phase.READY
        clip.parent.mkdir()
        clip.write_bytes(FILM)
        session.start()
        (found,) = session.wait(lambda all_of: all(s.is_settled for s in all_of.values()), ["kob-1"], 30.0).values()
        assert (found.phase, found.clip, found.tasks) == (Phase.FETCHED, str(clip), 1)
        assert list(clip.parent.glob("*.mp4")) == [clip]


def test_another_file_of_that_name_is_not_taken_for_it(home: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    with opened(home, history(clip, sent_at=time.time())) as session:
        session.fetch_again("kob-1")
        clip.write_bytes(b"somebody else's")
        session.start()
        (found,) = session.wait(lambda all_of: any(s.failures for s in all_of.values()), ["kob-1"], 30.0).values()
        assert (found.phase, found.clip, clip.read_bytes()) == (Phase.READY, "", b"somebody else's")


def test_after_30_days_only_a_file_that_is_back_helps(home: Path, tmp_path: Path) -> None:
    clip, long_ago = tmp_path / "clip.mp4", time.time() - 40 * DAY_S
    gone = (ev.Vanished(at=long_ago), ev.Failed(at=long_ago, reason="The clip has expired."))
    with opened(home, history(clip, *gone, sent_at=long_ago)) as session:
        with pytest.raises(ClipGone):
            session.fetch_again("kob-1")
        clip.write_bytes(FILM)
        assert session.fetch_again("kob-1").phase is Phase.READY


def test_a_clip_that_never_had_a_file_here_is_not_said_to_be_moved(home: Path, tmp_path: Path) -> None:
    long_ago = time.time() - 40 * DAY_S
    made = history(tmp_path / "clip.mp4", sent_at=long_ago)[:4]
    made.append(ev.Failed(at=long_ago, reason="The clip has expired."))
    with (
        opened(home, made) as session,
        pytest.raises(ClipGone, match=r"^Kling no longer has this clip\. Kling deletes"),
    ):
        session.fetch_again("kob-1")


@pytest.mark.parametrize(
    "ends",
    [
        (ev.Vanished(at=9.0), ev.Failed(at=9.0, reason="gone"), ev.LookAgain(at=9.0), ev.Parked(at=9.0)),
        (ev.Abandoned(at=9.0, reason="enough"), ev.LookAgain(at=9.0), ev.Parked(at=9.0)),
    ],
)
def test_what_was_made_once_is_never_sent_again_by_itself(ends: tuple[Event, ...], home: Path, tmp_path: Path) -> None:
    with opened(home, history(tmp_path / "clip.mp4", *ends, sent_at=time.time(), once="sh010")) as session:
        parked = session.read("kob-1")
        assert parked is not None
        assert session.go_on_with(parked).phase is Phase.UNANSWERED
        assert kinds(session)[-1] == "LookAgain"


def test_a_clip_that_is_here_is_not_given_up(home: Path, tmp_path: Path) -> None:
    made = history(tmp_path / "clip.mp4", sent_at=time.time())
    with opened(home, made) as session, pytest.raises(ArgumentsInvalid, match="cannot be stopped"):
        session.abandon("kob-1")


def test_what_another_process_fetches_already_is_left_to_it(home: Path, tmp_path: Path) -> None:
    with opened(home, history(tmp_path / "clip.mp4", sent_at=time.time())) as session:
        before = session.fetch_again("kob-1")
        assert session.fetch_again("kob-1") == before
        assert kinds(session).count("Vanished") == 1


def test_the_copy_with_the_watermark_comes_again_where_it_is_gone_too(home: Path, tmp_path: Path) -> None:
    clip, marked = tmp_path / "clip.mp4", tmp_path / "clip.watermarked.mp4"
    with opened(home, history(clip, sent_at=time.time(), marked=marked)) as session:
        again = session.fetch_again("kob-1")
        assert (again.marked, again.wants_marked) == ("", True)
    marked.write_bytes(FILM)
    with opened(tmp_path / "other", history(clip, sent_at=time.time(), marked=marked)) as session:
        again = session.fetch_again("kob-1")
        assert (again.marked, again.wants_marked) == (str(marked), False)


def test_a_copy_with_the_watermark_that_is_gone_keeps_no_clip_from_being_handed_over(
    home: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(FILM)
    with opened(home, history(clip, sent_at=time.time(), marked=tmp_path / "gone.mp4")) as session:
        made = session.read("kob-1")
        assert made is not None
        assert Desk(session).hand_over(made, tmp_path / "spool") == ("clip.mp4", "")


def test_whoever_works_on_the_old_file_records_nothing_of_the_new_one(tmp_path: Path) -> None:
    """A lane that was fetching the copy with the watermark must not name the clip."""
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.carry_over([history(tmp_path / "clip.mp4", sent_at=1.0)])
    lease = journal.claim("kob-1", 2.0)
    journal.append("kob-1", ev.Vanished(at=3.0))
    with pytest.raises(LeaseLost):
        journal.append("kob-1", ev.Named(at=4.0, path="/clip.watermarked.mp4", sha256="m"), lease)
    journal.close()
