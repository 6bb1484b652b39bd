"""What the strip reads on a hard night."""

from __future__ import annotations

from dataclasses import replace

from console.i18n import tongue
from console.models import picture
from console.statusbar.texts import FOLDED_FIRST, ORDER, texts, warnings
from tests.console.night import Night

ZH = tongue("zh")


def test_first_sight(hard_night: Night) -> None:
    now = hard_night.world.now_ms
    seen = picture.read(hard_night.desk)
    said = {k: v.text for k, v in texts(ZH, seen, now).items()}
    assert said["realm"] == "正式" and said["posture"] == "平时" and said["centre"] == "涟水县指挥中心"
    assert said["leader"] == "带班 陈志强●" and said["officer"] == "值班 刘洋 陈志强●"
    assert said["unsent"] == "待发 0" and said["alone"] == ""
    assert said["links"] == "▲淮安市 ▼1/2"
    assert set(said) | {"warnings"} == set(ORDER) and set(FOLDED_FIRST) < set(ORDER)


def test_warnings_in_force_and_never_a_proposal(hard_night: Night) -> None:
    seen = picture.read(hard_night.desk)
    assert [tuple(p) for p in warnings(ZH, seen, hard_night.world.now_ms)] == [("■暴雨 红色 21:30起", "red")]


def test_a_drill_in_force_is_marked_in_the_strip(hard_night: Night) -> None:
    from console.actions import ACTIONS

    ACTIONS["warning.act"].run(hard_night.desk, record=hard_night.ids["drill"])
    chips = warnings(ZH, picture.read(hard_night.desk), hard_night.world.now_ms)
    assert ("▲【演练】台风 橙色 21:30起", "unreal") in [tuple(c) for c in chips]


def test_more_warnings_than_fit_are_counted(hard_night: Night) -> None:
    seen = picture.read(hard_night.desk)
    many = replace(seen, warnings=seen.warnings * 7)
    assert [p.text for p in warnings(ZH, many, hard_night.world.now_ms)][-1] == "另 3 条"
    assert warnings(ZH, replace(seen, warnings=[]), 0)[0].text == "无生效预警"


def test_alone_unsent_and_nobody(hard_night: Night) -> None:
    now = hard_night.world.now_ms
    links = [{"state": "offline", "unsent": 3}, {"state": "offline", "unsent": 5}]
    seen = replace(picture.read(hard_night.desk), alone_since=now - 240_000, links=links, unsent=5, person=None)
    said = texts(ZH, seen, now)
    assert said["alone"].text.startswith("单机 自 ") and said["alone"].tone == "abnormal"
    assert said["unsent"] == ("待发 5", "strong") and said["hub"] == ("中心服务 断", "wrong")
    assert "●" not in said["leader"].text
