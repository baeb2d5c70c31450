"""One press of Generate: how many takes, what is asked first, and what a cap lets through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import account, opening, snapshots
from kling_omni_addon.blender.host.sequencer import strips_of
from kling_omni_addon.blender.panels import generate
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.properties import put_picture
from kling_omni_addon.blender.shot.reading import read_wish
from kling_omni_addon.blender.submissions import acts, confirming
from kling_omni_addon.blender.takes import takes
from kling_omni_addon.core.account import Pack
from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.media import PictureRef
from kling_omni_addon.core.provenance import shot_id_of
from kling_omni_addon.work import sidecar
from kling_omni_addon.work.picture_store import PictureStore
from tests.workshop.layout import Layout
from tests.workshop.rehearsal_stand import png

Scene = Any


@pytest.fixture
def set_up(unsent_shot: Scene) -> Scene:
    """It has a name, and nothing was pressed before."""
    unsent_shot.kling.shot_name = "alley"
    acts.last_press.forget()
    return unsent_shot


def test_takes_are_clips_of_one_shot_with_one_placeholder(set_up: Scene) -> None:
    set_up.kling.takes = 3
    assert bpy.ops.kling.submit() == {"FINISHED"}
    made = snapshots.submissions()
    assert {shot_id_of(submission) for submission in made} == {made[0].id}
    assert [submission.target.has_stand_in for submission in made] == [True, False, False]
    assert len({submission.payload.external_task_id for submission in made}) == 3
    assert len(strips_of(set_up)) == 1


def test_a_double_click_makes_the_takes_once(set_up: Scene) -> None:
    set_up.kling.takes = 2
    bpy.ops.kling.submit()
    assert bpy.ops.kling.submit() == {"CANCELLED"}
    assert len(snapshots.submissions()) == 2


def test_takes_of_a_shot_that_is_there_are_all_takes_of_that_shot(set_up: Scene) -> None:
    set_up.kling.takes, set_up.kling.take_of = 2, "kob-first"
    bpy.ops.kling.submit()
    assert [submission.target.shot for submission in snapshots.submissions()] == ["kob-first", "kob-first"]


def test_takes_that_cannot_all_be_recorded_say_how_many_were(set_up: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    session, left = opening.session(), [True]
    submit = session.submit_together

    def once(*asked: Any, **named: Any) -> Any:
        if left:
            left.pop()
            return submit(*asked, **named)
        raise KlingError("The disk is full.")

    monkeypatch.setattr(session, "submit_together", once)
    set_up.kling.takes = 3
    with pytest.raises(RuntimeError, match="Submitted 1 of 3 takes; the others not: The disk is full"):
        bpy.ops.kling.submit()
    assert len(snapshots.submissions()) == 1


@pytest.mark.parametrize("again", [False, True])
def test_a_press_keeps_each_image_once_for_all_takes(
    set_up: Scene, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    keep = PictureStore.keep_files

    def keep_and_note(store: PictureStore, paths: Iterable[Path], field: str) -> dict[Path, PictureRef]:
        found = keep(store, paths, field)
        kept.extend(path.name for path in found)
        return found

    monkeypatch.setattr(PictureStore, "keep_files", keep_and_note)
    set_up.kling.kind, set_up.kling.takes = "FRAMES", 2
    for use, name in (("FIRST", "dawn.png"), ("END", "dusk.png")):
        (tmp_path / name).write_bytes(png(640, 360))
        put_picture(set_up, use, str(tmp_path / name), "File")
    assert bpy.ops.kling.submit(again=again) == {"FINISHED"}
    assert len(snapshots.submissions()) == 2
    assert kept == ["dawn.png", "dusk.png"]


def test_a_press_over_a_cap_adds_nothing(set_up: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_DAILY_CAP", "10")
    set_up.kling.takes = 4
    with pytest.raises(RuntimeError, match="the daily limit of 10 units would be exceeded"):
        bpy.ops.kling.submit(again=True)
    assert (snapshots.submissions(), list(strips_of(set_up))) == ((), [])
    set_up.kling.takes = 3
    assert bpy.ops.kling.submit(again=True) == {"FINISHED"}
    set_up.kling.takes, set_up.kling.prompt = 1, "another fox"
    with pytest.raises(RuntimeError, match="up to 9 used or queued"):
        bpy.ops.kling.submit(again=True)
    assert len(snapshots.submissions()) == 3


def test_the_price_on_the_button_is_that_of_all_takes(set_up: Scene) -> None:
    set_up.kling.takes = 3
    layout = Layout()
    generate.draw_generate(layout, bpy.context)  # type: ignore[arg-type]
    assert "Generate   9.0 units" in layout.labels


def test_what_is_asked_first_names_the_shot_what_it_costs_and_what_is_left(
    set_up: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "confirm_units", lambda: 5)
    wish = read_wish(set_up)
    assert confirming.question_of_shot(wish, 1) == ""
    pack = Pack(name="p", total=Decimal(200), remaining=Decimal(118), status="online", ends_at=0.0)
    monkeypatch.setattr(account.balance, "answer", (pack,))
    assert confirming.question_of_shot(wish, 2) == (
        '"alley": 2 takes, each 5 s, Standard 720p. This costs 6 units (list price $0.84). 118 units are left.'
    )


def test_generate_is_gray_until_the_shot_was_judged(set_up: Scene) -> None:
    judging.forget()
    enabled: list[bool] = []

    class Gray(Layout):
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "enabled":
                enabled.append(value)
            object.__setattr__(self, name, value)

    generate.draw_generate(Gray(), bpy.context)  # type: ignore[arg-type]
    judging.judge(set_up)
    generate.draw_generate(Gray(), bpy.context)  # type: ignore[arg-type]
    assert enabled == [False, True]


def test_all_that_is_wrong_is_one_report(set_up: Scene, tmp_path: Path) -> None:
    set_up.kling.prompt, set_up.kling.kind = "", "FIRST"
    with pytest.raises(RuntimeError) as raised:
        bpy.ops.kling.submit()
    told = str(raised.value)
    assert "first frame" in told
    assert told.count("Error: ") == 1


def test_a_take_that_comes_first_fills_a_fitted_placeholder_as_long_as_that_is(
    set_up: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[int] = []
    monkeypatch.setattr(takes, "show_take", lambda _scene, _strip, _take, fit_frames=0: fitted.append(fit_frames))
    monkeypatch.setattr(sidecar, "keep_missing", lambda _submission: None)
    set_up.kling.fit_frames, set_up.kling.fit_start, set_up.kling.takes = 100, set_up.frame_current, 2
    bpy.ops.kling.submit()
    first, second = snapshots.submissions()
    takes.put_on_strip(replace(second, clip="/clips/second.mp4"))
    assert (first.target.fit_frames, fitted) == (100, [100])
