"""Which call a method and a path make (R07)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from ..core.capability import LEGACY, NEW
from ..core.dialects import new
from ..core.dialects.legacy import TASKS_PATH
from ..core.protocol import LEND_PATH
from .answers import Refusal
from .calls import Kind
from .proof import PROOF_PATH
from .results import FILES_PATH, task_id_of

_ELEMENTS = "/v1/general/advanced-custom-elements"
_PRESETS = "/v1/general/advanced-presets-elements"

_FIXED: Mapping[str, Mapping[str, Kind]] = {
    TASKS_PATH: {"POST": Kind.CREATE, "GET": Kind.LIST},
    new.TASKS_PATH: {"GET": Kind.QUERY, "POST": Kind.LIST},
    _ELEMENTS: {"POST": Kind.ELEMENT_CREATE, "GET": Kind.ELEMENT_LIST},
    _PRESETS: {"GET": Kind.PRESET_LIST},
    "/v1/general/delete-advanced-elements": {"POST": Kind.ELEMENT_DELETE},
    "/v1/general/delete-elements": {"POST": Kind.ELEMENT_DELETE},
    "/account/costs": {"GET": Kind.COSTS},
    "/rehearsal/stats": {"GET": Kind.STATS},
    LEND_PATH: {"POST": Kind.LEND},
    PROOF_PATH: {"GET": Kind.PROOF},
    "/rehearsal/faults": {"GET": Kind.FAULTS, "POST": Kind.ARM},
    "/rehearsal/reset": {"POST": Kind.RESET},
}
_NAMED: Mapping[str, Mapping[str, Kind]] = {
    f"{TASKS_PATH}/": {"GET": Kind.QUERY},
    new.CREATE_PATH: {"POST": Kind.CREATE},
    f"{_ELEMENTS}/": {"GET": Kind.ELEMENT_QUERY},
}


class Route(NamedTuple):
    """What a call asks for, the id or the model in its path, and the generation of the API that has the path."""

    kind: Kind
    name: str
    dialect: str


def route(method: str, path: str) -> Route:
    """Where a call leads. A slash at the end changes nothing (X18).

    Raises :class:`Refusal`: 1203 for an unknown path, 1202 for a wrong method.
    """
    bare = path.rstrip("/")
    methods, name = _FIXED.get(bare, {}), ""
    if path.startswith((FILES_PATH, f"{LEND_PATH}/")) and path.endswith(".mp4"):
        methods, name = {"GET": Kind.FILE}, task_id_of(path)
    for prefix, kinds in _NAMED.items():
        if bare.startswith(prefix):
            methods, name = kinds, unquote(bare.removeprefix(prefix))
    if not methods:
        raise Refusal(1203)
    if method not in methods:
        raise Refusal(1202)
    is_new = bare == new.TASKS_PATH or bare.startswith(new.CREATE_PATH)
    return Route(methods[method], name, NEW if is_new else LEGACY)
