"""What waits for a person, in which words, and with which way out: for each kind of hold that a history can come to."""

from __future__ import annotations

from functools import reduce

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import MOST_CRASHES, Phase, Submission, apply, begin
from kling_omni_addon.core.life.needs import Need, Remedy, Trouble, needs_of
from kling_omni_addon.core.payload import Payload

MINE = Origin(service="https://kling.example", key_fingerprint="mine")
OTHER_KEY = Origin(service="https://kling.example", key_fingerprint="other")
OTHER_SERVICE = Origin(service="https://other.example", key_fingerprint="mine")

SENT = ev.Sent(at=101.0, digest="")
READY = (SENT, ev.Accepted(at=102.0, task_id="1"), ev.Succeeded(at=103.0, charge_units="3"))
PARKED = (SENT, ev.Scanned(at=290.0), ev.Parked(at=300.0))
REFUSED_KEY = ev.Held(at=101.0, reason="Kling does not accept the key.", exit_code=3, scope="key")
ABOVE_LIMIT = ev.Held(at=101.0, reason="The cap is reached.", exit_code=2, scope="submission")
FULL_DISK = ev.FetchFailed(at=104.0, reason="The clip cannot be saved: No space left.", is_local=True)

HISTORIES: dict[Trouble, tuple[Event, ...]] = {
    Trouble.KEY: (REFUSED_KEY,),
    Trouble.API_KEY: (ev.Held(at=101.0, reason="It takes no pair.", exit_code=3, scope="submission"),),
    Trouble.ACCOUNT: (ev.Held(at=101.0, reason="No units are left.", exit_code=4, scope="key"),),
    Trouble.NETWORK: (ev.Held(at=101.0, reason="The proxy cannot be read.", exit_code=2, scope="key"),),
    Trouble.LIMIT: (ABOVE_LIMIT,),
    Trouble.NO_RESPONSE: PARKED,
    Trouble.CHOICE: (SENT, ev.Scanned(at=290.0, candidates=("1", "2")), ev.Parked(at=300.0)),
    Trouble.FOLDER: (*READY, FULL_DISK),
    Trouble.CRASHES: (*(ev.Begun(at=101.0) for _ in range(MOST_CRASHES)), ev.SetAside(at=102.0)),
}
SAID = {
    Trouble.KEY: ("Key refused by Kling", "3 clips wait for a key"),
    Trouble.API_KEY: ('"alley_1" needs an API key', "3 clips need an API key"),
    Trouble.ACCOUNT: ("Account refused by Kling", "3 clips wait for the account"),
    Trouble.NETWORK: ('"alley_1" waits for the network settings', "3 clips wait for the network settings"),
    Trouble.OTHER_KEY: ('"alley_1" needs the key that sent it', "3 clips need the key that sent them"),
    Trouble.LIMIT: ('"alley_1" exceeds a limit', "3 clips exceed a limit"),
    Trouble.NO_RESPONSE: ('"alley_1" got no response', '"alley_1" and 2 more got no response'),
    Trouble.CHOICE: ('Choose the task of "alley_1"', 'Choose the tasks of "alley_1" and 2 more'),
    Trouble.FOLDER: ('"alley_1" cannot be saved', '"alley_1" and 2 more cannot be saved'),
    Trouble.CRASHES: ('"alley_1" is on hold after crashes', "3 clips are on hold after crashes"),
    Trouble.RESUMING: ('"alley_1" waits for Resume', "3 clips wait for Resume"),
}
LIKELIEST = {
    Trouble.KEY: Remedy.OPEN_PREFERENCES,
    Trouble.API_KEY: Remedy.OPEN_PREFERENCES,
    Trouble.ACCOUNT: Remedy.RESUME,
    Trouble.NETWORK: Remedy.RESUME,
    Trouble.OTHER_KEY: Remedy.OPEN_PREFERENCES,
    Trouble.LIMIT: Remedy.OPEN_PREFERENCES,
    Trouble.NO_RESPONSE: Remedy.LOOK_AGAIN,
    Trouble.CHOICE: Remedy.CHOOSE_TASK,
    Trouble.FOLDER: Remedy.CHOOSE_FOLDER,
    Trouble.CRASHES: Remedy.RESUME,
    Trouble.RESUMING: Remedy.RESUME,
}


def one(number: int, *history: Event, origin: Origin = MINE) -> Submission:
    """The submission of ``alley_<number>``, after this happened to it."""
    payload = Payload(external_task_id=f"kob-{number}", model="m", pieces=("{}",))
    intended = ev.Intended(at=100.0 + number, payload=payload, origin=origin, target=Target(name=f"alley_{number}"))
    return reduce(apply, history, begin(intended))


def needs(*submissions: Submission, key_fits: bool = True) -> tuple[Need, ...]:
    return needs_of(submissions, MINE, lambda _: key_fits)


def of(trouble: Trouble, number: int) -> Submission:
    """One with that trouble."""
    if trouble is Trouble.RESUMING:
        return one(number, origin=OTHER_KEY)
    if trouble is Trouble.OTHER_KEY:
        return one(number, *READY, origin=OTHER_KEY)
    return one(number, *HISTORIES[trouble])


@pytest.mark.parametrize("trouble", Trouble)
def test_each_kind_of_trouble_has_its_words_for_one_and_for_several(trouble: Trouble) -> None:
    (single,) = needs(of(trouble, 1))
    (several,) = needs(*(of(trouble, number) for number in (1, 2, 3)))
    assert (single.trouble, single.sentence, single.ids) == (trouble, SAID[trouble][0], ("kob-1",))
    assert (several.sentence, several.ids) == (SAID[trouble][1], ("kob-1", "kob-2", "kob-3"))
    assert single.remedies[0] is LIKELIEST[trouble]


@pytest.mark.parametrize(
    ("trouble", "onward"),
    [
        (Trouble.KEY, ev.Released(at=400.0)),
        (Trouble.LIMIT, ev.Released(at=400.0)),
        (Trouble.ACCOUNT, ev.Withdrawn(at=400.0, reason="", exit_code=0)),
        (Trouble.CRASHES, ev.Released(at=400.0)),
        (Trouble.NO_RESPONSE, ev.LookAgain(at=400.0)),
        (Trouble.NO_RESPONSE, ev.SendAgain(at=400.0)),
        (Trouble.CHOICE, ev.Accepted(at=400.0, task_id="2")),
        (Trouble.FOLDER, ev.Redirected(at=400.0, folder="/elsewhere")),
        (Trouble.FOLDER, ev.Fetched(at=400.0, path="/c.mp4", sha256="c", size_bytes=9)),
        (Trouble.FOLDER, ev.FetchFailed(at=400.0, reason="The connection was reset.")),
    ],
)
def test_a_need_is_over_when_it_was_dealt_with(trouble: Trouble, onward: Event) -> None:
    assert needs(apply(of(trouble, 1), onward)) == ()


@pytest.mark.parametrize(
    "history", [(), (SENT,), READY[:2], READY, (ev.NotSent(at=101.0, reason="The network is unreachable."),)]
)
def test_what_goes_on_by_itself_needs_nobody(history: tuple[Event, ...]) -> None:
    assert needs(one(1, *history)) == ()


def test_what_waits_behind_a_refused_key_is_counted_and_what_was_sent_is_not() -> None:
    (need,) = needs(one(1, REFUSED_KEY), one(2), one(3, *READY))
    assert (need.sentence, need.ids) == ("2 clips wait for a key", ("kob-1", "kob-2"))


def test_a_limit_holds_only_its_own() -> None:
    (need,) = needs(one(1, ABOVE_LIMIT), one(2))
    assert need.ids == ("kob-1",)


def test_the_widest_trouble_comes_first_whatever_is_older() -> None:
    told = needs(one(1, *PARKED), one(2, *READY, FULL_DISK), one(3, REFUSED_KEY))
    assert [need.trouble for need in told] == [Trouble.KEY, Trouble.NO_RESPONSE, Trouble.FOLDER]


def test_what_was_found_on_the_list_is_never_offered_to_be_sent_again() -> None:
    adopted = begin(ev.Adopted(at=100.0, submission_id="kob-1", task_id="1", origin=MINE))
    onward: tuple[Event, ...] = (ev.Failed(at=101.0, reason="x"), ev.LookAgain(at=102.0), *PARKED[1:])
    parked = reduce(apply, onward, adopted)
    (need,) = needs(parked)
    assert (need.trouble, need.sentence) == (Trouble.NO_RESPONSE, '"kob-1" got no response')
    assert need.remedies == (Remedy.LOOK_AGAIN,)


def test_another_key_takes_on_what_nobody_has_unless_the_api_takes_no_such_key() -> None:
    assert [need.trouble for need in needs(one(1, REFUSED_KEY, origin=OTHER_KEY))] == [Trouble.RESUMING]
    assert [need.trouble for need in needs(one(1, origin=OTHER_KEY), key_fits=False)] == [Trouble.API_KEY]


def test_what_belongs_to_another_service_waits_for_that_one() -> None:
    assert needs(one(1, REFUSED_KEY, origin=OTHER_SERVICE), one(2, *READY, FULL_DISK, origin=OTHER_SERVICE)) == ()


def test_a_clip_that_is_here_needs_no_key() -> None:
    fetched = ev.Fetched(at=104.0, path="/c.mp4", sha256="c", size_bytes=9)
    assert one(1, *READY, fetched).phase is Phase.FETCHED
    assert needs(one(1, *READY, fetched, origin=OTHER_KEY)) == ()
