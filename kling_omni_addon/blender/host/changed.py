"""Settings of Blender's that are changed for a moment and put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Setting = tuple[Any, str, Any]  # owner, attribute, value


@contextmanager
def changed(settings: Iterable[Setting]) -> Iterator[None]:
    """Give each attribute its value, and all their old values back in the end, in the same order."""
    after = tuple(settings)
    before = tuple((owner, name, getattr(owner, name)) for owner, name, _ in after)
    try:
        assign(after)
        yield
    finally:
        assign(before)


def assign(settings: Iterable[Setting]) -> None:
    """Give each attribute its value."""
    for owner, name, value in settings:
        if getattr(owner, name) != value:  # an assignment has consequences in Blender, even of the same value
            setattr(owner, name, value)


def named(owner: object, **values: object) -> Iterator[Setting]:
    """Settings of one owner, without those that this version of Blender does not have."""
    return ((owner, name, value) for name, value in values.items() if hasattr(owner, name))
