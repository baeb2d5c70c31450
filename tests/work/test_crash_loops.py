"""Fault 58: a submission that kills whatever works on it ends with a message, and takes nothing else down with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import MOST_CRASHES, Phase, Submission
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import TaskReport
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.leases import this_machine
from kling_omni_addon.work.reception import Reception
from tests.workshop.places import ROOT
from tests.workshop.studio import FakeClip, Studio

POISON, SOUND = "kob-1", "kob-2"
_numbers = count(2**22 + 1)
"""Process numbers that are never given out, so that their leases are those of the dead."""


class Died(BaseException):
    """The process is gone: nothing of it runs any more, not even its handlers."""


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    studio.intend(1)
    studio.clock.time += 1
    studio.intend(2)
    yield studio
    end(studio)
    studio.journal.close()


def end(studio: Studio) -> None:
    for lane in studio.lanes:
        lane.close()


def lives(studio: Studio, number: int, *, in_order: bool = False) -> int:
    """So many processes, one after the other; how many of them died within an hour."""
    deaths = 0
    for _ in range(number):
        end(studio)
        owner = f"{this_machine()}:{next(_numbers)}"
        studio.restart(owner)
        try:
            studio.run(3600)
        except Died:
            deaths += 1
        if in_order:
            journal = Journal(studio.path, owner)
            journal.give_up()
            journal.close()
    return deaths


def die_sending(studio: Studio) -> None:
    """Before a byte of the poisonous one has left."""
    submit = studio.kling.submit

    def deadly(payload: Payload, commit: Callable[[], None]) -> TaskReport:
        if payload.external_task_id == POISON:
            raise Died
        return submit(payload, commit)

    studio.kling.submit = deadly  # type: ignore[method-assign]


def die_fetching(studio: Studio, progress: int = 0) -> None:
    """In the poisonous one's download, each time ``progress`` bytes further."""
    fetch = studio.kling.fetch

    def deadly(report: TaskReport, target: Path, reception: Reception) -> FakeClip:
        if report.external_task_id != POISON:
            return fetch(report, target, reception)
        reception.began("", None)
        if progress:
            reception.kept(studio.submission(POISON).furthest + progress)
        raise Died

    studio.kling.fetch = deadly  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("die", [die_sending, die_fetching])
def test_fault_58_what_kills_five_processes_waits_for_a_person_and_the_others_go_on(
    studio: Studio, die: Callable[[Studio], None]
) -> None:
    die(studio)
    assert lives(studio, 9) == MOST_CRASHES
    poison, sound = studio.submission(POISON), studio.submission(SOUND)
    assert poison.is_set_aside
    assert poison.needs_a_person
    assert poison.is_settled
    assert poison.exit_code == 1
    assert "5 times in a row" in poison.problem
    assert "Resume" in poison.problem
    assert sound.phase is Phase.FETCHED
    assert studio.kling.creates.count(SOUND) == 1


@pytest.mark.parametrize("die", [die_sending, die_fetching])
def test_fault_58_a_person_lets_it_go_on_and_it_is_made_once(studio: Studio, die: Callable[[Studio], None]) -> None:
    submit, fetch = studio.kling.submit, studio.kling.fetch
    die(studio)
    lives(studio, MOST_CRASHES + 1)
    studio.journal.append(POISON, ev.Released(at=studio.clock.now()))
    assert 0 < lives(studio, 9) <= MOST_CRASHES, "it still kills, and is set aside again"
    assert studio.submission(POISON).is_set_aside
    studio.kling.submit, studio.kling.fetch = submit, fetch  # type: ignore[method-assign]
    studio.journal.append(POISON, ev.Released(at=studio.clock.now()))
    assert lives(studio, 1) == 0
    assert studio.submission(POISON).phase is Phase.FETCHED
    assert (studio.submission(POISON).problem, studio.submission(POISON).exit_code) == ("", 0)
    assert sorted(studio.kling.creates) == [POISON, SOUND]


def test_fault_58_a_download_that_comes_further_each_time_is_no_crash_loop(studio: Studio) -> None:
    die_fetching(studio, progress=1)
    assert lives(studio, 12) == 12
    assert not studio.submission(POISON).is_set_aside


@pytest.mark.parametrize("die", [die_sending, die_fetching])
def test_fault_58_processes_that_end_in_order_are_not_counted(studio: Studio, die: Callable[[Studio], None]) -> None:
    """Whoever closes Blender during a long upload has crashed nothing."""
    die(studio)
    lives(studio, 12, in_order=True)
    assert not studio.submission(POISON).is_set_aside
    assert "Begun" not in studio.kinds(POISON)


def test_fault_58_crashes_elsewhere_while_a_task_is_only_waited_for_are_not_counted(studio: Studio) -> None:
    studio.kling.makes_s = 86_400.0
    studio.run(60)
    assert studio.submission(POISON).phase is Phase.ACCEPTED
    ask = studio.kling.ask
    asked: list[str] = []

    def deadly(task_id: str) -> TaskReport:
        asked.append(task_id)
        if len(asked) < 12:
            raise Died
        return ask(task_id)

    studio.kling.ask = deadly  # type: ignore[method-assign]
    assert lives(studio, 11) == 11
    studio.clock.time += 86_400.0
    assert lives(studio, 1) == 0
    assert studio.submission(POISON).phase is Phase.FETCHED


def test_fault_58_a_clip_over_which_five_blenders_died_is_placed_by_itself_no_more(tmp_path: Path) -> None:
    settings = Settings(service_url="http://127.0.0.1:9", keys=Keys(api_key="k"), home=tmp_path, clips=tmp_path)
    journal = Journal(tmp_path / "journal.sqlite3")
    arrived(journal, "kob-1")
    for number in range(MOST_CRASHES):
        dead = Session(settings)
        found = seen(dead)
        assert [dead.may_place(found) for _ in range(3)] == [True] * 3, "Blender dies while it places the clip"
        assert journal.history("kob-1").count(ev.Begun(at=seen(dead).changed_at)) == 1, number
        dead._journal.close()  # as the end of the process does
    with Session(settings) as session:
        assert not session.may_place(seen(session))
        assert (seen(session).is_set_aside, seen(session).needs_a_person) == (True, True)
        assert not session.may_place(seen(session))
        assert session.release() == 1
        assert session.may_place(seen(session))
    journal.close()


def test_a_clip_that_another_blender_has_placed_meanwhile_is_not_tried_again(tmp_path: Path) -> None:
    settings = Settings(service_url="http://127.0.0.1:9", keys=Keys(api_key="k"), home=tmp_path, clips=tmp_path)
    with Session(settings) as here, Session(settings) as elsewhere:
        arrived(here._journal, "kob-1")
        as_seen_here = seen(here)
        elsewhere.placed("kob-1", "Scene", "clip")
        assert not here.may_place(as_seen_here)


def arrived(journal: Journal, submission_id: str) -> None:
    """A clip that waits for its place on a timeline."""
    payload = Payload(external_task_id=submission_id, model="m", pieces=("{}",))
    target = Target(blend="/a.blend", scene="Scene")
    origin = Origin(service="http://127.0.0.1:9", key_fingerprint="f")
    journal.begin(ev.Intended(at=1.0, payload=payload, origin=origin, target=target))
    for event in (
        ev.Sent(at=1.0, digest="d"),
        ev.Accepted(at=1.0, task_id="t"),
        ev.Succeeded(at=1.0, charge_units="3"),
        ev.Fetched(at=1.0, path="/c.mp4", sha256="c", size_bytes=9),
    ):
        journal.append(submission_id, event)


def seen(session: Session) -> Submission:
    session.snapshot.refresh()
    (submission,) = session.snapshot.submissions
    return submission


def test_fault_58_crashes_are_counted_from_the_last_progress(studio: Studio) -> None:
    die_fetching(studio, progress=1)
    lives(studio, 3)
    die_fetching(studio)
    assert lives(studio, 9) == MOST_CRASHES - 1, "the one before came further, and died all the same"
    assert studio.submission(POISON).furthest == 3


@pytest.fixture
def container() -> str:
    """What a process in a container of this host's name calls its machine."""
    told = "from kling_omni_addon.work.leases import this_machine; print(this_machine())"
    command = ["unshare", "--pid", "--fork", sys.executable, "-c", told]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no containers can be made here")


@pytest.mark.parametrize("number", [os.getpid(), 2**22 + 1], ids=["our number", "the number of nobody here"])
def test_a_process_of_another_container_is_neither_this_one_nor_dead(
    number: int, container: str, tmp_path: Path
) -> None:
    """Its numbers are its own."""
    payload = Payload(external_task_id=SOUND, model="m", pieces=("{}",))
    origin = Origin(service="s", key_fingerprint="k")
    with closing(Journal(tmp_path / "j", owner=f"{container}:{number}")) as other:
        other.begin(ev.Intended(at=1.0, payload=payload, origin=origin, target=Target()))
        assert other.claim(SOUND, 1000.0) is not None
        with closing(Journal(tmp_path / "j")) as ours:
            assert ours.claim(SOUND, 1001.0) is None
