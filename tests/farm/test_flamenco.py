"""The Flamenco job type: compiled in a JavaScript engine against what Flamenco documents, and its commands run. No
Flamenco Manager takes part.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.workshop.places import ROOT, TESTS

from .farm import SECONDS, Farm

dukpy: Any = pytest.importorskip("dukpy", reason="has no wheel for this Python")
SCRIPT = ROOT / "docs" / "farm" / "flamenco" / "kling_omni_shots.js"
AROUND = TESTS / "farm" / "flamenco_author.js"
TYPES = {"string": str, "int32": int}
KNOWN = {"key", "type", "subtype", "required", "choices", "default", "propargs", "description"}


def evaluated(expression: str, **values: Any) -> Any:
    """A value of the script, once it was loaded as Flamenco loads it."""
    return dukpy.evaljs([AROUND.read_text("utf-8"), SCRIPT.read_text("utf-8"), expression], **values)


def compiled(**settings: Any) -> list[dict[str, Any]]:
    """The tasks of a job, with the defaults of what the artist leaves as it is."""
    given = {"manifest": "shots.csv", "frames": "frames", "spool": "spool", "edit": "edit.blend", "otio": "edit.otio"}
    defaults = {each["key"]: each["default"] for each in evaluated("JOB_TYPE")["settings"] if "default" in each}
    tasks: list[dict[str, Any]] = evaluated('compiled(dukpy["settings"])', settings=defaults | given | settings)
    return tasks


def run_tasks(farm: Farm, tasks: list[dict[str, Any]]) -> list[int]:
    """As a worker does: each command directly, without a shell, when all that it depends on has succeeded."""
    codes: dict[str, int] = {}
    for task in tasks:
        assert all(codes[name] == 0 for name in task["after"])
        (command,) = task["commands"]
        assert command["name"] == "exec"
        words = [command["parameters"]["exe"].replace("{blender}", "blender"), *command["parameters"]["args"]]
        codes[task["name"]] = farm.shell(f"exec {' '.join(words)}").returncode
    return list(codes.values())


def test_the_settings_are_such_as_flamenco_knows() -> None:
    job_type = evaluated("JOB_TYPE")
    assert set(job_type) == {"label", "settings"}
    for setting in job_type["settings"]:
        assert set(setting) <= KNOWN
        assert isinstance(setting.get("default", TYPES[setting["type"]]()), TYPES[setting["type"]])
        assert setting["description"]
        assert not setting["description"].endswith(".")


def test_frames_are_divided_and_submitted_when_all_are_there() -> None:
    tasks = compiled(parts=2, most_units=20)
    assert [(task["name"], task["type"], task["after"]) for task in tasks] == [
        ("frames-1", "blender", []),
        ("frames-2", "blender", []),
        ("submit", "misc", ["frames-1", "frames-2"]),
    ]
    assert [task["commands"][0]["parameters"]["args"][-1] for task in tasks] == ["1/2", "2/2", "--hand-over"]


def test_the_tasks_make_the_clips_and_the_edit(farm: Farm) -> None:
    keys = farm.write(2)
    assert run_tasks(farm, compiled(parts=1, most_units=20)) == [0, 0]
    edit = compiled(stage="collect")
    assert run_tasks(farm, edit) == [6]
    assert farm.gateway_until_empty().code == 0
    assert run_tasks(farm, edit) == [0]
    assert farm.strips() == [(key, 1 + place * SECONDS * 24) for place, key in enumerate(keys)]
    assert farm.creates == 2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"parts": 0}, "at least one part"), ({"stage": "render"}, 'no stage "render"')],
)
def test_a_job_that_would_do_nothing_is_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(dukpy.JSRuntimeError, match=sentence):
        compiled(**settings)
