"""Records around Huai'an as `offline` would give them: plausible, made up, one of each kind and stage that matters."""

from __future__ import annotations

from typing import Any


def record(number: int, kind: str, stage: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{number:064x}", "kind": kind, "centre": "huaian/lianshui", "stage": stage, "stamp": number,
        "by": "王值班", "as_of": "2026-07-12T06:00:00+08:00", "conflicts": [], **fields,
    }  # fmt: skip


def incident(number: int, title: str, pos: list[float] | None, type_: str, grade: str | None = None,
             stage: str = "verified", **more: Any) -> dict[str, Any]:  # fmt: skip
    return record(number, "incident", stage, title=title, position=pos, type=type_, grade=grade, **more)


def resource(number: int, name: str, pos: list[float] | None, type_: str, stage: str = "available") -> dict[str, Any]:
    return record(number, "resource", stage, name=name, position=pos, type=type_, quantity=None, unit=None, task=None)


def warning(number: int, colour: str | None, area: dict[str, Any], *, event: str = "暴雨", code: str = "11B03",
            status: str = "Actual", stage: str = "in_force") -> dict[str, Any]:  # fmt: skip
    whole = {"desc": "", "polygons": [], "circles": [], "geocodes": [], **area}
    info = {"language": "zh-CN", "event": event, "event_codes": [{"name": "GB/T 35561", "value": code}],
            "colour": colour, "areas": [whole]}  # fmt: skip
    alert = {"identifier": f"a{number}", "sender": "淮安市气象台", "status": status, "infos": [info]}
    return record(number, "warning", stage, alert=alert, status=status, event=event, colour=colour, areas=[whole])


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def night_at_huaian() -> list[dict[str, Any]]:
    """A bad night: two warnings and an exercise, five incidents, tasks, resources and three centres."""
    flood = incident(1, "高沟堤防渗漏", [119.200, 33.972], "11A04", "II", "dispatched")
    fire = incident(3, "清江浦区仓库火灾", [119.028, 33.602], "12G02", "III", "handling")
    return [
        warning(50, "orange", {"polygons": [box(119.00, 33.48, 119.20, 33.62)]}),
        warning(51, "red", {"polygons": [box(119.08, 33.78, 119.45, 34.02)]}, event="暴雨"),
        warning(52, "yellow", {"circles": [[119.02, 33.01, 18.0]]}, event="大风", code="11B06"),
        warning(53, "blue", {"polygons": [box(118.50, 32.72, 118.82, 32.95)]}, event="雷电", code="11B14"),
        warning(54, "red", {"polygons": [box(119.35, 33.20, 119.62, 33.40)]}, event="危化品泄漏", code="12D01",
                status="Exercise"),
        warning(55, "yellow", {"polygons": [box(118.62, 33.55, 118.86, 33.72)]}, stage="proposed"),
        flood,
        incident(2, "省道 235 多车相撞", [119.271, 33.781], "12H01", "IV", "reported"),
        {**fire, "conflicts": [{"field": "casualties"}]},
        incident(4, "洪泽湖大堤游客失联", [118.832, 33.301], None, None, "accepted"),
        incident(5, "红窑镇山体滑坡险情", [119.331, 33.912], "11D01", "I", "verified"),
        record(20, "task", "ordered", incident=flood["id"], title="转移堤北二组 46 户", text="", to="huaian/lianshui"),
        record(21, "task", "under_way", incident=fire["id"], title="增援清江浦区仓库火场", text="", to="huaian"),
        resource(30, "涟水消防救援站", [119.262, 33.783], "team", "committed"),
        resource(31, "高沟镇应急队", [119.187, 33.953], "team"),
        resource(32, "排涝泵车 2 台", [119.187, 33.953], "vehicle", "asked"),
        resource(33, "应急发电车", [119.065, 33.512], "vehicle", "out_of_service"),
        resource(34, "冲锋舟 6 艘", [119.142, 33.861], "equipment"),
        resource(35, "编织袋 2 万条", [119.089, 33.701], "supply"),
        resource(36, "高沟中学避难场所", [119.176, 33.968], "shelter"),
        resource(37, "堤防专家 周工", [119.011, 33.452], "expert"),
        resource(38, "淮安市第一人民医院", [119.035, 33.628], "hospital"),
        record(40, "centre", "", path="huaian", name="淮安市指挥中心", position=[119.015, 33.551]),
        record(41, "centre", "", path="huaian/lianshui", name="涟水县指挥中心", position=[119.260, 33.779]),
        record(42, "centre", "", path="huaian/lianshui/gaogou", name="高沟镇指挥中心", position=[119.181, 33.960]),
    ]
