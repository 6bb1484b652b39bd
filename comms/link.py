"""The short loops that pump one session over one websocket: read, store, pick what to send, write."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from comms import session as machine
from comms.door import Door, Heads
from comms.errors import LinkRefused
from comms.session import Closed, Event, Limits, LinkState, Session
from comms.tasks import Tasks
from comms.tls import check_peer, ssl_trouble
from offline.errors import FenghuoError
from offline.trust import Peer

log = logging.getLogger("fenghuo.wire")
EVENTS_MAX = 64  # waiting for the store; the window keeps batches to eight, the rest are small
GOODBYE_S = 1.0  # for writing the last frame, and again for closing
HALF_DEAD = frozenset({"silent", "slow"})  # whoever does not read gets no closing handshake either


@dataclass
class LinkStatus:
    """What people see of a link; times in wall milliseconds. `peer`: node id in hex, "" before the first contact."""

    direction: str
    url: str = ""
    peer: str = ""
    centre: str = ""
    use: str = ""
    state: LinkState = LinkState.OFFLINE
    since_ms: int = 0
    heard_ms: int | None = None
    unsent: int = 0
    offset_ms: int | None = None
    reason: str = ""
    code: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same as a plain dict; the state as its word."""
        return {**asdict(self), "state": self.state.value}


class Host(Protocol):
    """What a link needs of the node it belongs to; all but `door` only on the event loop."""

    door: Door
    tasks: Tasks
    limits: Limits

    def greeted(self, link: Link) -> None:
        """The peer is who it says; LinkRefused or LinkFailed when it is not wanted now."""

    def moved(self, link: Link, old: LinkState, new: LinkState) -> None:
        """The link's state changed."""

    def beats_came(self, link: Link, news: list[bytes], records: list[bytes]) -> None:
        """Beats that were news; records whose delivered tick came."""

    def alone_came(self, link: Link, since_ms: int | None) -> None:
        """The hub of our centre says since when it is alone."""

    def acked(self, link: Link, pos: int) -> None:
        """The peer holds our log up to here."""


class Link:
    """One connection. `run` it; it returns how it ended."""

    def __init__(self, ws: Connection, peer: Peer, status: LinkStatus, host: Host) -> None:
        self.ws, self.peer, self.status, self.host = ws, peer, status, host
        self.closed: Closed | None = None
        self.was_live = False
        self.session: Session | None = None
        self._events: asyncio.Queue[Event] = asyncio.Queue(EVENTS_MAX)
        self._outbox, self._news, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._have: Heads | None = None
        self._have_until = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def name(self) -> str:
        """The peer's node id in hex."""
        return self.peer.node

    # The life of a link

    async def run(self) -> Closed:
        """Pump until either side ends it."""
        tasks = []
        try:
            facts = await self.host.door.run(self.host.door.facts, self.name)
            self.session = Session(facts, self._now_ms(), self.host.limits)
            loops = {"read": self._read(), "store": self._store(), "pick": self._pick(), "write": self._write()}
            tasks = [self.host.tasks.start(work, f"{name} {self.name[:8]}") for name, work in loops.items()]
            self._do(self.session.events())
            self._tick()
            await self._over.wait()
            await asyncio.wait(tasks[3:], timeout=GOODBYE_S)
        except FenghuoError as error:
            self.closed = Closed(error.code, error.message, by_peer=False)
        finally:
            await self._end(tasks)
        assert self.closed is not None
        return self.closed

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.session is not None:  # cancelled from outside: still say that it is over
            self._do(self.session.fell("stopped", "The link was ended here."))
        try:
            if self.closed is None or self.closed.code not in HALF_DEAD:
                async with asyncio.timeout(GOODBYE_S):
                    await self.ws.close()
        except TimeoutError:
            pass  # the other side does not take part in closing
        finally:
            self.ws.transport.abort()

    def close(self, code: str, sentence: str) -> None:
        """End it with a word to the other side."""
        if self.session is not None:
            self.session.close(code, sentence)
            self._do(self.session.events())

    def kick(self) -> None:
        """There may be something new to send."""
        self._news.set()

    def beat(self, beats: list[bytes]) -> None:
        """Send beats."""
        if self.session is not None and beats:
            self.session.beat(beats)
            self._do(self.session.events())

    def alone(self, since_ms: int | None) -> None:
        """Tell the peer since when this hub has no link upwards."""
        if self.session is not None:
            self.session.alone(since_ms)
            self._do(self.session.events())

    def recheck(self) -> None:
        """Close it when the peer is no longer admitted."""
        if self.session is None or self.session.peer is None or self.session.state is LinkState.GREETING:
            return
        hello = self.session.peer
        try:
            check_peer(self.host.door.store, self.peer, hello.realm, hello.centre, hello.node)
        except FenghuoError as error:
            self.close(error.code, error.message)

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    def _tick(self) -> None:
        assert self.session is not None
        self._do(self.session.time_passed(self._now_ms()))
        if not self.session.closed:
            self._timer = self._loop.call_at(self.session.wake_at() / 1000 + 0.001, self._tick)

    # Events

    def _do(self, events: list[Event]) -> None:
        """Act on what needs no store at once; the rest waits its turn for the store."""
        for event in events:
            if isinstance(event, machine.StateChanged):
                self.was_live |= event.new is LinkState.LIVE
                self.host.moved(self, event.old, event.new)
            elif isinstance(event, machine.Acked):
                self._news.set()
                self.host.acked(self, event.pos)
            elif isinstance(event, machine.AloneCame):
                self.host.alone_came(self, event.since_ms)
            elif isinstance(event, Closed):
                self.closed = event
                self._over.set()
            else:
                self._queue(event)
        self._outbox.set()

    def _queue(self, event: Event) -> None:
        if not self._events.full():
            self._events.put_nowait(event)
        elif not isinstance(event, machine.BeatsCame):  # a lost beat is followed by a newer one
            self.close("flood", "More came in than is allowed to wait.")

    async def _read(self) -> None:
        assert self.session is not None
        try:
            while not self.session.closed:
                data = await self.ws.recv()
                self.status.heard_ms = self.host.door.store.wall()
                self._do(self.session.receive_frame(data, self._now_ms()))
                self.status.offset_ms = self.session.offset_ms
        except ConnectionClosed as error:
            self._do(self.session.fell(*why_closed(error)))

    async def _write(self) -> None:
        assert self.session is not None
        try:
            while True:
                await self._outbox.wait()
                self._outbox.clear()
                while frames := self.session.frames_to_send():
                    for frame in frames:
                        await self.ws.send(frame)
                if self.session.closed:
                    return
        except ConnectionClosed as error:
            self._do(self.session.fell(*why_closed(error)))

    async def _pick(self) -> None:
        """Send what the log has, as far as the window allows."""
        assert self.session is not None
        session, door = self.session, self.host.door
        try:
            while not session.closed:
                await self._news.wait()
                self._news.clear()
                while session.may_offer and await self._pick_one(session, door):
                    pass
        except FenghuoError as error:
            self.close(error.code, error.message)

    async def _pick_one(self, session: Session, door: Door) -> bool:
        after, number = session.sent_pos, session.out_round
        have = self._have if after < self._have_until else None
        parcel = await door.run(door.parcel, self.peer.centre, after, self.name, have)
        if session.out_round != number or not session.may_offer:
            return session.may_offer  # the peer asked for a new start meanwhile
        if parcel.upto <= after:
            return False
        if parcel.empty and session.may_skip(parcel.upto):
            session.skip(parcel.upto)
        else:
            session.offer(parcel.frames, parcel.upto, self._now_ms())
        self._do(session.events())
        return True

    async def _store(self) -> None:
        assert self.session is not None
        try:
            while not self.session.closed:
                await self._answer(self.session, await self._events.get())
                self._do(self.session.events())
        except FenghuoError as error:
            self.close(error.code, error.message)

    async def _answer(self, session: Session, event: Event) -> None:
        if isinstance(event, machine.BatchCame):
            await self._take_batch(session, event)
        elif isinstance(event, machine.BeatsCame):
            news, records = await self.host.door.run(self.host.door.take_beats, event.beats)
            if news:
                self.host.beats_came(self, news, records)
        elif isinstance(event, machine.HelloCame):
            await self._greet(session, event)
        elif isinstance(event, machine.ResyncCame):
            await self._begin(session, event.round, 0, event.heads)
        elif isinstance(event, machine.LostCame):
            session.resync(await self._heads())

    async def _heads(self) -> Heads:
        return await self.host.door.run(self.host.door.store.heads)

    async def _greet(self, session: Session, came: machine.HelloCame) -> None:
        door, hello = self.host.door, came.hello
        if self.peer.realm != door.store.realm.hex():
            raise LinkRefused("The other side belongs to another realm.", code="other_realm")
        if self.name == door.store.node.id.hex():
            raise LinkRefused("This address leads back to this node itself.", code="out_of_scope")
        await door.run(door.admit, self.name, came.proof)
        check_peer(door.store, self.peer, hello.realm, hello.centre, hello.node)
        self.host.greeted(self)
        session.admit()
        if came.cursor is not None:
            pos = await door.run(door.store.resume, came.cursor)
            if pos is not None:
                await self._begin(session, 0, pos, None)
            else:
                session.lost()
                session.resync(await self._heads())
        session.beat(await door.run(door.store.beats))

    async def _begin(self, session: Session, number: int, pos: int, have: Heads | None) -> None:
        end = await self.host.door.run(self.host.door.end)
        self._have, self._have_until = have, end
        session.start(number, pos, end)
        self._news.set()

    async def _take_batch(self, session: Session, batch: machine.BatchCame) -> None:
        if batch.round != session.in_round:
            session.dropped()
            return
        door = self.host.door
        change = await door.run(door.receive, self.name, batch)
        for why in change.refused[:10]:
            log.warning("from %s of %s: %s", self.name[:8], self.peer.centre, why)
        if change.gaps:
            session.dropped()
            session.resync(await self._heads())
        else:
            session.stored(batch)


def why_closed(error: ConnectionClosed) -> tuple[str, str]:
    """Code and sentence for a connection that ended without a goodbye."""
    trouble = ssl_trouble(error)
    if trouble is not None:
        return "certificate", f"The other side does not accept this node's certificate ({trouble})."
    return "fell", "The connection fell."
