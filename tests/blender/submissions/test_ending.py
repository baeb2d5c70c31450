"""Ctrl-C ends a wait, and an interpreter that ends takes the extension down once (second round, 24)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import kling_omni_addon
from tests.blender.conftest import Scene

SCRIPT = Path(__file__).with_name("interrupted_wait.py")


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and a service that is away."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    more = {"KLING_HOME": str(tmp_path / "home"), "KLING_BASE_URL": address, "KLING_API_KEY": "a-key-of-a-test"}
    return dict(os.environ) | more


def ended(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Blender of its own that waits and is interrupted."""
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to oneself kills there")
@pytest.mark.parametrize("handler", ["python", "blender"])
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("script", "KeyboardInterrupt"),
        ("operator", "RuntimeError Error: The wait was interrupted. The job continues"),
    ],
)
def test_ctrl_c_ends_a_wait_and_nothing_else(nowhere: dict[str, str], handler: str, how: str, told: str) -> None:
    said = ended(nowhere, handler, how)
    assert said.stdout.count(told) >= 1, said.stdout + said.stderr
    assert "phases ['intended']" in said.stdout
    assert ("given back []" in said.stdout) == (handler == "blender")
    assert "Traceback" not in said.stdout + said.stderr
    assert said.returncode == 3


def test_what_was_taken_down_already_is_not_taken_down_again(scene: Scene) -> None:
    """``sys.exit()`` in a script: the interpreter's end asks for it, and Blender does."""
    kling_omni_addon.register()
    kling_omni_addon.unregister()
    kling_omni_addon.unregister()
    kling_omni_addon.register()
    kling_omni_addon.unregister()
