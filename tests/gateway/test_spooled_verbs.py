"""The verbs of a spool, as workers and gateways call them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kling_omni_addon.gateway.spool import slot_of
from tests.workshop.places import ROOT
from tests.workshop.processes import CRASHING, KILLED, OTHER_KEY
from tests.workshop.rehearsal_stand import png

from .conftest import Studio

PAGE = (ROOT / "docs" / "td" / "gateway.md").read_text("utf-8")


def test_a_request_takes_its_pictures_along(studio: Studio) -> None:
    (studio.folder / "first.png").write_bytes(png(640, 360))
    request = studio.request(image_list=[{"image_url": "first.png", "type": "first_frame"}])
    assert studio.submit("sh010", request).code == 0
    (studio.folder / "first.png").unlink()
    assert studio.gateway().code == 0
    waited = studio.wait("sh010")
    (clip,) = studio.clips
    assert waited.lines[-1]["clip"] == clip.name
    assert waited.lines[-1]["charge_units"]
    assert f"Saved: '{clip}'" in waited.errors
    assert clip.with_suffix(".json").is_file()


def test_a_task_that_failed_ends_the_wait_and_asked_for_again_it_is_the_next_attempt(studio: Studio) -> None:
    unlucky = studio.request(prompt="waves rehearse-fail")
    ids = set()
    for _ in range(2):
        assert studio.submit("sh010", unlucky).code == 0
        assert studio.gateway().code == 4
        waited = studio.wait("sh010")
        assert (waited.code, waited.lines[-1]["standing"]) == (4, "failed")
        ids.add(waited.lines[-1]["id"])
    assert (len(ids), studio.creates, len(studio.aside)) == (2, 2, 2)


def test_what_the_gateways_limits_forbid_is_refused_with_every_problem(studio: Studio) -> None:
    studio.put("sh010")
    waiting = studio.spool / "requests" / "sh010.json"
    asked = json.loads(waiting.read_text())
    waiting.write_text(json.dumps(asked | {"body": asked["body"] | {"duration": "99", "mode": "vast"}}))
    assert studio.gateway().code == 2
    waited = studio.wait("sh010")
    assert (waited.code, waited.lines[-1]["standing"]) == (2, "refused")
    assert {problem["path"] for problem in waited.lines[-1]["problems"]} == {"duration", "mode"}
    assert (studio.creates, studio.waiting, len(studio.aside)) == (0, [], 1)


def test_a_clip_that_was_taken_away_is_handed_over_again_and_costs_nothing(studio: Studio) -> None:
    studio.submit("sh010")
    studio.gateway()
    studio.clips[0].unlink()
    assert studio.wait("sh010").code == 5
    assert studio.submit("sh010").code == 0
    assert studio.gateway().code == 0
    assert studio.wait("sh010").code == 0
    assert (studio.creates, len(studio.clips)) == (1, 1)


def test_a_cap_keeps_it_in_the_spool_until_a_gateway_may_send_it(studio: Studio) -> None:
    studio.submit("sh010")
    assert studio.with_settings(KLING_DAILY_CAP="0.1").gateway().code == 2
    waited = studio.wait("sh010", seconds=0)
    assert (waited.code, waited.lines[-1]["standing"], studio.creates) == (6, "needs a person", 0)
    assert studio.gateway().code == 0
    assert studio.wait("sh010").code == 0


def test_a_wait_without_a_gateway_ends_with_still_running(studio: Studio) -> None:
    studio.submit("sh010")
    assert studio.wait("sh010", seconds=1).code == 6


@pytest.mark.parametrize(
    ("arguments", "field", "sentence"),
    [
        (["submit", "shot.json", "--spool", "spool"], "once", "needs a name"),
        (["submit", "shot.json", "--spool", "spool", "--once", "a", "--again"], "again", "cannot be combined"),
        (["submit", "shot.json", "--spool", "spool", "--once", "a", "--clips", "c"], "clips", "The gateway sets it"),
        (
            ["submit", "shot.json", "--spool", "spool", "--once", "a", "--service", "kling"],
            "service",
            "The gateway sets it",
        ),
        (["submit", "shot.json", "--spool", "nowhere", "--once", "a"], "spool", "is no spool"),
        (["submit", "own.json", "--spool", "spool", "--once", "a"], "once", "external_task_id"),
        (["wait", "never", "--spool", "spool"], "id", 'no request "never"'),
        (["wait", "sh010", "--spool", "nowhere"], "spool", "is no spool"),
        (["wait", "sh010", "--spool", "spool", "--service", "kling"], "service", "The gateway sets it"),
        (["gateway", "--status", "--spool", "nowhere"], "spool", "is no spool"),
        (["gateway", "--spool", "shot.json"], "spool", "cannot be used as a spool"),
        (["gateway"], "arguments", "--spool"),
    ],
)
def test_bad_input_is_a_sentence_and_leaves_nothing(
    arguments: list[str], field: str, sentence: str, studio: Studio
) -> None:
    studio.request()
    studio.request("own", external_task_id="mine")
    places = {name: str(studio.folder / name) for name in ("shot.json", "own.json", "spool", "nowhere")}
    said = studio.worker(*(places.get(each, each) for each in arguments))
    assert (said.code, said.lines[-1]["field"]) == (2, field)
    assert sentence in said.errors
    assert "Traceback" not in said.errors
    assert studio.waiting == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="the page's commands are those of a shell")
def test_the_commands_of_the_page_do_what_it_says(studio: Studio) -> None:
    serve, ask, look = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    studio.request()
    (studio.folder / "ask.py").write_text(script.replace("A storm", f"A storm {studio.folder.name}"))
    text = f"""
        set -e -m
        blender() {{ shift 2; {sys.executable} -m kling_omni_addon "$@"; }}
        {serve.strip()} & gateway=$!
        trap 'kill -- -$gateway' EXIT
        until [ -e spool/owners/000001/heartbeat.json ]; do sleep 0.1; done
        {ask}{look}
        {sys.executable} ask.py
    """
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=studio.folder,
        env=studio.environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done
    assert '"is_served": true' in done.stdout
    assert [Path(line).name for line in done.stdout.splitlines() if line.startswith("done ")] == [
        clip.name for clip in studio.clips if clip.name.startswith("sh020")
    ]
    assert studio.creates == 2


def test_what_another_key_has_waits_for_a_person_with_the_reason(studio: Studio) -> None:
    studio.put("sh010")
    assert studio.gateway("after-Sent", script=CRASHING).code == KILLED
    assert studio.with_settings(**OTHER_KEY).gateway().code == 3
    waited = studio.wait("sh010", seconds=1)
    assert waited.lines[-1]["standing"] == "needs a person"
    assert "was sent with another key" in waited.lines[-1]["problem"]
    assert studio.creates == 0
    assert studio.gateway().code == 0, "with its own key it goes on"
    assert (studio.creates, len(studio.clips)) == (1, 1)


def test_a_request_whose_name_is_no_text_stops_no_gateway(studio: Studio) -> None:
    """A worker of an older version, or a script, may have put it there: a file name that is not in UTF-8."""
    studio.put("sh010")
    good = studio.spool / "requests" / "sh010.json"
    key = os.fsdecode(b"caf\xe9")
    bad = good.with_name(f"{slot_of(key)}.json")
    bad.write_text(json.dumps(json.loads(good.read_text()) | {"key": key}))
    assert studio.gateway().code == 2
    assert (studio.creates, len(studio.clips), studio.waiting) == (1, 1, [])


def test_a_gateway_that_begins_anew_sends_nothing_a_third_time(studio: Studio) -> None:
    studio.put("sh010")
    for _ in range(2):
        studio.rehearsal.ask("POST", "/rehearsal/faults", {"name": "swallowed", "argument": 0})
    quick = studio.with_settings(KLING_LOOK_WINDOW_S="0")
    before = studio.rehearsal.stats()["posts"]
    for _ in range(3):
        assert quick.gateway().code == 5
    assert studio.rehearsal.stats()["posts"] - before == 2
