"""Rest: for a moment no lane begins a turn, and those that are at work are waited for, but not for ever."""

from __future__ import annotations

import threading

from kling_omni_addon.work.rest import Rest

LONG_S = 30.0


def test_no_turn_begins_while_rest_is_kept_and_all_go_on_after_it() -> None:
    rest, turns, begun = Rest(), [], threading.Event()

    def lane() -> None:
        begun.set()
        with rest.turn():
            turns.append(threading.current_thread())

    with rest.kept(LONG_S) as is_quiet:
        lanes = [threading.Thread(target=lane) for _ in range(3)]
        for thread in lanes:
            thread.start()
        begun.wait(LONG_S)
        assert (is_quiet, turns) == (True, [])
    for thread in lanes:
        thread.join(LONG_S)
    assert len(turns) == 3


def test_a_turn_that_is_under_way_is_waited_for() -> None:
    rest, at_work, may_end = Rest(), threading.Event(), threading.Event()

    def lane() -> None:
        with rest.turn():
            at_work.set()
            may_end.wait(LONG_S)

    thread = threading.Thread(target=lane)
    thread.start()
    at_work.wait(LONG_S)
    with rest.kept(0.0) as is_quiet:
        assert not is_quiet  # it waits for the network, say
    may_end.set()
    with rest.kept(LONG_S) as is_quiet:
        assert is_quiet
    thread.join(LONG_S)


def test_a_turn_that_fails_is_over() -> None:
    rest = Rest()
    try:
        with rest.turn():
            raise OSError("the disk is full")
    except OSError:
        pass
    with rest.kept(LONG_S) as is_quiet:
        assert is_quiet
