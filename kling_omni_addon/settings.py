"""Where to send, with which key, and where files go: read once on the main thread, frozen, handed to the session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from .core.capability import DEFAULT_PROFILE
from .core.errors import ArgumentsInvalid, CredentialsMissing
from .core.life import lifecycle
from .core.life.spending import Caps
from .rehearsal_note import running_rehearsal

SERVICES: Mapping[str, str] = {
    "kling": "https://api-singapore.klingai.com",
    "kling-china": "https://api-beijing.klingai.com",
}
"""The two regions of the contract's section 2; a key belongs to one of them."""
REHEARSAL = "rehearsal"
_MOST_AT_ONCE = 50
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A plain API key, or an AccessKey with its SecretKey."""

    api_key: str = field(default="", repr=False)
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.api_key or (self.access_key and self.secret_key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a session has to know. ``home`` holds journal and pictures, ``clips`` the files of submissions without
    a folder of their own. ``concurrency`` is how many tasks may run at once at most; None leaves it to what the service
    takes. Nothing is sent that might break one of ``caps``.
    """

    service_url: str
    keys: Keys
    home: Path
    clips: Path
    window_s: float = lifecycle.LOOK_WINDOW_S
    concurrency: int | None = None
    caps: Caps = field(default_factory=Caps)
    profile: str = DEFAULT_PROFILE

    @property
    def is_rehearsal(self) -> bool:
        """Whether the service is on this machine, so that nothing leaves it and nothing costs."""
        return urlsplit(self.service_url).hostname in _LOOPBACK


def home_folder(environment: Mapping[str, str]) -> Path:
    """``KLING_HOME``, or the user's data folder: never the extension's own, which uninstalling deletes (fault 73)."""
    if environment.get("KLING_HOME"):
        return Path(environment["KLING_HOME"]).expanduser().absolute()
    from platformdirs import user_data_path  # a wheel of the extension: on the path only once that is enabled

    return user_data_path("kling-omni", appauthor=False)


def read_settings(environment: Mapping[str, str], *, service: str = "", profile: str = DEFAULT_PROFILE) -> Settings:
    """Settings from the environment. ``service`` is a name, an address, or ``""`` (``KLING_BASE_URL``, else ``kling``).

    Raises :class:`ArgumentsInvalid` for a value that cannot be used and :class:`CredentialsMissing` without a key.
    """
    home = home_folder(environment)
    url, rehearsal_keys = service_address(service or environment.get("KLING_BASE_URL", "") or "kling", home)
    keys = read_keys(environment) or rehearsal_keys
    if not keys:
        raise CredentialsMissing(
            "There is no key.",
            field="KLING_API_KEY",
            remedy="Set KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY, in the environment.",
        )
    window_s = _seconds(environment, "KLING_LOOK_WINDOW_S", lifecycle.LOOK_WINDOW_S)
    return Settings(
        service_url=url,
        keys=keys,
        home=home,
        clips=home / "clips",
        window_s=window_s,
        concurrency=_concurrency(environment),
        caps=Caps(daily=_units(environment, "KLING_DAILY_CAP"), project=_units(environment, "KLING_PROJECT_CAP")),
        profile=profile,
    )


def read_keys(environment: Mapping[str, str]) -> Keys:
    """The key of the environment, blanks and quotes stripped; ``KLING_API_KEY`` may hold ``accessKey|secretKey``
    (contract 3.2).
    """
    api_key, access_key, secret_key = (
        environment.get(name, "").strip().strip("'\"").strip()
        for name in ("KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY")
    )
    if "|" in api_key:
        access_key, _, secret_key = (part.strip() for part in api_key.partition("|"))
        api_key = ""
    return Keys(api_key=api_key, access_key=access_key, secret_key=secret_key)


def service_address(service: str, home: Path) -> tuple[str, Keys]:
    """The address of a service, and its keys where it gives them out itself (a rehearsal running on ``home``)."""
    if service == REHEARSAL:
        note = running_rehearsal(home)
        if note is None:
            raise ArgumentsInvalid(
                "No rehearsal server is running.",
                field="service",
                remedy="Start one with: python -m kling_omni_addon rehearse",
            )
        return note["url"], Keys(api_key=note["api_key"])
    url = SERVICES.get(service, service).rstrip("/")
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (is_safe and parts.hostname) or parts.query or parts.username:
        raise ArgumentsInvalid(
            f"{service!r} is not a service.",
            field="service",
            remedy="Use kling, kling-china, rehearsal, or an https address (http only on this machine).",
        )
    return url, Keys()


def is_local_service(service: str) -> bool:
    """Whether a service, by name or address, is on this machine, so that using it opens no connection to outside."""
    return service == REHEARSAL or urlsplit(service).hostname in _LOOPBACK


def _concurrency(environment: Mapping[str, str]) -> int | None:
    text = environment.get("KLING_CONCURRENCY", "").strip() or "0"
    if text not in map(str, range(_MOST_AT_ONCE + 1)):
        raise ArgumentsInvalid(
            f"KLING_CONCURRENCY is {text!r}.",
            field="KLING_CONCURRENCY",
            remedy=f"Give how many tasks may run at once, from 1 to {_MOST_AT_ONCE}, or 0 to leave it to Kling.",
        )
    return int(text) or None


def _units(environment: Mapping[str, str], name: str) -> Decimal | None:
    text = environment.get(name, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", text):
        raise ArgumentsInvalid(f"{name} is {text!r}.", field=name, remedy="Give units, like 100 or 12.5.")
    return Decimal(text)


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise ArgumentsInvalid(f"{name} is {text!r}.", field=name, remedy="Give seconds, from 0 to 86400.")
    return seconds
