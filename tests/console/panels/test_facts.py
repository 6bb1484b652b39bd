"""What region 4 writes: everything, in words, and what is not known in so many words."""

from __future__ import annotations

from console.i18n import tongue
from console.models import chosen
from console.panels.facts import conflict_name, facts, head, sides
from tests.console.night import Night

ZH, EN = tongue("zh"), tongue("en")


def name_of(path: str) -> str:
    return {"huaian": "市", "huaian/lianshui": "县", "huaian/lianshui/gaogou": "镇"}.get(path, path)


def read(night: Night, name: str) -> chosen.Chosen:
    found = chosen.read(night.desk.view, night.ids[name])
    assert found is not None
    return found


def shown(night: Night, name: str) -> dict[str, str]:
    return {f.key: f.value.text for f in facts(ZH, read(night, name), name_of, night.world.now_ms)}


def test_every_kind_of_record_has_facts_and_none_is_blank(hard_night: Night) -> None:
    for language in (ZH, EN):
        for name in hard_night.ids:
            rows = facts(language, read(hard_night, name), name_of, hard_night.world.now_ms)
            assert rows and all(r.key and r.value.text for r in rows), name


def test_an_incident(hard_night: Night) -> None:
    said = shown(hard_night, "leak")
    assert said["地点"].startswith("高沟镇盐河大堤 K12+300 背水坡") and "33.9200°N" in said["地点"]
    assert said["事发"] == "尚不掌握"
    assert shown(hard_night, "fire")["原话"] == "尚不掌握"
    assert {t["id"] for t in read(hard_night, "leak").tasks} == {
        hard_night.ids[n] for n in ("sandbags", "boats", "count")
    }


def test_a_warning_and_its_drill(hard_night: Night) -> None:
    said = shown(hard_night, "red")
    assert said["范围"] == "涟水县高沟镇、成集镇" and said["时段"] == "21:30 至 07-03 06:00"
    assert "停止集会" in said["防御指南"] and said["严重程度"] == "特别严重"
    pieces = head(ZH, read(hard_night, "drill").record, name_of, hard_night.world.now_ms)
    assert ("【演练】", "unreal") in [tuple(p) for p in pieces]
    assert not {"red", "orange"} & {p.tone for p in pieces}


def test_a_conflict_has_both_sides_with_who_said_so(hard_night: Night) -> None:
    record = read(hard_night, "leak").record
    rows = sides(ZH, record, name_of, hard_night.world.now_ms)
    assert conflict_name(ZH, record) == "原话"
    assert [(s.number, s.value, s.stands) for s in rows] == [
        (1, "管涌口直径约十五厘米", True),
        (2, "管涌口已扩大到二十厘米", False),
    ]
    assert "孙桂兰 · 镇" in rows[1].said


def test_what_is_not_here_is_none(hard_night: Night) -> None:
    assert chosen.read(hard_night.desk.view, "f" * 64) is None
