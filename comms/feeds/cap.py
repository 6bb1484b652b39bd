"""One CAP alert: bytes to alert JSON, or a refusal with the reason. What cannot be true is dropped and named."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from comms.errors import CapRefused
from comms.feeds import dialects
from comms.feeds.xmltree import Limits, Node, parse

Alert = dict[str, Any]

# 2 MB: the largest real alerts seen are near 200 kB, with a sound file inside; an alert is read whole into memory.
ALERT_LIMITS = Limits(max_bytes=2_000_000, max_elements=20_000)
MAX_ALERT_JSON = 160_000  # bytes of JSON; an alert travels in one op, and a frame of the wire holds 256 kB
MAX_LONG_TEXT = 20_000  # characters of a description or instruction; more is not read by anybody on duty
MAX_SHORT_TEXT = 500  # characters of a name, headline or code
MAX_INFOS = 64
MAX_AREAS = 1_000
MAX_POINTS = 20_000  # of all outlines of one alert; the most detailed real one seen has 7,000
MAX_GEOCODES = 5_000
MAX_PAIRS = 60  # event codes, parameters or resources of one info
MAX_REFERENCES = 500
MAX_PROBLEMS = 100
MAX_RADIUS_KM = 20_038  # half way round the earth
MAX_OVER = 10.0  # degrees that an outline may run across the date line; it is then drawn unbroken on one side

CAP_SPACES = {
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "http://www.incident.com/cap/1.0": "1.0",
    "urn:oasis:names:tc:emergency:cap:1.0": "1.0",
    "": "",
}
STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
_RENAMED = {"very likely": "likely"}  # CAP 1.0
_MARKS = {"Actual": "", "Exercise": "演练", "Test": "测试", "System": "系统", "Draft": "草稿"}
_TIME = re.compile(r"(\d{4})(-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|z|[+-]\d\d:?\d\d)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,12}\.?\d{0,20}|\.\d{1,20})([eE][+-]?\d{1,2})?", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"


def read_alert(data: bytes) -> Alert:
    """One CAP alert (1.2, 1.1, 1.0, or China's 12379 dialect) as alert JSON, ready for `json.dumps`.

    Shape: `{identifier, sender, sent, status, msg_type, scope, references: [{sender, identifier, sent}], infos:
    [{language, event, urgency, severity, certainty, effective, onset, expires, headline, description, instruction,
    sender_name, event_codes: [{name, value}], colour, categories, response_types, web, contact, parameters: [{name,
    value}], resources: [{desc, mime, uri, embedded_chars}], areas: [{desc, polygons, circles, geocodes: [{name,
    value}]}]}], version, note, signed (a signature is there; it was not checked), problems: [words]}`, and from 12379
    `messages: [{name, text}]`. What is not there is null or an empty list.
    Times are RFC 3339 with zone or null; positions are WGS-84 `[lon, lat]`, circles `[lon, lat, radius_km]`; an outline
    is closed. A time without zone is null and named in `problems` (`sent` then also stands as `sent_text`).

    Raises `CapRefused` when the bytes are not one alert, or lack identifier, sender, sent, status or msgType.
    """
    if data.lstrip()[:1] in (b"{", b"["):
        raise CapRefused("not_an_alert", "this is JSON; a feed in JSON is read by polling it")
    return alert_from_tree(parse(data, ALERT_LIMITS))


def alert_from_tree(root: Node) -> Alert:
    """The same from an element; the tree may be changed on the way. Raises `CapRefused`."""
    _check_root(root)
    problems = _Problems()
    dialect = dialects.is_12379(root)
    if dialect:
        dialects.standardise_12379(root, problems.say)
    alert = _head(root, problems)
    alert["infos"] = _infos(root, problems)
    alert["version"] = "12379" if dialect else CAP_SPACES[root.space]
    alert.update(_extras(root))
    _look_over(alert, problems)
    alert["problems"] = problems.words
    return _fitted(alert, problems)


def import_line(path: str | Path) -> dict[str, Any]:
    """Read one file: `{file, accepted, reason, alert}`. Never raises for what is in the file or for a file not there.

    `accepted` means read as one alert, whatever its status; `reason` is `CODE: words` of the refusal, else null.
    """
    line: dict[str, Any] = {"file": str(path), "accepted": False, "reason": None, "alert": None}
    try:
        line["alert"] = read_alert(_bytes_of(Path(path)))
        line["accepted"] = True
    except CapRefused as refused:
        line["reason"] = refused.reason
    return line


def _bytes_of(path: Path) -> bytes:
    """A file's bytes, one more than is read of it at most."""
    try:
        if not path.is_file():  # a pipe or device would never end
            raise CapRefused("unreadable", "there is no such file here")
        with path.open("rb") as file:
            return file.read(ALERT_LIMITS.max_bytes + 1)
    except (OSError, ValueError) as trouble:
        words = trouble.strerror if isinstance(trouble, OSError) else "no such name"
        raise CapRefused("unreadable", f"the file cannot be read ({words})") from None


def is_real(alert: Alert) -> bool:
    """Whether this is about the world: status Actual, and nothing else."""
    return alert.get("status") == "Actual"


def mark(alert: Alert) -> str:
    """What has to stand beside the alert wherever it is shown: 演练 测试 系统 草稿, or nothing for a real one."""
    return _MARKS.get(str(alert.get("status")), "未知")


def alert_key(alert: Alert) -> tuple[str, str, str]:
    """What makes an alert the same alert: identifier, sender, sent (as written when it could not be read)."""
    return alert["identifier"], alert["sender"], alert.get("sent") or alert.get("sent_text") or ""


def supersedes(alert: Alert) -> list[str]:
    """The identifiers that this Update or Cancel takes the place of; its own identifier is left out."""
    if alert["msg_type"] not in ("Update", "Cancel"):
        return []
    named = (reference["identifier"] for reference in alert["references"])
    return [name for name in dict.fromkeys(named) if name != alert["identifier"]]


def chain_key(alert: Alert) -> str:
    """The identifier of the oldest alert of the chain that this one knows of; its own when it starts one.

    The oldest is the first reference by time sent; references without a time keep the order they are written in.
    """
    earlier = [entry for entry in alert["references"] if entry["identifier"] != alert["identifier"]]
    if not earlier or alert["msg_type"] not in ("Update", "Cancel"):
        return str(alert["identifier"])
    return str(min(earlier, key=_reference_age)["identifier"])


def _reference_age(reference: dict[str, Any]) -> float:
    sent = reference["sent"]
    return datetime.fromisoformat(sent).timestamp() if sent else math.inf


class _Problems:
    """What was wrong, in words, bounded."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def say(self, words: str) -> None:
        if len(self.words) < MAX_PROBLEMS:
            self.words.append(words)
        elif len(self.words) == MAX_PROBLEMS:
            self.words.append("more problems than are listed")

    def under(self, where: str) -> Callable[[str], None]:
        return lambda words: self.say(f"{where}: {words}")


def _check_root(root: Node) -> None:
    if root.name == "alert" and root.space in CAP_SPACES:
        if any(node.name == "alert" and node.space in CAP_SPACES for child in root.children for node in child.walk()):
            raise CapRefused("several_alerts", "an alert with alerts inside it")
        return
    inside = sum(1 for node in root.walk() if node.name == "alert" and node.space in CAP_SPACES)
    if inside > 1:
        raise CapRefused("several_alerts", f"{inside} alerts in <{root.name}>; poll it as a feed")
    if root.name in ("feed", "rss", "RDF", "EDXLDistribution"):
        raise CapRefused("not_an_alert", f"<{root.name}> is a feed or an envelope; poll it as a feed")
    kind = f" of {root.space[:80]}" if root.space else ""
    raise CapRefused("not_an_alert", f"the document is <{root.name[:40]}>{kind}, not a CAP alert")


def _head(root: Node, problems: _Problems) -> Alert:
    found = {name: _short(root.get(name)) for name in ("identifier", "sender", "sent", "status", "msgType")}
    missing = [name for name, value in found.items() if not value]
    if missing:
        raise CapRefused("missing", f"it has no {', '.join(missing)}")
    sent = _time("sent", found["sent"], problems.say)
    alert: Alert = {
        "identifier": found["identifier"],
        "sender": found["sender"],
        "sent": sent,
        "status": _required(found["status"], STATUSES, "bad_status"),
        "msg_type": _required(found["msgType"], MSG_TYPES, "bad_msg_type"),
        "scope": _choice("scope", root.get("scope"), SCOPES, problems.say),
        "references": _references(root, problems.say),
    }
    if sent is None:
        alert["sent_text"] = found["sent"]
    return alert


def _required(text: str, allowed: tuple[str, ...], code: str) -> str:
    """A word without which nobody can tell whether the alert is real or what it does: refuse rather than guess."""
    for word in allowed:
        if word.lower() == text.lower():
            return word
    raise CapRefused(code, f"{text[:40]!r} is none of {', '.join(allowed)}")


def _choice(name: str, text: str, allowed: tuple[str, ...], say: Callable[[str], None]) -> str | None:
    lower = _RENAMED.get(text.lower(), text.lower())
    for word in allowed:
        if word.lower() == lower:
            return word
    say(f"{name} {text[:40]!r} is none of {', '.join(allowed)}" if text else f"{name} is missing")
    return None


def _extras(root: Node) -> Alert:
    extras: Alert = {
        "note": _short(root.get("note")) or None,
        "signed": any(child.space == _XMLDSIG and child.name == "Signature" for child in root.children),
    }
    messages = [
        {"name": _short(method.get("methodName")), "text": _long(method.get("message"))}
        for code in root.all("code")
        for method in code.all("method")
    ]
    if messages:
        extras["messages"] = messages[:MAX_PAIRS]
    return extras


def _look_over(alert: Alert, problems: _Problems) -> None:
    """Things that may be true but deserve a second look; nothing is dropped."""
    if re.search(r"[\s,<&]", alert["identifier"]):
        problems.say("the identifier holds a space or a sign that references cannot carry")
    if any(entry["identifier"] == alert["identifier"] for entry in alert["references"]):
        problems.say("it refers to itself")
    for number, info in enumerate(alert["infos"], 1):
        if _before(info["expires"], alert["sent"]):
            problems.say(f"info {number}: it expired before it was sent")


def _before(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return False
    return datetime.fromisoformat(one) < datetime.fromisoformat(other)


def _references(root: Node, say: Callable[[str], None]) -> list[dict[str, Any]]:
    entries = [entry for node in root.all("references") for entry in node.text.split()]
    if len(entries) > MAX_REFERENCES:
        say(f"{len(entries)} references; the first {MAX_REFERENCES} are kept")
    read = [_reference(entry, say) for entry in entries[:MAX_REFERENCES]]
    return [entry for entry in read if entry["identifier"]]


def _reference(entry: str, say: Callable[[str], None]) -> dict[str, Any]:
    """`sender,identifier,sent`; the 12379 system writes the bare identifier, CAP 1.0 `sender/identifier`."""
    sender, comma, rest = entry.partition(",")
    if not comma:
        return {"sender": None, "identifier": _short(entry), "sent": None}
    identifier, comma, sent = rest.rpartition(",")
    if not comma:
        identifier, sent = rest, ""
    when = _time("reference", sent, say) if sent else None
    return {"sender": _short(sender) or None, "identifier": _short(identifier), "sent": when}


def _infos(root: Node, problems: _Problems) -> list[dict[str, Any]]:
    nodes = root.all("info")
    if len(nodes) > MAX_INFOS:
        problems.say(f"{len(nodes)} infos; the first {MAX_INFOS} are kept")
    room = _Room()
    return [_info(node, room, problems.under(f"info {number}")) for number, node in enumerate(nodes[:MAX_INFOS], 1)]


def _info(node: Node, room: _Room, say: Callable[[str], None]) -> dict[str, Any]:
    parameters = _pairs(node, "parameter")
    codes = _pairs(node, "eventCode")
    headline, event = _short(node.get("headline")), _short(node.get("event"))
    event = event or next((dialects.EVENT_NAMES[value] for _, value in codes if value in dialects.EVENT_NAMES), "")
    if not event:
        say("event is missing")
    return {
        "language": _short(node.get("language")) or None,
        "event": event or None,
        "urgency": _choice("urgency", node.get("urgency"), URGENCIES, say),
        "severity": _choice("severity", node.get("severity"), SEVERITIES, say),
        "certainty": _choice("certainty", node.get("certainty"), CERTAINTIES, say),
        **{name: _time(name, node.get(name), say) for name in ("effective", "onset", "expires")},
        "headline": headline or None,
        "description": _long(node.get("description"), say) or None,
        "instruction": _long("\n".join(part.text for part in node.all("instruction")), say) or None,
        "sender_name": _short(node.get("senderName")) or None,
        "event_codes": _as_json(codes),
        "colour": dialects.colour_of(parameters, headline, event),
        "categories": _words(node, "category"),
        "response_types": _words(node, "responseType"),
        "web": _short(node.get("web")) or None,
        "contact": _short(node.get("contact")) or None,
        "parameters": _as_json(parameters),
        "resources": [_resource(entry) for entry in node.all("resource")[:MAX_PAIRS]],
        "areas": _areas(node, room, say),
    }


def _words(node: Node, name: str) -> list[str]:
    return [_short(entry.text) for entry in node.all(name)[:MAX_PAIRS] if entry.text]


def _resource(node: Node) -> dict[str, Any]:
    """What a picture or sound file is called and how big; its bytes stay behind, they are never played from here."""
    return {
        "desc": _short(node.get("resourceDesc")) or None,
        "mime": _short(node.get("mimeType")) or None,
        "uri": _short(node.get("uri")) or None,
        "embedded_chars": len(node.get("derefUri")),
    }


def _pairs(node: Node, name: str, limit: int = MAX_PAIRS) -> list[tuple[str, str]]:
    """The name and value pairs of `eventCode`, `parameter` or `geocode`; some put several pairs into one element."""
    found: list[tuple[str, str]] = []
    for entry in node.all(name):
        values = [child.text for child in entry.all("value")]
        for key, value in zip([child.text for child in entry.all("valueName")], values, strict=False):
            if value and len(found) < limit:
                found.append((_short(key), _short(value)))
    return found


def _as_json(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


class _Room:
    """How much of the alert's areas may still be read."""

    def __init__(self) -> None:
        self.areas = MAX_AREAS
        self.points = MAX_POINTS
        self.geocodes = MAX_GEOCODES


def _areas(node: Node, room: _Room, say: Callable[[str], None]) -> list[dict[str, Any]]:
    entries = node.all("area")
    if len(entries) > room.areas:
        say(f"{len(entries)} areas; {room.areas} are kept")
    kept = entries[: room.areas]
    room.areas -= len(kept)
    return [_area(entry, room, say) for entry in kept]


def _area(node: Node, room: _Room, say: Callable[[str], None]) -> dict[str, Any]:
    geocodes = _pairs(node, "geocode", room.geocodes)
    room.geocodes -= len(geocodes)
    if any(name == "EXCLUDE_POLYGON" for name, _ in geocodes):
        say("the area has a hole that is not drawn")
    return {
        "desc": _short(node.get("areaDesc")) or None,
        "polygons": [ring for entry in node.all("polygon") if (ring := _polygon(entry.text, room, say))],
        "circles": [circle for entry in node.all("circle") if (circle := _circle(entry.text, say))],
        "geocodes": _as_json(pair for pair in geocodes if pair[0] != "EXCLUDE_POLYGON"),
    }


def _polygon(text: str, room: _Room, say: Callable[[str], None]) -> list[list[float]] | None:
    """`lat,lon lat,lon …` as a closed ring of `[lon, lat]`; None, and named, when it cannot be one."""
    words = text.split()
    if not words:
        return None
    if len(words) > room.points:
        say(f"an outline of {len(words)} points is too long and was dropped")
        return None
    room.points -= len(words)
    ring: list[list[float]] = []
    for word in words:
        point = _point(word, MAX_OVER)
        if point is None:
            say(f"an outline with the impossible point {word[:40]!r} was dropped")
            return None
        ring.append(point)
    return _closed(ring, say)


def _closed(ring: list[list[float]], say: Callable[[str], None]) -> list[list[float]] | None:
    if len(ring) < 4 or len({tuple(point) for point in ring}) < 3:
        say(f"an outline of {len(ring)} points encloses nothing and was dropped")
        return None
    if ring[0] != ring[-1]:
        say("an outline was not closed; the first point was repeated at its end")
        ring.append(list(ring[0]))
    if any(abs(point[0]) > 180 for point in ring):
        say("an outline runs across the date line")
    return ring


def _circle(text: str, say: Callable[[str], None]) -> list[float] | None:
    """`lat,lon radius` as `[lon, lat, radius_km]`; None, and named, when it cannot be one."""
    words = text.split()
    if not words:
        return None
    point = _point(words[0])
    radius = _number(words[1]) if len(words) == 2 else None
    if point is None or radius is None or not 0 <= radius <= MAX_RADIUS_KM:
        say(f"the impossible circle {text[:40]!r} was dropped")
        return None
    return [*point, radius]


def _point(word: str, over: float = 0.0) -> list[float] | None:
    lat, comma, lon = word.partition(",")
    north, east = _number(lat), _number(lon)
    if not comma or north is None or east is None or abs(north) > 90 or abs(east) > 180 + over:
        return None
    return [east, north]


def _number(text: str) -> float | None:
    """A plain decimal number rounded to 7 places (a centimetre on the ground), or None."""
    return round(float(text), 7) if _NUMBER.fullmatch(text) else None


def _time(name: str, text: str, say: Callable[[str], None]) -> str | None:
    """RFC 3339 with zone, or None and a word about it when there is a text that cannot be one."""
    text = text.strip()
    if not text:
        return None
    found = _TIME.fullmatch(text)
    if found and not found.group(4):
        say(f"{name} {text!r} has no zone and was not guessed")
        return None
    if found is None or not 1900 <= int(found.group(1)) <= 9000:
        say(f"{name} {text[:40]!r} is not a time")
        return None
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "T")).isoformat()
    except ValueError:
        say(f"{name} {text[:40]!r} is not a time")
        return None


def _short(text: str) -> str:
    """One line, without unprintable signs, cut to the length of a name."""
    return " ".join(_UNPRINTABLE.sub("", text[: 4 * MAX_SHORT_TEXT]).split())[:MAX_SHORT_TEXT]


def _long(text: str, say: Callable[[str], None] | None = None) -> str:
    if len(text) > MAX_LONG_TEXT and say is not None:
        say(f"a text of {len(text)} characters was cut to {MAX_LONG_TEXT}")
    return _UNPRINTABLE.sub("", text[:MAX_LONG_TEXT]).replace("\r\n", "\n").strip()


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _fitted(alert: Alert, problems: _Problems) -> Alert:
    """The alert in a size that one op can carry: outlines thinned first, then the side matter left out."""
    size = _size(alert)
    if size > MAX_ALERT_JSON:
        _thin(alert, size, problems)
        size = _size(alert)
    if size > MAX_ALERT_JSON:
        _leave_out(alert, problems)
        size = _size(alert)
    if size > MAX_ALERT_JSON:
        raise CapRefused("too_big", f"it holds more than the {MAX_ALERT_JSON} bytes that a message can carry")
    return alert


def _thin(alert: Alert, size: int, problems: _Problems) -> None:
    """Leave out points nearer to the one kept before than a tolerance, doubled until few enough are left."""
    areas = [area for info in alert["infos"] for area in info["areas"]]
    room = MAX_ALERT_JSON - (size - sum(_size(area["polygons"]) for area in areas))
    tolerance = 0.00025  # degrees, some 25 m
    # 26 bytes hold a point with seven places; counting them is quicker than writing them out each time
    while tolerance < 0.1 and 26 * _points(areas) > room:
        tolerance *= 2
        for area in areas:
            area["polygons"] = [_thinned(ring, tolerance) for ring in area["polygons"]]
    if tolerance > 0.00025:
        problems.say(f"outlines were thinned, at most {tolerance:g} degrees off, to fit into a message")


def _points(areas: list[Alert]) -> int:
    return sum(len(ring) for area in areas for ring in area["polygons"])


def _thinned(ring: list[list[float]], tolerance: float) -> list[list[float]]:
    kept = [ring[0]]
    for point in ring[1:-1]:
        if max(abs(point[0] - kept[-1][0]), abs(point[1] - kept[-1][1])) >= tolerance:
            kept.append(point)
    kept.append(ring[-1])
    return kept if len(kept) >= 4 else ring


def _leave_out(alert: Alert, problems: _Problems) -> None:
    for info in alert["infos"]:
        info["parameters"], info["resources"] = [], []
        for name in ("description", "instruction"):
            info[name] = info[name][:4000] if info[name] else None
    alert.pop("messages", None)
    problems.say("parameters, resources and the end of long texts were left out to fit into a message")
