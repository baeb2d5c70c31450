"""The errors of this project: one family, named by the fact, each with a sentence for a person.

KlingError
 +-- ArgumentsInvalid        2  a flag, a setting or a file name is wrong
 |    +-- NetworkMisset       2  ... so that no call can be made before it is right
 +-- RequestInvalid          2  the request breaks a rule; carries the problems
 +-- CapReached              2  a cap on spending forbids the send
 +-- CaptureFailed           2  no picture could be rendered
 +-- UploadFailed            1  the user's own command gave a file no link
 +-- CredentialsMissing      3  there is no key
 +-- CredentialsUnreadable   3  the key holds what no key has, and cannot be sent
 +-- CredentialsUnfit        3  the generation of the API that is spoken takes no such key
 +-- Refused                 4  the service refused a call, with its code
 |    +-- CredentialsRefused 3  ... because it does not accept the key
 |    +-- TaskUnknown        4  ... because it knows no such task
 +-- TaskFailed              4  the task ended without a clip
 +-- NotSent                 5  proof: the service cannot have a whole request
 +-- Unanswered              5  sent, but no answer can be trusted
 |    +-- OtherDialect        5  ... because it is in the words of another generation of the API
 +-- ClipUnusable            5  a downloaded file is not the clip
 |    +-- LinkExpired        5  the link of a clip is no longer honoured
 |    +-- ClipGone           5  the service has no such file (any more)
 +-- StillRunning            6  the wait ended before the task did
 +-- JournalUnusable         1  the record on disk cannot be trusted or written
 +-- RehearsalUnavailable    1  the offline service cannot run here
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .problem import Problem


class KlingError(Exception):
    """Something a person can act on.

    ``sentence`` says what is wrong, ``field`` names where, ``remedy`` says what to do. ``exit_code`` is the command
    line's.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(" ".join(part for part in (sentence, remedy) if part))
        self.sentence = sentence
        self.field = field
        self.remedy = remedy


class ArgumentsInvalid(KlingError):
    """A flag, an environment variable or a file name is wrong."""

    exit_code = 2


class NetworkMisset(ArgumentsInvalid):
    """A setting of this machine (proxy, certificates, address) keeps every call from being made. Nothing was sent, and
    waiting does not help.
    """


class RequestInvalid(KlingError):
    """The request breaks at least one rule. ``problems`` holds every fault, never only the first."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{first.path}: {first.message}{more}", field=first.path)
        self.problems = tuple(problems)


class CapReached(KlingError):
    """A cap on spending forbids the send; nothing was sent."""

    exit_code = 2


class CaptureFailed(KlingError):
    """Blender could not render or read a picture for the shot; nothing was sent."""

    exit_code = 2


class UploadFailed(KlingError):
    """The command that is to give a file a link did not; nothing was sent to Kling."""


class CredentialsMissing(KlingError):
    """There is no key to sign with."""

    exit_code = 3


class CredentialsUnreadable(KlingError):
    """The key has a character that no key has, like one that cannot be seen."""

    exit_code = 3


class CredentialsUnfit(KlingError):
    """The dialect takes no AccessKey with its SecretKey; nothing was sent."""

    exit_code = 3


class Reaction(StrEnum):
    """What a client does about an error code of the service. The table is in ``core.protocol``."""

    RETRY = "retry"  # passing trouble; of a create the outcome is unknown
    WAIT = "wait"  # not now: 1302, 1303
    LOOK_UP = "look up"  # the id is known already: ask for it
    SIGN_AGAIN = "sign again"  # the clocks disagree: once more with a fresh token
    FIX_KEYS = "fix keys"
    RECHARGE = "recharge"
    CHANGE_REQUEST = "change the request"
    STOP = "stop"


class Refused(KlingError):
    """The service answered with an error code of its own (contract, section 7)."""

    exit_code = 4

    def __init__(
        self,
        sentence: str,
        *,
        code: int,
        http_status: int,
        reaction: Reaction,
        retry_after_s: float | None = None,
        field: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(sentence, field=field, remedy=remedy)
        self.code = code
        self.http_status = http_status
        self.reaction = reaction
        self.retry_after_s = retry_after_s


class CredentialsRefused(Refused):
    """The service does not accept the key (codes 1000 to 1004)."""

    exit_code = 3


class TaskUnknown(Refused):
    """The service says that it knows no such task. One such answer proves nothing."""


class TaskFailed(KlingError):
    """The service took a task and could not make what was asked for; its reason is in the sentence."""

    exit_code = 4


class NotSent(KlingError):
    """Proof that the service cannot have a whole request: the last byte never left."""

    exit_code = 5


class Unanswered(KlingError):
    """The call went out, but no answer that can be trusted came back."""

    exit_code = 5


class OtherDialect(Unanswered):
    """The answer is in the words of another generation of the API: never guessed at."""


class ClipUnusable(KlingError):
    """A file is not the clip that was promised: cut short, not an MP4, missing."""

    exit_code = 5


class LinkExpired(ClipUnusable):
    """The service no longer honours the link of a clip (HTTP 403)."""


class ClipGone(ClipUnusable):
    """The service has no file at the link of a clip (HTTP 404, 410): early a hiccup, after 30 days its rule."""


class StillRunning(KlingError):
    """The wait ended before the task did. Nothing is lost: ``resume`` goes on."""

    exit_code = 6


class JournalUnusable(KlingError):
    """The journal cannot be read or written; nothing is sent without it."""


class RehearsalUnavailable(KlingError):
    """The rehearsal server cannot run here: no Blender to render its clips with, or no free port."""
