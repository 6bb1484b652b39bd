"""The two reckonings: published vectors, an exact way back, and nothing shifted where nothing should be."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from map.datum import Datum, Gcj02, Wgs84, ring_to_wgs84, shifted_here, to_gcj02, to_wgs84
from tests.map.data import DATA, needs_data

CHINA = (st.floats(75, 134), st.floats(18.5, 53))


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
     ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766))],
)  # fmt: skip
def test_published_vectors(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    there = to_gcj02(Wgs84(*wgs))
    assert (there.lon, there.lat) == pytest.approx(gcj, abs=1e-9)


@needs_data
def test_every_city_agrees_with_an_independent_table() -> None:
    cities = json.loads((DATA / "coords/china_cities_6crs_a.json").read_text())
    assert len(cities) > 300
    for city in cities:
        there = to_gcj02(Wgs84(*city["coords"]["WGS84"]))
        assert [there.lon, there.lat] == pytest.approx(city["coords"]["GCJ02"], abs=1e-5), city["attrs"]


@needs_data
def test_vectors_of_the_data_folder() -> None:
    with Path(DATA / "coords/eviltransform_vectors.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        there = to_gcj02(Wgs84(float(row["in_lon"]), float(row["in_lat"])))
        assert there.lon == pytest.approx(float(row["out_lon"]), abs=1e-9)


NEAR = 0.01  # degrees; the shift is never larger


@settings(max_examples=300)
@example(124.37109375, 21.0)
@given(*CHINA)
def test_there_and_back_is_exact(lon: float, lat: float) -> None:
    here = Wgs84(lon, lat)
    back = to_wgs84(to_gcj02(here))
    around = {shifted_here(lon + east, lat + north) for east in (-NEAR, 0, NEAR) for north in (-NEAR, 0, NEAR)}
    if len(around) == 1:  # nearer to the edge of the shifted region than the shift itself there are two answers
        assert (back.lon, back.lat) == pytest.approx((lon, lat), abs=1e-9)


@pytest.mark.parametrize(
    ("lon", "lat"), [(-74.0, 40.7), (139.7, 35.7), (121.56, 25.03), (114.17, 22.30), (113.55, 22.19), (103.8, 1.35)]
)
def test_unshifted_places_stay(lon: float, lat: float) -> None:
    assert to_gcj02(Wgs84(lon, lat)) == Gcj02(lon, lat)
    assert to_wgs84(Gcj02(lon, lat)) == Wgs84(lon, lat)


def test_the_two_are_different_types() -> None:
    assert Wgs84(1.0, 2.0) != Gcj02(1.0, 2.0)


def test_a_ring_loses_heights_and_moves_only_when_declared() -> None:
    ring = [[119.0, 33.0, 5.0], [119.1, 33.0, 5.0]]
    assert ring_to_wgs84(ring, Datum.WGS84) == [[119.0, 33.0], [119.1, 33.0]]
    moved = ring_to_wgs84(ring, Datum.GCJ02)
    assert 0.003 < 119.0 - moved[0][0] < 0.008
