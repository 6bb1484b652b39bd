"""F4: an order to a centre, about an incident or handed on from an order above."""

from __future__ import annotations

import re

from PySide6.QtWidgets import QWidget

from console.dialogs.sheet import Draft, Sheet
from console.i18n import Tongue
from console.panels.pieces import Chip
from console.words import Piece, line

_DUE = re.compile(r"\+\d{1,4}|\d{4}-\d\d-\d\dT\S+")


class OrderSheet(Sheet):
    """`{to, title, text, due}`; `to` is a centre's path, `due` `+minutes` or a time with zone."""

    def __init__(
        self, t: Tongue, centres: list[tuple[str, str]], about: str, parent: QWidget, *, hand_on: bool = False
    ) -> None:
        super().__init__("order", t, t("order.hand_on" if hand_on else "order.title"), parent, t("do.send"))
        self._names = dict(centres)
        self.add_choice("to", t("order.to"), centres)
        self.add_line("title", t("order.what"))
        self.add_text("text", t("order.text"))
        self.add_line("due", t("order.due"), t("order.due_hint"))
        self.form.addRow(self._about(about))

    def _about(self, about: str) -> QWidget:

        text = self.t("order.about", title=line(about, 60)) if about else self.t("order.no_about")
        return Chip(self, Piece(text, "quiet"), wrap=True)

    def problem(self, values: Draft) -> str:
        """It needs somebody to order, something to do, and a time that can be read."""
        if not values["to"]:
            return self.t("order.nobody")
        if not values["title"]:
            return self.t("order.incomplete")
        return "" if not values["due"] or _DUE.fullmatch(values["due"]) else self.t("order.due_hint")

    def preview(self, values: Draft) -> str:
        """To whom and what."""
        key = "order.preview_due" if values["due"] else "order.preview"
        return self.t(key, to=self._names.get(values["to"], values["to"]), what=values["title"], due=values["due"])
