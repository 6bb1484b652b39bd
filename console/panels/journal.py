"""Region 5: the journal, and the line one writes in it."""

from __future__ import annotations

from PySide6.QtCore import Signal

from console.i18n import Tongue
from console.models import journal
from console.panels.pieces import TypeLine
from console.panels.tables import TablePanel
from console.theme import Theme
from console.words import line


class JournalPanel(TablePanel):
    """A table with a line under it.

    Signals:
        written(str): Enter on a line that is not blank; the line stays until `clear_line`. left(): Esc.
    """

    written = Signal(str)
    left = Signal()

    def __init__(self, t: Tongue, theme: Theme) -> None:
        super().__init__("journal", t, theme, journal.key)
        self.line = TypeLine("journal.text", self)
        self.line.setMaxLength(2_000)
        self.box.addWidget(self.line)
        self.line.entered.connect(self.send)
        self.line.escaped.connect(self.left)
        self.view.horizontalHeader().hide()  # time, text and name need no words above them
        self.set_about("")

    def set_about(self, title: str) -> None:
        """What the next line will be about; empty for nothing in particular."""
        self.line.setPlaceholderText(
            self.t("journal.hint_about", title=line(title, 30)) if title else self.t("journal.hint")
        )

    def send(self) -> None:
        """Tell what is written."""
        if self.line.text().strip():
            self.written.emit(self.line.text().strip())

    def clear_line(self) -> None:
        """The line is stored: make room for the next."""
        self.line.clear()
