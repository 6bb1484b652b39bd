"""Alerts that authorities publish as JSON: each form turned into a CAP tree, so that one reader judges them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from comms.errors import CapRefused, FeedRefused
from comms.feeds.cap import Alert, alert_from_tree
from comms.feeds.entry import MAX_ENTRIES, Entry, Feed, refused
from comms.feeds.xmltree import Node, decode

MAX_JSON_DEPTH = 40  # the deepest real form is 10 deep
MAX_JSON_BYTES = 4_000_000  # four times the largest real list seen
MAX_JSON_VALUES = 600_000  # the outlines of a country's warnings; keeps a parse well under a second
_SCALAR = (str, int, float)
_PUBLISHED_AS_REAL = "the feed states no CAP status; it publishes only alerts in force, so it is read as Actual"

Facts = dict[str, Any]
Reader = Callable[[Facts], Entry]


def read_json(data: bytes) -> Feed:
    """A JSON feed by its shape: MeteoAlarm or MoWaS CAP, NWS or ECCC GeoJSON, AlertSwiss, CMA's list, USGS quakes.

    Raises `FeedRefused` when it is not JSON, too much of it, or of no known shape.
    """
    value = _parse(data)
    for sort, listed, reader in _FORMS:
        if found := listed(value):
            read = reader(value)
            return Feed(sort, _text(_dig(value, "title")), [read(one) for one in found[:MAX_ENTRIES]], len(found))
    raise FeedRefused("not_a_feed", "it is JSON, but in no form of alerts that is known here")


def _parse(data: bytes) -> Any:
    if len(data) > MAX_JSON_BYTES:
        raise FeedRefused("too_big", f"{len(data)} bytes of JSON, more than the {MAX_JSON_BYTES} that are read")
    if sum(data.count(sign) for sign in (b"{", b"[", b",")) > MAX_JSON_VALUES:
        raise FeedRefused("too_many_elements", f"more than {MAX_JSON_VALUES} values in the JSON")
    try:
        # The hooks are written in Python so that the parse lets other threads run: the C parser alone does not.
        return json.loads(
            decode(data, FeedRefused),
            object_pairs_hook=lambda pairs: dict(pairs),
            parse_int=lambda text: int(text),
            parse_float=lambda text: float(text),
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise FeedRefused("too_deep", "the JSON is nested too deep") from None
    except json.JSONDecodeError as trouble:
        where = f"line {trouble.lineno}, column {trouble.colno}"
        raise FeedRefused("not_well_formed", f"not JSON: {trouble.msg} at {where}") from None
    except ValueError:
        raise FeedRefused("not_well_formed", "not JSON: a number that no machine can hold") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _dig(value: Any, *path: str) -> Any:
    """The value at that path of keys, or None when any step is not there."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    """A plain value as text that every encoding can carry; JSON may hold halves of characters."""
    if not isinstance(value, _SCALAR) or isinstance(value, bool):
        return ""
    return str(value).encode("utf-8", "replace").decode("utf-8").strip()


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or ""
    except ValueError:
        return ""


def _dicts(value: Any) -> Iterator[Facts]:
    return (entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else iter(())


def _features(value: Any) -> list[Facts]:
    return list(_dicts(_dig(value, "features")))


def _first_properties(value: Any) -> Facts:
    found = _dig(next(iter(_features(value)), None), "properties")
    return found if isinstance(found, dict) else {}


def tree_of(value: Facts, name: str = "alert", depth: int = 0) -> Node:
    """JSON whose keys are CAP's element names as a tree: lists are repeated elements, all else is text."""
    if depth > MAX_JSON_DEPTH:
        raise CapRefused("too_deep", "the JSON is nested too deep")
    node = Node(name)
    for key, entry in value.items():
        for part in entry if isinstance(entry, list) else [entry]:
            if isinstance(part, dict):
                node.children.append(tree_of(part, key, depth + 1))
            elif text := _text(part):
                node.add(key, text)
    return node


def _entry(name: str, title: str, link: str, make: Callable[[], Alert]) -> Entry:
    try:
        return Entry(name or None, title or None, link or None, alert=make())
    except CapRefused as trouble:
        return refused(name, title, link, trouble)


# CAP's own names in JSON: MeteoAlarm wraps each alert, MoWaS gives the bare list, a file may hold a single one.


def _cap_alerts(value: Any) -> list[Facts]:
    if isinstance(value, dict) and "warnings" in value:
        return [entry["alert"] for entry in _dicts(value["warnings"]) if isinstance(entry.get("alert"), dict)]
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in _dicts(entries) if "msgType" in entry and "identifier" in entry]


def _cap_entry(alert: Facts) -> Entry:
    info = next(_dicts(alert.get("info")), {})
    title = _text(info.get("headline")) or _text(info.get("event"))
    name, link = _text(alert.get("identifier")), _text(info.get("web"))
    return _entry(name, title, link, lambda: alert_from_tree(tree_of(alert)))


# api.weather.gov


def _nws_features(value: Any) -> list[Facts]:
    return _features(value) if "messageType" in _first_properties(value) else []


def _nws_entry(feature: Facts) -> Entry:
    facts = feature.get("properties")
    facts = facts if isinstance(facts, dict) else {}
    link = _text(facts.get("web")) or _text(facts.get("@id")) or _text(feature.get("id"))
    name = _text(facts.get("id")) or link
    return _entry(name, _text(facts.get("headline")), link, lambda: _nws_alert(facts, feature.get("geometry"), link))


def _nws_alert(facts: Facts, geometry: Any, link: str) -> Alert:
    assumed: list[str] = []

    def stand_in(name: str, *others: str) -> str:
        value = _text(facts.get(name))
        if not value and (value := next((other for other in others if other), "")):
            assumed.append(f"{name} is missing; {value} stands for it")
        return value

    head = {
        "identifier": stand_in("id", link),
        "sender": stand_in("sender", _host(link)),
        "sent": stand_in("sent", _text(facts.get("effective"))),
        "status": facts.get("status"),
        "msgType": facts.get("messageType"),
        "scope": facts.get("scope") or "Public",
    }
    names = ("event", "urgency", "severity", "certainty", "effective", "onset", "expires", "headline", "description")
    info = {name: facts.get(name) for name in (*names, "instruction", "senderName", "category", "web")}
    area = {"areaDesc": facts.get("areaDesc"), "polygon": _rings(geometry), "geocode": _nws_codes(facts)}
    head["references"] = " ".join(_nws_reference(entry) for entry in _dicts(facts.get("references")))
    return _with(alert_from_tree(tree_of({**head, "info": {"language": "en-US", **info, "area": area}})), assumed)


def _nws_reference(entry: Facts) -> str:
    return ",".join("".join(_text(entry.get(name)).split()) for name in ("sender", "identifier", "sent"))


def _nws_codes(facts: Facts) -> list[dict[str, str]]:
    codes = facts.get("geocode")
    codes = codes if isinstance(codes, dict) else {}
    lists = ((name, values) for name, values in codes.items() if isinstance(values, list))
    return [{"valueName": name, "value": _text(value)} for name, values in lists for value in values]


def _with(alert: Alert, problems: list[str]) -> Alert:
    alert["problems"] = [*problems, *alert["problems"]]
    return alert


def _rings(geometry: Any) -> list[str]:
    """The outer rings of a GeoJSON geometry as CAP polygons; holes are left out, the area is then the larger."""
    kind, parts = _dig(geometry, "type"), _dig(geometry, "coordinates")
    polygons = [parts] if kind == "Polygon" else parts if kind == "MultiPolygon" else []
    outer = [polygon[0] for polygon in polygons if isinstance(polygon, list) and polygon] if polygons else []
    return [_ring(ring) for ring in outer if isinstance(ring, list)]


def _ring(ring: list[Any]) -> str:
    return " ".join(f"{point[1]},{point[0]}" if isinstance(point, list) and len(point) > 1 else "?" for point in ring)


# Environment and Climate Change Canada


def _eccc_features(value: Any) -> list[Facts]:
    return _features(value) if "alert_name_en" in _first_properties(value) else []


def _eccc_reader(value: Any) -> Reader:
    links = (_text(entry.get("href")) for entry in _dicts(_dig(value, "links")))
    sender = next((host for link in links if (host := _host(link))), "") or "weather.gc.ca"
    return lambda feature: _eccc_entry(feature, sender)


def _eccc_entry(feature: Facts, sender: str) -> Entry:
    facts = feature.get("properties")
    facts = facts if isinstance(facts, dict) else {}
    name, title = _text(facts.get("id")) or _text(feature.get("id")), _text(facts.get("alert_name_en"))
    rings = _rings(feature.get("geometry"))
    return _entry(name, title, "", lambda: _eccc_alert(facts, name, sender, rings))


_ECCC_TYPES = {"issued": "Alert", "continued": "Update", "updated": "Update", "ended": "Cancel", "cancelled": "Cancel"}


def _eccc_alert(facts: Facts, name: str, sender: str, rings: list[str]) -> Alert:
    tree = {
        "identifier": name,
        "sender": sender,
        "sent": facts.get("publication_datetime"),
        "status": "Actual",
        "msgType": _ECCC_TYPES.get(_text(facts.get("status_en")).lower(), "Alert"),
        "scope": "Public",
        "info": [_eccc_info(facts, "en", "en-CA", rings), _eccc_info(facts, "fr", "fr-CA", rings)],
    }
    return _with(alert_from_tree(tree_of(tree)), [_PUBLISHED_AS_REAL])


def _eccc_info(facts: Facts, tongue: str, language: str, rings: list[str]) -> Facts:
    return {
        "language": language,
        "event": facts.get(f"alert_short_name_{tongue}"),
        "onset": facts.get("validity_datetime"),
        "expires": facts.get("expiration_datetime"),
        "headline": facts.get(f"alert_name_{tongue}"),
        "description": facts.get(f"alert_text_{tongue}"),
        "eventCode": {"valueName": "ECCC", "value": facts.get("alert_code")},
        "parameter": {"valueName": "colour", "value": facts.get("risk_colour_en")},
        "area": {
            "areaDesc": facts.get(f"feature_name_{tongue}"),
            "polygon": rings,
            "geocode": {"valueName": "ECCC feature", "value": facts.get("feature_id")},
        },
    }


# AlertSwiss, one alert or the list of them


def _swiss_alerts(value: Any) -> list[Facts]:
    listed = _dig(value, "alerts")
    entries = listed if isinstance(listed, list) else [value]
    return [entry for entry in _dicts(entries) if "publisherName" in entry and "identifier" in entry]


def _swiss_entry(facts: Facts) -> Entry:
    name, title = _text(facts.get("identifier")), _text(_dig(facts, "title", "title"))
    return _entry(name, title, _text(facts.get("link")), lambda: _swiss_alert(facts))


def _swiss_alert(facts: Facts) -> Alert:
    test = facts.get("testAlert") is True or facts.get("technicalTestAlert") is True
    reference = _text(facts.get("reference"))
    sent, assumed = _swiss_sent(facts, reference)
    if not test:
        assumed.append(_PUBLISHED_AS_REAL)
    tree = {
        "identifier": facts.get("identifier"),
        "sender": facts.get("sender") or facts.get("publisherName"),
        "sent": sent,
        "status": "Test" if test else "Actual",
        "msgType": "Cancel" if facts.get("allClear") is True else "Alert",
        "scope": "Public",
        "references": reference,
        "info": _swiss_info(facts),
    }
    return _with(alert_from_tree(tree_of(tree)), assumed)


def _swiss_sent(facts: Facts, reference: str) -> tuple[str, list[str]]:
    """Its time has no zone, but its reference to itself has: that one is taken."""
    sender, identifier, when = [*reference.split(","), "", "", ""][:3]
    if sender and identifier == _text(facts.get("identifier")) and when:
        return when, [f"sent {_text(facts.get('sent'))!r} has no zone; the time of its own reference stands for it"]
    return _text(facts.get("sent")), []


def _swiss_info(facts: Facts) -> Facts:
    origin = _text(facts.get("gtransOrigin"))
    return {
        "language": origin.split("-x-")[0] or None,
        "event": facts.get("event"),
        "severity": facts.get("severity"),
        "headline": _dig(facts, "title", "title"),
        "description": _dig(facts, "description", "description"),
        "instruction": [_text(entry.get("text")) for entry in _dicts(facts.get("instructions"))],
        "senderName": facts.get("publisherName"),
        "web": facts.get("link"),
        "area": [_swiss_area(area) for area in _dicts(facts.get("areas"))],
    }


def _swiss_area(area: Facts) -> Facts:
    regions = [{"valueName": "region", "value": entry.get("region")} for entry in _dicts(area.get("regions"))]
    rings = [polygon.get("coordinates") for polygon in _dicts(area.get("polygons"))]
    return {
        "areaDesc": _dig(area, "description", "description"),
        "polygon": [_swiss_ring(ring) for ring in rings if isinstance(ring, list)],
        "geocode": regions,
    }


def _swiss_ring(ring: list[Any]) -> str:
    """AlertSwiss writes latitude first, as CAP does."""
    return " ".join(",".join(_text(part) for part in point[:2]) if isinstance(point, list) else "?" for point in ring)


# Lists that are not alerts: CMA's list of titles, and earthquakes that were measured


def _cma_listed(value: Any) -> list[Facts]:
    return [*_dicts(_dig(value, "data", "page", "list")), *_dicts(_dig(value, "data", "provinceAlarms"))]


def _cma_entry(facts: Facts) -> Entry:
    trouble = FeedRefused("index_only", "a title, a time and a link; the text of the warning is behind the link")
    return refused(_text(facts.get("alertid")), _text(facts.get("title")), _text(facts.get("url")), trouble)


def _quakes(value: Any) -> list[Facts]:
    return _features(value) if "mag" in _first_properties(value) else []


def _quake(feature: Facts) -> Entry:
    facts = feature.get("properties")
    facts = facts if isinstance(facts, dict) else {}
    kind, size = _text(facts.get("type")) or "event", _text(facts.get("mag")) or "unknown"
    trouble = FeedRefused("not_an_alert", f"a measurement ({kind}, magnitude {size}), not an authority's alert")
    return refused(_text(feature.get("id")), _text(facts.get("title")), _text(facts.get("url")), trouble)


_FORMS: tuple[tuple[str, Callable[[Any], list[Facts]], Callable[[Any], Reader]], ...] = (
    ("cap-json", _cap_alerts, lambda _: _cap_entry),
    ("nws-geojson", _nws_features, lambda _: _nws_entry),
    ("eccc-geojson", _eccc_features, _eccc_reader),
    ("alertswiss", _swiss_alerts, lambda _: _swiss_entry),
    ("cma-list", _cma_listed, lambda _: _cma_entry),
    ("usgs-geojson", _quakes, lambda _: _quake),
)
