"""What our list widgets share."""

from __future__ import annotations

from typing import Any

import bpy

from .isolating import on_its_own


class Rows:
    """A list whose rows are drawn by :meth:`draw_row`."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: Any,
        item: Any,
        _icon: int,
        _active_data: Any,
        _active_property: str,
        index: int,
    ) -> None:
        """Draw one row, as Blender asks for it."""
        on_its_own(self.draw_row, layout, item, index)

    def draw_row(self, layout: bpy.types.UILayout, item: Any, index: int) -> None:
        """Draw one item, the ``index``-th from 0."""
        raise NotImplementedError
