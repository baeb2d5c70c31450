"""JSON text of a body, with pictures and clips between the pieces: what is sent without ever being held whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, TypeAlias

from .media import ClipRef, PictureRef

Body: TypeAlias = dict[str, Any]
"""A body as JSON data, with a :class:`PictureRef` where a picture's Base64 goes and a :class:`ClipRef` for a link."""

Piece: TypeAlias = str | PictureRef | ClipRef
"""Text of a body, or what stands for a picture's Base64 or for a clip's link in it."""


def pieces_of(value: Any) -> tuple[Piece, ...]:
    """JSON text of a value, cut where pictures belong; neighbouring texts are joined."""
    pieces: list[Piece] = []
    for piece in _written(value):
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return tuple(pieces)


def length_of(pieces: Sequence[Piece]) -> int:
    """Bytes of a body in pieces, pictures as Base64; a link that is not known yet has none."""
    texts = (len(piece.encode()) for piece in pieces if isinstance(piece, str))
    return sum(texts) + sum(piece.base64_length for piece in pieces if isinstance(piece, PictureRef))


def _written(value: Any) -> Iterator[Piece]:
    if isinstance(value, PictureRef | ClipRef):
        yield from ('"', value, '"')
    elif isinstance(value, dict):
        for mark, (key, item) in zip(chain("{", repeat(",")), value.items(), strict=False):
            yield f"{mark}{json.dumps(key)}:"
            yield from _written(item)
        yield "}" if value else "{}"
    elif isinstance(value, list):
        for mark, item in zip(chain("[", repeat(",")), value, strict=False):
            yield mark
            yield from _written(item)
        yield "]" if value else "[]"
    else:
        yield json.dumps(value)
