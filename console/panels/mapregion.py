"""Region 3: the map, or one sentence why there is none; its failure never takes the desk down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from console.i18n import Tongue
from console.panels.pieces import Chip, Region
from console.words import Piece

log = logging.getLogger(__name__)
ZOOM = 12


class MapRegion(Region):
    """Holds the `MapView` when one can be made.

    Signals:
        picked(str): id of what was clicked on the map.
    """

    picked = Signal(str)

    def __init__(self, t: Tongue, make: Callable[[], Any] | None) -> None:
        super().__init__("map")
        self.t = t
        self.view: Any = None
        self._fitted = False
        self._features: Mapping[str, Any] = {}
        self.says = Chip(self, wrap=True)
        self.says.setContentsMargins(6, 4, 6, 4)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(1, 1, 1, 1)
        self._box.setSpacing(0)
        self._box.addWidget(self.head)
        self._box.addWidget(self.says)
        self.head.setText(t("region.map"))
        self.says.hide()
        self._make(make)

    def _make(self, make: Callable[[], Any] | None) -> None:
        if make is None:
            self.fail("—")
            return
        try:
            view = make()
        except Exception as error:  # whatever the engine's libraries raise: the tables go on
            log.exception("the map could not be made")
            self.fail(str(error))
            return
        self.view = view
        view.clicked.connect(self._clicked)
        view.failed.connect(self.fail)
        view.ready.connect(self._ready)
        self._box.addWidget(view, 1)
        self.setFocusProxy(view)

    def fail(self, why: str) -> None:
        """Say that there is no map and what to do."""
        self.says.show_piece(Piece(self.t("empty.map", why=why), "wrong"))
        self.says.show()
        if self.view is None:
            self._box.addStretch(1)

    def _ready(self) -> None:
        self.says.hide()

    def _clicked(self, ids: list[str]) -> None:
        if ids:
            self.picked.emit(str(ids[0]))

    def show_features(self, features: Mapping[str, Any]) -> None:
        """Make these the map; at the first ones, look at all of them."""
        self._features = features
        if self.view is None:
            return
        self.view.set_features(features)
        if not self._fitted and any(f["pos"] or f["areas"] or f["circles"] for f in features.values()):
            self._fitted = True
            self.view.fit()

    def select(self, record_id: str) -> None:
        """Ring a record, when it is drawn."""
        if self.view is not None:
            self.view.select(*([record_id] if record_id in self._features else []))

    def fly_to(self, record_id: str) -> None:
        """Look at a record, when it has a place."""
        feature = self._features.get(record_id)
        if self.view is not None and feature and feature["pos"]:
            self.view.fly_to(feature["pos"][0], feature["pos"][1], ZOOM)

    def set_words(self, t: Tongue, theme: str) -> None:
        """Another language or theme."""
        self.t = t
        self.head.setText(t("region.map"))
        if self.view is not None:
            self.view.set_language(t.language)
            self.view.set_theme(theme)

    @property
    def features(self) -> Mapping[str, Any]:
        """What the map was told to show, by id."""
        return self._features

    def crashes(self) -> int:
        """How often the page's process has died."""
        return int(self.view.crashes) if self.view is not None else 0

    def renderer(self) -> int:
        """Process id of the page, 0 without one."""
        return int(self.view.page.renderProcessPid()) if self.view is not None else 0

    def blocked(self) -> int:
        """How many requests of the page were refused."""
        return len(self.view.blocked) if self.view is not None else 0

    def close_map(self) -> None:
        """Take the page down, before anything else goes."""
        if self.view is not None:
            view, self.view = self.view, None
            self.setFocusProxy(None)  # type: ignore[arg-type]
            view.close_map()
