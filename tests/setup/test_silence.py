"""The suite's own strictness works: each kind of leftover fails a test, and the failure says how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"

NOISY = {
    "log": ("import logging\ndef test_it():\n    logging.getLogger('x').warning('odd thing')", "expect_log"),
    "never": ("def test_it(expect_log):\n    expect_log('never comes')", "was never logged"),
    "thread": (
        "import threading\nstop = threading.Event()\n"
        "def test_it():\n    threading.Thread(target=stop.wait, args=(8,), name='leaky').start()",
        "thread 'leaky' still runs",
    ),
    "task": (
        "import asyncio\nkept = []\n"
        "def test_it():\n    loop = asyncio.new_event_loop()\n"
        "    kept.append((loop, loop.create_task(asyncio.sleep(9))))",
        "asyncio task is pending",
    ),
    "widget": (
        "from PySide6.QtWidgets import QWidget\nkept = []\ndef test_it(qapp):\n    kept.append(QWidget())",
        "top-level widget",
    ),
    "timer": (
        "from PySide6.QtCore import QTimer\nkept = []\n"
        "def test_it(qapp):\n    timer = QTimer()\n    timer.start(60_000)\n    kept.append(timer)",
        "QTimer",
    ),
}

QUIET = """
import asyncio, logging, threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

def test_expected(expect_log):
    expect_log("odd .hing")
    logging.getLogger("x").warning("odd thing")

def test_thread():
    thread = threading.Thread(target=lambda: None)
    thread.start()

def test_task():
    async def main():
        asyncio.create_task(asyncio.sleep(60))
    asyncio.run(main())

def test_window(qtbot):
    window = QWidget()
    QTimer(window).start(60_000)
    qtbot.addWidget(window)
    window.show()
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small suite under the same conftest, run in a process of its own."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nqt_api = pyside6\naddopts = -p no:anyio -p no:cacheprovider\n")
    return pytester


def test_what_a_noisy_test_leaves_fails_it(suite: pytest.Pytester) -> None:
    suite.makepyfile(**{f"test_{what}": code for what, (code, _) in NOISY.items()})
    result = suite.runpytest_subprocess(timeout=60)
    result.assert_outcomes(passed=len(NOISY), errors=len(NOISY))  # the body passes, its silence does not
    said = result.stdout.str()
    assert [what for what, (_, complaint) in NOISY.items() if complaint not in said] == []


def test_quiet_tests_pass(suite: pytest.Pytester) -> None:
    suite.makepyfile(QUIET)
    suite.runpytest_subprocess(timeout=60).assert_outcomes(passed=4)
