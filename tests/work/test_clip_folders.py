"""A folder that was frozen at submit is not the only place for a paid clip (item 11.6). Numbers of tries are those of
``work.clip_folder``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.journal import Journal
from tests.workshop.rehearsal_stand import Stand, mp4
from tests.workshop.sending_road import KEY, Road

REQUEST = OmniRequest(prompt="a fox", mode="std", aspect_ratio="16:9", duration_s=3)


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    settings = RehearsalSettings(folder=tmp_path / "server", submitted_s=2, processing_s=20, link_lifetime_s=10**7)
    with Stand(settings) as stand:
        road = Road(stand, tmp_path / "home", ApiKey(key=KEY))
        yield road
        for lane in road.lanes:
            lane.close()
        road.journal.close()


def intend(road: Road, target: Target) -> None:
    template = road.journal.history(road.intend(7))[0]
    assert isinstance(template, ev.Intended)
    road.journal.append("kob-7", ev.Withdrawn(at=road.clock.now(), reason="a template", exit_code=0))
    payload = replace(template.payload, external_task_id="kob-1")
    pieces = tuple(p.replace("kob-7", "kob-1") if isinstance(p, str) else p for p in payload.pieces)
    road.journal.begin(replace(template, payload=replace(payload, pieces=pieces), target=target))


def make_ready(road: Road) -> None:
    lanes, road.lanes = road.lanes, road.lanes[:2]
    road.run(3600, until=Phase.READY)
    road.lanes = lanes
    assert road.one().phase is Phase.READY, road.kinds()


def is_removed(folder: Path) -> None:
    shutil.rmtree(folder.parent)


def is_a_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_bytes(b"")


def is_a_link_to_nowhere(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to(folder.with_name("nowhere"))


@pytest.mark.parametrize("fails", [is_removed, is_a_file, is_a_link_to_nowhere])
def test_a_clip_whose_folder_fails_goes_to_the_homes_clips_and_says_so(
    road: Road, tmp_path: Path, fails: Callable[[Path], None]
) -> None:
    folder = tmp_path / "share" / "kling"
    folder.mkdir(parents=True)
    intend(road, Target(folder=str(folder), blend=str(tmp_path / "share" / "film.blend")))
    make_ready(road)
    fails(folder)
    road.run(3600, until=Phase.FETCHED)
    submission = road.one()
    assert submission.phase is Phase.FETCHED, submission.problem
    assert Path(submission.clip).parent == road.home / "clips"
    assert Path(submission.clip).read_bytes() == mp4()
    assert submission.note.startswith(f'Clips cannot be saved in "{folder}": ')
    assert submission.note.endswith(f'The clip is in "{road.home / "clips"}" instead.')
    assert road.kinds().count("FetchFailed") == 3, "a share may only be slow to come back"
    assert not (tmp_path / "share").exists() or fails is not is_removed, "what is away is not made anew"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("is_back", [True, False])
def test_a_clip_that_a_killed_process_named_elsewhere_says_so_whether_its_folder_is_back_or_not(
    is_back: bool, road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by kills (seed 20480): the tries before do not count any more, so nothing was said of it."""

    def dies(*_: object) -> None:
        raise Killed

    folder = tmp_path / "share" / "kling"
    intend(road, Target(folder=str(folder)))
    with monkeypatch.context() as patched:
        patched.setattr("kling_omni_addon.work.fetching._keep", dies)
        with pytest.raises(Killed):
            road.run(3600)
    assert road.kinds()[-1] == "Named"
    if is_back:
        folder.parent.mkdir()
    for lane in road.lanes:
        lane.close()
    road.start()
    road.run(3600, until=Phase.FETCHED)
    submission = road.one()
    assert Path(submission.clip).parent == road.home / "clips"
    assert Path(submission.clip).read_bytes() == mp4()
    here = f'The clip is in "{road.home / "clips"}"'
    assert submission.note.startswith(here if is_back else f'Clips cannot be saved in "{folder}": ')
    assert submission.note.endswith(
        f'from an earlier download, and not in "{folder}".' if is_back else f"{here} instead."
    )


def test_a_folder_that_comes_back_in_time_gets_its_clip(road: Road, tmp_path: Path) -> None:
    folder = tmp_path / "share" / "kling"
    intend(road, Target(folder=str(folder)))
    make_ready(road)
    road.lanes[2].run_due()
    assert f'Clips cannot be saved in "{folder}"' in road.one().problem
    folder.parent.mkdir()
    road.run(3600, until=Phase.FETCHED)
    assert Path(road.one().clip).parent == folder
    assert road.one().note == ""


def test_a_folder_is_made_anew_where_its_blend_is_still_there(road: Road, tmp_path: Path) -> None:
    blend = tmp_path / "film.blend"
    blend.write_bytes(b"BLENDER")
    folder = tmp_path / "kling" / "clips"
    intend(road, Target(folder=str(folder), blend=str(blend)))
    road.run(3600, until=Phase.FETCHED)
    assert Path(road.one().clip).parent == folder


def test_a_folder_that_vanishes_in_the_download_costs_no_clip(road: Road, tmp_path: Path) -> None:
    folder = tmp_path / "share" / "kling"
    folder.mkdir(parents=True)
    intend(road, Target(folder=str(folder)))
    make_ready(road)
    road.stand.server.arm("download-cut=100000")
    road.lanes[2].run_due()
    assert road.one().received == 100_000
    shutil.rmtree(folder.parent)
    road.run(3600, until=Phase.FETCHED)
    assert Path(road.one().clip).parent == road.home / "clips"
    assert Path(road.one().clip).read_bytes() == mp4()


def settings_of(road: Road) -> Settings:
    return Settings(service_url="http://127.0.0.1:9", keys=Keys(api_key=KEY), home=road.home, clips=road.home / "clips")


def test_a_clip_can_be_sent_elsewhere_and_goes_on_at_once(road: Road, tmp_path: Path) -> None:
    old, new = tmp_path / "old" / "kling", tmp_path / "new" / "deep" / "kling"
    old.mkdir(parents=True)
    intend(road, Target(folder=str(old)))
    make_ready(road)
    road.stand.server.arm("download-cut=100000")
    road.lanes[2].run_due()
    assert [path.suffix for path in old.iterdir()] == [".part"]
    with Session(settings_of(road)) as session:
        moved = session.send_clip_to("kob-1", new)
        assert (moved.target.folder, moved.failures, moved.problem) == (str(new), 0, "")
        assert list(old.iterdir()) == [], "what the old folder has of it is of no use"
        road.run(3600, until=Phase.FETCHED)
        assert Path(road.one().clip).parent == new
        with pytest.raises(ArgumentsInvalid, match="already downloaded"):
            session.send_clip_to("kob-1", old)
        with pytest.raises(ArgumentsInvalid, match=r"The clip folder of .* cannot be changed"):
            session.send_clip_to("kob-7", old)
        with pytest.raises(ArgumentsInvalid, match="no job"):
            session.send_clip_to("kob-8", old)


def test_it_can_be_sent_elsewhere_before_it_is_sent_at_all_and_a_restart_knows_it(road: Road, tmp_path: Path) -> None:
    intend(road, Target(folder=str(tmp_path / "old")))
    with Session(settings_of(road)) as session:
        session.send_clip_to("kob-1", tmp_path / "new")
        with pytest.raises(ArgumentsInvalid, match="Clips cannot be saved"):
            session.send_clip_to("kob-1", tmp_path / "home" / "journal.sqlite3")
    again = Journal(road.home / "journal.sqlite3")
    submission = again.load("kob-1")
    again.close()
    assert submission is not None
    assert (submission.phase, submission.target.folder) == (Phase.INTENDED, str(tmp_path / "new"))


@pytest.mark.parametrize("folder", ["file", "file/below", "relative", "a\0b", "x" * 300])
def test_a_folder_that_takes_no_clips_is_refused_before_anything_is_recorded(
    road: Road, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = folder if folder == "relative" else str(tmp_path / folder)
    with Session(settings_of(road)) as session:
        with pytest.raises(ArgumentsInvalid, match="Clips cannot be saved") as caught:
            session.submit(REQUEST, Target(folder=path))
        assert (caught.value.field, "Nothing was sent." in str(caught.value)) == ("folder", True)
        session.snapshot.refresh()
        assert session.snapshot.submissions == ()


def test_the_homes_own_folder_is_tried_too_and_a_good_one_is_left_empty(road: Road, tmp_path: Path) -> None:
    (road.home / "clips").write_bytes(b"")
    with Session(settings_of(road)) as session:
        with pytest.raises(ArgumentsInvalid, match="Clips cannot be saved"):
            session.submit(REQUEST)
        submission = session.submit(REQUEST, Target(folder=str(tmp_path / "a" / "b")))
        assert submission.phase is Phase.INTENDED
        assert list((tmp_path / "a" / "b").iterdir()) == []
