"""A layout for drawing without a window, checked against Blender's RNA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

_UILAYOUT: Any = bpy.types.UILayout.bl_rna
_ICONS = frozenset(_UILAYOUT.functions["prop"].parameters["icon"].enum_items.keys())


class Layout:
    """Takes what Blender's own layout takes, and nothing else: names, icons, properties, operators, menus and lists are
    checked against Blender's RNA.

    A region cannot be drawn in background mode. The same code is drawn by Blender itself in a window (tests/gui).
    ``labels`` is every text that is drawn, ``buttons`` every operator with the properties it was given; of a list,
    ``most_rows`` are drawn.
    """

    def __init__(self, most_rows: int = 1000) -> None:
        self.most_rows = most_rows
        self.labels: list[str] = []
        self.buttons: list[tuple[str, Button]] = []

    @property
    def text(self) -> str:
        """All that there is to read, wrapped lines joined."""
        return " ".join(self.labels)

    def __getattr__(self, name: str) -> Any:
        parameters = _UILAYOUT.functions[name].parameters

        def call(*values: Any, **named: Any) -> Any:
            for key, value in named.items():
                assert key in parameters, f"{name} takes no {key}"
                assert key != "icon" or value in _ICONS, f"no icon {value}"
            self.labels.append(named.get("text", ""))
            check: Callable[..., Any] = _CHECKS.get(name, _check_nothing)
            return check(self, *values)

        return call


class Button:
    """The properties of an operator that a button sets."""

    def __init__(self, name: str) -> None:
        self.__dict__["known"] = rna_of(name).properties

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__["known"][name]
        assert known.type != "ENUM" or value in [item.identifier for item in known.enum_items], (
            f"{name} cannot be {value}"
        )
        self.__dict__[name] = value


def rna_of(operator: str) -> Any:
    """What Blender knows of an operator; KeyError when it knows none of that name."""
    where, _, name = operator.partition(".")
    return getattr(getattr(bpy.ops, where), name).get_rna_type()


def _check_nothing(layout: Layout, *_: Any) -> Layout:
    return layout


def _check_property(layout: Layout, owner: Any, name: str) -> Layout:
    assert name in owner.bl_rna.properties
    layout.labels.append(owner.bl_rna.properties[name].name)
    return layout


def _check_choice(layout: Layout, owner: Any, name: str, value: str) -> Layout:
    layout.labels.append(owner.bl_rna.properties[name].enum_items[value].name)
    return layout


def _check_operator(layout: Layout, name: str) -> Any:
    layout.labels.append(rna_of(name).name)
    button = Button(name)
    layout.buttons.append((name, button))
    return button


def _check_list(layout: Layout, kind: str, _id: str, owner: Any, name: str, holder: Any, index: str) -> None:
    assert owner.bl_rna.properties[name].type == "COLLECTION"
    assert holder.bl_rna.properties[index].type == "INT"
    drawer = getattr(bpy.types, kind)
    for position, item in enumerate(getattr(owner, name)[: layout.most_rows]):
        drawer.draw_row(None, layout, item, position)


def _check_menu(layout: Layout, kind: str) -> None:
    assert issubclass(getattr(bpy.types, kind), bpy.types.Menu)


def _check_panel(layout: Layout, _name: str) -> tuple[Layout, Layout]:
    return layout, layout


_CHECKS: dict[str, Callable[..., Any]] = {
    "prop": _check_property,
    "prop_enum": _check_choice,
    "operator": _check_operator,
    "template_list": _check_list,
    "menu": _check_menu,
    "panel": _check_panel,
}


def press(draw: Callable[..., None], operator: str) -> None:
    """Draw, and press the first button of that operator."""
    layout = Layout()
    draw(layout, bpy.context)
    button = next(button for name, button in layout.buttons if name == operator)
    given = {name: value for name, value in vars(button).items() if name != "known"}
    assert getattr(bpy.ops.kling, operator.split(".")[1])(**given) == {"FINISHED"}
