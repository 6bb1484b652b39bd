"""Asks for one of a few records: a resource for an order, an order for a resource, a grade."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from console.dialogs.sheet import Draft, Sheet
from console.i18n import Tongue


class PickSheet(Sheet):
    """`{choice}`: the value of the row chosen; rows are `(value, words)`; Enter or a double click answers."""

    def __init__(self, t: Tongue, title: str, rows: list[tuple[str, str]], none: str, parent: QWidget) -> None:
        super().__init__("pick", t, title, parent, t("do.ok"))
        self._none = none
        self.list = QListWidget(self)
        self.list.setObjectName("pick.list")
        for value, words in rows:
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, value)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.itemActivated.connect(lambda _item: self.send())
        self.form.addRow(self.list)

    def values(self) -> Draft:
        """The row chosen."""
        item = self.list.currentItem()
        return {"choice": item.data(Qt.ItemDataRole.UserRole) if item else None}

    def fill(self, draft: Draft) -> None:
        """Go back to the row chosen before."""
        rows = [self.list.item(i) for i in range(self.list.count())]
        found = [i for i, item in enumerate(rows) if item.data(Qt.ItemDataRole.UserRole) == draft.get("choice")]
        self.list.setCurrentRow(found[0] if found else 0)

    def problem(self, values: Draft) -> str:
        """There must be something to choose."""
        return "" if values["choice"] else self._none
