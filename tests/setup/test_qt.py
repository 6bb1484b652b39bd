"""What set-up installed is enough for a real window with a real page, on both platforms, with Chinese text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

PAGE = """
import sys
from PySide6.QtCore import QTimer, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

app = QApplication([])
if not QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese):
    sys.exit("no Chinese font")
profile = QWebEngineProfile(app)
view = QWebEngineView()
view.setPage(QWebEnginePage(profile, view))
view.resize(400, 300)
tries = iter(range(200))

def look():
    # The first paint may come after the page says it is loaded; look again, a bounded number of times.
    colour = view.grab().toImage().pixelColor(200, 200).name()
    if colour == "#c81e28" or next(tries, None) is None:
        print(app.platformName(), colour)
        view.close()
        view.deleteLater()
        app.exit()
    else:
        QTimer.singleShot(50, look)

view.loadFinished.connect(look)
view.setHtml("<body style='background:#c81e28'>\\u70fd\\u706b</body>")
view.show()
app.exec()
"""

WITHOUT_SCREEN = [sys.executable, "-c", PAGE]
WITH_XVFB = ["xvfb-run", "-a", "-s", "-screen 0 1366x768x24", *WITHOUT_SCREEN]


@pytest.mark.parametrize(("platform", "command"), [("offscreen", WITHOUT_SCREEN), ("xcb", WITH_XVFB)])
def test_a_page_is_painted(platform: str, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not here")
    flags = "--disable-gpu" + (" --no-sandbox" if hasattr(os, "geteuid") and os.geteuid() == 0 else "")
    environment = {**os.environ, "QT_QPA_PLATFORM": platform, "QTWEBENGINE_CHROMIUM_FLAGS": flags}
    environment.pop("QSG_RHI_BACKEND", None)  # the map's own choice for offscreen paints nothing on a real screen
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert result.stdout.split() == [platform, "#c81e28"], result.stderr[-2000:]


def test_pyside_keeps_its_hands_off_shared_objects() -> None:
    """PySide6 6.12 drops a reference of None with each void call on Python below 3.12, until the process aborts."""
    from PySide6.QtCore import QObject

    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        thing.setObjectName("a")
    assert abs(sys.getrefcount(None) - before) < 100
