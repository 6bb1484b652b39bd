"""Tasks made only here: each has a name, is kept until it ends, and its failure is told instead of lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("fenghuo.wire")


class Tasks:
    """The tasks of one owner, whose name they bear; `close` ends them all and waits for it."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._kept: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run this in the background under a name."""
        task = asyncio.get_running_loop().create_task(work, name=f"{self._owner}: {name}")
        self._kept.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._kept.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task %s failed", task.get_name(), exc_info=error)

    async def close(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        while left := list(self._kept):
            for task in left:
                task.cancel()
            await asyncio.wait(left)

    def __len__(self) -> int:
        return len(self._kept)
