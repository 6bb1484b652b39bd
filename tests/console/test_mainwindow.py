"""The window as a person meets it: real buttons and keys, a real desk, a real store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.actions import ACTIONS
from console.mainwindow import MainWindow
from console.panels.tables import TablePanel
from console.shortcuts import TABLE
from tests.console.night import Night

Open = Callable[..., MainWindow]
LEFT = Qt.MouseButton.LeftButton


def press(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Click the visible button of this name and wait until the window shows what came of it."""
    sheets = [s for s in window.findChildren(QWidget) if s.isWindow() and s.isVisible() and s is not window]
    found = [b for place in [*sheets, window] for b in place.findChildren(QPushButton, name) if b.isVisible()]
    assert found, f"no button {name}"
    assert found[0].isEnabled(), f"{name} is off: {found[0].toolTip()}"
    qtbot.mouseClick(found[0], LEFT)
    qtbot.waitUntil(lambda: window.is_settled)


def record(night: Night, name: str) -> dict[str, Any]:
    return night.desk.view.get(night.ids[name])


def sheet(window: MainWindow, name: str) -> QWidget:
    found = [s for s in window.findChildren(QWidget, name) if s.isVisible()]
    assert found, f"no sheet {name}"
    return found[0]


def test_an_incident_from_report_to_closure_by_its_buttons(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window, fire = window_of(hard_night), hard_night.ids["fire"]
    window.choose(fire)
    for step, stage in (("accept", "accepted"), ("verify", "verified")):
        press(qtbot, window, f"incident.{step}")
        assert record(hard_night, "fire")["stage"] == stage
    press(qtbot, window, "task.add")
    order = sheet(window, "order")
    order.fields["title"].setText("扑救商铺火灾")  # type: ignore[attr-defined]
    press(qtbot, window, "order.ok")
    for step in ("handle", "check", "close"):
        press(qtbot, window, f"incident.{step}")
    assert record(hard_night, "fire")["stage"] == "checked", "an open order holds it open"
    assert "扑救商铺火灾" in window.command.says.text()
    (open_order,) = hard_night.desk.view.list("task", about=fire, open_only=True)
    ACTIONS["task.withdraw"].run(hard_night.desk, record=open_order["id"], reason="已扑灭")
    press(qtbot, window, "incident.close")
    assert record(hard_night, "fire")["stage"] == "closed"
    assert window.selected.bar.texts()[-1] == "● 办结"
    assert not window.buttons()["incident.accept"] and window.buttons()["incident.reopen"]


def test_f5_takes_the_next_stage_and_says_so(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["fire"])
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: record(hard_night, "fire")["stage"] == "accepted")
    qtbot.waitUntil(lambda: window.command.says.text() == "受理：朱码街道商铺火灾 ✓")


def test_a_digit_in_a_list_answers_the_row(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.chosen_id == hard_night.ids["from_city"], "the first row is the worst"
    qtbot.keyClick(window.inbox.view, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: record(hard_night, "from_city")["stage"] == "accepted")


def test_a_conflict_is_settled_by_its_card(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    qtbot.keyClick(window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert window.chosen_id == hard_night.ids["leak"]
    assert window.selected.conflict.isVisible()
    press(qtbot, window, "conflict.settle.2")
    assert (
        record(hard_night, "leak")["conflicts"] == []
        and record(hard_night, "leak")["words"] == "管涌口已扩大到二十厘米"
    )
    assert not window.selected.conflict.isVisible()


def test_a_reason_is_asked_for_and_its_draft_survives_going_back(
    qtbot: QtBot, hard_night: Night, window_of: Open
) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["drill"])
    assert window.selected.banner.isVisible() and "演练" in window.selected.banner.label.text()
    press(qtbot, window, "warning.dismiss")
    line = sheet(window, "reason").fields["text"]  # type: ignore[attr-defined]
    press(qtbot, window, "reason.ok")
    assert sheet(window, "reason"), "without a reason it stays open"
    qtbot.keyClicks(line, "exercise of")
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    press(qtbot, window, "warning.dismiss")
    line = sheet(window, "reason").fields["text"]  # type: ignore[attr-defined]
    assert line.text() == "exercise of"
    qtbot.keyClicks(line, " the city")
    qtbot.keyClick(line, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: record(hard_night, "drill")["stage"] == "dismissed")
    assert record(hard_night, "drill")["steps"][-1]["data"]["reason"] == "exercise of the city"


def test_an_alert_is_acted_on_and_stands_in_the_strip(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["drill"])
    press(qtbot, window, "warning.act")
    texts = [c.text() for c in window.strip.warnings if c.isVisible()]
    assert [t for t in texts if "【演练】台风" in t] and [t for t in texts if t.startswith("■暴雨")]


def test_a_resource_is_sent_and_comes_back(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    from offline import keeper

    window, name = window_of(hard_night), "消防一站"
    window.choose(hard_night.ids["from_city"])
    press(qtbot, window, "task.accept")
    press(qtbot, window, "resource.send")
    rows = sheet(window, "pick").list  # type: ignore[attr-defined]
    rows.setCurrentRow(next(i for i in range(rows.count()) if name in rows.item(i).text()))
    press(qtbot, window, "pick.ok")
    assert record(hard_night, name)["stage"] == "asked"
    keeper.serve(hard_night.desk.opened.store, hard_night.desk.view)
    window.choose(hard_night.ids[name])
    qtbot.waitUntil(lambda: window.buttons().get("resource.release", False))
    assert ("任务", "转移高沟三村低洼户") in window.selected.facts.texts()
    press(qtbot, window, "resource.release")
    keeper.serve(hard_night.desk.opened.store, hard_night.desk.view)
    assert record(hard_night, name)["stage"] == "available"


def test_a_typed_line_says_what_it_will_do_and_does_it(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["fire"])
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.command.line.hasFocus()
    window.command.line.setText("令 高沟 派抽水泵 +30")
    assert window.command.says.text() == "将：向 高沟镇 下达「派抽水泵」，+30"
    qtbot.keyClick(window.command.line, Qt.Key.Key_Return)
    assert hard_night.desk.view.list("task", about=hard_night.ids["fire"]) == [], "Enter only looks"
    window.command.line.setText("令 高沟 派抽水泵 +30")
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.is_settled and window.command.line.text() == "")
    (made,) = hard_night.desk.view.list("task", about=hard_night.ids["fire"])
    assert made["to"] == "huaian/lianshui/gaogou" and made["due_at"]


def test_a_refused_action_is_one_sentence_and_the_draft_stays(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["fire"])
    window.command.line.setText("记 " + "长" * 1_900)
    hard_night.desk.opened.store.session = None
    window.command.send()
    qtbot.waitUntil(lambda: window.last_error is not None)
    assert "没有改动任何内容" in window.command.says.text()
    assert window.command.says.property("tone") == "wrong"
    assert window.command.line.text().startswith("记 长")


def test_the_journal(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["leak"])
    qtbot.keyClick(window, Qt.Key.Key_F8)
    assert window.journal.line.hasFocus()
    window.journal.line.setText("县长到现场")
    qtbot.keyClick(window.journal.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.journal.line.text() == "" and window.is_settled)
    entry = hard_night.desk.view.list("logentry", about=hard_night.ids["leak"])[0]
    assert entry["text"] == "县长到现场"
    assert "县长到现场" in [window.journal.model.index(i, 1).data() for i in range(window.journal.model.rowCount())]


def test_enter_belongs_to_the_input_method_while_it_composes(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    line = window.journal.line
    line.setFocus()
    line.setText("县")
    QApplication.sendEvent(line, QInputMethodEvent("zhang", []))
    with qtbot.assertNotEmitted(window.journal.written):
        qtbot.keyClick(line, Qt.Key.Key_Return)
        qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert line.hasFocus()
    done = QInputMethodEvent("", [])
    done.setCommitString("长到")
    QApplication.sendEvent(line, done)
    with qtbot.waitSignal(window.journal.written) as written:
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert written.args == ["县长到"]
    qtbot.waitUntil(lambda: window.is_settled)


def test_a_report_is_taken_and_what_is_not_known_is_left_out(qtbot: QtBot, quiet_night: Night, window_of: Open) -> None:
    window = window_of(quiet_night)
    assert window.inbox.empty.isVisible() and "F2" in window.inbox.empty.text()
    qtbot.keyClick(window, Qt.Key.Key_F2)
    assert window.intake.fields["phone"].hasFocus()
    press(qtbot, window, "intake.save")
    assert window.intake.error.text() == "先写事由。"
    for name, text in (
        ("phone", "13800000000"),
        ("title", "圩堤滑坡"),
        ("place", "?"),
        ("words", "堤塌了一段"),
        ("occurred", "25:10"),
    ):
        field = window.intake.fields[name]
        field.setPlainText(text) if name == "words" else field.setText(text)  # type: ignore[union-attr]
    press(qtbot, window, "intake.save")
    assert "HH:MM" in window.intake.error.text()
    window.intake.fields["occurred"].setText("02:10")  # type: ignore[union-attr]
    qtbot.keyClick(window.intake.fields["title"], Qt.Key.Key_Escape)
    assert not window.intake.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_F2)
    assert window.intake.values()["title"] == "圩堤滑坡", "the draft is still there"
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.is_settled and not window.intake.isVisible())
    (made,) = quiet_night.desk.view.list("incident")
    (call,) = quiet_night.desk.view.list("call")
    assert made["title"] == "圩堤滑坡" and made.get("place") is None and made["occurred_at"][11:16] == "02:10"
    assert call["words"] == "堤塌了一段" and call["phone"] == "13800000000" and call["incident"] == made["id"]
    assert window.chosen_id == made["id"]
    assert ("地点", "尚不掌握") in window.selected.facts.texts()


def test_find(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    qtbot.keyClick(window, Qt.Key.Key_F3)
    found = sheet(window, "find")
    found.line.setText("刘洋")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: found.list.count() == 1)  # type: ignore[attr-defined]
    assert "0517-82310001" in found.list.item(0).text()  # type: ignore[attr-defined]
    found.line.setText("商铺火灾")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: found.list.count() == 1 and "商铺" in found.list.item(0).text())  # type: ignore[attr-defined]
    qtbot.keyClick(found.line, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    assert window.chosen_id == hard_night.ids["fire"]


def test_the_filter(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.inbox.view.setFocus()
    qtbot.keyClick(window.inbox.view, Qt.Key.Key_Slash)
    qtbot.keyClicks(window.inbox.filter, "46")
    assert window.inbox.model.rowCount() == 1
    qtbot.keyClicks(window.inbox.filter, "xyz")
    assert window.inbox.empty.isVisible()
    qtbot.keyClick(window.inbox.filter, Qt.Key.Key_Escape)
    assert window.inbox.model.rowCount() == 6


def test_what_comes_from_elsewhere_is_shown_and_the_person_s_place_stays(
    qtbot: QtBot, hard_night: Night, window_of: Open
) -> None:
    from console.actions import ACTIONS

    window = window_of(hard_night)
    window.inbox.choose_first()
    first, rows = window.inbox.current(), window.inbox.model.rowCount()
    city = hard_night.desk_of("huaian")
    ACTIONS["task.add"].run(city, title="报转移人数", to="huaian/lianshui", due_at="+1")
    hard_night.world.settle()
    qtbot.waitUntil(lambda: window.inbox.model.rowCount() == rows + 1)
    assert window.inbox.current() == first == window.chosen_id


def test_every_key_of_the_table_does_something(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["red"])
    for shortcut in TABLE:
        if shortcut.everywhere:
            window.key(shortcut.name)
            for child in window.findChildren(QWidget):
                if child.isWindow() and child.isVisible():
                    child.close()
    qtbot.waitUntil(lambda: window.is_settled)


def test_regions_are_reached_by_key(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night, (1366, 768))
    for key, region in ((2, window.inbox), (5, window.journal), (6, window.clocks)):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + key), Qt.KeyboardModifier.ControlModifier)
        assert region.isAncestorOf(QApplication.focusWidget())
    window.key("resources")
    assert window.middle.currentWidget() is window.resources and window.resources.isVisible()
    window.key("region3")
    assert window.middle.currentWidget() is window.map


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["day", "night"])
def test_nothing_is_clipped(
    qtbot: QtBot, hard_night: Night, window_of: Open, size: tuple[int, int], language: str, theme: str
) -> None:
    window = window_of(hard_night, size, language=language, theme_name=theme)
    window.choose(hard_night.ids["leak"])
    qtbot.waitUntil(lambda: window.is_settled)
    QApplication.processEvents()  # the layout of new buttons is a posted event
    assert (window.width(), window.height()) == size, "it would not fit the screen"
    clipped = [
        (c.objectName() or c.text(), c.width(), c.sizeHint().width())
        for c in [*window.strip.chips.values(), *window.strip.warnings, *window.selected.findChildren(QPushButton)]
        if c.isVisible() and c.text() and c.width() < c.sizeHint().width()
    ]
    assert clipped == []
    low = [
        b.text()
        for b in window.selected.findChildren(QPushButton)
        if b.isVisible() and b.height() < b.sizeHint().height()
    ]
    assert low == []
    for table in (window.inbox, window.incidents, window.clocks, window.journal):
        assert _rows_seen(table) >= min(3, table.model.rowCount()), table.name
    grabbed = window.grab()
    assert (grabbed.width(), grabbed.height()) == size
    assert grabbed.toImage().pixelColor(1, size[1] - 1).name() == window.theme.ground


def _rows_seen(table: TablePanel) -> int:
    return table.view.viewport().height() // table.view.verticalHeader().defaultSectionSize()


def test_a_narrow_strip_folds_and_keeps_what_must_be_seen(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night, (1366, 768))
    window.resize(720, 768)
    strip = window.strip
    kept = ("realm", "posture", "links", "unsent", "as_of", "clock")
    assert all(strip.chips[n].isVisible() for n in kept) and strip.warnings[0].isVisible()
    assert strip.folded.isVisible() and "陈志强" in strip.folded.toolTip()
    window.resize(1920, 768)
    assert not strip.folded.isVisible() and strip.chips["leader"].isVisible()


def test_language_and_theme_change_in_place(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night)
    window.choose(hard_night.ids["leak"])
    window.key("language")
    window.key("night")
    assert window.inbox.head.text() == "Inbox 6" and window.strip.chips["realm"].text() == "LIVE"
    assert window.selected.bar.texts()[0] == "reported" and window.theme.name == "night"
    press(qtbot, window, "conflict.settle.1")
    assert "Keep 1" in window.command.says.text()
    window.key("language")
    assert window.inbox.head.text().startswith("待办")


def test_alone_since_stands_in_the_strip(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window, since = window_of(hard_night), hard_night.world.now_ms - 600_000

    class Cut:
        def links(self) -> list[dict[str, Any]]:
            return [{"state": "offline", "unsent": 7, "peer": "x", "centre": "huaian"}]

        def alone_since(self) -> int:
            return since

    hard_night.desk.node = Cut()  # type: ignore[assignment]
    window.bridge.on_links()
    chip = window.strip.chips["alone"]
    qtbot.waitUntil(lambda: chip.text().startswith("单机 自 "))
    assert chip.isVisible() and chip.property("tone") == "abnormal" and window.strip.chips["unsent"].text() == "待发 7"


def test_what_is_chosen_before_its_row_is_here_is_pointed_at_later(
    qtbot: QtBot, hard_night: Night, window_of: Open
) -> None:
    from console.actions import ACTIONS

    window = window_of(hard_night)
    made = ACTIONS["incident.add"].run(hard_night.desk, title="桥梁受损")["record"]["id"]
    window.choose(made)
    assert window.incidents.current() == ""
    qtbot.waitUntil(lambda: window.incidents.current() == made)
    assert window.inbox.current() == made


def test_a_small_window_keeps_every_region_within_reach(qtbot: QtBot, hard_night: Night, window_of: Open) -> None:
    window = window_of(hard_night, (911, 512))
    window.choose(hard_night.ids["leak"])
    QApplication.processEvents()
    assert (window.width(), window.height()) == (911, 512)
    for name, region in (("region5", window.journal), ("region6", window.clocks), ("journal", window.journal.line)):
        window.key(name)
        assert region.isVisible(), name
    window.key("region3")
    assert window.middle.currentWidget() is window.map and window.selected.buttons.isVisible()
    window.choose(hard_night.ids["leak"])
    panel = window.selected

    def reachable() -> bool:
        buttons = [b for b in panel.buttons.findChildren(QPushButton) if b.isVisible()]
        return len(buttons) == 10 and all(
            panel.rect().contains(b.geometry().translated(panel.buttons.pos())) for b in buttons
        )

    qtbot.waitUntil(reachable)
    assert window.inbox.view.isColumnHidden(2), "the centre's name gives way to the title"
    window.resize(1920, 1080)
    QApplication.processEvents()
    assert window.journal.isVisible() and window.clocks.isVisible() and not window.inbox.view.isColumnHidden(2)


def test_a_map_that_cannot_be_made_leaves_the_tables(
    qtbot: QtBot, hard_night: Night, window_of: Open, expect_log: Callable[[str], None]
) -> None:
    expect_log("the map could not be made")

    def broken() -> None:
        raise ImportError("no engine here")

    window = window_of(hard_night, make_map=broken)
    assert "no engine here" in window.map.says.text() and window.inbox.model.rowCount() == 6
