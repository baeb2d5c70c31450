"""Strips as a video that Kling takes: as they are cut and look on the timeline, in the length, rate and pixels of the
limits in force. Rendered in a copy of the scene, so that the scene itself is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import bpy

from ...core.errors import CaptureFailed, UploadFailed
from ...core.footage import plan_footage, told_bytes, told_seconds
from ..connection import deletions, limits, preferences, uploads
from ..host.changed import assign, named
from ..host.ownership import require_own
from ..host.sequencer import (
    Strip,
    active_strip,
    all_strips,
    end_of,
    held_by,
    metas_around,
    open_strips_of,
    start_of,
)
from ..shot.footage import drop_footage, file_of, put_footage
from ..shot.properties import shot_of
from ..shot.reading import media_folder
from ..timeline.clip_strips import PLANNED
from .camera import render_scene
from .camera_job import RenderJob
from .picture_file import copy_of, scene_for_a_moment, without_stamps

if TYPE_CHECKING:
    from ...core.footage import FootagePlan

_FOLDER: Final = "footage"
_LONGEST_NTSC: Final = 1001  # 24000/1001 and its like are the broken rates that there are
_WITH_SOUND: Final = ("SOUND", "SCENE")


class Footage(NamedTuple):
    """What is to be rendered of a timeline: its strips by name, the first frame, and how."""

    timeline: bpy.types.Scene
    names: tuple[str, ...]
    first_frame: int
    plan: FootagePlan
    most_bytes: int

    @property
    def origin(self) -> str:
        """Where the video comes from, for people."""
        first, *others = self.names
        named = f"{first} and {len(others)} more" if others else first
        return f"{named}, frames {self.first_frame} to {self.first_frame + self.plan.frames - 1}"


def plan_strips(scene: bpy.types.Scene, timeline: bpy.types.Scene, strips: tuple[Strip, ...] = ()) -> Footage:
    """How the strips of ``timeline`` become a video for the shot of ``scene``: by default the selected ones, or the
    active one where none is selected.

    Raises :class:`CaptureFailed` where there is none, one cannot be shown, or they cannot become a video.
    """
    chosen = strips or chosen_strips(timeline)
    for strip in _with_children(chosen):
        _require_shown(strip)
    first, end = min(map(start_of, chosen)), max(map(end_of, chosen))
    if first < 0:
        raise CaptureFailed("The strips start before frame 0.", field="strip", remedy="Move them to the right.")
    model, render = limits.model_of(shot_of(scene).model), timeline.render
    video = limits.of_model(model.name).video
    return Footage(
        timeline=timeline,
        names=tuple(str(strip.name) for strip in chosen),
        first_frame=first,
        plan=plan_footage(end - first, _fps_of(render), _size_of(render), model, video),
        most_bytes=video.size_bytes,
    )


def chosen_strips(timeline: bpy.types.Scene) -> tuple[Strip, ...]:
    """The selected strips of those that the Sequencer shows, else the active one, the leftmost first.

    Raises :class:`CaptureFailed` where no strip with a picture is chosen.
    """
    active = active_strip(timeline)
    selected = [strip for strip in open_strips_of(timeline) if strip.select]
    chosen = selected or ([] if active is None else [active])
    if all(strip.type == "SOUND" for strip in chosen):
        remedy = "Select a movie, image, scene, meta or effect strip."
        raise CaptureFailed("No strip with an image is selected.", field="strip", remedy=remedy)
    return tuple(sorted(chosen, key=lambda strip: (strip.type == "SOUND", start_of(strip), -int(strip.channel))))


def _with_children(strips: tuple[Strip, ...]) -> Iterator[Strip]:
    for strip in strips:
        yield strip
        if strip.type == "META":
            yield from _with_children(tuple(held_by(strip)))


def _require_shown(strip: Strip) -> None:
    """Raise :class:`CaptureFailed` for a clip that is still to come, and for a file that is not there: Blender plays
    one as black without a word.
    """
    if PLANNED in strip:
        sentence = f'"{strip.name}" is still being generated.'
        raise CaptureFailed(sentence, field="strip", remedy="Wait until its clip is downloaded.")
    if missing := next((path for path in _files_of(strip) if not path.is_file()), None):
        sentence = f'The file {missing} of the strip "{strip.name}" is missing.'
        raise CaptureFailed(sentence, field="strip", remedy="Find the file again.")


def _files_of(strip: Strip) -> Iterator[Path]:
    if strip.type == "MOVIE":
        yield Path(bpy.path.abspath(strip.filepath))
    elif strip.type == "IMAGE":
        folder = Path(bpy.path.abspath(strip.directory))
        yield from (folder / str(element.filename) for element in strip.elements)


def _fps_of(render: bpy.types.RenderSettings) -> Fraction:
    return Fraction(render.fps) / Fraction(render.fps_base).limit_denominator(_LONGEST_NTSC)


def _size_of(render: bpy.types.RenderSettings) -> tuple[int, int]:
    """The timeline's pixels without its percentage. Raises :class:`CaptureFailed` for pixels that are not square."""
    if render.pixel_aspect_x != render.pixel_aspect_y:
        remedy = "Set Aspect X and Y to 1 in Output Properties."
        raise CaptureFailed("This scene has non-square pixels.", field="pixel_aspect", remedy=remedy)
    return render.resolution_x, render.resolution_y


def footage_path(name: str) -> Path:
    """Where rendered footage goes: beside a saved file, else in the user's data folder."""
    folder = _folders()[0]
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    return folder / f"{bpy.path.clean_name(name)}_{stamp}.mp4"


@dataclass(kw_only=True)
class FootageJob(RenderJob):
    """One video of a timeline."""

    is_film: ClassVar[bool] = True

    path: Path
    footage: Footage
    is_done: bool = False

    def render(self) -> Path:
        """Render at once, while Blender waits: for scripts. Raises :class:`CaptureFailed`."""
        try:
            with self.set_up() as film:
                render_scene(film, animation=True)
            return self._checked()
        except RuntimeError as error:
            raise CaptureFailed(f"Blender could not render the video: {str(error).strip()}") from error
        finally:
            self._clear_up()

    @contextmanager
    def set_up(self) -> Iterator[bpy.types.Scene]:
        """A copy of the timeline's scene that shows the strips and nothing else; gone in the end."""
        if bpy.app.is_job_running("RENDER"):
            raise CaptureFailed("Blender is rendering already.", remedy="Try again when that render is finished.")
        _require_folder(self.path.parent)
        with scene_for_a_moment(copy_of(self.footage.timeline)) as film:
            has_sound = _show_only(film, self.footage.names) and self.footage.plan.rate.is_kept
            _set_range(film, self.footage)
            _set_pixels(film.render, self.footage.plan)
            _set_encoder(film.render, self.path, has_sound=has_sound)
            yield film

    def written(self, _image: bpy.types.Image) -> Path:
        """The file, which Blender has written."""
        return self._checked()

    def _checked(self) -> Path:
        """The file, if it is there and not too large. Raises :class:`CaptureFailed`."""
        size, most = self.path.stat().st_size if self.path.is_file() else 0, self.footage.most_bytes
        if not size:
            raise CaptureFailed("Blender wrote no video.", remedy="See the system console.")
        if size > most:
            sentence = f"The video has {told_bytes(size)}; Kling takes at most {told_bytes(most)}."
            raise CaptureFailed(sentence, remedy="Lower the resolution in Output Properties.")
        self.is_done = True
        return self.path

    def drop(self) -> None:
        """Put everything back; half a video is deleted."""
        super().drop()
        self._clear_up()

    def _clear_up(self) -> None:
        if not self.is_done:
            self.path.unlink(missing_ok=True)


def render_strips(
    scene: bpy.types.Scene,
    *,
    strips: tuple[Strip, ...] = (),
    timeline: bpy.types.Scene | None = None,
    cuts: bool = False,
) -> Path:
    """Render strips of ``timeline`` (by default the selected ones of the scene's own) to a video that Kling takes, and
    make it the footage of the scene's shot. Nothing is uploaded.

    Where it would be too long, its end is left out if ``cuts``. Raises :class:`CaptureFailed`, also for what cannot
    become such a video, and :class:`KlingError` for a linked scene.
    """
    require_own(scene)
    footage = plan_strips(scene, timeline or scene, strips)
    if footage.plan.is_cut and not cuts:
        raise CaptureFailed(too_long(footage), field="strip", remedy="Make it shorter, or enable Cut to Longest.")
    job = footage_job(footage)
    put_footage(scene, job.render(), footage.origin)
    return job.path


def footage_job(footage: Footage) -> FootageJob:
    """A render of footage that goes where footage goes."""
    return FootageJob(path=footage_path(footage.names[0]), footage=footage)


def too_long(footage: Footage) -> str:
    """That a range is longer than Kling takes, as a sentence."""
    plan = footage.plan
    return f"This is {told_seconds(plan.all_seconds)} long; Kling takes at most {told_seconds(plan.seconds)}."


def upload(scene: bpy.types.Scene) -> str:
    """Give the footage of a scene's shot a link, by the upload command or from the rehearsal server. In a window the
    link comes later; a script waits for it and gets it.

    Raises like ``uploads.upload``, and :class:`UploadFailed` in a script that gets none.
    """
    require_own(scene)
    shot = shot_of(scene)
    if not shot.footage:
        raise CaptureFailed(
            "This shot has no video from strips yet.", field="footage", remedy="Press From Strip first."
        )
    file = file_of(shot)
    uploads.upload(file)
    if uploads.trouble_of(file):
        raise UploadFailed(uploads.trouble_of(file))
    return str(shot.footage_link)


def discard(scene: bpy.types.Scene) -> None:
    """Forget the footage of a scene's shot and delete its file; where it was uploaded and a delete command is set, have
    it deleted there, too.
    """
    require_own(scene)
    shot = shot_of(scene)
    file, link = Path(file_of(shot)), shot.footage_link
    if uploads.is_uploading(str(file)):
        uploads.stop()
    drop_footage(scene)
    if link:
        deletions.let_go(link)
    if file.parent in _folders():  # nobody else's file
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _folders() -> tuple[Path, ...]:
    beside = media_folder(_FOLDER)
    return ((beside,) if beside else ()) + (preferences.home() / _FOLDER,)


def _require_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sentence = f"The video cannot be written to {folder}: {error.strerror or error}."
        raise CaptureFailed(sentence, field="path", remedy="Save the .blend file in another folder.") from error


def _show_only(film: bpy.types.Scene, names: tuple[str, ...]) -> bool:
    """Let nothing be seen but the strips of these names, the Speed effects over them, and the meta strips that they lie
    in; whether there is a sound among them.
    """
    editor: Any = film.sequence_editor
    editor.display_stack(None)  # out of the meta strip that is open
    strips = all_strips(film)
    chosen = [strips[name] for name in names]
    inside = list(_with_children(tuple(chosen)))
    speeds = [strip for strip in strips if strip.type == "SPEED" and strip.input_1 in chosen]
    around = [meta for strip in chosen for meta in metas_around(strip)]
    for channel in (channel for holder in (editor, *around) for channel in holder.channels):
        channel.mute = False
    for strip in strips:
        if strip not in inside:
            strip.mute = strip not in (*speeds, *around)
    for strip in chosen:
        strip.mute = False
    return any(strip.type in _WITH_SOUND and not strip.mute for strip in inside)


def _set_range(film: bpy.types.Scene, footage: Footage) -> None:
    """Which frames are rendered, and how fast they play."""
    rate, last = footage.plan.rate, footage.first_frame + footage.plan.frames - 1
    film.frame_end = last  # before and after the start: each moves the other where it would lie on its wrong side
    film.frame_start, film.frame_step = footage.first_frame, rate.step
    film.frame_end = last
    assign(named(film, use_preview_range=False))
    assign(named(film.render, frame_map_old=100, frame_map_new=100))
    film.render.fps = round(rate.fps)
    film.render.fps_base = float(film.render.fps / rate.fps)


def _set_pixels(render: bpy.types.RenderSettings, plan: FootagePlan) -> None:
    width, height = plan.size.canvas
    assign(named(render, resolution_x=width, resolution_y=height, resolution_percentage=plan.size.percent))
    assign(named(render, use_border=False, use_multiview=False, use_sequencer=True, use_compositing=False))


def _set_encoder(render: bpy.types.RenderSettings, path: Path, *, has_sound: bool) -> None:
    """H.264 in an MP4, without the metadata that would tell the path of the .blend."""
    assign(without_stamps(render))
    assign(named(render, filepath=str(path), use_file_extension=True, use_overwrite=True, use_placeholder=False))
    image, encoder = render.image_settings, render.ffmpeg
    # media_type (from 5.0) limits the formats.
    assign(named(image, color_management="FOLLOW_SCENE", media_type="VIDEO", file_format="FFMPEG", color_mode="RGB"))
    assign(named(encoder, format="MPEG4", codec="H264", constant_rate_factor="HIGH", use_autosplit=False))
    assign(named(encoder, use_lossless_output=False, audio_codec="NONE"))
    if has_sound:
        with suppress(TypeError):  # a Blender without sound
            encoder.audio_codec = "AAC"
