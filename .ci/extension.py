"""Make the extension: ``extension.py wheels`` fetches the runtime wheels, ``extension.py build`` makes the zip,
``extension.py site`` a folder that Blender takes for a repository of extensions.

``wheels/`` must hold exactly the wheels that the manifest names, byte for byte the files whose hashes
``.ci/wheels.txt`` pins. The zip is made and validated by Blender's own ``blender_ext.py`` (of the bpy that runs
this script, so that Blender, not we, decides what is a legal extension), then packed again so that the same sources
give the same bytes on every machine whose Python has the zlib of zlib.net: its versions 1.2.8 to 1.3.1 were compared.
Another make of it, zlib-ng, packs the same files into other bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / ".ci" / "wheels.txt"
WHEELS = ROOT / "wheels"
PAGE = ROOT / ".ci" / "site.html"
JUDGING = ("build", "validate")
EARLIEST_IN_ZIP = (1980, 1, 1, 0, 0, 0)
PLAIN_FILE = 0o100644 << 16
SMALLEST = 9
PURE_PYTHON = ("--implementation", "py", "--abi", "none", "--platform", "any", "--only-binary=:all:")


def manifest() -> dict[str, Any]:
    """The extension's manifest, parsed."""
    return tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))


def pinned_hashes() -> set[str]:
    """The SHA-256 of every runtime wheel, as ``.ci/wheels.txt`` pins them."""
    lines = PINS.read_text(encoding="utf-8").splitlines()
    return {line.partition("--hash=sha256:")[2].strip() for line in lines if "--hash=" in line}


def problems_in_wheels(folder: Path = WHEELS) -> list[str]:
    """Say in sentences how ``folder`` differs from the manifest's list and from the pinned hashes."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*"))}
    named = {Path(wheel).name for wheel in manifest()["wheels"]}
    pinned = pinned_hashes()
    return [
        *(f"{name} is named in the manifest and not in {folder}" for name in sorted(named - found.keys())),
        *(f"{name} is in {folder} and not named in the manifest" for name in sorted(found.keys() - named)),
        *(f"{name} has a hash that {PINS.name} does not pin" for name in found if found[name] not in pinned),
        *(f"{PINS.name} pins {pin}, which no wheel has" for pin in sorted(pinned - set(found.values()))),
    ]


def fetch_wheels() -> None:
    """Make ``wheels/`` hold exactly the pinned files; ask the package index only when it does not already."""
    if not problems_in_wheels():
        return
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".wheels-") as scratch:
        fresh = Path(scratch) / "wheels"
        pip = (sys.executable, "-m", "pip", "-qq", "download", "--require-hashes", "--no-deps", *PURE_PYTHON)
        subprocess.run([*pip, "--dest", fresh, "--requirement", PINS], check=True)
        refuse(problems_in_wheels(fresh))
        shutil.rmtree(WHEELS, ignore_errors=True)
        fresh.rename(WHEELS)


def build(folder: Path) -> Path:
    """Write ``ID-VERSION.zip`` into ``folder`` and return its path. It has passed ``extension validate``."""
    refuse(problems_in_wheels())
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{manifest()['id']}-{manifest()['version']}.zip"
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made.zip"
        ask_blender("build", "--source-dir", ROOT, "--output-filepath", made)
        pack_again(made, target)
    ask_blender("validate", target)
    return target


def publish(folder: Path) -> Path:
    """Make ``folder`` a repository with this version alone, and return the path of its listing for Blender.

    The listing comes after the zip that it names, all at once. Zips of other versions go, once the new listing is
    there: Blender updates nothing where a listing has two.
    """
    listing = folder / "index.json"
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "site"
        newest = build(fresh)
        ask_blender("server-generate", "--repo-dir", fresh, "--html", "--html-template", PAGE)
        shutil.copytree(fresh, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(listing.name))
        part = Path(shutil.copy(fresh / listing.name, folder / f".{listing.name}.part"))
        part.replace(listing)
    for other in set(folder.glob(f"{manifest()['id']}-*.zip")) - {folder / newest.name}:
        other.unlink()
    return listing


def ask_blender(verb: str, *arguments: str | Path) -> None:
    """Run Blender's own extension tool, with Blender's own list of tags where it judges any."""
    (tool,) = blender_scripts().glob("addons_core/bl_pkg/cli/blender_ext.py")
    tags = ("--valid-tags", tool.parents[3] / "modules/_bpy_internal/extensions/tags.py")
    command = [sys.executable, tool, verb, *(tags if verb in JUDGING else ()), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"blender_ext.py {verb} refused:\n{told.stdout}{told.stderr}")


def blender_scripts() -> Path:
    """The ``scripts`` folder of this Python's bpy, found without the two seconds of importing it."""
    bpy = importlib.util.find_spec("bpy")
    if bpy is None or bpy.origin is None:
        raise SystemExit("This Python has no bpy. Run `make setup`, then use .venv/bin/python.")
    (scripts,) = Path(bpy.origin).parent.glob("*/scripts")
    return scripts


def pack_again(source: Path, target: Path) -> None:
    """Copy a zip sorted, with one date and one mode for all, and as small as zlib makes it."""
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w") as packed:
        for name in sorted(given.namelist()):
            entry = zipfile.ZipInfo(name, EARLIEST_IN_ZIP)
            entry.external_attr = PLAIN_FILE
            entry.create_system = 3
            packed.writestr(entry, given.read(name), zipfile.ZIP_DEFLATED, SMALLEST)


def refuse(problems: list[str]) -> None:
    """Leave with every problem, if there is one."""
    if problems:
        raise SystemExit("\n".join([*problems, "Run `make wheels`; after a change of versions see .ci/wheels.txt."]))


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("wheels", help="fetch the runtime wheels, unmodified, and check them")
    to_build = verbs.add_parser("build", help="make the extension zip and validate it")
    to_build.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the zip")
    to_publish = verbs.add_parser("site", help="make a repository that Blender installs and updates from")
    to_publish.add_argument("--out", type=Path, default=ROOT / "dist" / "site", help="folder of the site")
    asked = parser.parse_args()
    if asked.verb == "wheels":
        fetch_wheels()
    else:
        print({"build": build, "site": publish}[asked.verb](asked.out))


if __name__ == "__main__":
    main()
