"""Pictures of the map that surely show what was asked for: a corner mark tells when the right frame has arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

LOOK_MS = 20
MAX_LOOKS = 500  # ten seconds; then the picture is taken as it is, better than none
MARK_PX = 2  # the mark's side in CSS pixels, the same in web/main.js


class Camera(QObject):
    """Takes pictures of a map, or of a window it is part of, one after the other.

    The page is told to put a mark of a colour never used before into its corner, after everything it was told
    earlier; when a grab shows that mark, the frame is the right one. The mark is painted over and taken away.
    """

    def __init__(self, subject: QWidget, mark: Callable[[str | None], None]) -> None:
        """`mark(colour)` has the page show a mark of that colour (`#rrggbb`), or none."""
        super().__init__(subject)
        self._subject, self._mark = subject, mark
        self._wanted: deque[tuple[QWidget, Callable[[QPixmap], None]]] = deque()
        self._colour = ""
        self._number = 0
        self._looks = 0
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)

    def take(self, callback: Callable[[QPixmap], None], of: QWidget | None = None) -> None:
        """Queue one picture, of the map or of a widget around it. A map that is hidden is not waited for."""
        self._wanted.append((of or self._subject, callback))
        if not self._timer.isActive():
            self._start()

    def again(self) -> None:
        """The page was loaded anew and has forgotten the mark."""
        if self._timer.isActive():
            self._start()

    def stop(self) -> None:
        """Give up what is queued."""
        self._timer.stop()
        self._wanted.clear()

    def _start(self) -> None:
        self._number += 1
        self._colour = f"#{self._number * 0x3D5A7 % 0xFFFFFF:06x}"
        self._looks = 0
        self._mark(self._colour)
        self._timer.start()

    def _look(self) -> None:
        whole, _ = self._wanted[0]
        picture, corner = whole.grab(), self._subject.mapTo(whole, QPoint(0, 0))
        arrived = _colour_at(picture, corner) == QColor(self._colour)
        self._looks += 1
        if arrived:
            _paint_over(picture, corner)
        if arrived or self._looks >= MAX_LOOKS or not self._subject.isVisible():
            self._deliver(picture)

    def _deliver(self, picture: QPixmap) -> None:
        self._timer.stop()
        self._mark(None)
        _, callback = self._wanted.popleft()
        if self._wanted:
            self._start()
        callback(picture)


def _colour_at(picture: QPixmap, spot: QPoint) -> QColor:
    """The colour at a spot in widget coordinates; the middle of the mark when the spot is its corner."""
    ratio = picture.devicePixelRatio()
    return picture.toImage().pixelColor(int(spot.x() * ratio + ratio / 2), int(spot.y() * ratio + ratio / 2))


def _paint_over(picture: QPixmap, corner: QPoint) -> None:
    """The corner again as its neighbour is."""
    colour = _colour_at(picture, corner + QPoint(MARK_PX + 1, MARK_PX + 1))
    painter = QPainter(picture)
    painter.fillRect(corner.x(), corner.y(), MARK_PX, MARK_PX, colour)
    painter.end()
