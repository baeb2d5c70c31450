"""kill -9 of the gateway, or of a worker, at any named moment, then started again: each shot is paid once, and its clip
is handed over once.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.workshop.processes import CRASHING, KILLED

from .conftest import KEYS, Studio

CRASHING_GATEWAY = Path(__file__).with_name("crashing_gateway.py")
OF_SUBMISSION = (
    "after-Intended",
    "after-Sent",
    "last-byte-gone",
    "after-Accepted",
    "mid-download",
)
OF_SPOOL = (
    "request-taken",
    "progress-said",
    "clip-half-copied",
    "clip-copied",
    "last-word-unsaid",
    "last-word-said",
    "request-gone",
)


def killed_and_begun_anew(studio: Studio, moment: str, *, is_elsewhere: bool) -> None:
    for key in KEYS:
        studio.put(key)
    script = CRASHING if moment in OF_SUBMISSION else CRASHING_GATEWAY
    assert studio.gateway(moment, script=script).code == KILLED
    next_one = studio.elsewhere() if is_elsewhere else studio
    assert next_one.gateway().code == 0
    waited = studio.wait(*KEYS)
    assert (waited.code, waited.errors.count("Saved: ")) == (0, 2), waited
    assert (studio.creates, len(studio.clips), studio.waiting, studio.aside) == (2, 2, [], [])


@pytest.mark.parametrize("moment", [*OF_SUBMISSION, *OF_SPOOL])
def test_a_gateway_killed_at_any_moment_and_begun_anew_pays_once(moment: str, studio: Studio) -> None:
    killed_and_begun_anew(studio, moment, is_elsewhere=False)


@pytest.mark.parametrize("moment", ["last-byte-gone", "clip-copied", "last-word-said"])
def test_a_gateway_with_another_job_history_takes_over_and_pays_nothing_more(moment: str, studio: Studio) -> None:
    killed_and_begun_anew(studio, moment, is_elsewhere=True)


@pytest.mark.parametrize("moment", ["request-half-written", "request-put"])
def test_a_worker_killed_over_its_request_asks_again_and_has_one_clip(moment: str, studio: Studio) -> None:
    submit = ("submit", studio.request(), "--spool", studio.spool, "--once", "sh010")
    assert studio.worker(moment, *submit, script=CRASHING_GATEWAY).code == KILLED
    assert studio.worker(*submit).code == 0
    assert studio.gateway().code == 0
    assert studio.wait("sh010").code == 0
    assert (studio.creates, len(studio.clips)) == (1, 1)


@pytest.mark.parametrize("moment", ["last-word-said", "request-set-aside"])
def test_killed_over_a_refusal_the_next_gateway_refuses_it_all_the_same(moment: str, studio: Studio) -> None:
    studio.submit("sh010", studio.request(prompt="waves rehearse-fail"))
    assert studio.gateway(moment, script=CRASHING_GATEWAY).code == KILLED
    studio.gateway()
    assert studio.wait("sh010").code == 4
    assert (studio.waiting, studio.clips, len(studio.aside)) == ([], [], 1)


def test_a_second_gateway_stands_by_and_takes_over_when_the_first_is_killed(studio: Studio) -> None:
    patience = ("--take-over-after", "4")
    with studio.serving(*patience) as first, studio.elsewhere().serving(*patience) as second:
        assert studio.submit("sh010", None, "--wait", "60").code == 0
        first.send_signal(signal.SIGKILL)
        assert studio.submit("sh020", None, "--wait", "60").code == 0
        assert second.poll() is None
    assert (studio.creates, len(studio.clips)) == (2, 2)


def test_a_gateway_that_was_stopped_for_long_finds_another_one_and_stands_by(studio: Studio) -> None:
    with studio.serving("--take-over-after", "4") as first, studio.elsewhere().serving("--take-over-after", "4"):
        assert studio.submit("sh010", None, "--wait", "60").code == 0
        first.send_signal(signal.SIGSTOP)
        assert studio.submit("sh020", None, "--wait", "60").code == 0
        first.send_signal(signal.SIGCONT)
        assert studio.submit("sh030", None, "--wait", "60").code == 0
        assert first.stderr is not None
        assert any("took over this spool. This gateway stands by" in line for line in first.stderr)
    assert (studio.creates, len(studio.clips)) == (3, 3)
