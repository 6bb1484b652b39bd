"""`MapView`, the map as a widget: its dict of features is the truth, the page a picture that may die and come back."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineCore import QWebEnginePage
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.mapview.bridge import Bridge, PageView
from console.mapview.camera import Camera
from console.mapview.outbox import Outbox
from console.mapview.page import MapPage, close_profile, flush_deletes, shared_profile
from console.mapview.scheme import PAGE_URL
from map import assets, symbols
from map.errors import MapError
from map.features import Feature

__all__ = ["MapView", "close_profile"]

FLUSH_MS = 100  # about ten messages a second: a person sees no difference, a storm of changes costs ten redraws
MAX_CRASHES, CRASH_WINDOW_S = 5, 60.0  # more than this and loading again is part of the trouble
RELOAD_MS = 100
MAX_COMPLAINTS = 200
PROBES = frozenset({"shown", "at", "hit"})


class MapView(QWidget):
    """The map. Everything that may be asked of it works before the page has loaded and while it is dead.

    Signals:
        clicked(list): ids under a click, topmost first; empty for bare ground.
        ready(): the page listens (again, after a crash).
        painted(int): every message up to this number is on screen.
        moved(object): a PageView with lon, lat, zoom.
        failed(str): one sentence for a person: there is no map now, and what to do.

    Attributes:
        crashes: how often the page's process has died.
        painted_seq: the last message that is on screen; `seq` is the last one sent.
        complaints: errors from the page's own code, newest last; none in a healthy run.
    """

    clicked = Signal(list)
    ready = Signal()
    painted = Signal(int)
    moved = Signal(object)
    failed = Signal(str)

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        theme: str = "day",
        language: str = "zh",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(parent)
        self.crashes = 0
        self.complaints: deque[str] = deque(maxlen=MAX_COMPLAINTS)
        self._clock = clock
        self._features: dict[str, Feature] = {}
        self._outbox = Outbox()
        self.painted_seq = 0
        self._theme, self._language = theme, language
        self._selected: list[str] = []
        self._where: PageView | None = None
        self._listening = False
        self._early: list[dict[str, Any]] = []
        self._crash_times: deque[float] = deque(maxlen=MAX_CRASHES + 1)
        self._camera = Camera(self, lambda colour: self._command(op="mark", colour=colour))
        self._flush_timer = self._timer(FLUSH_MS, self._flush)
        self._reload_timer = self._timer(RELOAD_MS, self._load)
        self._bridge = self._make_bridge()
        self._web = self._make_web()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._web)
        self.setFocusProxy(self._web)
        QTimer.singleShot(0, self, self._load)

    # What is on the map

    def set_features(self, features: Mapping[str, Feature]) -> None:
        """Make exactly these features (by id) the map; only what differs is sent."""
        gone = self._features.keys() - features.keys()
        self.apply([item for item in features.values() if self._features.get(item["id"]) != item], gone)

    def apply(self, upserts: Iterable[Feature] = (), removes: Iterable[str] = ()) -> None:
        """Add or change features, take others away; the page is told within FLUSH_MS."""
        for id_ in removes:
            if self._features.pop(id_, None) is not None:
                self._outbox.drop(id_)
        for feature in upserts:
            self._features[feature["id"]] = feature
            self._outbox.put(feature)
        self._flush_soon()

    @property
    def features(self) -> Mapping[str, Feature]:
        """What the map shows, by id."""
        return self._features

    @property
    def seq(self) -> int:
        """Number of the last message to the page; `painted` tells when it is on screen."""
        return self._outbox.seq

    @property
    def settled(self) -> bool:
        """Whether everything there is has been told and is on screen."""
        return self._listening and not self._outbox.waiting and self.painted_seq >= self.seq

    # How it is looked at

    def select(self, *ids: str) -> None:
        """Ring these ids; none takes the ring away."""
        self._selected = list(ids)
        self._command(op="select", ids=self._selected)

    def fly_to(self, lon: float, lat: float, zoom: float | None = None) -> None:
        """Look at a place (degrees, WGS-84); the zoom stays if left out."""
        self._command(op="fly", lon=lon, lat=lat, zoom=zoom)

    def fit(self, *ids: str) -> None:
        """Look at these ids, or at everything. What was put on the map before this call counts."""
        self._flush()
        self._command(op="fit", ids=list(ids) or None)

    def set_theme(self, theme: str) -> None:
        """`day` or `night`."""
        self._theme = theme
        self._command(op="theme", theme=theme)

    def set_language(self, language: str) -> None:
        """`zh` or `en`."""
        self._language = language
        self._command(op="language", language=language)

    # What it says of itself

    @property
    def blocked(self) -> list[str]:
        """Addresses that were refused in this run, by any map."""
        return shared_profile().guard.blocked

    @property
    def page(self) -> QWebEnginePage:
        """The page, for pictures and tests."""
        return self._web.page()

    @property
    def pointer_target(self) -> QWidget:
        """The widget that takes mouse and key events."""
        return self._web.focusProxy() or self._web

    def probe(self, name: str, *args: str | float, callback: Callable[[Any], None]) -> None:
        """Ask the page what it drew: `shown()`, `at(id)` or `hit(x, y)`; the answer, decoded, goes to `callback`.

        None when the page has no answer (it is loading, or the id is not drawn).
        """
        if name not in PROBES:
            raise ValueError(f"no probe named {name!r}")
        call = f"window.probe ? probe.{name}({', '.join(json.dumps(arg) for arg in args)}) : 'null'"
        self._web.page().runJavaScript(call, 0, lambda text: callback(json.loads(text) if text else None))

    def picture(self, callback: Callable[[QPixmap], None], of: QWidget | None = None) -> None:
        """Give `callback` a picture of the map, or of the window `of` around it, once all told so far is on screen.

        A plain `grab()` may catch the frame before. A hidden map (another tab) draws no frames and is not waited for.
        """
        self._flush()
        self._camera.take(callback, of)

    def close_map(self) -> None:
        """Take the page down in the order Qt wants. The widget is dead afterwards; the profile is closed by the app."""
        for timer in (self._flush_timer, self._reload_timer):
            timer.stop()
        self._camera.stop()
        self._listening = False
        self._web.page().renderProcessTerminated.disconnect(self._died)
        self.close()
        self._web.close()
        self._web.deleteLater()
        self.deleteLater()
        flush_deletes()

    # Inside

    def _timer(self, interval_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=interval_ms)
        timer.timeout.connect(slot)
        return timer

    def _make_bridge(self) -> Bridge:
        bridge = Bridge(self)
        bridge.page_ready.connect(self._page_ready)
        bridge.ids_clicked.connect(self.clicked)
        bridge.page_painted.connect(self._page_painted)
        bridge.page_applied.connect(self._page_applied)
        bridge.page_moved.connect(self._page_moved)
        bridge.page_trouble.connect(self.complaints.append)
        bridge.page_refused.connect(shared_profile().guard.note)
        return bridge

    def _make_web(self) -> QWebEngineView:
        web = QWebEngineView(self)
        page = MapPage(shared_profile(), web)
        page.complained.connect(self.complaints.append)
        page.renderProcessTerminated.connect(self._died)
        channel = QWebChannel(page)
        channel.registerObject("bridge", self._bridge)
        page.setWebChannel(channel)
        web.setPage(page)
        web.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        web.setAcceptDrops(False)
        return web

    def _load(self) -> None:
        try:
            assets.check()
        except MapError as error:
            self.failed.emit(str(error))
            return
        self._web.load(QUrl(PAGE_URL))

    def _page_ready(self) -> None:
        """The page listens and knows nothing: tell it everything, in order."""
        self._listening = True
        self._send(op="setup", tables=symbols.page_tables(), theme=self._theme, language=self._language)
        if self._where:
            self._send(op="fly", lon=self._where.lon, lat=self._where.lat, zoom=self._where.zoom)
        self._send(op="select", ids=self._selected)
        self._outbox.restart(self._features)
        self._flush()
        early, self._early = self._early, []
        for command in early:
            self._send(**command)
        self._camera.again()
        self.ready.emit()

    def _page_applied(self, seq: int) -> None:
        self._outbox.taken_in(seq)
        if self._outbox.waiting:
            self._flush_soon()

    def _page_painted(self, seq: int) -> None:
        self.painted_seq = seq
        self.painted.emit(seq)

    def _page_moved(self, where: PageView) -> None:
        self._where = where
        self.moved.emit(where)

    def _died(self, status: QWebEnginePage.RenderProcessTerminationStatus, code: int) -> None:
        """The page's process is gone: load again, unless that has become part of the trouble."""
        self._listening = False
        self.crashes += 1
        self._crash_times.append(self._clock())
        if len(self._crash_times) > MAX_CRASHES and self._crash_times[-1] - self._crash_times[0] < CRASH_WINDOW_S:
            self.failed.emit(str(MapError(
                f"The map's drawing process stopped {len(self._crash_times)} times within a minute.",
                do="Work on with the tables, start again with FENGHUO_SAFE_GRAPHICS=1 when you can.",
            )))  # fmt: skip
            return
        self._reload_timer.start()

    def _flush_soon(self) -> None:
        if self._listening and not self._flush_timer.isActive():
            self._flush_timer.start()

    def _flush(self) -> None:
        while self._listening and (message := self._outbox.next()) is not None:
            self._bridge.delta.emit(message)

    def _command(self, **command: Any) -> None:
        """Tell the page, or remember until it listens; state such as theme and selection is told then anyway."""
        if self._listening:
            self._send(**command)
        elif command["op"] in ("fly", "fit"):
            self._early = [command]  # only the last look counts

    def _send(self, **command: Any) -> None:
        self._bridge.command.emit(msgspec.json.encode({"seq": self._outbox.number(), **command}).decode())
