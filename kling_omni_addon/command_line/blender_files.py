"""The verbs about one .blend file: its shot as a request file, its frames, clips and edit; and a clip's request file.

Each gives the exit code. What of it needs no Blender is done before one is looked for.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..core import capability
from ..core.errors import ArgumentsInvalid, KlingError, StillRunning, TaskFailed
from ..core.life.lifecycle import IllegalTransition, Phase
from ..core.problem import escaped
from ..paths import expanded, is_there
from . import arguments
from .output import say, tell
from .with_blender import in_blender

if TYPE_CHECKING:
    import bpy

    from ..core.life.lifecycle import Submission
    from ..work.journal import Journal

Verb = Callable[..., argparse.ArgumentParser]
_MOST_CHANNELS: Final = 128
_MOST_FRAMES: Final = 1_048_574  # Blender's own limit
_ENGINES: Final = ("scene", "workbench", "eevee", "cycles")
_FRAME = re.compile(r"[+-]?[0-9]{1,7}")
_SIDECAR, _CLIP = ".json", ".mp4"


def add(names: Any, add_verb: Verb, whole: Callable[[int], Callable[[str], int]]) -> None:
    """The words of the verbs."""
    what = "add the clip of a job to the Sequencer of a .blend file, and save the file; needs Blender"
    example = "place film.blend ID --frame 101 --channel 2"
    placing = add_verb(names, "place", place, what, says="strips", example=example)
    what = "render frames of the camera to image files; needs Blender, no key"
    example = "capture film.blend --frames 1,48 --out frames"
    capturing = add_verb(names, "capture", capture, what, says="images", example=example)
    what = "export the Sequencer of a .blend file as OpenTimelineIO; needs Blender, no key"
    exporting = add_verb(names, "export", export, what, says="exports", example="export film.blend film.otio")
    what = "print the request file of a shot or of a clip; a shot needs Blender"
    requesting = add_verb(names, "request", request, what, example="request film.blend")
    for verb in (placing, capturing, exporting):
        verb.add_argument("blend", type=arguments.path, metavar="FILE.blend", help=".blend file")
    requesting.add_argument(
        "source", type=arguments.path, metavar="SOURCE", help=".blend file, or a clip, or the .json file beside a clip"
    )
    placing.add_argument("id", metavar="ID", help="ID of the job, as status prints it")
    exporting.add_argument("otio", type=arguments.path, metavar="OUT.otio", help="file to write")
    for verb in (placing, capturing, exporting, requesting):
        verb.add_argument("--scene", default="", metavar="NAME", help="scene of the file (default: the active one)")
    placing.add_argument("--frame", type=_frame, metavar="N", help="start frame (default: that of the job)")
    placing.add_argument(
        "--channel", type=whole(_MOST_CHANNELS), metavar="N", help="lowest channel to use (default: that of the job, 1)"
    )
    capturing.add_argument("--camera", default="", metavar="NAME", help="camera of the scene (default: its own)")
    what = "frames to render, as in 1,121 (default: the first and the last of the scene)"
    capturing.add_argument("--frames", type=_frames, default=(), metavar="N,N", help=what)
    capturing.add_argument(
        "--out", type=arguments.path, metavar="FOLDER", help="folder (default: kling/frames beside the file)"
    )
    capturing.add_argument(
        "--engine", choices=_ENGINES, default=_ENGINES[0], help="renderer (default: that of the scene)"
    )
    what = "shape of the images (default: that of the scene)"
    capturing.add_argument("--aspect-ratio", choices=capability.profile().aspect_ratios, help=what)
    exporting.add_argument("--relative", action="store_true", help="store clip paths relative to the file")


def _frame(text: str) -> int:
    """A frame of Blender's."""
    number = int(text) if _FRAME.fullmatch(text.strip()) else _MOST_FRAMES + 1
    if abs(number) > _MOST_FRAMES:
        raise argparse.ArgumentTypeError(f'"{escaped(text[:40])}" is not a frame like 1 or 121')
    return number


def _frames(text: str) -> tuple[int, ...]:
    """Frames with commas between them, each once."""
    return tuple(dict.fromkeys(_frame(part) for part in text.split(",")))


def place(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Add the clip of a job to a file's Sequencer, once, and save the file."""
    from ..settings import home_folder
    from ..work.recovery import open_journal

    blend, history = _blend(options), home_folder(environment) / "journal.sqlite3"
    if not history.exists():
        raise _unknown(options.id)
    journal, notice = open_journal(history, time.time())
    if notice:
        tell(f"kling: {notice}")
    with closing(journal):
        arrived = _with_clip(journal, options.id)
        with in_blender(environment, ("place", str(options.blend))):
            return _placed(journal, arrived, blend, options)


def _with_clip(journal: Journal, submission_id: str) -> Submission:
    """The job, which has a clip. Raises :class:`ArgumentsInvalid`, :class:`StillRunning` or :class:`TaskFailed`."""
    found = journal.load(submission_id)
    if found is None:
        raise _unknown(submission_id)
    if found.phase in (Phase.FETCHED, Phase.PLACED):
        return found
    if found.is_settled:
        raise TaskFailed(f'The job "{found.id}" has no clip. {found.problem}'.rstrip(), field="id")
    remedy = f"Wait for the clip with: kling wait {found.id}"
    raise StillRunning(f'The job "{found.id}" has no clip yet.', field="id", remedy=remedy)


def _unknown(submission_id: str) -> ArgumentsInvalid:
    sentence = f'There is no job "{escaped(submission_id[:80])}".'
    return ArgumentsInvalid(sentence, field="id", remedy="List all jobs with: kling status")


def _placed(journal: Journal, arrived: Submission, blend: Path, options: argparse.Namespace) -> int:
    """Place it in the file, and only then put it on record: a file that was not saved has no strip."""
    from ..blender.host.opened_file import open_file, save_file
    from ..blender.submissions import placing
    from ..core.life import events as ev

    open_file(blend)
    scene = _scene_for(arrived, options)
    was_there = bool(placing.clips_of(arrived.id, scene))
    with _told_as_arguments():
        home, strip, placed = placing.put(arrived, scene, frame=options.frame, channel=options.channel)
    if not was_there:
        save_file()
        tell(f"Saved: '{blend}'")
    else:
        tell(f"kling: {arrived.id}: The clip is in the Sequencer already. Move the strip in Blender.")
    if not (was_there and arrived.phase is Phase.PLACED):
        with suppress(IllegalTransition):  # somebody has it downloaded again meanwhile: it is placed then
            journal.append(arrived.id, ev.Placed(at=time.time(), scene=home.name, strip=strip.name))
    place = {"scene": home.name, "strip": placed.name, "sound": placed.sound_name, "channel": placed.channel}
    frames = {"frame_start": placed.frame_start, "frame_duration": placed.frame_duration, "was_there": was_there}
    say({"id": arrived.id, "clip": arrived.clip, "blend": str(blend)} | place | frames)
    return 0


@contextmanager
def _told_as_arguments() -> Iterator[None]:
    """What a panel says without a code of its own is about what was asked for."""
    try:
        yield
    except KlingError as error:
        if type(error) is not KlingError:
            raise
        raise ArgumentsInvalid(error.sentence, field=error.field, remedy=error.remedy) from error


def _scene_for(arrived: Submission, options: argparse.Namespace) -> bpy.types.Scene | None:
    """The scene that is named, else where the clip is, was to go, or the Sequencer's; None leaves it to the clip."""
    import bpy

    from ..blender.host.opened_file import scene_named
    from ..blender.host.ownership import own_scene
    from ..blender.host.sequencer import timeline_scene
    from ..blender.timeline import stand_in

    if options.scene:
        return scene_named(options.scene)
    has_home = stand_in.pieces_of(arrived.id) or own_scene(arrived.target.scene) is not None
    return None if has_home else timeline_scene(bpy.context)


def capture(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Render frames of a file's camera; the file stays as it is."""
    blend = _blend(options)
    out = expanded(options.out, "out") if options.out else blend.parent / "kling" / "frames"
    with in_blender(environment, ("capture", str(options.blend))):
        from ..blender.capture.camera import Engine
        from ..blender.capture.frame_files import captured
        from ..blender.host.opened_file import open_file

        open_file(blend)
        scene = _active_or_named(options.scene)
        frames = options.frames or dict.fromkeys((scene.frame_start, scene.frame_end))
        how = {"camera": options.camera, "aspect_ratio": options.aspect_ratio, "engine": Engine(options.engine)}
        for picture in captured(scene, frames, out, **how):
            say({"path": str(picture.path), "frame": picture.frame, "camera": picture.camera, "scene": scene.name})
            tell(f"Saved: '{picture.path}'")
    return 0


def export(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Write a file's Sequencer as OpenTimelineIO."""
    blend, otio = _blend(options), expanded(options.otio, "otio").absolute()
    with in_blender(environment, ("export", str(options.blend))):
        import bpy

        from ..blender.host.opened_file import open_file, scene_named
        from ..blender.host.sequencer import timeline_scene
        from ..blender.timeline.otio_export import export_otio

        open_file(blend)
        scene = scene_named(options.scene) if options.scene else timeline_scene(bpy.context)
        with _told_as_arguments():
            clips, left_out = export_otio(scene, otio, is_relative=options.relative)
        say({"path": str(otio), "scene": scene.name, "clips": clips, "left_out": left_out})
    tell(f"Saved: '{otio}'")
    if left_out:
        tell(f"kling: {left_out} strips are left out: effects, texts and scenes stay in Blender.")
    return 0


def request(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Print the request file of a file's shot, or of a clip."""
    suffix = options.source.suffix.lower()
    if suffix in (_SIDECAR, _CLIP):
        return _request_of_clip(options, environment)
    blend = _file(options.source, "source")
    with in_blender(environment, ("request", str(options.source))):
        from ..blender.host.opened_file import open_file
        from ..blender.shot.request_files import request_file

        open_file(blend)
        scene = _active_or_named(options.scene)
        say(request_file(scene))
    return 0


def _request_of_clip(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """The request file of a clip; 2 where something has to be written into it before it can be submitted."""
    from ..clip_request import request_of_clip
    from ..settings import home_folder
    from ..work.picture_store import PictureStore

    if options.scene:
        sentence = "--scene names a scene of a .blend file, and a clip has none."
        raise ArgumentsInvalid(sentence, field="scene", remedy="Remove --scene.")
    source = _file(options.source, "source")
    found = request_of_clip(source.with_suffix(_SIDECAR), PictureStore(home_folder(environment) / "pictures"))
    say(found.body)
    for sentence in (*found.changed, *found.missing):
        tell(f"kling: {sentence}")
    return 2 if found.missing else 0


def _active_or_named(name: str) -> bpy.types.Scene:
    import bpy

    from ..blender.host.opened_file import scene_named

    scene = scene_named(name) if name else bpy.context.scene
    assert scene is not None
    return scene


def _blend(options: argparse.Namespace) -> Path:
    """The file itself: Blender saves over a link, and not into what it leads to."""
    return _file(options.blend, "blend").resolve()


def _file(given: Path, field: str) -> Path:
    """A file that is there. Raises :class:`ArgumentsInvalid`."""
    path = expanded(given, field).absolute()
    if not (is_there(path) and path.is_file()):
        raise ArgumentsInvalid(f'There is no file "{given}".', field=field, remedy="Check the path.")
    return path
