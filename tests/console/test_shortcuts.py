"""Every key has its help, no key twice, and none that an input method needs."""

from __future__ import annotations

import pytest

from console.i18n import tongue
from console.shortcuts import TABLE, TAKEN_BY_INPUT_METHODS, help_lines


@pytest.mark.parametrize("language", ["zh", "en"])
def test_help(language: str) -> None:
    lines = help_lines(tongue(language))
    assert len(lines) == len(TABLE)
    assert all(keys and text for keys, text in lines)


def test_keys_are_used_once_and_leave_input_methods_alone() -> None:
    keys = [s.keys for s in TABLE]
    assert len(keys) == len(set(keys))
    assert not set(keys) & TAKEN_BY_INPUT_METHODS


def test_a_key_that_types_something_works_only_in_lists() -> None:
    assert all(not s.everywhere for s in TABLE if len(s.keys) == 1 or s.keys in ("Return", "1…9"))
