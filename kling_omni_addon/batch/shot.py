"""One shot of a manifest, and the request that it makes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Final

from ..core.capability import Profile
from ..core.request import OmniRequest, Picture, Role

PREFIX_OF_WORDS: Final = "var_"
REQUIRED: Final = ("key", "kind", "prompt")
"""What every line says."""
_NOT_SHOWN: Final = ("line", "takes", "name", "place", "project")
_WORDS: Final = ("scene", "camera")
KINDS: Final[Mapping[str, tuple[Role, ...]]] = {
    "text": (),
    "first": (Role.FIRST,),
    "frames": (Role.FIRST, Role.END),
}
"""The kinds of shot, and the frames that each is made from."""


class PromptUnfillable(ValueError):
    """A prompt holds a brace that is none of a name, or a name that the line does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """What a line asks for. ``line`` is its number in the file, from 1. Paths are as written, relative to the manifest;
    ``""`` and None are what the line leaves out. ``place`` is the frame of the edit at which the clip begins,
    ``project`` what it is counted for.
    """

    line: int
    key: str
    kind: str
    prompt: str
    blend: str = ""
    scene: str = ""
    camera: str = ""
    first_frame: int | None = None
    end_frame: int | None = None
    engine: str = "scene"
    model: str = ""
    mode: str = ""
    aspect_ratio: str = ""
    duration: int | None = None
    sound: bool = False
    takes: int = 1
    name: str = ""
    place: int | None = None
    project: str = ""

    @property
    def roles(self) -> tuple[Role, ...]:
        """The frames that it is made from."""
        return KINDS[self.kind]

    @property
    def names(self) -> tuple[str, ...]:
        """The name under which each take is asked for once, the same every time."""
        return (self.key, *(f"{self.key}.take{number}" for number in range(2, self.takes + 1)))

    @property
    def clip_name(self) -> str:
        """What its clip and its strip are called."""
        return self.name or self.key

    @property
    def digest(self) -> str:
        """Another one where its frames or its request would be others."""
        said = {name: value for name, value in asdict(self).items() if name not in _NOT_SHOWN}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def blend_in(self, folder: Path) -> Path:
        """Its .blend file; ``folder`` is that of the manifest."""
        return folder / self.blend

    def request(self, profile: Profile, pictures: Mapping[Role, str]) -> OmniRequest:
        """What is asked for, with the frames at these paths. What the line leaves out is as the profile proposes it."""
        proposed = profile.proposed
        model = self.model or proposed.model
        limits = profile.models.get(model)
        return OmniRequest(
            prompt=self.prompt,
            pictures=tuple(Picture(source=pictures[role], role=role) for role in self.roles),
            model=model,
            mode=self.mode or proposed.mode,
            aspect_ratio="" if self.roles else self.aspect_ratio or proposed.aspect_ratio,
            duration_s=self.duration or proposed.duration_s,
            sound=self.sound or (limits is not None and limits.is_never_silent),
        )


def shot_from(values: Mapping[str, Any], line: int) -> Shot:
    """The shot of a line that fits the schema. Raises :class:`PromptUnfillable`."""
    words = {name.removeprefix(PREFIX_OF_WORDS): text for name, text in values.items() if _is_word(name)}
    plain = {name: value for name, value in values.items() if not _is_word(name)}
    said = {name: str(values.get(name, "")) for name in _WORDS}
    known = {"key": values["key"], "name": values.get("name", values["key"]), **said, **words}
    whole = {name: int(plain[name]) for name in _WHOLE if name in plain}  # JSON Schema takes 5.0 for a whole number
    fields: dict[str, Any] = plain | whole | {"line": line, "prompt": _filled(values["prompt"], known)}
    return Shot(**fields)


_WHOLE: Final = ("first_frame", "end_frame", "duration", "takes", "place")


def _is_word(name: str) -> bool:
    return name.startswith(PREFIX_OF_WORDS)


def _filled(prompt: str, words: Mapping[str, str]) -> str:
    """The prompt with its words in place: names in braces and nothing else, so that a prompt reads no attribute."""
    try:
        parts = tuple(Formatter().parse(prompt))
    except ValueError:
        sentence = "The prompt has a single brace. Write {{ for {, and }} for }."
        raise PromptUnfillable(sentence) from None
    return "".join(
        text + ("" if name is None else _word(name, form, turned, words)) for text, name, form, turned in parts
    )


def _word(name: str, form: str | None, turned: str | None, words: Mapping[str, str]) -> str:
    if form or turned or name not in words:
        known = ", ".join(f"{{{word}}}" for word in words)
        raise PromptUnfillable(f"The prompt names {{{name}}}, which the line does not say. It says {known}.")
    return words[name]
