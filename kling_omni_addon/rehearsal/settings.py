"""How a rehearsal server is set up: keys, times, limits, and what it does wrong on purpose."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from ..core.capability import DEFAULT_PROFILE
from ..core.errors import ArgumentsInvalid

MEDIA_FAULTS = ("task", "create")
DAY_S = 86_400.0
LEAST_LINES = 72
ACCESS_KEY, API_KEY = "rehearsal-access-key", "api-key-kling-rehearsal"
"""The keys that a rehearsal gives out. They open nothing, so what was made with them cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalSettings:
    """All settings of one server. Raises :class:`ArgumentsInvalid` for a host that is not this machine.

    ``folder`` takes clips and received pictures. A task is ``submitted`` for ``submitted_s`` seconds, then
    ``processing`` for at least ``processing_s`` (and until its clip is made). ``media_faults`` says whether unfit
    pictures and videos fail the task or the create (contract 16.5; the truth is unknown). ``trigger_words`` are the two
    of R85: the first makes a create refused (1301), the second makes a task fail. ``faults`` are armed from the start,
    ``NAME[@CALL][=ARGUMENT][:COUNT]`` each; ``seed`` makes their random choices repeatable. ``elements`` are presets
    beside the usual three: id and ``image_refer`` or ``video_refer``. No clip has more than ``most_lines``, the short
    side of 16:9, which makes them sooner; 0 leaves them as large as Kling's.

    The contract gives plain API keys to the profile ``late`` only. ``api_keys_in_seed`` widens that, because a
    rehearsal should work with the one key that today's console hands out; set it to False for the letter of the
    contract.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    profile: str = DEFAULT_PROFILE
    access_key: str = ACCESS_KEY
    secret_key: str = "rehearsal-secret-key-of-32-characters!"
    api_key: str = API_KEY
    api_keys_in_seed: bool = True
    submitted_s: float = 1.0
    processing_s: float = 4.0
    element_s: float = 1.0
    concurrency: int = 5
    units: Decimal = Decimal(1000)
    elements: tuple[tuple[int, str], ...] = ()
    media_faults: Literal["task", "create"] = "task"
    lenient_o1_duration: bool = False
    most_lines: int = 0
    trigger_words: tuple[str, str] = ("rehearse-refuse", "rehearse-fail")
    faults: tuple[str, ...] = ()
    seed: int = 0
    link_lifetime_s: float = 30 * DAY_S
    largest_body_bytes: int = 150_000_000
    idle_s: float = 75.0
    verbose: bool = False

    def __post_init__(self) -> None:
        if not is_loopback(self.host) or ":" in self.host:
            raise ArgumentsInvalid(
                f"The rehearsal server listens on this computer only, not on {self.host}.",
                field="host",
                remedy="Use 127.0.0.1.",
            )
        if not 0 <= self.port <= 65_535:
            raise ArgumentsInvalid(f"There is no port {self.port}.", field="port", remedy="Use 0 for any free port.")
        if self.most_lines and self.most_lines < LEAST_LINES:
            sentence = f"A test clip cannot have {self.most_lines} lines."
            raise ArgumentsInvalid(sentence, field="lines", remedy=f"Use {LEAST_LINES} or more, or 0 for Kling's own.")
        if self.media_faults not in MEDIA_FAULTS:
            raise ArgumentsInvalid(
                f"media_faults is {self.media_faults!r}.",
                field="media_faults",
                remedy=f"Use {' or '.join(MEDIA_FAULTS)}.",
            )

    @property
    def takes_api_keys(self) -> bool:
        """Whether a plain API key is accepted as well as a signed token."""
        return self.profile != "seed" or self.api_keys_in_seed


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
