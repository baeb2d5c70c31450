"""The size of a captured picture: always accepted by the service, and the scene's own wherever that can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core import capability
from kling_omni_addon.core.sizes import legal_size, sides_of, square_pixels

SIDES = st.integers(min_value=1, max_value=65_536)  # Blender's own limit
ASPECT_RATIOS = capability.profile().aspect_ratios
ASPECTS = st.sampled_from([None, *ASPECT_RATIOS])


@given(width=SIDES, height=SIDES, aspect_ratio=ASPECTS)
def test_every_size_is_legal_and_even(width: int, height: int, aspect_ratio: str | None) -> None:
    across, down = legal_size(width, height, aspect_ratio)
    assert min(across, down) >= 300
    assert 2 * max(across, down) <= 5 * min(across, down)
    assert (across % 2, down % 2) == (0, 0)


@given(half_width=st.integers(150, 4000), half_height=st.integers(150, 4000))
def test_a_legal_even_size_is_kept(half_width: int, half_height: int) -> None:
    width, height = 2 * half_width, 2 * half_height
    if 2 * max(width, height) <= 5 * min(width, height):
        assert legal_size(width, height, None) == (width, height)


@given(width=SIDES, height=SIDES, aspect_ratio=ASPECTS)
def test_a_picture_of_legal_size_is_captured_at_that_size_again(
    width: int, height: int, aspect_ratio: str | None
) -> None:
    size = legal_size(width, height, aspect_ratio)
    assert legal_size(*size, aspect_ratio) == size


@given(width=SIDES, height=SIDES, aspect_ratio=st.sampled_from(ASPECT_RATIOS))
def test_the_asked_ratio_is_met_to_the_pixel_that_even_numbers_allow(
    width: int, height: int, aspect_ratio: str
) -> None:
    across, down = legal_size(width, height, aspect_ratio)
    wanted_across, wanted_down = sides_of(aspect_ratio)
    long, short = max(across, down), min(across, down)
    assert abs(long - short * max(wanted_across, wanted_down) / min(wanted_across, wanted_down)) <= 1
    assert (across > down) == (wanted_across > wanted_down)


@given(width=SIDES, height=SIDES)
def test_turning_the_scene_turns_the_picture(width: int, height: int) -> None:
    assert legal_size(height, width, None) == legal_size(width, height, None)[::-1]


@pytest.mark.parametrize(
    ("scene", "aspect_ratio", "picture"),
    [
        ((1920, 1080), None, (1920, 1080)),
        ((1920, 1080), "16:9", (1920, 1080)),
        ((1920, 1080), "9:16", (1080, 1920)),
        ((1920, 1080), "1:1", (1080, 1080)),
        ((1080, 1920), "16:9", (1920, 1080)),
        ((1000, 400), None, (1000, 400)),  # 5:2 itself is allowed
        ((400, 1000), None, (400, 1000)),
        ((3000, 1000), None, (2500, 1000)),
        ((480, 270), None, (534, 300)),  # 1920 x 1080 at 25 %
        ((480, 270), "9:16", (300, 534)),
        ((4, 4), "1:1", (300, 300)),
        ((1921, 1081), None, (1920, 1080)),
        ((4096, 858), "1:1", (858, 858)),
        ((755, 302), None, (754, 302)),  # 755 would round up to 756, past 5:2
    ],
)
def test_sizes_that_an_animator_expects(
    scene: tuple[int, int], aspect_ratio: str | None, picture: tuple[int, int]
) -> None:
    assert legal_size(*scene, aspect_ratio) == picture


@pytest.mark.parametrize("size", [(0, 1080), (1920, 0), (-2, 4)])
def test_a_size_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        legal_size(*size, None)


def test_an_aspect_ratio_that_the_service_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="3:1"):
        legal_size(1920, 1080, "3:1")


@pytest.mark.parametrize(
    ("pixel_aspect", "size"),
    [((1.0, 1.0), (1440, 1080)), ((4.0, 3.0), (1920, 1080)), ((1.0, 2.0), (1440, 2160))],
)
def test_stretched_pixels_become_more_square_ones(pixel_aspect: tuple[float, float], size: tuple[int, int]) -> None:
    assert square_pixels(1440, 1080, *pixel_aspect) == size
