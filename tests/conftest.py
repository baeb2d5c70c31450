"""What several processes of pytest share out among them (``-n auto --dist loadgroup``, as ``make test`` runs it)."""

from __future__ import annotations

import os

import pytest

_ONE_AT_A_TIME = ("gui", "packaging")
"""Folders whose tests share a display, or build the extension in the clone."""


def pytest_configure() -> None:
    """Give each process a Blender user folder of its own, before anybody imports bpy."""
    worker, folder = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("BLENDER_USER_RESOURCES")
    if worker and folder:
        os.environ["BLENDER_USER_RESOURCES"] = os.path.join(folder, worker)  # noqa: PTH118 - as it was given


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file together, so that what a module sets up is set up once."""
    for item in items if config.pluginmanager.hasplugin("xdist") else ():
        folder = item.path.parent.name
        group = "window" if folder in _ONE_AT_A_TIME else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
