"""Long texts in narrow panels: which words share a line."""

from __future__ import annotations

import pytest

from kling_omni_addon.blender.host.wrapping import columns, in_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Not sent.", ("Not sent.",)),
        ("The clip is in the Sequencer.", ("The clip is in the", "Sequencer.")),
        ("First the bridge.\nThen  a fox.", ("First the bridge.", "Then a fox.")),
        ("/a/path/that/is/longer/than/a/line", ("/a/path/that/is/lo", "nger/than/a/line")),
        ("", ()),
        (" \n ", ()),
        ("クリップはシーケンサーにあります。", ("クリップはシーケン", "サーにあります。")),
        ("短片在序列编辑器中,名为 Scene。", ("短片在序列编辑器", "中,名为 Scene。")),
    ],
)
def test_a_text_is_broken_between_words_and_wide_characters(text: str, lines: tuple[str, ...]) -> None:
    assert in_lines(text, 18) == lines
    assert all(columns(line) <= 18 for line in lines)
