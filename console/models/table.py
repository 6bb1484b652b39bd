"""One Qt table model for every list of records: columns are pure functions, a new list touches only what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from console.words import Piece, tip

Record = dict[str, Any]
Index = QModelIndex | QPersistentModelIndex
RECORD_ROLE = Qt.ItemDataRole.UserRole
TONE_ROLE = Qt.ItemDataRole.UserRole + 1
_ROOT = QModelIndex()


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        head: words above it. cell: text and tone of a record. width: in characters of about half a Chinese one; 0
        stretches. right: aligned right (times and counts). hint: the tooltip, or None for the text itself. spare: left
        out when there is no room.
    """

    head: str
    cell: Callable[[Record], Piece]
    width: int = 0
    right: bool = False
    hint: Callable[[Record], str] | None = None
    spare: bool = False


def _side(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class RecordTable(QAbstractTableModel):
    """Rows of records in a given order; `key` names a row for good."""

    def __init__(self, columns: Sequence[Column], key: Callable[[Record], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = list(columns)
        self._key = key
        self._rows: list[Record] = []
        self._cells: list[list[Piece]] = []

    # What Qt asks

    def rowCount(self, parent: Index = _ROOT) -> int:
        """Rows; none under a row."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        """Columns; none under a row."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tone, alignment or the record of a cell."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells[index.row()][index.column()].text
        if role == TONE_ROLE:
            return self._cells[index.row()][index.column()].tone
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            record = self._rows[index.row()]
            return tip(column.hint(record) if column.hint else self._cells[index.row()][index.column()].text)
        return self._rows[index.row()] if role == RECORD_ROLE else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words above a column."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(self.columns[section])
        return self.columns[section].head if role == Qt.ItemDataRole.DisplayRole else None

    # What the panel asks

    @property
    def rows(self) -> list[Record]:
        """The records, in order."""
        return list(self._rows)

    def record(self, row: int) -> Record | None:
        """The record of a row, or None beyond the end."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, key: str) -> int:
        """Where a row is; -1 when it is not there."""
        return next((i for i, r in enumerate(self._rows) if self._key(r) == key), -1)

    def show(self, records: Sequence[Record]) -> None:
        """Make these the rows: what went is removed, what is new inserted, what moved moved, what differs repainted."""
        fresh = {self._key(r): r for r in records}  # a key that comes twice is shown once
        order = list(fresh)
        for at in reversed([i for i, r in enumerate(self._rows) if self._key(r) not in fresh]):
            self.beginRemoveRows(_ROOT, at, at)
            del self._rows[at], self._cells[at]
            self.endRemoveRows()
        for at, key in enumerate(order):
            self._place(at, key, fresh[key])
        self._repaint([fresh[k] for k in order])

    def _place(self, at: int, key: str, record: Record) -> None:
        if at < len(self._rows) and self._key(self._rows[at]) == key:
            return
        old = next((i for i in range(at + 1, len(self._rows)) if self._key(self._rows[i]) == key), None)
        if old is None:
            self.beginInsertRows(_ROOT, at, at)
            self._rows.insert(at, record)
            self._cells.insert(at, self._pieces(record))
            self.endInsertRows()
        else:
            self.beginMoveRows(_ROOT, old, old, _ROOT, at)
            self._rows.insert(at, self._rows.pop(old))
            self._cells.insert(at, self._cells.pop(old))
            self.endMoveRows()

    def _repaint(self, records: list[Record]) -> None:
        """Tell of exactly the cells whose text or tone differs."""
        for row, record in enumerate(records):
            self._rows[row] = record
            new, old = self._pieces(record), self._cells[row]
            differ = [i for i, (a, b) in enumerate(zip(new, old, strict=True)) if a != b]
            if differ:
                self._cells[row] = new
                self.dataChanged.emit(self.index(row, differ[0]), self.index(row, differ[-1]))

    def _pieces(self, record: Record) -> list[Piece]:
        return [c.cell(record) for c in self.columns]

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns: time passed, another language. The rows stay; cells that read otherwise are told."""
        if len(columns) != len(self.columns):
            self.beginResetModel()
            self.columns = list(columns)
            self._cells = [self._pieces(r) for r in self._rows]
            self.endResetModel()
            return
        heads = [c.head for c in self.columns]
        self.columns = list(columns)
        if heads != [c.head for c in columns]:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(columns) - 1)
        self._repaint(list(self._rows))
