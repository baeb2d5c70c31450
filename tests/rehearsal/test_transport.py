"""The rehearsal server's door: paths, methods, keys, bodies (rules R01 to R07, R81, R82; contract, section 3)."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from kling_omni_addon.core.errors import ArgumentsInvalid, RehearsalUnavailable
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from tests.workshop.rehearsal_stand import TASKS, ReadyClips, Stand, refusal, text_body, token


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path)) as stand:
        yield stand


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", TASKS, 404, 1202),
        ("PUT", f"{TASKS}/123", 404, 1202),
        ("POST", f"{TASKS}/123", 404, 1202),
        ("POST", "/account/costs", 404, 1202),
        ("GET", "/v1/videos/text2video", 404, 1203),
        ("POST", "/", 404, 1203),
        ("GET", "/files/../secret", 404, 1203),
    ],
)
def test_unknown_paths_and_wrong_methods_are_refused_before_the_key(
    stand: Stand, method: str, path: str, status: int, code: int
) -> None:
    answer = stand.call(method, path, headers={"Authorization": ""}, json={})
    assert refusal(answer)[:2] == (status, code)


def test_a_slash_at_the_end_changes_nothing(stand: Stand) -> None:
    task_id = stand.call("POST", f"{TASKS}/", json=text_body()).json()["data"]["task_id"]
    assert stand.get(f"{TASKS}/").json()["data"][0]["task_id"] == task_id
    assert stand.get(f"{TASKS}/{task_id}/").json()["data"]["task_id"] == task_id


def _token(stand: Stand, **changes: Any) -> str:
    return f"Bearer {token(stand.settings, stand.clock.now, **changes)}"


@pytest.mark.parametrize("changes", [{}, {"nbf": None}, {"nbf": 1_790_000_000}, {"exp": 1_790_000_001}])
def test_a_signed_token_is_accepted_up_to_its_limits(stand: Stand, changes: dict[str, Any]) -> None:
    assert stand.get(TASKS, headers={"Authorization": _token(stand, **changes)}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nbf": 1_790_000_001}, 1003),
        ({"exp": 1_790_000_000}, 1004),
        ({"exp": None}, 1002),
        ({"exp": True}, 1002),
        ({"iss": "stranger"}, 1002),
        ({"secret": "another-secret-of-at-least-32-bytes"}, 1000),
        ({"algorithm": "HS512", "secret": "rehearsal-secret-key-of-32-characters!" * 2}, 1000),
    ],
)
def test_a_wrong_token_is_refused_with_the_code_of_its_fault(stand: Stand, changes: dict[str, Any], code: int) -> None:
    assert refusal(stand.get(TASKS, headers={"Authorization": _token(stand, **changes)}))[:2] == (401, code)


@pytest.mark.parametrize(
    ("header", "code", "text"),
    [
        (None, 1001, "Authorization is empty"),
        ("", 1001, "Authorization is empty"),
        ("Bearer api-key-kling-unknown", 1002, "api key not found"),
        ("Bearer garbage", 1002, "The token was expected to have 3 parts, but got 0"),
        ("Bearer  api-key-kling-rehearsal", 1002, "The token was expected to have 3 parts, but got 0"),
        ("api-key-kling-rehearsal", 1002, "The token was expected to have 3 parts, but got 0"),
        ("Bearer a.b.c", 1000, "signature is invalid"),
    ],
)
def test_a_header_without_a_known_key_is_refused(stand: Stand, header: str | None, code: int, text: str) -> None:
    assert refusal(stand.get(TASKS, headers={"Authorization": header})) == (401, code, text)


@pytest.mark.filterwarnings("ignore:The HMAC key is")  # the contract's secret is that short
def test_the_token_of_the_contract_is_accepted_in_its_own_time(tmp_path: Path) -> None:
    vector = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJBS19URVNUIiwiZXhwIjoxNzAwMDAxODAwLCJuYmYiOjE2OTk5OTk5OTV9."
        "6L4y5-2k74trk6jmaKXDAvqPATo_9aKYSk-HhIQYesk"
    )
    with Stand(RehearsalSettings(folder=tmp_path, access_key="AK_TEST", secret_key="SK_TEST")) as stand:
        codes = []
        for stand.clock.now in (1_699_999_994.9, 1_699_999_995, 1_700_001_799.9, 1_700_001_800):
            codes.append(stand.get(TASKS, headers={"Authorization": f"Bearer {vector}"}).json()["code"])
        assert codes == [1003, 0, 0, 1004]


def test_an_unsigned_token_is_refused(stand: Stand) -> None:
    unsigned = _token(stand, algorithm="none", secret=None)
    assert refusal(stand.get(TASKS, headers={"Authorization": unsigned}))[1] == 1000


@pytest.mark.parametrize(("profile", "status"), [("seed", 401), ("late", 200)])
def test_to_the_letter_of_the_contract_only_the_late_profile_takes_plain_keys(
    tmp_path: Path, profile: str, status: int
) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, profile=profile, api_keys_in_seed=False)) as stand:
        assert stand.get(TASKS).status_code == status


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"prompt": NaN}', b"[" * 100_000, b'{"duration":' + b"9" * 9000]
)
def test_a_body_that_is_no_json_is_invalid(stand: Stand, body: bytes) -> None:
    assert refusal(stand.call("POST", TASKS, data=body))[:2] == (400, 1200)


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "7"])
def test_a_body_that_is_no_object_is_invalid(stand: Stand, body: str) -> None:
    assert refusal(stand.call("POST", TASKS, data=body))[:2] == (400, 1200)


def test_the_key_is_checked_before_the_body(stand: Stand) -> None:
    assert refusal(stand.call("POST", TASKS, data=b"{", headers={"Authorization": ""}))[1] == 1001


@pytest.mark.parametrize(
    "query",
    ["pageNum=0", "pageNum=1001", "pageNum=x", "pageNum=", "pageSize=0", "pageSize=501", "pageSize=-1", "pageSize=5.0"],
)
def test_a_page_out_of_range_is_refused(stand: Stand, query: str) -> None:
    field, _, value = query.partition("=")
    assert refusal(stand.get(f"{TASKS}?{query}")) == (400, 1201, f"{field} value '{value}' is invalid")


@pytest.mark.parametrize("query", ["pageNum=1&pageSize=1", "pageNum=1000&pageSize=500", ""])
def test_a_page_in_range_is_served(stand: Stand, query: str) -> None:
    assert stand.get(f"{TASKS}?{query}").json()["data"] == []


def _raw_create(stand: Stand, body: bytes, *, length: int) -> bytes:
    head = f"POST {TASKS} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {stand.settings.api_key}\r\n"
    head += f"Content-Length: {length}\r\n\r\n"
    with socket.create_connection(stand.address, timeout=20) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_body_that_lacks_its_last_byte_creates_nothing_and_a_whole_one_does(stand: Stand) -> None:
    body = json.dumps(text_body()).encode()
    assert _raw_create(stand, body[:-1], length=len(body)) == b""
    assert stand.stats()["creates"] == 0
    assert b'"code": 0' in _raw_create(stand, body, length=len(body))
    assert stand.stats() | {"creates": 1, "posts": 2} == stand.stats()


def test_a_body_that_is_too_large_is_refused_and_the_connection_ends(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, largest_body_bytes=1000)) as stand:
        answer = stand.create(prompt="x" * 2000)
        assert answer.status_code == 413
        assert answer.headers["Connection"] == "close"
        assert stand.create().status_code == 200


def test_a_body_of_unknown_length_is_refused(stand: Stand) -> None:
    answer = stand.call("POST", TASKS, data=iter([b"{}"]))
    assert answer.status_code == 411


def test_many_calls_share_one_connection(stand: Stand) -> None:
    connection = http.client.HTTPConnection(*stand.address, timeout=20)
    sockets = set()
    for _ in range(3):
        connection.request("GET", TASKS, headers={"Authorization": f"Bearer {stand.settings.api_key}"})
        sockets.add(connection.sock)
        assert connection.getresponse().read().endswith(b'"data": []}')
    assert len(sockets) == 1
    connection.close()


def test_the_answer_to_head_has_no_body(stand: Stand) -> None:
    connection = http.client.HTTPConnection(*stand.address, timeout=20)
    connection.request("HEAD", TASKS)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (404, b"")
    connection.close()


def test_a_stopped_server_closes_its_connections_and_its_clip_maker(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path)) as stand:
        assert stand.get(TASKS).status_code == 200
        url = stand.server.url
    assert stand.clips.is_closed
    with pytest.raises(requests.ConnectionError):
        stand.get(url + TASKS)


def test_a_port_that_is_taken_is_said_so(stand: Stand, tmp_path: Path) -> None:
    settings = RehearsalSettings(folder=tmp_path, port=stand.address[1])
    with pytest.raises(RehearsalUnavailable, match=str(settings.port)):
        RehearsalServer(settings, ReadyClips(tmp_path / "none.mp4")).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", ""])
def test_only_this_machine_is_served(tmp_path: Path, host: str) -> None:
    with pytest.raises(ArgumentsInvalid, match="listens on this computer only"):
        RehearsalSettings(folder=tmp_path, host=host)


@pytest.mark.parametrize(
    "changes", [{"port": 65_536}, {"port": -1}, {"media_faults": "never"}, {"profile": "early"}, {"most_lines": 71}]
)
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ArgumentsInvalid):
        Stand(RehearsalSettings(folder=tmp_path, **changes))


def test_the_ready_line_holds_what_a_client_needs(stand: Stand) -> None:
    line = json.loads(json.dumps(stand.server.ready_line()))
    assert line == {
        "url": stand.server.url,
        "profile": "late",
        "access_key": stand.settings.access_key,
        "secret_key": stand.settings.secret_key,
        "api_key": stand.settings.api_key,
    }


def test_a_verbose_server_writes_neither_secrets_nor_links_nor_prompts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, verbose=True)) as stand:
        link = stand.clip_link(prompt="CANARY-PROMPT", external_task_id="mine")
        stand.get(link)
        stand.get(f"{TASKS}?CANARY")
    written = capfd.readouterr().err
    assert "create 200" in written
    assert "file 200" in written
    assert not any(
        secret in written for secret in ("CANARY", "sig=", stand.settings.api_key, stand.settings.secret_key)
    )


def test_a_web_page_cannot_use_the_admin_calls(stand: Stand) -> None:
    assert refusal(stand.call("POST", "/rehearsal/reset", headers={"Origin": "https://example.com"}))[0] == 403
