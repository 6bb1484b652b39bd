"""The table of symbols: whole, told apart without colour, and quiet where it should be."""

from __future__ import annotations

import csv
import re
from collections import defaultdict

import pytest

from map.assets import WEB
from map.symbols import (
    GROUND,
    RANKS,
    SYMBOLS,
    TONES,
    centre_symbol,
    event_symbol,
    fill_colour,
    fill_role,
    legend,
    page_tables,
    rank_of,
    resource_symbol,
    task_symbol,
)
from tests.map.data import DATA, needs_data


def test_no_two_symbols_look_alike_without_colour() -> None:
    looks = defaultdict(list)
    for symbol in SYMBOLS.values():
        looks[symbol.shape, symbol.glyph].append(symbol.key)
    assert [keys for keys in looks.values() if len(keys) > 1] == []


def test_kinds_do_not_share_an_outline() -> None:
    kinds = defaultdict(set)
    for symbol in SYMBOLS.values():
        kinds[symbol.shape].add(symbol.kind)
    assert [shape for shape, used in kinds.items() if len(used) > 1] == []


def test_every_outline_is_drawn_by_the_page() -> None:
    drawn = set(re.findall(r"^  (\w+): \(p, r\)", (WEB / "symbols.js").read_text(), re.MULTILINE))
    assert {symbol.shape for symbol in SYMBOLS.values()} <= drawn


def test_every_symbol_has_one_character_and_words_in_both_languages() -> None:
    for symbol in SYMBOLS.values():
        assert len(symbol.glyph) == 1 and symbol.zh and symbol.en.isascii()


@pytest.mark.parametrize(
    ("code", "key"),
    [("11B03", "incident.11B"), ("12D01", "incident.12D"), ("11Y99", "incident.11"), ("13Z", "incident.13"),
     (None, "incident."), ("", "incident."), ("flood", "incident."), ("__proto__", "incident.")],
)  # fmt: skip
def test_event_codes(code: str | None, key: str) -> None:
    assert event_symbol("incident", code) == key


@needs_data
def test_every_code_of_the_standard_has_a_symbol_of_its_class() -> None:
    with (DATA / "domain/emergency_event_codes.csv").open(encoding="utf-8") as lines:
        codes = [row["code"] for row in csv.DictReader(lines)]
    for code in codes:
        if code != "10000":
            assert event_symbol("warning", code) != "warning.", code


def test_other_kinds_fall_back() -> None:
    assert resource_symbol("boat") == resource_symbol(None) == "resource.other"
    assert resource_symbol("team") == "resource.team"
    assert task_symbol("declined") == "task.other"
    assert [centre_symbol(path) for path in ("a", "a/b", "a/b/c", "a/b/c/d")] == [
        "centre.city", "centre.county", "centre.town", "centre.other",
    ]  # fmt: skip


def test_ranks() -> None:
    assert [rank_of(word) for word in ("I", "IV", "red", "blue", None, "?")] == [0, 3, 0, 3, 4, 4]


def test_warning_colours_belong_to_grades_and_warnings_alone() -> None:
    for kind in ("task", "resource", "centre"):
        for stage in ["", *TONES[kind]]:
            assert fill_role(kind, 0, stage) not in RANKS[:4]


def test_what_is_marked_never_wears_a_warning_colour() -> None:
    assert fill_role("warning", 0, "in_force", "演练") == "none"
    assert fill_colour("warning.11B", 0, "in_force", "day", "测试") == GROUND["day"]["none"]


def test_both_themes_have_every_role() -> None:
    assert GROUND["day"].keys() == GROUND["night"].keys()
    assert {*RANKS, *(f"on_{rank}" for rank in RANKS), "paper", "busy", "on_busy"} <= GROUND["day"].keys()


@pytest.mark.parametrize("theme", ["day", "night"])
def test_glyphs_can_be_read_on_their_fill(theme: str) -> None:
    colours = GROUND[theme]
    for rank in (*RANKS, "busy"):
        assert contrast(colours[rank], colours[f"on_{rank}"]) >= 4.5, rank
    assert contrast(colours["paper"], colours["ink"]) >= 7
    assert contrast(colours["land"], colours["ink"]) >= 7


def test_legend_speaks_both_languages() -> None:
    keys = {"resource.team", "incident.11A"}
    assert [row["text"] for row in legend(keys)] == ["水旱灾害", "救援队伍"]
    assert [row["text"] for row in legend(keys, "en")] == ["Flood and drought", "Team"]


def test_the_page_gets_everything() -> None:
    tables = page_tables()
    assert tables["symbols"]["task.ordered"]["shape"] == "flag"
    assert tables.keys() == {"symbols", "tones", "ground", "ranks"}


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two `#rrggbb` colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
