"""What an operator says to Blender: how it ended, and what went wrong as a report."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import bpy

from ...core.errors import KlingError, RequestInvalid
from .language import translated

Level: TypeAlias = Literal["INFO", "WARNING", "ERROR"]

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Outcome: TypeAlias = set[OperatorReturnItems]
else:
    Outcome = set
"""How an operator ended, as Blender wants it: ``{"FINISHED"}``, ``{"CANCELLED"}``."""


def say(operator: Any, sentence: str, kind: Level = "INFO") -> None:
    """Report a sentence, in the language of the interface."""
    operator.report({kind}, translated(sentence))


def reported(execute: Callable[[Any, bpy.types.Context], Outcome]) -> Callable[[Any, bpy.types.Context], Outcome]:
    """Show a :class:`KlingError` as the report of an operator that is cancelled. Anything else is a bug and shows."""

    @wraps(execute)
    def told(operator: bpy.types.Operator, context: bpy.types.Context) -> Outcome:
        try:
            return execute(operator, context)
        except RequestInvalid as error:
            say(operator, "\n".join(problem.message for problem in error.problems), "ERROR")
        except KlingError as error:
            say(operator, str(error), "ERROR")
        return {"CANCELLED"}

    return told
