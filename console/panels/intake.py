"""F2: a report being taken, as a form over region 4; the map stays live beside it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from console.actions import call_add, call_incident, incident_edit
from console.desk import Desk
from console.i18n import Tongue
from console.panels.pieces import Chip, Region, TypeLine
from console.words import Piece
from offline.clock import CHINA

FIELDS = ("phone", "caller", "place", "title", "type", "words", "occurred")
_TIME = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")


def occurred_at(text: str, now_ms: int) -> str | None:
    """The newest past moment with this time of day, RFC 3339; None when nothing was given. ValueError for no time."""
    if not text.strip() or text.strip() in ("?", "？"):
        return None
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    now = dt.datetime.fromtimestamp(now_ms / 1000, CHINA)
    then = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    return (then if then <= now else then - dt.timedelta(days=1)).isoformat()


def given(values: dict[str, str]) -> dict[str, str]:
    """What was written; `?` and blanks mean not known and are left out."""
    return {k: v.strip() for k, v in values.items() if v.strip() not in ("", "?", "？")}


class IntakePanel(Region):
    """The form.

    Signals:
        saved(dict): what was written, by field; `occurred` still as typed. left(): back, draft kept.
    """

    saved = Signal(dict)
    left = Signal()

    def __init__(self, t: Tongue) -> None:
        super().__init__("intake")
        self.t = t
        self.fields: dict[str, TypeLine | QPlainTextEdit] = {}
        self._labels: dict[str, Chip] = {}
        self.error = Chip(self, wrap=True)
        self.error.setObjectName("intake.error")
        self.hint = Chip(self, wrap=True)
        self.save, self.back = QPushButton(self), QPushButton(self)
        self._lay_out()
        self.set_words(t)

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 6)
        box.addWidget(self.head)
        body = QWidget(self)
        form = QFormLayout(body)
        form.setContentsMargins(8, 4, 8, 4)
        for name in FIELDS:
            form.addRow(self._label(name), self._field(name))
        box.addWidget(body)
        box.addWidget(self.error)
        box.addWidget(self.hint)
        row = QHBoxLayout()
        for button, name, work in ((self.save, "intake.save", self.send), (self.back, "intake.back", self.left.emit)):
            button.setObjectName(name)
            button.clicked.connect(lambda _on=False, w=work: w())
            row.addWidget(button)
        row.addStretch(1)
        row.setContentsMargins(8, 0, 8, 0)
        self.save.setProperty("main", True)
        box.addLayout(row)
        box.addStretch(1)
        for chip in (self.error, self.hint):
            chip.setContentsMargins(8, 0, 8, 0)

    def _label(self, name: str) -> Chip:
        self._labels[name] = Chip(self)
        return self._labels[name]

    def _field(self, name: str) -> QWidget:
        field: TypeLine | QPlainTextEdit
        if name == "words":
            field = QPlainTextEdit(self)
            field.setObjectName("intake.words")
            field.setTabChangesFocus(True)
            field.setFixedHeight(field.fontMetrics().height() * 5)
        else:
            field = TypeLine(f"intake.{name}", self)
            field.setMaxLength(300)
            field.entered.connect(self.focusNextChild)
            field.escaped.connect(self.left)
        self.fields[name] = field
        return field

    def set_words(self, t: Tongue) -> None:
        """Another language."""
        self.t = t
        self.head.setText(t("region.intake"))
        for name, label in self._labels.items():
            label.show_piece(Piece(t(f"intake.{name}"), "quiet"))
            hint = t(f"intake.{name}_hint") if name in ("type", "occurred") else t("intake.unknown_hint")
            self.fields[name].setPlaceholderText(hint if name != "title" else "")
        self.hint.show_piece(Piece(t("intake.hint"), "quiet"))
        self.save.setText(f"{t('do.intake_save')}  Ctrl+Enter")
        self.back.setText(f"{t('do.cancel')}  Esc")

    def start(self) -> None:
        """Go to the first field; what was written before is still there."""
        self.error.show_piece(None)
        self.fields["phone"].setFocus()

    def values(self) -> dict[str, str]:
        """What is written now."""
        return {n: f.toPlainText() if isinstance(f, QPlainTextEdit) else f.text() for n, f in self.fields.items()}

    def send(self) -> None:
        """Tell what was written; an error stands at the form and nothing is lost."""
        got = given(self.values())
        if "title" not in got:
            self.fail(self.t("intake.incomplete"), "title")
        elif "occurred" in got and not _TIME.fullmatch(got["occurred"]):
            self.fail(self.t("intake.bad_time"), "occurred")
        else:
            self.error.show_piece(None)
            self.saved.emit(got)

    def fail(self, text: str, field: str) -> None:
        """Say what is wrong and go to the field."""
        self.error.show_piece(Piece(text, "wrong"))
        self.fields[field].setFocus()

    def clear(self) -> None:
        """Empty the form: it was saved."""
        for field in self.fields.values():
            field.clear()


def intake(desk: Desk, values: dict[str, str], now_ms: int) -> dict[str, Any]:
    """Keep the call as it was told and make the incident of it; returns the incident's answer.

    The call is on disk first: whatever happens to the rest, what was said is not lost.
    """
    said = values.get("words") or values["title"]
    call = call_add(desk, said, values.get("caller"), values.get("phone"), values.get("place"))
    made = call_incident(desk, call["record"]["id"], values["title"], values.get("type"), values.get("place"))
    happened = occurred_at(values.get("occurred", ""), now_ms)
    return incident_edit(desk, made["record"]["id"], occurred_at=happened) if happened else made
