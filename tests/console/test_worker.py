"""The worker's thread: order, errors, cancelling, an end that waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from console.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("test worker")
    yield made
    made.close()


def test_functions_run_there_in_the_order_asked(worker: Worker) -> None:
    seen: list[int] = []
    jobs = [worker.do(seen.append, n) for n in range(50)]
    jobs[-1].result(5)
    assert seen == list(range(50))
    assert worker.do(lambda: threading.current_thread().name).result(5) == "test worker"
    assert worker.do(lambda: worker.is_here).result(5) and not worker.is_here


def test_an_error_comes_back_and_the_thread_goes_on(worker: Worker) -> None:
    with pytest.raises(ZeroDivisionError):
        worker.do(lambda: 1 // 0).result(5)
    assert worker.do(lambda: 1).result(5) == 1


def test_coroutines_run_beside_functions_and_are_cancelled_at_the_end() -> None:
    worker, ended = Worker(), threading.Event()

    async def stay() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    job = worker.start(stay(), "stay")
    assert worker.do(lambda: 2).result(5) == 2
    worker.close()
    assert ended.is_set() and job.cancelled()
    worker.close()
