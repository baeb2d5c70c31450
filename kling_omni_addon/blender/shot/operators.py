"""What the artist does to a shot in the panel: lists, names in the prompt, the storyboard's lengths, fixes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import CollectionProperty, EnumProperty, IntProperty, StringProperty

from ..host.language import translated
from ..host.ownership import OnOwnScene
from ..host.reporting import Outcome
from ..host.wrapping import draw_lines
from . import judging, remedies
from .offers import LIMITS, LONGEST_S, SHORTEST_S
from .prompt import prompt_of
from .properties import KLING_PG_shot, free_name, put_picture, scene_of, shot_of
from .reading import most_characters, prompt_holder

_LISTS = (
    ("references", "References", "Images of what the clip should show"),
    ("middle_frames", "Middle Frames", "Images that the clip passes through"),
    ("elements", "Elements", "Characters and things in the element library of the account"),
    ("board", "Storyboard", "Shots of the clip"),
)
_INDICES = {
    "references": "reference_index",
    "middle_frames": "middle_frame_index",
    "elements": "element_index",
    "board": "board_index",
}
_DIALOG_PX = 600
_DIALOG_CHARACTERS = 92


class _OfList(OnOwnScene):
    """An operator on one of the shot's lists."""

    bl_options = {"REGISTER", "UNDO", "INTERNAL"}
    which: EnumProperty(name="List", description="List to change", items=_LISTS)

    def _at_hand(self, context: bpy.types.Context) -> tuple[KLING_PG_shot, Any, int]:
        shot = shot_of(scene_of(context))
        return shot, getattr(shot, self.which), getattr(shot, _INDICES[self.which])

    def _choose(self, context: bpy.types.Context, position: int) -> Outcome:
        shot, items, _ = self._at_hand(context)
        setattr(shot, _INDICES[self.which], max(0, min(position, len(items) - 1)))
        judging.judge(scene_of(context))
        return {"FINISHED"}


class KLING_OT_add_item(_OfList, bpy.types.Operator):
    """Add an empty item at the end of the list"""

    bl_idname = "kling.add_item"
    bl_label = "Add"

    def execute(self, context: bpy.types.Context) -> Outcome:
        shot, items, _ = self._at_hand(context)
        name = free_name(items, "hero") if self.which == "elements" else ""
        left_s = shot.duration_s - sum(part.duration_s for part in shot.board)
        item = items.add()
        if self.which == "board":
            item.duration_s = max(1, left_s)
        elif name:
            item.name = name
        return self._choose(context, len(items) - 1)


class KLING_OT_remove_item(_OfList, bpy.types.Operator):
    """Remove the selected item from the list without deleting a file"""

    bl_idname = "kling.remove_item"
    bl_label = "Remove"

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Remove it and choose its neighbour."""
        _, items, position = self._at_hand(context)
        items.remove(position)
        return self._choose(context, position)


class KLING_OT_move_item(_OfList, bpy.types.Operator):
    """Move the selected item up or down in the list"""

    bl_idname = "kling.move_item"
    bl_label = "Move"

    step: IntProperty(name="Step", description="Places to move; negative moves up", default=1)

    def execute(self, context: bpy.types.Context) -> Outcome:
        _, items, position = self._at_hand(context)
        target = max(0, min(position + self.step, len(items) - 1))
        items.move(position, target)
        return self._choose(context, target)


class KLING_OT_add_references(OnOwnScene, bpy.types.Operator):
    """Add image files that show Kling what things look like"""

    bl_idname = "kling.add_references"
    bl_label = "Add Images..."
    bl_options = {"REGISTER", "UNDO"}

    filter_image: bpy.props.BoolProperty(
        name="Images Only", description="List image files only", default=True, options={"HIDDEN"}
    )
    filter_folder: bpy.props.BoolProperty(
        name="Folders", description="List folders as well", default=True, options={"HIDDEN"}
    )
    directory: StringProperty(name="Folder", description="Folder of the images", subtype="DIR_PATH")
    files: CollectionProperty(
        name="Files", description="Names of the images in the folder", type=bpy.types.OperatorFileListElement
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Let the artist choose in the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        for file in self.files:
            put_picture(scene_of(context), "REFERENCE", str(Path(self.directory) / file.name), file.name)
        return {"FINISHED"} if self.files else {"CANCELLED"}


class KLING_OT_clear_frame(OnOwnScene, bpy.types.Operator):
    """Remove the image from the shot without deleting its file"""

    bl_idname = "kling.clear_frame"
    bl_label = "Clear Frame"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    role: EnumProperty(
        name="Role",
        description="Frame to clear",
        items=(
            ("FIRST", "First Frame", "Image that the clip starts from"),
            ("END", "End Frame", "Image that the clip ends with"),
        ),
    )

    def execute(self, context: bpy.types.Context) -> Outcome:
        setattr(shot_of(scene_of(context)), "first_frame" if self.role == "FIRST" else "end_frame", "")
        return {"FINISHED"}


class KLING_OT_insert_name(OnOwnScene, bpy.types.Operator):
    """Add this name at the end of the prompt; it tells Kling which image, element or video is meant"""

    bl_idname = "kling.insert_name"
    bl_label = "Insert Name"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    text: StringProperty(name="Name", description="Name as it is spelled in the prompt")

    def execute(self, context: bpy.types.Context) -> Outcome:
        remedies.mention_in_prompt(shot_of(scene_of(context)), self.text)
        return {"FINISHED"}


class KLING_OT_edit_prompt(OnOwnScene, bpy.types.Operator):
    """Write the prompt in a wide dialog that shows all of it"""

    bl_idname = "kling.edit_prompt"
    bl_label = "Edit Prompt..."
    bl_options = {"REGISTER", "UNDO"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Open the window, or the text where that is the prompt."""
        if getattr(prompt_holder(shot_of(scene_of(context))), "prompt_text", None) is not None:
            return bpy.ops.kling.open_prompt_text()  # type: ignore[attr-defined,no-any-return] # an operator of ours
        return context.window_manager.invoke_props_dialog(self, width=_DIALOG_PX)

    def draw(self, context: bpy.types.Context) -> None:
        """The field, and under it all that it holds."""
        holder = prompt_holder(shot_of(scene_of(context)))
        self.layout.prop(holder, "prompt", text="")
        draw_lines(self.layout.box(), holder.prompt or translated("Nothing yet"), _DIALOG_CHARACTERS)
        self.layout.label(text=prompt_count(shot_of(scene_of(context))))

    def execute(self, _context: bpy.types.Context) -> Outcome:
        """The field has changed the prompt already."""
        return {"FINISHED"}


def prompt_count(shot: KLING_PG_shot) -> str:
    """How many characters of how many are used."""
    return f"{len(prompt_of(prompt_holder(shot)))} / {most_characters(shot)}"


class KLING_OT_set_duration(OnOwnScene, bpy.types.Operator):
    """Set the length of the clip in seconds"""

    bl_idname = "kling.set_duration"
    bl_label = "Set Duration"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    seconds: IntProperty(
        name="Seconds",
        description="Length of the clip",
        default=LIMITS.proposed.duration_s,
        min=SHORTEST_S,
        max=LONGEST_S,
    )

    def execute(self, context: bpy.types.Context) -> Outcome:
        shot_of(scene_of(context)).duration_s = self.seconds
        return {"FINISHED"}


class KLING_OT_distribute_shots(OnOwnScene, bpy.types.Operator):
    """Give every shot of the storyboard the same length, in whole seconds"""

    bl_idname = "kling.distribute_shots"
    bl_label = "Distribute Evenly"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where every shot gets a second at least."""
        shot = shot_of(scene_of(context))
        if not super().poll(context):
            return False
        cls.poll_message_set(translated("Add at least one shot, and no more shots than seconds"))
        return bool(0 < len(shot.board) <= shot.duration_s)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Share the seconds out; the first shots get what is over."""
        shot = shot_of(scene_of(context))
        each, over = divmod(shot.duration_s, len(shot.board))
        for position, part in enumerate(shot.board):
            part.duration_s = each + (position < over)
        return {"FINISHED"}


class KLING_OT_fix(OnOwnScene, bpy.types.Operator):
    """Change the setting that causes this problem"""

    bl_idname = "kling.fix"
    bl_label = "Fix"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    rule: StringProperty(name="Rule", description="ID of the rule that is broken")
    path: StringProperty(name="Place", description="Where in the request it is broken")

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Apply the remedy that the shot has for it now."""
        scene = scene_of(context)
        for problem in judging.judge(scene):
            is_meant = (problem.rule, problem.path) == (self.rule, self.path)
            if is_meant and problem.remedy is not None and remedies.can_apply(problem.remedy):
                remedies.apply_remedy(scene, problem.remedy)
                judging.judge(scene)
                return {"FINISHED"}
        return {"CANCELLED"}


CLASSES = (
    KLING_OT_add_item,
    KLING_OT_remove_item,
    KLING_OT_move_item,
    KLING_OT_add_references,
    KLING_OT_clear_frame,
    KLING_OT_insert_name,
    KLING_OT_edit_prompt,
    KLING_OT_set_duration,
    KLING_OT_distribute_shots,
    KLING_OT_fix,
)
