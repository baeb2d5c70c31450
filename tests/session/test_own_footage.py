"""How own footage gets a link: by whose command, and in a rehearsal by the rehearsal server."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.request import OmniRequest, Video, VideoUse
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Preferred, Uploading, read_settings, uploading_in_force
from tests.workshop.processes import API_KEY, Rehearsal
from tests.workshop.rehearsal_stand import mp4

PREFERRED = Preferred(
    values={"KLING_UPLOAD_COMMAND": "up {file}", "KLING_DELETE_COMMAND": "rm {link}", "KLING_LINK_LIFETIME_S": "600"}
)


def test_nobody_sets_a_command_and_a_link_holds_for_an_hour() -> None:
    assert uploading_in_force({}, Preferred()) == Uploading(command="", delete_command="", lifetime_s=3600)


def test_the_preferences_set_one() -> None:
    found = uploading_in_force({}, PREFERRED)
    assert found == Uploading(command="up {file}", delete_command="rm {link}", lifetime_s=600)


def test_the_environment_precedes_and_is_not_joined_by_the_preferences_delete_command() -> None:
    environment = {"KLING_UPLOAD_COMMAND": "farm {file}"}
    assert uploading_in_force(environment, PREFERRED) == Uploading(command="farm {file}", lifetime_s=600)
    environment |= {"KLING_DELETE_COMMAND": "gone {file}", "KLING_LINK_LIFETIME_S": "60"}
    found = uploading_in_force(environment, PREFERRED)
    assert found == Uploading(command="farm {file}", delete_command="gone {file}", lifetime_s=60)


def test_a_lifetime_that_is_none_is_refused() -> None:
    with pytest.raises(ArgumentsInvalid, match='KLING_LINK_LIFETIME_S cannot be "soon"'):
        uploading_in_force({"KLING_LINK_LIFETIME_S": "soon"}, PREFERRED)


def test_a_video_that_is_lent_to_a_rehearsal_becomes_a_clip(rehearsal: Rehearsal, tmp_path: Path) -> None:
    settings = read_settings({"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": API_KEY}, service=rehearsal.url)
    video = tmp_path / "shot.mp4"
    video.write_bytes(mp4(seconds=3.0))
    with Session(settings) as session:
        errand = session.lend_video(video)
        assert errand.wait(60)
        wish = OmniRequest(
            prompt="@video at night", mode="std", video=Video(url=errand.answer, use=VideoUse.EDIT, keep_sound=False)
        )
        session.start()
        made = session.submit(wish)
        found = session.wait(lambda found: found[made.id].is_settled, [made.id], 180)[made.id]
    assert found.phase is Phase.FETCHED, found


def test_a_file_that_is_gone_is_a_sentence(rehearsal: Rehearsal, tmp_path: Path) -> None:
    settings = read_settings({"KLING_HOME": str(tmp_path / "home"), "KLING_API_KEY": API_KEY}, service=rehearsal.url)
    with Session(settings) as session:
        errand = session.lend_video(tmp_path / "gone.mp4")
        assert errand.wait(60)
        with pytest.raises(ArgumentsInvalid, match=r'gone\.mp4" cannot be read: No such file'):
            _ = errand.answer
