"""The doctor: after every test, what it left is searched for secrets."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_secret_is_left(search_for_secrets: None) -> None:
    """See the conftest of all tests."""
