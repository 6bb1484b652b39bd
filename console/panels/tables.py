"""A region that is a table: head with a count, rows, a filter line, and a sentence when it is empty."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from console.i18n import Tongue
from console.models.table import RECORD_ROLE, TONE_ROLE, Column, Record, RecordTable
from console.panels.pieces import Chip, Region, TypeLine
from console.theme import Theme
from console.words import Piece

TITLE_UNITS = 20  # ten Chinese characters: less says nothing about what a row is
ROW_PAD = 5  # pixels around a line of text: compact, and still a target for a mouse


class ToneDelegate(QStyledItemDelegate):
    """Paints a cell in its tone's colours."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Text colour, weight and, for warning colours, ground by tone."""
        super().initStyleOption(option, index)
        tone = index.data(TONE_ROLE) or ""
        ground, text = self._colours(tone)
        if text:
            for role in (QPalette.ColorRole.Text, QPalette.ColorRole.HighlightedText):
                option.palette.setColor(role, QColor(text))  # type: ignore[attr-defined]
        if tone == "unreal":
            option.backgroundBrush = QBrush(QColor(self.theme.hatch), Qt.BrushStyle.BDiagPattern)  # type: ignore[attr-defined]
        elif ground:
            option.backgroundBrush = QBrush(QColor(ground))  # type: ignore[attr-defined]
            option.state &= ~QStyle.StateFlag.State_Selected  # type: ignore[attr-defined] # a colour stays what it is
        if tone in ("strong", "wrong", "abnormal") or ground:
            option.font.setWeight(QFont.Weight.DemiBold)  # type: ignore[attr-defined]

    def _colours(self, tone: str) -> tuple[str, str]:
        if tone in self.theme.warning:
            return self.theme.warning[tone]
        quiet = ("quiet", "done", "next", "unknown")
        return "", self.theme.quiet if tone in quiet else self.theme.abnormal if tone in (
            "wrong",
            "abnormal",
        ) else self.theme.text


class Rows(QTableView):
    """The rows of a table, by keyboard as by mouse.

    Signals:
        answer(int): a digit on a row. wanted(): Enter or a double click. filter_wanted(): the filter key.
    """

    answer = Signal(int)
    wanted = Signal()
    filter_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self._columns: list[Column] = []
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setMinimumSectionSize(10)
        self.doubleClicked.connect(self.wanted)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Digits answer, `/` filters, Enter opens; letters are not searched for, they would eat input methods' keys."""
        digit = event.key() - Qt.Key.Key_0
        bare = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if bare and 1 <= digit <= 9:
            self.answer.emit(digit)
        elif bare and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.wanted.emit()
        elif bare and event.key() == Qt.Key.Key_Slash:
            self.filter_wanted.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Not wanted: a row is found by the filter."""

    def fit(self, columns: Sequence[Column]) -> None:
        """Widths from the type in use: characters for fixed columns, the rest for those without a width."""
        metrics = self.fontMetrics()
        unit = metrics.horizontalAdvance("0")
        header = self.horizontalHeader()
        for number, column in enumerate(columns):
            stretch = QHeaderView.ResizeMode.Stretch if not column.width else QHeaderView.ResizeMode.Fixed
            header.setSectionResizeMode(number, stretch)
            if column.width:
                self.setColumnWidth(number, column.width * unit + 8)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + ROW_PAD)
        self._columns = list(columns)
        self._leave_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may have room for more columns, or for fewer."""
        super().resizeEvent(event)
        self._leave_out()

    def _leave_out(self) -> None:
        """Hide spare columns, the last first, until what stretches has room for a few words."""
        unit = self.fontMetrics().horizontalAdvance("0")
        need = {n: c.width * unit + 8 if c.width else TITLE_UNITS * unit for n, c in enumerate(self._columns)}
        for number in reversed([n for n, c in enumerate(self._columns) if c.spare]):
            if sum(need.values()) <= self.viewport().width():
                break
            del need[number]
        for number in range(len(self._columns)):
            self.setColumnHidden(number, number not in need)


class TablePanel(Region):
    """A titled table.

    Signals:
        picked(str): id of the record whose row became current by a person's hand. opened(str): Enter or double click.
        answered(int): a digit pressed on the current row.
    """

    picked = Signal(str)
    opened = Signal(str)
    answered = Signal(int)

    def __init__(self, name: str, t: Tongue, theme: Theme, key: object, *, id_field: str = "id") -> None:
        super().__init__(name)
        self.name, self.t, self._id_field = name, t, id_field
        self.model = RecordTable([], key, self)  # type: ignore[arg-type]
        self.view = Rows(self)
        self.view.setObjectName(f"{name}.rows")
        self.view.setModel(self.model)
        self._delegate = ToneDelegate(theme, self.view)
        self.view.setItemDelegate(self._delegate)
        self.empty = Chip(self, Piece("", "quiet"), wrap=True)
        self.empty.setContentsMargins(6, 4, 6, 4)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.filter = TypeLine(f"{name}.filter", self)
        self.filter.hide()
        self._records: list[Record] = []
        self._summary = ""
        self._quiet = self._refit = False
        self._columns: list[Column] = []
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(1, 1, 1, 1)
        self.box.setSpacing(0)
        for widget in (self.head, self.filter):
            self.box.addWidget(widget)
        self.box.addWidget(self.view, 1)
        self.box.addWidget(self.empty, 1)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        self.view.selectionModel().currentRowChanged.connect(self._moved)
        self.view.clicked.connect(self._moved)
        self.view.wanted.connect(self._open)
        self.view.answer.connect(self.answered)
        self.view.filter_wanted.connect(self.start_filter)
        self.filter.textChanged.connect(lambda _text: self._apply())
        self.filter.entered.connect(self.view.setFocus)
        self.filter.escaped.connect(self.stop_filter)

    # What it shows

    def show_rows(self, records: Sequence[Record], columns: list[Column], summary: str = "") -> None:
        """Make these the rows; the person's place in the table stays."""
        self._records, self._summary = list(records), summary
        fits = len(self._columns) == len(columns) and not self._refit
        self._columns = columns
        self._quietly(lambda: self.model.set_columns(columns))
        if not fits:
            self._refit = False
            self.view.fit(columns)
        self._apply()

    def set_words(self, t: Tongue, theme: Theme) -> None:
        """Another language or theme; the next `show_rows` brings the columns."""
        self.t, self._delegate.theme, self._refit = t, theme, True
        self.view.viewport().update()

    def _apply(self) -> None:
        wanted = self.filter.text().strip().lower()
        rows = [r for r in self._records if not wanted or self._has(r, wanted)]
        self._quietly(lambda: self.model.show(rows))
        self.view.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.empty.show_piece(Piece(self.t("empty.filtered" if wanted else f"empty.{self.name}"), "quiet"))
        count = f" {len(rows)}" if rows else ""
        tail = f"   {self._summary}" if self._summary else ""
        self.head.setText(f"{self.t(f'region.{self.name}')}{count}{tail}")

    def _has(self, record: Record, wanted: str) -> bool:
        return any(wanted in c.cell(record).text.lower() for c in self._columns)

    def _quietly(self, work: object) -> None:
        """Rows that move under a person's selection are not the person choosing another."""
        self._quiet = True
        try:
            work()  # type: ignore[operator]
        finally:
            self._quiet = False

    # What a person does

    def current(self) -> str:
        """Id of the record of the current row; empty for none."""
        record = self.view.currentIndex().data(RECORD_ROLE)
        return str(record[self._id_field]) if record else ""

    def choose(self, record_id: str) -> None:
        """Make the row of this record current without telling anybody; no row when it is not here."""
        row = next((i for i, r in enumerate(self.model.rows) if r[self._id_field] == record_id), -1)
        if self.current() == record_id:
            return
        self._quietly(lambda: self._set_current(row))

    def _set_current(self, row: int) -> None:
        self.view.setCurrentIndex(self.model.index(row, 0) if row >= 0 else QModelIndex())
        if row < 0:
            self.view.clearSelection()  # only one row of the desk looks chosen

    def point_at(self, record_id: str) -> None:
        """Make the row of this record current when it is here; else the person's place stays."""
        if any(r[self._id_field] == record_id for r in self.model.rows):
            self.choose(record_id)

    def choose_first(self) -> None:
        """Make the first row current when none is, as if by hand."""
        if not self.view.currentIndex().isValid() and self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def _moved(self, *_: object) -> None:
        if not self._quiet and self.current():
            self.picked.emit(self.current())

    def _open(self) -> None:
        if self.current():
            self.opened.emit(self.current())

    def start_filter(self) -> None:
        """Show the filter line and go there."""
        self.filter.setPlaceholderText(self.t("region.filter"))
        self.filter.show()
        self.filter.setFocus()

    def stop_filter(self) -> None:
        """Clear the filter and go back to the rows."""
        self.filter.clear()
        self.filter.hide()
        self.view.setFocus()

    def sizeHint(self) -> QSize:
        """A few rows."""
        return QSize(300, self.view.fontMetrics().height() * 6)
