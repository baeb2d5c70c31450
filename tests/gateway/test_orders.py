"""In whatever order requests arrive, and gateways are killed and begin anew, here or with another journal: each name
has one task and one clip.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.gateway.gateway import Gateway
from kling_omni_addon.gateway.spool import Spool, slot_of
from kling_omni_addon.gateway.state import Standing

from .ledger import Killed, Ledger, MortalSpool, Service, put

KEYS = ("sh010", "Film/sh020", "nameless sh030")
ARRIVALS = st.tuples(st.just("arrive"), st.sampled_from(KEYS), st.none() | st.integers(0, 1))
TURNS = st.tuples(st.just("turn"), st.sampled_from(["one", "other"]), st.none() | st.integers(0, 40))


def turn(spool: MortalSpool, journal: str) -> None:
    """A gateway begins, and looks at everything."""
    gateway = Gateway(spool, Ledger(spool.service, journal), lambda sentence: None)
    gateway.turn()


@given(st.lists(ARRIVALS | TURNS, max_size=12))
def test_each_name_has_one_task_and_one_clip(history: list[tuple[str, str, int | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = MortalSpool(Path(folder) / "spool", Service())
        spool.make()
        for what, who, lives in history:
            spool.service.left = lives
            with suppress(Killed):
                put(spool, who) if what == "arrive" else turn(spool, who)
        spool.service.left = None
        for key in KEYS:  # the farm retries
            put(spool, key)
        for journal in ("one", "other"):
            turn(spool, journal)
        assert spool.service.made == dict.fromkeys(KEYS, 1)
        assert [name_and_standing(spool, key) for key in KEYS] == [(key, Standing.DONE) for key in KEYS]
        assert spool.waiting() == []
        assert list((spool.folder / "aside").iterdir()) == []
        assert not list(spool.folder.rglob(".*"))


def name_and_standing(spool: Spool, key: str) -> tuple[str, Standing]:
    state = spool.state(slot_of(key))
    assert state is not None
    assert spool.clip(state.clip) is not None
    return state.key, state.standing
