"""A hard night on one desk: a county between its city and its towns, on real encrypted files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console import actions
from console.desk import Desk
from offline.clock import rfc3339
from offline.founding import NewCentre, add_person, found
from offline.profile import Opened
from tests.helpers.world import World

NAMES = {
    "huaian": ("淮安市应急指挥中心", "周明远"),
    "huaian/lianshui": ("涟水县指挥中心", "陈志强"),
    "huaian/lianshui/gaogou": ("高沟镇", "孙桂兰"),
    "huaian/lianshui/chengji": ("成集镇", "马立新"),
}
RED = {
    "identifier": "2.49.0.0.156.32.0826.1", "sender": "jsqx@weather", "sent": "2026-07-02T21:30:00+08:00",
    "status": "Actual", "msg_type": "Alert", "scope": "Public", "references": [],
    "infos": [{
        "language": "zh-CN", "event": "暴雨", "urgency": "Immediate", "severity": "Extreme", "certainty": "Observed",
        "onset": "2026-07-02T21:30:00+08:00", "expires": "2026-07-03T06:00:00+08:00", "colour": "red",
        "headline": "涟水县气象台发布暴雨红色预警信号",
        "description": "过去3小时高沟、成集等镇降水量已达100毫米以上，预计未来3小时仍将持续。",
        "instruction": "停止集会、停课、停业；做好山洪、滑坡等灾害的防御和抢险工作。",
        "sender_name": "涟水县气象台", "event_codes": [{"name": "GB/T 35561", "value": "11B03"}],
        "areas": [{"desc": "涟水县高沟镇、成集镇",
                   "polygons": [[[119.2, 33.8], [119.5, 33.8], [119.5, 34.0], [119.2, 34.0]]],
                   "circles": [], "geocodes": [{"name": "12379", "value": "320826000000"}]}],
    }],
}  # fmt: skip
DRILL = {
    **RED, "identifier": "2.49.0.0.156.32.0826.2", "status": "Exercise",
    "infos": [{**RED["infos"][0], "event": "台风", "colour": "orange", "headline": "【演练】台风橙色预警"}],  # type: ignore[index]
}  # fmt: skip


RESOURCES = (
    ("消防一站", "team", [119.27, 33.78]),
    ("冲锋舟 3 艘", "equipment", [119.3, 33.8]),
    ("县医院", "hospital", [119.26, 33.79]),
    ("编织袋库", "supply", [119.31, 33.83]),
)


@dataclass
class Night:
    """The world and the county's desk in it, with ids of what is there."""

    world: World
    desk: Desk
    opened: dict[str, Opened]
    ids: dict[str, str]

    def desk_of(self, path: str) -> Desk:
        """Another centre's desk."""
        return Desk(self.opened[path])


def centres(world: World) -> dict[str, Opened]:
    """City, county and two towns that have heard of each other."""
    opened: dict[str, Opened] = {}
    for path, (name, person) in NAMES.items():
        new = NewCentre(path, name, person, f"secret-of-{path}-1")
        upper = opened.get(path.rpartition("/")[0])
        opened[path] = world.nodes[path] = found(world.folder / path.replace("/", "_"), new, world.means, upper)
    world.settle()
    return opened


def quiet(world: World) -> Night:
    """Nothing has happened yet."""
    opened = centres(world)
    world.beat()
    return Night(world, Desk(opened["huaian/lianshui"]), opened, {})


def hard(world: World) -> Night:
    """Warnings, incidents in several stages, orders at every tick, resources, a journal, a conflict."""
    night = quiet(world)
    opened, ids = night.opened, night.ids
    city, county, town = (Desk(opened[p]) for p in ("huaian", "huaian/lianshui", "huaian/lianshui/gaogou"))
    add_person(opened["huaian/lianshui"], "刘洋", "secret-of-liu-1", ("duty",), "0517-82310001", world.means)

    def do(action: str, desk: Desk, /, **given: Any) -> str:
        world.tick(37_000)
        return str(actions.ACTIONS[action].run(desk, **given)["record"]["id"])

    ids["red"] = actions.propose(county, RED) or ""
    ids["drill"] = actions.propose(county, DRILL) or ""
    do("warning.act", county, record=ids["red"])
    ids["leak"] = do("incident.add", county, title="高沟堤防渗漏", type="11A02", grade="III",
                     place="高沟镇盐河大堤 K12+300", position=[119.33, 33.92],
                     words="堤脚有浑水，管涌口直径约十厘米")  # fmt: skip
    for step in ("accept", "verify"):
        do(f"incident.{step}", county, record=ids["leak"])
    ids["fire"] = do(
        "incident.add",
        county,
        title="朱码街道商铺火灾",
        type="12G01",
        place="朱码街道东风路 18 号",
        position=[119.28, 33.77],
    )
    for name, kind, position in RESOURCES:
        ids[name] = do(
            "resource.add", county, name=name, type=kind, position=position, phone="0517-8231" + str(len(name)) * 4
        )
    ids["from_city"] = do("task.add", city, title="转移高沟三村低洼户", to="huaian/lianshui", due_at="+2")
    ids["sandbags"] = do(
        "task.add", county, title="抢筑反滤围井", to="huaian/lianshui/gaogou", incident=ids["leak"], due_at="+45"
    )
    world.settle()
    world.beat()
    do("task.accept", town, record=ids["sandbags"])
    world.settle()
    ids["boats"] = do(
        "task.add", county, title="转移堤北二组 46 户", to="huaian/lianshui/gaogou", incident=ids["leak"], due_at="+1"
    )
    world.settle()
    world.beat()
    ids["count"] = do(
        "task.add", county, title="清点成集镇危房", to="huaian/lianshui/chengji", incident=ids["leak"], due_at="+90"
    )
    do("incident.edit", county, record=ids["leak"], place="高沟镇盐河大堤 K12+300 背水坡")
    do("incident.edit", town, record=ids["leak"], words="管涌口已扩大到二十厘米")
    do("incident.edit", county, record=ids["leak"], words="管涌口直径约十五厘米")
    for text in ("02:10 高沟镇报堤脚渗漏", "县长到指挥中心", "消防一站出动 2 车 11 人"):
        do("log.add", county, text=text, incident=ids["leak"])
    world.settle()
    for node in opened.values():
        node.store.take_beat(opened["huaian"].store.make_beat())
        node.store.take_beat(opened["huaian/lianshui/gaogou"].store.make_beat())
    world.tick(20_000)
    return night


def at(night: Night) -> str:
    """The night's own time now."""
    return rfc3339(night.world.now_ms)
