"""Batches without Blender: a manifest beside its frames; after every test, what it left is searched for secrets."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.workshop.processes import Rehearsal

from .project import Environment, Project


@pytest.fixture(autouse=True)
def no_secret_is_left(search_for_secrets: None) -> None:
    """See the conftest of all tests."""


@pytest.fixture
def project(environment: Environment, rehearsal: Rehearsal, tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    version = hashlib.sha256(request.node.name.encode()).hexdigest()[:8]  # the server is that of all tests
    bound = environment | {"KLING_BASE_URL": rehearsal.url, "KLING_LOOK_WINDOW_S": "5"}
    return Project(tmp_path, bound, version)
