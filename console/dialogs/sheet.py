"""What every question looks like: a title, fields, an error line, two buttons."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.i18n import Tongue
from console.panels.pieces import Chip, TypeLine
from console.words import Piece

Draft = dict[str, Any]
Field = TypeLine | QPlainTextEdit | QComboBox


class Sheet(QDialog):
    """A question.

    Signals:
        answered(dict): values by field name. left(dict): gone back from, with what was written.
    """

    answered = Signal(dict)
    left = Signal(dict)

    def __init__(self, name: str, t: Tongue, title: str, parent: QWidget, ok: str) -> None:
        super().__init__(parent)
        self.name, self.t = name, t
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * 70)
        self.fields: dict[str, Field] = {}
        self.box = QVBoxLayout(self)
        head = Chip(self, Piece(title), wrap=True)
        head.setProperty("big", True)
        self.box.addWidget(head)
        self.form = QFormLayout()
        self.box.addLayout(self.form)
        self.says = Chip(self, wrap=True)
        self.says.setObjectName(f"{name}.says")
        self.box.addWidget(self.says)
        row = QHBoxLayout()
        row.addStretch(1)
        self.cancel = self._button(f"{t('do.cancel')}  Esc", "cancel", self.reject)
        self.ok = self._button(f"{ok}  Ctrl+Enter", "ok", self.send)
        self.ok.setProperty("main", True)
        row.addWidget(self.cancel)
        row.addWidget(self.ok)
        self.box.addLayout(row)
        self._sent = False

    def _button(self, text: str, name: str, work: Any) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"{self.name}.{name}")
        button.setAutoDefault(False)
        button.clicked.connect(lambda _on=False: work())
        return button

    # Fields

    def add_line(self, field: str, label: str, hint: str = "") -> TypeLine:
        """A line of text; Enter goes on to the next field."""
        line = TypeLine(f"{self.name}.{field}", self)
        line.setMaxLength(300)
        line.setPlaceholderText(hint)
        line.textChanged.connect(lambda _text: self.check())
        line.entered.connect(self.focusNextChild)
        line.escaped.connect(self.reject)
        return self._add(field, label, line)  # type: ignore[return-value]

    def add_text(self, field: str, label: str) -> QPlainTextEdit:
        """A few lines of text."""
        text = QPlainTextEdit(self)
        text.setObjectName(f"{self.name}.{field}")
        text.setTabChangesFocus(True)
        text.setFixedHeight(text.fontMetrics().height() * 5)
        return self._add(field, label, text)  # type: ignore[return-value]

    def add_choice(self, field: str, label: str, options: list[tuple[str, str]]) -> QComboBox:
        """One of `(value, words)`."""
        box = QComboBox(self)
        box.setObjectName(f"{self.name}.{field}")
        for value, words in options:
            box.addItem(words, value)
        box.currentIndexChanged.connect(lambda _index: self.check())
        return self._add(field, label, box)  # type: ignore[return-value]

    def _add(self, field: str, label: str, widget: Field) -> Field:
        self.fields[field] = widget
        self.form.addRow(Chip(self, Piece(label, "quiet")), widget)
        return widget

    def values(self) -> Draft:
        """What is written now."""
        out: Draft = {}
        for name, field in self.fields.items():
            if isinstance(field, QComboBox):
                out[name] = field.currentData()
            else:
                out[name] = (field.toPlainText() if isinstance(field, QPlainTextEdit) else field.text()).strip()
        return out

    def fill(self, draft: Draft) -> None:
        """Bring back what was written before."""
        for name, value in draft.items():
            field = self.fields.get(name)
            if isinstance(field, QComboBox):
                field.setCurrentIndex(max(field.findData(value), 0))
            elif isinstance(field, QPlainTextEdit):
                field.setPlainText(str(value))
            elif field is not None:
                field.setText(str(value))

    # Answering

    def problem(self, values: Draft) -> str:
        """Why this cannot be sent yet; empty when it can. For the sheets themselves."""
        return ""

    def preview(self, values: Draft) -> str:
        """What sending will do. For the sheets themselves."""
        return ""

    def check(self) -> None:
        """Say what sending will do, as far as it can be said."""
        values = self.values()
        self.says.show_piece(
            Piece(self.problem(values) or self.preview(values), "quiet" if self.problem(values) else "accent")
        )

    def send(self) -> None:
        """Answer, or say what is missing."""
        values = self.values()
        problem = self.problem(values)
        if problem:
            self.says.show_piece(Piece(problem, "wrong"))
            return
        self._sent = True
        self.answered.emit(values)
        self.accept()

    def done(self, result: int) -> None:
        """Closing without an answer tells the draft."""
        if not self._sent:
            self.left.emit(self.values())
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter sends."""
        if (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.send()
        else:
            super().keyPressEvent(event)

    def ask(self, draft: Draft | None = None) -> Sheet:
        """Open it (the loop goes on), with what was written before; returns itself."""
        if draft:
            self.fill(draft)
        self.check()
        self.open()
        first = next(iter(self.fields.values()), None)
        if first is not None:
            first.setFocus()
        return self
