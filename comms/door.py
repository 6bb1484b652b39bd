"""The store as links see it: every call on one worker thread, in order, and each batch encoded once per audience."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from comms import protocol
from comms.session import BatchCame, LocalFacts
from offline import beats, keeper
from offline.engine import Connection
from offline.errors import FenghuoError
from offline.profile import Opened
from offline.store import Change
from offline.view import View

CACHED_MAX = 64  # batches kept encoded; all peers of a hub that keep up ask for the newest few
CACHED_BYTES = 16_000_000
Heads = dict[tuple[bytes, int], int]
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Parcel:
    """One batch ready for the wire; `frames` is empty when nothing is owed up to `upto`."""

    frames: list[bytes]
    upto: int
    empty: bool
    more: bool


class Door:
    """An open profile's store, for use from an event loop; `close` when done. Raises what the store raises."""

    def __init__(self, opened: Opened) -> None:
        self.opened, self.store = opened, opened.store
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fenghuo-links")
        self._view: View | None = None
        self._reader: Connection | None = None
        self._first_pos = self.store.pos
        self._newest_from: dict[str, int] = {}
        self._cache: OrderedDict[tuple[str, int, int], Parcel] = OrderedDict()
        self._orders: dict[bytes, frozenset[bytes]] = {}
        self.encoded = 0
        """How many batches were encoded, for tests and benches: far fewer than were sent."""

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call this on the worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Finish what the worker is at and end it."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for reader in (self._view, self._reader):
            if reader is not None:
                reader.close()
        self._view = self._reader = None

    # On the worker thread: what `run` is given

    def view(self) -> View:
        """The worker's own view."""
        if self._view is None:
            self._view = View(self.store.reader(), self.store.authority, self.opened.centre, self.store.wall)
        return self._view

    def facts(self, peer: str) -> LocalFacts:
        """What to say of ourselves to this peer (node id in hex)."""
        store = self.store
        cursor = store.cursor(peer)
        heads = {} if cursor else store.heads()
        proof = store.authority.proof(store.node.id)
        return LocalFacts(
            store.realm, store.me.centre, store.node.id, store.epoch, store.pos, proof, cursor, heads, store.wall
        )

    def end(self) -> int:
        """The end of our log."""
        return self.store.pos

    def receive(self, peer: str, batch: BatchCame) -> Change:
        """Take a batch in; durable when this returns."""
        change = self.store.receive(peer, batch.statements, batch.ops, batch.sigs, batch.cursor)
        self._newest_from[peer] = change.pos
        return change

    def admit(self, peer: str, proof: list[bytes]) -> Change:
        """Take a peer's proof in; known statements cost nothing."""
        known = {s.wire for s in self.store.authority.statements.values()}
        new = [p for p in proof if p not in known]
        if not new:
            return Change(peer)
        change = self.store.admit(new, peer)
        self._newest_from[peer] = change.pos
        return change

    def parcel(self, centre: str, after: int, peer: str, have: Heads | None) -> Parcel:
        """What this peer lacks after a position, encoded."""
        end = self.store.pos
        if after >= end:
            return Parcel([], end, True, False)
        alike = have is None and after >= max(self._first_pos, self._newest_from.get(peer, 0))
        if not alike:
            return self._encode(centre, after, peer, have)
        key = (centre, after, end)
        if key not in self._cache:
            self._keep(key, self._encode(centre, after, "", None))
        return self._cache[key]

    def _encode(self, centre: str, after: int, peer: str, have: Heads | None) -> Parcel:
        out = self.store.outgoing(centre, after, peer, have)
        self.encoded += 1
        return Parcel(protocol.encode_batch(out, after, self.store.epoch), out.pos, out.empty, out.more)

    def _keep(self, key: tuple[str, int, int], parcel: Parcel) -> None:
        self._cache[key] = parcel
        while len(self._cache) > 1 and (len(self._cache) > CACHED_MAX or self._bytes() > CACHED_BYTES):
            self._cache.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(f) for p in self._cache.values() for f in p.frames)

    def take_beats(self, wires: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        """Take beats in; returns those that were news, and the records whose delivered tick may have changed."""
        news, orders = [], set[bytes]()
        for wire in _newest(wires):
            try:
                if self.store.take_beat(wire):
                    news.append(wire)
                    orders |= self._new_orders(wire)
            except FenghuoError:
                continue  # the next comes soon
        return news, self._records_of(orders)

    def _new_orders(self, wire: bytes) -> frozenset[bytes]:
        core = beats.read(wire).core
        now, old = frozenset(core.orders), self._orders.get(core.node, frozenset())
        self._orders[core.node] = now
        return now - old

    def _records_of(self, orders: set[bytes]) -> list[bytes]:
        if not orders:
            return []
        found = [self._reads().execute("SELECT record FROM ops WHERE id=?", (o,)).fetchone() for o in sorted(orders)]
        return [row[0] for row in found if row and row[0]]

    def keep(self, records: list[bytes] | None) -> int:
        """Do the keeper's duty when a resource is among these records (None: look at all); returns how many answers."""
        if not self.store.is_keeper:
            return 0
        if records is not None and not self._any_resource(records):
            return 0
        return len(keeper.serve(self.store, self.view()))

    def _any_resource(self, records: list[bytes]) -> bool:
        query = "SELECT 1 FROM records WHERE id=? AND kind='resource'"
        return any(self._reads().execute(query, (r,)).fetchone() for r in records)

    def _reads(self) -> Connection:
        if self._reader is None:
            self._reader = self.store.reader()
        return self._reader

    def acked(self, acks: dict[str, int]) -> bool:
        """Remember how far peers have stored this log."""
        for peer, pos in acks.items():
            self.store.acked(peer, pos)
        return True

    def unsent(self, peers: list[str]) -> dict[str, int]:
        """How many entries each of these peers has not said it has stored."""
        return {peer: self.view().unsent(peer) for peer in peers}


def _newest(wires: list[bytes]) -> list[bytes]:
    """The newest beat of each node; one that cannot be read harms nobody."""
    best: dict[bytes, tuple[tuple[int, int], bytes]] = {}
    for wire in wires:
        with contextlib.suppress(FenghuoError):
            core = beats.read(wire).core
            if core.node not in best or best[core.node][0] < core.stamp:
                best[core.node] = core.stamp, wire
    return [wire for _, wire in best.values()]
