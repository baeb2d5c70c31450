"""The search for secrets finds them, or the fixture that runs it after every test here would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work.backup import Backup
from kling_omni_addon.work.journal import Journal
from tests.workshop.canaries import PROMPTS, secrets_below
from tests.workshop.processes import API_KEY

LINK = "http://127.0.0.1:1/files/clip.mp4?expires=1&sig=0123456789abcdef"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJyZWhlYXJzYWwifQ.c2lnbmF0dXJl"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not ``tmp_path``, in which nothing of this kind may be left."""
    return tmp_path_factory.mktemp("planted")


def in_a_journal(folder: Path, secret: str) -> None:
    payload = Payload(external_task_id="kob-1", model="m", pieces=("{}",))
    origin = Origin(service="s", key_fingerprint="f")
    journal = Journal(folder / "journal.sqlite3")
    journal.begin(ev.Intended(at=0.0, payload=payload, origin=origin, target=Target()))
    journal.append("kob-1", ev.NotSent(at=0.0, reason=f"no way to {secret}"))
    journal.close()


def in_a_backup(folder: Path, secret: str) -> None:
    in_a_journal(folder, secret)
    Backup(folder / "journal.sqlite3", 0.0).make()
    (folder / "journal.sqlite3").unlink()


def in_a_sidecar(folder: Path, secret: str) -> None:
    (folder / "clips").mkdir()
    (folder / "clips" / "fox.json").write_text(f'{{"link": "{secret}"}}')


def in_a_clip(folder: Path, secret: str) -> None:
    (folder / "fox.mp4").write_bytes(b"ftyp" * 100_000 + secret.encode())


@pytest.mark.parametrize("plant", [in_a_journal, in_a_backup, in_a_sidecar, in_a_clip])
@pytest.mark.parametrize("secret", [API_KEY, TOKEN, LINK])
def test_a_secret_that_was_written_is_found(folder: Path, plant: Callable[[Path, str], None], secret: str) -> None:
    plant(folder, "nothing")
    assert list(secrets_below(folder)) == []
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    plant(folder, secret)
    assert len(list(secrets_below(folder))) >= 1


def test_a_secret_that_became_a_name_is_found(folder: Path) -> None:
    (folder / API_KEY).mkdir()
    assert list(secrets_below(folder)) == [f"an API key is part of the name {folder / API_KEY}"]


def test_a_prompt_in_a_sentence_is_found() -> None:
    assert PROMPTS.search("kob-1: Kling refused 'A fox in the snow'")
    assert not PROMPTS.search("kob-1: Kling refused; asking again in 5 s")
