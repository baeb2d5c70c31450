"""Which state of the service this Blender goes by: what it offers, how it judges, what its rehearsal takes."""

from __future__ import annotations

import os

from ... import settings
from ...core import capability
from ...core.capability import ModelLimits, Profile
from ...core.errors import ArgumentsInvalid
from . import preferences

UNKNOWN_MODEL = "The model that this file asks for is not known to this version."


def profile() -> Profile:
    """The limits in force: those that the environment or the preferences choose, else today's. The one place in
    ``blender/`` that says which they are. A choice that is none gives today's; :func:`trouble` says so.
    """
    try:
        return settings.limits_in_force(os.environ, preferences.preferred())
    except ArgumentsInvalid:
        return capability.profile()


def trouble() -> str:
    """What is wrong about the choice of a profile or an API, in a sentence; ``""`` for nothing."""
    try:
        settings.limits_in_force(os.environ, preferences.preferred())
    except ArgumentsInvalid as error:
        return str(error)
    return ""


def told() -> str:
    """Which profile is in force, of which date and who chose it, for a panel."""
    return trouble() or f"Profile: {settings.told_profile(os.environ, preferences.preferred())}"


def require_model(name: str) -> ModelLimits:
    """What a model makes. Raises :class:`ArgumentsInvalid` for one that is not known: ``""`` where a .blend keeps the
    number of a model that other data have and these have not.
    """
    found = profile().models.get(name)
    if found is None:
        raise ArgumentsInvalid(UNKNOWN_MODEL, field="model", remedy="Choose one in the panel.")
    return found
