"""Typed lines and what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from console.i18n import tongue
from console.panels.choices import Me
from console.panels.commands import VERBS, Context, parse

ZH, EN = tongue("zh"), tongue("en")
INCIDENT = {
    "id": "1" * 64,
    "kind": "incident",
    "stage": "accepted",
    "centre": "a/b",
    "title": "堤防渗漏",
    "conflicts": [],
}
TASK = {
    "id": "2" * 64,
    "kind": "task",
    "stage": "ordered",
    "centre": "a",
    "to": "a/b",
    "title": "转移三村",
    "conflicts": [],
}
SENT = {"id": "3" * 64, "kind": "task", "stage": "accepted", "centre": "a/b", "to": "a/b/c", "title": "抢筑围井",
        "incident": INCIDENT["id"], "conflicts": []}  # fmt: skip
CENTRES = [{"path": "a", "name": "淮安市"}, {"path": "a/b", "name": "涟水县"}, {"path": "a/b/c", "name": "高沟镇"},
           {"path": "a/b/d", "name": "高桥镇"}]  # fmt: skip


def resource(name: str, stage: str = "available", centre: str = "a/b") -> dict[str, Any]:
    return {
        "id": f"{len(name)}{'f' * 63}",
        "kind": "resource",
        "stage": stage,
        "centre": centre,
        "name": name,
        "conflicts": [],
        "asks": [],
    }


def at(chosen: dict[str, Any] | None = None, roles: frozenset[str] = frozenset({"duty"})) -> Context:
    me = Me("a/b", roles, ("a/b/c", "a/b/d", "a"))
    resources = [
        resource("消防1"),
        resource("消防11 中队"),
        resource("医疗队", "committed"),
        resource("外县队", centre="a"),
    ]
    return Context(me, chosen, CENTRES, resources, [TASK, SENT])


READY: list[tuple[str, dict[str, Any] | None, str, dict[str, Any]]] = [
    ("派 消防1 → 高沟", INCIDENT, "resource.send", {"record": resource("消防1")["id"], "task": SENT["id"]}),
    ("派消防1->抢筑", None, "resource.send", {"record": resource("消防1")["id"], "task": SENT["id"]}),
    ("send 消防1 > 高沟镇", INCIDENT, "resource.send", {"record": resource("消防1")["id"], "task": SENT["id"]}),
    ("派 消防1", TASK, "resource.send", {"record": resource("消防1")["id"], "task": TASK["id"]}),
    ("令 高沟 转移堤北二组 +30", INCIDENT, "task.add",
     {"title": "转移堤北二组", "to": "a/b/c", "due_at": "+30", "incident": INCIDENT["id"]}),
    ("order a/b/c evacuate now", None, "task.add", {"title": "evacuate now", "to": "a/b/c"}),
    ("令 高沟镇 转下达", TASK, "task.add", {"title": "转下达", "to": "a/b/c", "parent": TASK["id"]}),
    ("记 县长到指挥中心", None, "log.add", {"text": "县长到指挥中心"}),
    ("记县长到", INCIDENT, "log.add", {"text": "县长到", "incident": INCIDENT["id"]}),
    ("核实", INCIDENT, "incident.verify", {"record": INCIDENT["id"]}),
    ("verify", INCIDENT, "incident.verify", {"record": INCIDENT["id"]}),
    ("签收", TASK, "task.accept", {"record": TASK["id"]}),
    ("退回 没有船", TASK, "task.decline", {"record": TASK["id"], "reason": "没有船"}),
    ("退回 误报", INCIDENT, "incident.return", {"record": INCIDENT["id"], "reason": "误报"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "chosen", "action", "given"), READY)
def test_lines_that_can_be_sent(text: str, chosen: dict[str, Any] | None, action: str, given: dict[str, Any]) -> None:
    plan = parse(ZH, text, at(chosen))
    assert plan.ready, plan.says
    assert (plan.action, plan.given) == (action, given)
    assert plan.says.startswith("将：")


@pytest.mark.parametrize(
    ("text", "chosen", "says"),
    [
        ("", None, "命令行"),
        ("飞", None, "没有「飞」这个命令"),
        ("签收", None, "先选中"),
        ("签收", INCIDENT, "只有接报或退回的事件才能受理"),
        ("完成", TASK, "签收之后才能报完成"),
        ("办结", TASK, "不适用于选中的指令"),
        ("退回", TASK, "要写理由"),
        ("派", None, "派谁"),
        ("派 消防 → 高沟", INCIDENT, "不止一个"),
        ("派 外县队 → 高沟", INCIDENT, "没有叫「外县队」的力量"),
        ("派 医疗队 → 高沟", INCIDENT, "不是待命状态"),
        ("派 消防1 → 高", INCIDENT, "不止一个"),
        ("派 消防1 → 高桥", INCIDENT, "没有给 高桥镇 的在办指令"),
        ("派 消防1", INCIDENT, "派去哪里"),
        ("令", None, "向谁下达"),
        ("令 高沟", None, "下达什么"),
        ("令 涟水县 自己干", None, "没有叫「涟水县」的单位"),
        ("记", None, "记什么"),
        ("裁定 1", INCIDENT, "没有冲突"),
    ],
)
def test_what_is_missing_is_said(text: str, chosen: dict[str, Any] | None, says: str) -> None:
    plan = parse(ZH, text, at(chosen))
    assert says in plan.says
    assert plan.ready == plan.says.startswith("将：")


@pytest.mark.parametrize("text", ["派 消防1 → 高沟", "令 高沟 转移", "记 一笔", "核实"])
def test_nobody_signed_in_can_send_nothing(text: str) -> None:
    assert not parse(ZH, text, at(INCIDENT, frozenset())).ready


def test_a_settlement_names_the_side_it_keeps() -> None:
    sides = [
        {"op": "x", "value": v, "by": "甲", "centre": "a/b", "stamp": [0, 0], "stands": not n}
        for n, v in enumerate(("东堤", "西堤"))
    ]
    torn = {**INCIDENT, "conflicts": [{"what": "place", "why": "", "sides": sides}]}
    plan = parse(ZH, "裁定 2", at(torn))
    assert (plan.action, plan.given) == ("conflict.settle", {"record": torn["id"], "keep": "2"})
    assert "西堤" in plan.says


@pytest.mark.parametrize(
    "text", ["\x00", "派" * 5_000, "令 → →", "→", "> > >", "记 " + "x" * 5_000, "send \u202e x", "裁定 ²"]
)
def test_any_line_is_answered(text: str) -> None:
    assert parse(EN, text, at(TASK)).says


def test_verbs_mean_steps_of_the_rules() -> None:
    from offline.rules.table import KINDS

    verbs = {k.name.partition(".")[2] for k in KINDS.values()} | {"incident", "release"}
    assert set(VERBS.values()) <= verbs
