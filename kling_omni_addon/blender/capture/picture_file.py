"""Writing a picture that the service accepts: whole or not at all, below its limit, and without metadata."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import bpy

from ...core.errors import CaptureFailed
from ...durable import patiently
from ..connection import limits
from ..host.changed import Setting, assign, named

Colour = tuple[float, float, float]
"""Red, green and blue as they are seen, from 0 to 1."""
_FORMATS: Final = {".png": "PNG", ".jpg": "JPEG"}


def require_folder(path: Path) -> None:
    """Make the folder of a picture. Raises :class:`CaptureFailed` for a path that no picture can be written to."""
    # Blender reads "//" as "beside the .blend", pathlib as an absolute path.
    if not path.is_absolute() or str(path).startswith("//") or path.suffix not in _FORMATS:
        remedy = "Give a full path to a .png or .jpg."
        raise CaptureFailed(f"An image cannot be written to {path}.", field="path", remedy=remedy)
    with _reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def write_picture(image: bpy.types.Image, path: Path, scene: bpy.types.Scene) -> Path:
    """Write ``image`` with the output settings of ``scene``, and return where the picture is: a PNG that is too large
    for the service becomes a JPEG beside it.

    Only the file format of ``scene`` is changed. Raises :class:`CaptureFailed` when Blender cannot write, or when even
    the JPEG is too large.
    """
    for target in dict.fromkeys((path, path.with_suffix(".jpg"))):
        if _is_written_small_enough(image, target, scene):
            return target
    remedy = "Lower the resolution in Output Properties."
    raise CaptureFailed(f"The image is larger than Kling accepts ({most_bytes():,} bytes).", remedy=remedy)


def most_bytes() -> int:
    """The size of a file that is too large to be sent, by the strictest reading of the service's limit."""
    return limits.profile().picture.advised_size_bytes


def _is_written_small_enough(image: bpy.types.Image, target: Path, scene: bpy.types.Scene) -> bool:
    """Write to ``target``, unless it comes out too large: then ``target`` is as it was."""
    part = target.with_name(f"{target.stem}.part{target.suffix}")
    assign(named(scene.render.image_settings, file_format=_FORMATS[target.suffix]))
    with _reported(target):
        try:
            image.save_render(str(part), scene=scene)
            if part.stat().st_size >= most_bytes():
                return False
            patiently(lambda: part.replace(target))
            return True
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # Python's, Blender's
        sentence = f"The image could not be written to {path}: {str(error).strip()}"
        raise CaptureFailed(sentence, field="path", remedy="Select another folder.") from error


@contextmanager
def scene_for_a_moment(scene: bpy.types.Scene) -> Iterator[bpy.types.Scene]:
    """A scene of ours alone, gone in the end: what is set in it need not be put back."""
    try:
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def copy_of(scene: bpy.types.Scene) -> bpy.types.Scene:
    """A scene that shows the same and whose settings and strips are its own."""
    copy = scene.copy()
    assert isinstance(copy, bpy.types.Scene)
    return copy


def pass_colours_on(scene: bpy.types.Scene) -> None:
    """Let a scene of ours write what an image shows as it is: no look, no view transform, no dither, no metadata."""
    render, view = scene.render, scene.view_settings
    # An OpenColorIO configuration of the studio's own may not have these names; then its first ones stay.
    for owner, name, value in (
        (scene.display_settings, "display_device", "sRGB"),
        (view, "view_transform", "Standard"),
        (view, "look", "None"),
        (scene.sequencer_colorspace_settings, "name", "sRGB"),
    ):
        with suppress(TypeError):
            setattr(owner, name, value)
    assign(named(view, exposure=0.0, gamma=1.0, use_curve_mapping=False, use_white_balance=False))
    assign(named(render, dither_intensity=0.0))
    assign(without_stamps(render))
    image = render.image_settings
    # media_type (from 5.0) limits the formats, and the format limits the rest.
    assign(named(image, color_management="FOLLOW_SCENE", media_type="IMAGE", file_format="PNG"))
    assign(named(image, color_mode="RGB", color_depth="8", quality=95, compression=15))  # for JPEG, for PNG


def without_stamps(render: bpy.types.RenderSettings) -> Iterator[Setting]:
    """Blender writes all of these into the file, and burns them into the picture when "use_stamp" is on."""
    stamps = (name for name in render.bl_rna.properties.keys() if name.startswith("use_stamp"))  # noqa: SIM118 - no dict
    return ((render, name, False) for name in stamps)


def write_as_viewed(image: bpy.types.Image, path: Path, scene: bpy.types.Scene, behind: Colour) -> Path:
    """Write ``image`` in the colours in which ``scene``, which is set to write PNG, shows it; see
    :func:`write_picture`. Where its film is transparent, ``behind`` is seen.
    """
    is_transparent = scene.render.film_transparent
    whole = path.with_name(f"{path.stem}.whole.png")
    with _reported(path):
        try:
            image.save_render(str(whole), scene=scene)
            if is_transparent:
                return save_file(whole, path, behind)
            if path.suffix == ".png" and whole.stat().st_size < most_bytes():
                return patiently(lambda: whole.replace(path))
            return save_file(whole, path.with_suffix(".jpg"))
        finally:
            whole.unlink(missing_ok=True)


def save_file(source: Path, path: Path, behind: Colour | None = None) -> Path:
    """Write a copy of an image file, with a colour ``behind`` what is transparent in it; see :func:`save_image`. Raises
    ``RuntimeError`` where Blender cannot read it.
    """
    image = bpy.data.images.load(str(source), check_existing=False)
    try:
        if behind is not None:
            _lay_on(image, behind)
        return save_image(image, path)
    finally:
        bpy.data.images.remove(image)


def _lay_on(image: bpy.types.Image, behind: Colour) -> None:
    """Put a colour behind what is transparent."""
    import numpy as np  # Blender's own

    pixels: Any = image.pixels
    values = np.empty(len(pixels), dtype=np.float32)
    pixels.foreach_get(values)
    rgba = values.reshape(-1, 4)
    seen = rgba[:, 3:]
    rgba[:, :3] = rgba[:, :3] * seen + np.asarray(behind, dtype=np.float32) * (1 - seen)
    rgba[:, 3] = 1
    pixels.foreach_set(values)


def save_image(image: bpy.types.Image, path: Path) -> Path:
    """Write a copy of an image of this file, generated, painted and packed ones too, and return where it is.

    Colours are as the Image Editor shows them by default: without a view transform. Transparency is lost. Raises
    :class:`CaptureFailed` for an image without pixels.
    """
    require_folder(path)
    pixels: Any = image.pixels
    if not len(pixels):
        sentence = f'Image "{image.name}" has no pixels.'
        raise CaptureFailed(sentence, field="image", remedy="Find its file again, or select another image.")
    with scene_for_a_moment(bpy.data.scenes.new("Kling")) as output:
        pass_colours_on(output)
        return write_picture(image, path, output)
