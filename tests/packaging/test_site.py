"""The site that ``make site`` makes, and a Blender that installs from there, updates while tasks are under way, and
uninstalls.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.builds import bare_blender, built, copy_of_the_sources
from tests.workshop.grey_clips import write_grey_clip
from tests.workshop.places import ROOT
from tests.workshop.processes import run
from tests.workshop.rehearsal_stand import TASKS, Stand, until

LIFE = Path(__file__).with_name("life_in_blender.py")
VERSION = re.compile(r'(?m)^version = "([^"]+)"$')
OLD, NEW = "0.0.9", VERSION.findall((ROOT / "blender_manifest.toml").read_text("utf-8"))[0]


def site(sources: Path, folder: Path) -> Path:
    """The folder of a site, made as ``make site`` makes it."""
    told = built("site", sources, folder)
    assert told.returncode == 0, told.stderr
    assert Path(told.stdout.strip()) == folder / "index.json"
    return folder


@pytest.fixture(scope="module")
def new_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site(ROOT, tmp_path_factory.mktemp("new") / "site")


@pytest.fixture(scope="module")
def old_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sources with an earlier version in the manifest."""
    sources = copy_of_the_sources(tmp_path_factory.mktemp("old") / "sources")
    manifest = sources / "blender_manifest.toml"
    manifest.write_text(VERSION.sub(f'version = "{OLD}"', manifest.read_text("utf-8")), "utf-8")
    return sources


def test_the_site_lists_the_zip_that_make_build_makes(new_site: Path, tmp_path: Path) -> None:
    (zipped,) = new_site.glob("*.zip")
    (listed,) = json.loads((new_site / "index.json").read_text("utf-8"))["data"]
    told = built("build", ROOT, tmp_path)
    assert zipped.read_bytes() == Path(told.stdout.strip()).read_bytes()
    assert (listed["version"], listed["archive_url"]) == (NEW, f"./{zipped.name}")
    assert listed["archive_hash"] == f"sha256:{hashlib.sha256(zipped.read_bytes()).hexdigest()}"


def test_the_page_leads_to_the_listing_and_to_the_zip(new_site: Path) -> None:
    page = (new_site / "index.html").read_text("utf-8")
    files = {link.partition("?")[0].removeprefix("./") for link in re.findall(r'href="([^"]+)"', page)}
    assert files == {"index.json", *(path.name for path in new_site.glob("*.zip"))}


def test_the_site_is_the_same_again_and_keeps_no_other_version(new_site: Path, old_sources: Path) -> None:
    """Blender updates nothing where a listing has two versions."""
    folder = old_sources.parent / "site"
    site(old_sources, folder)
    site(ROOT, folder)
    assert contents(folder) == contents(new_site)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
def test_a_site_whose_zip_did_not_get_there_lists_what_it_has(old_sources: Path, tmp_path: Path) -> None:
    folder = site(old_sources, tmp_path / "site")
    listed, (old,) = (folder / "index.json").read_bytes(), folder.glob("*.zip")
    (folder / old.name.replace(OLD, NEW)).symlink_to("/dev/full")
    told = built("site", ROOT, folder)
    assert (told.returncode, "No space left" in told.stderr) == (1, True)
    assert (folder / "index.json").read_bytes() == listed
    assert old.is_file()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what fails."""


@contextmanager
def public(folder: Path) -> Iterator[str]:
    """A web server for what stands in a folder, read anew for each request; its address."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Life:
    """A Blender that lives on the site, step by step; between two of them it waits."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def next_step(self) -> dict[str, Any]:
        """Let it take the next step, and return what it tells of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go on\n")
        self._process.stdin.flush()
        lines = iter(self._process.stdout.readline, "")
        told: dict[str, Any] = json.loads(next((line for line in lines if line.startswith("{")), "{}"))
        return told

    def end(self) -> None:
        """Let it end, and well."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait() == 0


@contextmanager
def blender_on(url: str, environment: Mapping[str, str], errors: Path) -> Iterator[Life]:
    """A Blender of its own; what it says beside its steps stands in a file."""
    command: list[str | Path] = [sys.executable, "-S", LIFE, "repository", f"{url}/index.json"]
    with (
        errors.open("w") as said,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        try:
            yield Life(process)
        finally:
            process.kill()


@pytest.fixture
def kling(tmp_path: Path) -> Iterator[Stand]:
    """A rehearsal server whose time stands still until it is told, so that no task ends by itself."""
    with Stand(RehearsalSettings(folder=tmp_path / "rehearsal")) as stand:
        stand.clock.now = time.time()
        stand.clips.clip = write_grey_clip(stand.settings.folder, frames=72, fps=24, has_sound=False)
        yield stand


def states(kling: Stand) -> list[str]:
    """What Kling says of every task there is."""
    return sorted(task["task_status"] for task in kling.get(f"{TASKS}?pageSize=30").json()["data"])


def test_updated_while_tasks_are_under_way_and_uninstalled_it_loses_no_clip(
    old_sources: Path, kling: Stand, environment: dict[str, str], tmp_path: Path
) -> None:
    for folder in ("bundled", "user"):
        (tmp_path / folder).mkdir()
    at_kling = {name: environment[name] for name in ("KLING_HOME", "KLING_API_KEY")}
    at_kling["KLING_BASE_URL"] = kling.server.url
    bare = bare_blender(tmp_path / "bundled", tmp_path / "user") | at_kling
    site(old_sources, tmp_path / "site")
    with public(tmp_path / "site") as url, blender_on(url, bare, tmp_path / "said.txt") as life:
        installed = life.next_step()
        assert installed["version"] == OLD, (tmp_path / "said.txt").read_text()
        until(lambda: states(kling), lambda seen: len(seen) == 2)

        site(ROOT, tmp_path / "site")
        assert life.next_step() == {"version": NEW}, (tmp_path / "said.txt").read_text()
        assert "succeed" not in states(kling)

        kling.pass_time(60)
        fetched = life.next_step()
        assert fetched["phases"] == ["fetched", "fetched"]
        uninstalled = life.next_step()
        life.end()

    assert uninstalled == {"left": {}, "modules": [], "files": [], "strips": sorted(fetched["clips"])}
    assert kling.stats()["creates_by_external_id"] == dict.fromkeys(installed["ids"], 1)
    jobs = run(environment | at_kling, "status").lines
    assert {job["id"]: job["clip"] for job in jobs} == dict(zip(installed["ids"], fetched["clips"], strict=True))
    assert [Path(clip).read_bytes() for clip in fetched["clips"]] == [kling.clips.clip.read_bytes()] * 2
    assert all(Path(clip).is_relative_to(environment["KLING_HOME"]) for clip in fetched["clips"])
