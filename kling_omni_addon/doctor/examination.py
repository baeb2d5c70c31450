"""All checks at once, each on its own: one that fails or hangs keeps no other from its word."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ..core.errors import KlingError
from ..work.errand import Errand
from . import folders, machine, network, wishes
from .finding import MACHINE, NETWORK, Finding, fault, fault_of, unknown
from .patient import Patient
from .redaction import redacted

PATIENCE_S: Final = 10.0
"""How long all checks together may take."""


@dataclass(frozen=True, slots=True)
class Check:
    """One look, which finds something under each of its names. ``exit_code`` is that of a look that does not end."""

    names: tuple[str, ...]
    look: Callable[[Patient], Iterable[Finding]]
    exit_code: int = MACHINE


CHECKS: Final = (
    Check(("extension",), machine.look_at_extension),
    Check(("blender",), machine.look_at_blender),
    Check(("python", "platform"), machine.look_at_python),
    Check(("packages",), machine.look_at_packages),
    Check(("encoder",), machine.look_at_encoder),
    Check(("settings",), wishes.look_at_settings),
    Check(("service",), wishes.look_at_service),
    Check(("limits",), wishes.look_at_limits),
    Check(("online_access",), wishes.look_at_online_access),
    Check(("proxy",), network.look_at_proxy),
    Check(("dns",), network.look_at_name, NETWORK),
    Check(("tls", "clock"), network.look_at_connection, NETWORK),
    Check(("key", "balance"), network.look_at_account, NETWORK),
    Check(("home",), folders.look_at_home),
    Check(("disk",), folders.look_at_disk),
    Check(("clips",), folders.look_at_clips),
    Check(("journal",), folders.look_at_journal),
    Check(("spool",), folders.look_at_spool),
)


def examine(patient: Patient) -> Iterator[Finding]:
    """Every finding, in the order of :data:`CHECKS`, each as soon as it is known and those before it are told. Raises
    nothing.
    """
    ends_at = time.monotonic() + PATIENCE_S
    begun = [(check, Errand(partial(_found, check, patient))) for check in CHECKS]
    for check, errand in begun:
        errand.wait(max(0.0, ends_at - time.monotonic()))
        for finding in errand.answer if errand.is_done else _late(check):
            yield _without_secrets(finding, patient.secrets)


def begin_examination(patient: Patient) -> Errand[tuple[Finding, ...]]:
    """The same without waiting."""
    return Errand(lambda: tuple(examine(patient)))


def _found(check: Check, patient: Patient) -> tuple[Finding, ...]:
    try:
        return tuple(check.look(patient))
    except KlingError as error:
        return tuple(fault_of(name, error) for name in check.names)
    except OSError as error:
        says = f"This could not be read: {error.strerror or error}."
        return tuple(fault(name, check.exit_code, says) for name in check.names)
    except Exception as error:  # noqa: BLE001 - a report about what is broken must not break
        says = f"This could not be checked: {type(error).__name__}: {error}."
        return tuple(unknown(name, says, "Report this to whoever maintains the extension.") for name in check.names)


def _late(check: Check) -> Iterator[Finding]:
    says = f"There was no answer within {PATIENCE_S:.0f} s."
    what = "the network" if check.exit_code == NETWORK else "the disk, and any network drive"
    return (fault(name, check.exit_code, says, f"Check {what}.") for name in check.names)


def _without_secrets(finding: Finding, secrets: tuple[str, ...]) -> Finding:
    return replace(finding, says=redacted(finding.says, secrets), remedy=redacted(finding.remedy, secrets))
