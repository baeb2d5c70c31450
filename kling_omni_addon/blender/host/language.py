"""What people read, in the language of Blender's interface.

Blender itself translates labels, tooltips and whole texts of the layout, from what is registered here; sentences with
values in them go through :func:`translated` wherever they are shown.
"""

from __future__ import annotations

from functools import lru_cache

import bpy

from ...core import translation

_CONTEXTS = ("*", "Operator")
_OWNER = __name__


def translated(text: str) -> str:
    """A text as it is shown; English where the language is none of ours, or where the user wants no translation."""
    view = bpy.context.preferences.view
    language = translation.language_of(bpy.app.translations.locale) if view.use_translate_interface else ""
    return _cached(language, text) if language and text else text


@lru_cache(maxsize=4096)
def _cached(language: str, text: str) -> str:
    return translation.catalog(language).translated(text)


def register() -> None:
    """Hand the catalogs to Blender."""
    bpy.app.translations.register(_OWNER, {language: _messages(language) for language in translation.LANGUAGES})


def unregister() -> None:
    """Take them back."""
    bpy.app.translations.unregister(_OWNER)


def _messages(language: str) -> dict[tuple[str, str], str]:
    """What Blender can find by itself: a text with values in it is none that it is given."""
    entries = translation.entries(language)
    whole = ((english, other) for english, other in entries.items() if other and "{0}" not in english)
    return {(context, english): other for english, other in whole for context in _CONTEXTS}
