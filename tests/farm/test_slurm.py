"""The Slurm scripts, where a task of the array fails. How they succeed is told by test_documented_farm."""

from __future__ import annotations

from tests.workshop.played_slurm import codes, install, play

from .farm import Farm

SUBMITTED = """
    set -e
    export MANIFEST=shots.csv FRAMES=frames SPOOL=spool MOST_UNITS=20
    frames=$(sbatch --parsable --array=1-2 farm/slurm/frames.sbatch)
    sbatch --dependency=afterok:$frames farm/slurm/submit.sbatch
"""


def test_a_part_that_fails_keeps_all_from_being_submitted_and_is_rendered_alone_again(farm: Farm) -> None:
    keys = farm.write(4)
    text = farm.manifest.read_text()
    farm.manifest.write_text(text.replace("film.blend,2,", "late.blend,2,"))
    farm.node |= install(farm.binaries, farm.folder / "jobs")
    said = farm.shell(SUBMITTED)
    assert said.stdout.splitlines() == ["Submitted batch job 2"], said.stderr
    assert codes(play(farm.folder / "jobs")) == [(1, 1, 0), (1, 2, 2)]
    assert (farm.rendered, farm.calls("submit")) == ([keys[0], keys[2]], [])

    (farm.folder / "film.blend").rename(farm.folder / "late.blend")
    again = "MANIFEST=shots.csv FRAMES=frames PARTS=2 sbatch --array=2 farm/slurm/frames.sbatch"
    assert farm.shell(again).returncode == 0
    assert codes(play(farm.folder / "jobs")) == [(3, 2, 0)]
    assert farm.rendered == keys[:-1]
