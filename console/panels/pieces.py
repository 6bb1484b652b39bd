"""Small shared widgets: a label with a tone, a row that wraps, a line one types in without hurting input methods."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QLayoutItem, QLineEdit, QSizePolicy, QWidget

from console.words import Piece


def set_tone(label: QWidget, tone: str) -> None:
    """Give a label its tone, and repaint it only when that differs."""
    if label.property("tone") != tone:
        label.setProperty("tone", tone)
        label.style().unpolish(label)
        label.style().polish(label)


class Chip(QLabel):
    """Plain text with a tone."""

    def __init__(self, parent: QWidget | None = None, piece: Piece | None = None, *, wrap: bool = False) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setProperty("tone", "")
        if piece is not None:
            self.show_piece(piece)

    def show_piece(self, piece: Piece | None) -> None:
        """Set text and tone; None empties it."""
        piece = piece or Piece("")
        if self.text() != piece.text:
            self.setText(piece.text)
        set_tone(self, piece.tone)


class Flow(QLayout):
    """Items from left to right, wrapped like words."""

    def __init__(self, parent: QWidget | None = None, gap: int = 6) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """For Qt."""
        self._items.append(item)

    def count(self) -> int:
        """For Qt."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        """For Qt."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        """For Qt."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        """Its height depends on how often it wraps."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height at this width."""
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        """Place the items."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        """As small as its widest item."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """As small as its widest item."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        x, y, high = rect.x(), rect.y(), 0
        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            size = item.sizeHint()
            if x + size.width() > rect.right() + 1 and high:
                x, y, high = rect.x(), y + high + self._gap // 2, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), size))
            x, high = x + size.width() + self._gap, max(high, size.height())
        return y + high - rect.y()


class PieceRow(QWidget):
    """Pieces of text in a row that wraps; only what differs is touched."""

    def __init__(self, parent: QWidget | None = None, gap: int = 8) -> None:
        super().__init__(parent)
        self._flow = Flow(self, gap)
        self._chips: list[Chip] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_pieces(self, pieces: Sequence[Piece]) -> None:
        """Set the row."""
        while len(self._chips) < len(pieces):
            chip = Chip(self)
            self._chips.append(chip)
            self._flow.addWidget(chip)
        for number, chip in enumerate(self._chips):
            chip.show_piece(pieces[number] if number < len(pieces) else None)
            chip.setVisible(number < len(pieces))
        self._flow.invalidate()
        self.updateGeometry()

    def texts(self) -> list[str]:
        """What it reads."""
        return [c.text() for c in self._chips if not c.isHidden()]


class TypeLine(QLineEdit):
    """A line one types in; Enter and Esc belong to the input method while it composes.

    Signals:
        entered(): Enter, with nothing being composed. escaped(): Esc likewise.
    """

    entered = Signal()
    escaped = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.composing = False

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Remember whether something is being composed."""
        self.composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def event(self, event: QEvent) -> bool:
        """Esc is this line's before it is the window's."""
        override = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if override and event.key() == Qt.Key.Key_Escape:  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Esc are ours only outside a composition."""
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            None if self.composing else self.entered.emit()
            event.accept()
        elif event.key() == Qt.Key.Key_Escape and not self.composing:
            self.escaped.emit()
            event.accept()
        else:
            super().keyPressEvent(event)


class Region(QFrame):
    """A bordered region with a head line."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"region.{name}")
        self.setProperty("region", True)
        self.head = QLabel(self)
        self.head.setProperty("head", True)
        self.head.setTextFormat(Qt.TextFormat.PlainText)
