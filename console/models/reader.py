"""Reads pictures on a thread of its own, one at a time: the window's thread never waits for the store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

from console.desk import Desk
from console.loop import Landing
from console.models import chosen, picture
from console.models.boundaries import Boundaries
from console.models.chosen import Chosen
from console.models.mapfeed import MapFeed
from console.models.picture import Picture

log = logging.getLogger(__name__)
Record = dict[str, Any]
FIND_MAX = 50


class Reading(NamedTuple):
    """One look at the store: the picture, the map's features (None when not asked for), the chosen record."""

    picture: Picture
    features: dict[str, Any] | None
    wanted: str
    chosen: Chosen | None


class Reader:
    """Answers `want` with `show(Reading)` on the window's thread; requests meanwhile become one.

    Args:
        show: called with each Reading. failed: called with the error when the store cannot be read. mark: for the map.
    """

    def __init__(
        self,
        desk: Desk,
        landing: Landing,
        show: Callable[[Reading], None],
        failed: Callable[[BaseException], None],
        mark: str = "",
    ) -> None:
        self._desk, self._landing, self._show, self._failed = desk, landing, show, failed
        self._boundaries = Boundaries(desk.opened.profile.path / "packs")
        self._feed = MapFeed(mark, self._boundaries.rings)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        self._busy, self._again, self._all = False, False, True
        self._ids: set[str] = set()
        self._wanted = ""
        self.closed = False

    @property
    def idle(self) -> bool:
        """Whether nothing is being read or waits to be."""
        return not self._busy and not self._again

    def choose(self, record_id: str) -> None:
        """What region 4 is about from now on."""
        self._wanted = record_id

    def want(self, ids: list[str] | None = None) -> None:
        """Read anew; `ids` may differ (empty: any may), None when only ages and links do."""
        if self.closed:
            return
        if ids is not None:
            self._ids.update(ids)
            self._all = self._all or not ids
        if self._busy:
            self._again = True
            return
        ids_now, everything = list(self._ids), self._all
        self._ids, self._all, self._busy, self._again = set(), False, True, False
        job = self._pool.submit(self._read, self._wanted, ids_now, everything)
        self._landing.when_done(job, self._landed)

    def _read(self, wanted: str, ids: list[str], everything: bool) -> Reading:
        everything |= self._boundaries.look()
        seen = picture.read(self._desk)
        features = self._feed.read(self._desk.view, [] if everything else ids) if ids or everything else None
        found = chosen.read(self._desk.view, wanted) if wanted else None
        if found:
            found = replace(found, unplaced=self._boundaries.missing(found.record))
        return Reading(seen, features, wanted, found)

    def _landed(self, job: Future[Reading]) -> None:
        self._busy = False
        if self.closed:
            return
        error = job.exception()
        if error is None:
            self._show(job.result())
        else:
            self._all = True
            self._failed(error)
        if self._again:
            self.want()

    def find(self, text: str, then: Callable[[str, list[Record]], None]) -> None:
        """Records and people with this text, to `then(text, rows)` on the window's thread."""
        if not self.closed:
            self._landing.when_done(self._pool.submit(self._find, text), lambda job: then(text, job.result()))

    def _find(self, text: str) -> list[Record]:
        wanted = text.strip().lower()
        if not wanted:
            return []
        view = self._desk.view
        people = [p for p in view.persons() if wanted in f"{p['name']} {p.get('phone') or ''}".lower()]
        return [*people, *view.search(text, limit=FIND_MAX)][:FIND_MAX]

    def close(self) -> None:
        """Read nothing more; waits for what is being read."""
        self.closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._boundaries.close()
