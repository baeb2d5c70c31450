"""What the artist presses to make elements, to rename and to delete them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...core.element_words import DESCRIPTION_CHARACTERS, NAME_CHARACTERS
from ...core.errors import ArgumentsInvalid, KlingError
from ..capture.camera import Engine
from ..capture.operators import ENGINES
from ..capture.stage import Ground
from ..capture.turntable import MOST_VIEWS, USUAL_SIZE_PX, Look, Source, ViewJob, require_seen, view_jobs
from ..capture.while_rendering import WhileRendering
from ..connection import element_library, opening, preferences
from ..connection.online import WhileOnline
from ..host.language import translated
from ..host.reporting import Outcome, reported, say
from ..shot import judging
from ..shot.properties import scene_of, shot_of
from . import making, records

_SOURCES: Final = (
    ("OBJECT", "Object", "The active object, with everything that is parented to it"),
    ("COLLECTION", "Collection", "All objects of a collection"),
)
_GROUNDS: Final = (
    ("GRAY", "Gray", "A plain gray background"),
    ("NONE", "Transparent", "No background"),
)
_AFRESH: Final = {"SKIP_SAVE"}


class _OfViews:
    """An operator that renders the views of an object or a collection."""

    kind: EnumProperty(name="Made of", description="What the element shows", items=_SOURCES, options=_AFRESH)
    source: StringProperty(
        name="Source", description="Name of the object or collection; uses the active one when empty", options=_AFRESH
    )
    element_name: StringProperty(
        name="Name",
        description="Name of the element in the prompt; uses the name of its source when empty",
        maxlen=4 * NAME_CHARACTERS,
        options=_AFRESH,
    )
    description: StringProperty(
        name="Description",
        description=f"Description for Kling, up to {DESCRIPTION_CHARACTERS} characters; uses the name when empty",
        options=_AFRESH,
    )
    views: IntProperty(
        name="Views",
        description="Number of views, in the order front, right, back, left",
        default=3,
        min=2,
        max=MOST_VIEWS,
    )
    ground: EnumProperty(name="Background", description="Background of the views", items=_GROUNDS)
    engine: EnumProperty(name="Engine", description="Engine that renders the views", items=ENGINES)
    size: IntProperty(
        name="Size",
        description="Width and height of the views",
        default=USUAL_SIZE_PX,
        min=300,
        max=4096,
        subtype="PIXEL",
    )
    front: FloatProperty(
        name="Front",
        description="Direction of the front, counterclockwise from the object's own -Y axis",
        subtype="ANGLE",
        options=_AFRESH,
    )
    adds_to_shot: BoolProperty(
        name="Add to Shot", description="Use the element in the shot of this scene when it is made", default=True
    )

    @property
    def look(self) -> Look:
        """How the views are rendered."""
        return Look(
            views=self.views,
            engine=Engine[self.engine],
            ground=Ground[self.ground],
            size_px=self.size,
            front=self.front,
        )

    def found(self, context: bpy.types.Context) -> Source:
        """The object or collection that is meant. Raises :class:`ArgumentsInvalid`."""
        active = context.object if self.kind == "OBJECT" else context.collection
        named: Any = bpy.data.objects if self.kind == "OBJECT" else bpy.data.collections
        source = cast("Source | None", named.get(self.source) if self.source else active)
        if source is None:
            what = f'There is no {self.kind.lower()} "{self.source}".' if self.source else "Nothing is selected."
            raise ArgumentsInvalid(what, field="source", remedy="Select an object or a collection.")
        return source

    def wanted(self, context: bpy.types.Context) -> making.Wanted:
        """What is to be made. Raises :class:`KlingError` for what can be told before anything is rendered."""
        source = self.found(context)
        name = self.element_name or source.name[:NAME_CHARACTERS]
        wanted = making.Wanted(
            source=source,
            name=name,
            description=self.description or name,
            scene=scene_of(context).name if self.adds_to_shot else "",
        )
        making.require_ready(wanted)
        return wanted


class KLING_OT_make_element(WhileOnline, _OfViews, bpy.types.Operator):
    """Render an object or a collection from several sides and make an element of it at Kling; free"""

    bl_idname = "kling.make_element"
    bl_label = "Make Element..."
    bl_options = {"REGISTER"}

    wait_s: FloatProperty(
        name="Wait",
        description="For scripts: seconds to wait for the element. Blender is blocked meanwhile",
        default=600.0,
        min=0.0,
        options={"HIDDEN", "SKIP_SAVE"},
    )
    _is_asked = False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Ask for its name and what it is."""
        return self._ask(context)

    @reported
    def _ask(self, context: bpy.types.Context) -> Outcome:
        if not self.source and context.object is None:
            self.kind = "COLLECTION"
        source = self.found(context)
        layer = context.view_layer
        assert layer is not None
        require_seen(source, layer)
        self.source = "" if source == scene_of(context).collection else source.name  # that one has no name in the file
        record = records.record_of(source)
        self.element_name = self.element_name or (record.element_name if record else source.name[:NAME_CHARACTERS])
        self._is_asked = True
        return context.window_manager.invoke_props_dialog(
            self, width=360, title="Make Element", confirm_text="Make Element"
        )

    def draw(self, context: bpy.types.Context) -> None:
        """The source, the words, the views; and what pressing OK does."""
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.row().prop(self, "kind", expand=True)
        which = "objects" if self.kind == "OBJECT" else "collections"
        layout.prop_search(self, "source", bpy.data, which, text=self.kind.capitalize())
        for name in ("element_name", "description"):
            layout.prop(self, name)
        column = layout.column(align=True)
        for name in ("views", "size", "engine", "front"):
            column.prop(self, name)
        layout.row().prop(self, "ground", expand=True)
        layout.prop(self, "adds_to_shot")
        layout.separator()
        for line in self._promise():
            layout.label(text=translated(line), icon="INFO" if line.startswith("Elements") else "BLANK1")

    def _promise(self) -> tuple[str, str]:
        sent = f"{self.views} images, the name and the description"
        if preferences.service_name() == "rehearsal":
            return "Elements are free. In rehearsal,", f"{sent} stay on this computer."
        return "Elements are free at Kling. This sends", f"{sent}."

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """In a window the views are rendered as a job; a script waits."""
        if self._is_asked:
            given = {name: getattr(self, name) for name in _OfViews.__annotations__}
            render: Any = bpy.ops
            render.kling.render_element("INVOKE_DEFAULT", **given)
            return {"FINISHED"}
        wanted = self.wanted(context)
        scene = scene_of(context) if self.adds_to_shot else None
        made = making.make_element(
            wanted.source, wanted.name, wanted.description, scene=scene, look=self.look, wait_s=self.wait_s
        )
        say(self, f'Made element "{made.name}"')
        return {"FINISHED"}


class KLING_OT_render_element(WhileRendering, _OfViews, bpy.types.Operator):
    """Render the views of an element, one after the other; Escape stops it, and nothing is sent"""

    bl_idname = "kling.render_element"
    bl_label = "Render Element"
    bl_options = {"INTERNAL"}

    stopped = "Rendering the views was stopped. Nothing was sent.", "Press Make Element again."

    _wanted: making.Wanted
    _jobs: list[ViewJob]
    _pictures: list[Path]

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Begin with the front."""
        return self._begin(context)

    @reported
    def _begin(self, context: bpy.types.Context) -> Outcome:
        self._wanted, self._pictures = self.wanted(context), []
        layer = context.view_layer
        assert layer is not None
        self._jobs = view_jobs(self._wanted.source, layer, self.look)
        self._jobs[0].start()
        return self.wait_for_job(context)

    @property
    def job_at_hand(self) -> ViewJob:
        """The view that is rendered now."""
        return self._jobs[len(self._pictures)]

    def go_on(self, context: bpy.types.Context) -> Outcome:
        """Render the next view, or send them all."""
        self._pictures.append(self.job_at_hand.finish())
        if len(self._pictures) < len(self._jobs):
            self.job_at_hand.start()
            return {"RUNNING_MODAL"}
        making.send(self._wanted, self._pictures)
        say(self, f'Sent {len(self._pictures)} views of "{self._wanted.name}"; Kling is making the element')
        return {"FINISHED"}


class KLING_OT_use_made_element(bpy.types.Operator):
    """Use the element that was made of this object or collection in the shot, under its name"""

    bl_idname = "kling.use_made_element"
    bl_label = "Add Element to Shot"
    bl_options = {"REGISTER", "UNDO"}

    kind: EnumProperty(name="Made of", description="What the element shows", items=_SOURCES, options=_AFRESH)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        opening.session()
        source = context.object if self.kind == "OBJECT" else context.collection
        record = records.record_of(source) if source is not None else None
        if record is None or not record.element_id:
            raise ArgumentsInvalid("This account has no element of it.", remedy="Press Make Element.")
        scene = scene_of(context)
        making.add_to_shot(shot_of(scene), record.element_name, record.element_id)
        judging.judge(scene)
        return {"FINISHED"}


class _OfLibrary(WhileOnline):
    """An operator on an element of the account's own."""

    element_id: StringProperty(name="Element", description="Number of the element in the library", options=_AFRESH)

    @property
    def row(self) -> Any:
        """The element in the library. Raises :class:`ArgumentsInvalid`."""
        return element_library.require_own(self.element_id)


class KLING_OT_rename_element(_OfLibrary, bpy.types.Operator):
    """Call this element something else in this .blend file; at Kling it keeps its name"""

    bl_idname = "kling.rename_element"
    bl_label = "Rename Element..."
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(name="Name", description="Name of the element in the prompt", options=_AFRESH)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        self.name = self.name or element_library.require_own(self.element_id).name
        return context.window_manager.invoke_props_dialog(
            self, width=320, title="Rename Element", confirm_text="Rename"
        )

    def draw(self, _context: bpy.types.Context) -> None:
        """The name, and what does not change."""
        self.layout.prop(self, "name")
        self.layout.label(text="Only in this .blend file: Kling cannot rename elements.", icon="INFO")

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        row = self.row
        if not self.name.strip():
            raise ArgumentsInvalid("The element has no name.", field="name", remedy="Give it a name.")
        if not records.name_of(self.element_id):
            sentence = "No object and no shot of this .blend file uses this element, so its new name cannot be stored."
            raise ArgumentsInvalid(sentence, field="element_id", remedy="Add it to the shot first.")
        records.rename(self.element_id, self.name)
        row.name = self.name
        return {"FINISHED"}


class KLING_OT_delete_element(_OfLibrary, bpy.types.Operator):
    """Delete this element from the library at Kling, and from the shots of this .blend file"""

    bl_idname = "kling.delete_element"
    bl_label = "Delete Element"
    bl_options = {"REGISTER", "INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Ask first: it cannot be undone."""
        return context.window_manager.invoke_confirm(self, event)

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        name = self.row.name
        making.delete_element(self.element_id)
        if making.deleting.problem:
            raise KlingError(making.deleting.problem)
        say(self, f'Deleting element "{name}"' if making.deleting.is_asking else f'Deleted "{name}"')
        return {"FINISHED"}


CLASSES = (
    KLING_OT_make_element,
    KLING_OT_render_element,
    KLING_OT_use_made_element,
    KLING_OT_rename_element,
    KLING_OT_delete_element,
)
