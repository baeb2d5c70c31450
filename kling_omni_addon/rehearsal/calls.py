"""A call as it arrived, and the twists that an injected fault may put on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ..core.capability import LEGACY


class Kind(StrEnum):
    """What a call asks for. Faults are aimed at these."""

    CREATE = "create"
    QUERY = "query"
    LIST = "list"
    FILE = "file"
    ELEMENT_CREATE = "element-create"
    ELEMENT_QUERY = "element-query"
    ELEMENT_LIST = "element-list"
    PRESET_LIST = "preset-list"
    ELEMENT_DELETE = "element-delete"
    COSTS = "costs"
    LEND = "lend"
    STATS = "stats"
    PROOF = "proof"
    FAULTS = "faults"
    ARM = "arm"
    RESET = "reset"


API: frozenset[Kind] = frozenset(
    (
        Kind.CREATE,
        Kind.QUERY,
        Kind.LIST,
        Kind.ELEMENT_CREATE,
        Kind.ELEMENT_QUERY,
        Kind.ELEMENT_LIST,
        Kind.PRESET_LIST,
        Kind.ELEMENT_DELETE,
        Kind.COSTS,
    )
)
"""The calls of the service itself, which need a key."""
KEYED: frozenset[Kind] = API | {Kind.LEND}
"""All calls that need a key: Kling itself takes no videos, so that one is the rehearsal server's own."""
ADMIN: frozenset[Kind] = frozenset((Kind.STATS, Kind.PROOF, Kind.FAULTS, Kind.ARM, Kind.RESET))
"""The rehearsal server's own calls, which need none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """How a call is treated differently from what is right.

    ``delay_s``: a create is carried out only so many seconds later, and never answered. ``lag_s``: younger tasks are
    not seen. ``is_lax``: a used external id is accepted. ``skew_s``: the server's clock is off by that much.
    ``has_new_etag``: the file changes its tag. ``is_twice``: the call arrives twice, and the second answer counts.
    ``wait_s``, ``piece_bytes``, ``pause_s``: how slowly the answer travels; ``drip_s``: how long all of it does.
    """

    delay_s: float = 0.0
    lag_s: float = 0.0
    is_lax: bool = False
    skew_s: float = 0.0
    has_new_etag: bool = False
    is_twice: bool = False
    wait_s: float = 0.0
    piece_bytes: int = 0
    pause_s: float = 0.0
    drip_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP call. ``path`` and ``query`` are as they came; ``name`` is the id, or the model, in the path; header
    names are lower case. ``dialect`` is the generation of the API that it came over.
    """

    kind: Kind
    path: str
    query: str = ""
    name: str = ""
    dialect: str = LEGACY
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | bytearray = b""
    twist: Twist = Twist()

    def twisted(self, **changes: Any) -> Call:
        """The same call, with more of a twist."""
        return replace(self, twist=replace(self.twist, **changes))
