"""Where to send, with which key, and where files go: read once on the main thread, frozen, handed to the session.

Panel, script and command line read by the same rule: the environment before Blender's preferences before what holds
where nobody chose. Of two caps the lower one holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from .core import capability
from .core.amounts import amount_of
from .core.capability import DEFAULT_PROFILE, DIALECTS, LEGACY, PROFILES, Profile
from .core.errors import ArgumentsInvalid, CredentialsMissing, CredentialsUnreadable
from .core.life.pacing import LOOK_WINDOW_S
from .core.life.spending import Caps
from .core.pricing import plain
from .core.problem import escaped
from .core.projects import LONGEST_NAME, name_in
from .paths import expanded
from .rehearsal_note import is_proved, note_of, note_path, running_rehearsal
from .usual_home import usual_home

SERVICES: Mapping[str, str] = {
    "kling": "https://api-singapore.klingai.com",
    "kling-china": "https://api-beijing.klingai.com",
}
"""The two regions of the contract's section 2; a key belongs to one of them."""
REHEARSAL = "rehearsal"
AUTOMATIC = "automatic"
"""The service that nobody chose: Kling where there is a key, a rehearsal where there is none."""
OFFLINE = (
    "Blender is set to stay offline. Turn on Allow Online Access in Edit > Preferences > System > Network, "
    "or use the Rehearsal service"
)
REHEARSING = "Rehearsal (free test mode): nothing is sent to Kling, nothing is charged, and the clips are test clips."
_NAMES: Mapping[str, str] = {"kling": "Kling", "kling-china": "Kling China", REHEARSAL: "a rehearsal"}
_KEY_NAMES = ("KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY")
_CAPS: Mapping[str, str] = {
    "KLING_DAILY_CAP": "Limit: {units} units in 24 hours ({source}).",
    "KLING_PROJECT_CAP": "Limit: {units} units on one project ({source}).",
}
_CAP_PLACES = 3
_PROJECT_REMEDY = f"Give a name of at most {LONGEST_NAME} characters on one line."
_MOST_AT_ONCE = 50
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PLAIN = re.compile(r"[^\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060\ufeff]*")
_VERSION = re.compile(r"/v\d+(/|$)")
_KEY_CHARACTERS = re.compile(r"[\x20-\x7e]*")


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
    a folder of their own. ``profile`` and ``dialect`` are those of new requests, ``is_relayed`` says whether they may
    name a model that Kling itself does not describe. ``concurrency`` is how many tasks may run at once at most; None
    leaves it to what the service takes. Nothing is sent that might break one of ``caps``. ``service`` is the name or
    address that was chosen, and ``told`` says where each value came from. ``trusts_resolver``: clips may come from
    where the names of a local network lead. ``project`` is the project that somebody named, ``""`` where a folder is to
    say it.
    """

    service_url: str
    keys: Keys
    home: Path
    clips: Path
    window_s: float = LOOK_WINDOW_S
    concurrency: int | None = None
    caps: Caps = field(default_factory=Caps)
    profile: str = DEFAULT_PROFILE
    dialect: str = LEGACY
    is_relayed: bool = False
    service: str = field(default="", compare=False)
    told: str = field(default="", compare=False)
    trusts_resolver: bool = False
    project: str = ""

    @property
    def limits(self) -> Profile:
        """What new requests are judged by."""
        return capability.profile(self.profile, self.dialect, is_relayed=self.is_relayed)

    @property
    def is_rehearsal(self) -> bool:
        """Whether the service is on this machine, so that nothing leaves it and nothing costs."""
        return urlsplit(self.service_url).hostname in _LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """What a person set in Blender: ``values`` by the names of the environment variables for the same, texts, among
    them keys. ``is_online`` tells whether Blender may go online. Outside Blender nothing is set.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_online: bool = True


NOTHING_PREFERRED = Preferred()


def home_folder(environment: Mapping[str, str], preferred: Preferred = NOTHING_PREFERRED) -> Path:
    """``KLING_HOME``, the folder of the preferences, or the user's data folder: never the extension's own, which
    uninstalling deletes (fault 73).
    """
    named = named_home(environment, preferred)
    return expanded(named, "KLING_HOME").absolute() if named else usual_home()


def named_home(environment: Mapping[str, str], preferred: Preferred = NOTHING_PREFERRED) -> str:
    """The home as somebody wrote it, the environment before the preferences; ``""`` where nobody did."""
    return environment.get("KLING_HOME", "") or preferred.values.get("KLING_HOME", "").strip()


LINK_LIFETIME_MIN = 60
"""How many minutes a link counts as good where nobody says how long: `aws s3 presign` gives an hour, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploading:
    """The commands that put a file where Kling can reach it (``{file}``), and that take it away again (``{file}`` or
    ``{link}``), as a person wrote them; ``""`` for none. A link is taken to hold for ``lifetime_s`` seconds.
    """

    command: str = ""
    delete_command: str = ""
    lifetime_s: float = LINK_LIFETIME_MIN * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The service in force, by name or address, and who chose it; ``is_automatic`` where nobody did."""

    name: str
    source: str
    is_automatic: bool = False

    @property
    def is_rehearsal(self) -> bool:
        """Whether it is the rehearsal, by its name: at an address of this machine there may be a relay."""
        return self.name == REHEARSAL


def service_in_force(environment: Mapping[str, str], preferred: Preferred, service: str = "") -> Choice:
    """The service: ``service`` (of the command line), else that of the environment, of the preferences, automatic."""
    for name, source in (
        (service, "by --service"),
        (environment.get("KLING_BASE_URL", "").strip(), "by KLING_BASE_URL of the environment"),
        (preferred.values.get("KLING_BASE_URL", "").strip(), "by the preferences"),
    ):
        if name not in ("", AUTOMATIC):
            return Choice(name=name, source=source)
    if _has_any_key(environment) or _has_any_key(preferred.values):  # half a key is a mistake, and no rehearsal
        return Choice(name="kling", source="automatic, because a key is set", is_automatic=True)
    return Choice(name=REHEARSAL, source="automatic, because no key is set", is_automatic=True)


def keys_in_force(environment: Mapping[str, str], preferred: Preferred) -> tuple[Keys, str]:
    """The key, and where it comes from in words. One of the environment is never mixed with half of another one."""
    is_of_environment = _has_any_key(environment)
    keys = read_keys(environment if is_of_environment else preferred.values)
    if is_of_environment:
        pair = "KLING_ACCESS_KEY and KLING_SECRET_KEY of the environment"
        return keys, "KLING_API_KEY of the environment" if environment.get("KLING_API_KEY", "").strip() else pair
    return keys, ("the preferences" if keys else "none yet")


def _has_any_key(values: Mapping[str, str]) -> bool:
    return any(values.get(name, "").strip() for name in _KEY_NAMES)


def caps_in_force(environment: Mapping[str, str], preferred: Preferred, choice: Choice) -> tuple[Caps, str]:
    """The lower one of each two caps, and where they come from, a sentence each. Those of the preferences are for what
    costs.

    Raises :class:`ArgumentsInvalid` for a cap that is no amount.
    """
    found, told = list[Decimal | None](), list[str]()
    for name, sentence in _CAPS.items():
        given = [(_units(environment, name), "of the environment")]
        if not choice.is_rehearsal:
            given.append((_units(preferred.values, name), "of the preferences"))
        known = [(units, source) for units, source in given if units is not None]
        units, source = min(known, default=(None, ""))
        found.append(units)
        if units is not None:
            told.append(sentence.format(units=plain(units), source=source))
    return Caps(daily=found[0], project=found[1]), " ".join(told) or "Limits: none."


def project_in_force(environment: Mapping[str, str], preferred: Preferred) -> tuple[str, str]:
    """The project that somebody named, and who did in words: the environment, else the preferences; ``""`` where nobody
    did, and the folder says it.

    Raises :class:`ArgumentsInvalid` for a name that cannot be kept as it is written.
    """
    for values, source in (
        (environment, "by KLING_PROJECT of the environment"),
        (preferred.values, "by the preferences"),
    ):
        text = " ".join(values.get("KLING_PROJECT", "").split())
        if text != name_in(text):
            raise _unfit("KLING_PROJECT", text[: 2 * LONGEST_NAME], _PROJECT_REMEDY)
        if text:
            return text, source
    return "", ""


def uploading_in_force(environment: Mapping[str, str], preferred: Preferred) -> Uploading:
    """How own files get a link: as the environment says, else the preferences. A command of the environment is never
    joined by one of the preferences that takes files away, for that may be about another place.

    Raises :class:`ArgumentsInvalid` for a lifetime that is none.
    """
    values = environment if environment.get("KLING_UPLOAD_COMMAND", "").strip() else preferred.values
    minutes = {**preferred.values, **environment}
    return Uploading(
        command=values.get("KLING_UPLOAD_COMMAND", "").strip(),
        delete_command=values.get("KLING_DELETE_COMMAND", "").strip(),
        lifetime_s=_seconds(minutes, "KLING_LINK_LIFETIME_S", LINK_LIFETIME_MIN * 60.0),
    )


def profile_in_force(environment: Mapping[str, str], preferred: Preferred, profile: str = "") -> tuple[str, str]:
    """The state of the service that requests are judged by, and who chose it in words: ``profile`` (of the command
    line), else that of the environment, of the preferences, today's.

    Raises :class:`ArgumentsInvalid` for one that is not described.
    """
    return _chosen("profile", environment, preferred, profile, (DEFAULT_PROFILE, *PROFILES))


def dialect_in_force(environment: Mapping[str, str], preferred: Preferred, dialect: str = "") -> tuple[str, str]:
    """The generation of Kling's API that new requests are sent over, and who chose it in words: ``dialect`` (of the
    command line), else that of the environment, of the preferences, the legacy one.

    Raises :class:`ArgumentsInvalid` for one that is not spoken.
    """
    return _chosen("dialect", environment, preferred, dialect, (LEGACY, *DIALECTS))


def _chosen(
    what: str, environment: Mapping[str, str], preferred: Preferred, given: str, known: tuple[str, ...]
) -> tuple[str, str]:
    """One of the ``known`` words, the first where nobody chooses, and who chose it: the option ``--what``, else the
    variable ``KLING_WHAT``, else the preferences. Raises :class:`ArgumentsInvalid` for another word.
    """
    variable = f"KLING_{what.upper()}"
    for name, source in (
        (given, f"by --{what}"),
        (environment.get(variable, "").strip(), f"by {variable} of the environment"),
        (preferred.values.get(variable, "").strip(), "by the preferences"),
    ):
        if name and name not in known:
            remedy = f"Use {' or '.join(dict.fromkeys(known))}, or leave it empty for {known[0]}."
            raise _unfit(variable, name, remedy)
        if name:
            return name, source
    return known[0], "by default"


def relayed_in_force(environment: Mapping[str, str], preferred: Preferred) -> tuple[bool, str]:
    """Whether the models are there that Kling itself does not describe, and who chose it in words: the environment,
    else the preferences, else nobody: then they are not.

    They are off because Kling's own page for them was not seen, and because a task of theirs cannot be asked for by an
    id of ours. Raises :class:`ArgumentsInvalid` for what is neither 1 nor 0.
    """
    for values, source in (
        (environment, "by KLING_RELAYED_MODELS of the environment"),
        (preferred.values, "by the preferences"),
    ):
        if values.get("KLING_RELAYED_MODELS", "").strip():
            return _is_on(values, "KLING_RELAYED_MODELS"), source
    return False, "by default"


def limits_in_force(
    environment: Mapping[str, str], preferred: Preferred, profile: str = "", dialect: str = ""
) -> Profile:
    """What new requests are judged by. Raises like :func:`profile_in_force`, :func:`dialect_in_force` and
    :func:`relayed_in_force`.
    """
    name = profile_in_force(environment, preferred, profile)[0]
    spoken = dialect_in_force(environment, preferred, dialect)[0]
    return capability.profile(name, spoken, is_relayed=relayed_in_force(environment, preferred)[0])


def told_profile(environment: Mapping[str, str], preferred: Preferred, profile: str = "", dialect: str = "") -> str:
    """The profile in force with its date, the API where it is not the usual one, whether there are models besides that
    a relay documents, and who chose them: a sentence each. Raises like :func:`limits_in_force`.
    """
    name, source = profile_in_force(environment, preferred, profile)
    told = [f"Profile: {name} of {capability.profile(name).date} ({source})."]
    spoken, source = dialect_in_force(environment, preferred, dialect)
    if spoken != LEGACY:
        told.append(f"API: {spoken} ({source}).")
    is_relayed, source = relayed_in_force(environment, preferred)
    if is_relayed:
        told.append(f"Models as a relay documents them: on ({source}).")
    return " ".join(told)


def told_settings(
    environment: Mapping[str, str], preferred: Preferred, service: str = "", profile: str = "", dialect: str = ""
) -> str:
    """Where each setting comes from, a sentence each, without any key. Raises :class:`ArgumentsInvalid` for a cap or a
    profile that is none.
    """
    choice = service_in_force(environment, preferred, service)
    key = "the rehearsal's own" if choice.is_rehearsal else keys_in_force(environment, preferred)[1]
    name = _NAMES.get(choice.name, "the address given")
    caps = caps_in_force(environment, preferred, choice)[1]
    limits = told_profile(environment, preferred, profile, dialect)
    told = [f"Service: {name} ({choice.source}).", f"Key: {key}.", caps, limits]
    project, source = project_in_force(environment, preferred)
    if project:
        told.append(f'Project: "{project}" ({source}).')
    return " ".join(told)


def read_settings(
    environment: Mapping[str, str],
    *,
    service: str = "",
    profile: str = "",
    dialect: str = "",
    preferred: Preferred = NOTHING_PREFERRED,
) -> Settings:
    """The settings in force. ``service`` (a name or an address), ``profile`` and ``dialect`` precede all others;
    ``""`` is none.

    Raises :class:`ArgumentsInvalid` for a value that cannot be used, :class:`CredentialsMissing` without a key and
    :class:`CredentialsUnreadable` for one that cannot be sent.
    """
    home = home_folder(environment, preferred)
    choice = service_in_force(environment, preferred, service)
    url, rehearsal_keys = _address_of(choice, home)
    keys = rehearsal_keys or keys_in_force(environment, preferred)[0]
    if not keys:
        raise _no_key("No key is set.")
    _check_characters(keys)
    numbers = {**preferred.values, **{name: value for name, value in environment.items() if value.strip()}}
    return Settings(
        service_url=url,
        keys=keys,
        home=home,
        clips=home / "clips",
        window_s=_seconds(numbers, "KLING_LOOK_WINDOW_S", LOOK_WINDOW_S),
        concurrency=_concurrency(numbers),
        caps=caps_in_force(environment, preferred, choice)[0],
        profile=profile_in_force(environment, preferred, profile)[0],
        dialect=dialect_in_force(environment, preferred, dialect)[0],
        is_relayed=relayed_in_force(environment, preferred)[0],
        service=choice.name,
        told=told_settings(environment, preferred, service, profile, dialect),
        trusts_resolver=_is_on(environment, "KLING_LOCAL_CLIPS"),
        project=project_in_force(environment, preferred)[0],
    )


def _address_of(choice: Choice, home: Path) -> tuple[str, Keys]:
    try:
        return service_address(choice.name, home)
    except ArgumentsInvalid:
        if choice.is_rehearsal and choice.is_automatic:  # what is missing is a key, or a rehearsal that runs
            raise _no_key("No key is set, and no rehearsal server is running.") from None
        raise


def _no_key(sentence: str) -> CredentialsMissing:
    return CredentialsMissing(
        sentence,
        field="KLING_API_KEY",
        remedy="Set KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY, in the environment.",
    )


def read_keys(environment: Mapping[str, str]) -> Keys:
    """The key of the environment, blanks and quotes stripped; ``KLING_API_KEY`` may hold ``accessKey|secretKey``
    (contract 3.2).
    """
    api_key, access_key, secret_key = (environment.get(name, "").strip().strip("'\"").strip() for name in _KEY_NAMES)
    if "|" in api_key:
        access_key, _, secret_key = (part.strip() for part in api_key.partition("|"))
        api_key = ""
    return Keys(api_key=api_key, access_key=access_key, secret_key=secret_key)


def _check_characters(keys: Keys) -> None:
    """Raises :class:`CredentialsUnreadable` for a key with a character that cannot be sent, which no key has."""
    for name in ("api_key", "access_key", "secret_key"):
        text = getattr(keys, name)
        fit = _KEY_CHARACTERS.match(text)
        place = fit.end() if fit else 0
        if place < len(text):
            raise CredentialsUnreadable(
                f"The key cannot be used: character {place + 1} of {len(text)} is U+{ord(text[place]):04X}. "
                "Kling's keys never contain that character, which may be invisible. Nothing was sent.",
                field=f"KLING_{name.upper()}",
                remedy="Copy the key from Kling's console again, without line breaks or quotes.",
            )


def service_address(service: str, home: Path) -> tuple[str, Keys]:
    """The address of a service, and its keys where it gives them out itself (a rehearsal running on ``home``).

    Raises :class:`ArgumentsInvalid` for what is no service, and for a rehearsal of ``home`` that does not prove itself.
    """
    if service == REHEARSAL:
        note = running_rehearsal(home)
        if note is None:
            raise ArgumentsInvalid(
                "No rehearsal server is running.",
                field="service",
                remedy="Start one with: python -m kling_omni_addon rehearse",
            )
        return note["url"], Keys(api_key=note["api_key"])
    url = _checked_address(SERVICES.get(service, service.strip()).rstrip("/"))
    parts = urlsplit(url)
    note = note_of(home, parts.port) if parts.hostname in _LOOPBACK else None
    return (url, Keys()) if note is None else _proved(note, home)


def _proved(note: Mapping[str, str], home: Path) -> tuple[str, Keys]:
    """Address and keys of the rehearsal that wrote a note. Raises :class:`ArgumentsInvalid` when that has ended: then
    anybody may have its port by now.
    """
    if is_proved(note):
        return note["url"], Keys(api_key=note["api_key"])
    path = note_path(home, urlsplit(note["url"]).port)
    raise ArgumentsInvalid(
        f"The rehearsal server at {note['url']} has ended. Nothing was sent to that address.",
        field="service",
        remedy=(
            "Start a rehearsal with: python -m kling_omni_addon rehearse. "
            f'To use another program at that address, delete "{path}" first.'
        ),
    )


def _checked_address(url: str) -> str:
    """An address that calls can be made to. Raises :class:`ArgumentsInvalid` with what is wrong about it, and never
    with a password.
    """
    wrong = _fault_of_address(url)
    if wrong:
        raise ArgumentsInvalid(
            wrong,
            field="service",
            remedy="Use kling, kling-china, rehearsal, or an https address (http only on this computer).",
        )
    return url


def _fault_of_address(url: str) -> str:
    """What is wrong about an address, ``""`` for nothing."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        has_port, parts = False, urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    shown = escaped(url)
    faults = (
        ("@" in url, "The address of the service contains a user name or a password. Remove both from the address."),
        (not has_port, f'"{shown}" is not an address: the host or the port cannot be read. A port is 1 to 65535.'),
        (not _PLAIN.fullmatch(url), f'"{shown}" is not an address: a space or another character is not allowed.'),
        (_VERSION.search(parts.path), f'The address "{shown}" must end before /v1, which the extension adds.'),
        (not (is_safe and parts.hostname) or "?" in url or "#" in url, f'"{shown}" is not a service.'),
    )
    return next((sentence for is_so, sentence in faults if is_so), "")


def is_local_service(service: str) -> bool:
    """Whether a service, by name or address, is on this machine, so that using it opens no connection to outside."""
    return service == REHEARSAL or urlsplit(service).hostname in _LOOPBACK


def _concurrency(environment: Mapping[str, str]) -> int | None:
    text = environment.get("KLING_CONCURRENCY", "").strip() or "0"
    if text not in map(str, range(_MOST_AT_ONCE + 1)):
        remedy = f"Give the most jobs at once, 1 to {_MOST_AT_ONCE}, or 0 to detect the limit of the account."
        raise _unfit("KLING_CONCURRENCY", text, remedy)
    return int(text) or None


def _is_on(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip() or "0"
    if text not in ("0", "1"):
        raise _unfit(name, text, "Give 1 for yes, or 0 for no.")
    return text == "1"


def _units(environment: Mapping[str, str], name: str) -> Decimal | None:
    text = environment.get(name, "").strip()
    if not text:
        return None
    units = amount_of(text)
    if units is None or len(text.partition(".")[2]) > _CAP_PLACES:
        raise _unfit(name, text, "Give units, like 100 or 12.5.")
    return units


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise _unfit(name, text, "Give seconds, from 0 to 86400.")
    return seconds


def _unfit(name: str, text: str, remedy: str) -> ArgumentsInvalid:
    """The error to raise for a setting that cannot be what it is."""
    return ArgumentsInvalid(f'{name} cannot be "{escaped(text)}".', field=name, remedy=remedy)
