"""What alerts say in other words: China's 12379 documents, warning colours, names of GB/T 35561 event codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from comms.feeds.xmltree import Node

# The name under which CMA's own CAP documents carry their 12-digit area codes; 12379 gives the same codes unnamed.
AREA_CODE = "CPEAS Geographic Code"
EVENT_CODE = "GB/T 35561"

# Short names for a list or a map, for documents that carry a code and no event. Ours, not the standard's full wording.
EVENT_NAMES = {
    "11A01": "洪水",
    "11A02": "内涝",
    "11B01": "台风",
    "11B02": "龙卷风",
    "11B03": "暴雨",
    "11B04": "暴雪",
    "11B05": "寒潮",
    "11B06": "大风",
    "11B07": "沙尘暴",
    "11B08": "低温冻害",
    "11B09": "高温",
    "11B10": "热浪",
    "11B11": "干热风",
    "11B12": "下击暴流",
    "11B13": "雪崩",
    "11B14": "雷电",
    "11B15": "冰雹",
    "11B16": "霜冻",
    "11B17": "大雾",
    "11B18": "低空风切变",
    "11D01": "滑坡",
    "11D02": "泥石流",
    "11D03": "崩塌",
}

COLOURS = ("red", "orange", "yellow", "blue")
_CHINESE = {"红": "red", "橙": "orange", "黄": "yellow", "蓝": "blue"}
_SEVERITY = {"red": "Extreme", "orange": "Severe", "yellow": "Moderate", "blue": "Minor"}
_COLOUR_PARAMETERS = frozenset(
    {"colour", "color", "awareness_level", "alertlevel", "alert_level", "预警颜色", "预警级别"}
)
_IN_HEADLINE = re.compile(r"([红橙黄蓝])色")
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)
_TIMES = ("effective", "onset", "expires")

Say = Callable[[str], None]


def colour_named(text: str) -> str | None:
    """The warning colour that a short value such as `2; yellow; Moderate`, `Orange` or `红色` names, or None."""
    words = re.findall(r"[a-z]+", text.lower())
    for colour in COLOURS:
        if colour in words:
            return colour
    found = re.search(r"[红橙黄蓝]", text)
    return _CHINESE[found.group()] if found else None


def colour_of(parameters: Iterable[tuple[str, str]], headline: str, event: str) -> str | None:
    """The colour of a warning: what a parameter says, else what the Chinese headline or event says, else None."""
    for name, value in parameters:
        if name.strip().lower() in _COLOUR_PARAMETERS and (colour := colour_named(value)):
            return colour
    found = _IN_HEADLINE.search(headline) or _IN_HEADLINE.search(event)
    return _CHINESE[found.group(1)] if found else None


def is_12379(root: Node) -> bool:
    """Whether this `alert` is a document of China's national warning system: its own words, and no namespace."""
    return not root.space and (root.child("sendTime") is not None or root.child("senderCode") is not None)


def standardise_12379(root: Node, say: Say) -> None:
    """Turn a 12379 tree into standard CAP words, in place; `say` is told what had to be assumed."""
    for node in root.all("sendTime"):
        node.name = "sent"
        _zone(node, say)
    for info in root.all("info"):
        _info(info, say)


def _info(info: Node, say: Say) -> None:
    for name in _TIMES:
        for node in info.all(name):
            _zone(node, say)
    for node in info.all("eventType"):
        _event_code(info, node.text)
    for node in info.all("severity"):
        _severity(info, node)
    for area in info.all("area"):
        _area(area)


def _zone(node: Node, say: Say) -> None:
    text = node.text
    if text and not _ZONED.search(text):
        say(f"{node.name} {text[:40]} has no zone; +08:00 assumed, as the national system writes it")
        text += "+08:00"
    node.parts = [text]


def _event_code(info: Node, code: str) -> None:
    if code:
        pair = info.add("eventCode")
        pair.add("valueName", EVENT_CODE)
        pair.add("value", code)


def _severity(info: Node, node: Node) -> None:
    colour = colour_named(node.text)
    if colour is None:
        return
    node.parts = [_SEVERITY[colour]]
    pair = info.add("parameter")
    pair.add("valueName", "colour")
    pair.add("value", colour)


def _area(area: Node) -> None:
    for node in area.all("areaDesc"):
        node.parts = [",".join(_once(node.text))]
    codes = [code for node in area.all("geocode") for code in _once(node.text)]
    area.children = [node for node in area.children if node.name != "geocode"]
    for code in dict.fromkeys(codes):
        pair = area.add("geocode")
        pair.add("valueName", AREA_CODE)
        pair.add("value", code)


def _once(text: str) -> list[str]:
    """The parts of a comma list, Chinese commas too, each once."""
    return list(dict.fromkeys(part.strip() for part in re.split("[,，]", text) if part.strip()))
