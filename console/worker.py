"""The worker: an asyncio loop for links and services on its own thread, and a door for actions from the window.

The window never waits for it: `do` and `start` return futures.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
JOIN_S = 10.0  # a service that ignores being cancelled this long is left to die with the process


class Worker:
    """A daemon thread with its own asyncio loop; `close` ends it."""

    def __init__(self, name: str = "worker") -> None:
        self._loop = asyncio.new_event_loop()
        self._jobs: set[asyncio.Task[Any]] = set()  # strong references: a loop keeps only weak ones
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def do(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call a plain function on the thread, in the order asked; its result or error comes in the future."""
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # the asker's to handle, whatever it is
                future.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return future

    def start(self, job: Coroutine[Any, Any, T], name: str) -> Future[T]:
        """Run a coroutine on the loop until it ends; cancelling the future cancels it."""

        async def kept() -> T:
            task = asyncio.current_task()
            assert task is not None
            task.set_name(name)
            self._jobs.add(task)
            try:
                return await job
            finally:
                self._jobs.discard(task)

        return asyncio.run_coroutine_threadsafe(kept(), self._loop)

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this thread."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """Cancel what still runs, end the loop and wait for the thread. Calling again does nothing."""
        if self._loop.is_closed() or not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(JOIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(JOIN_S)

    async def _cancel_all(self) -> None:
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs, timeout=JOIN_S / 2) if jobs else None
