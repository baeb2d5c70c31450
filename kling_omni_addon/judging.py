"""Judge a request with the facts of its pictures, and keep those pictures for the send."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .core.capability import Profile
from .core.errors import ArgumentsInvalid
from .core.media import PictureRef, VideoFacts
from .core.naming import ordered_pictures
from .core.payload import draft_body
from .core.problem import Problem
from .core.request import OmniRequest
from .core.rules import table
from .work.picture_store import PictureStore, describe

FILE_RULE = "FILE"
"""The rule id of a picture file that is not there: no rule of the service's, which never sees our files."""


def judge_request(
    request: OmniRequest, profile: Profile, videos: Mapping[str, VideoFacts] | None = None
) -> tuple[Problem, ...]:
    """Everything the service would refuse, and what is doubtful, before anything is copied or sent.

    Of local pictures the headers are read, no more. ``videos`` maps links to what is known of the videos behind them.
    """
    described: dict[str, PictureRef] = {}
    missing: list[Problem] = []
    for position, source in enumerate(local_sources(request)):
        try:
            described[source] = describe(Path(source), f"image_list[{position}].image_url")
        except ArgumentsInvalid as error:
            missing.append(missing_picture(error))
    unreadable = {problem.path for problem in missing}
    judged = table.problems_in(draft_body(request, described), profile=profile, videos=videos)
    return (*missing, *(problem for problem in judged if problem.path not in unreadable))


def missing_picture(error: ArgumentsInvalid) -> Problem:
    """The problem of a picture that cannot be read."""
    return Problem(rule=FILE_RULE, path=error.field, message=str(error), kind="error")


def keep_pictures(request: OmniRequest, store: PictureStore) -> Mapping[str, PictureRef]:
    """Copy a request's local pictures into the store. Raises :class:`ArgumentsInvalid` for one that cannot be read."""
    sources = local_sources(request)
    kept = store.keep_files(map(Path, sources), "pictures")
    return {source: kept[Path(source)] for source in sources}


def local_sources(request: OmniRequest) -> tuple[str, ...]:
    """The sources of a request that are files of this machine."""
    return tuple(p.source for p in ordered_pictures(request) if not p.source.startswith(("http://", "https://")))
