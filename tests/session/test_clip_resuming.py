"""Downloads on the whole road: journal, worker, service and rehearsal server, over processes and over days.

Numbers are those of the list of faults in ``docs/reliability.md``.
"""

from __future__ import annotations

import resource
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.crew import Progress
from kling_omni_addon.work.filing import mark_of
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.leases import LEASE_S
from tests.workshop.rehearsal_stand import Stand, mp4
from tests.workshop.sending_road import KEY, Road

CLIP = mp4()
SIZE = len(CLIP)
DAY_S = 86_400.0


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    settings = RehearsalSettings(
        folder=tmp_path / "server", submitted_s=2, processing_s=20, link_lifetime_s=100 * DAY_S
    )
    with Stand(settings) as stand:
        yield stand


@pytest.fixture
def road(stand: Stand, tmp_path: Path) -> Iterator[Road]:
    road = Road(stand, tmp_path / "home", ApiKey(key=KEY))
    road.intend()
    yield road
    close(road)
    road.journal.close()


def close(road: Road) -> None:
    for lane in road.lanes:
        lane.close()


def another_process(road: Road) -> None:
    """What a restart leaves: the journal and the files."""
    close(road)
    road.start()


def make_ready(road: Road) -> None:
    """Until a clip is ready, and not a step further."""
    lanes, road.lanes = road.lanes, road.lanes[:2]
    road.run(3600, until=Phase.READY)
    road.lanes = lanes
    assert road.one().phase is Phase.READY, road.kinds()


def fetching_once(road: Road) -> None:
    """Until a clip is ready, and one try to download it."""
    make_ready(road)
    road.lanes[2].run_due()


def assert_fetched(road: Road, *, bytes_served: int = SIZE) -> None:
    road.run(3600, until=Phase.FETCHED)
    submission = road.one()
    assert submission.phase is Phase.FETCHED, submission.problem
    assert Path(submission.clip).read_bytes() == CLIP
    assert [path.name for path in Path(submission.clip).parent.iterdir()] == [Path(submission.clip).name]
    assert road.stand.stats()["download_bytes"] == bytes_served


def received(road: Road) -> list[int]:
    return [event.offset for event in road.journal.history("kob-1") if isinstance(event, ev.Received)]


def test_fault_34_a_download_that_is_cut_goes_on_in_the_next_process(road: Road) -> None:
    cuts = [100_000, 1, 150_000]
    for cut in cuts:
        road.stand.server.arm(f"download-cut={cut}")
        fetching_once(road)
        another_process(road)
        road.clock.hand.now += 600
    assert road.one().received == sum(cuts)
    assert_fetched(road)
    assert received(road) == [100_000, 100_001, 250_001, SIZE]
    assert road.kinds().count("Receiving") == 1


FILE_FAULTS = {
    "35": "range-ignored",
    "36": "etag-changed",
    "37 wrong": "wrong-content-range",
    "37 unsatisfiable": "range-416",
    "40 short": "body-short",
    "40 long": "body-long",
    "40 none": "no-length",
    "41 cut": "clip-cut",
    "41 HTML": "html-instead-of-clip",
    "41 ZIP": "zip-instead-of-clip",
    "41 nothing": "zero-bytes",
    "42 http": "redirect",
    "42 file": "redirect=file:///etc/passwd",
    "42 link-local": "redirect=https://169.254.169.254/clip.mp4",
    "43 10 GB": "huge-length",
    "43 bomb": "gzip-bomb@file",
    "34 reset": "download-reset",
    "38": "link-403",
    "39 early": "file-404",
}


ONLY_PARTS = ("range-ignored", "wrong-content-range", "range-416")


@pytest.mark.parametrize("is_begun", [False, True], ids=["from the start", "in the middle"])
@pytest.mark.parametrize("fault", FILE_FAULTS.values(), ids=FILE_FAULTS.keys())
def test_faults_34_to_43_end_in_the_right_file(road: Road, fault: str, *, is_begun: bool) -> None:
    if is_begun:
        road.stand.server.arm("download-cut=100000")
        fetching_once(road)
    road.stand.server.arm(fault)
    road.run(3600, until=Phase.FETCHED)
    submission = road.one()
    assert submission.phase is Phase.FETCHED, submission.problem
    assert Path(submission.clip).read_bytes() == CLIP
    armed = road.stand.get("/rehearsal/faults").json()["armed"]
    assert armed == [] or (fault in ONLY_PARTS and not is_begun)
    names = {path.name for path in Path(submission.clip).parent.iterdir()}
    rejected = f"{Path(submission.clip).name}.{mark_of(submission)}.rejected"
    assert names <= {Path(submission.clip).name, rejected}
    assert submission.charge_units
    assert road.creates() == 1


def test_fault_38_an_expired_link_is_asked_for_anew_and_the_download_goes_on(road: Road) -> None:
    road.stand.server.arm("download-cut=100000")
    fetching_once(road)
    road.clock.hand.now += 60
    road.stand.server.arm("link-403")
    road.lanes[2].run_due()
    assert road.kinds()[-1] == "LinkExpired"
    assert_fetched(road)
    assert road.kinds()[-5:] == ["LinkExpired", "Succeeded", "Received", "Named", "Fetched"]


def test_fault_39_a_clip_that_is_gone_after_30_days_has_expired_and_its_cost_is_kept(road: Road) -> None:
    make_ready(road)
    charge = road.one().charge_units
    road.stand.server.arm("file-404:100")
    road.clock.hand.now += 29 * DAY_S
    road.lanes[2].run_due()
    assert (road.one().phase, road.kinds()[-1]) == (Phase.READY, "FetchFailed")
    road.clock.hand.now += 2 * DAY_S
    road.lanes[2].run_due()
    assert road.one().phase is Phase.READY, "one answer proves nothing: the clock may have been wrong"
    road.run(3600)
    submission = road.one()
    assert submission.phase is Phase.FAILED
    assert "The clip has expired" in submission.problem
    assert charge
    assert submission.charge_units == charge


def test_giving_up_takes_the_partial_file_away_and_looking_again_fetches_the_whole_clip(road: Road) -> None:
    road.stand.server.arm("download-cut=100000")
    fetching_once(road)
    assert [path.suffix for path in clips_of(road)] == [".part"]
    settings = Settings(
        service_url="http://127.0.0.1:9", keys=Keys(api_key=KEY), home=road.home, clips=road.home / "clips"
    )
    with Session(settings) as session:
        session.abandon("kob-1")
    assert clips_of(road) == []
    road.journal.append("kob-1", ev.LookAgain(at=road.clock.now()))
    assert_fetched(road, bytes_served=100_000 + SIZE)


def test_a_download_that_runs_while_it_is_given_up_leaves_no_file_behind(road: Road) -> None:
    class GivingUp:
        def put(self, progress: Progress) -> None:
            assert [path.suffix for path in clips_of(road)] == [".part"]
            road.journal.append("kob-1", ev.Abandoned(at=road.clock.now(), reason="enough"))

    make_ready(road)
    road.lanes[2]._crew.messages = GivingUp()  # type: ignore[assignment]
    road.lanes[2].run_due()
    assert road.one().phase is Phase.ABANDONED
    assert clips_of(road) == []


def clips_of(road: Road) -> list[Path]:
    return list((road.home / "clips").iterdir())


def test_fault_41_a_useless_file_that_comes_again_and_again_is_fetched_ever_more_rarely(road: Road) -> None:
    road.stand.server.arm("zip-instead-of-clip:1000")
    road.run(3600)
    assert road.one().phase is Phase.READY
    assert 10 <= road.kinds().count("FetchFailed") <= 25


def test_fault_45_a_full_disk_at_the_commit_point_sends_nothing(road: Road) -> None:
    journal = road.home / "journal.sqlite3"
    Journal(journal).close()
    largest = max(path.stat().st_size for path in journal.parent.glob("journal*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    lease = road.journal.claim("kob-1", road.clock.now())
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(largest // 2, 1), hard))
    try:
        with pytest.raises(JournalUnusable):
            road.service().submit(
                road.one().payload,
                lambda: void(road.journal.append("kob-1", ev.Sent(at=road.clock.now(), digest="d"), lease)),
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert road.creates() == 0
    assert road.kinds() == ["Intended"]
    assert_fetched(road)
    assert road.creates() == 1


def void(_value: object) -> None:
    return


def test_fault_46_a_full_disk_pauses_the_download_with_a_sentence(road: Road) -> None:
    large = CLIP + struct.pack(">I4s", 2_000_000, b"free") + bytes(1_999_992)
    road.stand.clips.clip.write_bytes(large)
    make_ready(road)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in road.home.glob("journal*"))
    room = largest + 300_000  # enough for the journal, not for the clip
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        road.lanes[2].run_due()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    submission = road.one()
    assert (submission.phase, submission.received) == (Phase.READY, room)
    assert submission.problem == "The clip cannot be saved: File too large."
    road.run(3600, until=Phase.FETCHED)
    assert Path(road.one().clip).read_bytes() == large


def test_fault_61_a_process_that_lost_its_lease_stops_writing_and_imports_nothing(road: Road) -> None:
    make_ready(road)
    other = Journal(road.home / "journal.sqlite3", owner="another-machine:7")
    fetch = road.lanes[2]._service.fetch

    def frozen(*arguments: object) -> object:
        road.clock.hand.now += 600
        other.claim("kob-1", road.clock.now() - LEASE_S)  # it watches the lease for its whole time
        assert other.claim("kob-1", road.clock.now())
        return fetch(*arguments)  # type: ignore[arg-type]

    road.lanes[2]._service.fetch = frozen  # type: ignore[method-assign,assignment]
    road.lanes[2].run_due()
    assert road.one().phase is Phase.READY
    assert "Receiving" not in road.kinds()
    assert list((road.home / "clips").glob("*.mp4")) == []
    other.close()


def test_abandoning_stops_a_download_at_its_next_record(road: Road) -> None:
    make_ready(road)
    fetch = road.lanes[2]._service.fetch

    def abandoned(*arguments: object) -> object:
        road.journal.append("kob-1", ev.Abandoned(at=road.clock.now(), reason="no longer wanted"))
        return fetch(*arguments)  # type: ignore[arg-type]

    road.lanes[2]._service.fetch = abandoned  # type: ignore[method-assign,assignment]
    road.lanes[2].run_due()
    assert road.kinds()[-1] == "Abandoned"
    assert list((road.home / "clips").glob("*.mp4")) == []


def test_no_link_is_in_the_journal_after_cuts_and_refusals(road: Road) -> None:
    for fault in ("download-cut=100000", "link-403", "file-404", "zero-bytes"):
        road.stand.server.arm(fault)
    road.run(3600, until=Phase.FETCHED)
    assert road.one().phase is Phase.FETCHED
    everything = b"".join(path.read_bytes() for path in road.home.glob("journal*"))
    assert b"kob-1" in everything
    assert b"sig=" not in everything
    assert b"/files/" not in everything
