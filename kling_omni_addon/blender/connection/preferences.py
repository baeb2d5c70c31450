"""Which service, which key: kept in Blender's preferences, never in a scene."""

from __future__ import annotations

import os

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ... import settings
from ..host.identity import ROOT_PACKAGE
from . import limits, questions

_KEY_LENGTH = 1024


def _account_changed(_self: Preferences, _context: bpy.types.Context) -> None:
    questions.forget()


class Preferences:
    """What can be set; ``panels.preferences_page`` makes Blender's page of it."""

    service: EnumProperty(
        name="Service",
        description="Where submissions are sent",
        items=(
            ("rehearsal", "Rehearsal", "Offline and free: nothing leaves this machine, clips are stand-ins"),
            ("kling", "Kling", "The service outside China; needs a key of that region"),
            ("kling-china", "Kling China", "The service in China; needs a key of that region"),
            ("other", "Other Address", "A service at an address of your own"),
        ),
        default="rehearsal",
        update=_account_changed,
    )
    address: StringProperty(
        name="Address", description="An https address, without a path", default="https://", update=_account_changed
    )
    api_key: StringProperty(
        name="API Key",
        description="A plain key from Kling's console",
        subtype="PASSWORD",
        maxlen=_KEY_LENGTH,
        update=_account_changed,
    )
    access_key: StringProperty(
        name="Access Key",
        description="The name half of a key pair",
        subtype="PASSWORD",
        maxlen=_KEY_LENGTH,
        update=_account_changed,
    )
    secret_key: StringProperty(
        name="Secret Key",
        description="The secret half of a key pair",
        subtype="PASSWORD",
        maxlen=_KEY_LENGTH,
        update=_account_changed,
    )
    clip_folder: StringProperty(
        name="Clip Folder",
        description="Where clips are kept; empty is kling/clips beside a saved file, else your data folder",
        subtype="DIR_PATH",
    )
    look_window_s: IntProperty(
        name="Look for Answer",
        description="How many seconds a lost answer is looked for before you are asked what to do",
        default=180,
        min=0,
        max=86_400,
    )

    confirm_units: IntProperty(
        name="Ask Above",
        description="Units above which Generate asks first; 0 never asks. A rehearsal is free and never asks",
        default=10,
        min=0,
        soft_max=100,
    )
    concurrency: IntProperty(
        name="Clips at Once",
        description="How many clips Kling is given to make at a time; 0 finds out what the account allows",
        default=0,
        min=0,
        max=50,
    )

    daily_cap: IntProperty(
        name="Cap a Day",
        description="Units that may be spent in any 24 hours; what would exceed them is not sent. 0 is no cap",
        default=0,
        min=0,
        soft_max=1000,
    )
    project_cap: IntProperty(
        name="Cap a File",
        description="Units that may be spent on one .blend file; what would exceed them is not sent. 0 is no cap",
        default=0,
        min=0,
        soft_max=10_000,
    )


def preferences() -> Preferences | None:
    """Our preferences; None where the extension is not enabled as one (a script that registered it by hand)."""
    addon = bpy.context.preferences.addons.get(ROOT_PACKAGE)
    return addon.preferences if addon else None


def service_name() -> str:
    """The service in force, by name or address; the environment wins."""
    page = preferences()
    if os.environ.get("KLING_BASE_URL") or page is None:
        return os.environ.get("KLING_BASE_URL") or "kling"
    name: str = page.address if page.service == "other" else page.service
    return name


def key_source() -> str:
    """Where the key in use comes from, in words; never the key."""
    page = preferences()
    if os.environ.get("KLING_API_KEY", "").strip():
        return "KLING_API_KEY of the environment"
    if any(os.environ.get(name, "").strip() for name in ("KLING_ACCESS_KEY", "KLING_SECRET_KEY")):
        return "KLING_ACCESS_KEY and KLING_SECRET_KEY of the environment"
    if page is not None and page.api_key.strip():
        return "the API key above"
    if page is not None and page.access_key.strip() and page.secret_key.strip():
        return "the key pair above"
    return "none yet"


def confirm_units() -> int:
    """Units above which the artist wants to be asked before they are spent; 0 for never."""
    page = preferences()
    return page.confirm_units if page is not None else 0


def clip_folder() -> str:
    """The folder that the artist wants clips in, absolute; ``""`` for the usual one."""
    page = preferences()
    chosen: str = page.clip_folder.strip() if page is not None else ""
    is_beside_nothing = chosen.startswith("//") and not bpy.data.filepath
    return "" if not chosen or is_beside_nothing else bpy.path.abspath(chosen)


def read_settings() -> settings.Settings:
    """Environment first, then preferences, as one frozen value. Raises :class:`KlingError` for what cannot be used."""
    page = preferences()
    kept = {}
    if page is not None:
        kept = {
            "KLING_API_KEY": page.api_key,
            "KLING_ACCESS_KEY": page.access_key,
            "KLING_SECRET_KEY": page.secret_key,
        }
    of_environment = {name: value for name, value in os.environ.items() if name.startswith("KLING_")}
    if any(of_environment.get(name) for name in kept):
        kept = {}  # a key of the environment is never mixed with half of another one
    given = _numbers(page) | kept | of_environment
    return settings.read_settings(given, service=service_name(), profile=limits.profile().name)


def _numbers(page: Preferences | None) -> dict[str, str]:
    if page is None:
        return {}
    limits = {"KLING_CONCURRENCY": page.concurrency}
    if page.service != "rehearsal":  # which is free
        limits |= {"KLING_DAILY_CAP": page.daily_cap, "KLING_PROJECT_CAP": page.project_cap}
    return {"KLING_LOOK_WINDOW_S": str(page.look_window_s)} | {name: str(most) for name, most in limits.items() if most}
