"""Asks for a reason, with the usual ones at hand."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from console.dialogs.sheet import Draft, Sheet
from console.i18n import Tongue
from console.panels.pieces import Flow
from console.words import line


class ReasonSheet(Sheet):
    """`{text}`: the reason for a step."""

    def __init__(self, t: Tongue, what: str, title: str, parent: QWidget) -> None:
        super().__init__("reason", t, t("reason.ask", what=f"{what} {line(title, 40)}"), parent, t("do.ok"))
        text = self.add_line("text", t("reason.label"))
        presets = QWidget(self)
        flow = Flow(presets)
        for number, words in enumerate(t("reason.preset").split("|"), 1):
            button = QPushButton(words, presets)
            button.setObjectName(f"reason.preset.{number}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _on=False, w=words: text.setText(w))
            flow.addWidget(button)
        self.form.addRow(presets)

    def problem(self, values: Draft) -> str:
        """A reason must be given."""
        return "" if values["text"] else self.windowTitle()
