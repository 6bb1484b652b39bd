"""From the store to the window: changes of any thread become one queued signal a few times a second."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from offline.store import Change

EVERY_MS = 250
IDS_MAX = 2_000  # beyond this it is cheaper to look at everything anew


class Bridge(QObject):
    """Coalesces; the first change after a quiet time passes at once, the last one is never lost.

    Signals:
        changed(list): ids (hex) of records that may differ; empty for "look at everything".
        links_changed(): links, beats or receipts differ.
    """

    changed = Signal(list)
    links_changed = Signal()
    _poked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._ids: dict[str, None] = {}
        self._all = False
        self._links = False
        self._pending = False
        self._timer = QTimer(self, singleShot=True, interval=EVERY_MS)
        self._timer.timeout.connect(self._flush)
        self._poked.connect(self._wake, Qt.ConnectionType.QueuedConnection)

    def on_change(self, change: Change) -> None:
        """For `Node(on_change=…)` or `Store.listeners`: any thread. A change of nothing is a beat: only ages differ."""
        with self._lock:
            self._links = self._links or not change.records
            self._ids.update(dict.fromkeys(r.hex() for r in change.records))
            self._all = self._all or bool(change.statements) or len(self._ids) > IDS_MAX
            if self._all:
                self._ids.clear()
        self._poke()

    def on_links(self, *_: object) -> None:
        """For `Node(on_links=…)`: any thread."""
        with self._lock:
            self._links = True
        self._poke()

    def _poke(self) -> None:
        with self._lock:
            first, self._pending = not self._pending, True
        if first:
            self._poked.emit()

    @Slot()
    def _wake(self) -> None:
        if not self._timer.isActive():
            self._flush()

    @Slot()
    def _flush(self) -> None:
        with self._lock:
            ids, everything, links, due = list(self._ids), self._all, self._links, self._pending
            self._ids, self._all, self._links, self._pending = {}, False, False, False
        if not due:
            return
        self._timer.start()
        if ids or everything:
            self.changed.emit([] if everything else ids)
        if links:
            self.links_changed.emit()

    def close(self) -> None:
        """Say nothing more."""
        self._timer.stop()
        self.blockSignals(True)
