"""The settings: what is in force, where each comes from, and what of it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.errors import ArgumentsInvalid, CredentialsMissing, CredentialsUnreadable
from ..settings import caps_in_force, is_local_service, read_settings, told_profile, uploading_in_force
from .finding import NETWORK, Finding, fault, fault_of, ok, unknown, warning
from .patient import Patient


def look_at_settings(patient: Patient) -> Iterator[Finding]:
    """All of them together, as a command would read them."""
    try:
        told = told_profile(patient.environment, patient.preferred)
        uploading = uploading_in_force(patient.environment, patient.preferred)
        read_settings(patient.environment, service=patient.service, preferred=patient.preferred)
    except (CredentialsMissing, CredentialsUnreadable):  # the key's own check says so
        pass
    except ArgumentsInvalid as error:
        if error.field != "service":
            yield fault_of("settings", error)
            return
    yield ok("settings", f"{told} Upload command: {'set' if uploading.command else 'none'}.")


def look_at_limits(patient: Patient) -> Iterator[Finding]:
    """The limits on spending."""
    yield ok("limits", caps_in_force(patient.environment, patient.preferred, patient.choice)[1])


def look_at_service(patient: Patient) -> Iterator[Finding]:
    """Which service, and who chose it."""
    choice = patient.choice
    try:
        url = patient.address
    except ArgumentsInvalid as error:
        if choice.is_rehearsal and patient.starts_rehearsal:
            yield ok("service", f"A rehearsal ({choice.source}), which starts when it is needed.")
        elif choice.is_rehearsal and choice.is_automatic:
            yield unknown("service", "None: no key is set, and no rehearsal server is running.")
        else:
            yield fault_of("service", error)
        return
    yield ok("service", f"{url} ({choice.source}).")


def look_at_online_access(patient: Patient) -> Iterator[Finding]:
    """Blender's preference."""
    if patient.around is None:
        yield ok("online_access", "This is no Blender, which might be set to stay offline.")
    elif patient.preferred.is_online:
        yield ok("online_access", "Blender allows online access.")
    else:
        remedy = "Turn on Allow Online Access in Edit > Preferences > System > Network, or start with --online-mode."
        says = "Blender is set to stay offline."
        is_needed = not is_local_service(patient.choice.name)
        yield fault("online_access", NETWORK, says, remedy) if is_needed else warning("online_access", says, remedy)
