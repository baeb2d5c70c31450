"""Files that are dropped on an editor while the *Kling* tab is open there: images become frames or references of the
shot, and a clip that Kling made becomes its video.

Blender offers a menu where several of its file handlers take a file. In the Sequencer that would cost an ordinary drop
the preview of the strip under the mouse and the place where it is let go. So there we take files in the tab alone, and
strips are left to Blender. In the 3D Viewport we take them in the view, too, beside Blender's own handlers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.props import CollectionProperty, EnumProperty, StringProperty

from ...core.errors import CaptureFailed
from ...core.projects import same_path_for
from ...core.request import Role
from ...paths import identity_of
from ..connection import limits, opening, snapshots
from ..host.editors import TAB
from ..host.ownership import OnOwnScene, require_own
from ..host.reporting import Outcome, reported
from ..shot.kinds import KINDS, kind_of_shot
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from . import pictures

_EXTENSIONS: Any = bpy.path  # the stubs know none of them
_USES: Final = (
    ("FIRST", "First Frame", "The clip starts from the image"),
    ("END", "End Frame", "The clip ends with the image"),
    (
        "ENDS",
        "First and End Frame",
        "The clip starts from one image and ends with the other, in the order of their names",
    ),
    ("MIDDLE", "Middle Frame", "The clip passes through the image, after the existing middle frames"),
    ("REFERENCE", "Reference", "The prompt mentions the image"),
)
_LABELS: Final = {use: label for use, label, _ in _USES}
_PAIR: Final = 2


def uses_of(shot: KLING_PG_shot, number: int) -> tuple[str, ...]:
    """What so many images can become in a shot, the likeliest first."""
    ends = {1: ("FIRST", "END"), _PAIR: ("ENDS",)}.get(number, ())
    middle = ("MIDDLE",) if limits.model_of(shot.model).middle_frames else ()
    return (*ends, *middle, "REFERENCE")


def use_files(scene: bpy.types.Scene, use: str, files: Sequence[Path]) -> None:
    """Use image files, in the order of their names, in the scene's shot, and let that be of a kind that shows them.

    Raises :class:`CaptureFailed` for a number that does not fit the use, and for a file that cannot be used; those
    before it are used then.
    """
    require_own(scene)
    roles = _roles(use, len(files))
    for role, file in zip(roles, sorted(files), strict=True):
        pictures.use_file(scene, role, file)
    _make_room(shot_of(scene), set(roles))


def _roles(use: str, number: int) -> tuple[Role, ...]:
    several = {
        "ENDS": (Role.FIRST, Role.END),
        "MIDDLE": (Role.MIDDLE,) * number,
        "REFERENCE": (Role.REFERENCE,) * number,
    }
    roles = several.get(use) or (Role[use],)
    if not number or number != len(roles):
        wanted = "1 image" if len(roles) == 1 else f"{len(roles)} images"
        raise CaptureFailed(
            f"{_LABELS[use]} takes {wanted}, not {number}.", field="files", remedy="Choose other files."
        )
    return roles


def _make_room(shot: KLING_PG_shot, roles: set[Role]) -> None:
    """Change the kind of shot, if that is made without what was dropped."""
    kind = kind_of_shot(shot)
    if roles == {Role.REFERENCE}:
        if not kind.has_references:
            shot.kind = "REFERENCES"
    elif not roles <= set(kind.frames):
        board = "BOARD_FRAMES" if kind.has_board and Role.MIDDLE not in roles else ""
        shot.kind = board or ("FIRST" if roles == {Role.FIRST} else "FRAMES")


def submission_behind(clip: Path) -> str:
    """The submission that made a clip: by the file beside it, else by the job history where that is open; ``""`` for
    any other film.
    """
    from ...work.sidecar import take_of

    beside = take_of(clip)
    if beside is not None:
        return beside.submission
    recorded = snapshots.read_submissions() if opening.running() is not None else ()
    name = same_path_for(clip.name)
    named = (each for each in reversed(recorded) if same_path_for(Path(each.clip).name) == name)
    return next((each.id for each in named if identity_of(each.clip) == identity_of(clip)), "")


def require_submission_behind(clip: Path) -> str:
    """The same. Raises :class:`CaptureFailed` for a film that Kling did not make."""
    found = submission_behind(clip)
    if not found:
        sentence = f'"{clip.name}" is not a clip that Kling made, and Kling accepts other videos only as a public link.'
        raise CaptureFailed(sentence, field="files", remedy="Add it to the Sequencer as a strip and press From Strip.")
    return found


class KLING_OT_drop_files(OnOwnScene, bpy.types.Operator):
    """Use image files as frames or references of the shot, or a Kling clip as its video"""

    bl_idname = "kling.drop_files"
    bl_label = "Use in Kling Shot"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    use: EnumProperty(name="Use", description="Use of the images in the shot", items=_USES, options={"SKIP_SAVE"})
    directory: StringProperty(
        name="Folder", description="Folder of the files", subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"}
    )
    files: CollectionProperty(
        name="Files",
        description="Names of the files in the folder",
        type=bpy.types.OperatorFileListElement,
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @property
    def paths(self) -> list[Path]:
        """The files that were dropped."""
        return [Path(self.directory) / file.name for file in self.files]

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Ask what they are to become."""
        return self._ask(context)

    @reported
    def _ask(self, context: bpy.types.Context) -> Outcome:
        films = [path for path in self.paths if path.suffix.lower() in _EXTENSIONS.extensions_movie]
        if films and len(self.files) > 1:
            sentence = "A clip cannot be dropped together with other files."
            raise CaptureFailed(sentence, field="files", remedy="Drop images, or a single clip.")
        manager: Any = context.window_manager
        if films:
            submission_id = require_submission_behind(films[0])
            manager.popup_menu(lambda menu, _: _draw_clip_uses(menu.layout, submission_id), title=films[0].name)
        else:
            uses = uses_of(shot_of(scene_of(context)), len(self.files))
            title = self.files[0].name if len(self.files) == 1 else f"{len(self.files)} Images"
            directory, names = self.directory, [file.name for file in self.files]  # the operator is gone by then
            manager.popup_menu(lambda menu, _: _draw_uses(menu.layout, uses, directory, names), title=title)
        return {"INTERFACE"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        use_files(scene_of(context), self.use, self.paths)
        return {"FINISHED"}


def _draw_uses(layout: bpy.types.UILayout, uses: Sequence[str], directory: str, names: Sequence[str]) -> None:
    layout.operator_context = "EXEC_DEFAULT"
    for use in uses:
        button: Any = layout.operator("kling.drop_files", text=_LABELS[use], icon="IMAGE_DATA")
        button.use, button.directory = use, directory
        for name in names:
            button.files.add().name = name


def _draw_clip_uses(layout: bpy.types.UILayout, submission_id: str) -> None:
    """The uses that *Use Clip as Video* has."""
    for kind in KINDS:
        if kind.clip_use:
            button: Any = layout.operator("kling.use_clip", text=kind.clip_use[0], icon="FILE_MOVIE")
            button.submission_id, button.use = submission_id, kind.identifier


def takes_drops(area: bpy.types.Area | None, region: bpy.types.Region | None) -> bool:
    """Whether files are ours to take where the mouse is."""
    if area is None or region is None or area.type not in ("VIEW_3D", "SEQUENCE_EDITOR"):
        return False
    space: Any = area.spaces.active
    sidebar: Any = next((each for each in area.regions if each.type == "UI"), None)
    is_open = space.show_region_ui and sidebar is not None and sidebar.active_panel_category == TAB
    return bool(is_open) and (region.type == "UI" or (area.type == "VIEW_3D" and region.type == "WINDOW"))


class _OnOurTab:
    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return takes_drops(context.area, context.region)


class KLING_FH_files(_OnOurTab, bpy.types.FileHandler):
    """Images and clips that are dropped on the tab, or on the 3D Viewport beside it."""

    bl_idname = "KLING_FH_files"
    bl_label = "Kling"
    bl_import_operator = "kling.drop_files"
    bl_file_extensions = ";".join(sorted(_EXTENSIONS.extensions_image | _EXTENSIONS.extensions_movie))


CLASSES = (KLING_OT_drop_files, KLING_FH_files)
