"""Pictures of the map that surely show what was asked for: a corner mark tells when the right frame has arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

LOOK_MS = 20
MAX_LOOKS = 500  # ten seconds; then the picture is taken as it is, better than none
MARK_PX = 2  # the mark's side in CSS pixels, the same in web/main.js


class Camera(QObject):
    """Takes pictures of a widget one after the other.

    The page is told to put a mark of a colour never used before into its corner, after everything it was told
    earlier; when a grab shows that mark, the frame is the right one. The mark is painted over and taken away.
    """

    def __init__(self, subject: QWidget, mark: Callable[[str | None], None]) -> None:
        """`mark(colour)` has the page show a mark of that colour (`#rrggbb`), or none."""
        super().__init__(subject)
        self._subject, self._mark = subject, mark
        self._wanted: deque[Callable[[QPixmap], None]] = deque()
        self._colour = ""
        self._number = 0
        self._looks = 0
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)

    def take(self, callback: Callable[[QPixmap], None]) -> None:
        """Queue one picture."""
        self._wanted.append(callback)
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
        picture = self._subject.grab()
        arrived = picture.toImage().pixelColor(0, 0) == QColor(self._colour)
        self._looks += 1
        if arrived or self._looks >= MAX_LOOKS:
            self._deliver(_cleaned(picture) if arrived else picture)

    def _deliver(self, picture: QPixmap) -> None:
        self._timer.stop()
        self._mark(None)
        callback = self._wanted.popleft()
        if self._wanted:
            self._start()
        callback(picture)


def _cleaned(picture: QPixmap) -> QPixmap:
    """The corner again as its neighbour is."""
    side = MARK_PX * picture.devicePixelRatio()
    colour = picture.toImage().pixelColor(int(side) + 1, int(side) + 1)
    painter = QPainter(picture)
    painter.fillRect(0, 0, MARK_PX, MARK_PX, colour)
    painter.end()
    return picture
