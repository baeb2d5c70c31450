"""A .blend that was saved before the code was divided into rooms opens with its settings, and its shots go on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon.blender import api
from kling_omni_addon.blender.host import sequencer
from kling_omni_addon.blender.host.sequencer import all_strips
from kling_omni_addon.blender.takes import takes
from kling_omni_addon.blender.timeline import stand_in
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.blender.timeline.provenance import clip_of
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.rehearsal.settings import API_KEY
from tests.workshop.before_the_rooms import Before, before

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the paths in the journal are POSIX"),
    pytest.mark.skipif(bpy.app.version < (4, 5, 0), reason="the file was saved by Blender 4.5"),
]

Scene = Any  # the stubs know one Blender, these tests run in several
HAVE_STAND_INS = ("FETCHED", "READY", "UNANSWERED", "ACCEPTED", "INTENDED")


@pytest.fixture
def there(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Before]:
    """The file, open with the add-on of today, beside its journal and its service."""
    with before() as there:
        for name, value in {"HOME": there.home, "BASE_URL": there.rehearsal.url, "API_KEY": API_KEY}.items():
            monkeypatch.setenv(f"KLING_{name}", str(value))
        kling_omni_addon.register()
        bpy.ops.wm.open_mainfile(filepath=str(there.place / "film" / "film.blend"))
        yield there
        kling_omni_addon.unregister()


def alley() -> Scene:
    return bpy.data.scenes["Alley"]


def value_of(value: Any) -> Any:
    """A property's value as ``make.py`` of the fixture wrote it down."""
    if isinstance(value, bpy.types.ID):
        return value.name
    if isinstance(value, bpy.types.PropertyGroup):
        names = (prop.identifier for prop in value.bl_rna.properties if prop.identifier != "rna_type")
        return {name: value_of(getattr(value, name)) for name in names}
    if hasattr(value, "foreach_get"):
        return [value_of(item) for item in value]
    return value


def is_there(then: Any, now: Any) -> bool:
    """Whether what was set then is set now, beside what there was not then."""
    if isinstance(then, dict):
        return all(is_there(value, now[name]) for name, value in then.items())
    if isinstance(then, list):
        return len(then) == len(now) and all(map(is_there, then, now))
    return bool(then == now)


def test_every_setting_of_its_shots_is_there(there: Before) -> None:
    for name, settings in there.told["shots"].items():
        assert is_there(settings, value_of(bpy.data.scenes[name].kling))
    assert alley().kling.words == "@image:lamp beside @element:Hero\nin the rain"


def test_its_stand_ins_become_their_clips_where_they_are(there: Before) -> None:
    ids = [there.id_of(phase) for phase in HAVE_STAND_INS]
    frames = {each: sequencer.start_of(find_strip(alley(), each)) for each in ids}
    assert all(stand_in.is_stand_in(find_strip(alley(), each)) for each in ids)
    assert {submission.phase for submission in api.wait(ids, timeout_s=120)} == {Phase.FETCHED}
    assert len(api.place_arrived()) == len(ids)
    for each in ids:
        strip = find_strip(alley(), each)
        assert not stand_in.is_stand_in(strip)
        assert (clip_of(strip), sequencer.start_of(strip)) == (Path(api.submission(each).clip), frames[each])
        assert api.submission(each).phase is Phase.PLACED
    waiting = {strip["kling_submission"] for strip in all_strips(alley()) if stand_in.is_stand_in(strip)}
    assert waiting == {there.id_of(phase) for phase in ("PARKED", "ABANDONED", "FAILED")}


def test_its_takes_can_be_switched_and_their_settings_loaded(there: Before) -> None:
    first, second = there.id_of("PLACED"), there.id_of("TAKE")
    api.submissions()
    strip = find_strip(alley(), second)
    alley().sequence_editor.active_strip = strip
    assert [take.submission for take in takes.takes_of(strip)] == [first, second]
    assert bpy.ops.kling.switch_take() == {"FINISHED"}
    assert clip_of(strip) == Path(api.submission(first).clip)
    assert bpy.ops.kling.load_settings() == {"FINISHED"}
    shot = alley().kling
    assert (shot.kind, shot.words, shot.mode, shot.duration_s) == ("FIRST", "a lamp, PLACED", "std", 3)
    assert Path(bpy.path.abspath(shot.first_frame)) == there.place / "film" / "first.png"
