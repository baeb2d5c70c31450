"""The copy with the watermark, on the whole road: beside the clip, after it, and never in its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Target
from kling_omni_addon.core.life.lifecycle import MOST_MARKED_TRIES, Phase
from kling_omni_addon.core.payload import build_payload, draft_body
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote import clips
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.work import journal as journal_module
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.leases import this_machine
from tests.workshop.rehearsal_stand import Stand, mp4
from tests.workshop.sending_road import KEY, ORIGIN, Road

CLIP = mp4()
DAY_S = 86_400.0


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    settings = RehearsalSettings(
        folder=tmp_path / "server", submitted_s=2, processing_s=20, link_lifetime_s=100 * DAY_S
    )
    with Stand(settings) as stand:
        yield stand


_NUMBERS = count(4_200_000)
"""Of processes: above every number that Linux gives out, so that all of them are dead."""


@pytest.fixture
def road(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    monkeypatch.setattr(journal_module, "this_process", lambda: f"{this_machine()}:{_Process.number}")
    road = Road(stand, tmp_path / "home", ApiKey(key=KEY))
    yield road
    for lane in road.lanes:
        lane.close()
    road.journal.close()


def intend(road: Road, *, asks: bool = True, number: int = 1, **target: Any) -> str:
    """Record one whose wish has the watermark; ``asks`` says whether Kling is asked for it as well."""
    request = OmniRequest(prompt="a fox", mode="std", aspect_ratio="16:9", duration_s=3, watermark=asks)
    payload = build_payload(draft_body(request, {}, external_task_id=f"kob-{number}"), profile())
    wish = {"watermark": True}
    now = road.clock.now()
    return road.journal.begin(
        ev.Intended(at=now, payload=payload, origin=ORIGIN, target=Target(**target), wish=wish)
    ).id


def until_at_rest(road: Road, seconds: float = 3600.0) -> None:
    end = road.clock.now() + seconds
    while road.clock.now() < end and not road.one().is_at_rest:
        road.run(10)


class _Process:
    """The one that the lanes are said to run in."""

    number = next(_NUMBERS)


def another_process(road: Road) -> None:
    _Process.number = next(_NUMBERS)
    for lane in road.lanes:
        lane.close()
    road.clock.hand.now += 600
    road.start()


def files(road: Road) -> list[str]:
    return sorted(path.name for path in (road.home / "clips").iterdir())


def assert_both(road: Road) -> None:
    submission = road.one()
    clip, marked = Path(submission.clip), Path(submission.marked)
    assert clip.read_bytes() == CLIP
    assert marked.read_bytes().startswith(CLIP)
    assert b"watermark" in marked.read_bytes()[len(CLIP) :]
    assert marked.name == f"{clip.stem}.watermarked.mp4"
    assert files(road) == sorted((clip.name, marked.name))
    assert (submission.note, road.journal.live()) == ("", ())


def test_it_comes_after_the_clip_and_is_named_alike(road: Road) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)
    assert (road.one().phase, road.one().is_over, road.one().awaits_marked) == (Phase.FETCHED, True, True)
    assert files(road) == [Path(road.one().clip).name]
    until_at_rest(road)
    assert_both(road)
    assert road.kinds()[-3:] == ["Fetched", "Named", "MarkedFetched"]


def test_without_a_wish_for_it_there_is_none(road: Road) -> None:
    road.intend()
    until_at_rest(road)
    assert (road.one().phase, road.one().marked, road.kinds()[-1]) == (Phase.FETCHED, "", "Fetched")


def test_a_clip_that_goes_to_a_timeline_is_placed_meanwhile(road: Road) -> None:
    intend(road, scene="Scene")
    road.run(3600, until=Phase.FETCHED)
    road.journal.append("kob-1", ev.Placed(at=road.clock.now(), scene="Scene", strip="alley"))
    assert [s.id for s in road.journal.live()] == ["kob-1"]
    until_at_rest(road)
    assert_both(road)
    assert (road.one().phase, road.one().strip) == (Phase.PLACED, "alley")


def test_whatever_has_its_name_stays(road: Road) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)
    clip = Path(road.one().clip)
    foreign = clip.with_name(f"{clip.stem}.watermarked.mp4")
    foreign.write_bytes(b"somebody else's")
    until_at_rest(road)
    assert foreign.read_bytes() == b"somebody else's"
    assert Path(road.one().marked).name == f"{clip.stem}.watermarked-2.mp4"
    assert Path(road.one().marked).read_bytes().startswith(CLIP)


@pytest.mark.parametrize(
    "fault", ["link-403", "file-404", "download-cut=100000", "zip-instead-of-clip", "clip-cut", "html-instead-of-clip"]
)
def test_a_copy_that_fails_is_tried_again(road: Road, fault: str) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)
    road.stand.server.arm(fault)
    until_at_rest(road)
    assert "MarkedFailed" in road.kinds()
    assert Path(road.one().marked).read_bytes().startswith(CLIP)
    assert (road.one().phase, road.one().note) == (Phase.FETCHED, "")
    rejected = [name for name in files(road) if name.endswith((".part", ".rejected"))]
    assert rejected == [] or fault in ("zip-instead-of-clip", "clip-cut", "html-instead-of-clip")


def test_a_copy_that_never_comes_is_told_and_costs_the_clip_nothing(road: Road) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)
    road.stand.server.arm("file-404:1000")
    until_at_rest(road)
    submission = road.one()
    assert (submission.phase, submission.marked, submission.exit_code) == (Phase.FETCHED, "", 0)
    assert submission.note.startswith("The watermarked copy could not be downloaded. ")
    assert road.kinds().count("MarkedFailed") == MOST_MARKED_TRIES
    assert Path(submission.clip).read_bytes() == CLIP
    assert road.journal.live() == ()


def test_a_link_that_kling_does_not_give_is_told(road: Road) -> None:
    intend(road, asks=False)
    until_at_rest(road)
    assert road.one().note.endswith("Kling did not send a link to the copy.")
    assert (road.one().phase, road.one().marked) == (Phase.FETCHED, "")


def test_a_folder_that_is_gone_is_not_made_anew(road: Road, tmp_path: Path) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)
    moved = (road.home / "clips").rename(tmp_path / "moved")
    until_at_rest(road)
    assert not (road.home / "clips").exists()
    assert "no longer exists" in road.one().note
    assert [path.read_bytes() for path in moved.iterdir()] == [CLIP]


@pytest.mark.parametrize("fault", ["1002", "5001", "500", "html-200"])
def test_no_answer_is_no_try_until_kling_keeps_it_no_longer(road: Road, fault: str) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)
    road.stand.server.arm(f"{fault}@query:1000000")
    road.run(7200)
    assert (road.one().awaits_marked, road.kinds()[-1]) == (True, "Fetched")
    road.clock.hand.now += 31 * DAY_S
    road.run(60)
    assert (road.one().awaits_marked, road.kinds()[-1]) == (False, "MarkedFailed")
    assert road.one().note.startswith("The watermarked copy could not be downloaded. ")


class Killed(BaseException):
    """What no handler of the product stops."""


WHERE = [(when, kind) for when in ("before", "after") for kind in (ev.Fetched, ev.Named, ev.MarkedFetched)]


@pytest.mark.parametrize(("when", "kind"), WHERE, ids=[f"{when} {kind.__name__}" for when, kind in WHERE])
def test_a_kill_at_every_commit_loses_nothing(
    road: Road, when: str, kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Journal.append

    def append(self: Journal, submission_id: str, event: Event, *more: Any, **others: Any) -> Any:
        is_it = isinstance(event, kind) and (kind is ev.Fetched or bool(road.one().clip))
        if is_it and when == "before":
            raise Killed
        done = real(self, submission_id, event, *more, **others)
        if is_it:
            raise Killed
        return done

    intend(road)
    with monkeypatch.context() as dying:
        dying.setattr(Journal, "append", append)
        with pytest.raises(Killed):
            until_at_rest(road)
    another_process(road)
    until_at_rest(road)
    assert_both(road)
    assert road.creates() == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_round_the_naming_leaves_one_copy(road: Road, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = clips._name

    def named(part: Path, target: Path, waits_s: tuple[float, ...]) -> None:
        if "watermarked" in target.name:
            if when == "after":
                real(part, target, waits_s)
            raise Killed
        real(part, target, waits_s)

    intend(road)
    with monkeypatch.context() as dying:
        dying.setattr(clips, "_name", named)
        with pytest.raises(Killed):
            until_at_rest(road)
    another_process(road)
    until_at_rest(road)
    assert_both(road)


def test_a_copy_that_ends_every_process_is_given_up(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)

    def dead(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(clips, "_check", dead)
        for _ in range(3 * MOST_MARKED_TRIES):
            try:
                until_at_rest(road)
            except Killed:
                another_process(road)
    assert road.one().note.endswith("The program quit during the download.")
    assert Path(road.one().clip).read_bytes() == CLIP


def test_the_copy_of_one_clip_does_not_keep_another_clip_waiting(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    def named(part: Path, target: Path, waits_s: tuple[float, ...], real: Any = clips._name) -> None:
        if "watermarked" in target.name:
            raise Killed
        real(part, target, waits_s)

    intend(road)
    road.run(3600, until=Phase.FETCHED)
    intend(road, number=2)
    lanes, road.lanes = road.lanes, road.lanes[:2]
    road.run(60)
    road.lanes = lanes
    assert (road.one().awaits_marked, road.one("kob-2").phase) == (True, Phase.READY)
    monkeypatch.setattr(clips, "_name", named)
    with pytest.raises(Killed):  # the copy of the older one comes after the clip of the younger
        road.lanes[2].run_due()
    assert road.one("kob-2").phase is Phase.FETCHED


def test_what_earlier_versions_fetched_stays_over(road: Road) -> None:
    """They asked for the watermark as well, and never fetched the copy."""
    intend(road)
    done: list[Event] = [
        ev.Sent(at=1.0, digest="d"),
        ev.Accepted(at=1.0, task_id="1"),
        ev.event_from("Succeeded", {"at": 1.0, "charge_units": "3"}),
        ev.Fetched(at=1.0, path="/c.mp4", sha256="c", size_bytes=9),
    ]
    for event in done:
        road.journal.append("kob-1", event)
    assert road.one().is_at_rest
    assert road.journal.live() == ()


def test_another_key_of_the_account_goes_on_with_it(road: Road) -> None:
    intend(road)
    road.run(3600, until=Phase.FETCHED)
    elsewhere = replace(ORIGIN, key_fingerprint="another")
    road.journal.append("kob-1", ev.Placed(at=road.clock.now(), scene="Scene", strip="alley"))
    road.journal.append("kob-1", ev.Rebound(at=road.clock.now(), origin=elsewhere))
    road.run(60)  # rebound to the key in force, whose account knows the task
    until_at_rest(road)
    assert road.one().origin == ORIGIN
    assert_both(road)
