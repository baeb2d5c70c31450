"""Whether Blender may go online, and what must not happen while it may not."""

from __future__ import annotations

import bpy

from ...core.errors import NotSent
from ...settings import OFFLINE, is_local_service
from . import preferences


def offline_reason() -> str:
    """Why nothing may be sent now, as a sentence; ``""`` when it may.

    An extension asks no network while *Allow Online Access* is off; a service on this machine is none.
    """
    if bpy.app.online_access or is_local_service(preferences.service_name()):
        return ""
    return OFFLINE


def require_online() -> None:
    """Raise :class:`NotSent` while Blender is set to stay offline and the service is not on this machine."""
    reason = offline_reason()
    if reason:
        raise NotSent(f"{reason}.")


class WhileOnline:
    """An operator that asks Kling."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Not while Blender is set to stay offline."""
        reason = offline_reason()
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined] # Operator's
        return not reason
