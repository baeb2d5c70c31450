"""Property: whatever is said, no piece of a key or a password longer than its last four characters is in a report."""

from __future__ import annotations

import re
import string

from hypothesis import assume, given
from hypothesis import strategies as st

from kling_omni_addon.doctor.redaction import SHOWN, host_of, last_of, redacted, secrets_of

KEYS = st.text(string.ascii_letters + string.digits + "-_.|+/=", min_size=8, max_size=60)
AROUND = st.text(string.ascii_letters + string.digits + " .,:/-", max_size=20)


@given(key=KEYS, pieces=st.lists(st.tuples(AROUND, st.integers(0, 60), st.integers(0, 60)), max_size=6))
def test_no_piece_of_a_key_is_left_in_what_repeats_it(key: str, pieces: list[tuple[str, int, int]]) -> None:
    assume(not re.search(r"(?<![A-Za-z0-9])[a-z]{5,}(?![A-Za-z0-9])", key))  # words, which may stay
    secrets = secrets_of(({"KLING_API_KEY": key},))
    said = "".join(f"{around}{key[start:end]}" for around, start, end in pieces)
    left = redacted(said, secrets)
    for secret in secrets:
        shown = [secret[n : n + SHOWN + 1] for n in range(len(secret) - SHOWN)]
        assert not any(piece in left for piece in shown), left


@given(user=KEYS, password=KEYS)
def test_a_proxy_shows_its_host_alone(user: str, password: str) -> None:
    assume(not set("/|") & set(user + password))
    proxy = f"http://{user}:{password}@proxy.studio:3128"
    assert host_of(proxy) == "http://proxy.studio:3128"
    assert set(secrets_of(({"HTTPS_PROXY": proxy},))) >= {user, password}


def test_a_key_that_has_a_word_in_it_leaves_that_word_in_other_sentences() -> None:
    key = "api-key-kling-rehearsal-5f3a"
    assert redacted("kling rehearse: no rehearsal runs", [key]) == "kling rehearse: no rehearsal runs"
    assert redacted("the key kling-rehearsal-5f3a is", [key]) == "the key … is"
    assert redacted("abcdefgh is refused", ["abcdefghijklmnop"]) == "… is refused", "a key that looks like a word"
    assert redacted("rehearsalX", ["a-rehearsal-b"]) == "…X", "a part of a longer word may be a part of the key"


def test_the_end_of_a_short_key_would_give_too_much_away() -> None:
    assert (last_of("short-key"), last_of("0123456789abcdef")) == ("", "cdef")
