"""Tasks have names, are kept, tell their failures, and end when their owner does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from comms.tasks import Tasks


def test_a_failure_is_told_with_the_name(expect_log: Callable[[str], None]) -> None:
    expect_log(r"task owner: work failed")

    async def play() -> None:
        tasks = Tasks("owner")

        async def work() -> None:
            raise ValueError("a bug")

        await asyncio.wait([tasks.start(work(), "work")])
        assert len(tasks) == 0

    asyncio.run(play())


def test_closing_ends_even_those_that_start_others() -> None:
    async def play() -> None:
        tasks = Tasks("owner")
        ended = []

        async def last() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("last")

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                tasks.start(last(), "last")
                ended.append("work")

        task = tasks.start(work(), "work")
        assert task.get_name() == "owner: work"
        await asyncio.sleep(0)
        await tasks.close()
        assert len(tasks) == 0 and "work" in ended

    asyncio.run(play())
