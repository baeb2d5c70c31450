"""The shape of a create body, judged by the JSON Schema in ``schemas/``.

Picture data never reaches the schema: each picture is replaced by a short text first, so a body with seven pictures
costs no more than one without. jsonschema is imported on first use, because enabling the add-on must stay cheap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ..capability import SCHEMAS
from ..media import PictureRef

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

UNKNOWN_KEY = "A09"
"""The rule of a key that the service ignores."""

_LONG = 4096
_STAND_IN = "picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeFault:
    """A place where a body departs from the form that this client sends.

    ``rule`` is the schema's own annotation, ``expected`` the JSON type wanted there (``""`` for an unknown key).
    """

    rule: str
    path: str
    expected: str


def is_absent(value: Any) -> bool:
    """Whether a top-level value counts as not given: ``null``, ``""`` or ``[]`` (contract section 16.1)."""
    return value is None or value in ("", [])


def shape_faults(body: Any) -> tuple[ShapeFault, ...]:
    """Every departure of a body from ``create_body.schema.json``, in no particular order."""
    errors = _validator().iter_errors(_light(body))
    return tuple(dict.fromkeys(fault for error in errors for fault in _faults(error)))


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / "create_body.schema.json").read_text(encoding="utf-8"))
    return schema


def default_of(member: str) -> str:
    """What the service takes for a top-level member that is left out (contract section 4.1)."""
    return str(_schema()["properties"][member]["default"])


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_schema())


def _light(body: Any) -> Any:
    """The body without the known keys that count as absent, and with a short text for each picture."""
    if not isinstance(body, Mapping):
        return body
    known = _schema()["properties"]
    light = {key: value for key, value in body.items() if key not in known or not is_absent(value)}
    images = light.get("image_list")
    if isinstance(images, list):
        light["image_list"] = [_light_image(image) for image in images]
    return light


def _light_image(image: Any) -> Any:
    if not isinstance(image, Mapping):
        return image
    url = image.get("image_url")
    is_heavy = isinstance(url, PictureRef) or (isinstance(url, str) and len(url) > _LONG)
    return {**image, "image_url": _STAND_IN} if is_heavy else image


def _faults(error: ValidationError) -> Iterator[ShapeFault]:
    """What one error of jsonschema says: an unknown or missing key is a fault of the member, all else of the place."""
    schema: Any = error.schema
    given: Any = error.instance
    place, members = _path(error.absolute_path), schema.get("properties", {})
    if error.validator == "additionalProperties":
        for key in given.keys() - members.keys():
            yield ShapeFault(rule=UNKNOWN_KEY, path=_joined(place, key), expected="")
    elif error.validator == "required":
        for key in set(schema["required"]) - given.keys():
            yield ShapeFault(rule=members[key]["x-rule"], path=_joined(place, key), expected=members[key]["type"])
    else:
        yield ShapeFault(rule=schema["x-rule"], path=place, expected=schema["type"])


def _joined(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _path(steps: Any) -> str:
    path = ""
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else _joined(path, step)
    return path
