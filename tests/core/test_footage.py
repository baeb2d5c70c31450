"""Own footage: a video of it is always one that Kling takes, and a command gives it a link that somebody can follow."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kling_omni_addon.core import capability, footage
from kling_omni_addon.core.capability import Profile
from kling_omni_addon.core.errors import ArgumentsInvalid, CaptureFailed, UploadFailed
from kling_omni_addon.core.media import VideoFacts
from kling_omni_addon.core.rules.media import (
    video_length_is_wrong,
    video_pixels_are_wrong,
    video_rate_is_wrong,
)
from kling_omni_addon.core.rules.reading import Knowledge, Reading

LINK = "https://video.example/a.mp4"
PROFILES = [capability.profile(name) for name in capability.PROFILES]
MODELS = [(profile, name) for profile in PROFILES for name in profile.models]
SIDES = st.integers(min_value=4, max_value=16_384)
RATES = st.one_of(
    st.integers(24, 240).map(Fraction),
    st.sampled_from([Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)]),
)


def refused(profile: Profile, model: str, facts: VideoFacts) -> list[str]:
    """What the rules have against a video."""
    body = {"model_name": model, "prompt": "x", "video_list": [{"video_url": LINK}]}
    reading = Reading.of(body, profile, Knowledge(videos={LINK: facts}))
    rules = (video_length_is_wrong, video_pixels_are_wrong, video_rate_is_wrong)
    return [finding.message for rule in rules for finding in rule(reading)]


@pytest.mark.parametrize(("profile", "model"), MODELS)
@given(frames=st.integers(1, 20_000), fps=RATES, width=SIDES, height=SIDES)
@example(frames=72, fps=Fraction(24), width=404, height=1081)
@example(frames=72, fps=Fraction(24), width=4241, height=1599)
def test_every_plan_breaks_no_rule_and_has_even_sides(
    profile: Profile, model: str, frames: int, fps: Fraction, width: int, height: int
) -> None:
    limits, most = profile.models[model], profile.of_model(model).video
    if frames / fps < limits.input_video_s[0]:
        with pytest.raises(CaptureFailed, match="The strips last"):
            footage.plan_footage(frames, fps, (width, height), limits, most)
        return
    plan = footage.plan_footage(frames, fps, (width, height), limits, most)
    rendered = -(-plan.frames // plan.rate.step)
    facts = VideoFacts(
        width=plan.size.width,
        height=plan.size.height,
        fps=float(plan.rate.fps),
        duration_s=float(rendered / plan.rate.fps),
    )
    assert refused(profile, model, facts) == []
    assert (plan.size.width % 2, plan.size.height % 2) == (0, 0)


@given(half_width=st.integers(350, 1900), half_height=st.integers(350, 1080))
def test_a_legal_even_size_is_kept(half_width: int, half_height: int) -> None:
    width, height = 2 * half_width, 2 * half_height
    if Fraction(2, 5) <= Fraction(width, height) <= Fraction(5, 2):
        size = footage.legal_video_size(width, height, capability.profile().video)
        assert (size.canvas, size.percent) == ((width, height), 100)


@pytest.mark.parametrize(
    ("given_size", "size"),
    [
        ((1920, 1080), (1920, 1080)),
        ((640, 360), (1248, 702)),
        ((1599, 4433), (1598, 3956)),
        ((4096, 2160), (3932, 2072)),
        ((3000, 1000), (2500, 1000)),
        ((1921, 1081), (1920, 1080)),
        ((64, 64), (700, 700)),
    ],
)
def test_other_sizes_are_scaled_as_little_as_possible(given_size: tuple[int, int], size: tuple[int, int]) -> None:
    found = footage.legal_video_size(*given_size, capability.profile().video)
    assert (found.width, found.height) == size


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (Fraction(24), (24, 1)),
        (Fraction(24_000, 1001), (Fraction(24_000, 1001), 1)),
        (Fraction(60), (60, 1)),
        (Fraction(61), (Fraction(61, 2), 2)),
        (Fraction(120), (60, 2)),
        (Fraction(240), (60, 4)),
    ],
)
def test_a_rate_that_is_too_fast_becomes_a_part_of_it(fps: Fraction, rate: tuple[Fraction, int]) -> None:
    found = footage.legal_rate(fps, capability.profile().video)
    assert (found.fps, found.step) == rate


def test_a_timeline_that_is_too_slow_is_refused() -> None:
    with pytest.raises(CaptureFailed, match=r"12 fps; Kling accepts 24 to 60 fps\. Change Frame Rate"):
        footage.legal_rate(Fraction(12), capability.profile().video)


def test_what_is_too_long_is_cut_to_the_longest_and_says_so() -> None:
    profile = capability.profile()
    model = profile.models["kling-v3-omni"]
    plan = footage.plan_footage(800, Fraction(24), (1920, 1080), model, profile.video)
    assert (plan.is_cut, plan.frames, plan.seconds) == (True, floor(15.5 * 24), 15.5)
    assert not footage.plan_footage(120, Fraction(24), (1920, 1080), model, profile.video).is_cut


def test_what_is_too_short_is_a_sentence() -> None:
    profile = capability.profile()
    model = profile.models["kling-v3-omni"]
    with pytest.raises(
        CaptureFailed, match=r"The strips last 2 s; .* accepts 3 to 15\.5 s\. Select more or longer strips"
    ):
        footage.plan_footage(48, Fraction(24), (1920, 1080), model, profile.video)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("up {file}", ("up", "/a b.mp4")),
        ('"/my tools/up" --to=bucket/{file} -v', ("/my tools/up", "--to=bucket//a b.mp4", "-v")),
        (r"C:\tools\up.exe {file}", (r"C:\tools\up.exe", "/a b.mp4")),
        ("up '{file}'; rm -rf # {file}", ("up", "/a b.mp4;", "rm", "-rf", "#", "/a b.mp4")),
    ],
)
def test_a_command_is_cut_into_words_and_no_shell_is_asked(template: str, words: tuple[str, ...]) -> None:
    assert footage.command_words(template, file="/a b.mp4") == words


@given(name=st.text(min_size=1))
def test_the_file_is_one_word_whatever_it_is_called(name: str) -> None:
    assert footage.command_words("up {file} -q", file=name) == ("up", name, "-q")


@pytest.mark.parametrize(
    ("template", "told"), [("up 'x {file}", "a quote that is not closed"), ("up", r"does not contain \{file\}")]
)
def test_a_command_that_cannot_be_right_is_a_sentence(template: str, told: str) -> None:
    with pytest.raises(ArgumentsInvalid, match=told):
        footage.command_words(template, file="/a.mp4")


def test_the_link_is_the_last_line_that_is_one() -> None:
    printed = "see https://docs.example for more\nhttps://one.example/a\n  https://two.example/b?sig=%2F \ndone\n\n"
    assert footage.link_in(printed) == "https://two.example/b?sig=%2F"
    with pytest.raises(UploadFailed, match="printed no link"):
        footage.link_in("done: https://one.example/a\n")


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "10.1.2.3", "192.168.1.4:9000", "[::1]", "[fd00::1]", "nas", "nas.local", "a.localhost"],
)
def test_a_private_host_is_doubted(host: str) -> None:
    assert "Kling cannot reach" in footage.doubt_of_link(f"https://{host}/a.mp4")


def test_a_public_https_link_is_not_doubted_and_a_plain_one_is() -> None:
    assert footage.doubt_of_link("https://bucket.s3.example.com/a.mp4?X-Amz-Expires=3600") == ""
    assert footage.doubt_of_link("https://8.8.8.8/a.mp4") == ""
    assert "is not https" in footage.doubt_of_link("http://video.example.com/a.mp4")
    assert footage.doubt_of_link("no link") == footage.doubt_of_link("") == ""


@pytest.mark.parametrize(("seconds", "told"), [(59, "0 min"), (300, "5 min"), (7300, "2 h"), (200_000, "2 days")])
def test_an_age_is_told_in_words(seconds: float, told: str) -> None:
    assert footage.told_age(seconds) == told


@pytest.mark.parametrize(("size", "told"), [(1, "1 kB"), (99_000, "99 kB"), (100_000, "0.1 MB"), (3_249_000, "3.2 MB")])
def test_a_size_is_told_in_words(size: int, told: str) -> None:
    assert footage.told_bytes(size) == told


def test_the_keys_are_not_in_what_a_command_sees() -> None:
    seen = dict(footage.without_keys({"PATH": "/bin", "KLING_API_KEY": "k", "kling_secret_key": "s"}.items()))
    assert seen == {"PATH": "/bin"}
