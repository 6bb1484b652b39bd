"""The duty desk: seven regions around one picture of the store, and the keys that reach everything.

Data flows one way: the bridge says what differs → the reader looks (its own thread) → `show_reading` hands each region
its part. Actions flow the other way: a button, key or typed line → `act` → the worker's thread → an answer here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QFont, QFontDatabase, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from console import words
from console.actions import ACTIONS, Answer
from console.bridge import Bridge
from console.desk import Desk, wall_ms
from console.dialogs.asking import Asking
from console.dialogs.find import FindSheet
from console.dialogs.keys import KeysSheet
from console.i18n import Tongue, tongue
from console.loop import Landing
from console.models import chosen as chosen_records
from console.models import clocks, inbox, incidents, journal, resources
from console.models.chosen import Chosen
from console.models.picture import Picture
from console.models.reader import Reader, Reading
from console.panels.choices import Choice, Me, choices, settle_why, straight_next
from console.panels.commandline import CommandLine
from console.panels.commands import Context, Plan
from console.panels.intake import IntakePanel, intake
from console.panels.journal import JournalPanel
from console.panels.mapregion import MapRegion
from console.panels.selected import SelectedPanel
from console.panels.tables import TablePanel
from console.shortcuts import TABLE
from console.statusbar.strip import Strip
from console.theme import BASE_PT, THEMES, family, stylesheet, theme
from console.words import Piece
from console.worker import Worker
from offline.errors import FenghuoError

log = logging.getLogger(__name__)
Record = dict[str, Any]
NARROW_PX = 1600  # below this three columns do not fit, and the resources become a tab beside the map
LOW_PX = 640  # below this (150 % on a small laptop) journal and clocks become tabs too
SMALL_PX = 1_100  # below this region 4 gets the larger share
TICK_MS = 1_000
AGES_EVERY_S = 15  # ages in tables are coarse: computing them each second would only burn battery


class MainWindow(QMainWindow):
    """The desk's window.

    Signals:
        closed(): the person closed it. settled(): no action runs and the latest picture is shown.
        shown_first(): the first rows are there.

    Args:
        desk, worker: what it reads and where actions run. make_map: makes the map widget; None for no map.
    """

    closed = Signal()
    settled = Signal()
    shown_first = Signal()

    def __init__(
        self, desk: Desk, worker: Worker, *, language: str | None = None, theme_name: str = "day",
        make_map: Callable[[], Any] | None = None, wall: Callable[[], int] = wall_ms,
    ) -> None:  # fmt: skip
        super().__init__()
        self.desk, self._worker, self.wall = desk, worker, wall
        self.t: Tongue = tongue(language or desk.language)
        self.theme = theme(theme_name)
        self.picture: Picture | None = None
        self.chosen: Chosen | None = None
        self.chosen_id = ""
        self.last_error: FenghuoError | None = None
        self._running: set[Future[Any]] = set()
        self._drafts: dict[str, str] = {}
        self._ticks = 0
        self._going = False
        self.landing = Landing(self)
        self.bridge = Bridge(self)
        mark = "" if desk.realm == "live" else "演练"
        self.reader = Reader(desk, self.landing, self.show_reading, self._unreadable, mark)
        self.asking = Asking(self, self)
        self._use_type()
        self._make_regions(make_map)
        self._lay_out()
        self._connect()
        self._add_keys()
        self.setStyleSheet(stylesheet(self.theme))
        self._title()
        self.bridge.changed.connect(self.reader.want)
        self.bridge.links_changed.connect(lambda: self.reader.want(None))
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self.reader.want([])

    # Making

    def _use_type(self) -> None:
        name = family(QFontDatabase.families())
        font = QFont(name) if name else QFont(self.font())
        font.setPointSizeF(BASE_PT)
        self.setFont(font)
        QApplication.setFont(font)

    def _make_regions(self, make_map: Callable[[], Any] | None) -> None:
        t, look = self.t, self.theme
        self.strip = Strip(t)
        self.inbox = TablePanel("inbox", t, look, inbox.key, id_field="record")
        self.incidents = TablePanel("incidents", t, look, incidents.key)
        self.resources = TablePanel("resources", t, look, resources.key)
        self.clocks = TablePanel("clocks", t, look, clocks.key)
        self.journal = JournalPanel(t, look)
        self.selected = SelectedPanel(t, look)
        self.intake = IntakePanel(t)
        self.right = QStackedWidget()
        self.right.addWidget(self.selected)
        self.form = QScrollArea()  # a form is tall; a small screen scrolls it instead of growing
        self.form.setWidgetResizable(True)
        self.form.setFrameShape(QFrame.Shape.NoFrame)
        self.form.setWidget(self.intake)
        self.right.addWidget(self.form)
        self.right.setMinimumSize(240, 200)  # else Qt asks for the height its wrapped text would need at no width
        self.map = MapRegion(t, make_map)
        self.middle = QTabWidget()
        self.middle.setDocumentMode(True)
        self.middle.addTab(self.map, t("region.map"))
        self.middle.tabBar().setDrawBase(False)
        self.middle.tabBar().hide()
        self.command = CommandLine(t, self.context)
        self.tables = (self.inbox, self.incidents, self.resources, self.clocks, self.journal)

    def _lay_out(self) -> None:
        self.left = QSplitter(Qt.Orientation.Vertical)
        for panel in (self.inbox, self.incidents, self.resources):
            self.left.addWidget(panel)
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        for column in (self.left, self.middle, self.right):
            self.columns.addWidget(column)
        self.bottom = QSplitter(Qt.Orientation.Horizontal)
        self.bottom.addWidget(self.journal)
        self.bottom.addWidget(self.clocks)
        self.rows = QSplitter(Qt.Orientation.Vertical)
        self.rows.addWidget(self.columns)
        self.rows.addWidget(self.bottom)
        for splitter in (self.left, self.columns, self.bottom, self.rows):
            splitter.setHandleWidth(3)
            splitter.setChildrenCollapsible(False)
        centre = QWidget()
        centre.setObjectName("desk")
        box = QVBoxLayout(centre)
        box.setContentsMargins(3, 3, 3, 3)
        box.setSpacing(3)
        box.addWidget(self.strip)
        box.addWidget(self.rows, 1)
        box.addWidget(self.command)
        self.setCentralWidget(centre)
        self._shape: tuple[bool, bool] | None = None
        self._moved = False
        for splitter in (self.left, self.columns, self.bottom, self.rows):
            splitter.splitterMoved.connect(self._person_moved)
        self.arrange()

    def _connect(self) -> None:
        for table in self.tables:
            table.picked.connect(self.choose)
            table.opened.connect(self.open)
            table.answered.connect(self.selected.press_number)
        self.selected.chose.connect(self._chose)
        self.selected.settled.connect(self.settle)
        self.selected.opened.connect(self.open)
        self.map.picked.connect(self.choose)
        self.intake.saved.connect(self._intake)
        self.intake.left.connect(self._leave_intake)
        self.journal.written.connect(self._write)
        self.journal.left.connect(self.to_lists)
        self.command.sent.connect(self._command)
        self.command.left.connect(self.to_lists)

    def _add_keys(self) -> None:
        for shortcut in TABLE:
            if not shortcut.everywhere:
                continue
            action = QAction(self)
            action.setObjectName(f"key.{shortcut.name}")
            keys = [QKeySequence(shortcut.keys)]
            if shortcut.keys.endswith("Return"):
                keys.append(QKeySequence(shortcut.keys.replace("Return", "Enter")))
            action.setShortcuts(keys)
            action.setToolTip(self.t(f"short.{shortcut.name}"))
            action.triggered.connect(partial(self.key, shortcut.name))
            self.addAction(action)

    # Layout

    def sizeHint(self) -> QSize:
        """The duty desk's own size."""
        return QSize(1920, 1080)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A small window has some regions as tabs beside the map."""
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Lay the regions out for the size there is; splitters that a person has moved stay until it changes class."""
        shape = (self.width() < NARROW_PX, self.height() < LOW_PX)
        if shape != self._shape:
            self._shape, self._moved = shape, False
            self._place(*shape)
        if not self._moved:
            self._share(*shape)

    def _place(self, narrow: bool, low: bool) -> None:
        """Which regions are tabs beside the map: the resources when narrow, journal and clocks when low."""
        homes = ((self.resources, self.left, narrow), (self.journal, self.bottom, low), (self.clocks, self.bottom, low))
        for panel, home, tabbed in homes:
            if tabbed:
                self.middle.addTab(panel, self.t(f"region.{panel.name}"))
            else:
                home.addWidget(panel)
            panel.show()
        self.bottom.setVisible(not low)
        self.middle.tabBar().setVisible(narrow or low)
        self.middle.setCurrentIndex(0)

    def _share(self, narrow: bool, low: bool) -> None:
        """How width and height are shared out; region 4 never so narrow that its buttons wrap into a tower."""
        width, height = max(self.width(), 1), max(self.height(), 1)
        left, right = (0.30, 0.34) if narrow else (0.255, 0.29)
        if width < SMALL_PX:
            left, right = 0.30, 0.42
        self.columns.setSizes([int(width * s) for s in (left, 1 - left - right, right)])
        self.left.setSizes([int(height * s) for s in (0.34, 0.30, 0.30)])
        self.bottom.setSizes([int(width * s) for s in (0.58, 0.42)])
        self.rows.setSizes([int(height * s) for s in ((0.8, 0.2) if narrow else (0.78, 0.22))])

    def _person_moved(self, *_: int) -> None:
        self._moved = True

    # Showing

    def show_reading(self, reading: Reading) -> None:
        """A new picture: every region takes its part; tables repaint only rows that differ."""
        first = self.picture is None
        self.picture = reading.picture
        now = self.wall()
        self.strip.show_picture(reading.picture, now)
        self._show_tables(now)
        for table in self.tables:
            table.point_at(self.chosen_id)  # it may have been chosen before its row was here
        if reading.features is not None:
            self.map.show_features(reading.features)
        if reading.wanted == self.chosen_id:
            self.chosen = reading.chosen or self.chosen
        self._show_chosen(now)
        if first:
            self._start()
        self._maybe_settled()

    def _start(self) -> None:
        picture = self.picture
        assert picture is not None
        who = picture.person["name"] if picture.person else self.t("strip.unattended")
        self.say(Piece(self.t("said.welcome", centre=picture.name_of(picture.centre), person=who), "quiet"))
        self._title()
        self.shown_first.emit()

    def _title(self) -> None:
        self.setWindowTitle(self.t("app.title", centre=self.name_of(self.desk.centre)))

    def _show_tables(self, now: int) -> None:
        t, picture, name_of = self.t, self.picture, self.name_of
        if picture is None:
            return
        titles = picture.titles()
        self.inbox.show_rows(picture.inbox, inbox.columns(t, name_of, now, picture.targets(), picture.unreal))
        self.incidents.show_rows(picture.incidents, incidents.columns(t, name_of, now))
        rows = resources.ordered(picture.resources, picture.centre)
        self.resources.show_rows(
            rows, resources.columns(t, name_of, lambda i: titles.get(i or "", "")), resources.summary(t, rows)
        )
        self.journal.show_rows(journal.newest_first(picture.journal), journal.columns(t, name_of, now))
        self.clocks.show_rows(clocks.running(picture.tasks), clocks.columns(t, name_of, now))

    def _show_chosen(self, now: int) -> None:
        record = self.chosen.record if self.chosen else None
        made = choices(self.t, record, self.me(), self.name_of) if record else []
        refused = settle_why(self.t, record, self.me(), self.name_of) if record else ""
        self.selected.show_chosen(self.chosen, made, refused, self.name_of, now)
        about = record if record and record["kind"] == "incident" else self.chosen.incident if self.chosen else None
        self.journal.set_about(words.title(about) if about else "")

    def _tick(self) -> None:
        """Each second the clock; now and then the ages."""
        self._ticks += 1
        now = self.wall()
        if self.picture is not None:
            self.strip.show_picture(self.picture, now)
        if self._ticks % AGES_EVERY_S == 0:
            self.reader.want(None)

    def _unreadable(self, error: BaseException) -> None:
        self._show_error(error)
        self._maybe_settled()

    # Who and what

    def name_of(self, path: str) -> str:
        """What people call a centre."""
        return self.picture.name_of(path) if self.picture else path

    def me(self) -> Me:
        """Who asks: for the rules of buttons and typed commands."""
        picture = self.picture
        if picture is None or picture.person is None:
            return Me(self.desk.centre)
        below = [c["path"] for c in picture.centres if c["path"].startswith(picture.centre + "/")]
        rest = [c["path"] for c in picture.centres if c["path"] not in below and c["path"] != picture.centre]
        return Me(picture.centre, frozenset(picture.person["roles"]), (*below, *rest))

    def context(self) -> Context:
        """What a typed line may speak of."""
        record, picture = self.chosen.record if self.chosen else None, self.picture
        if picture is None:
            return Context(self.me(), record)
        return Context(self.me(), record, picture.centres, picture.resources, picture.tasks, self.wall())

    # Choosing

    def choose(self, record_id: str) -> None:
        """Show this record in region 4, at once; every table and the map point at it."""
        self.chosen_id = record_id
        self.reader.choose(record_id)
        self.chosen = chosen_records.read(self.desk.view, record_id)
        if self.chosen is None:
            self.say(Piece(self.t("fact.missing"), "wrong"))
        for table in self.tables:
            table.choose(record_id)
        self.map.select(record_id)
        self.right.setCurrentWidget(self.selected)
        self._show_chosen(self.wall())

    def open(self, record_id: str) -> None:
        """Choose a record, look at it on the map and go to it."""
        self.choose(record_id)
        self.map.fly_to(record_id)
        self.selected.setFocus()

    def to_lists(self) -> None:
        """Back to the inbox; what was being written stays."""
        self.inbox.setFocus()

    # Keys

    def key(self, name: str, _checked: bool = False) -> None:
        """What a key of the table does."""
        regions: dict[str, QWidget] = {
            "region1": self.strip, "region2": self.inbox, "region3": self.map, "region4": self.selected,
            "region5": self.journal, "region6": self.clocks, "region7": self.command,
            "incidents": self.incidents, "resources": self.resources, "command": self.command,
            "journal": self.journal.line,
        }  # fmt: skip
        if name in regions:
            self._go(regions[name])
        else:
            getattr(self, f"_key_{name}")()

    def _go(self, widget: QWidget) -> None:
        for tab in (self.map, self.resources, self.journal, self.clocks):
            if self.middle.indexOf(tab) >= 0 and (tab is widget or tab.isAncestorOf(widget)):
                self.middle.setCurrentWidget(tab)
        widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(widget, TablePanel):
            widget.choose_first()

    def _key_keys(self) -> None:
        KeysSheet(self.t, self).ask()

    def _key_intake(self) -> None:
        self.right.setCurrentWidget(self.form)
        self.intake.start()

    def _key_find(self) -> None:
        sheet = FindSheet(self.t, self.name_of, self)
        sheet.wanted.connect(lambda text: self.reader.find(text, partial(self._found, sheet)))
        sheet.answered.connect(lambda values: self.open(values["choice"]))
        sheet.ask()

    def _found(self, sheet: FindSheet, text: str, rows: list[Record]) -> None:
        if sheet in self.findChildren(FindSheet):
            sheet.show_results(text, rows)

    def _key_order(self) -> None:
        record = self.chosen.record if self.chosen else None
        order = next((c for c in self.selected.choices if c.name == "task.add"), None)
        if order is not None and not order.on:
            self._refuse(order.label, order.why)
        elif not self.me().roles:
            self._refuse(self.t("do.order"), self.t("why.nobody"))
        else:
            self.asking.order(record)

    def _key_next(self) -> None:
        record = self.chosen.record if self.chosen else None
        if record is None:
            self._refuse(self.t("do.incident_next"), self.t("command.nothing_selected"))
            return
        nxt = straight_next(record, self.selected.choices, self.me())
        if nxt is None:
            self._refuse(self.t("do.incident_next"), self.t("why.no_next"))
        else:
            self._chose(nxt)

    def _key_chase(self) -> None:
        rows = clocks.running(self.picture.tasks) if self.picture else []
        if rows:
            self.open(rows[0]["id"])
        else:
            self.say(Piece(self.t("empty.clocks"), "quiet"))

    def _key_conflict(self) -> None:
        rows = self.picture.conflicts if self.picture else []
        if rows:
            self.open(rows[0]["id"])
        else:
            self.say(Piece(self.t("why.no_conflict"), "quiet"))

    def _key_send(self) -> None:
        if self.right.currentWidget() is self.form and self.intake.isAncestorOf(QApplication.focusWidget() or self):
            self.intake.send()
        elif self.journal.line.hasFocus():
            self.journal.send()
        else:
            self.command.send()

    def _key_back(self) -> None:
        if self.right.currentWidget() is self.form:
            self._leave_intake()
        else:
            self.to_lists()

    def _key_night(self) -> None:
        self.set_look(theme_name="day" if self.theme.name == "night" else "night")

    def _key_language(self) -> None:
        self.set_look(language="en" if self.t.language == "zh" else "zh")

    def set_look(self, *, theme_name: str | None = None, language: str | None = None) -> None:
        """Another theme or language, without starting again."""
        self.t = tongue(language) if language else self.t
        self.theme = THEMES[theme_name] if theme_name else self.theme
        self.setStyleSheet(stylesheet(self.theme))
        self.strip.t = self.t
        for table in self.tables:
            table.set_words(self.t, self.theme)
        self.selected.set_words(self.t, self.theme)
        for region in (self.intake, self.command):
            region.set_words(self.t)
        self.map.set_words(self.t, self.theme.name)
        for tab in (self.map, self.resources, self.journal, self.clocks):
            if (index := self.middle.indexOf(tab)) >= 0:
                self.middle.setTabText(index, self.t(tab.objectName()))
        self._title()
        now = self.wall()
        if self.picture is not None:
            self.strip.show_picture(self.picture, now)
        self._show_tables(now)
        self._show_chosen(now)

    # Acting

    def act(self, action: str, label: str, given: dict[str, Any], done: Callable[[], object] | None = None) -> None:
        """Carry an action of the desk out on the worker's thread; the answer comes to region 7."""
        self._do(partial(ACTIONS[action].run, self.desk, **given), label, done)

    def _do(
        self, work: Callable[[], Answer], label: str, done: Callable[[], object] | None = None, *, choose: bool = False
    ) -> None:
        self.last_error = None
        self.say(Piece(self.t("said.working", what=label), "quiet"))
        future = self._worker.do(work)
        self._running.add(future)
        self.landing.when_done(future, partial(self._done, label, done, choose))

    def _done(self, label: str, done: Callable[[], object] | None, choose: bool, future: Future[Answer]) -> None:
        self._running.discard(future)
        error = future.exception()
        if error is not None:
            self._show_error(error)
        else:
            self.say(Piece(self.t("said.done", what=label), "accent"))
            if done is not None:
                done()
            record = future.result().get("record")
            if record and (choose or not self.chosen_id):
                self.choose(record["id"])
            self.reader.want([record["id"]] if record else [])
        self._maybe_settled()

    def _show_error(self, error: BaseException) -> None:
        """One sentence in region 7; what was being written is still where it was written."""
        if not isinstance(error, FenghuoError):
            log.error("an action failed unexpectedly", exc_info=error)
            error = FenghuoError(f"{type(error).__name__}: {error}", code="bug")
        self.last_error = error
        self.say(Piece(words.trouble(self.t, error.as_json()), "wrong"))

    def service_ended(self, name: str, job: Future[Any]) -> None:
        """A service or the links stopped by themselves: say so; the desk goes on."""
        error = None if job.cancelled() else job.exception()
        if error is not None:
            log.error("service %s stopped", name, exc_info=error)
            why = words.trouble(self.t, error.as_json()) if isinstance(error, FenghuoError) else str(error)
            self.say(Piece(self.t("said.service", name=name, why=why), "wrong"))

    def _refuse(self, what: str, why: str) -> None:
        self.say(Piece(self.t("said.refused", what=what, why=why), "wrong"))

    def say(self, piece: Piece) -> None:
        """One sentence in region 7."""
        self.command.say(piece)

    def _chose(self, choice: Choice) -> None:
        if self.chosen is not None:
            self.asking.choose(choice, self.chosen.record)

    def settle(self, number: int) -> None:
        """Keep one side of the chosen record's conflict."""
        if self.chosen is not None and not self.selected.refused_settle:
            record = self.chosen.record
            label = self.t("said.changed", verb=self.t("conflict.settle", n=number), title=words.title(record))
            self.act("conflict.settle", label, {"record": record["id"], "keep": str(number)})

    def _intake(self, values: dict[str, str]) -> None:
        def saved() -> None:
            self.intake.clear()
            self.right.setCurrentWidget(self.selected)

        self._do(
            partial(intake, self.desk, values, self.wall()),
            f"{self.t('region.intake')} {values['title']}",
            saved,
            choose=True,
        )

    def _leave_intake(self) -> None:
        self.right.setCurrentWidget(self.selected)
        if any(v.strip() for v in self.intake.values().values()):
            self.say(Piece(self.t("said.draft"), "quiet"))
        self.to_lists()

    def _write(self, text: str) -> None:
        record = self.chosen.record if self.chosen else None
        about = record if record and record["kind"] == "incident" else self.chosen.incident if self.chosen else None
        given = {"text": text, **({"incident": about["id"]} if about else {})}
        self.act("log.add", f"{self.t('region.journal')}：{words.line(text, 60)}", given, self.journal.clear_line)

    def _command(self, plan: Plan) -> None:
        self.act(plan.action, plan.says, plan.given, self.command.line.clear)

    # Ending

    @property
    def is_settled(self) -> bool:
        """Whether no action runs and the latest picture is shown."""
        return not self._running and self.reader.idle and self.picture is not None

    def _maybe_settled(self) -> None:
        if self.is_settled:
            self.settled.emit()

    def buttons(self) -> dict[str, bool]:
        """Which buttons of the chosen record are on; sides of a conflict too."""
        out = self.selected.enabled()
        if self.chosen and self.chosen.record.get("conflicts"):
            for _, _, button in self.selected.conflict.rows[: len(self.chosen.record["conflicts"][0]["sides"])]:
                out[button.objectName()] = button.isEnabled()
        return out

    def take_down(self) -> None:
        """Stop reading and take the map down; the window is dead afterwards. Calling again does nothing."""
        if self._going:
            return
        self._going = True
        self._timer.stop()
        self.bridge.close()
        self.landing.close()
        self.reader.close()
        self.map.close_map()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window goes; the program ends behind it in its own order."""
        event.accept()
        self.closed.emit()
