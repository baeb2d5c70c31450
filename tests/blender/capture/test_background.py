"""Background of captures from a scene with a transparent film: its world or a color, and never black by chance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon.blender.capture import view
from kling_omni_addon.blender.panels import frames
from tests.workshop.layout import Layout
from tests.workshop.pixels import colour_at
from tests.workshop.shots import Scene, new_compositor, set_up_shot

kling: Any = bpy.ops.kling

_WORKBENCH_WORLD = (0.0, 0.737, 0.0)
_CYCLES_WORLD = (0.0, 0.0, 0.737)
_COLOR = (0.25, 0.75, 0.5)


@pytest.fixture
def film(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A white cube in a world that is green to Workbench and blue to Cycles, on transparent film."""
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    kling_omni_addon.register()
    set_up_shot(scene)
    scene.world = world_of_two_colors()
    scene.render.film_transparent = True
    scene.kling.background_color = _COLOR
    yield scene
    kling_omni_addon.unregister()


def world_of_two_colors() -> Any:
    world: Any = bpy.data.worlds.new("World")
    world.color = (0, 0.5, 0)
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0, 0, 0.5, 1)
    return world


def behind(scene: Scene) -> tuple[float, float, float]:
    return colour_at(Path(scene.kling.first_frame), 0.05, 0.05)


def capture(engine: str) -> None:
    assert kling.capture_frame(role="FIRST", engine=engine) == {"FINISHED"}


@pytest.mark.parametrize(("engine", "seen"), [("WORKBENCH", _WORKBENCH_WORLD), ("CYCLES", _CYCLES_WORLD)])
def test_the_world_is_seen_as_if_the_film_were_not_transparent(film: Scene, engine: str, seen: Any) -> None:
    capture(engine)
    assert behind(film) == pytest.approx(seen, abs=0.01)
    assert film.render.film_transparent


@pytest.mark.parametrize("engine", ["WORKBENCH", "CYCLES"])
@pytest.mark.parametrize("has_world", [True, False])
def test_a_chosen_color_is_seen_and_also_where_there_is_no_world(film: Scene, engine: str, has_world: bool) -> None:
    film.kling.background = "COLOR" if has_world else "WORLD"
    film.world = film.world if has_world else None
    capture(engine)
    assert behind(film) == pytest.approx(_COLOR, abs=0.01)
    assert colour_at(Path(film.kling.first_frame), 0.5, 0.5)[0] > 0.5, "the cube stands before it"


def test_what_the_compositor_puts_behind_the_scene_is_seen(film: Scene) -> None:
    put_red_behind(film)
    capture("CYCLES")
    assert behind(film) == pytest.approx((1.0, 0.0, 0.0), abs=0.01)


def put_red_behind(scene: Scene) -> None:
    tree, output = new_compositor(scene)
    layers, over = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("CompositorNodeAlphaOver")
    ground, image = [socket for socket in over.inputs if socket.type == "RGBA"]
    ground.default_value = (1, 0, 0, 1)
    tree.links.new(layers.outputs[0], image)
    tree.links.new(over.outputs[0], output.inputs[0])


def test_a_render_that_is_there_already_gets_the_color(film: Scene) -> None:
    bpy.ops.render.render()
    assert kling.use_image(role="FIRST", image="Render Result") == {"FINISHED"}
    assert behind(film) == pytest.approx(_COLOR, abs=0.01)


def test_a_film_that_is_not_transparent_is_rendered_as_ever(film: Scene) -> None:
    film.render.film_transparent, film.kling.background = False, "COLOR"
    capture("CYCLES")
    assert behind(film) == pytest.approx(_CYCLES_WORLD, abs=0.01)


def test_a_view_that_is_rendered_shows_the_world(film: Scene) -> None:
    capture("WORKBENCH")  # without a window this wakes the graphics
    film.render.engine = "BLENDER_WORKBENCH"
    space, _ = view.view_of(bpy.context)
    space.shading.type = "RENDERED"
    kling.capture_view(role="FIRST")
    assert behind(film) == pytest.approx(_WORKBENCH_WORLD, abs=0.01)
    assert film.render.film_transparent


@pytest.mark.parametrize(("is_transparent", "is_offered"), [(True, True), (False, False)])
def test_the_choice_is_offered_where_it_counts(film: Scene, is_transparent: bool, is_offered: bool) -> None:
    film.render.film_transparent = is_transparent
    layout = Layout()
    frames.draw_frames(layout, bpy.context)  # type: ignore[arg-type]
    assert ("Background" in layout.labels) is is_offered
