"""What comes from other threads lands on the window's; signals of the system are heard at once."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

from pytestqt.qtbot import QtBot

from console.loop import Landing, SystemSignals


def test_answers_land_on_the_window_s_thread(qtbot: QtBot) -> None:
    landing, seen = Landing(), []
    with ThreadPoolExecutor(2) as pool:
        for n in range(100):
            landing.when_done(
                pool.submit(lambda n=n: n), lambda f: seen.append((f.result(), threading.current_thread()))
            )
    qtbot.waitUntil(lambda: len(seen) == 100)
    assert {t for _, t in seen} == {threading.current_thread()}
    assert {n for n, _ in seen} == set(range(100))


def test_after_the_end_nothing_lands(qtbot: QtBot) -> None:
    landing, seen = Landing(), []
    landing.post(seen.append, 1)
    landing.close()
    landing.post(seen.append, 2)
    qtbot.wait(20)
    assert seen == []


def test_sigterm(qtbot: QtBot) -> None:
    before, heard = signal.getsignal(signal.SIGTERM), []
    signals = SystemSignals(lambda: heard.append(1))
    os.kill(os.getpid(), signal.SIGTERM)
    qtbot.waitUntil(lambda: heard == [1])
    signals.close()
    assert signal.getsignal(signal.SIGTERM) is before
