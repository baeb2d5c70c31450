"""What the artist, or a script, can do: submit, place, and decide about submissions that wait for a person."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ...core.errors import ClipUnusable
from ...core.life.books import By
from ...core.life.phase import Phase
from ..connection import account, costs, snapshots
from ..connection.online import WhileOnline
from ..host import heartbeat
from ..host.reporting import Outcome, reported, say
from ..shot import judging
from ..shot.properties import scene_of, shot_of
from ..shot.reading import read_wish
from . import acts, confirming, rows

_ARRIVED = (Phase.FETCHED, Phase.PLACED)


class OfSubmission:
    """An operator on one submission."""

    submission_id: StringProperty(
        name="Submission",
        description="ID of the job; uses the active job of the list when empty",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @property
    def meant(self) -> str:
        """The id that was given, else that of the active submission. Raises :class:`ArgumentsInvalid` without one."""
        return self.submission_id or rows.require_chosen()


class OfGivenSubmission(OfSubmission):
    """An operator that may spend: it takes the id that it is given, and nothing that happens to be active."""

    submission_id: StringProperty(name="Submission", description="ID of the job", options={"HIDDEN", "SKIP_SAVE"})


class KLING_OT_submit(WhileOnline, bpy.types.Operator):
    """Send the shot to Kling. The clip is added to the Sequencer when it is done"""

    bl_idname = "kling.submit"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    wait_s: FloatProperty(
        name="Wait",
        description="For scripts: seconds to wait for the clip before it is added to the Sequencer",
        default=0.0,
        min=0.0,
        options={"SKIP_SAVE"},  # a script's wish is not the button's
    )

    once: StringProperty(
        name="Once",
        description="For scripts: name of the shot. The same name and settings give the same clip, which is paid once",
        options={"SKIP_SAVE"},
    )
    again: BoolProperty(
        name="Again",
        description="For scripts: make another take even when the clip exists or is on its way",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Ask first where it costs more than the artist's limit."""
        asked = confirming.question_of_shot(read_wish(scene_of(context)), shot_of(scene_of(context)).takes)
        return confirming.ask(self, context, event, asked) if asked else self.execute(context)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Record the submission and set the worker to it."""
        scene = scene_of(context)
        judging.ask_for_link(scene)
        wish = read_wish(scene)
        if not self.once and acts.last_press.is_repeated_by(wish):
            say(self, "This shot was submitted a moment ago")
            return {"CANCELLED"}
        takes = shot_of(scene).takes
        again = self.again or not (bpy.app.background or self.once)
        if again:  # what a script goes on with costs nothing more
            acts.require_within_caps([wish.request] * takes, wish.target)
        made = acts.submit_takes(scene, wish, takes, once=self.once, again=again)
        if not self.wait_s:
            several = f", {takes} takes" if takes > 1 else ""
            say(self, f'Submitted "{wish.target.name}"{several}')
            return {"FINISHED"}
        return self._wait([submission.id for submission in made])

    def _wait(self, ids: list[str]) -> Outcome:
        try:
            submissions = acts.wait(ids, self.wait_s)
        except KeyboardInterrupt:  # of which Blender would make a traceback
            say(self, "The wait was interrupted. The job continues and may be charged", "ERROR")
            return {"CANCELLED"}
        acts.place_arrived()
        missing = [submission for submission in submissions if submission.phase not in _ARRIVED]
        if missing:
            say(self, missing[0].problem or "The wait ended before the clip was ready. The job continues", "ERROR")
            return {"CANCELLED"}
        return {"FINISHED"}


class KLING_OT_place_clip(OfSubmission, bpy.types.Operator):
    """Add the clip to the Sequencer of this scene"""

    bl_idname = "kling.place_clip"
    bl_label = "Add to Sequencer"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Place it where it was meant to go, but in this scene."""
        acts.place(self.meant, scene_of(context))
        return {"FINISHED"}


class KLING_OT_look_again(WhileOnline, OfSubmission, bpy.types.Operator):
    """Ask Kling whether it received this job; free"""

    bl_idname = "kling.look_again"
    bl_label = "Check Again"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        acts.look_again(self.meant)
        return {"FINISHED"}


class KLING_OT_send_again(WhileOnline, OfGivenSubmission, bpy.types.Operator):
    """Send the request a second time. You may be charged twice"""

    bl_idname = "kling.send_again"
    bl_label = "Send Again"
    bl_options = {"REGISTER", "INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        submission = snapshots.submission(self.submission_id)
        if submission is None:
            return self.execute(context)
        return confirming.ask(self, context, event, confirming.sending_again(submission))

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Send the same bytes under the same id."""
        acts.send_again(self.submission_id)
        return {"FINISHED"}


_candidates: list[tuple[str, str, str]] = []  # Blender keeps no reference to an enumeration's texts


def _candidates_of(operator: KLING_OT_choose_task, _context: object) -> list[tuple[str, str, str]]:
    found = snapshots.submission(operator.submission_id)
    tasks = found.candidates if found is not None else ()
    _candidates[:] = [(task, task, "Task of the account that may belong to this job") for task in tasks]
    return _candidates


class KLING_OT_choose_task(WhileOnline, OfGivenSubmission, bpy.types.Operator):
    """Select the task of your account that belongs to this job, which Kling cannot look up"""

    bl_idname = "kling.choose_task"
    bl_label = "Choose Task..."
    bl_options = {"REGISTER", "INTERNAL"}

    task: EnumProperty(name="Task", description="Kling's id of the task", items=_candidates_of)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Show the tasks, the newest first."""
        return context.window_manager.invoke_props_dialog(self)

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        acts.choose_task(self.submission_id, self.task)
        return {"FINISHED"}


class KLING_OT_stop_waiting(OfSubmission, bpy.types.Operator):
    """Stop waiting for this job. Kling may still finish it and charge you"""

    bl_idname = "kling.stop_waiting"
    bl_label = "Stop Waiting"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Withdraw what was never sent, abandon what was."""
        acts.stop_waiting(self.meant)
        return {"FINISHED"}


class KLING_OT_resume(bpy.types.Operator):
    """Continue all jobs that are unfinished or on hold"""

    bl_idname = "kling.resume"
    bl_label = "Resume"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Open the session and let go of what is held; say what stays as it is."""
        released = acts.go_on()
        reasons = {snapshots.elsewhere(each) for each in snapshots.submissions()} - {""}
        for reason in sorted(reasons):
            say(self, reason, "WARNING")
        if not reasons:
            say(self, f"Resumed {released} on hold" if released else "No job was on hold")
        return {"FINISHED"}


class KLING_OT_open_folder(OfSubmission, bpy.types.Operator):
    """Show the folder of the clip in the system's file browser"""

    bl_idname = "kling.open_folder"
    bl_label = "Open Folder"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        submission = snapshots.read_submission(self.meant)
        if submission is None or not submission.clip or not Path(submission.clip).exists():
            raise ClipUnusable("The clip was moved or deleted.", field="clip")
        return bpy.ops.wm.path_open(filepath=str(Path(submission.clip).parent))


class KLING_OT_choose_folder(OfSubmission, bpy.types.Operator):
    """Save the clip in another folder"""

    bl_idname = "kling.choose_folder"
    bl_label = "Choose Folder..."
    bl_options = {"REGISTER"}

    directory: StringProperty(name="Folder", description="Folder that the clip goes to", subtype="DIR_PATH")
    filter_folder: BoolProperty(name="Folders", description="List folders as well", default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Open the file browser, which shows folders only."""
        return self._browse(context)

    @reported
    def _browse(self, context: bpy.types.Context) -> Outcome:
        self.submission_id = self.meant  # another one may be active when a folder is chosen
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Make and try the folder, and send the clip there."""
        submission = acts.send_clip_to(self.meant, self.directory)
        say(self, f'"{submission.target.name or submission.id}" goes to {submission.target.folder}')
        return {"FINISHED"}


class KLING_OT_fetch_again(WhileOnline, OfSubmission, bpy.types.Operator):
    """Download the clip once more when its file was moved or deleted; free for 30 days"""

    bl_idname = "kling.fetch_again"
    bl_label = "Download Again"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Have it fetched; a strip that plays it plays it again."""
        acts.fetch_again(self.meant)
        return {"FINISHED"}


class KLING_OT_hide_submission(OfSubmission, bpy.types.Operator):
    """Hide this job until Blender restarts; its history and clip are kept"""

    bl_idname = "kling.hide_submission"
    bl_label = "Hide Job"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        rows.hide(self.meant)
        return {"FINISHED"}


class KLING_OT_check_account(WhileOnline, bpy.types.Operator):
    """Show the remaining units of the account. Free, and tests the key"""

    bl_idname = "kling.check_account"
    bl_label = "Test Key and Show Balance"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Ask; the panel shows the answer when it comes."""
        account.ask()
        heartbeat.start()
        return {"FINISHED"}


class KLING_OT_add_up_costs(bpy.types.Operator):
    """Add up what the jobs in the job history cost. Free, and works offline"""

    bl_idname = "kling.add_up_costs"
    bl_label = "Add Up Costs"
    bl_options = {"REGISTER"}

    by: EnumProperty(
        name="By",
        description="What the costs are added up by",
        items=(
            ("DAY", "Day", "Days on which the jobs were sent"),
            ("PROJECT", "Project", "Projects of the preferences, or folders of the .blend files"),
            ("SHOT", "Shot", "Names of the shots"),
            ("USER", "User", "Login names of the people who asked"),
            ("MODEL", "Model", "Models of Kling"),
        ),
        default="PROJECT",
    )

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Have it read; the panel shows the sums when they are there."""
        costs.add_up(By[self.by])
        heartbeat.start()
        say(self, "The costs are shown in the Kling tab, under Account")
        return {"FINISHED"}


CLASSES = (
    KLING_OT_submit,
    KLING_OT_place_clip,
    KLING_OT_look_again,
    KLING_OT_send_again,
    KLING_OT_choose_task,
    KLING_OT_stop_waiting,
    KLING_OT_resume,
    KLING_OT_open_folder,
    KLING_OT_choose_folder,
    KLING_OT_fetch_again,
    KLING_OT_hide_submission,
    KLING_OT_check_account,
    KLING_OT_add_up_costs,
)
