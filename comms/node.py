"""A running node: its links up and its server, beats, the keeper's duty, and what people see of all that.

`Node.run` belongs to one event loop, best on a thread of its own; everything else here may be called from any thread.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from comms.client import Dialer
from comms.door import Door
from comms.errors import LinkFailed
from comms.hub import Hub
from comms.link import Link, LinkStatus
from comms.session import Limits, LinkState
from comms.tasks import Tasks
from comms.tls import Contexts, contexts
from offline.clock import WallMs
from offline.errors import FenghuoError
from offline.profile import Opened
from offline.store import Change, Random
from offline.trust import Peer

log = logging.getLogger("fenghuo.wire")
P = ParamSpec("P")
R = TypeVar("R")
BEAT_S = 10.0
SOON_S = 0.3  # changes within this time share one beat and one look at what is unsent
GONE_MAX = 256  # peers that are away and still listed
CONNECTED = (LinkState.SYNCING, LinkState.LIVE)


def dial_urls(config: dict[str, Any]) -> list[str]:
    """The hubs that a profile's settings name: `hubs` for every node, `parent` for a hub."""
    urls = [str(u) for u in config.get("hubs", [])]
    parent = config.get("parent")
    if config.get("use") == "hub" and parent:
        urls += [str(u) for u in (parent if isinstance(parent, list) else [parent])]
    return list(dict.fromkeys(urls))


class Node:
    """One open profile on the wire.

    Args:
        opened: the profile, open; it stays the caller's and is closed after `run` has returned.
        listen: `HOST:PORT` to serve at (port 0: any), None for a node that only dials.
        hubs: `wss://HOST:PORT` to dial; when empty, what the profile's settings name.
        wall: wall clock in milliseconds. random: n random bytes.
        on_change: called with each `Change`, on whatever thread made it: commits here, batches from links, and beats
        (`records` are then the orders whose delivered tick came).
        on_links: called on the loop's thread when something that `links` or `alone_since` tell has changed.
    """

    def __init__(
        self, opened: Opened, *, listen: str | None = None, hubs: Sequence[str] = (), wall: WallMs, random: Random,
        on_change: Callable[[Change], None] | None = None, on_links: Callable[[], None] | None = None,
        limits: Limits | None = None,
    ) -> None:  # fmt: skip
        self.opened, self.store = opened, opened.store
        self.limits = limits or Limits()
        self.tasks = Tasks("node")
        self._listen, self._hubs = listen, list(hubs) or dial_urls(opened.profile.config)
        self._wall, self._random = wall, random
        self._on_change, self._on_links = on_change, on_links
        self._loop: asyncio.AbstractEventLoop | None = None
        self.door: Door
        self._contexts: Contexts | None = None
        self._dialers: list[Dialer] = []
        self._hub: Hub | None = None
        self._links: dict[str, Link] = {}
        self._seen: dict[str, LinkStatus] = {}
        self._off: set[str] = set()
        self._fell_ms = 0
        self._hub_alone: dict[Link, int] = {}
        self._told_alone: int | None = None
        self._acks: dict[str, int] = {}
        self._touched: set[bytes] | None = None
        self.started = asyncio.Event()
        """Set once the server (if any) is bound and dialling has begun."""

    # Running

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the links until told to stop; LinkFailed when it cannot listen, LinkRefused without a certificate."""
        self._loop = asyncio.get_running_loop()
        self._beat_due, self._look_due, self._keep_due = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.door = Door(self.opened)
        self.store.listeners.append(self._committed)
        try:
            await self._start()
            await stop.wait()
        finally:
            self.started.set()  # whoever waits for an address is told that there is none
            self.store.listeners.remove(self._committed)
            await self._finish()

    async def _start(self) -> None:
        self._fell_ms = self._wall()
        self._contexts = contexts(self.store, self.opened.profile.path / "run", self._random)
        if self._listen:
            self._hub = Hub(self, self._contexts.server)
            await self._hub.start(self._listen)
        self._dialers = [Dialer(url, self, self._random) for url in self._hubs]
        for dialer in self._dialers:
            await self._recall(dialer)
            self.tasks.start(dialer.run(), f"dial {dialer.url}")
        for work, name in ((self._beats(), "beats"), (self._keep(), "keeper"), (self._look(), "look")):
            self.tasks.start(work, name)
        self._keep_due.set()
        self.started.set()
        self.changed()

    async def _recall(self, dialer: Dialer) -> None:
        """Who answered at this address last, so that what is unsent to it is known before it answers again."""
        kept = await self.door.run(self.store.recall, f"peer:{dialer.url}")
        if isinstance(kept, list) and len(kept) == 3:
            dialer.status.peer, dialer.status.centre, dialer.status.use = map(str, kept)

    async def _finish(self) -> None:
        links = [link for link in self._links.values() if link.session is not None]
        for link in links:
            link.close("stopping", "This node is stopping.")
        if self._hub is not None:
            await self._hub.stop()
        await self.tasks.close()
        try:
            await self._try(self.door.acked, self._acks)
        finally:
            self.door.close()
            self._loop = None

    # What others may ask, from any thread

    @property
    def address(self) -> tuple[str, int] | None:
        """Where the server listens, None without one."""
        return self._hub.address if self._hub is not None else None

    async def bound(self) -> str:
        """`HOST:PORT` once the server listens; LinkFailed when it does not come to that."""
        await self.started.wait()
        if self.address is None:
            raise LinkFailed("This node does not listen.", code="listen")
        host, port = self.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def links(self) -> list[dict[str, Any]]:
        """Each link, dialled ones first: `{direction ("out" | "in"), url, peer, centre, use, state, since_ms, heard_ms,
        unsent, offset_ms, reason, code}`; peers that are away are listed with the reason."""
        return [s.as_dict() for s in [*(d.status for d in list(self._dialers)), *list(self._seen.values())]]

    def alone_since(self) -> int | None:
        """Since when (wall ms) no link upwards stands, or the hub of our centre has none; None when one does, and for a
        node that has nobody above it."""
        if not self._hubs:
            return None
        up = [d.link for d in list(self._dialers) if d.link is not None and d.status.state in CONNECTED]
        if not up:
            return self._fell_ms or self._wall()
        told = [self._hub_alone.get(link) for link in up]
        known = [t for t in told if t is not None]
        return min(known) if len(known) == len(told) else None

    def cut(self, name: str) -> None:
        """Switch a link off by hand: the address dialled, or the node id (hex) of whoever dials us."""
        self._call(self._switch, name, False)

    def join(self, name: str) -> None:
        """Switch it on again; a dialled one is tried at once."""
        self._call(self._switch, name, True)

    def _call(self, work: Callable[..., None], *args: Any) -> None:
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(work, *args)
            except RuntimeError:
                pass  # the loop has just ended; there is nothing left to tell

    def _switch(self, name: str, on: bool) -> None:
        (self._off.discard if on else self._off.add)(name)
        for dialer in self._dialers:
            if name in (dialer.url, dialer.status.peer):
                dialer.switch(on, "Switched off by hand.")
        if not on and name in self._links:
            self._links[name].close("cut", "Switched off by hand.")

    # Changes of the store

    def _committed(self, change: Change) -> None:
        """On whatever thread committed."""
        self._call(self._kick, change)
        if self._on_change is not None:
            self._on_change(change)

    def _kick(self, change: Change) -> None:
        for link in list(self._links.values()):
            link.kick()
            if change.statements:
                link.recheck()
        if self._touched is not None:
            self._touched.update(change.records)
        for due in (self._beat_due, self._look_due, self._keep_due):
            due.set()

    async def _try(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Call this on the worker; None when the store is in trouble, which must not end what runs for days."""
        try:
            return await self.door.run(work, *args, **kwargs)
        except FenghuoError as error:
            log.warning("%s did not succeed: %s", getattr(work, "__name__", "work"), error.message)
            return None

    async def _keep(self) -> None:
        """The keeper's duty: all of it at the start, then what changes touch."""
        while True:
            await self._keep_due.wait()
            self._keep_due.clear()
            records, self._touched = self._touched, set()
            done = await self._try(self.door.keep, None if records is None else sorted(records))
            if done is None:
                self._touched = None  # look at all of it next time
                await asyncio.sleep(SOON_S)
                self._keep_due.set()

    async def _beats(self) -> None:
        """A beat soon after changes and now and then; only with somebody to hear it."""
        while True:
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._beat_due.wait()
                await asyncio.sleep(SOON_S)  # more changes are likely under way
            except TimeoutError:
                pass
            self._beat_due.clear()
            if self._links:
                wire = await self._try(self.store.make_beat)
                for link in list(self._links.values()):
                    link.beat([wire] if wire else [])

    async def _look(self) -> None:
        """Write down acknowledgements and count what is unsent, a few times a second at most."""
        while True:
            await self._look_due.wait()
            self._look_due.clear()
            acks, self._acks = self._acks, {}
            if await self._try(self.door.acked, acks) is None:
                self._acks = {**acks, **self._acks}
            statuses = [s for s in [*(d.status for d in self._dialers), *self._seen.values()] if s.peer]
            counts = await self._try(self.door.unsent, [s.peer for s in statuses]) or {}
            for status in statuses:
                status.unsent = counts.get(status.peer, status.unsent)
            self.changed()
            await asyncio.sleep(SOON_S)

    # What links tell (see `link.Host`)

    def dial_context(self) -> ssl.SSLContext:
        """TLS for dialling."""
        assert self._contexts is not None
        return self._contexts.client

    def status_of(self, peer: Peer) -> LinkStatus:
        """The listed state of one who dials us; the longest away are forgotten."""
        if peer.node not in self._seen:
            gone = [n for n, s in self._seen.items() if s.state in (LinkState.OFFLINE, LinkState.REFUSED)]
            for name in gone[: max(0, len(gone) - GONE_MAX + 1)]:
                del self._seen[name]
        status = self._seen.pop(peer.node, None) or LinkStatus("in", peer=peer.node, since_ms=self._wall())
        status.centre = peer.centre
        self._seen[peer.node] = status
        return status

    def greeted(self, link: Link) -> None:
        """A peer proved itself: it takes the place of an older connection of the same node."""
        if link.name in self._off:
            raise LinkFailed("This link is switched off by hand.", code="cut")
        old = self._links.get(link.name)
        self._links[link.name] = link
        if old is not None and old is not link:
            old.close("replaced", "Another connection of the same node took its place.")
        grant = self.store.authority.now().nodes[bytes.fromhex(link.name)]
        status = link.status
        status.peer, status.centre, status.use = link.name, grant.centre, grant.use
        if status.url:
            who = [link.name, grant.centre, grant.use]
            self.tasks.start(self._try(self.store.remember, f"peer:{status.url}", who), "remember")

    def moved(self, link: Link, old: LinkState, new: LinkState) -> None:
        """A link's state changed."""
        closed, status = link.closed, link.status
        over = new in (LinkState.OFFLINE, LinkState.REFUSED)
        if over and self._links.get(link.name) is link:
            del self._links[link.name]
        self._hub_alone.pop(link, None) if over else None
        if status.direction == "in" and over and link.name in self._links:
            return  # a newer connection of the same node speaks for it
        if status.state is LinkState.REFUSED and new is LinkState.GREETING:
            return  # an alarm stays up until the link is truly back
        was_alone = self._up_count() == 0
        if status.state is not new:
            status.state, status.since_ms = new, self._wall()
        if new is LinkState.LIVE:
            status.reason = status.code = ""
        elif over and closed is not None:
            status.reason, status.code = closed.sentence, closed.code
        if not was_alone and self._up_count() == 0:
            self._fell_ms = self._wall()
        if new is LinkState.SYNCING and old is LinkState.GREETING:
            self._welcome(link)
        self._look_due.set()
        self.changed()

    def _up_count(self) -> int:
        return sum(d.status.state in CONNECTED for d in self._dialers)

    def _welcome(self, link: Link) -> None:
        self._beat_due.set()
        if link.status.direction == "in" and link.peer.centre == self.opened.centre and self._told_alone is not None:
            link.alone(self._told_alone)

    def changed(self) -> None:
        """Tell the nodes of our centre when we are alone or no longer, and whoever watches the links."""
        alone = self.alone_since()
        if alone != self._told_alone:
            self._told_alone = alone
            for link in list(self._links.values()):
                if link.status.direction == "in" and link.peer.centre == self.opened.centre:
                    link.alone(alone)
        if self._on_links is not None:
            self._on_links()

    def beats_came(self, link: Link, news: list[bytes], records: list[bytes]) -> None:
        """Forward what was news, and tell whose orders have arrived."""
        for other in list(self._links.values()):
            if other is not link:
                other.beat(news)
        if self._on_change is not None:
            self._on_change(Change(link.name, records=records))

    def alone_came(self, link: Link, since_ms: int | None) -> None:
        """The hub of our centre has no link upwards, or has one again."""
        if link.status.direction != "out" or link.peer.centre != self.opened.centre:
            return
        if since_ms is None:
            self._hub_alone.pop(link, None)
        else:
            self._hub_alone[link] = since_ms
        self.changed()

    def acked(self, link: Link, pos: int) -> None:
        """Kept in memory, and written down with the next look."""
        self._acks[link.name] = pos
        self._look_due.set()
