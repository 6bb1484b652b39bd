"""Asking feeds again and again, politely: a schedule that only computes, and a thin loop that fetches and tells."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from comms.errors import CapRefused, CommsError, DocumentRefused, FetchFailed
from comms.feeds.cap import ALERT_LIMITS, Alert, alert_key, read_alert
from comms.feeds.entry import Entry, Feed
from comms.feeds.index import feed_lines, no_line, read_index
from comms.fetch import Fetched, Fetcher, read_file
from offline.errors import FenghuoError

INTERVAL_S = 60.0  # what CAP feeds expect of their readers
MAX_BACKOFF_S = 900.0  # a feed that comes back is seen within a quarter of an hour
PARALLEL = 4  # documents of one feed fetched at a time
MAX_DOCUMENTS = 100  # documents fetched in one round; a long index is worked off over several
MAX_SEEN = 20_000  # names remembered for one feed: four times the largest index that is read
MAX_FEEDS = 200  # feeds of one poller
BREATH = 50  # entries looked at before the loop gets its turn

OnAlert = Callable[[Alert, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is kept of one feed between rounds and over a restart. All of it is plain values, ready for a table.

    Args:
        source: the address or file, the key.
        etag, last_modified: validators of `body`, None when the next fetch has to bring everything.
        body: the last good copy, or None.
        good_at: when it was fetched or confirmed, RFC 3339.
        tried_at: when it was last tried.
        pending: entries of `body` that still wait to be read or told.
        failures: failed rounds since the last good one.
        error: what the last failure was, `CODE: words`, else None.
        seen: names of alerts told and documents read, oldest first; at most `MAX_SEEN`.
    """

    source: str
    etag: str | None = None
    last_modified: str | None = None
    body: bytes | None = None
    good_at: str | None = None
    tried_at: str | None = None
    pending: int = 0
    failures: int = 0
    error: str | None = None
    seen: tuple[str, ...] = ()


class FeedKeep(Protocol):
    """Where feed states are kept; the store implements it.

    Both are called in a worker thread, never twice at once for one source. `put_feed` returns when the state is on
    disk: an alert counts as told only after that, so after a power cut it may be told once more (the receiver knows it
    by `alert_key`), and is never missed.
    """

    def get_feed(self, source: str) -> FeedState | None:
        """The state last put, or None."""

    def put_feed(self, state: FeedState) -> None:
        """Keep the state in place of the earlier one of that source."""


class MemoryKeep:
    """Feed states for one run, for reading a feed where there is no profile."""

    def __init__(self) -> None:
        self.states: dict[str, FeedState] = {}

    def get_feed(self, source: str) -> FeedState | None:
        """The state last put, or None."""
        return self.states.get(source)

    def put_feed(self, state: FeedState) -> None:
        """Keep the state until the program ends."""
        self.states[state.source] = state


@dataclass(slots=True)
class Schedule:
    """When a feed is due. Only computes: `now` is seconds of any clock that never goes back.

    Failures double the wait up to `MAX_BACKOFF_S`; `spread` (0 to 1, drawn by the caller) keeps many nodes from asking
    a server that comes back at the same instant.
    """

    interval_s: float = INTERVAL_S
    failures: int = 0
    due_at: float = 0.0

    def succeeded(self, now: float, spread: float) -> None:
        """The round was good: due again after the interval, up to a tenth earlier."""
        self.failures = 0
        self.due_at = now + self.interval_s * (1 - 0.1 * spread)

    def failed(self, now: float, spread: float, at_least_s: float = 0.0) -> None:
        """The round failed: due after the doubled wait, up to a half earlier, and not before the server asked."""
        self.failures += 1
        wait = min(self.interval_s * 2.0 ** min(self.failures, 30), max(MAX_BACKOFF_S, self.interval_s))
        self.due_at = now + max(wait * (1 - 0.5 * spread), at_least_s)

    def wait_s(self, now: float) -> float:
        """Seconds until it is due, 0 when it is."""
        return max(0.0, self.due_at - now)


@dataclass(slots=True)
class Round:
    """One poll of one feed.

    Args:
        source: the feed.
        outcome: `new` (it was read), `unchanged` (the kept copy is good), `failed`.
        lines: one for each entry, `{feed, entry, title, link, accepted, reason, stored, alert}`; none when unchanged.
        told: how many alerts were told for the first time and stored.
        error: why it failed; the last good copy stays.
        more: entries that wait for the next round, because a document failed or there were too many.
    """

    source: str
    outcome: str = "new"
    lines: list[dict[str, Any]] = field(default_factory=list)
    told: int = 0
    error: FenghuoError | None = None
    more: int = 0


class Poller:
    """Polls feeds and tells each alert once.

    An index that sums an alert up and links to it: the whole alert is told, with `index_entry` naming the entry. Only
    when the whole cannot be fetched is the summary told, with `partial` and the entry's id as identifier, so that a
    warning is not held up; the whole then follows in a later round.

    Args:
        fetcher: an open `Fetcher` of the running loop; None when only files are read.
        keep: where states are kept.
        clock: wall time with zone, for what is shown.
        on_alert: told each new alert and its source, whatever its status; answers whether it was stored. It may be told
            the same alert again after a crash. A `FenghuoError` it raises fails the round, and the alert is told again.
    """

    def __init__(
        self, fetcher: Fetcher | None, keep: FeedKeep, clock: Callable[[], datetime], on_alert: OnAlert
    ) -> None:
        self._fetcher = fetcher
        self._keep = keep
        self._clock = clock
        self._on_alert = on_alert

    async def poll_once(self, source: str, *, show: bool = False) -> Round:
        """Fetch, read, tell and keep one feed (an http(s) address or a file). Trouble outside is in the round.

        Args:
            show: give the lines of an unchanged feed too, from the kept copy.
        """
        state = await asyncio.to_thread(self._keep.get_feed, source) or FeedState(source)
        state = replace(state, tried_at=self._clock().isoformat())
        try:
            fetched = await self._fetch(state)
            if fetched.not_modified or (fetched.body == state.body and not state.pending and is_web(source)):
                if not show:
                    return await self._unchanged(state, fetched)
                fetched = replace(fetched, body=state.body or b"")
            feed = await asyncio.to_thread(read_index, fetched.body, source)
        except CommsError as trouble:
            return await self._failed(state, trouble)
        return await self._read(state, fetched, feed)

    async def run(
        self,
        sources: dict[str, float],
        *,
        monotonic: Callable[[], float],
        random: Callable[[], float],
        stop: asyncio.Event,
        on_round: Callable[[Round], None] | None = None,
    ) -> None:
        """Poll each source (address to seconds between rounds) until `stop` is set. Feeds do not wait for each other.

        Args:
            monotonic: seconds of a clock that never goes back.
            random: draws 0 to 1, for the spread of `Schedule`.
            on_round: told each finished round.

        Raises `FetchFailed` (``not_allowed``) for more than `MAX_FEEDS` sources.
        """
        if len(sources) > MAX_FEEDS:
            raise FetchFailed("not_allowed", f"{len(sources)} feeds, more than the {MAX_FEEDS} that are polled")
        async with asyncio.TaskGroup() as group:
            for source, interval_s in sources.items():
                schedule = Schedule(interval_s)
                task = self._run_one(source, schedule, monotonic, random, stop, on_round)
                group.create_task(task, name=f"feed {source}")

    async def _run_one(
        self,
        source: str,
        schedule: Schedule,
        monotonic: Callable[[], float],
        random: Callable[[], float],
        stop: asyncio.Event,
        on_round: Callable[[Round], None] | None,
    ) -> None:
        while not stop.is_set():
            done = await self._round(source)
            if on_round is not None:
                on_round(done)
            if done.error is None:
                schedule.succeeded(monotonic(), random())
            else:
                schedule.failed(monotonic(), random(), getattr(done.error, "retry_after_s", None) or 0.0)
            await _wait(stop, schedule.wait_s(monotonic()))

    async def _round(self, source: str) -> Round:
        """One round in which trouble with the store does not end the polling either."""
        try:
            return await self.poll_once(source)
        except FenghuoError as trouble:
            return Round(source, "failed", error=trouble)

    async def _fetch(self, state: FeedState) -> Fetched:
        if not is_web(state.source):
            return await asyncio.to_thread(read_file, state.source)
        return await self._web().fetch(state.source, etag=state.etag, last_modified=state.last_modified)

    def _web(self) -> Fetcher:
        if self._fetcher is None:
            raise FetchFailed("not_allowed", "this poller reads files only")
        return self._fetcher

    async def _unchanged(self, state: FeedState, fetched: Fetched) -> Round:
        state = replace(state, good_at=state.tried_at, failures=0, error=None, etag=fetched.etag or state.etag)
        await self._put(state)
        return Round(state.source, "unchanged")

    async def _failed(self, state: FeedState, trouble: CommsError) -> Round:
        words = f"{trouble.code}: {trouble.message}"
        await self._put(replace(state, failures=state.failures + 1, error=words))
        refused = trouble if isinstance(trouble, DocumentRefused) else DocumentRefused(trouble.code, trouble.message)
        lines = [{**no_line(state.source, refused), "stored": False}]
        return Round(state.source, "failed", lines, error=trouble)

    async def _put(self, state: FeedState) -> None:
        await asyncio.to_thread(self._keep.put_feed, state)

    async def _read(self, state: FeedState, fetched: Fetched, feed: Feed) -> Round:
        done = Round(state.source)
        seen = dict.fromkeys(state.seen)
        entries = await self._with_documents(feed, state.source, seen, done)
        stored = await self._tell_all(entries, state.source, seen, done)
        lines = await asyncio.to_thread(feed_lines, replace(feed, entries=entries), state.source)
        stored += [False] * (len(lines) - len(stored))
        done.lines = [{**line, "stored": told} for line, told in zip(lines, stored, strict=True)]
        await self._put(_after(state, fetched, seen, done))
        return done

    async def _tell_all(self, entries: list[Entry], source: str, seen: dict[str, None], done: Round) -> list[bool]:
        """Tell what is new. A receiver that refuses ends the telling; the rest waits for the next round."""
        stored: list[bool] = []
        for entry in entries:
            if len(stored) % BREATH == 0:
                await asyncio.sleep(0)
            try:
                stored.append(await self._tell(entry, source, seen))
            except FenghuoError as trouble:
                done.outcome, done.error = "failed", trouble
                done.more += len(entries) - len(stored)
                break
        done.told = sum(stored)
        return stored

    async def _tell(self, entry: Entry, source: str, seen: dict[str, None]) -> bool:
        if entry.alert is None:
            return False
        name = _alert_name(entry.alert)
        stored = name not in seen and await self._on_alert(entry.alert, source)
        _remember(seen, name, "" if entry.alert.get("partial") else _document_name(entry))
        return stored

    async def _with_documents(self, feed: Feed, source: str, seen: dict[str, None], done: Round) -> list[Entry]:
        """The entries with the documents behind their links, where these are new and may be fetched."""
        wanted = {number: entry for number, entry in enumerate(feed.entries) if _may_follow(entry, source)}
        fresh = [number for number, entry in wanted.items() if _document_name(entry) not in seen]
        done.more = max(0, len(fresh) - MAX_DOCUMENTS)
        gate = asyncio.Semaphore(PARALLEL)
        async with asyncio.TaskGroup() as group:
            tasks = {
                number: group.create_task(self._document(wanted[number], source, gate, seen, done))
                for number in fresh[:MAX_DOCUMENTS]
            }
        now = {number: task.result() for number, task in tasks.items()}
        late = {number: _waiting(wanted[number]) for number in fresh[MAX_DOCUMENTS:]}
        known = {number: _seen_before(wanted[number], seen) for number in wanted.keys() - set(fresh)}
        found = {**known, **late, **now}
        return [found.get(number, entry) for number, entry in enumerate(feed.entries)]

    async def _document(
        self, entry: Entry, source: str, gate: asyncio.Semaphore, seen: dict[str, None], done: Round
    ) -> Entry:
        async with gate:
            try:
                body = await self._document_bytes(entry.link or "", source)
                alert = await asyncio.to_thread(read_alert, body)
            except FetchFailed as trouble:
                done.more += 1
                return replace(entry, reason=None if entry.alert else f"{trouble.code}: {trouble.message}")
            except CapRefused as trouble:  # read, and no alert: not fetched again until the entry changes
                _remember(seen, _document_name(entry))
                return replace(entry, alert=None, reason=trouble.reason)
        return replace(entry, alert={**alert, "index_entry": entry.id}, reason=None)

    async def _document_bytes(self, link: str, source: str) -> bytes:
        if not is_web(source):
            return (await asyncio.to_thread(read_file, _beside(source, link), ALERT_LIMITS.max_bytes)).body
        return (await self._web().fetch(link, max_bytes=ALERT_LIMITS.max_bytes, referrer=source)).body


def is_web(source: str) -> bool:
    """Whether a source is an http(s) address; everything else is a file."""
    return source.lower().startswith(("http://", "https://"))


def _after(state: FeedState, fetched: Fetched, seen: dict[str, None], done: Round) -> FeedState:
    """The state after a read. While something waits, no validators are kept: the next fetch brings everything again."""
    whole = done.more == 0
    return replace(
        state,
        etag=fetched.etag if whole else None,
        last_modified=fetched.last_modified if whole else None,
        body=fetched.body,
        good_at=state.tried_at,
        pending=done.more,
        failures=0 if done.error is None else state.failures + 1,
        error=None if done.error is None else f"{done.error.code}: {done.error.message}",
        seen=tuple(seen)[-MAX_SEEN:],
    )


def _may_follow(entry: Entry, source: str) -> bool:
    """A feed that is a file leads only to files beside it, never to the network or elsewhere on the disk."""
    link = entry.link or ""
    if not entry.follow:
        return False
    if is_web(source):
        return is_web(link)
    return bool(link) and ":" not in link and Path(link).name == link


def _beside(source: str, link: str) -> Path:
    return Path(source).parent / Path(link).name


def _alert_name(alert: Alert) -> str:
    return _digest("alert", *alert_key(alert))


def _document_name(entry: Entry) -> str:
    return _digest("document", entry.link or "", entry.updated or "")


def _digest(*parts: str) -> str:
    """A short name for a long key: 20,000 of them stay under a megabyte."""
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _remember(seen: dict[str, None], *names: str) -> None:
    for name in names:
        if name:
            seen.pop(name, None)
            seen[name] = None


def _seen_before(entry: Entry, seen: dict[str, None]) -> Entry:
    _remember(seen, _document_name(entry))
    return replace(entry, alert=None, reason="seen: its document was read at an earlier poll")


def _waiting(entry: Entry) -> Entry:
    return entry if entry.alert else replace(entry, reason="later: its document is fetched in a later round")


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
