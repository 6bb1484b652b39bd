"""Which rows and columns each table has, on a hard night."""

from __future__ import annotations

import json
from pathlib import Path

from console.i18n import tongue
from console.models import clocks, inbox, incidents, journal, picture, resources
from console.models.boundaries import Boundaries
from console.models.mapfeed import MapFeed
from console.panels import facts
from map.packs import import_boundaries
from tests.console.night import Night

ZH = tongue("zh")


def test_the_inbox_has_the_worst_first_and_marks_a_drill(hard_night: Night) -> None:
    seen, now = picture.read(hard_night.desk), hard_night.world.now_ms
    made = inbox.columns(ZH, seen.name_of, now, seen.targets(), seen.unreal)
    rows = [[c.cell(r).text for c in made] for r in seen.inbox]
    assert rows[0] == ["! 签收", "转移高沟三村低洼户", "淮安市", "超 4分"]
    assert rows[1] == ["! 未回", "转移堤北二组 46 户", "高沟镇", "超 3分"]
    late = [r["overdue_s"] for r in seen.inbox]
    assert late == sorted(late, reverse=True)
    drill = next(r for r in seen.inbox if r["record"] == hard_night.ids["drill"])
    assert made[1].cell(drill) == ("【演练】台风橙色预警", "unreal")
    assert made[1].cell({**drill, "title": "台风橙色预警"}) == ("【演练】台风橙色预警", "unreal")


def test_incidents(hard_night: Night) -> None:
    seen = picture.read(hard_night.desk)
    made = incidents.columns(ZH, seen.name_of, hard_night.world.now_ms)
    rows = {r["id"]: [c.cell(r) for c in made] for r in seen.incidents}
    leak = rows[hard_night.ids["leak"]]
    assert leak[0] == ("Ⅲ", "yellow") and leak[2].text == "⇄ 高沟堤防渗漏"
    assert rows[hard_night.ids["fire"]][0] == ("未定", "quiet")


def test_clocks_run_next_first(hard_night: Night) -> None:
    rows = clocks.running(picture.read(hard_night.desk).tasks)
    assert [r["id"] for r in rows] == [hard_night.ids[n] for n in ("from_city", "boats", "sandbags", "count")]
    left = clocks.columns(ZH, str, hard_night.world.now_ms)[0]
    assert [left.cell(r).tone for r in rows] == ["wrong", "wrong", "", ""]


def test_resources_are_ordered_and_counted(hard_night: Night) -> None:
    own = {"centre": "a", "stage": "available", "name": "乙"}
    rows = [own, {**own, "stage": "committed"}, {**own, "centre": "b", "stage": "asked"}, {**own, "name": "甲"}]
    assert [r["stage"] for r in resources.ordered(rows, "a")] == ["committed", "available", "available", "asked"]
    assert resources.summary(ZH, rows) == "待命 2 · 请求中 1 · 出动 1"
    seen = picture.read(hard_night.desk)
    made = resources.columns(ZH, seen.name_of, lambda _id: "")
    assert {made[1].cell(r).text for r in seen.resources} == {"消防一站", "冲锋舟 3 艘", "县医院", "编织袋库"}


def test_the_journal_is_newest_first(hard_night: Night) -> None:
    rows = journal.newest_first(picture.read(hard_night.desk).journal)
    made = journal.columns(ZH, str, hard_night.world.now_ms)
    assert made[1].cell(rows[0]).text == "消防一站出动 2 车 11 人"
    assert len(rows) == 3


def test_the_map_s_features_follow_what_changed(hard_night: Night) -> None:
    from console.actions import ACTIONS

    feed, view = MapFeed(), hard_night.desk.view
    first = feed.read(view, [])
    drawn = {hard_night.ids[n] for n in ("red", "drill", "leak", "fire", "消防一站", "boats")}
    assert drawn <= first.keys() and first[hard_night.ids["drill"]]["mark"] == "演练"
    ACTIONS["warning.dismiss"].run(hard_night.desk, record=hard_night.ids["drill"], reason="演练")
    later = feed.read(view, [hard_night.ids["drill"]])
    assert later.keys() == first.keys() - {hard_night.ids["drill"]}
    assert MapFeed().read(view, []).keys() == later.keys()


def test_a_region_without_a_shape_is_drawn_from_a_pack_or_named(hard_night: Night, tmp_path: Path) -> None:
    area = {"desc": "涟水县", "polygons": [], "circles": [], "geocodes": [{"name": "CPEAS", "value": "320826000000"}]}
    warning = {"id": "1", "kind": "warning", "alert": {"infos": [{"areas": [area]}]}}
    packs = tmp_path / "packs"
    packs.mkdir()
    here = Boundaries(packs)
    assert here.look() and not here.look()
    assert here.missing(warning) == ["涟水县"] and here.rings("320826000000") is None
    assert "本机无边界" in facts.areas(ZH, {"areas": [area]}, here.missing(warning)).text
    ring = [[119.1, 33.7], [119.4, 33.7], [119.4, 33.9], [119.1, 33.7]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"adcode": "320826", "name": "涟水县"}, "geometry": shape}
    source = tmp_path / "county.geojson"
    source.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    import_boundaries(source, packs)
    assert here.look() and here.missing(warning) == [] and here.rings("320826000000")
    here.close()
