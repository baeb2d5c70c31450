"""Every command of docs/farm.md. The gateway comes late, so that what waits for clips is seen to let go of its node."""

from __future__ import annotations

import re
import shlex

from tests.workshop.places import ROOT
from tests.workshop.played_slurm import codes, install, play

from .farm import SECONDS, Farm

PAGE = (ROOT / "docs" / "farm.md").read_text("utf-8")


def test_every_command_of_the_page_does_what_it_says(farm: Farm) -> None:
    gateway, check, up_to_submit, collect, slurm, part_again, without_a_farm = re.findall(
        r"```sh\n(.*?)```", PAGE, re.DOTALL
    )
    keys = farm.write(3)
    farm.node |= install(farm.binaries, farm.folder / "jobs")
    ran(farm, check)

    ran(farm, slurm)
    assert codes(play(farm.folder / "jobs")) == [(1, 1, 0), (1, 2, 0), (1, 3, 0), (2, None, 0), (3, None, 6)]
    assert sorted(call.rpartition(" ")[2] for _, call in farm.calls("batch frames")) == ["1/3", "2/3", "3/3"]
    assert farm.shell(without_a_farm.splitlines()[0]).returncode == 6

    assert shlex.split(gateway) == ["blender", "--command", "kling", "gateway", "--spool", farm.spool.folder.name]
    with farm.gateway():
        ran(farm, up_to_submit)
        farm.wait_for_clips(keys)
    assert codes(play(farm.folder / "jobs")) == [(3, None, 0)]
    in_order = [(key, 1 + place * SECONDS * 24) for place, key in enumerate(keys)]
    assert farm.strips() == in_order

    (farm.folder / "edit.blend").unlink()
    ran(farm, collect)
    assert farm.strips() == in_order
    ran(farm, without_a_farm)
    ran(farm, f"export MANIFEST=shots.csv FRAMES=frames\n{part_again}")
    assert codes(play(farm.folder / "jobs")) == [(4, 2, 0)]
    assert (farm.creates, farm.strips()) == (3, in_order)


def ran(farm: Farm, text: str) -> None:
    """The commands of a block, each of which succeeds."""
    done = farm.shell(f"set -e\n{text}")
    assert done.returncode == 0, (text, done.stdout, done.stderr)
