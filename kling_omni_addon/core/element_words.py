"""What an element may be called and how it may be described (contract, section 9.1)."""

from __future__ import annotations

from .errors import ArgumentsInvalid

NAME_CHARACTERS, DESCRIPTION_CHARACTERS = 20, 100


def require_words(name: str, description: str) -> None:
    """Raise :class:`ArgumentsInvalid` for a name or a description that the service would refuse."""
    if not name.strip():
        raise ArgumentsInvalid("The element has no name.", field="name", remedy="Enter a name.")
    if not description.strip():
        raise ArgumentsInvalid("The element has no description.", field="description", remedy="Describe the element.")
    if len(name) > NAME_CHARACTERS:
        sentence = f"The name of the element has {len(name)} characters; Kling accepts at most {NAME_CHARACTERS}."
        raise ArgumentsInvalid(sentence, field="name", remedy="Shorten the name.")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise ArgumentsInvalid(
            f"The description of the element has {len(description)} characters; "
            f"Kling accepts at most {DESCRIPTION_CHARACTERS}.",
            field="description",
            remedy="Shorten the description.",
        )
