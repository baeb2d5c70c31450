"""Models that a relay documents are there where the environment or the preferences choose them, and nowhere else."""

from __future__ import annotations

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.settings import Preferred, limits_in_force, read_settings, relayed_in_force

KEY = {"KLING_API_KEY": "of the environment"}


@pytest.mark.parametrize(
    ("environment", "page", "chosen"),
    [
        ("", "", (False, "by default")),
        ("", "1", (True, "by the preferences")),
        ("1", "", (True, "by KLING_RELAYED_MODELS of the environment")),
        ("0", "1", (False, "by KLING_RELAYED_MODELS of the environment")),
        (" ", "1", (True, "by the preferences")),
    ],
)
def test_models_that_a_relay_documents_are_there_for_those_who_choose_them(
    environment: str, page: str, chosen: tuple[bool, str]
) -> None:
    around = {"KLING_RELAYED_MODELS": environment, "KLING_DIALECT": "new"}
    preferred = Preferred(values={"KLING_RELAYED_MODELS": page})
    assert relayed_in_force(around, preferred) == chosen
    assert ("kling-4.0" in limits_in_force(around, preferred).models) == chosen[0]
    read = read_settings(KEY | around, preferred=preferred)
    assert read.is_relayed == chosen[0]
    assert read.limits == limits_in_force(around, preferred)
    said = f" API: new (by KLING_DIALECT of the environment). Models as a relay documents them: on ({chosen[1]})."
    assert read.told.endswith(said) == chosen[0]


@pytest.mark.parametrize(("environment", "page"), [("yes", ""), ("", "on")])
def test_a_choice_of_relayed_models_is_1_or_0(environment: str, page: str) -> None:
    with pytest.raises(ArgumentsInvalid, match=r"KLING_RELAYED_MODELS cannot be .* Give 1 for yes, or 0 for no"):
        relayed_in_force({"KLING_RELAYED_MODELS": environment}, Preferred(values={"KLING_RELAYED_MODELS": page}))
