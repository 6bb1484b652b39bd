"""F1: every key and what it does."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget

from console.dialogs.sheet import Sheet
from console.i18n import Tongue
from console.panels.pieces import Chip
from console.shortcuts import help_lines
from console.words import Piece


class KeysSheet(Sheet):
    """The page of keys; there is nothing to answer."""

    def __init__(self, t: Tongue, parent: QWidget) -> None:
        super().__init__("keys", t, t("keys.title"), parent, t("do.ok"))
        grid = QGridLayout()
        lines = help_lines(t)
        half = (len(lines) + 1) // 2
        for number, (keys, text) in enumerate(lines):
            row, column = number % half, number // half * 2
            grid.addWidget(Chip(self, Piece(keys, "strong")), row, column)
            grid.addWidget(Chip(self, Piece(text)), row, column + 1)
        grid.setHorizontalSpacing(14)
        self.form.addRow(grid)
