"""What each record looks like: a table from kind, type and stage to a symbol, and the colours of day and night.

A symbol is an outline (one per kind), a single Chinese character, a tone (how sure, how busy) and a rank tag. Outline,
character, line and tag each say what colour says, so that colour is never the only sign. Red, orange, yellow and blue
belong to warning colours and event grades alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

RANKS = ("red", "orange", "yellow", "blue", "none")
"""Rank 0 is the worst; 4 has no grade or colour."""

GRADE_RANK = {"I": 0, "II": 1, "III": 2, "IV": 3}
COLOUR_RANK = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
NO_RANK = 4


@dataclass(frozen=True, slots=True)
class Symbol:
    """How one kind of thing is drawn.

    Attributes:
        key: the name a feature carries, such as `resource.team`.
        kind: incident, warning, task, resource or centre.
        shape: outline, drawn by `web/symbols.js`; one per kind of thing.
        glyph: the one character inside.
        zh, en: words for the legend.
        size: outline height in CSS pixels.
    """

    key: str
    kind: str
    shape: str
    glyph: str
    zh: str
    en: str
    size: int = 28


# GB/T 35561 groups events by the letter after two digits; the first digits alone are the fallback.
_EVENTS = (
    ("11A", "水", "水旱灾害", "Flood and drought"),
    ("11B", "气", "气象灾害", "Weather"),
    ("11C", "震", "地震灾害", "Earthquake"),
    ("11D", "滑", "地质灾害", "Landslide and ground"),
    ("11E", "海", "海洋灾害", "Sea"),
    ("11F", "虫", "生物灾害", "Pests"),
    ("11G", "林", "森林草原火灾", "Forest and grass fire"),
    ("11", "灾", "自然灾害", "Natural hazard"),
    ("12A", "煤", "煤矿事故", "Coal mine"),
    ("12B", "矿", "矿山事故", "Mine"),
    ("12C", "建", "建筑业事故", "Construction"),
    ("12D", "危", "危险化学品事故", "Hazardous chemicals"),
    ("12E", "爆", "烟花爆竹和民爆事故", "Explosives"),
    ("12F", "工", "工矿商贸事故", "Industry"),
    ("12G", "火", "火灾事故", "Fire"),
    ("12H", "路", "道路交通事故", "Road"),
    ("12J", "船", "水上交通事故", "Shipping"),
    ("12K", "铁", "铁路交通事故", "Railway"),
    ("12L", "轨", "城市轨道交通事故", "Metro"),
    ("12M", "航", "民用航空器事故", "Aircraft"),
    ("12N", "特", "特种设备事故", "Special equipment"),
    ("12P", "管", "基础设施和公用设施事故", "Utilities"),
    ("12Q", "污", "环境污染事件", "Pollution"),
    ("12R", "农", "农业机械事故", "Farm machinery"),
    ("12S", "踩", "踩踏事件", "Crowd crush"),
    ("12T", "核", "核与辐射事故", "Nuclear"),
    ("12U", "电", "能源供应中断事故", "Energy supply"),
    ("12", "故", "事故灾难", "Accident"),
    ("13A", "疫", "传染病事件", "Epidemic"),
    ("13B", "食", "食品药品安全事件", "Food and drugs"),
    ("13C", "毒", "群体性中毒事件", "Mass poisoning"),
    ("13E", "畜", "动物疫情事件", "Animal disease"),
    ("13", "卫", "公共卫生事件", "Public health"),
    ("14A", "群", "群体性事件", "Mass incident"),
    ("14B", "案", "刑事案件", "Crime"),
    ("14F", "恐", "恐怖袭击事件", "Terror attack"),
    ("14", "安", "社会安全事件", "Public security"),
    ("", "事", "其他突发事件", "Other incident"),
)

_RESOURCES = (
    ("team", "circle", "队", "救援队伍", "Team"),
    ("vehicle", "car", "车", "车辆", "Vehicle"),
    ("equipment", "hexagon", "装", "装备", "Equipment"),
    ("supply", "square", "物", "物资", "Supplies"),
    ("shelter", "house", "避", "避难场所", "Shelter"),
    ("expert", "octagon", "专", "专家", "Expert"),
    ("hospital", "cross", "医", "医疗机构", "Hospital"),
    ("other", "ellipse", "力", "其他力量", "Other resource"),
)

_TASKS = (
    ("ordered", "令", "任务已下达", "Task ordered"),
    ("accepted", "签", "任务已签收", "Task accepted"),
    ("under_way", "行", "任务执行中", "Task under way"),
    ("done", "完", "任务已完成", "Task done"),
    ("other", "任", "任务", "Task"),
)

_CENTRES = (
    ("city", "市", "市指挥中心", "City centre"),
    ("county", "县", "县指挥中心", "County centre"),
    ("town", "镇", "镇指挥中心", "Town centre"),
    ("other", "指", "指挥中心", "Centre"),
)


def _table() -> dict[str, Symbol]:
    rows = [Symbol(f"incident.{code}", "incident", "diamond", glyph, zh, en, 34) for code, glyph, zh, en in _EVENTS]
    rows += [
        Symbol(f"warning.{code}", "warning", "triangle", glyph, f"预警·{zh}", f"Warning: {en}", 38)
        for code, glyph, zh, en in _EVENTS
    ]
    rows += [
        Symbol(f"resource.{key}", "resource", shape, glyph, zh, en, 25) for key, shape, glyph, zh, en in _RESOURCES
    ]
    rows += [Symbol(f"task.{key}", "task", "flag", glyph, zh, en, 28) for key, glyph, zh, en in _TASKS]
    rows += [Symbol(f"centre.{key}", "centre", "tower", glyph, zh, en, 30) for key, glyph, zh, en in _CENTRES]
    return {row.key: row for row in rows}


SYMBOLS: dict[str, Symbol] = _table()

_LEVELS = ("city", "county", "town")  # by depth of the centre's path

# How a stage changes the line: what is uncertain looks uncertain, what is over is quiet.
TONES: dict[str, dict[str, str]] = {
    "incident": {"reported": "unsure", "accepted": "unsure", "returned": "unsure", "checked": "quiet",
                 "closed": "quiet", "merged": "quiet", "void": "quiet"},
    "warning": {"proposed": "unsure", "dismissed": "quiet", "lifted": "quiet"},
    "task": {"ordered": "unsure", "under_way": "busy", "done": "quiet", "checked": "quiet", "declined": "quiet",
             "withdrawn": "quiet"},
    "resource": {"asked": "unsure", "committed": "busy", "out_of_service": "off"},
    "centre": {},
}  # fmt: skip

GROUND: dict[str, dict[str, str]] = {
    "day": {
        "sea": "#cdd3d6", "land": "#e8e8e5", "coast": "#8d969b", "grid": "#c3c7c8", "ink": "#1d2327",
        "paper": "#fbfbfa", "halo": "#f4f4f2", "quiet": "#7d868b", "busy": "#3b444a",
        "accent": "#00796b", "group": "#56616a",
        "red": "#c9162b", "orange": "#e8740c", "yellow": "#f2c100", "blue": "#1f6fd0", "none": "#6a747b",
        "on_red": "#ffffff", "on_orange": "#1d2327", "on_yellow": "#1d2327", "on_blue": "#ffffff", "on_none": "#ffffff",
        "on_busy": "#ffffff",
    },
    "night": {
        "sea": "#12171a", "land": "#20272b", "coast": "#4c575e", "grid": "#2b3338", "ink": "#d5dbde",
        "paper": "#2b3439", "halo": "#151b1e", "quiet": "#77828a", "busy": "#aab4ba",
        "accent": "#3fc7ae", "group": "#5c6870",
        "red": "#ef5058", "orange": "#f2923c", "yellow": "#f0cf4a", "blue": "#5b9df0", "none": "#87929a",
        "on_red": "#14191c", "on_orange": "#14191c", "on_yellow": "#14191c", "on_blue": "#14191c", "on_none": "#14191c",
        "on_busy": "#14191c",
    },
}  # fmt: skip
"""Colours by theme and role. `on_x` is the ink that reads on a fill of `x`."""


def event_symbol(kind: str, code: str | None) -> str:
    """Symbol key for an incident or warning by event code such as `11B03`: the group, else the class, else other."""
    code = (code or "").strip().upper()
    for part in (code[:3], code[:2], ""):
        if (key := f"{kind}.{part}") in SYMBOLS:
            return key
    raise ValueError(f"no symbols for kind {kind!r}")


def resource_symbol(type_: str | None) -> str:
    """Symbol key for a resource type such as `team`."""
    return _or_other("resource", type_)


def task_symbol(stage: str | None) -> str:
    """Symbol key for a task at a stage."""
    return _or_other("task", stage)


def centre_symbol(path: str) -> str:
    """Symbol key for a centre by the depth of its path, `huaian/lianshui` being a county."""
    depth = path.count("/")
    return _or_other("centre", _LEVELS[depth] if depth < len(_LEVELS) else None)


def _or_other(kind: str, name: str | None) -> str:
    key = f"{kind}.{name}"
    return key if key in SYMBOLS else f"{kind}.other"


def rank_of(grade_or_colour: str | None) -> int:
    """0 (worst) .. 4 (none) for a grade `I`..`IV` or a colour `red`..`blue`."""
    word = grade_or_colour or ""
    return GRADE_RANK.get(word, COLOUR_RANK.get(word, NO_RANK))


def page_tables() -> dict[str, Any]:
    """What the page draws by: `{symbols: {key: spec}, tones: {kind: {stage: tone}}, ground: {theme: {role: colour}}}`
    and the names of the ranks."""
    specs = {key: asdict(symbol) for key, symbol in SYMBOLS.items()}
    return {"symbols": specs, "tones": TONES, "ground": GROUND, "ranks": RANKS}


def fill_colour(symbol: str, rank: int, stage: str, theme: str = "day", mark: str = "") -> str:
    """The colour that fills a symbol's body, `#rrggbb`; the page follows the same rule (`web/symbols.js: fillRole`)."""
    return GROUND[theme][fill_role(SYMBOLS[symbol].kind, rank, stage, mark)]


def fill_role(kind: str, rank: int, stage: str, mark: str = "") -> str:
    """Which role of `GROUND` fills the body. What is marked (a drill, a test) never wears a warning colour."""
    tone = TONES[kind].get(stage, "plain")
    if kind in ("incident", "warning"):
        return "none" if mark else ("paper" if tone == "quiet" else RANKS[rank])
    return "busy" if tone == "busy" else "paper"


def legend(keys: set[str], language: str = "zh") -> list[dict[str, str]]:
    """Legend rows `{key, shape, glyph, text}` for the symbol keys in use, in the table's order."""
    rows = (symbol for key, symbol in SYMBOLS.items() if key in keys)
    return [
        {"key": row.key, "shape": row.shape, "glyph": row.glyph, "text": row.zh if language == "zh" else row.en}
        for row in rows
    ]
