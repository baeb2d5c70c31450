"""Which state of the service this Blender goes by: what it offers, how it judges, what its rehearsal takes."""

from __future__ import annotations

from ...core import capability
from ...core.capability import ModelLimits, Profile
from ...core.errors import ArgumentsInvalid

UNKNOWN_MODEL = "The model that this file asks for is not known to this version."


def profile() -> Profile:
    """The limits in force. The one place in ``blender/`` that says which they are."""
    return capability.profile()


def require_model(name: str) -> ModelLimits:
    """What a model makes. Raises :class:`ArgumentsInvalid` for one that is not known: ``""`` where a .blend keeps the
    number of a model that other data have and these have not.
    """
    found = profile().models.get(name)
    if found is None:
        raise ArgumentsInvalid(UNKNOWN_MODEL, field="model", remedy="Choose one in the panel.")
    return found
