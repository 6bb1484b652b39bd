"""Where on Earth, and by whose reckoning: WGS-84 and GCJ-02 as types that cannot be mixed by accident.

Records are WGS-84. GCJ-02 (the Chinese web-map datum, 100-700 m off) appears only where something foreign comes in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import cos, pi, sin, sqrt

Ring = list[list[float]]
"""Positions `[[lon, lat], ...]` in degrees; counter-clockwise encloses, clockwise is a hole."""

_A = 6378245.0  # Krasovsky 1940, as GCJ-02 uses it
_EE = 0.00669342162296594323
_ROUNDS = 12  # each round of the inverse gains two digits or more, so this bound is never the reason to stop
_CLOSE = 1e-11  # degrees, about a micrometre: below it another round changes nothing

# GCJ-02 is applied inside China only. Rectangles (west, south, east, north) follow the border closely enough to leave
# neighbours alone; islands and regions whose sources are WGS-84 are taken out again.
_INSIDE = (
    (79.4462, 42.8899, 96.3300, 49.2204),
    (109.6872, 39.3742, 135.0002, 54.1415),
    (73.1246, 29.5297, 124.143255, 42.8899),
    (82.9684, 26.7186, 97.0352, 29.5297),
    (97.0253, 20.414096, 124.367395, 29.5297),
    (107.975793, 17.871542, 111.744104, 20.414096),
    (111.0, 15.5, 113.2, 17.3),
)
_OUTSIDE = (
    (119.921265, 21.785006, 122.497559, 25.398623),
    (101.8652, 20.0988, 106.665, 22.284),
    (106.4525, 20.4878, 108.051, 21.5422),
    (109.0323, 50.3257, 119.127, 55.8175),
    (127.4568, 49.5574, 137.0227, 55.8175),
    (131.2662, 42.5692, 137.0227, 44.8922),
    (113.528, 22.105, 113.61, 22.2155),
)
_HONG_KONG = (
    (113.82, 22.13), (114.50, 22.13), (114.50, 22.50), (114.33, 22.57), (114.24, 22.545), (114.17, 22.56),
    (114.15, 22.555), (114.12, 22.535), (114.08, 22.53), (114.03, 22.50), (113.95, 22.47), (113.88, 22.43),
    (113.82, 22.40),
)  # fmt: skip


class Datum(StrEnum):
    """What an import or a tile set declares about its numbers."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


@dataclass(frozen=True, slots=True)
class Wgs84:
    """A position by WGS-84 (CGCS2000 differs by less than a metre), degrees."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Gcj02:
    """A position by GCJ-02, degrees."""

    lon: float
    lat: float


def to_gcj02(position: Wgs84) -> Gcj02:
    """The same spot as GCJ-02 maps number it; unchanged outside China."""
    return Gcj02(*_forward(position.lon, position.lat))


def to_wgs84(position: Gcj02) -> Wgs84:
    """The same spot in WGS-84: the exact inverse of `to_gcj02`, by iteration, to under a millimetre."""
    return Wgs84(*_inverse(position.lon, position.lat))


def ring_to_wgs84(ring: Iterable[Iterable[float]], datum: Datum) -> Ring:
    """A ring given in `datum` as `[[lon, lat], ...]` in WGS-84; further numbers (heights) are left out."""
    pairs = ((lon, lat) for lon, lat, *_ in ring)
    if datum is Datum.GCJ02:
        return [list(_inverse(lon, lat)) for lon, lat in pairs]
    return [[lon, lat] for lon, lat in pairs]


def shifted_here(lon: float, lat: float) -> bool:
    """Whether GCJ-02 differs from WGS-84 at this place (mainland China)."""
    if not any(_within(lon, lat, box) for box in _INSIDE):
        return False
    return not (any(_within(lon, lat, box) for box in _OUTSIDE) or _in_polygon(lon, lat, _HONG_KONG))


def _within(lon: float, lat: float, box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    return west <= lon <= east and south <= lat <= north


def _in_polygon(lon: float, lat: float, polygon: tuple[tuple[float, float], ...]) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _forward(lon: float, lat: float) -> tuple[float, float]:
    if not shifted_here(lon, lat):
        return lon, lat
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def _inverse(lon: float, lat: float) -> tuple[float, float]:
    """Fixed point of p = q - shift(p); the shift changes slowly, so it converges from anywhere in China."""
    here_lon, here_lat = lon, lat
    for _ in range(_ROUNDS):
        east, north = _shift(here_lon, here_lat)
        step = abs(lon - east - here_lon) + abs(lat - north - here_lat)
        here_lon, here_lat = lon - east, lat - north
        if step < _CLOSE:
            break
    return (here_lon, here_lat) if shifted_here(here_lon, here_lat) else (lon, lat)


def _shift(lon: float, lat: float) -> tuple[float, float]:
    """The published GCJ-02 offset in degrees (east, north)."""
    x, y = lon - 105.0, lat - 35.0
    common = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = lat / 180.0 * pi
    magic = 1 - _EE * sin(radians) ** 2
    return (
        east * 180.0 / (_A / sqrt(magic) * cos(radians) * pi),
        north * 180.0 / (_A * (1 - _EE) / (magic * sqrt(magic)) * pi),
    )
