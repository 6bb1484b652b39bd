"""One link as a pure machine: frames in, events out, frames to send, wake me at. No sockets, no store, no clock.

Whoever pumps it answers its events with intentions: after `HelloCame` either `admit` or `close`; after `BatchCame`
either `stored` or `resync`; and so on. Nothing a peer sends raises an exception: it ends in a `Closed` event.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from comms import protocol
from comms.errors import BadFrame
from comms.protocol import WINDOW, Frame
from offline.clock import WallMs
from offline.ops import Op
from offline.store import Cursor

CONTROL_MAX = 512  # small frames waiting to be written; a peer that takes none of so many is cut
SKIP_MAX = 1_000  # positions passed over without a word; the peer's cursor must not fall back further than that
RESYNCS_MAX = 8  # of one side in one connection; more would be a quarrel without end
OFFSET_KEEP = 0.7  # how much of the last measured clock offset stays; one slow answer must not move it far
REFUSALS = frozenset({"refused", "certificate", "other_realm", "not_admitted", "out_of_scope", "version"})
"""Codes of a goodbye that a person must look at; all others are weather."""


class LinkState(enum.Enum):
    """Where a link stands, as people see it."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    GREETING = "greeting"
    SYNCING = "syncing"
    LIVE = "live"
    REFUSED = "refused"


@dataclass(frozen=True)
class Limits:
    """Times of a link in milliseconds."""

    ping_ms: int = 5_000
    dead_ms: int = 12_000  # nothing heard for so long: half-open; with the next tick noticed within 15 s
    hello_ms: int = 10_000
    stored_ms: int = 60_000  # a batch sent and not said to be stored: the peer is too slow, cut and resync


@dataclass(frozen=True)
class LocalFacts:
    """What this side says of itself when a connection is made.

    realm, node: 32 bytes. centre: path. epoch, log_end: of this log. proof: statements that prove this node. cursor:
    how far the peer's log is stored here, None when it never was. heads: held here, told when there is no cursor.
    """

    realm: bytes
    centre: str
    node: bytes
    epoch: str
    log_end: int
    proof: list[bytes]
    cursor: Cursor | None
    heads: dict[tuple[bytes, int], int]
    wall: WallMs


@dataclass(frozen=True)
class StateChanged:
    """The link moved from one state to another."""

    old: LinkState
    new: LinkState


@dataclass(frozen=True)
class HelloCame:
    """The peer's greeting is whole; answer with `admit` or `close`."""

    hello: protocol.Hello
    proof: list[bytes]

    @property
    def cursor(self) -> Cursor | None:
        """How far the peer says it has stored our log."""
        return Cursor(*self.hello.cursor) if self.hello.cursor else None


@dataclass(frozen=True)
class ResyncCame:
    """The peer wants our log from the beginning, less what these heads cover; answer with `start`."""

    round: int
    heads: dict[tuple[bytes, int], int]


@dataclass(frozen=True)
class LostCame:
    """Our cursor does not fit the peer's log; answer with `resync`."""


@dataclass
class BatchCame:
    """A whole batch; answer with `stored` (or `resync`) once it is on disk."""

    cursor: Cursor
    round: int
    statements: list[bytes] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    sigs: list[tuple[bytes, int, int, bytes]] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True)
class Acked:
    """The peer holds our log up to here, durably."""

    pos: int


@dataclass(frozen=True)
class BeatsCame:
    """Beats of any nodes."""

    beats: list[bytes]


@dataclass(frozen=True)
class AloneCame:
    """The hub of our centre says since when it is alone; None: it is not."""

    since_ms: int | None


@dataclass(frozen=True)
class Closed:
    """The link is over: what `frames_to_send` still gives is the goodbye. `by_peer`: it said so itself."""

    code: str
    sentence: str
    by_peer: bool

    @property
    def refused(self) -> bool:
        """Whether a person must look."""
        return self.code in REFUSALS


Event = StateChanged | HelloCame | ResyncCame | LostCame | BatchCame | Acked | BeatsCame | AloneCame | Closed


class Session:
    """One connection's side of the protocol.

    Args:
        local: what this side says of itself. now_ms: a clock that only goes forward, in milliseconds, as for every
        other `now_ms` here.
    """

    def __init__(self, local: LocalFacts, now_ms: int, limits: Limits | None = None) -> None:
        self.local, self.limits = local, limits or Limits()
        self._state = LinkState.CONNECTING
        self._events: list[Event] = []
        self._control: deque[bytes] = deque()
        self._bulk: deque[bytes] = deque()
        self._began = self._heard = now_ms
        self._next_ping = now_ms  # the first at once: it tells the clocks apart
        self._pings: dict[int, tuple[int, int]] = {}
        self._ping_number = 0
        self.offset_ms: int | None = None
        """How far the peer's wall clock is ahead of ours."""
        self.peer: protocol.Hello | None = None
        self._proof: list[bytes] = []
        self._proof_size = 0
        self._greeted = self._admitted = False
        # what we send
        self.out_round = -1
        """The round our batches answer; it changes when the peer asks for a new start."""
        self.sent_pos = 0
        self.acked_pos = 0
        self._sending = False
        self._goal: int | None = None
        self._in_flight: deque[tuple[int, int]] = deque()  # position, when it was offered
        self._covered = self._told = 0
        # what we take
        self._in_round = 0
        self._taking = False
        self._in_goal: int | None = None
        self._in_seen = self._in_stored = 0
        self._waiting = 0
        self._partial: BatchCame | None = None
        self._heads: dict[tuple[bytes, int], int] = {}
        self._set_state(LinkState.GREETING)
        self._greet()

    # State

    @property
    def state(self) -> LinkState:
        """Where the link stands."""
        return self._state

    @property
    def in_round(self) -> int:
        """The round whose batches we take; those of an older one are dropped."""
        return self._in_round

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self._state in (LinkState.OFFLINE, LinkState.REFUSED)

    def _set_state(self, new: LinkState) -> None:
        old, self._state = self._state, new
        if old is not new:
            self._events.append(StateChanged(old, new))

    def _settle(self) -> None:
        """Live once each side holds what the other had when it started."""
        if self._state is not LinkState.SYNCING or self._goal is None or self._in_goal is None:
            return
        if self.acked_pos >= self._goal and self._in_stored >= self._in_goal:
            self._set_state(LinkState.LIVE)

    # What the pump asks

    def frames_to_send(self) -> list[bytes]:
        """Frames to write now: small ones first, then one of a batch; ask again when they are written."""
        frames = list(self._control)
        self._control.clear()
        if self._bulk:
            frames.append(self._bulk.popleft())
        return frames

    def wake_at(self) -> int:
        """When `time_passed` wants to be called at the latest."""
        times = [self._next_ping, self._heard + self.limits.dead_ms]
        if self._state is LinkState.GREETING:
            times.append(self._began + self.limits.hello_ms)
        if self._in_flight:
            times.append(self._in_flight[0][1] + self.limits.stored_ms)
        return min(times)

    def time_passed(self, now_ms: int) -> list[Event]:
        """Ping when it is time; notice a peer that is gone or too slow."""
        if self.closed:
            return self._taken()
        if now_ms - self._heard >= self.limits.dead_ms:
            self.close("silent", f"Nothing was heard for {(now_ms - self._heard) // 1000} s.")
        elif self._state is LinkState.GREETING and now_ms - self._began >= self.limits.hello_ms:
            self.close("no_hello", "The other side did not say who it is in time.")
        elif self._in_flight and now_ms - self._in_flight[0][1] >= self.limits.stored_ms:
            self.close("slow", "The other side does not store what is sent to it in time.")
        elif now_ms >= self._next_ping:
            self._ping(now_ms)
        return self._taken()

    def receive_frame(self, data: bytes | str, now_ms: int) -> list[Event]:
        """Take one frame in; never raises for what a peer sent."""
        if self.closed:
            return self._taken()
        self._heard = now_ms
        try:
            frame = protocol.decode(data)
            self._take(frame, len(data), now_ms)
        except BadFrame as error:
            self.close("malformed", f"Bytes came in that are no frame: {error.message}")
        return self._taken()

    def events(self) -> list[Event]:
        """What intentions brought about."""
        return self._taken()

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    # What comes in

    def _take(self, frame: Frame, size: int, now_ms: int) -> None:
        if isinstance(frame, protocol.Bye):
            self._end(frame.code, frame.sentence, by_peer=True)
        elif isinstance(frame, protocol.Ping):
            self._say(protocol.Pong(frame.number, self.local.wall()))
        elif isinstance(frame, protocol.Pong):
            self._take_pong(frame, now_ms)
        elif isinstance(frame, protocol.Hello | protocol.Proof):
            self._take_greeting(frame)
        elif not self._greeted:
            raise BadFrame(f"a {type(frame).__name__.lower()} before the greeting was over")
        else:
            self._take_more(frame, size)

    def _take_more(self, frame: Frame, size: int) -> None:
        if isinstance(frame, protocol.Batch):
            self._take_batch(frame, size)
        elif isinstance(frame, protocol.Stored):
            self._take_stored(frame.pos)
        elif isinstance(frame, protocol.Beats):
            self._events.append(BeatsCame(frame.beats))
        elif isinstance(frame, protocol.Start):
            self._take_start(frame)
        elif isinstance(frame, protocol.Resync):
            self._take_resync(frame)
        elif isinstance(frame, protocol.Lost):
            self._events.append(LostCame())
        elif isinstance(frame, protocol.Alone):
            self._events.append(AloneCame(frame.since_ms))

    def _take_greeting(self, frame: protocol.Hello | protocol.Proof) -> None:
        if isinstance(frame, protocol.Hello):
            if self.peer is not None:
                raise BadFrame("a second hello")
            if frame.min_version > protocol.VERSION or frame.version < protocol.MIN_VERSION:
                ours = f"{protocol.MIN_VERSION} to {protocol.VERSION}"
                self.close("version", f"It speaks version {frame.min_version} to {frame.version}, this side {ours}.")
                return
            self.peer = frame
        elif self.peer is None or self._greeted:
            raise BadFrame("a proof out of place")
        self._proof += frame.proof
        self._proof_size += sum(map(len, frame.proof)) + protocol.ITEM_COST * (len(frame.proof) + 1)
        if self._proof_size > protocol.PROOF_MAX:
            raise BadFrame("a proof longer than any may be")
        if not frame.more_proof:
            self._greeted = True
            self._events.append(HelloCame(self.peer, self._proof))
            self._proof = []

    def _take_pong(self, pong: protocol.Pong, now_ms: int) -> None:
        sent = self._pings.pop(pong.number, None)
        if sent is None:
            return
        wall, went = sent
        offset = pong.clock_ms - (wall + (now_ms - went) // 2)
        old = self.offset_ms
        self.offset_ms = offset if old is None else round(old * OFFSET_KEEP + offset * (1 - OFFSET_KEEP))

    def _take_start(self, start: protocol.Start) -> None:
        self._partial = None
        self._taking = start.round == self._in_round
        if self._taking:
            self._in_seen = self._in_stored = start.from_pos
            self._in_goal = start.log_end
            self._settle()

    def _take_batch(self, batch: protocol.Batch, size: int) -> None:
        if not self._taking:
            return  # of a round that we have given up
        if self._partial is None:
            if batch.from_pos < self._in_seen or batch.upto < batch.from_pos:
                raise BadFrame(f"a batch from {batch.from_pos} to {batch.upto}, after {self._in_seen}")
            self._partial = BatchCame(Cursor(batch.epoch, batch.upto, batch.run), self._in_round)
        whole = self._partial
        whole.size += size + protocol.ITEM_COST * (len(batch.statements) + len(batch.ops) + len(batch.sigs))
        if whole.size > protocol.BATCH_MAX or whole.cursor.pos != batch.upto:
            raise BadFrame("a batch longer than any may be, or mixed of two")
        whole.statements += batch.statements
        whole.ops += [Op(*op) for op in batch.ops]
        whole.sigs += batch.sigs
        if batch.final:
            self._finish_batch(whole)

    def _finish_batch(self, whole: BatchCame) -> None:
        self._partial = None
        self._in_seen = whole.cursor.pos
        self._waiting += 1
        if self._waiting > WINDOW:
            raise BadFrame(f"more than {WINDOW} batches at once")
        self._events.append(whole)

    def _take_stored(self, pos: int) -> None:
        if not any(p == pos for p, _ in self._in_flight):
            return  # of a round that was given up
        while self._in_flight and self._in_flight[0][0] <= pos:
            self._in_flight.popleft()
        self._note_acked(pos if self._in_flight else max(pos, self._covered))

    def _note_acked(self, pos: int) -> None:
        self.acked_pos = pos
        self._events.append(Acked(pos))
        self._settle()

    def _take_resync(self, frame: protocol.Resync) -> None:
        self._heads.update({(n, s): q for n, s, q in frame.heads})
        if len(self._heads) > protocol.HEADS_MAX:
            raise BadFrame("more heads than any node may hold")
        if not frame.more:
            if frame.round > RESYNCS_MAX or frame.round <= self.out_round:
                raise BadFrame(f"resync number {frame.round}")
            heads, self._heads = self._heads, {}
            self._stop_sending()
            self._events.append(ResyncCame(frame.round, heads))

    def _stop_sending(self) -> None:
        self._bulk.clear()
        self._in_flight.clear()
        self._goal = None
        self.out_round = max(self.out_round, 0)
        self._sending = False
        if self._state is LinkState.LIVE:
            self._set_state(LinkState.SYNCING)

    # Intentions

    def admit(self) -> None:
        """The peer is who it says and may talk to us."""
        self._admitted = True
        self._set_state(LinkState.SYNCING)

    def start(self, number: int, from_pos: int, log_end: int) -> None:
        """Send our log from here on, in answer to the hello (0) or to a resync."""
        self._stop_sending()
        self.out_round, self._sending = number, True
        self.sent_pos = self._covered = self._told = from_pos
        self.acked_pos, self._goal = from_pos, log_end
        self._bulk.append(protocol.encode(protocol.Start(number, from_pos, log_end)))
        self._settle()

    def lost(self) -> None:
        """The peer's cursor does not fit our log; it may be us who went back, so we ask for everything as well."""
        self._say(protocol.Lost())

    def resync(self, heads: dict[tuple[bytes, int], int]) -> None:
        """Ask the peer to begin anew, leaving out what these heads cover; batches before its answer are dropped."""
        if self._in_round >= RESYNCS_MAX:
            self.close("quarrel", "The two logs do not come together; see the log of both sides.")
            return
        self._in_round += 1
        self._taking, self._in_goal, self._partial = False, None, None
        self._say_all(protocol.encode_resync(self._in_round, heads))
        if self._state is LinkState.LIVE:
            self._set_state(LinkState.SYNCING)

    @property
    def may_offer(self) -> bool:
        """Whether another batch may be sent now."""
        return self._sending and not self.closed and len(self._in_flight) < WINDOW

    @property
    def catching_up(self) -> bool:
        """Whether what the peer was told at the start is not all sent yet; then even an empty batch says something."""
        return self._goal is not None and self.sent_pos < self._goal

    def may_skip(self, upto: int) -> bool:
        """Whether a batch up to here, in which nothing is owed, need not be sent."""
        return not self.catching_up and upto - self._told < SKIP_MAX

    def offer(self, frames: Iterable[bytes], upto: int, now_ms: int) -> None:
        """Send one batch, given as its frames."""
        assert self.may_offer
        self._bulk.extend(frames)
        self._in_flight.append((upto, now_ms))
        self.sent_pos = self._covered = self._told = upto

    def skip(self, upto: int) -> None:
        """Nothing up to here is owed to the peer: no frame, and acknowledged with what went before."""
        self.sent_pos = self._covered = upto
        if not self._in_flight:
            self._note_acked(upto)

    def stored(self, batch: BatchCame) -> None:
        """A batch is on disk: say so, unless it belongs to a round given up meanwhile."""
        self._waiting -= 1
        if batch.round == self._in_round:
            self._say(protocol.Stored(batch.cursor.pos))
            self._in_stored = batch.cursor.pos
            self._settle()

    def dropped(self) -> None:
        """A batch was not taken in."""
        self._waiting -= 1

    def beat(self, beats: Iterable[bytes]) -> None:
        """Send beats."""
        if self._admitted:
            self._say_all(protocol.encode_beats(list(beats)))

    def alone(self, since_ms: int | None) -> None:
        """Tell a node of our own centre since when we have no link upwards."""
        if self._admitted:
            self._say(protocol.Alone(since_ms))

    def close(self, code: str, sentence: str) -> None:
        """Say goodbye and be done."""
        if not self.closed:
            self._bulk.clear()
            self._control.clear()
            self._control.append(protocol.encode(protocol.Bye(code[:40], sentence[: protocol.TEXT_MAX])))
            self._end(code, sentence, by_peer=False)

    def fell(self, code: str, sentence: str) -> list[Event]:
        """The connection under the session is gone."""
        if not self.closed:
            self._end(code, sentence, by_peer=False)
        return self._taken()

    def _end(self, code: str, sentence: str, *, by_peer: bool) -> None:
        closed = Closed(code, sentence, by_peer)
        self._events.append(closed)  # before the new state, so that whoever shows that knows why
        self._set_state(LinkState.REFUSED if closed.refused else LinkState.OFFLINE)
        self._sending = False

    # What goes out

    def _say(self, frame: Frame) -> None:
        self._say_all([protocol.encode(frame)])

    def _say_all(self, frames: list[bytes]) -> None:
        if self.closed:
            return
        self._control.extend(frames)
        if len(self._control) > CONTROL_MAX:
            self.close("slow", "The other side does not take what is sent to it.")

    def _greet(self) -> None:
        facts = self.local
        cursor = (facts.cursor.epoch, facts.cursor.pos, facts.cursor.run) if facts.cursor else None
        parts = protocol.split_proof(facts.proof)
        hello = protocol.Hello(
            protocol.VERSION, protocol.MIN_VERSION, facts.realm, facts.centre, facts.node, facts.epoch, facts.log_end,
            max(facts.wall(), 0), cursor, parts[0], len(parts) > 1,
        )  # fmt: skip
        self._say(hello)
        for n, part in enumerate(parts[1:], 2):
            self._say(protocol.Proof(part, n < len(parts)))
        if cursor is None:
            self.resync(facts.heads)

    def _ping(self, now_ms: int) -> None:
        self._ping_number += 1
        self._pings = {self._ping_number: (self.local.wall(), now_ms)}
        self._next_ping = now_ms + self.limits.ping_ms
        self._say(protocol.Ping(self._ping_number))
