"""Names of projects: from a folder, from anybody, and when two of them are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.life.events import Asker, asker_in
from kling_omni_addon.core.projects import (
    LONGEST_NAME,
    name_in,
    project_of_blend,
    project_of_folder,
    same_for,
    same_path_for,
)


@pytest.mark.parametrize(
    ("blend", "project"),
    [
        ("/films/lighthouse/sh010_v002.blend", "lighthouse"),
        ("/films/lighthouse_v003/sh010_v002.blend", "lighthouse"),
        ("/films/lighthouse/v12/sh010.blend", "lighthouse"),
        ("/films/Light House - V1/sh010.blend", "Light House"),
        ("C:\\films\\lighthouse\\sh010.blend", "lighthouse"),
        ("//server/share/lighthouse/sh010.blend", "lighthouse"),
        ("/films/rev2/sh010.blend", "rev2"),
        ("/v1/v2/sh010.blend", ""),
        ("/sh010.blend", ""),
        ("", ""),
    ],
)
def test_without_a_name_a_project_is_the_folder_of_its_files_without_a_version(blend: str, project: str) -> None:
    assert project_of_blend(blend) == project


def test_a_folder_that_climbs_is_no_name() -> None:
    assert project_of_folder("/films/lighthouse/..") == "lighthouse"


@pytest.mark.parametrize(
    "other", ["LIGHTHOUSE", " lighthouse ", "ＬＩＧＨＴＨＯＵＳＥ", "light\u200bhouse", "lighthouse\n"]
)
def test_a_name_that_is_spelled_otherwise_is_the_same(other: str) -> None:
    assert same_for(name_in(other)) == same_for("lighthouse")
    assert same_for(name_in(other)) != same_for("light house")


@given(st.text() | st.text(min_size=LONGEST_NAME, max_size=1000) | st.none() | st.integers() | st.lists(st.text()))
def test_of_whatever_anybody_writes_a_name_is_one_short_line(written: object) -> None:
    name = name_in(written)
    assert len(name) <= LONGEST_NAME
    assert name.isprintable()
    assert name == name.strip() == name_in(name)


@pytest.mark.parametrize("data", [None, 3, "anna", ["anna"], {"user": ["anna"]}, {"user": None, "else": 1}])
def test_of_data_that_names_nobody_there_is_no_asker(data: object) -> None:
    assert asker_in(data) == Asker()


def test_an_asker_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    data = {"user": "anna", "host": "render\x1b[31m07", "project": "x" * 500, "floor": 3}
    assert asker_in(data) == Asker(user="anna", host="render [31m07", project="x" * LONGEST_NAME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"C:\Films\Röad\sh010.blend", "c:/films/ro\u0308ad/SH010.blend"),
        (r"\\?\C:\films\sh010.blend", r"C:\films\sh010.blend"),
        (r"\\?\UNC\Server\share\sh010.blend", r"\\server\share\sh010.blend"),
        ("/Volumes/Films/sh010.blend", "/volumes/films/sh010.blend"),
    ],
)
def test_a_path_that_is_spelled_otherwise_is_the_same(one: str, other: str) -> None:
    assert same_path_for(one) == same_path_for(other)
    assert same_path_for(one) != same_path_for(one.replace("010", "020"))
