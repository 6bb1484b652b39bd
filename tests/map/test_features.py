"""From record to feature: positions, ranks, marks, areas, and the strange things that alerts carry."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from map.features import (
    MAX_LABEL,
    MAX_RING_POINTS,
    MAX_RINGS,
    drawn,
    feature,
    features,
    label_text,
    position,
    region_codes,
    ring_of,
    signed_area,
    unplaced_codes,
)
from tests.map.samples import box, incident, night_at_huaian, record, resource, warning

SQUARE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]


def test_an_incident() -> None:
    made = feature(incident(1, "堤防渗漏", [119.2, 33.9], "11A04", "II", "handling"))
    assert made == {
        "id": f"{1:064x}", "kind": "incident", "symbol": "incident.11A", "label": "堤防渗漏", "pos": [119.2, 33.9],
        "areas": [], "circles": [], "rank": 1, "stage": "handling", "mark": "", "conflict": False,
    }  # fmt: skip


def test_conflict_is_told() -> None:
    made = feature({**incident(1, "火", [1, 2], None), "conflicts": [{"field": "grade"}]})
    assert made and made["conflict"] is True


def test_no_position_is_no_position() -> None:
    made = feature(resource(2, "队", None, "team"))
    assert made and made["pos"] is None


@pytest.mark.parametrize(
    ("kind", "stage"), [("incident", "closed"), ("incident", "void"), ("warning", "lifted"), ("task", "withdrawn"),
                        ("logentry", ""), ("call", "received"), ("nothing", "")]
)  # fmt: skip
def test_what_is_over_or_not_of_the_map_is_not_drawn(kind: str, stage: str) -> None:
    assert not drawn(record(1, kind, stage))
    assert feature(record(1, kind, stage)) is None


def test_a_task_stands_at_its_incident() -> None:
    fire = incident(1, "火", [119.0, 33.5], "12G01")
    made = features([record(2, "task", "ordered", incident=fire["id"], title="去"), fire])
    assert made[f"{2:064x}"]["pos"] == [119.0, 33.5]
    assert features([record(2, "task", "ordered", incident="gone", title="去")])[f"{2:064x}"]["pos"] is None


def test_a_warning_by_polygon_carries_its_colour_and_a_badge_inside() -> None:
    made = feature(warning(1, "orange", {"polygons": [box(119.0, 33.4, 119.2, 33.6)]}))
    assert made and made["rank"] == 1 and made["symbol"] == "warning.11B" and made["label"] == "暴雨"
    assert len(made["areas"]) == 1 and made["pos"]
    assert 119.0 < made["pos"][0] < 119.2 and 33.4 < made["pos"][1] < 33.6


def test_the_badge_of_a_crescent_is_inside_it() -> None:
    crescent = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 9], [9, 9], [9, 1], [0, 1]]
    made = feature(warning(1, "red", {"polygons": [crescent]}))
    assert made and made["pos"] and made["pos"][0] > 9


def test_a_circle() -> None:
    made = feature(warning(1, "blue", {"circles": [[119.0, 33.0, 12.5], [1, 2, -5], [1, 2], [1, 2, 1e9]]}))
    assert made and made["circles"] == [[119.0, 33.0, 12.5]] and made["pos"] == [119.0, 33.0]


@pytest.mark.parametrize(("status", "mark"), [("Exercise", "演练"), ("Test", "测试"), ("System", "系统"),
                                              ("Draft", "草稿"), ("Actual", "")])  # fmt: skip
def test_what_is_not_real_is_marked(status: str, mark: str) -> None:
    made = feature(warning(1, "red", {"polygons": [SQUARE]}, status=status))
    assert made and made["mark"] == mark


def test_a_realm_marks_everything_but_keeps_a_warnings_own_mark() -> None:
    assert feature(incident(1, "火", [1, 2], None), mark="演练")["mark"] == "演练"  # type: ignore[index]
    assert feature(warning(1, "red", {}, status="Test"), mark="演练")["mark"] == "测试"  # type: ignore[index]


def test_geocodes_become_areas_when_a_boundary_is_here() -> None:
    asked: list[str] = []

    def boundary(code: str) -> list[list[list[float]]] | None:
        asked.append(code)
        return [SQUARE] if code == "320812000000" else None

    codes = {"geocodes": [{"name": "CPEAS Geographic Code", "value": "320812000000,320803"}]}
    made = feature(warning(1, "red", codes), boundary=boundary)
    assert made and made["areas"] == [SQUARE] and asked == ["320812000000", "320803000000"]
    assert unplaced_codes(warning(1, "red", codes), boundary) == ["320803000000"]


def test_without_a_boundary_the_warning_has_no_place() -> None:
    made = feature(warning(1, "red", {"geocodes": [{"name": "x", "value": "320812000000"}]}))
    assert made and made["areas"] == [] and made["pos"] is None


def test_a_polygon_wins_over_geocodes() -> None:
    area = {"polygons": [SQUARE], "geocodes": [{"name": "x", "value": "320812"}]}
    made = feature(warning(1, "red", area), boundary=lambda code: pytest.fail("asked"))
    assert made and len(made["areas"]) == 1


def test_the_same_area_in_two_languages_is_one() -> None:
    alert = warning(1, "red", {"polygons": [SQUARE]})
    alert["areas"] = []
    alert["alert"]["infos"] *= 2
    made = feature(alert)
    assert made and len(made["areas"]) == 1


def test_too_many_rings_and_points_are_bounded() -> None:
    many = {"polygons": [SQUARE] * (MAX_RINGS + 50)}
    assert len(feature(warning(1, "red", many))["areas"]) == MAX_RINGS  # type: ignore[index]
    circle = [[math.cos(a / 1e4), math.sin(a / 1e4)] for a in range(60_000)]
    assert len(ring_of(circle) or []) == MAX_RING_POINTS


@pytest.mark.parametrize("value", ["320812000000 320812000000", " 320812 ", "x320812000000y"])
def test_region_codes_are_found_once(value: str) -> None:
    assert region_codes({"geocodes": [{"name": "any", "value": value}]}) == ["320812000000"]


def test_other_geocodes_are_no_region_codes() -> None:
    assert region_codes({"geocodes": [{"name": "SAME", "value": "12345"}, {"name": "x", "value": "1234567890"}]}) == []


@pytest.mark.parametrize("bad", [None, "", [], [1], ["1", "2"], [math.nan, 1], [math.inf, 1], [181, 0], [0, 91], {}, 5])
def test_what_is_not_a_position(bad: object) -> None:
    assert position(bad) is None


def test_rings_go_against_the_clock() -> None:
    assert ring_of(SQUARE[::-1]) == SQUARE
    assert ring_of(SQUARE[:2]) is None and ring_of("abc") is None and ring_of([["a", 1]] * 5) is None


@given(st.text(max_size=300))
def test_a_label_is_one_printable_line(text: str) -> None:
    label = label_text(text)
    assert len(label) <= MAX_LABEL
    assert not any(ord(char) < 32 or "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in label)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(_JUNK, max_size=3), st.lists(_JUNK, max_size=3), _JUNK)
def test_foreign_shapes_never_break_it(polygons: list[Any], circles: list[Any], where: Any) -> None:
    alert = warning(1, "red", {"polygons": polygons, "circles": circles})
    made = feature({**alert, "position": where})
    assert made is not None
    json.dumps(made, allow_nan=False)
    assert all(signed_area(ring) >= 0 for ring in made["areas"])


def test_the_night_has_its_features() -> None:
    made = features(night_at_huaian())
    assert len(made) == 25 and all(made[key]["id"] == key for key in made)
    assert [item["id"] for item in made.values() if item["pos"] is None] == []
