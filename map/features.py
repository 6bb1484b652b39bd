"""From a record to the one thing drawn for it: pure functions, the same record always gives the same feature.

A ring is `[[lon, lat], ...]` in WGS-84; counter-clockwise encloses, clockwise is a hole, and rings may overlap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, TypedDict

from map.datum import Ring
from map.symbols import centre_symbol, event_symbol, rank_of, resource_symbol, task_symbol

Record = Mapping[str, Any]
Boundary = Callable[[str], list[Ring] | None]
"""Gives the rings of a region by its 12-digit code, or None when this machine has no boundary for it."""


class Feature(TypedDict):
    """One drawn thing, as the page takes it."""

    id: str
    kind: str
    symbol: str
    label: str
    pos: list[float] | None
    areas: list[Ring]
    circles: list[list[float]]
    rank: int
    stage: str
    mark: str
    conflict: bool


MAX_RINGS = 200  # one alert of a national service lists about this many counties
MAX_RING_POINTS = 5_000  # finer than a pixel at any zoom a desk uses; keeps one message well under a megabyte
MAX_LABEL = 60  # characters; the whole text is in the desk's own panels

STATUS_MARK = {"Exercise": "演练", "Test": "测试", "System": "系统", "Draft": "草稿"}

_OVER = {
    "incident": {"closed", "merged", "void"},
    "warning": {"dismissed", "lifted"},
    "task": {"checked", "declined", "withdrawn"},
}
# Control characters and the ones that turn the direction of writing: a label must read as it was written.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_REGION = re.compile(r"(?<!\d)(\d{12}|\d{9}|\d{6})(?!\d)")


def drawn(record: Record) -> bool:
    """Whether a record belongs on the live map: its kind is drawn and it is not over."""
    kind = record.get("kind")
    return kind in _MAKERS and record.get("stage") not in _OVER.get(str(kind), set())


def feature(record: Record, *, boundary: Boundary | None = None, mark: str = "") -> Feature | None:
    """The feature of a record, or None when it is not drawn (see `drawn`).

    Args:
        boundary: gives rings for the region codes of a warning that has no polygon.
        mark: word for everything of this realm, such as 演练; a warning's own status adds its own.
    """
    if not drawn(record):
        return None
    made = warning_feature(record, boundary) if record["kind"] == "warning" else _MAKERS[record["kind"]](record)
    made["mark"] = made["mark"] or mark
    return made


def features(records: Iterable[Record], *, boundary: Boundary | None = None, mark: str = "") -> dict[str, Feature]:
    """Features by id for many records; a task without a place of its own stands where its incident is."""
    records = list(records)
    places = {record["id"]: position(record.get("position")) for record in records if record.get("kind") == "incident"}
    made = {item["id"]: item for item in (feature(r, boundary=boundary, mark=mark) for r in records) if item}
    for record in records:
        if record.get("kind") == "task" and record["id"] in made and made[record["id"]]["pos"] is None:
            made[record["id"]]["pos"] = places.get(record.get("incident", ""))
    return made


def incident_feature(record: Record) -> Feature:
    """An incident at its position; rank from its grade."""
    symbol = event_symbol("incident", record.get("type"))
    return _point(record, symbol, record.get("title") or record.get("place"), rank_of(record.get("grade")))


def task_feature(record: Record) -> Feature:
    """A task; usually without a place of its own."""
    return _point(record, task_symbol(record.get("stage")), record.get("title") or record.get("text"))


def resource_feature(record: Record) -> Feature:
    """A resource at its position."""
    return _point(record, resource_symbol(record.get("type")), record.get("name"))


def centre_feature(record: Record) -> Feature:
    """A command centre; its level is the depth of its path."""
    path = str(record.get("path") or record.get("centre") or "")
    return _point(record, centre_symbol(path), record.get("name") or path)


def warning_feature(record: Record, boundary: Boundary | None = None) -> Feature:
    """A warning as areas with a badge: its polygons and circles, else the boundaries of its region codes.

    An area that nobody here can place leaves the feature without areas; `unplaced_codes` names it for a list.
    """
    made = _point(record, event_symbol("warning", _event_code(record)), record.get("event") or record.get("headline"))
    made["rank"] = rank_of(record.get("colour"))
    made["mark"] = STATUS_MARK.get(str(record.get("status") or ""), "")
    for area in _areas(record):
        _add_area(made, area, boundary)
    made["areas"] = made["areas"][:MAX_RINGS]
    made["pos"] = _badge(made)
    return made


def region_codes(area: Mapping[str, Any]) -> list[str]:
    """The 12-digit region codes of one CAP area, in order, each once; 6 and 9 digits are filled with zeros."""
    text = " ".join(str(geocode.get("value", ""))[:10_000] for geocode in area.get("geocodes") or ())
    return list(dict.fromkeys(code.ljust(12, "0") for code in _REGION.findall(text)))


def unplaced_codes(record: Record, boundary: Boundary) -> list[str]:
    """Region codes of a warning that could be drawn by nothing: no polygon, no circle, no boundary on this machine."""
    bare = (area for area in _areas(record) if not area.get("polygons") and not area.get("circles"))
    codes = dict.fromkeys(code for area in bare for code in region_codes(area))
    return [code for code in codes if not boundary(code)]


def position(value: object) -> list[float] | None:
    """`[lon, lat]` if that is what was given and it is on Earth, else None."""
    if not isinstance(value, list | tuple) or len(value) < 2:
        return None
    lon, lat = value[0], value[1]
    if not all(isinstance(number, int | float) and isfinite(number) for number in (lon, lat)):
        return None
    return [float(lon), float(lat)] if abs(lon) <= 180 and abs(lat) <= 90 else None


def label_text(text: object) -> str:
    """One printable line of at most MAX_LABEL characters; direction marks and control characters go."""
    line = " ".join(_UNPRINTABLE.sub(" ", str(text or "")).split())
    return line if len(line) <= MAX_LABEL else line[: MAX_LABEL - 1] + "…"


def ring_of(points: object) -> Ring | None:
    """A counter-clockwise ring of at most MAX_RING_POINTS from foreign numbers, or None when they make no area."""
    if not isinstance(points, list | tuple):
        return None
    ring = [found for found in (position(point) for point in points) if found]
    if len(ring) < 3:
        return None
    ring = thinned(ring, MAX_RING_POINTS)
    return ring if signed_area(ring) >= 0 else ring[::-1]


def thinned(ring: Ring, limit: int) -> Ring:
    """The ring with at most `limit` points, evenly taken; first and last stay."""
    if len(ring) <= limit:
        return ring
    step = (len(ring) - 1) / (limit - 1)
    return [ring[round(index * step)] for index in range(limit)]


def signed_area(ring: Ring) -> float:
    """Twice the area in square degrees, positive when counter-clockwise."""
    following = ring[1:] + ring[:1]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, following, strict=True))


def _point(record: Record, symbol: str, label: object, rank: int = 4) -> Feature:
    return Feature(
        id=str(record["id"]), kind=str(record["kind"]), symbol=symbol, label=label_text(label),
        pos=position(record.get("position")), areas=[], circles=[], rank=rank, stage=str(record.get("stage") or ""),
        mark="", conflict=bool(record.get("conflicts")),
    )  # fmt: skip


def _event_code(record: Record) -> str | None:
    """The first GB/T 35561 code among the alert's event codes; other code systems say nothing here."""
    infos = (record.get("alert") or {}).get("infos") or ()
    codes = (str(code.get("value", "")) for info in infos for code in info.get("event_codes") or ())
    return next((code for code in codes if re.fullmatch(r"1[1-4][0-9A-Z]{3}", code)), None)


def _areas(record: Record) -> list[Mapping[str, Any]]:
    """The areas of a warning, each once: an alert in several languages repeats them."""
    infos = (record.get("alert") or {}).get("infos") or ()
    areas = list(record.get("areas") or ()) or [area for info in infos for area in info.get("areas") or ()]
    unique: dict[str, Mapping[str, Any]] = {}
    for area in areas:
        shape = (area.get("polygons") or [], area.get("circles") or [], region_codes(area))
        unique.setdefault(repr(shape), area)
    return list(unique.values())


def _add_area(made: Feature, area: Mapping[str, Any], boundary: Boundary | None) -> None:
    rings = [ring for ring in map(ring_of, area.get("polygons") or ()) if ring]
    circles = [circle for circle in map(_circle, area.get("circles") or ()) if circle]
    if not rings and not circles and boundary:
        found = [boundary(code) or [] for code in region_codes(area)[:MAX_RINGS]]
        rings = [thinned(ring, MAX_RING_POINTS) for rings_of_code in found for ring in rings_of_code]
    made["areas"].extend(rings)
    made["circles"].extend(circles)


def _circle(value: object) -> list[float] | None:
    """`[lon, lat, km]`, or None; a radius past half the Earth's girth is an error of the sender."""
    centre = position(value)
    if centre is None or not isinstance(value, list | tuple) or len(value) < 3:
        return None
    radius = value[2]
    if not isinstance(radius, int | float) or not 0 <= radius <= 20_000:
        return None
    return [*centre, float(radius)]


def _badge(made: Feature) -> list[float] | None:
    """Where the badge stands: inside the largest ring, else the largest circle's centre."""
    if made["areas"]:
        return _inside(max(made["areas"], key=lambda ring: signed_area(ring)))
    if made["circles"]:
        return max(made["circles"], key=lambda circle: circle[2])[:2]
    return made["pos"]


def _inside(ring: Ring) -> list[float]:
    """A point inside the ring: the middle of its widest stretch at the mean latitude of its corners."""
    middle_lat = sum(lat for _, lat in ring) / len(ring)
    crossings = sorted(_crossings(ring, middle_lat))
    if len(crossings) < 2:
        return list(ring[0])
    pairs = list(zip(crossings[::2], crossings[1::2], strict=False))
    west, east = max(pairs, key=lambda pair: pair[1] - pair[0])
    return [round((west + east) / 2, 6), round(middle_lat, 6)]


def _crossings(ring: Ring, lat: float) -> Iterable[float]:
    """Longitudes where the ring crosses a parallel."""
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > lat) != (y2 > lat):
            yield x1 + (x2 - x1) * (lat - y1) / (y2 - y1)


_MAKERS: dict[str, Callable[[Record], Feature]] = {
    "incident": incident_feature,
    "warning": warning_feature,
    "task": task_feature,
    "resource": resource_feature,
    "centre": centre_feature,
}
