"""Colours and codes as the authorities write them."""

from __future__ import annotations

import pytest

from comms.feeds.dialects import EVENT_NAMES, colour_named, colour_of


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("2; yellow; Moderate", "yellow"),
        ("Orange", "orange"),
        ("红色", "red"),
        ("蓝", "blue"),
        ("1; green; Minor", None),
        ("bored", None),
        ("", None),
    ],
)
def test_a_colour_by_name(text: str, colour: str | None) -> None:
    assert colour_named(text) == colour


def test_a_parameter_goes_before_the_headline_and_other_parameters_say_nothing() -> None:
    assert colour_of([("awareness_level", "4; red; Extreme")], "发布大雾黄色预警", "") == "red"
    assert colour_of([("sms", "red tide at the beach")], "", "") is None
    assert colour_of([], "某某气象台发布暴雨橙色预警", "") == "orange"
    assert colour_of([], "关于红旗水库的通知", "") is None
    assert colour_of([], "", "寒潮蓝色预警") == "blue"


def test_the_codes_are_codes() -> None:
    assert all(len(code) == 5 and code.startswith("11") and name for code, name in EVENT_NAMES.items())
