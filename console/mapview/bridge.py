"""The object the page sees: JSON text in, JSON text out. Everything the page says is checked before it counts."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

MAX_SAID = 200_000  # characters of one message from the page; 500 ids of 64 characters are 34,000


class PageView(msgspec.Struct, forbid_unknown_fields=True):
    """Where the page looks: degrees in WGS-84 and zoom."""

    lon: float
    lat: float
    zoom: float


T = TypeVar("T")
_IDS = msgspec.json.Decoder(list[str])
_VIEW = msgspec.json.Decoder(PageView)


class Bridge(QObject):
    """One per page.

    Signals:
        delta(str), command(str): to the page.
        page_ready(): the page has loaded and listens.
        ids_clicked(list): ids under a click, topmost first; empty for bare ground.
        page_painted(int), page_applied(int): a message number was drawn / taken in.
        page_moved(object): a PageView.
        page_trouble(str): an error in the page's own code.
        page_refused(str): an address the page's content policy refused.
    """

    delta = Signal(str)
    command = Signal(str)
    page_ready = Signal()
    ids_clicked = Signal(list)
    page_painted = Signal(int)
    page_applied = Signal(int)
    page_moved = Signal(object)
    page_trouble = Signal(str)
    page_refused = Signal(str)

    @Slot()
    def ready(self) -> None:
        """The page listens."""
        self.page_ready.emit()

    @Slot(str)
    def clicked(self, text: str) -> None:
        """Ids under a click, as a JSON list."""
        if (ids := _decoded(_IDS, text)) is not None:
            self.ids_clicked.emit(ids)

    @Slot(int)
    def painted(self, seq: int) -> None:
        """Message `seq` and all before it are on screen."""
        self.page_painted.emit(seq)

    @Slot(int)
    def applied(self, seq: int) -> None:
        """Message `seq` was taken in."""
        self.page_applied.emit(seq)

    @Slot(str)
    def view(self, text: str) -> None:
        """The map was moved."""
        if (where := _decoded(_VIEW, text)) is not None:
            self.page_moved.emit(where)

    @Slot(str)
    def trouble(self, text: str) -> None:
        """An error in the page."""
        self.page_trouble.emit(text[:500])

    @Slot(str)
    def refused(self, address: str) -> None:
        """The content policy refused an address."""
        self.page_refused.emit(address[:500])


def _decoded(decoder: msgspec.json.Decoder[T], text: str) -> T | None:
    """What the page said, or None when it is not of the agreed shape."""
    if len(text) > MAX_SAID:
        return None
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
