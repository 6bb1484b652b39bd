"""The one table model: Qt's own tester, and only what differs is told."""

from __future__ import annotations

import random
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from console.models.table import RECORD_ROLE, TONE_ROLE, Column, RecordTable
from console.words import Piece

Record = dict[str, Any]


def columns(word: str = "") -> list[Column]:
    return [
        Column("a", lambda r: Piece(r["id"], "quiet"), 5),
        Column("b", lambda r: Piece(word + str(r["n"])), right=True),
    ]


def table(*rows: Record) -> RecordTable:
    made = RecordTable(columns(), lambda r: str(r["id"]))
    made.show(rows)
    return made


def row(key: str, n: int = 0) -> Record:
    return {"id": key, "n": n}


@pytest.mark.parametrize("seed", range(5))
def test_any_list_after_any_other(qtbot: QtBot, qtmodeltester: ModelTester, seed: int) -> None:
    dice = random.Random(seed)
    model = table()
    qtmodeltester.check(model)
    for _ in range(30):
        keys = dice.sample("abcdefghijkl", dice.randint(0, 12))
        rows = [row(k, dice.randint(0, 2)) for k in keys]
        model.show(rows)
        assert model.rows == rows
        shown = [(model.index(i, 0).data(), model.index(i, 1).data()) for i in range(model.rowCount())]
        assert shown == [(r["id"], str(r["n"])) for r in rows]
    qtmodeltester.check(model)


def test_only_changed_cells_are_told(qtbot: QtBot) -> None:
    model = table(row("a"), row("b"), row("c"))
    told: list[tuple[int, int, int]] = []
    model.dataChanged.connect(lambda a, b: told.append((a.row(), a.column(), b.column())))
    model.show([row("a"), row("b", 7), row("c")])
    assert told == [(1, 1, 1)]
    told.clear()
    model.show([row("a"), row("b", 7), row("c")])
    assert told == []


def test_a_moved_row_is_moved_and_not_made_anew(qtbot: QtBot) -> None:
    model = table(row("a"), row("b"), row("c"))
    keep = model.index(0, 0)
    from PySide6.QtCore import QPersistentModelIndex

    held = QPersistentModelIndex(keep)
    model.show([row("b"), row("c"), row("a")])
    assert held.isValid() and held.row() == 2


def test_a_key_that_comes_twice_is_one_row(qtbot: QtBot) -> None:
    assert table(row("a"), row("a", 1)).rows == [row("a", 1)]


def test_other_columns(qtbot: QtBot, qtmodeltester: ModelTester) -> None:
    model = table(row("a"))
    model.set_columns(columns("n="))
    assert model.index(0, 1).data() == "n=0"
    model.set_columns([*columns(), Column("c", lambda r: Piece("!"))])
    assert model.columnCount() == 3 and model.index(0, 2).data() == "!"
    qtmodeltester.check(model)


def test_roles(qtbot: QtBot) -> None:
    model = table(row("a"))
    assert model.index(0, 0).data(TONE_ROLE) == "quiet"
    assert model.index(0, 0).data(RECORD_ROLE) == row("a")
    assert model.record(5) is None and model.row_of("a") == 0 and model.row_of("z") == -1


def test_what_looks_like_markup_is_no_markup_in_a_tooltip(qtbot: QtBot) -> None:
    hostile = '<img src="file:///etc/hostname"><b>alarm</b>'
    model = table(row(hostile))
    tip = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    read = QTextDocument()
    read.setHtml(tip)
    assert tip.startswith("<p") and read.toPlainText() == hostile
