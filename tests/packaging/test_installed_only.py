"""The Python of ``make matrix``: its kling_omni_addon is the installed one, and it speaks to this machine only."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workshop.places import ROOT

FILE_OF_THE_PACKAGE = "import kling_omni_addon.version as v; print(v.__file__)"
ONE_OF_THE_CLONE = """
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("any_name", {path!r})
spec.loader.exec_module(module_from_spec(spec))
"""
ASKING = "import socket; socket.socket({family}, socket.SOCK_DGRAM).{ask}"


@pytest.fixture(scope="module")
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a Blender has after the installation, as far as this needs it; the libraries are one made up."""
    folder = tmp_path_factory.mktemp("extensions")
    for name in ("kling_omni_addon", "schemas"):
        shutil.copytree(ROOT / name, folder / "user_default" / "kling_omni" / name)
    (folder / "user_default" / "kling_omni" / "blender_manifest.toml").write_text('version = "77.0.0"', "utf-8")
    packages = folder / ".local" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "requests.py").write_text("WHOSE = 'of the zip'", "utf-8")
    return folder


@pytest.fixture(scope="module")
def python(extensions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python under test."""
    folder = tmp_path_factory.mktemp("python")
    subprocess.run([sys.executable, ROOT / ".ci" / "installed_only.py", folder, extensions], check=True)
    return folder / "bin" / "python"


def said_by(python: Path, *words: str, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more
    return subprocess.run([python, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_package_is_the_installed_one_where_the_clone_would_be_found(python: Path, extensions: Path) -> None:
    for said in (
        said_by(python, "-c", FILE_OF_THE_PACKAGE),
        said_by(python, "-c", FILE_OF_THE_PACKAGE, cwd=extensions, PYTHONPATH=str(ROOT)),
    ):
        assert Path(said.stdout.strip()).is_relative_to(extensions), said.stderr


def test_the_command_line_is_that_of_the_installed_one(python: Path) -> None:
    assert "77.0.0" in said_by(python, "-m", "kling_omni_addon", "--version").stdout


@pytest.mark.parametrize("name", ["kling_omni_addon/version.py", "__init__.py"])
def test_a_module_of_the_clone_is_refused_by_any_other_name_too(python: Path, name: str) -> None:
    said = said_by(python, "-c", ONE_OF_THE_CLONE.format(path=str(ROOT / name)))
    assert f"{ROOT / name} is of the clone" in said.stderr


def test_another_copy_of_the_package_is_left_alone(python: Path, extensions: Path, tmp_path: Path) -> None:
    shutil.copytree(extensions / "user_default" / "kling_omni", tmp_path / "copy")
    said = said_by(python, "-c", FILE_OF_THE_PACKAGE, cwd=tmp_path, PYTHONPATH=f"{tmp_path / 'copy'}{os.pathsep}{ROOT}")
    assert Path(said.stdout.strip()).is_relative_to(tmp_path), said.stderr


def test_libraries_are_those_of_the_zip(python: Path) -> None:
    assert said_by(python, "-c", "import requests; print(requests.WHOSE)").stdout == "of the zip\n"


@pytest.mark.parametrize(
    ("family", "ask"),
    [
        ("socket.AF_INET", "connect(('192.0.2.1', 9))"),
        ("socket.AF_INET", "sendto(b'?', ('192.0.2.1', 9))"),
        ("socket.AF_INET6", "connect(('2001:db8::1', 9))"),
    ],
)
def test_a_socket_to_another_machine_is_refused(python: Path, family: str, ask: str) -> None:
    said = said_by(python, "-c", ASKING.format(family=family, ask=ask))
    assert "This run may speak to this machine only, not to " in said.stderr


def test_a_name_of_another_machine_is_not_even_asked_for(python: Path) -> None:
    said = said_by(python, "-c", "import socket; socket.getaddrinfo('kling.example', 443)")
    assert "This run may speak to this machine only, not to kling.example." in said.stderr


def test_a_name_that_cannot_exist_is_unknown_as_ever(python: Path) -> None:
    said = said_by(python, "-c", "import socket; socket.getaddrinfo('kling.invalid', 443)")
    assert "gaierror" in said.stderr


def test_this_machine_is_spoken_to(python: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            said = said_by(python, "-c", f"import socket; socket.create_connection(({host!r}, {port}))")
            assert (said.returncode, said.stderr) == (0, "")


def test_child_processes_are_held_to_the_same(python: Path) -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FILE_OF_THE_PACKAGE!r}], env={{}})"
    said = said_by(python, "-c", child)
    assert "kling_omni/kling_omni_addon/version.py" in said.stdout, said.stderr
