"""Rendering what the scene's camera sees to a picture that the service accepts, and leaving the scene as it was."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import bpy

from ...core.errors import CaptureFailed
from ...core.sizes import legal_size, square_pixels
from ..connection import limits
from ..host.changed import Setting, changed, named
from .picture_file import Colour, require_folder, without_stamps, write_as_viewed

_FEW_SAMPLES: Final = 16  # enough to see the shot by; with Cycles in a second or two on a processor
_OWN_THREAD_STATES: Final = (3, 12)  # from this Python on, Blender can tell whether it is this thread that has the lock


# A colour override of the artist's, in the order in which it can be put back: a display limits the view transforms, a
# view transform limits the looks.
_OVERRIDE: Final = {
    "display_settings": ("display_device", "emulation"),
    "view_settings": (
        "view_transform",
        "look",
        "exposure",
        "gamma",
        "use_hdr_view",
        "use_white_balance",
        "white_balance_temperature",
        "white_balance_tint",
    ),
    "linear_colorspace_settings": ("name",),
}


class Engine(StrEnum):
    """Who renders the picture."""

    SCENE = "scene"  # whatever the scene is set to
    WORKBENCH = "workbench"  # solid shading, a fraction of a second; needs OpenGL
    EEVEE = "eevee"  # few samples; needs a graphics card to be quick
    CYCLES = "cycles"  # few samples, no denoiser, on the processor: for machines without a GPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is behind a scene whose film is transparent: its world, or ``color`` (as it is seen, 0 to 1)."""

    shows_world: bool = True
    color: Colour = (0.5, 0.5, 0.5)

    def is_rendered(self, scene: bpy.types.Scene) -> bool:
        """Whether the world is rendered in place of the transparency. Not where there is none, which would be black,
        and not where the scene is composited: what the compositor puts behind it would be hidden.
        """
        is_composited = scene.render.use_compositing and _compositor(scene) is not None
        return self.shows_world and scene.world is not None and not is_composited


WORLD: Final = Background()


def render_camera_frame(
    scene: bpy.types.Scene,
    frame: int,
    path: Path,
    *,
    aspect_ratio: str | None,
    engine: Engine = Engine.SCENE,
    background: Background = WORLD,
) -> Path:
    """Render the scene's camera at ``frame`` to ``path`` and return where the picture is.

    The picture is a still of the scene, not of its timeline: the sequencer is left out, compositing is as the scene has
    it, colours are as the viewer shows them, and a camera bound to a marker counts. Its size is
    :func:`~kling_omni_addon.core.sizes.legal_size` of the scene's resolution (percentage included) in square pixels; as
    with any change of resolution, the camera's sensor fit says what a new shape shows more or less of. It carries no
    metadata, since Blender's would tell the service the path of the .blend.

    ``path`` is absolute and ends in ``.png`` or ``.jpg`` (JPEG at quality 95). It is written whole or not at all.
    **A PNG that is too large for the service becomes a JPEG beside it**: use the path returned. The service takes no
    transparent pictures: ``background`` says what is behind a scene whose film is transparent.

    Frame, camera and every setting are afterwards what they were, also after an error. As with any render in Blender,
    the last Render Result is replaced, and poses that were changed but not keyed fall back to their keys.

    Raises :class:`CaptureFailed` when there is no camera, when Blender cannot render or write, or when even the JPEG is
    too large; ``ValueError`` for an aspect ratio that the service does not know.
    """
    with set_for_camera(scene, frame, path, aspect_ratio=aspect_ratio, engine=engine, background=background):
        return write_as_viewed(rendered(scene), path, scene, background.color)


@contextmanager
def set_for_camera(
    scene: bpy.types.Scene,
    frame: int,
    path: Path,
    *,
    aspect_ratio: str | None,
    engine: Engine,
    background: Background,
) -> Iterator[str]:
    """Have the scene stand as :func:`render_camera_frame` renders it, and as it stood before in the end; the name of
    the camera that will render.

    Raises as that does.
    """
    require_possible(scene, path, engine)
    with _standing_at(scene, frame):
        camera = _require_camera(scene, frame)
        with changed(_settings(scene, aspect_ratio, engine, background)):
            yield camera.name


def save_last_render(scene: bpy.types.Scene, path: Path, background: Background = WORLD) -> Path:
    """Write what Blender rendered last, as the viewer shows it, and return where the picture is. What is transparent in
    it has the background's color: it cannot be rendered again.

    Raises :class:`CaptureFailed` when nothing was rendered since Blender started.
    """
    require_folder(path)
    if not any(image.type == "RENDER_RESULT" for image in bpy.data.images):
        raise CaptureFailed(
            "Nothing has been rendered yet.", field="image", remedy="Render, or capture from the camera."
        )
    render = scene.render
    with changed((*without_stamps(render), *_format_settings(render.image_settings, render.film_transparent))):
        return write_as_viewed(render_result(), path, scene, background.color)


def require_possible(scene: bpy.types.Scene, path: Path, engine: Engine) -> None:
    """Raise :class:`CaptureFailed` where this cannot be rendered to ``path`` now; make its folder."""
    if engine is Engine.CYCLES and not hasattr(scene, "cycles"):
        raise CaptureFailed("Cycles is disabled.", field="engine", remedy="Enable it in Preferences > Add-ons.")
    if bpy.app.is_job_running("RENDER"):
        raise CaptureFailed("Blender is rendering already.", remedy="Try again when that render is finished.")
    require_folder(path)  # now, rather than after a long render


def _require_camera(scene: bpy.types.Scene, frame: int) -> bpy.types.Object:
    if scene.camera is None:
        remedy = "Add one, or select one in Scene Properties > Camera."
        raise CaptureFailed(f'Scene "{scene.name}" has no camera at frame {frame}.', field="camera", remedy=remedy)
    return scene.camera


@contextmanager
def _standing_at(scene: bpy.types.Scene, frame: int) -> Iterator[None]:
    """Move the scene to ``frame``, and back in the end."""
    camera, now, part = scene.camera, scene.frame_current, scene.frame_subframe
    try:
        scene.frame_set(frame)
        yield
    finally:
        scene.frame_set(now, subframe=part)
        scene.camera = camera  # last: moving and rendering both switch to the camera of a marker


def _settings(
    scene: bpy.types.Scene, aspect_ratio: str | None, engine: Engine, background: Background
) -> Iterator[Setting]:
    """All that a capture changes. What is not here is not changed."""
    render = scene.render
    is_transparent = render.film_transparent and not background.is_rendered(scene)
    yield from named(render, film_transparent=is_transparent)
    yield from engine_settings(scene, engine)
    width, height = picture_size(render, aspect_ratio)
    yield from named(render, resolution_x=width, resolution_y=height, resolution_percentage=100)
    yield from named(render, pixel_aspect_x=1.0, pixel_aspect_y=1.0)
    yield from named(render, use_border=False, use_multiview=False, use_sequencer=False)
    yield from without_stamps(render)
    yield from _format_settings(render.image_settings, is_transparent)
    # A File Output node would write the artist's final frames anew, at our size and by our engine.
    yield from ((node, "mute", True) for node in _file_outputs(_compositor(scene)))


def engine_settings(scene: bpy.types.Scene, engine: Engine) -> Iterator[Setting]:
    """What makes a scene be rendered by this engine; nothing for that of the scene itself."""
    if engine is Engine.WORKBENCH:
        yield from named(scene.render, engine="BLENDER_WORKBENCH")
    if engine is Engine.EEVEE:
        yield from named(scene.render, engine=eevee_name(scene.render))
        yield from named(scene.eevee, taa_render_samples=min(scene.eevee.taa_render_samples, _FEW_SAMPLES))
    if engine is Engine.CYCLES:
        cycles: Any = getattr(scene, "cycles")  # noqa: B009 - the stubs do not know this add-on's property
        yield from named(scene.render, engine="CYCLES")
        yield from named(cycles, device="CPU", use_denoising=False, samples=min(cycles.samples, _FEW_SAMPLES))
        yield from named(cycles, use_layer_samples="IGNORE")  # a view layer could ask for thousands


def eevee_name(render: bpy.types.RenderSettings) -> str:
    """What this Blender calls EEVEE: BLENDER_EEVEE_NEXT from 4.2 to 4.5, BLENDER_EEVEE from 5.0."""
    engine: Any = render.bl_rna.properties["engine"]
    names = (str(item.identifier) for item in engine.enum_items)
    return next(name for name in names if name.startswith("BLENDER_EEVEE"))


def picture_size(render: bpy.types.RenderSettings, aspect_ratio: str | None) -> tuple[int, int]:
    """The pixels of a picture of this scene: its own resolution in square pixels, made legal."""
    width = max(1, render.resolution_x * render.resolution_percentage // 100)
    height = max(1, render.resolution_y * render.resolution_percentage // 100)
    shown = square_pixels(width, height, render.pixel_aspect_x, render.pixel_aspect_y)
    return legal_size(*shown, aspect_ratio, limits.profile())


def _format_settings(image: bpy.types.ImageFormatSettings, is_transparent: bool) -> Iterator[Setting]:
    # media_type (from 5.0) limits the formats, and the format limits the rest: this order serves both ways. PNG and
    # nothing else, because a new scene has it: a change of format gives names to colour spaces that have none in a new
    # scene, and that cannot be undone.
    yield from named(image, media_type="IMAGE", file_format="PNG", color_depth="8")
    yield from named(image, color_mode="RGBA" if is_transparent else "RGB")
    yield from named(image, compression=15)
    has_curves = image.view_settings is not None and image.view_settings.use_curve_mapping
    if image.color_management == "OVERRIDE" and not has_curves:
        yield from named(image, color_management="FOLLOW_SCENE")
        yield from _unchanged_override(image)


def _unchanged_override(image: bpy.types.ImageFormatSettings) -> Iterator[Setting]:
    """The colours of an override, to be put back: switching it on again copies the scene's over them.

    Curves cannot be put back, so an override with curves stays on, and the picture has its colours.
    """
    for part, names in _OVERRIDE.items():
        owner = getattr(image, part)
        yield from named(owner, **{name: getattr(owner, name) for name in names if hasattr(owner, name)})


def _compositor(scene: bpy.types.Scene) -> Any:
    """The node tree that the scene is composited with, or None. From 5.0 it is a data-block of its own, always used."""
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group  # and use_nodes is not asked for, which Blender 6.0 will not have
    older: Any = scene  # node_tree is gone from the stubs, which are of the newest version
    return older.node_tree if older.use_nodes else None


def _file_outputs(tree: Any) -> Iterator[bpy.types.Node]:
    for node in tree.nodes if tree is not None else ():
        if node.bl_idname == "CompositorNodeOutputFile":
            yield node
        yield from _file_outputs(getattr(node, "node_tree", None))


def rendered(scene: bpy.types.Scene) -> bpy.types.Image:
    """Render the scene as it is set, and return the Render Result. Raises :class:`CaptureFailed`."""
    try:
        outcome = render_scene(scene)
    except RuntimeError as error:
        raise CaptureFailed(f"Blender could not render the image: {str(error).strip()}") from error
    if "FINISHED" not in outcome:
        raise CaptureFailed("The render was stopped before the image was complete.", remedy="Capture again.")
    return render_result()


def render_scene(scene: bpy.types.Scene, *how: Any, **options: Any) -> set[str]:
    """``bpy.ops.render.render`` of any scene, at its own frame. Raises RuntimeError.

    An operator works without Python's lock, and reads an overridden context all the same. Up to 5.0, whose Python is
    3.11, that crashes Blender while another thread runs (docs/dev/blender_facts.md): then a scene beside the window's
    is only named to the operator, and objects of the window's scene that were moved and not keyed fall back.
    """
    render, shown = bpy.ops.render.render, bpy.context.scene
    if shown is None or scene == shown:
        return set(render(*how, **options))
    if sys.version_info >= _OWN_THREAD_STATES or threading.active_count() == 1:
        with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
            return set(render(*how, **options))
    # A scene that is named gets the frame of the window's scene.
    with changed([] if options.get("animation") else [(shown, "frame_current", scene.frame_current)]):
        return set(render(*how, scene=scene.name, **options))


def render_result() -> bpy.types.Image:
    """What was rendered last; something must have been."""
    return next(image for image in bpy.data.images if image.type == "RENDER_RESULT")
