"""Silence means good: what a test leaves behind, or logs unasked, fails it and says how to mend it."""

from __future__ import annotations

import gc
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

if "DISPLAY" not in os.environ and "WAYLAND_DISPLAY" not in os.environ:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything makes a QApplication

THREAD_GRACE_S = 2.0  # a thread told to stop may need a moment; longer is a leak
_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note whether the test failed: its traceback then keeps things alive, so leaks are not judged."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


class LogGuard(logging.Handler):
    """Keeps log records of WARNING and above; `expect(pattern)` says which of them the test means to see."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []
        self.expected: list[re.Pattern[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def expect(self, pattern: str) -> None:
        """Allow records whose message matches `pattern` (re.search), and demand at least one by the end of the test."""
        self.expected.append(re.compile(pattern))

    def complaints(self) -> list[str]:
        said = [(record, record.getMessage()) for record in self.records]
        out = [
            f"logged at {record.levelname} by {record.name!r}: {text}\n"
            "    mend the cause, or say expect_log(r'...') in the test if it means to provoke it"
            for record, text in said
            if not any(pattern.search(text) for pattern in self.expected)
        ]
        out += [
            f"expect_log({pattern.pattern!r}) was never logged\n    remove it, or find out why that is silent"
            for pattern in self.expected
            if not any(pattern.search(text) for _, text in said)
        ]
        return out


def left_threads(before: set[threading.Thread]) -> list[str]:
    """Non-daemon threads started since `before` that do not end within THREAD_GRACE_S together."""
    left = [
        t for t in threading.enumerate() if t not in before and not t.daemon and t is not threading.current_thread()
    ]
    for thread in left:
        thread.join(THREAD_GRACE_S / len(left))
    return [
        f"thread {t.name!r} still runs\n    stop and join it in the test or its fixture" for t in left if t.is_alive()
    ]


def pending_tasks() -> set[object]:
    """asyncio tasks of any loop that are not done; the standard library keeps one weak set of all."""
    asyncio = sys.modules.get("asyncio.tasks")
    known = getattr(asyncio, "_scheduled_tasks", None) or getattr(asyncio, "_all_tasks", None) or ()
    return {task for task in list(known) if not task.done()}


def left_tasks(before: set[object]) -> list[str]:
    """Tasks started since `before` that nobody awaited or cancelled."""
    if left := pending_tasks() - before:
        gc.collect()  # one that is only waiting to be collected is no leak
        left = pending_tasks() - before
    return [f"asyncio task is pending: {task!r}\n    await it, or cancel it and await that" for task in left]


def qt_things() -> dict[int, str]:
    """Top-level widgets and running timers of this process, by identity of the Python wrapper's C++ object."""
    if "PySide6.QtCore" not in sys.modules:
        return {}
    import shiboken6  # only once Qt is there: most tests never load it
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer

    if QCoreApplication.instance() is None:
        return {}
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    found: dict[int, str] = {}
    if widgets := sys.modules.get("PySide6.QtWidgets"):
        for widget in widgets.QApplication.topLevelWidgets() if widgets.QApplication.instance() else ():
            if widget.parent() is None and not isinstance(widget, widgets.QMenu):
                found[shiboken6.getCppPointer(widget)[0]] = (
                    f"top-level widget {widget!r} is left\n    qtbot.addWidget(it), or close() and deleteLater() it"
                )
    for thing in shiboken6.getAllValidWrappers():
        if isinstance(thing, QTimer) and thing.isActive():
            found[shiboken6.getCppPointer(thing)[0]] = (
                f"QTimer {thing!r} still runs\n    stop() it when its owner closes, or give it a parent that dies"
            )
    return found


def left_qt(before: dict[int, str]) -> list[str]:
    """Qt things that came since `before` and outlive the test."""
    left = qt_things().keys() - before.keys()
    if left:
        gc.collect()  # wrappers in a reference cycle hold their C++ side until then
    return [text for key, text in qt_things().items() if key in left] if left else []


@pytest.fixture(autouse=True)
def silence(request: pytest.FixtureRequest) -> Iterator[LogGuard]:
    """Fail the test that leaves threads, tasks, windows or timers behind, or that logs a warning nobody expected."""
    guard = LogGuard()
    threads, tasks, things = set(threading.enumerate()), pending_tasks(), qt_things()
    logging.getLogger().addHandler(guard)
    try:
        yield guard
    finally:
        logging.getLogger().removeHandler(guard)
    if request.node.stash.get(_FAILED, False):
        return
    complaints = left_tasks(tasks) + left_threads(threads) + left_qt(things) + guard.complaints()
    if complaints:
        pytest.fail("the test was not silent:\n- " + "\n- ".join(complaints), pytrace=False)


@pytest.fixture
def expect_log(silence: LogGuard) -> Callable[[str], None]:
    """`expect_log(r"link lost")`: the test provokes this log record (WARNING or above), and it must come."""
    return silence.expect
