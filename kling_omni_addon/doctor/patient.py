"""What is looked at: settings and surroundings, as values, so that every check may run in a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import NotSent
from ..settings import (
    NOTHING_PREFERRED,
    OFFLINE,
    Choice,
    Keys,
    Preferred,
    home_folder,
    is_local_service,
    keys_in_force,
    service_address,
    service_in_force,
)
from .redaction import secrets_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The Blender around: its version with the branch and commit that it was built of, and whether it is the bpy module
    of a Python, has a window, and can write movies.
    """

    version: str
    build: str
    is_module: bool
    has_window: bool
    has_encoder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """``environment`` and ``preferred`` hold settings, keys among them. ``service`` is what the command line named,
    ``spool`` a folder to look at, too, ``clips`` where this Blender puts clips. ``starts_rehearsal``: whoever asks
    starts a rehearsal of its own when it needs one, as Blender's window does.
    """

    environment: Mapping[str, str] = field(repr=False)
    preferred: Preferred = NOTHING_PREFERRED
    service: str = ""
    spool: Path | None = None
    clips: Path | None = None
    around: Surroundings | None = None
    starts_rehearsal: bool = False

    @property
    def home(self) -> Path:
        """Raises :class:`ArgumentsInvalid` for a path that is none."""
        return home_folder(self.environment, self.preferred)

    @property
    def choice(self) -> Choice:
        """The service in force, and who chose it."""
        return service_in_force(self.environment, self.preferred, self.service)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may stand in no report."""
        return secrets_of((self.environment, self.preferred.values))

    @property
    def address(self) -> str:
        """That of the service, whether it may be asked or not. Raises :class:`ArgumentsInvalid`."""
        return service_address(self.choice.name, self.home)[0]

    def reached(self) -> tuple[str, Keys]:
        """Address and keys of the service. Raises :class:`ArgumentsInvalid`, and :class:`NotSent` where Blender is set
        to stay offline.
        """
        url, given = service_address(self.choice.name, self.home)
        if not (self.preferred.is_online or is_local_service(url)):
            raise NotSent(f"{OFFLINE}.", field="service")
        return url, given or keys_in_force(self.environment, self.preferred)[0]
