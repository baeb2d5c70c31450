"""One reading of the settings for panel, script and command line: environment over preferences over default."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.errors import ArgumentsInvalid, CredentialsMissing
from kling_omni_addon.core.life.spending import Caps
from kling_omni_addon.core.translation import LANGUAGES, catalog
from kling_omni_addon.rehearsal.settings import API_KEY, RehearsalSettings
from kling_omni_addon.rehearsal_note import kept_note
from kling_omni_addon.settings import (
    SERVICES,
    Preferred,
    dialect_in_force,
    keys_in_force,
    profile_in_force,
    project_in_force,
    read_settings,
    service_in_force,
    told_settings,
)
from tests.workshop.rehearsal_stand import Stand

KEY = {"KLING_API_KEY": "of the environment"}
PAGE_KEY = {"KLING_API_KEY": "of the page"}
AUTOMATIC = {"KLING_BASE_URL": "automatic"}
REHEARSAL, CHINA = {"KLING_BASE_URL": "rehearsal"}, {"KLING_BASE_URL": "kling-china"}
RELAY = {"KLING_BASE_URL": "https://relay.example"}


@pytest.mark.parametrize(
    ("environment", "page", "flag", "name", "is_automatic"),
    [
        ({}, {}, "", "rehearsal", True),
        ({}, AUTOMATIC, "", "rehearsal", True),
        (KEY, {}, "", "kling", True),
        (KEY, AUTOMATIC, "", "kling", True),
        ({}, AUTOMATIC | PAGE_KEY, "", "kling", True),
        ({"KLING_ACCESS_KEY": "half"}, AUTOMATIC, "", "kling", True),
        (KEY, REHEARSAL, "", "rehearsal", False),
        (KEY, CHINA, "", "kling-china", False),
        (KEY | RELAY, REHEARSAL, "", "https://relay.example", False),
        (KEY | RELAY, CHINA, "rehearsal", "rehearsal", False),
        ({"KLING_BASE_URL": " "}, CHINA, "", "kling-china", False),
    ],
)
def test_the_service_is_what_was_chosen_last_and_automatic_where_nobody_chose(
    environment: dict[str, str], page: dict[str, str], flag: str, name: str, is_automatic: bool
) -> None:
    choice = service_in_force(environment, Preferred(values=page), flag)
    assert (choice.name, choice.is_automatic) == (name, is_automatic)


def test_a_key_of_the_environment_is_never_mixed_with_half_of_another_one() -> None:
    page = Preferred(values={"KLING_ACCESS_KEY": "a", "KLING_SECRET_KEY": "s"})
    assert keys_in_force({"KLING_ACCESS_KEY": "b"}, page)[0].secret_key == ""
    assert keys_in_force({}, page)[0].secret_key == "s"
    with pytest.raises(CredentialsMissing):
        read_settings({"KLING_ACCESS_KEY": "b"}, preferred=page)


@pytest.mark.parametrize(
    ("environment", "page", "caps"),
    [
        ({}, {}, Caps()),
        ({"KLING_DAILY_CAP": "5"}, {"KLING_DAILY_CAP": "20"}, Caps(daily=Decimal(5))),
        ({"KLING_DAILY_CAP": "50"}, {"KLING_DAILY_CAP": "20"}, Caps(daily=Decimal(20))),
        ({"KLING_DAILY_CAP": "0"}, {"KLING_DAILY_CAP": "20"}, Caps(daily=Decimal(0))),
        ({"KLING_DAILY_CAP": "50"}, {"KLING_PROJECT_CAP": "7"}, Caps(daily=Decimal(50), project=Decimal(7))),
    ],
)
@pytest.mark.parametrize("where", [{}, RELAY, {"KLING_BASE_URL": "kling"}])
def test_the_lower_of_two_caps_wins_whoever_chose_the_service(
    environment: dict[str, str], page: dict[str, str], caps: Caps, where: dict[str, str]
) -> None:
    """Those of the page hold although it says Rehearsal, where the environment names a service that costs."""
    page = page | (REHEARSAL if where else {})
    assert read_settings(KEY | environment | where, preferred=Preferred(values=page)).caps == caps


def test_a_cap_of_the_page_that_is_no_amount_is_refused_by_its_name() -> None:
    with pytest.raises(ArgumentsInvalid, match="Give units"):
        read_settings(KEY, preferred=Preferred(values={"KLING_DAILY_CAP": "many"}))


def test_numbers_of_the_environment_precede_those_of_the_page() -> None:
    page = Preferred(values={"KLING_CONCURRENCY": "2", "KLING_LOOK_WINDOW_S": "60"})
    read = read_settings(KEY | {"KLING_CONCURRENCY": "4", "KLING_LOOK_WINDOW_S": ""}, preferred=page)
    assert (read.concurrency, read.window_s) == (4, 60)


@pytest.mark.parametrize("environment", [KEY, KEY | REHEARSAL])
def test_a_farm_job_that_has_only_a_key_never_sends_it_to_a_rehearsal(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with Stand(RehearsalSettings(folder=tmp_path / "r")) as stand, kept_note(tmp_path, stand.server.note()):
        read = read_settings(environment | {"KLING_HOME": str(tmp_path)}, preferred=Preferred(values=AUTOMATIC))
        at_the_rehearsal = (stand.server.url, API_KEY)
    is_told_to_rehearse = "KLING_BASE_URL" in environment
    wanted = at_the_rehearsal if is_told_to_rehearse else (SERVICES["kling"], "of the environment")
    assert (read.service_url, read.keys.api_key) == wanted


def test_without_a_key_a_rehearsal_that_runs_is_taken_and_without_one_a_key_is_asked_for(tmp_path: Path) -> None:
    home = {"KLING_HOME": str(tmp_path)}
    with pytest.raises(CredentialsMissing, match="no rehearsal server is running"):
        read_settings(home)
    with Stand(RehearsalSettings(folder=tmp_path / "r")) as stand, kept_note(tmp_path, stand.server.note()):
        assert read_settings(home).service_url == stand.server.url
    with pytest.raises(ArgumentsInvalid, match="No rehearsal server is running"):
        read_settings(home, service="rehearsal")


def told(environment: dict[str, str], **page: Any) -> str:
    return told_settings(environment, Preferred(values=page))


def test_one_sentence_says_where_each_value_came_from_and_tells_no_key_and_no_address() -> None:
    secret = {"KLING_API_KEY": "api-key-kling-canary", "KLING_BASE_URL": "https://user.example"}
    assert told(secret, KLING_DAILY_CAP="9") == (
        "Service: the address given (by KLING_BASE_URL of the environment). Key: KLING_API_KEY of the environment. "
        "Limit: 9 units in 24 hours (of the preferences). Profile: late of 2026-10-04 (by default)."
    )
    assert told({}) == (
        "Service: a rehearsal (automatic, because no key is set). Key: the rehearsal's own. Limits: none. "
        "Profile: late of 2026-10-04 (by default)."
    )
    page = {"KLING_API_KEY": "k", "KLING_PROJECT_CAP": "4", "KLING_PROFILE": "seed"}
    assert told({"KLING_PROJECT_CAP": "3"}, **page) == (
        "Service: Kling (automatic, because a key is set). Key: the preferences. "
        "Limit: 3 units on one project (of the environment). "
        "Profile: seed of 2026-03-31 (by the preferences)."
    )
    assert told({"KLING_PROJECT": "Night"}).endswith(' Project: "Night" (by KLING_PROJECT of the environment).')


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_of_the_settings_comes_out_whole_in_each_language(language: str) -> None:
    """Sentence by sentence; two limits, the other API and the models of a relay say most."""
    around = {"KLING_API_KEY": "k", "KLING_PROJECT_CAP": "3", "KLING_DIALECT": "new", "KLING_RELAYED_MODELS": "1"}
    named = told(around | {"KLING_PROJECT": "harbor"}, KLING_DAILY_CAP="9", KLING_PROFILE="seed")
    in_other_words = catalog(language).translated(named)
    assert re.findall(r"\b(?:because|key|units|hours|project|of|the|by|relay|on) ", in_other_words) == []
    assert '"harbor"' in in_other_words


@pytest.mark.parametrize(
    ("environment", "page", "chosen"),
    [
        ("", "", ("", "")),
        (" ", "", ("", "")),
        ("", "Night Watch", ("Night Watch", "by the preferences")),
        ("harbor", "Night Watch", ("harbor", "by KLING_PROJECT of the environment")),
        ("  Night  Watch ", "", ("Night Watch", "by KLING_PROJECT of the environment")),
    ],
)
def test_a_project_is_what_the_environment_says_else_the_preferences_else_the_folder(
    environment: str, page: str, chosen: tuple[str, str]
) -> None:
    preferred = Preferred(values={"KLING_PROJECT": page})
    assert project_in_force({"KLING_PROJECT": environment}, preferred) == chosen
    assert read_settings(KEY | {"KLING_PROJECT": environment}, preferred=preferred).project == chosen[0]


@pytest.mark.parametrize("name", ["x" * 81, "harbor\x1b[31m", "har\u200bbor"])
def test_a_project_that_cannot_be_kept_as_it_is_written_is_refused(name: str) -> None:
    with pytest.raises(ArgumentsInvalid, match="KLING_PROJECT cannot be") as caught:
        project_in_force({"KLING_PROJECT": name}, Preferred())
    assert (caught.value.field, "at most 80 characters" in caught.value.remedy) == ("KLING_PROJECT", True)


@pytest.mark.parametrize(
    ("flag", "environment", "page", "chosen"),
    [
        ("", "", "", ("late", "by default")),
        ("", "", "seed", ("seed", "by the preferences")),
        ("", "late", "seed", ("late", "by KLING_PROFILE of the environment")),
        ("", " seed ", "", ("seed", "by KLING_PROFILE of the environment")),
        ("", " ", "seed", ("seed", "by the preferences")),
        ("late", "seed", "seed", ("late", "by --profile")),
        ("seed", "", "", ("seed", "by --profile")),
    ],
)
def test_the_profile_is_that_of_the_flag_the_environment_the_page_or_today_s(
    flag: str, environment: str, page: str, chosen: tuple[str, str]
) -> None:
    around, preferred = {"KLING_PROFILE": environment}, Preferred(values={"KLING_PROFILE": page})
    assert profile_in_force(around, preferred, flag) == chosen
    read = read_settings(KEY | around, profile=flag, preferred=preferred)
    assert read.profile == chosen[0]
    assert read.told.endswith(f" Profile: {chosen[0]} of {capability.profile(chosen[0]).date} ({chosen[1]}).")


@pytest.mark.parametrize(("environment", "page"), [("march", ""), ("march", "seed"), ("", "march"), ("LATE", "")])
def test_a_profile_that_is_none_is_refused_by_its_name_with_those_that_are(environment: str, page: str) -> None:
    with pytest.raises(ArgumentsInvalid) as refused:
        read_settings(KEY | {"KLING_PROFILE": environment}, preferred=Preferred(values={"KLING_PROFILE": page}))
    assert str(refused.value) == (
        f'KLING_PROFILE cannot be "{environment or page}". Use late or seed, or leave it empty for late.'
    )
    assert (refused.value.field, refused.value.exit_code) == ("KLING_PROFILE", 2)


@pytest.mark.parametrize(
    ("flag", "environment", "page", "chosen"),
    [
        ("", "", "", ("legacy", "by default")),
        ("", "", "new", ("new", "by the preferences")),
        ("", "legacy", "new", ("legacy", "by KLING_DIALECT of the environment")),
        ("", " new ", "", ("new", "by KLING_DIALECT of the environment")),
        ("", " ", "new", ("new", "by the preferences")),
        ("legacy", "new", "new", ("legacy", "by --dialect")),
        ("new", "", "", ("new", "by --dialect")),
    ],
)
def test_the_api_is_that_of_the_flag_the_environment_the_page_or_the_legacy_one(
    flag: str, environment: str, page: str, chosen: tuple[str, str]
) -> None:
    around, preferred = {"KLING_DIALECT": environment}, Preferred(values={"KLING_DIALECT": page})
    assert dialect_in_force(around, preferred, flag) == chosen
    read = read_settings(KEY | around, dialect=flag, preferred=preferred)
    assert read.dialect == chosen[0]
    told_of_it = f" API: new ({chosen[1]})." if chosen[0] == "new" else ""
    assert read.told.endswith(f" Profile: late of 2026-10-04 (by default).{told_of_it}")


@pytest.mark.parametrize(("environment", "page"), [("2026", ""), ("2026", "new"), ("", "2026"), ("NEW", "")])
def test_an_api_that_is_none_is_refused_by_its_name_with_those_that_are(environment: str, page: str) -> None:
    with pytest.raises(ArgumentsInvalid) as refused:
        read_settings(KEY | {"KLING_DIALECT": environment}, preferred=Preferred(values={"KLING_DIALECT": page}))
    assert str(refused.value) == (
        f'KLING_DIALECT cannot be "{environment or page}". Use legacy or new, or leave it empty for legacy.'
    )
    assert (refused.value.field, refused.value.exit_code) == ("KLING_DIALECT", 2)
