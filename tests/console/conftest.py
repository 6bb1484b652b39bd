"""A real desk on real encrypted files, and its window without a map (the map has tests of its own)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from console.i18n import Tongue, tongue
from tests.console.night import Night, hard, quiet
from tests.helpers.world import World

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from console.mainwindow import MainWindow


@pytest.fixture
def zh() -> Tongue:
    """Chinese."""
    return tongue("zh")


@pytest.fixture
def en() -> Tongue:
    """English."""
    return tongue("en")


def _world(folder: Path) -> Iterator[World]:
    with World(folder, seed=1) as made:
        yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def hard_night(tmp_path: Path) -> Iterator[Night]:
    """The county's desk on a hard night."""
    for world in _world(tmp_path / "world"):
        yield hard(world)


@pytest.fixture
def quiet_night(tmp_path: Path) -> Iterator[Night]:
    """The county's desk before anything happened."""
    for world in _world(tmp_path / "world"):
        yield quiet(world)


@pytest.fixture
def window_of(qtbot: QtBot) -> Iterator[Callable[..., MainWindow]]:
    """Opens the window of a night's desk, painted and with its first rows."""
    from console.app import make_application
    from console.mainwindow import MainWindow
    from console.worker import Worker

    make_application(with_map=False)
    opened: list[tuple[MainWindow, Worker]] = []

    def make(night: Night, size: tuple[int, int] = (1920, 1080), **more: object) -> MainWindow:
        worker = Worker()
        window = MainWindow(night.desk, worker, wall=night.world.wall, **more)  # type: ignore[arg-type]
        night.desk.opened.store.listeners.append(window.bridge.on_change)
        opened.append((window, worker))
        qtbot.addWidget(window)
        window.resize(*size)
        with qtbot.waitSignal(window.shown_first):
            window.show()
        qtbot.waitUntil(lambda: window.is_settled)
        return window

    yield make
    for window, worker in opened:
        window.take_down()
        worker.close()
