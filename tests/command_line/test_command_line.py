"""The command line as a person or a farm meets it: exit codes, JSON lines, sentences."""

from __future__ import annotations

import json
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.workshop.parked import parked_in
from tests.workshop.processes import Rehearsal, run
from tests.workshop.rehearsal_stand import png
from tests.workshop.request_files import first_frame, written


@pytest.fixture
def on_rehearsal(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    return environment | {"KLING_BASE_URL": rehearsal.url}


@pytest.fixture
def nowhere(environment: dict[str, str]) -> dict[str, str]:
    """A service that is away: a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return environment | {"KLING_BASE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}


def test_a_shot_with_a_local_picture_becomes_a_clip(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "first.png").write_bytes(png(640, 360))
    said = run(on_rehearsal, "submit", written(tmp_path, **first_frame("first.png")), "--wait", "--name", "Alley 3")
    assert said.code == 0, said
    last = said.lines[-1]
    assert set(last) >= {"id", "phase", "task_id", "clip", "problem"}
    assert (last["phase"], last["problem"]) == ("fetched", None)
    assert Path(last["clip"]).name.startswith("Alley-3_")
    assert f"Saved: '{last['clip']}'" in said.errors
    assert [line["phase"] for line in said.lines if line["phase"] == "intended"] == ["intended"]
    assert run(on_rehearsal, "status").lines[-1] == last


def test_without_a_wait_the_command_ends_when_the_service_has_the_task(
    on_rehearsal: dict[str, str], tmp_path: Path
) -> None:
    said = run(on_rehearsal, "submit", written(tmp_path))
    assert said.code == 0
    assert said.lines[-1]["task_id"]
    assert run(on_rehearsal, "resume", "--wait").code == 0
    assert run(on_rehearsal, "status").lines[-1]["phase"] == "fetched"


def test_a_wait_that_is_too_short_says_still_running(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    said = run(on_rehearsal, "submit", written(tmp_path, prompt="another one"), "--wait", "0.2")
    assert said.code == 6
    assert run(on_rehearsal, "resume", "--wait").code == 0


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"prompt": None}, "prompt", "prompt"),
        ({"prompt": "  "}, "prompt", "prompt"),
        (first_frame("nowhere.png"), "image_list[0].image_url", "cannot be read"),
        (first_frame("small.png"), "image_list[0].image_url", "300"),
        (first_frame("large.png"), "image_list[0].image_url", "10"),
        (first_frame("text.png"), "image_list[0].image_url", "neither a PNG nor a JPEG"),
        (first_frame("data:image/png;base64,iVBORw0KGgo="), "image_list[0].image_url", "data:"),
        ({"duration": "16"}, "duration", "15"),
        ({"negative_prompt": "rain"}, "negative_prompt", "negative_prompt"),
    ],
)
def test_a_request_that_would_be_refused_is_refused_here_with_field_and_remedy(
    on_rehearsal: dict[str, str], rehearsal: Rehearsal, tmp_path: Path, changes: dict[str, Any], field: str, words: str
) -> None:
    (tmp_path / "small.png").write_bytes(png(640, 299))
    (tmp_path / "large.png").write_bytes(png(640, 360, size=10_485_761))
    (tmp_path / "text.png").write_text("not a picture")
    posts = rehearsal.stats()["posts"]
    said = run(on_rehearsal, "submit", written(tmp_path, **changes), "--wait")
    assert said.code == 2, said
    assert field in [line["path"] for line in said.lines]
    assert words in said.errors
    assert "Traceback" not in said.errors
    assert rehearsal.stats()["posts"] == posts
    assert run(on_rehearsal, "status").lines == ()


@pytest.mark.parametrize("text", ["", "[]", "{", "\0", '{"prompt": NaN'])
def test_a_file_that_is_no_request_is_named(on_rehearsal: dict[str, str], tmp_path: Path, text: str) -> None:
    (tmp_path / "shot.json").write_text(text)
    for verb in ("validate", "submit"):
        said = run(on_rehearsal, verb, tmp_path / "shot.json")
        assert (said.code, said.lines[0]["field"]) == (2, "request")
        assert "Traceback" not in said.errors


def test_a_wrong_key_ends_with_3_and_leaves_nothing_to_send_later(
    on_rehearsal: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    posts = rehearsal.stats()["posts"]
    said = run(on_rehearsal | {"KLING_API_KEY": "api-key-kling-wrong"}, "submit", written(tmp_path), "--wait")
    assert said.code == 3
    assert said.lines[-1]["field"] == "key"
    assert "api-key-kling-wrong" not in said.errors + json.dumps(said.lines)
    assert rehearsal.stats()["posts"] == posts
    assert run(on_rehearsal, "status").lines == ()


def test_no_key_ends_with_3_and_names_the_variable(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    del on_rehearsal["KLING_API_KEY"]
    said = run(on_rehearsal, "submit", written(tmp_path))
    assert (said.code, said.lines[-1]["field"]) == (3, "KLING_API_KEY")


def test_a_key_pair_signs_tokens(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    del on_rehearsal["KLING_API_KEY"]
    pair = {
        "KLING_ACCESS_KEY": " 'rehearsal-access-key' ",
        "KLING_SECRET_KEY": "rehearsal-secret-key-of-32-characters!",
    }
    assert run(on_rehearsal | pair, "submit", written(tmp_path), "--wait").code == 0


def test_a_service_that_is_away_ends_with_5_and_leaves_nothing_to_send_later(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    said = run(nowhere, "submit", written(tmp_path), "--wait")
    assert (said.code, said.lines[-1]["field"]) == (5, "service")
    assert "Traceback" not in said.errors
    assert run(nowhere, "status").lines == ()


def test_resuming_says_which_submissions_wait_for_a_person_and_what_that_person_can_say(
    on_rehearsal: dict[str, str], rehearsal: Rehearsal
) -> None:
    parked = parked_in(Path(on_rehearsal["KLING_HOME"]), rehearsal.url)
    resumed = run(on_rehearsal, "resume", "--wait")
    assert (resumed.code, resumed.lines) == (0, ())
    assert f"kling: {parked}: Kling did not respond" in resumed.errors
    for verb in ("look-again", "send-again", "abandon"):
        assert f"{verb} {parked}" in resumed.errors
    assert run(on_rehearsal, "abandon", parked).code == 0
    assert parked not in run(on_rehearsal, "resume").errors


def test_two_processes_at_once_do_not_break_the_daily_cap(
    on_rehearsal: dict[str, str], rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """Each clip costs 1.8 units, so that one fits under the cap and two do not."""
    on_rehearsal["KLING_DAILY_CAP"] = "2"
    creates = rehearsal.stats()["creates"]
    path = written(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda _: run(on_rehearsal, "submit", path, "--again", "--wait"), range(2)))
    assert sorted(one.code for one in said) == [0, 2], said
    (refused,) = (one for one in said if one.code == 2)
    assert "the daily limit of 2 units would be exceeded" in refused.lines[-1]["problem"]
    assert rehearsal.stats()["creates"] == creates + 1
    assert run(on_rehearsal, "resume", "--wait").code == 0
    assert sorted(line["phase"] for line in run(on_rehearsal, "status").lines) == ["abandoned", "fetched"]
    assert run(on_rehearsal | {"KLING_DAILY_CAP": "4"}, "submit", path, "--wait").code == 0


@pytest.mark.parametrize("service", ["http://example.com", "ftp://x", "nonsense", "https://", "https://a/?b=c"])
def test_a_service_that_is_none_is_refused(environment: dict[str, str], tmp_path: Path, service: str) -> None:
    said = run(environment, "submit", written(tmp_path), "--service", service)
    assert (said.code, said.lines[-1]["field"]) == (2, "service")


@pytest.mark.parametrize(
    "arguments", [["fly"], [], ["submit"], ["submit", "a", "--wait", "soon"], ["abandon", "kob-0"]]
)
def test_arguments_that_are_wrong_end_with_2(on_rehearsal: dict[str, str], arguments: list[str]) -> None:
    said = run(on_rehearsal, *arguments)
    assert said.code == 2
    assert said.lines[-1]["remedy"]
    assert "Traceback" not in said.errors


def test_a_task_that_fails_ends_with_4_and_the_services_reason(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    said = run(on_rehearsal, "submit", written(tmp_path, prompt="waves rehearse-fail"), "--wait")
    assert said.code == 4
    assert "Failure to pass the risk control system" in said.lines[-1]["problem"]


def test_a_create_that_is_refused_ends_with_4(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    shortly = on_rehearsal | {"KLING_LOOK_WINDOW_S": "2"}
    said = run(shortly, "submit", written(tmp_path, prompt="waves rehearse-refuse"), "--wait")
    assert said.code == 4
    assert "1301" in said.lines[-1]["problem"]


def test_validate_judges_as_the_service_would_and_sends_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    good = run(environment, "validate", written(tmp_path, cfg_scale=1))
    assert (good.code, [line["kind"] for line in good.lines]) == (0, ["warning"])
    bad = run(environment, "validate", written(tmp_path, prompt=None, duration="99"))
    assert bad.code == 2
    assert {line["path"] for line in bad.lines if line["kind"] == "error"} == {"prompt", "duration"}
    assert not Path(environment["KLING_HOME"]).exists()


def test_an_id_that_was_used_before_is_refused(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    path = written(tmp_path, external_task_id="my-own-id")
    assert run(on_rehearsal, "submit", path, "--wait").code == 0
    again = run(on_rehearsal, "submit", path, "--wait")
    assert (again.code, again.lines[-1]["field"]) == (2, "external_task_id")


def test_the_rehearsal_service_is_found_by_its_name_while_it_runs(
    on_rehearsal: dict[str, str], rehearsal: Rehearsal, home_of_rehearsals: Path, tmp_path: Path
) -> None:
    home = Path(on_rehearsal["KLING_HOME"])
    home.mkdir()
    on_rehearsal.pop("KLING_BASE_URL")
    missing = run(on_rehearsal, "submit", written(tmp_path), "--service", "rehearsal")
    assert (missing.code, missing.lines[-1]["field"]) == (2, "service")
    shutil.copy(home_of_rehearsals / rehearsal.note_name, home)
    del on_rehearsal["KLING_API_KEY"]
    assert run(on_rehearsal, "submit", written(tmp_path), "--service", "rehearsal", "--wait").code == 0


def test_no_secret_is_in_anything_that_was_written(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    said = run(on_rehearsal, "submit", written(tmp_path), "--wait")
    files = [path for path in Path(on_rehearsal["KLING_HOME"]).rglob("*") if path.is_file()]
    told = b"".join(path.read_bytes() for path in files) + said.errors.encode() + json.dumps(said.lines).encode()
    assert len(files) >= 2
    for secret in (on_rehearsal["KLING_API_KEY"].encode(), b"?sig=", b"&sig=", b"/files/"):
        assert secret not in told


def test_the_price_of_a_request_is_told_with_its_date_and_nothing_is_sent(
    environment: dict[str, str], tmp_path: Path
) -> None:
    said = run(environment, "cost", written(tmp_path))
    assert said.code == 0
    assert (said.lines[0]["units"], said.lines[0]["dollars"]) == ("1.8", "0.252")
    assert said.lines[0]["date"] in said.lines[0]["sentence"]
    assert run(environment, "cost", written(tmp_path, prompt=None)).code == 2


def test_the_account_is_a_free_test_of_the_key(on_rehearsal: dict[str, str]) -> None:
    said = run(on_rehearsal, "account")
    assert said.code == 0
    assert float(said.lines[0]["remaining_units"]) > 0
    assert said.lines[0]["note"] == "up to 12 h old"
    assert run(on_rehearsal | {"KLING_API_KEY": "wrong"}, "account").code == 3


def test_an_element_is_made_listed_used_and_deleted(on_rehearsal: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "front.png").write_bytes(png(640, 360))
    (tmp_path / "small.png").write_bytes(png(640, 299))
    words: list[str | Path] = ["--name", "Fox", "--description", "a red fox", "--front", tmp_path / "front.png"]
    refused = run(on_rehearsal, "elements", "create", *words, "--more", tmp_path / "small.png")
    assert (refused.code, refused.lines[0]["rule"]) == (2, "R37")
    made = run(on_rehearsal, "elements", "create", *words, "--more", "https://example.com/side.png")
    assert made.code == 0, made
    element = made.lines[0]["id"]
    assert element in [line["id"] for line in run(on_rehearsal, "elements", "list").lines]
    path = written(tmp_path, prompt="<<<element_1>>> runs", element_list=[{"element_id": element}])
    assert run(on_rehearsal, "submit", path).code == 0
    assert run(on_rehearsal, "elements", "delete", str(element)).code == 0
    assert element not in [line["id"] for line in run(on_rehearsal, "elements", "list").lines]
    assert run(on_rehearsal, "elements", "delete", str(element)).code == 4
    assert len(run(on_rehearsal, "elements", "list", "--presets").lines) >= 3
