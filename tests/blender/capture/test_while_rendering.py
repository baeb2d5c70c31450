"""What an operator lets through while Blender renders for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kling_omni_addon.blender.capture.while_rendering import WhileRendering

HERE: Any = SimpleNamespace(preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)))


def after(operator: WhileRendering, kind: str, mouse_y: int = 500) -> str:
    event: Any = SimpleNamespace(type=kind, mouse_y=mouse_y)
    (outcome,) = operator.modal(HERE, event)
    return outcome


def test_only_escape_and_the_status_bar_are_let_through_also_after_escape() -> None:
    """Until the render has ended, things stand otherwise than the artist left them."""
    operator = WhileRendering()
    for _ in range(2):
        assert after(operator, "LEFTMOUSE") == "RUNNING_MODAL"
        assert after(operator, "LEFTMOUSE", mouse_y=10) == "PASS_THROUGH"
        assert after(operator, "ESC") == "PASS_THROUGH"
