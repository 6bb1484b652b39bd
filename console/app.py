"""Starts the program and ends it, each in its order.

Start: the engine's switches and the map's address scheme (before any application object), the application, the worker's
thread; there the profile is unlocked while this thread loads the window's modules; then the desk, the links and the
services on the worker, then the window. End: the map, the reader, services and links, the store, the worker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from console.mapview.flags import chromium_flags
from console.worker import Worker
from offline.profile import Opened, Profile

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from console.desk import Desk
    from console.mainwindow import MainWindow

log = logging.getLogger(__name__)
Service = Callable[["Desk", asyncio.Event], Awaitable[None]]
STOP_S = 15.0  # links say goodbye within this; what was acknowledged is on disk anyway


def run(
    profile: Profile, secret: str, person: str | None = None, *, hubs: Sequence[str] | None = None, show: bool = True,
    size: tuple[int, int] | None = None, services: Sequence[Service] = (),
    on_ready: Callable[[Desk], None] | None = None, with_map: bool = True,
) -> int:  # fmt: skip
    """Open a profile in a window and stay until it is closed; returns the exit code.

    Args:
        profile, secret, person: whose desk; raises FenghuoError (Locked) when it does not open.
        hubs: addresses to link to instead of the profile's own. show: False keeps it off the screen, painted all the
        same. size: of the window, in pixels.
        services: coroutines `(desk, stop)` that run on the worker's loop beside the links until `stop`.
        on_ready: called with the desk on the window's thread once the first rows are shown.
    """
    application = make_application(with_map)
    worker = Worker()
    try:
        opened = _unlock(worker, profile, secret, person)
        try:
            return _open(application, worker, opened, hubs, show, size, services, on_ready, with_map)
        finally:
            worker.do(opened.close).result(STOP_S)
    finally:
        worker.close()
        if with_map:
            _close_profile()


def make_application(with_map: bool = True) -> QApplication:
    """The one QApplication, with the map's scheme registered before it exists."""
    chromium_flags()
    from PySide6.QtWidgets import QApplication

    if with_map and QApplication.instance() is None:
        try:
            from console.mapview.scheme import register_scheme

            register_scheme()
        except Exception:  # without the engine there is no map, and the desk goes on
            log.exception("the map's address scheme could not be registered")
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("fenghuo")
    application.setStyle("Fusion")  # the same on every system, and it takes our colours whole
    return application


def _unlock(worker: Worker, profile: Profile, secret: str, person: str | None) -> Opened:
    """Unlock on the worker (a guess is made to cost half a second) while this thread loads the window."""
    from console.desk import wall_ms

    job = worker.do(profile.unlock, secret, person=person, wall=wall_ms, random=os.urandom)
    import console.mainwindow  # noqa: F401 - its half a second passes meanwhile

    return job.result()


def _open(
    application: QApplication, worker: Worker, opened: Opened, hubs: Sequence[str] | None, show: bool,
    size: tuple[int, int] | None, services: Sequence[Service], on_ready: Callable[[Desk], None] | None, with_map: bool,
) -> int:  # fmt: skip
    from comms.node import Node
    from console.desk import Desk, wall_ms
    from console.loop import SystemSignals
    from console.mainwindow import MainWindow
    from console.windowport import WindowPort

    desk = Desk(opened)
    config = opened.profile.config
    window = MainWindow(
        desk, worker, theme_name=str(config.get("theme", "day")), make_map=_map_maker(config) if with_map else None
    )
    desk.node = Node(
        opened, hubs=list(hubs or ()), wall=wall_ms, random=os.urandom, on_change=window.bridge.on_change,
        on_links=window.bridge.on_links,
    )  # fmt: skip
    desk.window = WindowPort(window)
    stop = worker.do(asyncio.Event).result()
    jobs = _begin(worker, desk, window, stop, services)
    signals = SystemSignals(window.close)
    _show(window, show, size)
    application.setQuitOnLastWindowClosed(False)
    window.closed.connect(application.quit)
    if on_ready is not None:
        window.shown_first.connect(lambda: on_ready(desk))
    try:
        return int(application.exec())
    finally:
        signals.close()
        window.take_down()
        _end(worker, stop, jobs)
        desk.window = None
        _forget(window)


def _map_maker(config: dict[str, Any]) -> Callable[[], Any]:
    def make() -> Any:
        from console.mapview.view import MapView

        return MapView(theme=str(config.get("theme", "day")), language=str(config.get("language", "zh")))

    return make


def _begin(
    worker: Worker, desk: Desk, window: MainWindow, stop: asyncio.Event, services: Sequence[Service]
) -> list[Future[Any]]:
    """Start links and services; one that ends with an error is told in the window and takes nothing else down."""
    assert desk.node is not None
    jobs = [worker.start(desk.node.run(stop), "links")]
    names = ["links"]
    for service in services:
        name = getattr(service, "__name__", "service")
        jobs.append(worker.start(_serve(service, desk, stop), name))
        names.append(name)
    for name, job in zip(names, jobs, strict=True):
        window.landing.when_done(job, lambda done, n=name: window.service_ended(n, done))  # type: ignore[misc]
    return jobs


async def _serve(service: Service, desk: Desk, stop: asyncio.Event) -> None:
    await service(desk, stop)


def _show(window: MainWindow, show: bool, size: tuple[int, int] | None) -> None:
    from PySide6.QtCore import Qt

    screen = window.screen().availableGeometry()
    wanted = size or (min(screen.width(), 1920), min(screen.height(), 1080))
    window.resize(*wanted)
    if not show:
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.show()


def _end(worker: Worker, stop: asyncio.Event, jobs: list[Future[Any]]) -> None:
    """Tell links and services to stop and wait for them."""
    worker.do(stop.set).result(STOP_S)
    for job in jobs:
        try:
            job.result(STOP_S)
        except TimeoutError:
            job.cancel()
        except Exception:  # it was told in the window when it happened
            log.debug("a service ended with an error", exc_info=True)


def _forget(window: MainWindow) -> None:
    """Delete the window now, while the application still lives."""
    from PySide6.QtCore import QCoreApplication, QEvent

    window.hide()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _close_profile() -> None:
    """The map's engine profile goes last, after every page."""
    module = sys.modules.get("console.mapview.view")
    if module is not None:
        module.close_profile()
