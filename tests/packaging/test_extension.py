"""The extension as people get it: what is in the zip, and one life of it inside Blender."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.workshop.places import ROOT

MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
LIFE = Path(__file__).with_name("life_in_blender.py")
ALWAYS_AT_THE_TOP = {"__init__.py", "blender_manifest.toml", "LICENSE", "kling_omni_addon", "schemas", "wheels"}
PAGES_AT_THE_TOP = {"README.md", "CHANGELOG.md", "docs"}
ONLY_OURS = {
    "jsonschema",
    "jwt",
    "platformdirs",
    "pyrsistent",
    "_pyrsistent_version.py",
    "socks.py",
    "sockshandler.py",
    "tqdm",
}
"""Packages that no Blender brings along."""


def build(sources: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the build as `make build` does, on any copy of the sources."""
    command: list[str | Path] = [sys.executable, sources / ".ci/extension.py", "build", "--out", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def copy_of_the_sources(folder: Path) -> Path:
    """What the build reads, elsewhere, with the dates of now and tighter permissions."""
    unwanted = shutil.ignore_patterns(".git", ".venv*", "dist", "demo", "tests", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, folder, ignore=unwanted, copy_function=shutil.copyfile)
    for path in folder.rglob("*"):
        path.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built zip."""
    told = build(ROOT, tmp_path_factory.mktemp("dist"))
    assert told.returncode == 0, told.stderr
    return Path(told.stdout.strip())


@pytest.fixture(scope="module")
def life(extension: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one life of the extension did, in a Python that has only what Blender itself brings along."""
    bundled = tmp_path_factory.mktemp("bundled")
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if path.name not in ONLY_OURS:
            (bundled / path.name).symlink_to(path)
    user_folder, story = tmp_path_factory.mktemp("user"), tmp_path_factory.mktemp("story") / "story.json"
    environment = os.environ | {"PYTHONPATH": str(bundled), "BLENDER_USER_RESOURCES": str(user_folder)}
    command: list[str | Path] = [sys.executable, "-S", LIFE, extension, story]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    seen: dict[str, Any] = json.loads(story.read_text(encoding="utf-8"))
    return seen | {"user_folder": str(user_folder)}


def test_the_zip_holds_the_extension_and_nothing_else(extension: Path) -> None:
    names = zipfile.ZipFile(extension).namelist()
    top = {name.partition("/")[0] for name in names}
    assert top == ALWAYS_AT_THE_TOP | PAGES_AT_THE_TOP
    assert len(names) == len(set(names))


def test_every_module_and_schema_is_in_the_zip(extension: Path) -> None:
    names = set(zipfile.ZipFile(extension).namelist())
    sources = {path for folder in ("kling_omni_addon", "schemas") for path in (ROOT / folder).rglob("*.*")}
    shipped = {str(path.relative_to(ROOT)) for path in sources if path.suffix in {".py", ".json", ".mp4"}}
    assert shipped <= names


def test_the_pages_and_the_recipes_are_in_the_zip_and_what_makes_pictures_is_not(extension: Path) -> None:
    shipped = [name for name in zipfile.ZipFile(extension).namelist() if name.startswith("docs/")]
    assert {"docs/user/generate.md", "docs/user/capture.md", "docs/user/timeline.md"} <= set(shipped)
    recipes = {
        "docs/farm/openjd/template.yaml",
        "docs/farm/flamenco/kling_omni_shots.js",
        "docs/farm/slurm/frames.sbatch",
    }
    assert recipes <= set(shipped)
    pages = [name for name in shipped if not name.startswith("docs/farm/") and not name.endswith("/")]
    assert {Path(name).suffix for name in pages} == {".md", ".png"}


def test_the_same_sources_give_the_same_bytes_whatever_lies_around_them(extension: Path, tmp_path: Path) -> None:
    sources = copy_of_the_sources(tmp_path / "elsewhere-with.dots")
    for litter in ("notes.txt", "kling_omni_addon/__pycache__/x.pyc", "schemas/.DS_Store", "tests/t.py", "old.zip"):
        (sources / litter).parent.mkdir(exist_ok=True)
        (sources / litter).write_text("litter", encoding="utf-8")
    told = build(sources, tmp_path / "dist")
    assert told.returncode == 0, told.stderr
    assert Path(told.stdout.strip()).read_bytes() == extension.read_bytes()


def test_the_wheels_in_the_zip_are_the_pinned_files_unmodified(extension: Path) -> None:
    pins = (ROOT / ".ci/wheels.txt").read_text(encoding="utf-8").split("--hash=sha256:")[1:]
    with zipfile.ZipFile(extension) as opened:
        shipped = {name: opened.read(name) for name in opened.namelist() if name.startswith("wheels/")}
    assert {f"./{name}" for name in shipped} == set(MANIFEST["wheels"])
    assert {hashlib.sha256(wheel).hexdigest() for wheel in shipped.values()} == {pin[:64] for pin in pins}


def test_every_wheel_is_pure_python_so_that_one_zip_serves_all() -> None:
    assert [wheel for wheel in MANIFEST["wheels"] if not wheel.endswith("-none-any.whl")] == []


def test_a_wheel_that_was_tampered_with_is_not_built_in(tmp_path: Path) -> None:
    sources = copy_of_the_sources(tmp_path / "tampered")
    with next((sources / "wheels").glob("idna-*")).open("ab") as wheel:
        wheel.write(b"\0")
    told = build(sources, tmp_path / "dist")
    assert told.returncode != 0
    assert "idna" in told.stderr
    assert "make wheels" in told.stderr
    assert not list((tmp_path / "dist").glob("*.zip"))


def test_the_manifest_keeps_blenders_conventions() -> None:
    short_texts = [MANIFEST["tagline"], *MANIFEST["permissions"].values()]
    assert [text for text in short_texts if len(text) > 64 or not text[-1].isalnum()] == []
    assert MANIFEST["permissions"].keys() == {"network", "files"}
    assert "blender" not in MANIFEST["name"].lower()
    assert MANIFEST["license"] == ["SPDX:GPL-3.0-or-later"]
    assert MANIFEST["blender_version_min"] == "4.2.0"


def test_the_runtime_packages_come_from_the_extensions_own_wheels(life: dict[str, Any]) -> None:
    own = {name for name, path in life["imported_from"].items() if path.startswith(life["user_folder"])}
    assert own >= {"jsonschema", "jwt", "platformdirs"}
    unpacked = set(life["brought"]["wheels"])
    assert {"attr", "certifi", "charset_normalizer", "idna", "requests", "urllib3", *ONLY_OURS} <= unpacked


def test_enabling_prints_nothing_and_imports_nothing_heavy(life: dict[str, Any]) -> None:
    assert life["printed"] == []
    assert life["heavy"] == []


def test_three_times_enabled_and_disabled_it_leaves_nothing_behind(life: dict[str, Any]) -> None:
    assert life["left"] == [{}, {}, {}]
    assert life["brought"].keys() >= {"addons", "classes", "wheels"}
    assert life["brought_again"] == life["brought"]
