"""A whole life to be recorded under strace: ``recorded_life.py URL FOLDER SPEED DIALECT [MUTANT]``.

After each record that the journal has taken, a line on stderr says so: from there on the program acts on it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kling_omni_addon.work.journal import Journal
from tests.torture.life import Place, live
from tests.torture.mutants import MUTANTS
from tests.torture.stories import Story, Wish

MARK = "RECORDED"
STORY = Story(seed=0, lives=(), is_lax=True, act="leave")
WISHES = (
    Wish(id="kob-0", is_doomed=False, has_picture=True, goes_to="Scene"),
    Wish(id="kob-1", is_doomed=False, has_picture=False, goes_to=""),
)


def tell_records() -> None:
    """Mark the return of every record."""
    begin_all, append = Journal.begin_all, Journal.append

    def marking_begin(self: Journal, wanted: Any) -> Any:
        submissions = begin_all(self, wanted)
        for submission in submissions:
            os.write(2, f"{MARK} {submission.id} Intended\n".encode())
        return submissions

    def marking_append(self: Journal, submission_id: str, event: Any, *lease: Any, **named: Any) -> Any:
        submission = append(self, submission_id, event, *lease, **named)
        os.write(2, f"{MARK} {submission_id} {type(event).__name__}\n".encode())
        return submission

    Journal.begin_all, Journal.append = marking_begin, marking_append  # type: ignore[method-assign]


if __name__ == "__main__":
    url, folder, speed, os.environ["KLING_DIALECT"], *mutants = sys.argv[1:]
    for mutant in mutants:
        MUTANTS[mutant]()
    tell_records()
    live(STORY, WISHES, Place(url=url, home=Path(folder) / "home", speed=float(speed)))
    # The interpreter's own end is not recorded: nothing is promised after the session is closed.
    os._exit(0)
