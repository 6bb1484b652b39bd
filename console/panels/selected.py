"""Region 4: the chosen record with its stage bar, conflict, facts, orders with ticks, and what may be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from console import words
from console.i18n import Tongue
from console.models.chosen import Chosen
from console.models.table import Column, Record
from console.panels.choices import Choice
from console.panels.facts import Fact, Side, conflict_name, conflict_why, facts, head, sides
from console.panels.pieces import Chip, Flow, PieceRow, Region
from console.panels.tables import TablePanel
from console.theme import Theme
from console.words import NameOf, Piece

SIDES_MAX = 6
TASK_ROWS_MAX = 8


class Hatched(QFrame):
    """A banner with stripes behind it: what stands here is not real."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 8, 3)
        self.label = Chip(self, wrap=True)
        row.addWidget(self.label, 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Panel ground, stripes over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.panel))
        painter.fillRect(self.rect(), QBrush(QColor(self.theme.hatch), Qt.BrushStyle.BDiagPattern))
        painter.setPen(QColor(self.theme.text))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class ConflictCard(QFrame):
    """Both sides of a conflict, which stands and why.

    Signals:
        settled(int): the side to keep, counted from 1.
    """

    settled = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("conflict")
        self.setProperty("region", True)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6, 4, 6, 4)
        self._grid.setColumnStretch(0, 1)
        self.title = Chip(self)
        self.why = Chip(self, wrap=True)
        self._grid.addWidget(self.title, 0, 0, 1, 3)
        self._grid.addWidget(self.why, SIDES_MAX + 1, 0, 1, 3)
        self.rows: list[tuple[Chip, Chip, QPushButton]] = [self._row(n) for n in range(1, SIDES_MAX + 1)]

    def _row(self, number: int) -> tuple[Chip, Chip, QPushButton]:
        value, mark, button = Chip(self, wrap=True), Chip(self), QPushButton(self)
        button.setObjectName(f"conflict.settle.{number}")
        button.clicked.connect(lambda _on=False, n=number: self.settled.emit(n))
        for column, widget in enumerate((value, mark, button)):
            self._grid.addWidget(widget, number, column)
        return value, mark, button

    def show_sides(self, t: Tongue, name: str, rows: Sequence[Side], why: str, refused: str) -> None:
        """Set the card; `refused` is why it may not be settled here."""
        self.title.show_piece(Piece(t("section.conflict", what=name), "wrong"))
        self.why.show_piece(Piece(f"{why} · {refused or t('conflict.hint')}", "quiet"))
        for (value, mark, button), side in zip(self.rows, [*rows, *[None] * SIDES_MAX], strict=False):
            for widget in (value, mark, button):
                widget.setVisible(side is not None)
            if side is not None:
                value.show_piece(Piece(f"{t('conflict.side', n=side.number, value=side.value)}\n{side.said}"))
                mark.show_piece(
                    Piece(
                        t("conflict.stands" if side.stands else "conflict.not_standing"),
                        "accent" if side.stands else "quiet",
                    )
                )
                button.setText(t("conflict.settle", n=side.number))
                button.setEnabled(not refused)
                button.setToolTip(words.tip(refused))


class FactGrid(QWidget):
    """Keys and values, values wrapped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6, 2, 6, 2)
        self._grid.setVerticalSpacing(2)
        self._grid.setHorizontalSpacing(10)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[Chip, Chip]] = []

    def show_facts(self, rows: Sequence[Fact]) -> None:
        """Set the grid; only what differs is touched."""
        while len(self._rows) < len(rows):
            self._rows.append(self._add(len(self._rows)))
        for number, (key, value) in enumerate(self._rows):
            fact = rows[number] if number < len(rows) else None
            key.show_piece(Piece(fact.key, "quiet") if fact else None)
            value.show_piece(fact.value if fact else None)
            key.setVisible(fact is not None)
            value.setVisible(fact is not None)

    def _add(self, number: int) -> tuple[Chip, Chip]:
        key, value = Chip(self), Chip(self, wrap=True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid.addWidget(key, number, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, number, 1)
        return key, value

    def texts(self) -> list[tuple[str, str]]:
        """What it reads."""
        return [(k.text(), v.text()) for k, v in self._rows if not k.isHidden()]


class SelectedPanel(Region):
    """The chosen record.

    Signals:
        chose(object): a Choice was pressed. settled(int): a side of the conflict. opened(str): another record.
    """

    chose = Signal(object)
    settled = Signal(int)
    opened = Signal(str)

    def __init__(self, t: Tongue, theme: Theme) -> None:
        super().__init__("selected")
        self.t, self.theme = t, theme
        self.chosen: Chosen | None = None
        self.choices: list[Choice] = []
        self.refused_settle = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.title = Chip(self, wrap=True)
        self.title.setObjectName("selected.title")
        self.title.setProperty("big", True)
        self.line, self.bar = PieceRow(self), PieceRow(self, gap=4)
        self.bar.setObjectName("selected.stages")
        self.banner = Hatched(theme, self)
        self.conflict = ConflictCard(self)
        self.facts = FactGrid(self)
        self.tasks = TablePanel("tasks", t, theme, lambda r: str(r["id"]))
        self.buttons = QWidget(self)
        self._flow = Flow(self.buttons, 6)
        self._buttons: dict[str, QPushButton] = {}
        self.empty = Chip(self, Piece(t("empty.selected"), "quiet"), wrap=True)
        self.empty.setContentsMargins(6, 4, 6, 4)
        self._lay_out()
        self.conflict.settled.connect(self.settled)
        self.tasks.opened.connect(self.opened)
        self.tasks.picked.connect(lambda _id: None)
        self.tasks.answered.connect(self.press_number)

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 4)
        box.setSpacing(3)
        self.body = QWidget()
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(0, 0, 0, 0)
        for widget in (self.conflict, self.tasks, self.facts):
            inner.addWidget(widget)
        inner.addStretch(1)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.body)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.buttons.setSizePolicy(policy)
        for top in (self.head, self.empty, self.title, self.line, self.bar, self.banner):
            box.addWidget(top)
        for padded in (self.title, self.line, self.bar, self.buttons):
            padded.setContentsMargins(6, 0, 6, 0)
        box.addWidget(self.area, 1)
        box.addWidget(self.buttons)

    # What it shows

    def show_chosen(
        self, chosen: Chosen | None, choices: list[Choice], refused_settle: str, name_of: NameOf, now_ms: int
    ) -> None:
        """Set everything for this record; None teaches how to choose one."""
        self.chosen, self.choices, self.refused_settle = chosen, choices, refused_settle
        self.head.setText(self.t("region.selected"))
        self.empty.setVisible(chosen is None)
        self.empty.show_piece(Piece(self.t("empty.selected"), "quiet"))
        for widget in (self.title, self.line, self.area, self.buttons):
            widget.setVisible(chosen is not None)
        if chosen is None:
            for widget in (self.bar, self.banner):
                widget.hide()
            return
        record = chosen.record
        self.title.show_piece(Piece(words.title(record)))
        self.line.show_pieces(head(self.t, record, name_of, now_ms))
        self._show_bar(record)
        banner = words.banner(self.t, record) if record["kind"] == "warning" else ""
        self.banner.label.show_piece(Piece(banner, "strong"))
        self.banner.setVisible(bool(banner))
        self._show_conflict(record, name_of, now_ms)
        self.facts.show_facts(facts(self.t, chosen, name_of, now_ms))
        self._show_tasks(chosen, name_of, now_ms)
        self._show_buttons()

    def _show_bar(self, record: Record) -> None:
        shown = record["kind"] == "incident"
        self.bar.setVisible(shown)
        if shown:
            pieces: list[Piece] = []
            for piece in words.stage_bar(self.t, record):
                pieces += [Piece("─", "quiet"), piece] if pieces else [piece]
            self.bar.show_pieces(pieces)

    def _show_conflict(self, record: Record, name_of: NameOf, now_ms: int) -> None:
        shown = bool(record.get("conflicts"))
        self.conflict.setVisible(shown)
        if shown:
            rows = sides(self.t, record, name_of, now_ms)[:SIDES_MAX]
            self.conflict.show_sides(
                self.t, conflict_name(self.t, record), rows, conflict_why(self.t, record), self.refused_settle
            )

    def _show_tasks(self, chosen: Chosen, name_of: NameOf, now_ms: int) -> None:
        own = [chosen.record] if chosen.record["kind"] == "task" else []
        rows = [*own, *chosen.tasks]
        shown = chosen.record["kind"] in ("incident", "task")
        self.tasks.setVisible(shown)
        if shown:
            self.tasks.show_rows(rows, task_columns(self.t, name_of, now_ms))
            line_px = self.tasks.view.verticalHeader().defaultSectionSize()
            lines = min(max(len(rows), 1), TASK_ROWS_MAX) + 1
            head_px = self.tasks.head.sizeHint().height()
            self.tasks.setFixedHeight(line_px * lines + head_px + 12)

    def _show_buttons(self) -> None:
        """One button for each choice, in order; a record of another kind brings other buttons."""
        names = [c.name for c in self.choices]
        if list(self._buttons) != names:
            self._make_buttons(names)
        for choice in self.choices:
            button = self._buttons[choice.name]
            label = choice.label.replace("&", "&&")
            text = f"{label}  {choice.keys}" if choice.keys else label
            if button.text() != text:
                button.setText(text)
            button.setEnabled(choice.on)
            button.setToolTip(words.tip(choice.why))
            main = "F5" in choice.keys and choice.on
            if button.property("main") != main:
                button.setProperty("main", main)
                button.style().unpolish(button)
                button.style().polish(button)
        self._flow.invalidate()
        self.buttons.updateGeometry()

    def _make_buttons(self, names: list[str]) -> None:
        for button in self._buttons.values():
            self._flow.removeWidget(button)
            button.hide()
            button.setObjectName("")
            button.deleteLater()
        self._buttons = {}
        for name in names:
            button = QPushButton(self.buttons)
            button.setObjectName(name)
            button.clicked.connect(lambda _on=False, n=name: self.press(n))
            self._flow.addWidget(button)
            button.show()
            self._buttons[name] = button

    def set_words(self, t: Tongue, theme: Theme) -> None:
        """Another language or theme; the next `show_chosen` writes everything anew."""
        self.t, self.theme, self.banner.theme = t, theme, theme
        self.tasks.set_words(t, theme)

    # What a person does

    def press(self, name: str) -> None:
        """A button: tell which choice."""
        choice = next((c for c in self.choices if c.name == name), None)
        if choice is not None and choice.on:
            self.chose.emit(choice)

    def press_number(self, number: int) -> None:
        """A digit: a side while a conflict is open, else the n-th button."""
        record = self.chosen.record if self.chosen else {}
        if record.get("conflicts") and number <= len(record["conflicts"][0]["sides"]) and not self.refused_settle:
            self.settled.emit(number)
        elif 1 <= number <= len(self.choices):
            self.press(self.choices[number - 1].name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Digits answer here as in lists."""
        digit = event.key() - Qt.Key.Key_0
        if 1 <= digit <= 9 and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            self.press_number(digit)
        else:
            super().keyPressEvent(event)

    def enabled(self) -> dict[str, bool]:
        """Which buttons are on."""
        return {name: button.isEnabled() for name, button in self._buttons.items()}


def task_columns(t: Tongue, name_of: NameOf, now_ms: int) -> list[Column]:
    """An order's columns in region 4: to whom, what, how far, and its three ticks."""
    zh = t.language == "zh"

    def tick(number: int) -> Callable[[Record], Piece]:
        return lambda record: words.ticks(t, record, now_ms)[number]

    stages = [Column(t("column.stage"), lambda r: Piece(words.stage(t, r)), 8)]  # English has no room for both
    return [
        Column(t("column.who"), lambda r: Piece(words.short_centre(name_of(r.get("to") or "")), "strong"), 9),
        Column(t("column.title"), lambda r: Piece(("⇄ " if r["conflicts"] else "") + words.title(r))),
        *(stages if zh else []),
        Column("", tick(0), 5 if zh else 8),
        Column("", tick(1), 6 if zh else 8),
        Column("" if zh else t("column.stage"), tick(2), 8 if zh else 13),
        Column("" if zh else t("column.since"), tick(3), 8, right=True),
    ]
