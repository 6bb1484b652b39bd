"""Region 7: the command line; under it one sentence, what the line will do or how the last action went."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from console.i18n import Tongue
from console.panels.commands import Context, Plan, parse
from console.panels.pieces import Chip, Region, TypeLine
from console.words import Piece, tip


class CommandLine(Region):
    """The line and its sentence.

    Signals:
        sent(object): a Plan that can be carried out. left(): Esc, the line stays.
    """

    sent = Signal(object)
    left = Signal()

    def __init__(self, t: Tongue, context: Callable[[], Context]) -> None:
        super().__init__("command")
        self.t, self._context = t, context
        self.line = TypeLine("command.text", self)
        self.line.setMaxLength(2_000)
        self.says = Chip(self, wrap=True)
        self.says.setObjectName("command.says")
        self.foot = QLabel(self)
        self.foot.setProperty("head", True)
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 2, 4, 2)
        box.setSpacing(1)
        row = QHBoxLayout()
        self.head.setText(">")
        for widget, stretch in ((self.head, 0), (self.line, 1), (self.foot, 0)):
            row.addWidget(widget, stretch)
        box.addLayout(row)
        box.addWidget(self.says)
        self.line.textChanged.connect(lambda _text: self.preview())
        self.line.entered.connect(self.preview)
        self.line.escaped.connect(self.left)
        self.setFocusProxy(self.line)
        self.set_words(t)

    def set_words(self, t: Tongue) -> None:
        """Another language."""
        self.t = t
        self.line.setPlaceholderText(t("command.hint"))
        self.foot.setText(t("command.foot"))

    def plan(self) -> Plan:
        """What the line means now."""
        return parse(self.t, self.line.text(), self._context())

    def preview(self) -> None:
        """Say what the line will do and to whom."""
        plan = self.plan()
        self.say(Piece(plan.says, "accent" if plan.ready else "quiet"))

    def send(self) -> None:
        """Carry the line out, or say what is missing."""
        plan = self.plan()
        if plan.ready:
            self.sent.emit(plan)
        else:
            self.say(Piece(plan.says, "wrong"))

    def say(self, piece: Piece) -> None:
        """Set the sentence."""
        self.says.show_piece(piece)
        self.says.setToolTip(tip(piece.text))

    def sizeHint(self) -> QSize:
        """The line and two lines of text, so that a long sentence moves nothing."""
        high = self.line.sizeHint().height() + 2 * self.says.fontMetrics().lineSpacing() + 8
        return QSize(400, high)
