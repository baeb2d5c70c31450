"""Farms: after every test, what it left is searched for secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.workshop.processes import Rehearsal
from tests.workshop.shots import set_up_shot

from .farm import Farm


@pytest.fixture(autouse=True)
def no_secret_is_left(search_for_secrets: None) -> None:
    """See the conftest of all tests."""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cube that travels, which the shots of every test are taken from."""
    path = tmp_path_factory.mktemp("film") / "film.blend"
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene: Any = bpy.context.scene
    set_up_shot(scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


@pytest.fixture
def farm(tmp_path: Path, film: Path, rehearsal: Rehearsal) -> Farm:
    return Farm(tmp_path, film, rehearsal)
