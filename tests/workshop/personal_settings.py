"""Scenes that are set to what a capture has no business with, so that it shows when one of these changes."""

from __future__ import annotations

from tests.workshop.shots import Scene, add_camera


def movie_output(scene: Scene) -> None:
    image = scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "VIDEO"
    image.file_format = "FFMPEG"
    scene.render.ffmpeg.format = "MKV"
    scene.render.ffmpeg.codec = "H264"


def layered_output(scene: Scene) -> None:
    image = scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "MULTI_LAYER_IMAGE"
    image.file_format = "OPEN_EXR_MULTILAYER"
    image.color_depth, image.exr_codec = "32", "PIZ"


def overridden_output(scene: Scene) -> None:
    image = scene.render.image_settings
    image.file_format, image.color_depth, image.color_mode = "TIFF", "16", "RGBA"
    image.color_management = "OVERRIDE"
    view = image.view_settings
    view.view_transform, view.exposure, view.gamma = "Filmic", 1.5, 0.8
    view.look = "High Contrast"
    if hasattr(view, "use_white_balance"):  # from 4.3
        view.use_white_balance, view.white_balance_temperature = True, 5000
    image.linear_colorspace_settings.name = "ACEScg"


def curved_output(scene: Scene) -> None:
    image = scene.render.image_settings
    image.color_management = "OVERRIDE"
    image.view_settings.use_curve_mapping = True
    image.view_settings.curve_mapping.curves[3].points[0].location = (0.2, 0.3)


def jpeg_output(scene: Scene) -> None:
    image = scene.render.image_settings
    image.file_format, image.color_mode, image.quality, image.compression = "JPEG", "BW", 12, 77


def untouched_output(scene: Scene) -> None:
    assert not scene.render.image_settings.linear_colorspace_settings.name  # and it can be given no empty one again


OUTPUTS = {
    "untouched": untouched_output,
    "movie": movie_output,
    "layers": layered_output,
    "override": overridden_output,
    "curves": curved_output,
    "jpeg": jpeg_output,
}


def make_it_personal(scene: Scene) -> None:
    """Give whatever a capture might touch a value that is not Blender's default."""
    scene.frame_set(7, subframe=0.25)
    shot_marker = scene.timeline_markers.new("cut", frame=20)
    shot_marker.camera = add_camera(scene, "Marker", x=1.0)
    render = scene.render
    render.resolution_percentage, render.pixel_aspect_x = 67, 1.5
    render.use_border = render.use_crop_to_border = render.use_stamp = render.use_stamp_hostname = True
    render.use_multiview = render.film_transparent = render.use_placeholder = True
    render.use_overwrite = render.use_file_extension = False
    render.border_min_x, render.filepath, render.dither_intensity = 0.25, "//final/####", 0.5
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.use_layer_samples = 333, True, "BOUNDED"
