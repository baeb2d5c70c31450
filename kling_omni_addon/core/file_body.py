"""A request as a request file has it: the words that ``payload.request_from_body`` reads back as the same request."""

from __future__ import annotations

from .payload import draft_body
from .pieces import Body
from .request import OmniRequest
from .rules.reading import DEFAULT_DURATION


def file_body(request: OmniRequest) -> Body:
    """The create body, in which a picture stands as its ``source``. What is not sent for this kind of request, and was
    asked for all the same, stands in it, too. Names in prompts have become numbers, as in what is sent.
    """
    body = draft_body(request, {})
    if request.aspect_ratio:
        body["aspect_ratio"] = request.aspect_ratio
    if str(request.duration_s) != DEFAULT_DURATION:
        body["duration"] = str(request.duration_s)
    return body
