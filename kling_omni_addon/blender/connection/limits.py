"""Which state of the service this Blender goes by: what it offers, how it judges, what its rehearsal takes."""

from __future__ import annotations

import os

from ... import settings
from ...core import capability
from ...core.capability import RELAYED, ModelLimits, Profile
from ...core.errors import ArgumentsInvalid
from . import preferences

UNKNOWN_MODEL = "This version does not know the model of this .blend file."


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
    """Which profile is in force, of which date and who chose it, in sentences for a panel."""
    return trouble() or settings.told_profile(os.environ, preferences.preferred())


def of_model(name: str) -> Profile:
    """The limits in force for one of the models; the general ones for a model that is not available."""
    at = profile()
    return at.of_model(name) if name in at.models else at


def model_of(name: str) -> ModelLimits:
    """What a model makes; what the proposed one makes in place of one that is not in force, which is judged."""
    at = profile()
    return at.models.get(name) or at.models[at.proposed.model]


def require_model(name: str) -> ModelLimits:
    """What a model makes. Raises :class:`ArgumentsInvalid` for one that is not in force, and for ``""``, where a .blend
    keeps the number of a model that other data have and these have not.
    """
    from ...core.rules.dates import told_of_model  # all rules

    found = profile().models.get(name)
    if found is None:
        told = told_of_model(name, profile()) if name else ""
        sentence = f"The model {name} is not available. {told}".rstrip() if name else UNKNOWN_MODEL
        raise ArgumentsInvalid(sentence, field="model", remedy="Select one in the panel.")
    return found


def require_middle_frames(name: str) -> ModelLimits:
    """What a model makes that takes middle frames. Raises :class:`ArgumentsInvalid` for one that takes none, and says
    which one does.
    """
    found, able = require_model(name), profile().takers_of_middle_frames
    remedy = f"Use {' or '.join(able)}."
    if not able:
        able = capability.profile(dialect=capability.NEW, is_relayed=True).takers_of_middle_frames
        remedy = f"Use {' or '.join(able)}: '{RELAYED}' in the preferences, over Kling's new API."
    if not found.middle_frames:
        raise ArgumentsInvalid(f"{found.label} does not accept middle frames.", field="model", remedy=remedy)
    return found
