"""Where the home is that nobody names, played for Windows and the Blender of its Store: real folders and journals."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon import usual_home
from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.doctor.folders import look_at_home
from kling_omni_addon.doctor.patient import Patient
from kling_omni_addon.settings import Preferred, home_folder
from kling_omni_addon.work.journal import Journal

FAMILY = "BlenderFoundation.Blender_ppwjx1n5r4v9t"
NOBODY: Mapping[str, str] = {}


class Windows:
    """A user's folders on a played Windows. In the Store's Blender the data folder is the one of its package."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.profile, self.data = folder / "Ann", folder / "Ann" / "AppData" / "Local"
        self.private = self.data / "Packages" / FAMILY / "LocalCache" / "Local" / "kling-omni"
        self.lasting, self.usual = self.profile / "kling-omni", self.data / "kling-omni"
        self.private.parent.mkdir(parents=True)
        self._patch = monkeypatch
        monkeypatch.setattr(usual_home, "_IS_WINDOWS", True)
        monkeypatch.setenv("HOME", str(self.profile))
        monkeypatch.setenv("LOCALAPPDATA", str(self.data))
        self.run("")

    def run(self, family: str) -> None:
        """A program of a package of the Store, or one that was installed otherwise."""
        self._patch.setattr(usual_home, "_package_family", lambda: family)
        self._patch.setenv("XDG_DATA_HOME", str(self.private.parent if family else self.data))


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Windows:
    return Windows(tmp_path, monkeypatch)


def with_a_job(home: Path) -> Path:
    """A home with one job in its journal, and its clip, as an earlier version leaves it."""
    payload = Payload(external_task_id="kob-1", model="m", pieces=("{}",))
    origin = ev.Origin(service="s", key_fingerprint="k")
    with closing(Journal(home / "journal.sqlite3")) as journal:
        journal.begin(ev.Intended(at=1.0, payload=payload, origin=origin, target=ev.Target()))
    (home / "clips").mkdir()
    (home / "clips" / "alley.mp4").write_bytes(b"a paid clip")
    return home


def knows(home: Path) -> bool:
    with closing(Journal(home / "journal.sqlite3")) as journal:
        return journal.knows("kob-1")


def test_without_the_store_the_home_is_in_the_data_folder(windows: Windows) -> None:
    assert home_folder(NOBODY) == windows.usual
    assert usual_home.brought_home() == ""


def test_the_stores_blender_begins_in_the_profile_folder(windows: Windows) -> None:
    windows.run(FAMILY)
    assert home_folder(NOBODY) == windows.lasting
    assert usual_home.brought_home() == ""


def test_a_command_line_outside_finds_the_home_of_the_stores_blender(windows: Windows) -> None:
    with_a_job(windows.lasting)
    assert home_folder(NOBODY) == windows.lasting
    with_a_job(windows.usual)
    assert home_folder(NOBODY) == windows.usual, "an installed Blender has its own"


def test_what_an_earlier_version_left_in_the_package_is_moved_once_with_all_that_is_in_it(windows: Windows) -> None:
    windows.run(FAMILY)
    with_a_job(windows.private)
    assert home_folder(NOBODY) == windows.private, "until it is moved it stays in use"
    assert usual_home.brought_home() == (
        f'The job history was moved to "{windows.lasting}", where it stays when Blender is uninstalled.'
    )
    assert home_folder(NOBODY) == windows.lasting
    assert knows(windows.lasting)
    assert usual_home.brought_home() == ""


def test_a_clip_is_still_found_by_the_path_that_a_blend_file_has_and_outlives_the_package(windows: Windows) -> None:
    windows.run(FAMILY)
    with_a_job(windows.private)
    usual_home.brought_home()
    assert (windows.private / "clips" / "alley.mp4").read_bytes() == b"a paid clip"
    (windows.private / "clips" / "alley.mp4").unlink()
    assert (windows.lasting / "clips" / "alley.mp4").read_bytes() == b"a paid clip"


def test_an_earlier_version_can_begin_no_second_journal_where_the_old_one_was(windows: Windows) -> None:
    windows.run(FAMILY)
    with_a_job(windows.private)
    usual_home.brought_home()
    with pytest.raises(JournalUnusable):
        Journal(windows.private / "journal.sqlite3")


def test_while_another_process_has_the_journal_open_everybody_stays_with_it(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows.run(FAMILY)
    with_a_job(windows.private)
    real = Path.rename

    def refuse(path: Path, _target: Path) -> Any:
        raise PermissionError(13, f"The process cannot access {path}")

    monkeypatch.setattr(Path, "rename", refuse)
    assert usual_home.brought_home() == ""
    assert home_folder(NOBODY) == windows.private
    (told,) = look_at_home(Patient(environment={}))
    assert (told.result, "is deleted when Blender is uninstalled" in told.says) == ("warning", True)
    monkeypatch.setattr(Path, "rename", real)
    assert usual_home.brought_home()
    assert knows(windows.lasting)


def test_a_folder_of_that_name_that_is_no_home_takes_no_job_out_of_sight(windows: Windows) -> None:
    windows.run(FAMILY)
    with_a_job(windows.private)
    (windows.lasting / ".git").mkdir(parents=True)
    assert usual_home.brought_home() == ""
    assert home_folder(NOBODY) == windows.private
    assert knows(windows.private)
    (told,) = look_at_home(Patient(environment={}))
    assert (told.result, "rename any other folder" in told.remedy) == ("warning", True)
    windows.lasting.rename(windows.profile / "clone")
    assert usual_home.brought_home()
    assert knows(windows.lasting)


def test_a_home_that_somebody_named_stays(windows: Windows, tmp_path: Path) -> None:
    windows.run(FAMILY)
    mine, preferred = tmp_path / "mine", Preferred(values={"KLING_HOME": str(tmp_path / "preferred")})
    assert home_folder({"KLING_HOME": str(mine)}, preferred) == mine
    assert home_folder(NOBODY, preferred) == tmp_path / "preferred"


def test_a_command_in_the_stores_blender_moves_it_and_says_so(
    windows: Windows, capsys: pytest.CaptureFixture[str]
) -> None:
    windows.run(FAMILY)
    with_a_job(windows.private)
    assert main(["status"], environment=os.environ | {"KLING_HOME": ""}) == 0
    said = capsys.readouterr()
    assert "kob-1" in said.out
    assert said.err.startswith("kling: The job history was moved to")
