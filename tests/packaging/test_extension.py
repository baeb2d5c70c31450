"""The extension as people get it: what is in the zip, and one life of it inside Blender."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.workshop.builds import ONLY_OURS, bare_blender, built, copy_of_the_sources
from tests.workshop.places import ROOT

MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
LIFE = Path(__file__).with_name("life_in_blender.py")
ALWAYS_AT_THE_TOP = {"__init__.py", "blender_manifest.toml", "LICENSE", "kling_omni_addon", "schemas", "wheels"}
PAGES_AT_THE_TOP = {"README.md", "CHANGELOG.md", "docs"}


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built zip."""
    told = built("build", ROOT, tmp_path_factory.mktemp("dist"))
    assert told.returncode == 0, told.stderr
    return Path(told.stdout.strip())


@pytest.fixture(scope="module")
def life(extension: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one life of the extension did, in a Python that has only what Blender itself brings along."""
    user_folder = tmp_path_factory.mktemp("user")
    environment = bare_blender(tmp_path_factory.mktemp("bundled"), user_folder)
    command: list[str | Path] = [sys.executable, "-S", LIFE, "file", extension]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    seen: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])  # before it 5.1 tells of its colors
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
    told = built("build", sources, tmp_path / "dist")
    assert told.returncode == 0, told.stderr
    assert Path(told.stdout.strip()).read_bytes() == extension.read_bytes()


def python_of(version: str) -> str:
    """A Python of this version that really runs, or nothing."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python{version}") or "", *map(str, root.glob(f"versions/{version}.*/bin/python"))]
    runs = (path for path in candidates if path and not subprocess.run([path, "-c", ""], check=False).returncode)
    return next(runs, "")


@pytest.mark.parametrize("version", ["3.11", "3.13", "3.14"])
def test_another_python_packs_the_same_bytes(version: str, extension: Path, tmp_path: Path) -> None:
    """Those that are here. Another make of zlib (zlib-ng) would pack other bytes, of the same files."""
    python = python_of(version)
    if not python:
        pytest.skip(f"there is no Python {version} here")
    pack = "import sys; from pathlib import Path; import extension; extension.pack_again(*map(Path, sys.argv[1:]))"
    subprocess.run([python, "-c", pack, extension, tmp_path / "again.zip"], cwd=ROOT / ".ci", check=True)
    assert (tmp_path / "again.zip").read_bytes() == extension.read_bytes()


def test_every_file_in_the_zip_is_deflated(extension: Path) -> None:
    entries = zipfile.ZipFile(extension).infolist()
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_DEFLATED}
    assert [e.filename for e in entries if e.compress_size > e.file_size + 5] == [], "five bytes: nothing to gain"


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
    told = built("build", sources, tmp_path / "dist")
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
