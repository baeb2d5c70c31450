"""``kling doctor``, with each thing broken in turn by what breaks it in a studio: one report, whatever is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.command_line.cli import main
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.doctor import examination
from kling_omni_addon.doctor.folders import network_drive
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Preferred, read_settings
from tests.workshop.canaries import secrets_in
from tests.workshop.clip_source import Film, Listener, Source
from tests.workshop.places import ROOT
from tests.workshop.processes import API_KEY, Rehearsal, gateway_beside, run
from tests.workshop.proxies import Proxy
from tests.workshop.sockets import read_until

NAMES = [name for check in examination.CHECKS for name in check.names]
NOBODY_LISTENS = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Report:
    """What ``kling doctor`` said."""

    code: int
    findings: Mapping[str, Mapping[str, Any]]
    told: str

    def __getitem__(self, check: str) -> tuple[str, str]:
        return self.findings[check]["result"], self.findings[check]["says"]

    @property
    def faults(self) -> list[str]:
        return [name for name, finding in self.findings.items() if finding["result"] == "fault"]


Examine = Callable[..., Report]


@pytest.fixture
def examine(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Examine:
    """Runs the verb here. ``environment`` may be changed before; what is given as well precedes it."""

    def examined(*arguments: str | Path, preferred: Preferred | None = None, **given: str) -> Report:
        preferences = () if preferred is None else (preferred,)
        code = main(["doctor", *map(str, arguments)], environment | given, *preferences)
        printed = capsys.readouterr()
        assert secrets_in((printed.out + printed.err).encode()) == []
        assert "Traceback" not in printed.err
        lines = list(map(json.loads, printed.out.splitlines()))
        assert [line["check"] for line in lines] == [n for n in NAMES if n != "spool" or "--spool" in arguments]
        for line in lines:
            assert line["says"] in printed.err
            assert (line["remedy"] or "") in printed.err
        return Report(code, {line["check"]: line for line in lines}, printed.err)

    return examined


@pytest.fixture
def home(environment: dict[str, str]) -> Path:
    return Path(environment["KLING_HOME"])


@pytest.fixture
def served(environment: dict[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    """With a rehearsal as the service."""
    environment["KLING_BASE_URL"] = rehearsal.url
    return environment


def with_a_job(environment: Mapping[str, str]) -> None:
    """A home whose journal has one job, which waits to be sent."""
    with Session(read_settings(environment)) as session:
        session.submit(OmniRequest(prompt="waves", aspect_ratio="16:9", duration_s=3), Target(name="sh010"))


def everything_in(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Each file and folder as it is: content, mode, and when it changed."""
    found = {}
    for path in sorted((folder, *folder.rglob("*"))):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (content, status.st_mode, status.st_mtime_ns)
    return found


def documented() -> list[str]:
    """The words of the command in docs/td/command_line.md, behind ``blender --command kling``."""
    page = (ROOT / "docs" / "td" / "command_line.md").read_text("utf-8")
    (command,) = re.findall(r"```sh\nblender --command kling (doctor .*)\n```", page)
    return str(command).split()


def test_where_all_is_well_every_check_says_so_and_nothing_is_changed(
    served: dict[str, str], rehearsal: Rehearsal, home: Path, tmp_path: Path
) -> None:
    with_a_job(served)
    spool, asked = tmp_path / "spool", rehearsal.stats()["creates"]
    with gateway_beside(spool, served | {"KLING_HOME": str(tmp_path / "gateway")}):
        before = everything_in(home)
        said = run(served, *(spool if word == "spool" else word for word in documented()))
    results = {line["check"]: line["result"] for line in said.lines}
    expected = dict.fromkeys(NAMES, "ok") | {name: results[name] for name in ("disk", "clips")}
    assert (said.code, results) == (0, expected | {"clock": "unknown"}), "a rehearsal tells no time"
    says = {line["check"]: line["says"] for line in said.lines}
    assert says["journal"] == "It is sound. Jobs: 1 intended. None waits for a person."
    assert says["key"] == ("API key that ends in rsal, from KLING_API_KEY of the environment. The service accepts it.")
    assert says["balance"].endswith("units are left (up to 12 h old).")
    assert says["spool"].startswith("Served by process ")
    assert everything_in(home) == before
    assert rehearsal.stats()["creates"] == asked


def test_without_a_key_nobody_is_asked_and_no_home_is_made(examine: Examine, home: Path) -> None:
    report = examine(KLING_API_KEY="")
    assert (report.code, report.faults) == (3, ["key"])
    assert report["key"] == ("fault", "No key is set.")
    assert {report[name][0] for name in ("service", "proxy", "dns", "tls", "clock", "balance")} == {"unknown"}
    assert not home.exists()


def test_half_of_a_pair_of_keys_is_told_as_half(examine: Examine) -> None:
    report = examine(KLING_API_KEY="", KLING_ACCESS_KEY="AK_TEST", KLING_BASE_URL=NOBODY_LISTENS)
    assert report["key"] == ("fault", "An access key and its secret key belong together, and one is missing.")


def test_a_refused_key_is_told_as_refused(served: dict[str, str], examine: Examine) -> None:
    report = examine(KLING_API_KEY="api-key-kling-wrong")
    assert (report.code, report.faults) == (3, ["key"])
    assert report["tls"][0] == "ok"
    assert report["balance"] == ("unknown", "The service did not tell it.")


def test_a_pair_of_keys_does_not_fit_the_new_api(served: dict[str, str], examine: Examine) -> None:
    pair = {"KLING_API_KEY": "", "KLING_ACCESS_KEY": "AK_TEST", "KLING_SECRET_KEY": "SK_TEST"}
    report = examine(**pair, KLING_DIALECT="new")
    assert (report.code, report.faults) == (3, ["key"])
    assert "accepts an API key" in report["key"][1]


def test_a_service_that_is_not_there_is_a_fault_of_the_network(examine: Examine) -> None:
    report = examine(KLING_BASE_URL=NOBODY_LISTENS)
    assert (report.code, report.faults) == (5, ["tls"])
    assert report["tls"][1] == "The server cannot be reached, or the connection was interrupted."
    assert report["key"][0] == "unknown"


def test_a_dead_proxy_is_named_without_its_password(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://artist:canary-password@127.0.0.1:9")
    proxied = dict(os.environ) | {"KLING_BASE_URL": "https://kling.invalid"}
    report = examine(**{name: proxied[name] for name in ("https_proxy", "KLING_BASE_URL")})
    assert (report.code, report.faults) == (5, ["tls"])
    assert report["proxy"] == (
        "ok",
        "Calls go through http://127.0.0.1:9, with a user name that is not shown.",
    )
    assert report["dns"][0] == "warning"
    assert "artist" not in report.told


def test_a_proxy_that_cannot_be_read_is_a_fault_of_the_settings(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://:canary-password@:80x")
    report = examine(KLING_BASE_URL="https://kling.invalid")
    assert (report.code, report["proxy"][0]) == (2, "fault")


def test_a_certificate_that_is_not_trusted_is_named_with_the_reason(examine: Examine, tmp_path: Path) -> None:
    with Source(Film(1000)) as source, Proxy(source, tmp_path) as secure:
        secure.is_direct = True
        report = examine(KLING_BASE_URL=f"https://127.0.0.1:{secure.port}")
    assert report.code == 5
    assert report["tls"] == ("fault", "The certificate of the server is not trusted: it is self-signed.")


class Timekeeper(Listener):
    """Answers everything with a date of its own."""

    def __init__(self, ahead_s: float) -> None:
        super().__init__()
        self._ahead_s = ahead_s

    def talk(self, connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        date = formatdate(time.time() + self._ahead_s, usegmt=True)
        connection.sendall(f"HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("ahead_s", "result", "side"),
    [(7200, "fault", "behind"), (-7200, "fault", "ahead of"), (600, "warning", "behind"), (0, "ok", "within")],
)
def test_a_clock_that_is_wrong_is_told_by_how_much(examine: Examine, ahead_s: int, result: str, side: str) -> None:
    with Timekeeper(ahead_s) as service:
        report = examine(KLING_BASE_URL=f"http://127.0.0.1:{service.port}")
    assert report["clock"][0] == result
    assert f" {side} " in report["clock"][1]


class Silent(Listener):
    """Takes connections and says nothing, until the test has seen enough."""

    def __init__(self) -> None:
        super().__init__()
        self._is_over = threading.Event()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        super().__exit__()

    def talk(self, connection: socket.socket) -> None:
        self._is_over.wait()


def test_a_service_that_hangs_holds_up_no_other_check(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "PATIENCE_S", 1.0)
    with Silent() as service:
        report = examine(KLING_BASE_URL=f"http://127.0.0.1:{service.port}")
    assert report.code == 5
    assert report["tls"] == report["clock"] == report["key"] == ("fault", "There was no answer within 1 s.")
    assert report["home"][0] == "ok"


def test_a_setting_that_is_wrong_keeps_no_other_check_from_its_word(served: dict[str, str], examine: Examine) -> None:
    report = examine(KLING_DAILY_CAP="lots")
    assert (report.code, report.faults) == (2, ["settings", "limits"])
    assert report["limits"][1] == 'KLING_DAILY_CAP cannot be "lots".'
    assert report["key"][0] == "ok"


def test_an_address_that_is_none_is_a_fault_of_the_settings(examine: Examine) -> None:
    report = examine(KLING_BASE_URL="ftp://kling.invalid")
    assert (report.code, report.faults) == (2, ["service"])
    assert report["tls"][0] == "unknown"


def test_each_package_that_the_extension_brings_is_told_with_its_version(examine: Examine) -> None:
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    brought = {Path(wheel).name.partition("-")[0].replace("_", "-").lower() for wheel in manifest["wheels"]}
    result, says = examine()["packages"]
    assert (result, {each.split()[0].lower() for each in says.rstrip(".").split(", ")}) == ("ok", brought)


def test_limits_are_told_with_where_they_come_from(served: dict[str, str], examine: Examine) -> None:
    preferred = Preferred(values={"KLING_DAILY_CAP": "50", "KLING_PROJECT_CAP": "90"})
    report = examine(KLING_DAILY_CAP="100", preferred=preferred)
    assert report["limits"][1] == (
        "Limit: 50 units in 24 hours (of the preferences). Limit: 90 units on one project (of the preferences)."
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_home_that_others_may_read_is_told_and_left_as_it_is(
    served: dict[str, str], examine: Examine, home: Path
) -> None:
    home.mkdir()
    home.chmod(0o755)
    report = examine()
    assert (report.code, report["home"][0]) == (0, "warning")
    assert "open to other users: mode 0755" in report["home"][1]
    assert (home.stat().st_mode & 0o777, list(home.iterdir())) == (0o755, [])


@pytest.mark.parametrize("name", ["file", "file/home", "x" * 5000])
def test_a_home_that_cannot_be_made_is_a_fault_of_this_machine(
    served: dict[str, str], examine: Examine, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    report = examine(KLING_HOME=str(tmp_path / name))
    assert report.code == 1
    assert "home" in report.faults
    assert report["platform"][0] == "ok"
    assert (tmp_path / "file").read_text() == "no folder"


def test_a_home_on_a_network_drive_is_known_by_what_is_mounted_where() -> None:
    mounts = "/dev/a / ext4 rw 0 0\nnas:/a /mnt/film\\040one nfs4 rw 0 0\n/dev/b /mnt/film\\040one/scratch xfs rw 0 0\n"
    assert network_drive(Path("/mnt/film one/kling"), mounts) == "nfs4"
    assert network_drive(Path("/mnt/film one/scratch/kling"), mounts) == ""
    assert network_drive(Path("/home/artist"), mounts) == network_drive(Path("/home/artist"), "") == ""


def test_a_home_of_an_unknown_user_is_a_fault_of_the_settings(served: dict[str, str], examine: Examine) -> None:
    report = examine(KLING_HOME="~nobody-at-all/kling")
    assert (report.code, report["home"][0]) == (2, "fault")


def test_a_damaged_journal_is_told_and_left_to_who_repairs_it(
    served: dict[str, str], examine: Examine, home: Path
) -> None:
    with_a_job(served)
    journal = home / "journal.sqlite3"
    damaged = bytearray(journal.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    journal.write_bytes(damaged)
    before = everything_in(home)
    report = examine()
    assert (report.code, report.faults) == (1, ["journal"])
    assert report["journal"][1].startswith(f'The job history "{journal}" is damaged: ')
    assert everything_in(home) == before


def test_jobs_that_wait_for_a_person_are_counted(served: dict[str, str], examine: Examine, home: Path) -> None:
    run(served | {"KLING_BASE_URL": NOBODY_LISTENS}, "status")  # no journal is made by looking
    assert not home.exists()
    with_a_job(served)
    with Session(read_settings(served | {"KLING_DAILY_CAP": "1"})) as session:
        session.start()
        (submission,) = session.live()
        session.wait(lambda found: found[submission.id].is_held, [submission.id], 60.0)
    report = examine()
    assert report["journal"] == ("warning", "It is sound. Jobs: 1 intended. Waiting for a person: 1.")


def test_a_spool_that_nobody_serves_is_told(served: dict[str, str], examine: Examine, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    report = examine("--spool", spool)
    assert (report.code, report["spool"][0]) == (1, "fault")
    for room in ("requests", "states", "progress", "clips", "aside", "owners", "claims"):
        (spool / room).mkdir(parents=True)
    report = examine("--spool", spool)
    assert report.code == 0
    assert report["spool"] == ("warning", "No gateway serves it. Requests in the spool: 0. Waiting for a person: 0.")


def test_a_spool_that_can_be_no_path_is_an_argument_that_is_wrong(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--spool", "~nobody-at-all/spool"], environment) == 2
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["field"], line["exit_code"]) == ("spool", 2)


def test_a_blender_that_stays_offline_asks_nobody(examine: Examine) -> None:
    with Timekeeper(0) as service:  # would be asked: it is on this machine
        assert examine(KLING_BASE_URL=f"http://127.0.0.1:{service.port}")["clock"][0] == "ok"
    report = examine(KLING_BASE_URL="kling", preferred=Preferred(is_online=False))
    assert {report[name][0] for name in ("proxy", "dns", "tls", "clock", "key", "balance")} == {"unknown"}


def test_without_a_blender_for_rehearsals_the_rest_is_well(
    served: dict[str, str], examine: Examine, tmp_path: Path
) -> None:
    report = examine(BLENDER=str(tmp_path / "no-blender"))
    assert (report.code, report["encoder"][0]) == (0, "warning")


def test_a_full_disk_is_a_fault_of_this_machine(
    served: dict[str, str], examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one thing that is not done for real: a disk of one's own takes rights that tests have not."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=10_000_000))
    report = examine()
    assert (report.code, report.faults) == (1, ["disk", "clips"])


def test_of_many_faults_the_worst_gives_the_exit_code(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    broken = {"KLING_API_KEY": "", "KLING_DAILY_CAP": "lots", "KLING_BASE_URL": NOBODY_LISTENS}
    assert examine(**broken, KLING_HOME=str(tmp_path / "file")).code == 1
    assert examine(**broken).code == 2
    assert examine(KLING_API_KEY="", KLING_BASE_URL=NOBODY_LISTENS).code == 3


def test_what_a_service_repeats_of_a_key_is_hidden(examine: Examine) -> None:
    key = "q7Zw-93kd-LLx2-0vTe"
    body = json.dumps({"code": 1002, "message": f"the key {key[:9]}*** is not known, nor {key}", "request_id": "r"})

    class Repeating(Listener):
        def talk(self, connection: socket.socket) -> None:
            read_until(connection, b"\r\n\r\n")
            head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(f"{head}{body}".encode())

    with Repeating() as service:
        report = examine(KLING_API_KEY=key, KLING_BASE_URL=f"http://127.0.0.1:{service.port}")
    assert report.code == 3
    assert API_KEY not in report.told
    assert not any(key[start : start + 5] in report.told for start in range(len(key) - 4)), report.told
    assert "ends in 0vTe" in report["key"][1]
