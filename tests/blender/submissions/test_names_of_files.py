"""A name is no identity for a take either, nor for the film of a placeholder (item 11.1)."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.takes import takes
from kling_omni_addon.blender.timeline import stand_in
from kling_omni_addon.core.errors import ClipUnusable
from kling_omni_addon.core.provenance import provenance_of
from kling_omni_addon.core.takes import Take
from kling_omni_addon.work.sidecar import sidecar_of


def test_a_file_that_took_the_place_of_a_take_is_not_deleted(road: bpy.types.Scene) -> None:
    submission = api.submit(road)
    (done,) = api.wait([submission.id], 120)
    clip, take = Path(done.clip), Take(clip=done.clip, provenance=provenance_of(done))
    made = clip.read_bytes()
    clip.write_bytes(b"somebody else's")
    with pytest.raises(ClipUnusable, match="no longer the clip that Kling made"):
        takes.delete_files(take)
    assert (clip.read_bytes(), sidecar_of(clip).exists()) == (b"somebody else's", True)
    clip.write_bytes(made)
    takes.delete_files(take)
    assert (clip.exists(), sidecar_of(clip).exists()) == (False, False)


def test_a_film_of_the_artists_that_is_called_like_the_placeholders_stays_and_is_not_used(
    road: bpy.types.Scene, tmp_path: Path
) -> None:
    theirs = tmp_path / "kling" / "clips" / "stand_in.mp4"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"a film of theirs")
    submission = api.submit(road)
    ((_, strip),) = stand_in.pieces_of(submission.id)
    used = Path(bpy.path.abspath(strip.filepath))
    assert theirs.read_bytes() == b"a film of theirs"
    assert (used.parent, used.name.startswith("stand_in-")) == (theirs.parent, True)
