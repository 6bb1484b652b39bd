"""The window's own loop: what comes from other threads lands here, and signals of the system end it cleanly.

Nothing in the window awaits, so Qt's plain loop serves; links and services have the worker's asyncio loop.
"""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Qt, Signal, Slot

LANDED_MAX = 10_000  # more answers than this waiting means the window hangs; the oldest would be seconds old anyway


class Landing(QObject):
    """Brings answers of futures to the window's thread.

    Signals:
        _landed(): something waits; queued, so the slot runs on the thread this object belongs to.
    """

    _landed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._open = True
        self._landed.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def when_done(self, future: Future[Any], then: Callable[[Future[Any]], None]) -> None:
        """Call `then(future)` on the window's thread once the future is done. Callable from any thread."""
        future.add_done_callback(lambda done: self.post(then, done))

    def post(self, call: Callable[[Any], None], value: Any) -> None:
        """Call `call(value)` on the window's thread soon. Callable from any thread."""
        if self._open and len(self._waiting) < LANDED_MAX:
            self._waiting.append((call, value))
            self._landed.emit()

    def close(self) -> None:
        """Take nothing more: the window is going."""
        self._open = False
        self._waiting.clear()

    @Slot()
    def _run(self) -> None:
        while self._waiting:
            call, value = self._waiting.popleft()
            call(value)


class SystemSignals(QObject):
    """SIGTERM and SIGINT as a call on the window's thread; the handlers from before come back with `close`."""

    def __init__(self, then: Callable[[], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._then = then
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._old = {n: signal.signal(n, lambda *_: None) for n in (signal.SIGINT, signal.SIGTERM)}
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)

    @Slot()
    def _woken(self) -> None:
        try:
            numbers = os.read(self._ours.fileno(), 64)
        except BlockingIOError:
            return
        if set(numbers) & {int(n) for n in self._old}:
            self._then()

    def close(self) -> None:
        """Give the signals back."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._ours.close()
        self._theirs.close()
