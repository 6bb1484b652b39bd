"""What records say on screen: tables of a record and its words."""

from __future__ import annotations

from typing import Any

import pytest

from console import words
from console.i18n import Tongue, tongue
from console.words import Piece
from offline.clock import parse_ms

ZH, EN = tongue("zh"), tongue("en")
NOW = parse_ms("2026-07-02T22:00:00+08:00")
MIN = 60_000


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(0, "刚刚", "now"), (59, "刚刚", "now"), (60, "1分", "1 min"), (3599, "59分", "59 min"), (3600, "1时", "1 h"),
     (86_399, "23时", "23 h"), (86_400, "1天", "1 d"), (10 * 86_400, "10天", "10 d")],
)  # fmt: skip
def test_age(seconds: int, zh: str, en: str) -> None:
    assert (words.age(ZH, seconds), words.age(EN, seconds)) == (zh, en)


@pytest.mark.parametrize(
    ("seconds", "zh"), [(65, "1分"), (3600, "1时00分"), (7_384, "2时03分"), (3 * 86_400 + 4 * 3600, "3天04时")]
)
def test_span(seconds: int, zh: str) -> None:
    assert words.span(ZH, seconds) == zh


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2026-07-02T21:54:00+08:00", "21:54"), ("2026-07-02T13:54:00Z", "21:54"),
     ("2026-07-01T21:54:00+08:00", "07-01 21:54"),
     ("2025-07-01T21:54:00+08:00", "2025-07-01 21:54"), ("soon", "soon"), (None, "")],
)  # fmt: skip
def test_when(text: str | None, shown: str) -> None:
    assert words.when(text, NOW) == shown


@pytest.mark.parametrize("value", [None, "", []])
def test_not_known_is_said_and_never_blank(value: object) -> None:
    assert words.known(ZH, value) == Piece("尚不掌握", "unknown")
    assert words.known(EN, value) == Piece("not known", "unknown")


def test_nought_is_known() -> None:
    assert words.known(ZH, 0) == Piece("0")


@pytest.mark.parametrize(
    ("given", "shown"),
    [("a\u202eb\nc", "a b c"), ("  高沟  堤 ", "高沟 堤"), ("x" * 400, "x" * 299 + "…"), (None, ""), ("<b>&", "<b>&")],
)
def test_a_line_is_printable_and_bounded(given: object, shown: str) -> None:
    assert words.line(given) == shown


@pytest.mark.parametrize(
    ("due", "zh", "tone"),
    [("2026-07-02T22:39:00+08:00", "剩 39分", ""), ("2026-07-02T21:55:50+08:00", "超 4分", "wrong"),
     ("2026-07-01T18:00:00+08:00", "超 1天04时", "wrong"), (None, "", "")],
)  # fmt: skip
def test_left(due: str | None, zh: str, tone: str) -> None:
    assert words.left(ZH, due, NOW) == Piece(zh, tone)


def incident(stage: str, *steps: str) -> dict[str, Any]:
    return {
        "id": "0" * 64,
        "kind": "incident",
        "stage": stage,
        "steps": [{"kind": f"incident.{s}"} for s in ("report", *steps)],
    }


BAR = ["接报", "受理", "核实", "派遣", "处置", "核查", "办结"]


@pytest.mark.parametrize("here", range(7))
def test_stage_bar(here: int) -> None:
    pieces = words.stage_bar(ZH, incident(words.STAGE_BAR[here]))
    assert [p.text for p in pieces] == [f"● {w}" if n == here else w for n, w in enumerate(BAR)]
    assert [p.tone for p in pieces] == ["done"] * here + ["now"] + ["next"] * (6 - here)


def test_stage_bar_of_a_side_door_shows_what_was_reached() -> None:
    pieces = words.stage_bar(ZH, incident("returned", "accept", "return"))
    assert [p.tone for p in pieces] == ["done", "done"] + ["next"] * 5 + ["now"]
    assert pieces[-1].text == "● 退回"


AT = "2026-07-02T21:55:00+08:00"
HEARD = {"at": AT, "node": "n"}
STORED = {"stored": True, "delivered": None, "accepted": None}
ARRIVED = {**STORED, "delivered": HEARD}
SIGNED = {**ARRIVED, "accepted": {"at": AT, "by": "x"}}
STUCK = {"since": AT, "why": ""}
TICKS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"stage": "ordered", "ticks": STORED, "waiting": STUCK},
     [("✓存", "done"), ("✗未达", "wrong"), ("", ""), ("自21:55", "wrong")]),
    ({"stage": "ordered", "ticks": ARRIVED, "waiting": STUCK},
     [("✓存", "done"), ("✓达", "done"), ("…未签", "wrong"), ("自21:55", "wrong")]),
    ({"stage": "accepted", "ticks": SIGNED, "waiting": None},
     [("✓存", "done"), ("✓达", "done"), ("✓签", "done"), ("21:55", "quiet")]),
    ({"stage": "declined", "ticks": SIGNED, "waiting": None},
     [("✓存", "done"), ("✓达", "done"), ("✗退回", "wrong"), ("21:55", "quiet")]),
]  # fmt: skip


@pytest.mark.parametrize(("task", "shown"), TICKS)
def test_ticks(task: dict[str, Any], shown: list[tuple[str, str]]) -> None:
    assert [tuple(p) for p in words.ticks(ZH, task, NOW)] == shown


@pytest.mark.parametrize(
    ("status", "mark", "tone"),
    [("Actual", "", "red"), ("Exercise", "演练", "unreal"), ("Test", "测试", "unreal"), ("System", "系统", "unreal"),
     ("Draft", "草稿", "unreal"), ("Whatever", "状态不明", "unreal"), (None, "状态不明", "unreal")],
)  # fmt: skip
def test_only_an_actual_warning_looks_real(status: str | None, mark: str, tone: str) -> None:
    warning = {"status": status, "colour": "red", "event": "暴雨", "onset": "2026-07-02T21:30:00+08:00"}
    chip = words.warning_chip(ZH, warning, NOW)
    assert words.mark(ZH, warning) == mark
    assert chip.tone == tone
    assert (f"【{mark}】" in chip.text) == bool(mark)
    assert bool(words.banner(ZH, warning)) == bool(mark)


@pytest.mark.parametrize(
    ("colour", "shape", "word"),
    [("red", "■", "红色"), ("orange", "▲", "橙色"), ("yellow", "◆", "黄色"), ("blue", "●", "蓝色")],
)
def test_a_colour_is_also_a_shape_and_a_word(colour: str, shape: str, word: str) -> None:
    text = words.warning_chip(ZH, {"status": "Actual", "colour": colour, "event": "大风"}, NOW).text
    assert text.startswith(shape) and word in text


def test_a_warning_past_its_hours_says_so_and_an_open_end_is_not_known() -> None:
    old = {"status": "Actual", "event": "大风", "expires": "2026-07-02T21:00:00+08:00"}
    assert "已过期" in words.warning_chip(ZH, old, NOW).text
    assert words.hours(ZH, old, NOW) == Piece("尚不掌握 至 21:00 · 已过期", "wrong")


def centre(path: str, ago_ms: int | None) -> dict[str, Any]:
    from offline.clock import rfc3339

    return {"path": path, "name": path.rpartition("/")[2], "as_of": None if ago_ms is None else rfc3339(NOW - ago_ms)}


@pytest.mark.parametrize(
    ("around", "text", "tone"),
    [([], "无上下级", ""), ([centre("a", 1000)], "▲a", ""), ([centre("a", 600_000)], "▲a✗", "wrong"),
     ([centre("a/b/c", 1000), centre("a/b/d", None), centre("a/x", 1)], "▼1/2", "wrong"),
     ([centre("a", 1000), centre("a/b/c", 1000)], "▲a ▼1/1", "")],
)  # fmt: skip
def test_links(around: list[dict[str, Any]], text: str, tone: str) -> None:
    assert words.links(ZH, [centre("a/b", 0), *around], "a/b", NOW) == Piece(text, tone)


@pytest.mark.parametrize(
    ("around", "text", "tone"),
    [([], "截至 22:00:00", ""), ([centre("a", 5_000), centre("a/b/c", 9_000)], "截至 21:59:51", ""),
     ([centre("a", None)], "截至 尚不掌握", "unknown"), ([centre("a", 15 * MIN)], "截至 21:45:00", "wrong")],
)  # fmt: skip
def test_as_of(around: list[dict[str, Any]], text: str, tone: str) -> None:
    assert words.as_of(ZH, [centre("a/b", 0), *around], "a/b", NOW) == Piece(text, tone)


def test_alone() -> None:
    assert words.alone(ZH, None, NOW) == Piece("")
    assert words.alone(ZH, NOW - 3 * 86_400_000 - 4 * 3_600_000, NOW) == Piece(
        "单机 自 06-29 18:00 (3天04时)", "abnormal"
    )


def test_people_on_duty_with_the_one_signed_in() -> None:
    people = [{"id": "1", "name": "甲", "roles": ["duty"]}, {"id": "2", "name": "乙", "roles": ["duty", "leader"]}]
    assert words.names_of(ZH, people, "duty", "2") == "甲 乙●"
    assert words.names_of(ZH, people, "commander", "2") == "未排班"


@pytest.mark.parametrize(
    ("name", "short"), [("涟水县指挥中心", "涟水县"), ("指挥中心", "指挥中心"), ("高沟镇", "高沟镇")]
)
def test_short_centre(name: str, short: str) -> None:
    assert words.short_centre(name) == short


def test_trouble_is_one_line_in_the_language(zh: Tongue, en: Tongue) -> None:
    error = {
        "code": "refused",
        "message": "Only an accepted incident can be verified.",
        "safe": "Nothing was changed.",
        "do": "",
    }
    assert words.trouble(zh, error) == "只有已受理的事件才能核实。没有改动任何内容。"
    assert words.trouble(en, error) == "Only an accepted incident can be verified. Nothing was changed."
