"""Which service, which key: kept in Blender's preferences, never in a scene."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ... import settings
from ...core import capability
from ...core.errors import KlingError
from ...core.projects import LONGEST_NAME
from ..host.identity import ROOT_PACKAGE
from ..host.signals import Signal
from . import questions

_KEY_LENGTH = 1024
_PROFILES = tuple(
    (name, name.title(), f"Kling as of {capability.profile(name).date}", "NONE", number)
    for number, name in enumerate(capability.PROFILES)
)
_DIALECTS = (
    (capability.LEGACY, "Legacy", "Accepts an API key or an access/secret key pair", "NONE", 0),
    (capability.NEW, "New", "API of July 2026; accepts an API key only", "NONE", 1),
)

profile_changed: Signal[[]] = Signal()
"""Another state of the service was chosen: what is offered and what is judged may be other than before."""


def _account_changed(_self: Preferences, _context: bpy.types.Context) -> None:
    questions.forget()


def _data_folder_changed(self: Preferences, _context: bpy.types.Context) -> None:
    """The file browser may have made it relative to the open file, which another file would take elsewhere."""
    questions.forget()
    whole = bpy.path.abspath(self.data_folder) if bpy.data.filepath else self.data_folder
    if whole != self.data_folder:
        self.data_folder = whole


def _profile_changed(_self: Preferences, _context: bpy.types.Context) -> None:
    profile_changed.send()


class Preferences:
    """What can be set; ``panels.preferences_page`` makes Blender's page of it."""

    service: EnumProperty(
        name="Service",
        description="Service that generates the clips",
        # The numbers are what Blender keeps: a service that was chosen in an earlier version stays chosen.
        items=(
            (settings.AUTOMATIC, "Automatic", "Use Kling when there is a key, else the rehearsal", "NONE", 4),
            ("rehearsal", "Rehearsal", "Free and offline: Blender renders test clips", "NONE", 0),
            ("kling", "Kling", "Kling outside China; needs a key of that region", "NONE", 1),
            ("kling-china", "Kling China", "Kling in China; needs a key of that region", "NONE", 2),
            ("other", "Other Address", "Use a service at your own address", "NONE", 3),
        ),
        default=settings.AUTOMATIC,
        update=_account_changed,
    )
    address: StringProperty(
        name="Address",
        description="Address of the service, with https and without a path",
        default="https://",
        update=_account_changed,
    )
    api_key: StringProperty(
        name="API Key",
        description="API key from Kling's console",
        subtype="PASSWORD",
        maxlen=_KEY_LENGTH,
        update=_account_changed,
    )
    access_key: StringProperty(
        name="Access Key",
        description="Access key of an access/secret key pair",
        subtype="PASSWORD",
        maxlen=_KEY_LENGTH,
        update=_account_changed,
    )
    secret_key: StringProperty(
        name="Secret Key",
        description="Secret key of an access/secret key pair",
        subtype="PASSWORD",
        maxlen=_KEY_LENGTH,
        update=_account_changed,
    )
    profile: EnumProperty(
        name="Profile",
        description="Date of the limits that shots are checked against. KLING_PROFILE takes precedence",
        items=_PROFILES,
        default=capability.DEFAULT_PROFILE,
        update=_profile_changed,
    )
    dialect: EnumProperty(
        name="API",
        description="Kling API that new shots are sent to. KLING_DIALECT in the environment takes precedence",
        items=_DIALECTS,
        default=capability.LEGACY,
        update=_profile_changed,
    )
    relayed_models: BoolProperty(
        name=capability.RELAYED,
        description=(
            "Offer Kling 4.0, which only a relay documents and which cannot be looked up when Kling does not respond. "
            "KLING_RELAYED_MODELS in the environment takes precedence"
        ),
        default=False,
        update=_profile_changed,
    )
    clip_folder: StringProperty(
        name="Clip Folder",
        description="Folder for clips. When empty, kling/clips beside the .blend file, or your user data folder",
        subtype="DIR_PATH",
    )
    data_folder: StringProperty(
        name="Data Folder",
        description=(
            "Folder of the job history and the kept images, on a local disk. When empty, your user data folder. Jobs "
            "stay in the folder that they were started in. KLING_HOME in the environment takes precedence"
        ),
        subtype="DIR_PATH",
        update=_data_folder_changed,
    )
    look_window_s: IntProperty(
        name="Response Timeout",
        description="Seconds to look for a job that Kling did not confirm, before asking you",
        default=180,
        min=0,
        max=86_400,
    )

    confirm_units: IntProperty(
        name="Confirm Above",
        description="Units above which Generate asks for confirmation; 0 never asks. A rehearsal never asks",
        default=10,
        min=0,
        soft_max=100,
    )
    concurrency: IntProperty(
        name="Parallel Jobs",
        description="Maximum number of jobs at once; 0 detects the limit of the account",
        default=0,
        min=0,
        max=50,
    )

    upload_command: StringProperty(
        name="Upload Command",
        description=(
            "Command that puts a video where Kling can reach it, and prints its link; {file} is the video. "
            "KLING_UPLOAD_COMMAND in the environment takes precedence"
        ),
        maxlen=_KEY_LENGTH,
    )
    delete_command: StringProperty(
        name="Delete Command",
        description=(
            "Command that deletes an uploaded video once its clips have arrived; {file} is the video, {link} its link. "
            "Empty deletes nothing"
        ),
        maxlen=_KEY_LENGTH,
    )
    link_lifetime_min: IntProperty(
        name="Link Lifetime",
        description="Minutes after which the link of an uploaded video counts as expired",
        default=settings.LINK_LIFETIME_MIN,
        min=1,
        max=1440,
    )

    project: StringProperty(
        name="Project",
        description=(
            "Name of the project that clips are counted for. When empty, the folder of the .blend file. KLING_PROJECT "
            "in the environment takes precedence"
        ),
        maxlen=LONGEST_NAME,
    )
    daily_cap: IntProperty(
        name="Daily Limit",
        description="Units that may be spent in any 24 hours; 0 for no limit. A clip that would exceed it is not sent",
        default=0,
        min=0,
        soft_max=1000,
    )
    project_cap: IntProperty(
        name="Project Limit",
        description="Units that may be spent on one project; 0 for no limit. A clip that would exceed it is not sent",
        default=0,
        min=0,
        soft_max=10_000,
    )


def preferences() -> Preferences | None:
    """Our preferences; None where the extension is not enabled as one (a script that registered it by hand)."""
    addon = bpy.context.preferences.addons.get(ROOT_PACKAGE)
    return addon.preferences if addon else None


def preferred() -> settings.Preferred:
    """What is set on the page, as one frozen value that the environment precedes."""
    page, is_online = preferences(), bool(bpy.app.online_access)
    if page is None:
        return settings.Preferred(is_online=is_online)
    values = {
        "KLING_BASE_URL": page.address if page.service == "other" else page.service,
        "KLING_API_KEY": page.api_key,
        "KLING_ACCESS_KEY": page.access_key,
        "KLING_SECRET_KEY": page.secret_key,
        "KLING_HOME": page.data_folder,
        "KLING_LOOK_WINDOW_S": str(page.look_window_s),
        "KLING_PROJECT": page.project,
        "KLING_UPLOAD_COMMAND": page.upload_command,
        "KLING_DELETE_COMMAND": page.delete_command,
        "KLING_LINK_LIFETIME_S": str(page.link_lifetime_min * 60),
        # What nobody changed was not chosen, and the sentence about the settings says so.
        "KLING_DIALECT": "" if page.dialect == capability.LEGACY else page.dialect,
        "KLING_RELAYED_MODELS": "1" if page.relayed_models else "",
        "KLING_PROFILE": "" if page.profile == capability.DEFAULT_PROFILE else page.profile,
    }
    limits = {"CONCURRENCY": page.concurrency, "DAILY_CAP": page.daily_cap, "PROJECT_CAP": page.project_cap}
    most = {f"KLING_{name}": str(limit) for name, limit in limits.items() if limit}  # 0 is none
    return settings.Preferred(values=values | most, is_online=is_online)


def service() -> settings.Choice:
    """The service in force, and who chose it."""
    return settings.service_in_force(os.environ, preferred())


def service_name() -> str:
    """The service in force, by name or address."""
    return service().name


def key_source() -> str:
    """Where the key in use comes from, in words; never the key."""
    return settings.keys_in_force(os.environ, preferred())[1]


def told() -> str:
    """Where each setting comes from, in sentences."""
    try:
        return settings.told_settings(os.environ, preferred())
    except KlingError as error:
        return str(error)


def confirm_units() -> int:
    """Units above which the artist wants to be asked before they are spent; 0 for never."""
    page = preferences()
    return page.confirm_units if page is not None else 0


def uploading() -> settings.Uploading:
    """How own files get a link. Raises :class:`KlingError` for a value that cannot be used."""
    return settings.uploading_in_force(os.environ, preferred())


def home() -> Path:
    """Where the job history is, and what is kept beside it. Raises :class:`KlingError` for a path that is none."""
    return settings.home_folder(os.environ, preferred())


def clip_folder() -> str:
    """The folder that the artist wants clips in, absolute; ``""`` for the usual one."""
    page = preferences()
    chosen: str = page.clip_folder.strip() if page is not None else ""
    is_beside_nothing = chosen.startswith("//") and not bpy.data.filepath
    return "" if not chosen or is_beside_nothing else bpy.path.abspath(chosen)


def read_settings() -> settings.Settings:
    """Environment first, then preferences, as one frozen value. Raises :class:`KlingError` for what cannot be used."""
    return settings.read_settings(os.environ, preferred=preferred())
