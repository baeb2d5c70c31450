"""What one profile allows and the other does not: said with the date since when, by data alone."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import Change
from kling_omni_addon.core.rules.table import problems_in
from tests.workshop.rule_bodies import AUTO, LIBRARY, V3, body, elements, images, o1, probed, story, videos

SEED, LATE = (capability.profile(name) for name in capability.PROFILES)
FRAMES_IN_STORYBOARD = story("5", image_list=images("f", "e"))


def said(given: Any, at: capability.Profile, rule: str, **known: Any) -> list[str]:
    return [problem.message for problem in problems_in(given, profile=at, **known) if problem.rule == rule]


@pytest.mark.parametrize(
    ("given", "facts", "words"),
    [
        (body(mode="4k"), {}, "4K since 2026-04-23"),
        (body(mode="4k", video_list=videos()), {}, "4K beside a video since 2026-06-17"),
        (FRAMES_IN_STORYBOARD, {}, "an end frame in a storyboard since 2026-05-07"),
        (
            body(duration="15", video_list=videos()),
            {},
            "clips of more than 10 s beside a reference video since 2026-06-17",
        ),
        (body(video_list=videos()), {"duration_s": 15.0}, "videos of more than 10 s since 2026-06-17"),
        (body(video_list=videos()), {"width": 3840, "height": 2160}, "videos of this size since 2026-06-17"),
    ],
)
def test_what_came_after_the_owner_s_document_is_taken_with_the_date_since_when(
    given: Any, facts: dict[str, Any], words: str
) -> None:
    known: dict[str, Any] = {"videos": probed(**facts)}
    (warning,) = said(given, LATE, "W10", **known)
    assert warning == f"Kling has accepted {words} (not in the seed profile)."
    assert not [problem for problem in problems_in(given, profile=LATE, **known) if problem.is_fault]
    (fault,) = [problem for problem in problems_in(given, profile=SEED, **known) if problem.is_fault]
    assert fault.message.endswith(f" Kling has accepted {words}. Select the late profile.")


def test_4k_by_the_owner_s_document_says_what_there_is_and_where_4k_is() -> None:
    assert said(body(mode="4k"), SEED, "R62") == [
        "Kling 3.0 Omni does not generate 4K. Its best quality is Pro. "
        "Kling has accepted 4K since 2026-04-23. Select the late profile."
    ]


def test_what_both_profiles_refuse_points_to_no_other_profile() -> None:
    for at in (SEED, LATE):
        found = problems_in(o1(mode="4k", duration="16"), profile=at)
        assert [problem.rule for problem in found] == ["R62", "R66"]
        assert not any("profile" in problem.message for problem in found)


def test_4k_of_the_other_model_names_the_one_that_makes_it() -> None:
    assert said(o1(mode="4k"), LATE, "R62") == [
        "Kling O1 does not generate 4K. Its best quality is Pro. 4K needs Kling 3.0 Omni."
    ]


def test_a_length_of_the_other_model_names_the_one_that_makes_it() -> None:
    for at in (SEED, LATE):
        assert said(o1(duration="12"), at, "R67") == [
            "Kling O1 generates at most 10 s. For a longer clip, use Kling 3.0 Omni."
        ]


def test_a_limit_that_is_narrower_than_before_says_so() -> None:
    (sentence,) = said(body(element_list=elements(11, 12, 13, 14)), LATE, "R47", elements=LIBRARY)
    assert sentence.endswith("Kling has had this limit since 2026-04-01. The seed profile does not have this limit.")


@pytest.mark.parametrize("given", [body(), o1(), body(**AUTO), body(mode="std", video_list=videos("base"))])
def test_what_both_profiles_take_has_no_date(given: Any) -> None:
    assert said(given, LATE, "W10") == said(given, SEED, "W10") == []


def test_a_storyboard_beside_a_followed_video_is_doubted_where_it_is_cut_shot_by_shot() -> None:
    given = story("5", video_list=videos())
    assert said(given, LATE, "W11") == [
        "With a reference video, Kling has cut storyboards itself since 2026-06-17. Kling may refuse Shot by Shot."
    ]
    assert said(body(**AUTO, video_list=videos()), LATE, "W11") == said(given, SEED, "W11") == []


def test_the_next_change_is_a_line_of_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer prompt, say: the number itself, and since when it holds."""
    change = Change(date="2026-09-01", rule="R14", what="prompts of more than 2,500 characters")
    moved = replace(LATE, prompt_characters=3000, changes=(*LATE.changes, change))
    monkeypatch.setattr(capability, "profile", lambda name, *_, **__: {"seed": SEED, "late": moved}[name])
    given = body(prompt="x" * 2600)
    assert said(given, moved, "W10") == [
        "Kling has accepted prompts of more than 2,500 characters since 2026-09-01 (not in the seed profile)."
    ]
    assert said(given, SEED, "R14")[0].endswith("since 2026-09-01. Select the late profile.")


def test_a_model_that_came_later_says_so_where_it_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = replace(LATE.models[V3], name="kling-v9", label="Kling 9", number=9)
    models = MappingProxyType({**LATE.models, "kling-v9": newer})
    change = Change(date="2026-09-01", rule="R10", what="Kling 9", given={"model_name": "kling-v9"})
    moved = replace(LATE, models=models, changes=(*LATE.changes, change))
    monkeypatch.setattr(capability, "profile", lambda name, *_, **__: {"seed": SEED, "late": moved}[name])
    given = body(model_name="kling-v9")
    assert said(given, SEED, "R10") == [
        'There is no model "kling-v9". Use Kling O1 or Kling 3.0 Omni. '
        "Kling has accepted Kling 9 since 2026-09-01. Select the late profile."
    ]
    assert said(given, moved, "W10") == ["Kling has accepted Kling 9 since 2026-09-01 (not in the seed profile)."]
