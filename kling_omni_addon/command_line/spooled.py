"""The verbs of a spool: the gateway's, and those of whoever leaves requests to it. Each gives the exit code."""

from __future__ import annotations

import argparse
import signal
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import ArgumentsInvalid, ClipGone
from ..paths import expanded
from . import verbs
from .output import Progress, say, tell
from .progress import show_count
from .request_files import project_of_request, require_one_name

if TYPE_CHECKING:
    from ..gateway.spool import Spool
    from ..gateway.state import State

_OF_GATEWAY = "The gateway sets it."


def gateway(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Serve a spool until Ctrl-C, or until it is empty."""
    from ..gateway.serving import Service
    from ..gateway.watch import status_of

    spool = spool_of(options)
    if options.status:
        say(status_of(spool))
        return 0
    spool.make()
    service = Service(
        spool=spool,
        open_session=lambda: verbs.session_of(options, environment),
        tell=lambda sentence: tell(f"kling: {sentence}"),
        patience_s=options.take_over_after,
        until_empty=options.until_empty,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return service.run()
    except KeyboardInterrupt:
        tell("kling: The gateway was stopped. The requests in the spool continue with the next gateway.")
        return 0


def submit(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Put a request file into a spool, and with ``--wait`` wait for its clip."""
    from ..gateway.client import submit_file
    from ..request_file import read_request_file
    from ..settings import project_in_force
    from ..work.picture_store import PictureStore

    _require_fit(options)
    (path,) = options.requests
    profile = verbs.judged_by(options, environment)
    with tempfile.TemporaryDirectory(prefix="kling-") as folder:
        store = PictureStore(Path(folder))
        read = read_request_file(path, store, profile)
        verbs.tell_leaves(read)
        named = project_in_force(environment, options.preferred)[0]
        project = named or project_of_request(path)
        state = submit_file(spool_of(options), read, store, key=options.once, name=options.name, project=project)
    if options.wait:
        return _waited(spool_of(options), [options.once], options.wait)
    waits = {"key": options.once, "standing": "waiting", "words": "The request is in the spool."}
    say(waits if state is None else state.as_json(), of=options.once)
    return 0


def _require_fit(options: argparse.Namespace) -> None:
    """Raise :class:`ArgumentsInvalid` for what only a journal of one's own can do."""
    if not options.once:
        sentence = "A request for a spool needs a name."
        raise ArgumentsInvalid(sentence, field="once", remedy="Add --once KEY.")
    if options.again:
        sentence = "--again cannot be combined with --spool."
        raise ArgumentsInvalid(sentence, field="again", remedy="Use a new name with --once.")
    require_one_name(options)
    refuse_options_of_gateway(options)


def refuse_options_of_gateway(options: argparse.Namespace) -> None:
    """Raise :class:`ArgumentsInvalid` for what only the gateway decides."""
    for name in ("clips", "service"):
        if getattr(options, name, None):
            sentence = f"--{name} cannot be combined with --spool. {_OF_GATEWAY}"
            raise ArgumentsInvalid(sentence, field=name, remedy=f"Remove --{name}.")


def wait(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Wait for the clips of requests in a spool, by their names."""
    refuse_options_of_gateway(options)
    return _waited(spool_of(options), options.ids, options.wait)


def _waited(spool: Spool, keys: Sequence[str], timeout_s: float) -> int:
    """Tell every change until all is over; the highest exit code."""
    from ..gateway.client import wait_for

    with Progress() as progress:
        states = wait_for(spool, keys, timeout_s, _tell, partial(show_count, progress))
    return max(_ended(spool, states.get(key)) for key in keys)


def _ended(spool: Spool, state: State | None) -> int:
    """Say where the clip is; the exit code."""
    from ..gateway.client import clips_of

    if state is None or not state.is_final:
        return verbs.STILL_RUNNING
    clips = clips_of(spool, state)
    for path in clips:
        tell(f"Saved: '{path}'")
    if state.exit_code == 0 and not clips:
        sentence = "The clip is no longer in the spool. Submit the request again, which is free."
        tell(f"kling: {state.key}: {sentence}")
        return ClipGone.exit_code
    return state.exit_code


def _tell(state: State) -> None:
    say(state.as_json(), of=state.key)
    if state.problem:
        tell(f"kling: {state.key}: {state.problem} {state.remedy}".rstrip())


def spool_of(options: argparse.Namespace) -> Spool:
    """The folder of ``--spool``."""
    from ..gateway.spool import Spool

    return Spool(expanded(options.spool, "spool").absolute())
