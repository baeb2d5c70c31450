"""The search for secrets itself is tried here, and must leave none where it looks."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_secret_is_left(search_for_secrets: None) -> None:
    """See the conftest of all tests."""
