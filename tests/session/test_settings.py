"""Where to send, with which key, and where files go."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from kling_omni_addon.core.errors import ArgumentsInvalid, CredentialsMissing
from kling_omni_addon.settings import Keys, home_folder, is_local_service, read_keys, read_settings, service_address

KEY = {"KLING_API_KEY": "api-key-canary"}


@pytest.mark.parametrize(
    ("environment", "keys"),
    [
        ({"KLING_API_KEY": " 'k' "}, Keys(api_key="k")),
        ({"KLING_API_KEY": "ak | sk"}, Keys(access_key="ak", secret_key="sk")),
        ({"KLING_ACCESS_KEY": "ak", "KLING_SECRET_KEY": '"sk"'}, Keys(access_key="ak", secret_key="sk")),
        ({"KLING_API_KEY": "k" * 1024}, Keys(api_key="k" * 1024)),
    ],
)
def test_keys_are_read_without_blanks_and_quotes(environment: dict[str, str], keys: Keys) -> None:
    assert read_keys(environment) == keys
    assert bool(keys)


@pytest.mark.parametrize("environment", [{}, {"KLING_ACCESS_KEY": "ak"}, {"KLING_API_KEY": "  "}])
def test_half_a_key_is_no_key(environment: dict[str, str]) -> None:
    with pytest.raises(CredentialsMissing):
        read_settings(environment, service="kling")


def test_no_key_shows_in_the_settings() -> None:
    assert "canary" not in repr(read_settings(KEY))


@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("kling", "https://api-singapore.klingai.com"),
        ("kling-china", "https://api-beijing.klingai.com"),
        ("https://relay.example/kling/", "https://relay.example/kling"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1", "http://localhost:1"),
    ],
)
def test_a_service_is_a_name_or_an_address(service: str, url: str, tmp_path: Path) -> None:
    assert service_address(service, tmp_path)[0] == url


@pytest.mark.parametrize(
    "service", ["http://api.example", "ftp://x", "klong", "https://", "https://u:p@h", "https://h?x=1"]
)
def test_anything_else_is_none(service: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentsInvalid):
        service_address(service, tmp_path)


def test_the_flag_wins_over_the_environment_and_kling_is_the_default() -> None:
    elsewhere = KEY | {"KLING_BASE_URL": "https://relay.example"}
    assert read_settings(elsewhere).service_url == "https://relay.example"
    assert read_settings(elsewhere, service="kling-china").service_url == "https://api-beijing.klingai.com"
    assert read_settings(KEY).service_url == "https://api-singapore.klingai.com"


def test_fault_73_the_journal_lives_outside_the_extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uninstalling deletes what is under Blender's user folders, and resetting the preferences what is in them."""
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path))
    home = home_folder({})
    assert "blender" not in str(home).lower()
    assert tmp_path not in home.parents
    assert home_folder({"KLING_HOME": str(tmp_path / "mine")}) == tmp_path / "mine"


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1e9"])
def test_a_window_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ArgumentsInvalid) as caught:
        read_settings(KEY | {"KLING_LOOK_WINDOW_S": text})
    assert caught.value.field == "KLING_LOOK_WINDOW_S"


@pytest.mark.parametrize(("text", "most"), [("", None), ("0", None), ("1", 1), (" 50 ", 50)])
def test_how_many_tasks_may_run_at_once_is_a_number_or_left_to_the_service(text: str, most: int | None) -> None:
    assert read_settings(KEY | {"KLING_CONCURRENCY": text}).concurrency == most


@pytest.mark.parametrize("text", ["51", "-1", "3.5", "many", "0000999", "²", "1_0"])
def test_any_other_number_of_tasks_at_once_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ArgumentsInvalid, match="at once, 1 to 50") as caught:
        read_settings(KEY | {"KLING_CONCURRENCY": text})
    assert caught.value.field == "KLING_CONCURRENCY"


@pytest.mark.parametrize("name", ["KLING_DAILY_CAP", "KLING_PROJECT_CAP"])
@pytest.mark.parametrize(
    ("text", "is_right"), [("100", True), (" 12.5 ", True), ("0", True), ("", True), ("-1", False)]
)
def test_a_cap_is_a_number_of_units(name: str, text: str, is_right: bool) -> None:
    if not is_right:
        with pytest.raises(ArgumentsInvalid) as caught:
            read_settings(KEY | {name: text})
        assert caught.value.field == name
        return
    caps = read_settings(KEY | {name: text}).caps
    assert (caps.daily if name == "KLING_DAILY_CAP" else caps.project) == (Decimal(text) if text else None)
    assert bool(caps) is bool(text), "a cap of 0 is a cap"


@pytest.mark.parametrize("text", ["many", "1e9", "nan", "inf", "1,5", "½", "12.3456"])
def test_anything_else_is_no_cap_and_is_never_taken_for_none(text: str) -> None:
    with pytest.raises(ArgumentsInvalid, match="Give units"):
        read_settings(KEY | {"KLING_DAILY_CAP": text})


@pytest.mark.parametrize(
    ("service", "is_local"),
    [("rehearsal", True), ("http://127.0.0.1:1", True), ("kling", False), ("https://127.0.0.1.example", False)],
)
def test_what_is_on_this_machine_opens_no_connection_to_outside(service: str, is_local: bool) -> None:
    assert is_local_service(service) == is_local
