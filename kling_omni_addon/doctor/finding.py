"""What one check found, and the text of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ..core.errors import KlingError

MACHINE, SETTINGS, CREDENTIALS, NETWORK = 1, 2, 3, 5
"""Exit codes of ``core.errors``."""
_WORST_FIRST: Final = (MACHINE, SETTINGS, CREDENTIALS, NETWORK)
"""A disk that takes no job history comes before all, and what is wrong with a setting before what follows from it."""


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"  # works, but somebody should know
    FAULT = "fault"
    UNKNOWN = "unknown"  # could not be checked, because of something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the check of that name found: a sentence, and what to do (``""`` for nothing). ``exit_code`` is that of the
    command line for a fault, else 0.
    """

    check: str
    result: Result
    says: str
    remedy: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {"check": self.check, "result": self.result.value, "says": self.says, "remedy": self.remedy or None}


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check=check, result=Result.OK, says=says)


def warning(check: str, says: str, remedy: str = "") -> Finding:
    """It works, but somebody should know."""
    return Finding(check=check, result=Result.WARNING, says=says, remedy=remedy)


def unknown(check: str, says: str, remedy: str = "") -> Finding:
    """It could not be checked."""
    return Finding(check=check, result=Result.UNKNOWN, says=says, remedy=remedy)


def fault(check: str, exit_code: int, says: str, remedy: str = "") -> Finding:
    """Something is wrong."""
    return Finding(check=check, result=Result.FAULT, says=says, remedy=remedy, exit_code=exit_code)


def fault_of(check: str, error: KlingError) -> Finding:
    """An error as a finding."""
    return fault(check, error.exit_code, error.sentence, error.remedy)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """0 where nothing is wrong, else the code of the worst fault."""
    codes = {finding.exit_code for finding in findings if finding.result is Result.FAULT}
    return next((code for code in _WORST_FIRST if code in codes), max(codes, default=0))


def line_of(finding: Finding) -> str:
    """A finding for a person, its remedy in a line of its own."""
    line = f"{finding.result.value:<8} {finding.check:<13} {finding.says}"
    return f"{line}\n{'':<22} {finding.remedy}" if finding.remedy else line


def text_of(findings: Iterable[Finding]) -> str:
    """All findings as one text, for a bug report."""
    return "".join(f"{line_of(finding)}\n" for finding in findings)
