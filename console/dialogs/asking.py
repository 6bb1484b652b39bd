"""From a button to its action: asks first what the choice needs, keeps drafts of what was not sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from PySide6.QtWidgets import QWidget

from console import words
from console.dialogs.order import OrderSheet
from console.dialogs.pick import PickSheet
from console.dialogs.reason import ReasonSheet
from console.dialogs.sheet import Draft, Sheet
from console.i18n import Tongue
from console.models.picture import Picture
from console.panels.choices import GRADE, ORDER, PICK_RESOURCE, PICK_TASK, REASON, Choice, Me

Record = dict[str, Any]
Done = Callable[[], object]
DRAFTS_MAX = 50
_OPEN = ("ordered", "accepted", "under_way")


class Desktop(Protocol):
    """What the window offers to questions."""

    t: Tongue
    picture: Picture | None

    def me(self) -> Me:
        """Who asks."""

    def name_of(self, path: str) -> str:
        """What people call a centre."""

    def act(self, action: str, label: str, given: dict[str, Any], done: Done | None = None) -> None:
        """Carry an action out; `done` is called when it succeeded."""


class Asking:
    """Opens the sheet a choice needs and hands its answer on.

    Args:
        desktop: the window. parent: the widget sheets stand over.
    """

    def __init__(self, desktop: Desktop, parent: QWidget) -> None:
        self._desktop, self._parent = desktop, parent
        self._drafts: dict[tuple[str, str], Draft] = {}

    def choose(self, choice: Choice, record: Record) -> None:
        """Do what a button says with this record, asking first when it needs something."""
        asker = {
            REASON: self._reason, ORDER: self._order, PICK_RESOURCE: self._resource, PICK_TASK: self._task,
            GRADE: self._grade,
        }.get(choice.needs)  # fmt: skip
        if asker is None:
            self._desktop.act(choice.name, self._label(choice, record), {"record": record["id"], **choice.given})
        else:
            asker(choice, record)

    def _label(self, choice: Choice, record: Record) -> str:
        return self._desktop.t("said.changed", verb=choice.label, title=words.line(words.title(record), 60))

    def _ask(self, sheet: Sheet, key: tuple[str, str], then: Callable[[Draft, Done], None]) -> None:
        """Open a sheet with its draft; the draft goes only when the action succeeded."""

        def keep(values: Draft) -> None:
            while len(self._drafts) >= DRAFTS_MAX:
                self._drafts.pop(next(iter(self._drafts)))
            self._drafts[key] = values

        def answer(values: Draft) -> None:
            keep(values)
            then(values, partial(self._drafts.pop, key, None))

        sheet.left.connect(keep)
        sheet.answered.connect(answer)
        sheet.ask(self._drafts.get(key))

    def _reason(self, choice: Choice, record: Record) -> None:
        sheet = ReasonSheet(self._desktop.t, choice.label, words.title(record), self._parent)

        def then(values: Draft, done: Done) -> None:
            given = {"record": record["id"], "reason": values["text"], **choice.given}
            self._desktop.act(choice.name, self._label(choice, record), given, done)

        self._ask(sheet, (choice.name, record["id"]), then)

    def _order(self, choice: Choice, record: Record) -> None:
        self.order(record)

    def order(self, record: Record | None) -> None:
        """F4: an order about an incident, handed on from an order, or about nothing."""
        desktop = self._desktop
        centres = [(path, desktop.name_of(path)) for path in desktop.me().others]
        kind = (record or {}).get("kind")
        belongs = {"incident": "incident", "task": "parent"}.get(str(kind))
        about = words.title(record) if record and belongs else ""
        sheet = OrderSheet(desktop.t, centres, about, self._parent, hand_on=kind == "task")

        def then(values: Draft, done: Done) -> None:
            given = {
                "title": values["title"],
                "to": values["to"],
                "text": values["text"] or None,
                "due_at": values["due"] or None,
            }
            if record and belongs:
                given[belongs] = record["id"]
            label = sheet.preview(values)
            desktop.act("task.add", label, given, done)

        self._ask(sheet, ("task.add", record["id"] if record else ""), then)

    def _resource(self, choice: Choice, record: Record) -> None:
        """Which resource of ours goes to this order."""
        desktop, picture = self._desktop, self._desktop.picture
        own = (
            [r for r in picture.resources if r["centre"] == picture.centre and r["stage"] == "available"]
            if picture
            else []
        )
        rows = [(r["id"], f"{words.title(r)}   {desktop.t.get('type.' + str(r.get('type')), '')}") for r in own]
        title = desktop.t("pick.resource", title=words.line(words.title(record), 40))
        sheet = PickSheet(desktop.t, title, rows, desktop.t("pick.none_resource"), self._parent)

        def then(values: Draft, done: Done) -> None:
            label = desktop.t("said.changed", verb=choice.label, title=dict(rows)[values["choice"]])
            desktop.act("resource.send", label, {"record": values["choice"], "task": record["id"]}, done)

        self._ask(sheet, ("resource.send", record["id"]), then)

    def _task(self, choice: Choice, record: Record) -> None:
        """Which of the open orders a resource goes to: those for its centre first."""
        desktop, picture = self._desktop, self._desktop.picture
        tasks = [x for x in picture.tasks if x["stage"] in _OPEN] if picture else []
        tasks.sort(key=lambda x: x.get("to") != record["centre"])
        rows = [
            (x["id"], f"{words.title(x)}   {desktop.name_of(str(x.get('to')))} · {words.stage(desktop.t, x)}")
            for x in tasks
        ]
        title = desktop.t("pick.task", title=words.title(record))
        sheet = PickSheet(desktop.t, title, rows, desktop.t("pick.none_task"), self._parent)

        def then(values: Draft, done: Done) -> None:
            given = {"record": record["id"], "task": values["choice"]}
            desktop.act("resource.send", self._label(choice, record), given, done)

        self._ask(sheet, ("resource.send", record["id"]), then)

    def _grade(self, choice: Choice, record: Record) -> None:
        desktop = self._desktop
        rows = [(g, desktop.t(f"grade.{g}")) for g in ("I", "II", "III", "IV")]
        sheet = PickSheet(desktop.t, f"{choice.label}：{words.title(record)}", rows, "", self._parent)

        def then(values: Draft, done: Done) -> None:
            given = {"record": record["id"], "grade": values["choice"]}
            desktop.act("incident.grade", self._label(choice, record), given, done)

        self._ask(sheet, ("incident.grade", record["id"]), then)
