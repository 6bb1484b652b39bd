"""The guard: no request leaves this machine by way of the map, and every attempt is counted."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWebEngineCore import QWebEngineUrlRequestInfo, QWebEngineUrlRequestInterceptor

from console.mapview.scheme import is_ours

MAX_REMEMBERED = 1000  # addresses kept for a report; the count goes on
_INNER = frozenset({"data", "blob"})


class Guard(QWebEngineUrlRequestInterceptor):
    """Refuses and counts everything but our own scheme and data inside the page.

    Two locks report here: this interceptor, and the page's own content policy, which refuses most attempts before
    they become requests.

    Signals:
        refused(str): an address that something tried to reach.
    """

    refused = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.blocked: list[str] = []
        self.count = 0

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:
        """Judge one request (called by Qt)."""
        url = info.requestUrl()
        if is_ours(url) or url.scheme() in _INNER:
            return
        info.block(True)
        self.note(url.toString())

    def note(self, address: str) -> None:
        """Count one attempt."""
        self.count += 1
        if len(self.blocked) < MAX_REMEMBERED:
            self.blocked.append(address[:500])
        self.refused.emit(address[:500])
