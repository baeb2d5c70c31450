"""The shot of a scene as a request file, which any machine submits that sees its images."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.errors import ArgumentsInvalid, RequestInvalid
from ...core.file_body import file_body
from . import judging
from .reading import read_request


def request_file(scene: bpy.types.Scene) -> dict[str, Any]:
    """What would be requested of Kling now, as the JSON object of a request file; images by their whole paths.

    Raises :class:`RequestInvalid` for a shot that Kling or the panel would refuse, and :class:`ArgumentsInvalid` for
    one made from a clip of a job: its link is a secret that no file should have.
    """
    request = read_request(scene)
    if request.video is not None and request.video.clip:
        sentence = (
            f'The video of the shot is the clip of the job "{request.video.clip}", for which a file has no words.'
        )
        raise ArgumentsInvalid(sentence, field="video_of", remedy="Submit the shot from Blender.")
    faults = [problem for problem in judging.judge(scene, request) if problem.is_fault]
    if faults:
        raise RequestInvalid(faults)
    return dict(file_body(request))
