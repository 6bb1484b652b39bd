"""F3: people, places and records by a few characters; a person's number stands beside the name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from console import words
from console.dialogs.sheet import Draft, Sheet
from console.i18n import Tongue

Record = dict[str, Any]
RESULTS_MAX = 50


def result_line(t: Tongue, record: Record, name_of: words.NameOf) -> str:
    """A found record or person as one line."""
    if record["kind"] == "person":
        roles = "、".join(t.get(f"role.{r}", r) for r in record["roles"])
        phone = words.line(record.get("phone"), 40) or t("fact.unknown")
        return f"{record['name']}   {phone}   {name_of(record['centre'])} {roles}"
    stage = f"{words.kind(t, record)} · {words.stage(t, record)}"
    return f"{words.title(record)}   {stage} · {name_of(record['centre'])}"


class FindSheet(Sheet):
    """`{choice}`: id of the record to open.

    Signals:
        wanted(str): look for this.
    """

    wanted = Signal(str)

    def __init__(self, t: Tongue, name_of: Callable[[str], str], parent: QWidget) -> None:
        super().__init__("find", t, t("find.title"), parent, t("do.open"))
        self._name_of = name_of
        self.line = self.add_line("text", t("find.title"), t("find.hint"))
        self.list = QListWidget(self)
        self.list.setObjectName("find.list")
        self.form.addRow(self.list)
        self.line.textChanged.connect(self.wanted)
        self.line.entered.disconnect()
        self.line.entered.connect(self.send)
        self.list.itemActivated.connect(lambda _item: self.send())

    def show_results(self, text: str, records: list[Record]) -> None:
        """Results for this text; late ones for an older text are dropped."""
        if text != self.line.text():
            return
        self.list.clear()
        for record in records[:RESULTS_MAX]:
            item = QListWidgetItem(result_line(self.t, record, self._name_of))
            item.setData(Qt.ItemDataRole.UserRole, record["id"] if record["kind"] != "person" else None)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.check()

    def values(self) -> Draft:
        """What is looked for and the row chosen."""
        item = self.list.currentItem()
        return {"text": self.line.text(), "choice": item.data(Qt.ItemDataRole.UserRole) if item else None}

    def problem(self, values: Draft) -> str:
        """Only a record can be opened."""
        return "" if values["choice"] else "" if self.list.count() else self.t("empty.find")

    def send(self) -> None:
        """Open the record chosen; a person is only looked at."""
        if self.values()["choice"]:
            super().send()
        else:
            self.check()
