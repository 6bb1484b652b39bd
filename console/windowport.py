"""The open window as verbs of the command line reach it: look at it, press, fill, ask its map. Any thread may call."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QListWidget, QPlainTextEdit, QWidget

from console.dialogs.sheet import Sheet
from console.mainwindow import MainWindow
from console.statusbar.texts import texts
from console.words import Piece
from offline.errors import BadInput, FenghuoError, NotFound, Refused

Record = dict[str, Any]
SIZE_MAX = 8_000  # pixels a side of a picture; more is a mistake
SETTLE_MS = 20_000  # an action waits for the disk, not for a network: this long means it hangs
PAINT_MS = 15_000
FRAME_MS = 150  # between "the page has drawn" and the picture being in the window's own buffer
PROBE_MS = 5_000
KEPT = 200


class WindowPort(QObject):
    """Verbs on a window; each answers in a future.

    `shot {path, width?, height?}`, `state {}`, `press {name}`, `select {id}`, `fill {name, text}`,
    `probe {what, args?}`, `fit {}`, `say {text}`.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def call(self, verb: str, arguments: dict[str, Any]) -> Future[Record]:
        """Do something in the window's own thread. Callable from any thread; a FenghuoError comes in the future."""
        future: Future[Record] = Future()
        self._window.landing.post(self._begin, (verb, arguments, future))
        return future

    def _begin(self, asked: tuple[str, dict[str, Any], Future[Record]]) -> None:
        verb, arguments, future = asked
        verbs: dict[str, Callable[[dict[str, Any], Future[Record]], None]] = {
            "shot": self._shot, "state": self._state, "press": self._press, "select": self._select,
            "fill": self._fill, "probe": self._probe, "fit": self._fit, "say": self._say,
        }  # fmt: skip
        try:
            if verb not in verbs:
                raise BadInput(f"A window has no verb {verb}.", do=f"Use one of {', '.join(verbs)}.")
            verbs[verb](arguments, future)
        except FenghuoError as error:
            future.set_exception(error)
        except (KeyError, TypeError, ValueError) as error:
            future.set_exception(BadInput(f"{verb} cannot be done with {arguments}: {error}."))

    # Looking

    def _state(self, _: dict[str, Any], future: Future[Record]) -> None:
        self._settled(lambda: self._asked("shown", [], lambda shown: _finish(future, self._facts(shown))))

    def _facts(self, shown: object) -> Record:
        window, picture = self._window, self._window.picture
        assert picture is not None
        strip = window.strip.texts()
        strip.update({k: p.text for k, p in texts(window.t, picture, window.wall()).items()})
        return {
            "strip": strip,
            "inbox": [
                {k: r[k] for k in ("what", "kind", "record", "title", "overdue_s", "do")} for r in picture.inbox[:KEPT]
            ],
            "incidents": [{k: r.get(k) for k in ("id", "stage", "title")} for r in picture.incidents[:KEPT]],
            "resources": [{k: r.get(k) for k in ("id", "stage", "name")} for r in picture.resources[:KEPT]],
            "selected": window.chosen_id or None,
            "stage_bar": window.selected.bar.texts() if window.selected.bar.isVisibleTo(window) else [],
            "facts": [list(pair) for pair in window.selected.facts.texts()] if window.chosen else [],
            "said": window.command.says.text(),
            "alone_since": picture.alone_since,
            "links": picture.links,
            "shown": sorted({*shown["ids"], *shown["grouped"]}) if isinstance(shown, dict) else None,
            "features": sorted(window.map.features),
            "blocked": window.map.blocked(),
            "crashes": window.map.crashes(),
            "renderer": window.map.renderer(),
            "buttons": window.buttons(),
        }

    def _fit(self, _: dict[str, Any], future: Future[Record]) -> None:
        """Let the map look at everything it holds."""
        if self._window.map.view is None:
            raise Refused("There is no map in this window.", code="no_map")
        self._window.map.view.fit()
        future.set_result({})

    def _say(self, arguments: dict[str, Any], future: Future[Record]) -> None:
        """Show a caption in the window's line of words, such as the step of a demonstration."""
        self._window.say(Piece(str(arguments["text"])[:200], "accent"))
        future.set_result({})

    def _probe(self, arguments: dict[str, Any], future: Future[Record]) -> None:
        what, args = str(arguments["what"]), list(arguments.get("args") or [])
        if self._window.map.view is None:
            raise Refused("There is no map in this window.", code="no_map")
        given = [float(a) if what == "hit" else str(a) for a in args]
        self._painted(
            lambda: self._asked(what, given, lambda answer: _finish(future, {"what": what, "answer": answer}))
        )

    def _asked(self, what: str, args: list[Any], then: Callable[[Any], None]) -> None:
        """Ask the page; None when it does not answer in time (its process may have died)."""
        view = self._window.map.view
        once = _Once(then)
        if view is None:
            once(None)
            return
        once.within(PROBE_MS, self)
        view.probe(what, *args, callback=once)

    def _shot(self, arguments: dict[str, Any], future: Future[Record]) -> None:
        path, window = Path(str(arguments["path"])), self._window
        if not path.parent.is_dir():
            raise NotFound(f"There is no folder {path.parent}.", do="Make it first.")
        width, height = (int(arguments.get(k) or 0) for k in ("width", "height"))
        if not (0 <= width <= SIZE_MAX and 0 <= height <= SIZE_MAX):
            raise BadInput(f"A picture of {width}×{height} is not made; at most {SIZE_MAX} a side.")
        if width and height:
            window.resize(width, height)

        def take() -> None:
            shot = window.grab()
            if not shot.save(str(path), "PNG"):
                future.set_exception(FenghuoError(f"The picture could not be written to {path}.", code="not_saved"))
                return
            _finish(future, {"path": str(path), "width": window.width(), "height": window.height()})

        self._settled(lambda: self._painted(lambda: QTimer.singleShot(FRAME_MS, self, take)))

    def _painted(self, then: Callable[[], None]) -> None:
        """Once the map has drawn everything it was told, or when it takes too long to wait for."""
        view = self._window.map.view
        once = _Once(lambda _value: then())
        if view is None:
            once(None)
            return
        once.within(PAINT_MS, self)
        self._look_again(view, once)

    def _look_again(self, view: Any, once: _Once) -> None:
        """The page's own answer comes after what was sent before it was drawn."""
        if once.done or self._window.map.view is not view:
            once(None)
        elif view.settled:
            view.probe("shown", callback=lambda shown: once(shown) if shown is not None else self._later(view, once))
        else:
            self._later(view, once)

    def _later(self, view: Any, once: _Once) -> None:
        QTimer.singleShot(FRAME_MS, self, lambda: self._look_again(view, once))

    def _settled(self, then: Callable[[], None]) -> None:
        """Once no action runs and the latest picture is shown, or after SETTLE_MS."""
        window = self._window
        if window.is_settled:
            then()
            return
        once = _Once(lambda _value: then())

        def look() -> None:
            if window.is_settled:
                once(None)

        window.settled.connect(look)
        once.after = lambda: window.settled.disconnect(look)
        once.within(SETTLE_MS, self)

    # Doing

    def _press(self, arguments: dict[str, Any], future: Future[Record]) -> None:
        name = str(arguments["name"])
        self._settled(lambda: self._press_now(name, future))

    def _press_now(self, name: str, future: Future[Record]) -> None:
        try:
            target = self._button(name)
            if not target.isEnabled():
                raise Refused(target.toolTip() or f"{name} is off now.", code="button_off")
        except FenghuoError as error:
            future.set_exception(error)
            return
        window = self._window
        window.last_error = None
        target.click() if isinstance(target, QAbstractButton) else target.trigger()
        self._settled(lambda: self._pressed(name, future))

    def _pressed(self, name: str, future: Future[Record]) -> None:
        window = self._window
        if window.last_error is not None:
            future.set_exception(window.last_error)
            return
        sheets = [w.objectName() for w in self._sheets()]
        _finish(
            future,
            {"pressed": name, "said": window.command.says.text(), "selected": window.chosen_id or None, "open": sheets},
        )

    def _button(self, name: str) -> QAbstractButton | QAction:
        """The button or key of this name that a person could reach: an open question's first."""
        for place in [*self._sheets(), self._window]:
            found = [b for b in place.findChildren(QAbstractButton, name) if b.isVisibleTo(place)]
            if found:
                return found[0]
        action = self._window.findChild(QAction, name)
        if action is None:
            have = ", ".join([*self._window.buttons()])
            raise NotFound(
                f"There is no button {name} now.", do=f"The chosen record has: {have or 'none; select one first'}."
            )
        return action

    def _sheets(self) -> list[Sheet]:
        return [s for s in self._window.findChildren(Sheet) if s.isVisible()]

    def _select(self, arguments: dict[str, Any], future: Future[Record]) -> None:
        window = self._window
        record_id = window.desk.view.id_of(str(arguments["id"])).hex()
        window.open(record_id)
        self._settled(lambda: _finish(future, {"selected": record_id, "buttons": window.buttons()}))

    def _fill(self, arguments: dict[str, Any], future: Future[Record]) -> None:
        name, text = str(arguments["name"]), str(arguments["text"])
        for place in [*self._sheets(), self._window]:
            for kind in (QLineEdit, QPlainTextEdit, QComboBox, QListWidget):
                found = place.findChild(kind, name)
                if found is not None:
                    _write(found, text)
                    _finish(future, {"filled": name, "said": self._window.command.says.text()})
                    return
        raise NotFound(f"There is no field {name} now.", do="Open what has it first.")


class _Once:
    """Calls at most once: whichever of the answer and the time limit comes first; `after` cleans up behind it."""

    def __init__(self, then: Callable[[Any], None]) -> None:
        self._then, self.done = then, False
        self._timer: QTimer | None = None
        self.after: Callable[[], object] = lambda: None

    def within(self, limit_ms: int, parent: QObject) -> None:
        """Call with None when nothing has come by then."""
        self._timer = QTimer(parent, singleShot=True, interval=limit_ms)
        self._timer.timeout.connect(lambda: self(None))
        self._timer.start()

    def __call__(self, value: Any) -> None:
        if not self.done:
            self.done = True
            if self._timer is not None:
                self._timer.stop()
                self._timer.deleteLater()
                self._timer = None
            self.after()
            self._then(value)


def _finish(future: Future[Record], answer: Record) -> None:
    if not future.done():
        future.set_result(answer)


def _write(field: QWidget, text: str) -> None:
    """Write into a field as a person would; a box or list takes the row that has this value or these words."""
    if isinstance(field, QLineEdit):
        field.setText(text)
    elif isinstance(field, QPlainTextEdit):
        field.setPlainText(text)
    elif isinstance(field, QComboBox):
        rows = [i for i in range(field.count()) if text in (field.itemData(i), field.itemText(i))]
        if not rows:
            raise BadInput(f"There is no {text} to choose in {field.objectName()}.")
        field.setCurrentIndex(rows[0])
    elif isinstance(field, QListWidget):
        items = [field.item(i) for i in range(field.count())]
        rows = [i for i, item in enumerate(items) if text == item.data(256) or text in item.text()]
        if not rows:
            raise BadInput(f"There is no {text} to choose in {field.objectName()}.")
        field.setCurrentRow(rows[0])
