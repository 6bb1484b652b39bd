"""Region 1: the status strip; chips that do not fit fold into one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from console.i18n import Tongue
from console.models.picture import Picture
from console.panels.pieces import Chip
from console.statusbar.texts import FOLDED_FIRST, ORDER, WARNINGS_MAX, texts, warnings
from console.words import tip

GAP = 10


class Strip(QFrame):
    """The row of chips; `show_picture` sets them, a narrow window folds some."""

    def __init__(self, t: Tongue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setMinimumWidth(320)  # what does not fit folds: the row never dictates the window's width
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.t = t
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 2, 6, 2)
        self._row.setSpacing(GAP)
        self.chips: dict[str, Chip] = {}
        self.warnings: list[Chip] = []
        for name in ORDER:
            if name == "warnings":
                self.warnings = [self._add(f"strip.warning{n}") for n in range(WARNINGS_MAX + 1)]
                self._row.addStretch(1)
            else:
                self.chips[name] = self._add(f"strip.{name}")
        self.folded = self._add("strip.folded")

    def _add(self, name: str) -> Chip:
        chip = Chip(self)
        chip.setObjectName(name)
        self._row.addWidget(chip)
        return chip

    def show_picture(self, picture: Picture, now_ms: int) -> None:
        """Set every chip."""
        for name, piece in texts(self.t, picture, now_ms).items():
            self.chips[name].show_piece(piece)
        pieces = warnings(self.t, picture, now_ms)
        for number, chip in enumerate(self.warnings):
            chip.show_piece(pieces[number] if number < len(pieces) else None)
        self._fold()

    def texts(self) -> dict[str, object]:
        """What it reads now, folded chips included."""
        out: dict[str, object] = {name: chip.text() for name, chip in self.chips.items()}
        out["warnings"] = [c.text() for c in self.warnings if c.text()]
        return out

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A new width may fold or unfold chips."""
        super().resizeEvent(event)
        self._fold()

    def _fold(self) -> None:
        """Show what has text, then hide first what may fold until the row fits."""
        every = [*self.chips.values(), *self.warnings]
        for chip in every:
            chip.setVisible(bool(chip.text()))
        self.folded.hide()
        gone: list[Chip] = []
        for chip in [*(self.chips[n] for n in FOLDED_FIRST), *reversed(self.warnings[1:])]:
            if self._need() <= self.width():
                break
            if chip.text():
                gone.append(chip)
                chip.hide()
                self.folded.setText(self.t("strip.folded", n=len(gone)))
                self.folded.setToolTip(tip("\n".join(c.text() for c in gone)))
                self.folded.show()

    def _need(self) -> int:
        shown = [c for c in [*self.chips.values(), *self.warnings, self.folded] if not c.isHidden()]
        return sum(c.sizeHint().width() + GAP for c in shown) + 12
