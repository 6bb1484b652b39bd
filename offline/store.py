"""The one door for writes: local drafts and batches from elsewhere alike, one durable transaction each, one Change out.

What `commit` or `receive` has returned is on disk with a full sync. A refusal changes nothing. One connection writes,
under one lock; readers open their own (`view`). A store is opened for one realm with one node's key; the first op
written after opening starts a new segment of that node's chain.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from offline import beats, cache, engine, log, ops, schema
from offline.authority import Authority, NodeGrant, PersonGrant, read_statement
from offline.clock import ZERO, Hlc, Stamp, WallMs
from offline.errors import BadInput, FenghuoError, Malformed, NotFound, Refused
from offline.merge import Item, Signin, State, fold
from offline.ops import Op, digest
from offline.records import check
from offline.rules import table
from offline.trust import Key, verify

Random = Callable[[int], bytes]
_ID = re.compile(r"[0-9a-f]{64}")
DRAFTS_MAX = 64  # of one action; it is committed as one transaction and must fit one frame
FORGED_MAX = 2_000  # signatures of one batch that fit nothing; two branches of a fork give one for each commit
HOLES_MAX = 20_000  # ops remembered as sent and not stored, for each peer; at a restart they are asked for again
WARM_MAX = 16  # records kept ready for the next entry
SIGNINS_KEPT = 10_000  # sign-ins kept in memory
RECORD_OPS = 500  # a record takes no more ops than this from here; more belongs in a follow-on


@dataclass(frozen=True)
class Ref:
    """In a draft's data: the id of the n-th draft of the same action, known only once that is written."""

    draft: int


@dataclass(frozen=True)
class Draft:
    """One change a person asks for. `record` is None (or a Ref) for the first op of a record or of this action."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    record: bytes | Ref | None = None
    on: bytes | None = None
    """The command it continues; None takes the end of the branch that stands."""


@dataclass
class Change:
    """What a commit did.

    records: ids of records whose state may differ now. ops: ids newly stored, in order. bodies: ops whose body came
    after their header. origin: "local" or the peer it came from. refused: reasons for what was kept out. gaps: chains
    of which something before is missing. statements: how many of the authority history were new. full: one was kept
    out for want of room and is to come again. pos: the log's end.
    """

    origin: str = "local"
    records: list[bytes] = field(default_factory=list)
    ops: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    gaps: list[tuple[bytes, int]] = field(default_factory=list)
    statements: int = 0
    full: bool = False
    pos: int = 0

    def __bool__(self) -> bool:
        return bool(self.records or self.ops or self.bodies or self.statements)


@dataclass(frozen=True)
class Cursor:
    """How far this node has stored a peer's log."""

    epoch: str
    pos: int
    run: bytes


@dataclass
class Session:
    """Who is signed in on this node, and the sign-in op once it is written."""

    person: PersonGrant
    key: Key
    op: bytes = b""


class Store:
    """One realm's store on one node; use `open`."""

    def __init__(
        self,
        con: engine.Connection,
        path: Path,
        db_key: bytes,
        authority: Authority,
        node: Key,
        wall: WallMs,
        random: Random,
    ) -> None:
        self._con = con
        self._lock = threading.RLock()
        self._hlc = Hlc(wall)
        self._random = random
        self._segment: int | None = None
        self._seq = 0
        self._prev = ops.ZERO_ID
        self.path, self._db_key = path, db_key
        self.authority = authority
        self.node = node
        self.realm = authority.realm
        self.wall = wall
        self.session: Session | None = None
        self.epoch = random(8).hex()
        """One life of this log: drawn at each opening, so that a rolled-back copy is noticed."""
        self._warm: dict[bytes, tuple[list[Item], State | None]] = {}
        """The last records written here as the fold left them, so that the next entry need not read them again."""
        self._signins: dict[bytes, Signin] = {}
        self._holes: dict[str, set[bytes]] = {}
        """Ops that a peer sent and that could not be stored yet; its cursor stays below them."""
        self.listeners: list[Callable[[Change], None]] = []
        """Called after each commit, on the thread that made it."""

    @classmethod
    def open(
        cls, path: Path, db_key: bytes, node: Key, *, wall: WallMs, random: Random, genesis: bytes | None = None
    ) -> Store:
        """Open a realm's cache, or make it from the statement that founds its realm.

        Raises Locked for a wrong key, TooNew for a newer program's file, StoreTrouble for the disk.
        """
        if genesis is None and not path.exists():
            raise NotFound("This profile has no such realm.", do="Run `fenghuo centre init` first.")
        con = engine.connect(path, db_key, write=True)
        try:
            schema.migrate(con)
            with engine.translated("open the cache"):
                return cls._opened(con, path, db_key, node, wall, random, genesis)
        except BaseException:
            con.close()
            raise

    @classmethod
    def _opened(
        cls,
        con: engine.Connection,
        path: Path,
        db_key: bytes,
        node: Key,
        wall: WallMs,
        random: Random,
        genesis: bytes | None,
    ) -> Store:
        row = con.execute("SELECT value FROM meta WHERE key='realm'").fetchone()
        if row is None:
            if genesis is None:
                raise NotFound("This cache belongs to no realm yet.", do="Run `fenghuo centre init` first.")
            with engine.transaction(con):
                con.execute("INSERT INTO meta VALUES('realm', ?)", (read_statement(genesis).id,))
            row = (read_statement(genesis).id,)
        store = cls(con, path, db_key, Authority(row[0]), node, wall, random)
        store._load()
        if genesis is not None:
            store.admit([genesis])
        return store

    def _load(self) -> None:
        for (wire,) in self._con.execute(
            "SELECT s.wire FROM log l JOIN statements s ON s.id=l.ref WHERE l.what=1 ORDER BY l.pos"
        ):
            self.authority.add(wire)
        row = self._con.execute("SELECT max(stamp_ms) FROM records").fetchone()
        self._hlc.saw(Stamp(row[0] or 0, 0))

    def close(self) -> None:
        """Close the file; what was acknowledged stays."""
        with self._lock:
            self._con.close()

    def reader(self) -> engine.Connection:
        """A read-only connection of its own, for one thread of the caller's."""
        return engine.connect(self.path, self._db_key, write=False)

    # Who

    @property
    def me(self) -> NodeGrant:
        """This node as its centre admitted it; Refused when it is admitted by none."""
        grant = self.authority.now().nodes.get(self.node.id)
        if grant is None:
            raise Refused("This node is not (or no longer) admitted by any centre.", code="not_admitted")
        return grant

    @property
    def is_keeper(self) -> bool:
        """Whether this node commits its centre's resources."""
        return self.authority.now().keepers.get(self.me.centre) == self.node.id

    def sign_in(self, key: Key) -> PersonGrant:
        """Sign a person in; the op that says so is written with their first act. Refused when no centre knows them."""
        person = self.authority.now().persons.get(key.id)
        if person is None:
            raise Refused("No centre knows this person (any more).", code="no_role")
        self.session = Session(person, key)
        return person

    # Writing here

    def commit(self, drafts: Iterable[Draft]) -> Change:
        """Write one action's drafts as one transaction; Refused or BadInput changes nothing."""
        with self._lock:
            change = self._commit(list(drafts))
        self._tell(change)
        return change

    def _commit(self, drafts: list[Draft]) -> Change:
        if not 0 < len(drafts) <= DRAFTS_MAX:
            raise BadInput(f"One action may write up to {DRAFTS_MAX} entries.")
        kept = (self._segment, self._seq, self._prev, self.session.op if self.session else b"")
        change = Change()
        try:
            with engine.transaction(self._con):
                rows: list[tuple[int, bytes, str]] = []
                self._begin(change, rows)
                written: list[bytes] = []
                for draft in drafts:
                    written.append(self._draft(draft, written, change, rows))
                self._sign()
                change.pos = log.append(self._con, rows, "")
                change.records = list(dict.fromkeys(change.records))
        except BaseException:
            self._segment, self._seq, self._prev = kept[:3]
            if self.session:
                self.session.op = kept[3]
            self._warm.clear()
            raise
        return change

    def _begin(self, change: Change, rows: list[tuple[int, bytes, str]]) -> None:
        """Start this opening's segment and the person's sign-in, once each, before the first op that needs them."""
        _ = self.me
        if self._segment is None:
            olds = self._con.execute("SELECT segment, seq, head FROM chains WHERE node=?", (self.node.id,)).fetchall()
            self._segment = int.from_bytes(self._random(8), "big") >> (64 - ops.SEGMENT_BITS)
            self._seq, self._prev = 0, ops.ZERO_ID
            told = [[str(s), q, h.hex()] for s, q, h in olds[-200:]]
            self._write("segment.open", {"olds": told}, None, None, change, rows)
        if self.session and not self.session.op:
            data = {"person": self.session.person.id.hex()}
            self.session.op = self._write("session.signin", data, None, None, change, rows)

    def _draft(self, draft: Draft, written: list[bytes], change: Change, rows: list[tuple[int, bytes, str]]) -> bytes:
        def solve(value: Any) -> Any:
            if isinstance(value, Ref):
                return written[value.draft].hex()
            return [solve(v) for v in value] if isinstance(value, list) else value

        data = {k: solve(v) for k, v in draft.data.items()}
        if written:
            data["with"] = [w.hex() for w in written]
        record = written[draft.record.draft] if isinstance(draft.record, Ref) else draft.record
        return self._write(draft.kind, data, record, draft.on, change, rows)

    def _write(
        self, name: str, data: dict[str, Any], record: bytes | None, on: bytes | None, change: Change,
        rows: list[tuple[int, bytes, str]],
    ) -> bytes:  # fmt: skip
        """Make, judge and store one op of this node; Refused with the rule's own reason."""
        kind = table.KINDS.get(name)
        if kind is None:
            raise BadInput(f"There is no entry of kind {name}.")
        data = check(kind.record, kind.shape, data)
        items, state = (self._warm.get(record) or self._read(record)) if record else ([], None)
        if record and state is None:
            raise NotFound("That record is not here (yet).")
        while state and len(state.heads) > ops.PARENTS_MAX:
            heads = sorted(state.heads)[: ops.PARENTS_MAX]
            items, state = self._put(f"{kind.record}.join", {}, record, None, heads, items, state, change, rows)[1:]
        return self._put(name, data, record, on, sorted(state.heads) if state else [], items, state, change, rows)[0]

    def _read(self, record: bytes) -> tuple[list[Item], State | None]:
        items = self._items(record)[0]
        return items, self._fold(items)

    def _put(
        self, name: str, data: dict[str, Any], record: bytes | None, on: bytes | None, parents: list[bytes],
        items: list[Item], state: State | None, change: Change, rows: list[tuple[int, bytes, str]],
    ) -> tuple[bytes, list[Item], State | None]:  # fmt: skip
        """Make, judge and store one op; returns its id, and the record's ops and state with it."""
        header, body = self._make(name, data, record, on, parents, state, items)
        op_id = digest(header)
        items = [*items, self._item(op_id, header, body)]
        state = self._judge(items)
        self._insert(op_id, ops.read_header(header), header, body, rows)
        self._seq, self._prev = self._seq + 1, op_id
        change.ops.append(op_id)
        self._refold(record or op_id, change, rows, state)
        self._warm[record or op_id] = items, state
        if len(self._warm) > WARM_MAX:
            del self._warm[next(iter(self._warm))]
        return op_id, items, state

    def _make(
        self,
        name: str,
        data: dict[str, Any],
        record: bytes | None,
        on: bytes | None,
        parents: list[bytes],
        state: State | None,
        items: list[Item],
    ) -> tuple[bytes, bytes]:
        kind = table.KINDS[name]
        if sum(i.judged is not None and not i.why_not for i in items) >= RECORD_OPS:  # a stranger's flood fills nothing
            raise Refused("This record is full; open a follow-on.", code="record_full")
        stamps = [i.stamp for i in items if i.id in parents] or [ZERO]
        if kind.shape == "step" and on is None and state and state.standing:
            on = state.standing[-1].id
        signin = self.session.op if self.session else b""
        core = ops.pack_core(
            ops.Core(
                salt=self._random(16), record=record or b"", parents=parents,
                on=(on or b"") if kind.shape == "step" else b"", authority=list(self.authority.heads), signin=signin,
                kind=name, stamp=(*self._hlc.tick(*stamps),), data=data,
            )
        )  # fmt: skip
        signs = kind.heavy and self.session
        text = ops.person_text(self.realm, self.node.id, core)
        body = ops.pack_body(core, self.session.key.sign(text) if signs and self.session else b"")
        mark = items[0].header.mark if items else self._random(8)
        assert self._segment is not None
        header = ops.Header(ops.TAG, self.realm, self.node.id, self._segment, self._seq, self._prev, mark, digest(body))
        return header.pack(), body

    def _judge(self, items: list[Item]) -> State:
        """Ask the fold itself whether the new op, the last of these, is lawful, before it exists."""
        item, state = items[-1], self._fold(items)
        if item.why_not.endswith("."):
            raise Refused(item.why_not)  # a rule's own sentence
        if item.why_not or state is None:
            raise Refused(f"That cannot be done: {item.why_not or 'the record cannot be read'}.")
        if item.void:
            raise Refused("That cannot be done: this node or person was revoked.", code="revoked")
        return state

    def _sign(self) -> None:
        sig = self.node.sign(ops.chain_text(self._prev))
        self._con.execute("INSERT INTO sigs VALUES(?,?,?,?)", (self.node.id, self._segment, self._seq - 1, sig))

    # Authority

    def state_authority(self, issuer: Key, kind: str, data: dict[str, Any]) -> bytes:
        """Write and take in one statement of the authority history; returns its wire bytes."""
        with self._lock:
            wire = self.authority.write(issuer, kind, data, (*self._hlc.tick(),))
        self.admit([wire])
        return wire

    def admit(self, wires: Iterable[bytes], origin: str = "") -> Change:
        """Take statements in and fold anew what they touch."""
        with self._lock:
            change = Change(origin or "local")
            with self._history(), engine.transaction(self._con):
                rows: list[tuple[int, bytes, str]] = []
                self._refold_all(change, rows, self._admit(wires, change, rows))
                if change.refused and not origin:
                    raise Refused(change.refused[0])
                change.pos = log.append(self._con, rows, origin) if rows else log.end(self._con)[0]
        self._tell(change)
        return change

    @contextlib.contextmanager
    def _history(self) -> Iterator[None]:
        """What the disk did not take, the history in memory does not keep either."""
        mark = self.authority.mark()
        try:
            yield
        except BaseException:
            self.authority.back_to(mark)
            raise

    def _admit(self, wires: Iterable[bytes], change: Change, rows: list[tuple[int, bytes, str]]) -> set[bytes]:
        """Returns the records to fold anew beside the waiting ones: after a revocation, all of them."""
        sweeping = False
        for wire in wires:
            try:
                news = self.authority.add(wire)
            except (Refused, Malformed) as error:
                change.refused.append(error.message)
                change.full |= error.code == "too_many_waiting"
                continue
            for statement in news:
                known = self._con.execute(
                    "INSERT OR IGNORE INTO statements VALUES(?,?)", (statement.id, statement.wire)
                )
                if known.rowcount:
                    rows.append((log.STATEMENT, statement.id, ""))
                    change.statements += 1
                    sweeping |= statement.core.kind == "revoke"
        return (
            {r for (r,) in self._con.execute("SELECT DISTINCT record FROM ops WHERE record IS NOT NULL")}
            if sweeping
            else set()
        )

    # From elsewhere

    def receive(
        self, origin: str, statements: Iterable[bytes], batch: Iterable[Op],
        sigs: Iterable[tuple[bytes, int, int, bytes]],
        cursor: Cursor | None = None,
    ) -> Change:  # fmt: skip
        """Take in what a peer sent, with the cursor into its log, in one durable transaction.

        What is not proved by a chain signature, is of another realm or does not fit its header is kept out and named in
        `Change.refused`; the rest stands. A chain with a hole is named in `Change.gaps`; then the cursor stays until
        what was sent above the hole is stored.
        """
        with self._lock:
            change = Change(origin)
            waited = self.authority.waiting
            with self._history(), engine.transaction(self._con):
                rows: list[tuple[int, bytes, str]] = []
                touched = self._admit(statements, change, rows)
                self._take(list(batch), list(sigs), change, rows, touched)
                self._refold_all(change, rows, touched)
                change.pos = log.append(self._con, rows, origin) if rows else log.end(self._con)[0]
                if cursor and not (self._holed(origin) or change.full or self.authority.waiting > waited):
                    self._con.execute(
                        "INSERT OR REPLACE INTO cursors VALUES(?,?,?,?)", (origin, cursor.epoch, cursor.pos, cursor.run)
                    )
        self._tell(change)
        return change

    def _holed(self, origin: str) -> bool:
        """Whether something that this peer sent is still not stored."""
        holes = self._holes.get(origin, set())
        stored = {i for i in holes if self._con.execute("SELECT 1 FROM ops WHERE id=?", (i,)).fetchone()}
        holes -= stored
        return bool(holes)

    def _take(
        self, batch: list[Op], sigs: list[tuple[bytes, int, int, bytes]], change: Change,
        rows: list[tuple[int, bytes, str]], touched: set[bytes],
    ) -> None:  # fmt: skip
        fresh: dict[tuple[bytes, int], list[tuple[bytes, ops.Header, Op]]] = {}
        proofs = _Proofs(sigs)
        for op in _whole(batch):
            try:
                header = ops.read_header(op.header)
            except Malformed as error:
                change.refused.append(error.message)
                continue
            op_id = digest(op.header)
            why = self._fits(header, op)
            if why:
                change.refused.append(why)
            elif not self._known(op_id, op, change, rows, touched):
                fresh.setdefault((header.node, header.segment), []).append((op_id, header, op))
        for chain, entries in fresh.items():
            self._take_chain(chain, entries, proofs, change, rows, touched)

    def _fits(self, header: ops.Header, op: Op) -> str:
        if header.realm != self.realm:
            return "an entry of another realm was kept out"
        if op.body is not None and digest(op.body) != header.body:
            return "an entry whose body is not its own was kept out"
        return ""

    def _known(
        self, op_id: bytes, op: Op, change: Change, rows: list[tuple[int, bytes, str]], touched: set[bytes]
    ) -> bool:
        """Whether the header is here already; its body may come now, having been withheld before."""
        row = self._con.execute("SELECT body IS NULL FROM ops WHERE id=?", (op_id,)).fetchone()
        if row is None:
            return False
        if row[0] and op.body is not None:
            record, kind = self._describe(op_id, op.body, change)
            self._con.execute("UPDATE ops SET body=?, record=?, kind=? WHERE id=?", (op.body, record, kind, op_id))
            self._note_signin(op_id, ops.read_header(op.header), op.body, kind)
            rows.append((log.OP, op_id, ""))
            change.bodies.append(op_id)
            if record:
                touched.add(record)
        return True

    def _take_chain(
        self, chain: tuple[bytes, int], entries: list[tuple[bytes, ops.Header, Op]],
        proofs: _Proofs, change: Change, rows: list[tuple[int, bytes, str]],
        touched: set[bytes],
    ) -> None:  # fmt: skip
        """Store the proved, gap-free run of one chain; of two branches of a fork both."""
        entries.sort(key=lambda e: e[1].seq)
        tips = self._proved(chain, entries, proofs)
        proved = _below({e[0]: e[1].prev for e in entries}, list(tips))
        left = [e for e in entries if e[0] not in proved]
        if left:
            change.refused.append(f"{len(left)} entries that no signature proves were kept out")
        for op_id, header, op in (e for e in entries if e[0] in proved):
            if not self._follows(header):
                left.append((op_id, header, op))
                if chain not in change.gaps:
                    change.gaps.append(chain)
                continue
            record = self._insert(op_id, header, op.header, op.body, rows, change)
            change.ops.append(op_id)
            if record is not None:
                touched.add(record)
        here = {e[0] for e in left}
        self._con.executemany(
            "INSERT OR IGNORE INTO sigs VALUES(?,?,?,?)", [s for i, s in tips.items() if i not in here]
        )
        if left:
            holes = self._holes.setdefault(change.origin, set())
            holes.update(sorted(here)[: max(0, HOLES_MAX - len(holes))])

    def _proved(
        self,
        chain: tuple[bytes, int],
        entries: list[tuple[bytes, ops.Header, Op]],
        proofs: _Proofs,
    ) -> dict[bytes, tuple[bytes, int, int, bytes]]:
        """The highest ops of one chain that a signature proves, with it; what lies below one is not looked at again."""
        key = self._public(chain[0])
        places: dict[int, list[bytes]] = {}
        for op_id, header, _ in entries:
            places.setdefault(header.seq, []).append(op_id)
        prevs = {e[0]: e[1].prev for e in entries}
        tips: dict[bytes, tuple[bytes, int, int, bytes]] = {}
        done: set[bytes] = set()
        for sig in sorted(proofs.of.get(chain, ()) if key else (), key=lambda s: s[2], reverse=True):
            for op_id in places.get(sig[2], []):
                if op_id in done or proofs.misses >= FORGED_MAX:
                    continue
                if verify(key or b"", sig[3], ops.chain_text(op_id)):
                    tips[op_id] = sig
                    done |= _below(prevs, [op_id])
                else:
                    proofs.misses += 1
        return tips

    def _follows(self, header: ops.Header) -> bool:
        if header.seq == 0:
            return header.prev == ops.ZERO_ID
        row = self._con.execute("SELECT segment, seq, node FROM ops WHERE id=?", (header.prev,)).fetchone()
        return row is not None and tuple(row) == (header.segment, header.seq - 1, header.node)

    def _public(self, node: bytes) -> bytes | None:
        """A node's key from whichever statement offers it: a key proves its own name."""
        grant = self.authority.now().nodes.get(node)
        if grant:
            return grant.key
        for statement in self.authority.statements.values():
            key = statement.core.data.get("key") if statement.core.kind == "node" else None
            if isinstance(key, bytes) and digest(key) == node:
                return key
        return None

    # Storing

    def _insert(
        self, op_id: bytes, header: ops.Header, raw: bytes, body: bytes | None, rows: list[tuple[int, bytes, str]],
        change: Change | None = None,
    ) -> bytes | None:  # fmt: skip
        """Write one op into its tables; returns the record it stands on when its body can be read."""
        record, kind = self._describe(op_id, body, change) if body is not None else (None, None)
        self._con.execute(
            "INSERT INTO ops(id,node,segment,seq,header,body,record,kind) VALUES(?,?,?,?,?,?,?,?)",
            (op_id, header.node, header.segment, header.seq, raw, body, record, kind),
        )
        self._con.execute(
            "INSERT INTO chains VALUES(?,?,?,?) ON CONFLICT(node,segment)"
            " DO UPDATE SET seq=excluded.seq, head=excluded.head"
            " WHERE excluded.seq > chains.seq", (header.node, header.segment, header.seq, op_id),
        )  # fmt: skip
        self._note_signin(op_id, header, body, kind)
        rows.append((log.OP, op_id, ""))
        return record

    def _describe(self, op_id: bytes, body: bytes, change: Change | None) -> tuple[bytes | None, str | None]:
        """Record and kind of a body; one that cannot be read is stored and forwarded, and folds into nothing."""
        try:
            core = ops.read_body(body)[1]
        except Malformed as error:
            if change is not None:
                change.refused.append(f"unread: {error.message}")
            return None, None
        return ops.record_of(op_id, core), core.kind

    def _note_signin(self, op_id: bytes, header: ops.Header, body: bytes | None, kind: str | None) -> None:
        if body is not None and kind == "session.signin":
            person = ops.read_body(body)[1].data.get("person")
            if isinstance(person, str) and _ID.fullmatch(person):
                row = (op_id, header.node, bytes.fromhex(person), header.segment, header.seq)
                self._con.execute("INSERT OR IGNORE INTO signins VALUES(?,?,?,?,?)", row)

    def _signin(self, op_id: bytes) -> Signin | None:
        if op_id not in self._signins:
            row = self._con.execute(
                "SELECT s.node, s.person, s.segment, s.seq, o.body FROM signins s JOIN ops o ON o.id=s.id WHERE s.id=?",
                (op_id,),
            ).fetchone()
            if row is None:
                return None
            if len(self._signins) >= SIGNINS_KEPT:
                self._signins.clear()
            body = ops.read_body(row[4])[0]
            text = ops.person_text(self.realm, row[0], body.core)
            self._signins[op_id] = Signin(row[0], row[1], row[2], row[3], text, body.person_sig)
        return self._signins[op_id]

    # Folding

    def _item(self, op_id: bytes, header: bytes, body: bytes) -> Item:
        outer, core = ops.read_body(body)
        return Item(op_id, ops.read_header(header), outer, core)

    def _items(self, record: bytes) -> tuple[list[Item], bool]:
        """The record's ops that can be judged now, and whether others wait for authority or a sign-in to come.

        Entries of a kind that this program does not know are left out and wait for nothing but a newer program.
        """
        out, waits = [], False
        for op_id, header, body in self._con.execute(
            "SELECT id, header, body FROM ops WHERE record=? AND body IS NOT NULL", (record,)
        ).fetchall():
            item = self._item(op_id, header, body)
            if item.core.kind not in table.KINDS:
                continue
            signed_in = not item.core.signin or self._signin(item.core.signin)
            if signed_in and self.authority.knows(item.core.authority):
                out.append(item)
            else:
                waits = True
        return out, waits

    def _fold(self, items: list[Item]) -> State | None:
        return fold(items, self.authority, self._signin)

    def _refold(
        self, record: bytes, change: Change, rows: list[tuple[int, bytes, str]], state: State | None = None
    ) -> None:
        """Fold a record, or take its state just made, and write it; who joins its audience takes a place in the log."""
        waits, waited = False, 0
        if state is None:
            self._warm.pop(record, None)
            items, waits = self._items(record)
            state = self._fold(items)
            waited = self._con.execute("DELETE FROM waiting WHERE record=?", (record,)).rowcount
        if waits or state is None or state.gaps:
            self._con.execute("INSERT OR IGNORE INTO waiting VALUES(?)", (record,))
        if state is None:
            self._fallback_audience(record)
            if cache.remove(self._con, record):
                change.records.append(record)
            return
        first = self._con.execute("SELECT 1 FROM records WHERE id=?", (record,)).fetchone() is None
        new = cache.write(self._con, state)
        if new is None:
            return
        if waited and first:  # while it could not be folded nobody outside its home was owed it
            new = sorted(cache.implied(state.audience))
        if new:
            parts = log.grants(self._con, record)
            rows.extend((log.GRANT, ops_, centre) for centre in new for ops_ in parts)
        change.records.append(record)

    def _fallback_audience(self, record: bytes) -> None:
        """What cannot be folded is still forwarded to its author's centre and those above."""
        row = self._con.execute("SELECT node FROM ops WHERE id=?", (record,)).fetchone()
        grant = self.authority.now().nodes.get(row[0]) if row else None
        if grant:
            self._con.execute("INSERT OR IGNORE INTO audience VALUES(?,?)", (record, grant.centre))

    def _refold_all(self, change: Change, rows: list[tuple[int, bytes, str]], touched: set[bytes]) -> None:
        waiting = [r for (r,) in self._con.execute("SELECT record FROM waiting")] if rows else []
        for record in sorted(touched.union(waiting)):
            self._refold(record, change, rows)

    def rebuild(self) -> int:
        """Fold every record anew from the log; returns how many there are."""
        with self._lock:
            change = Change()
            with engine.transaction(self._con):
                cache.clear(self._con)
                every = [r for (r,) in self._con.execute("SELECT DISTINCT record FROM ops WHERE record IS NOT NULL")]
                for record in sorted(every):
                    self._refold(record, change, [])
        self._tell(change)
        return len(change.records)

    # Links

    def cursor(self, peer: str) -> Cursor | None:
        """How far a peer's log is stored here."""
        with self._lock:
            row = self._con.execute("SELECT epoch, pos, run FROM cursors WHERE peer=?", (peer,)).fetchone()
        return Cursor(*row) if row else None

    def resume(self, cursor: Cursor | None) -> int | None:
        """The position from which a peer with this cursor goes on in this log; None when heads must be compared."""
        if cursor is None:
            return None
        with self._lock:
            run = log.run_at(self._con, cursor.pos)
        return cursor.pos if run is not None and run == cursor.run else None

    def outgoing(
        self, centre: str, after: int, peer: str, have: dict[tuple[bytes, int], int] | None = None
    ) -> log.Outgoing:
        """What a peer lacks after a position; see `log.outgoing`."""
        with self._lock:
            return log.outgoing(self._con, centre, after, peer if have is None else "", have)

    def heads(self) -> dict[tuple[bytes, int], int]:
        """The newest op held of each chain."""
        with self._lock:
            return log.heads(self._con)

    @property
    def pos(self) -> int:
        """The end of this node's log."""
        with self._lock:
            return log.end(self._con)[0]

    def acked(self, peer: str, pos: int) -> None:
        """Remember how far a peer says it has stored this log."""
        with self._lock, engine.transaction(self._con):
            self._con.execute("INSERT OR REPLACE INTO acks VALUES(?,?)", (peer, pos))

    # Beats

    def make_beat(self) -> bytes:
        """This node's signed word on what it holds now."""
        with self._lock:
            mine = self.me.centre
            rows = self._con.execute(
                "SELECT o.id FROM ops o JOIN records r ON r.id=o.record JOIN audience a ON a.record=r.id"
                " WHERE r.kind='task' AND o.kind IN ('task.order','task.again') AND a.centre=? AND r.home<>?"
                " AND r.ended=0 ORDER BY r.stamp_ms DESC LIMIT ?", (mine, mine, beats.ORDERS_MAX),
            )  # fmt: skip
            orders = [op for (op,) in rows]
            wire = beats.write(
                self.node, self.realm, self.me.centre, (*self._hlc.tick(),), log.heads(self._con), orders
            )
        self.take_beat(wire)
        return wire

    def take_beat(self, data: bytes) -> bool:
        """Take a beat in when its node signed it and it is newer; returns whether it was news."""
        beat = beats.read(data)
        with self._lock:
            grant = self.authority.now().nodes.get(beat.core.node)
            if beat.core.realm != self.realm or grant is None or grant.centre != beat.core.centre:
                return False
            old = self._con.execute("SELECT stamp_ms FROM beats WHERE node=?", (beat.core.node,)).fetchone()
            if (old and old[0] >= beat.core.stamp[0]) or not beats.is_signed(beat, grant.key):
                return False
            rows = [(o, beat.core.node, grant.centre, beat.core.stamp[0]) for o in beat.core.orders]
            with engine.transaction(self._con):
                self._con.execute(
                    "INSERT OR REPLACE INTO beats VALUES(?,?,?)", (beat.core.node, data, beat.core.stamp[0])
                )
                self._con.executemany("INSERT OR IGNORE INTO delivered VALUES(?,?,?,?)", rows)
        return True

    def beats(self) -> list[bytes]:
        """The newest beat held of each node."""
        with self._lock:
            return [w for (w,) in self._con.execute("SELECT wire FROM beats")]

    # Feeds and small local facts

    def remember(self, key: str, value: Any) -> None:
        """Keep a small local fact (never synced): msgpack of plain values under a name."""
        with self._lock, engine.transaction(self._con):
            self._con.execute(
                "INSERT OR REPLACE INTO meta VALUES(?,?)", (f"local:{key}", msgspec.msgpack.encode(value))
            )

    def recall(self, key: str, default: Any = None) -> Any:
        """A small local fact, or the default."""
        with self._lock:
            row = self._con.execute("SELECT value FROM meta WHERE key=?", (f"local:{key}",)).fetchone()
        return msgspec.msgpack.decode(row[0]) if row else default

    def feed(self, source: str) -> bytes | None:
        """What is kept of a feed, as whoever polls it encoded it, or None."""
        with self._lock:
            row = self._con.execute("SELECT state FROM feeds WHERE source=?", (source,)).fetchone()
        return row[0] if row else None

    def keep_feed(self, source: str, state: bytes) -> None:
        """Keep what is known of a feed; it is on disk on return."""
        with self._lock, engine.transaction(self._con):
            self._con.execute("INSERT OR REPLACE INTO feeds VALUES(?,?)", (source, state))

    def _tell(self, change: Change) -> None:
        for listener in list(self.listeners):
            listener(change)


class _Proofs:
    """The chain signatures of one batch by chain, and how many of them fitted nothing so far."""

    def __init__(self, sigs: list[tuple[bytes, int, int, bytes]]) -> None:
        self.of: dict[tuple[bytes, int], list[tuple[bytes, int, int, bytes]]] = {}
        for sig in dict.fromkeys(sigs):
            self.of.setdefault((sig[0], sig[1]), []).append(sig)
        self.misses = 0


def _below(prevs: dict[bytes, bytes], tips: list[bytes]) -> set[bytes]:
    """These ops of a chain and all before them, as far as they are among `prevs`."""
    seen: set[bytes] = set()
    while tips:
        op_id = tips.pop()
        if op_id in prevs and op_id not in seen:
            seen.add(op_id)
            tips.append(prevs[op_id])
    return seen


def _whole(batch: list[Op]) -> list[Op]:
    """The batch with each op once, with its body when any copy has it."""
    best: dict[bytes, Op] = {}
    for op in batch:
        if op.header not in best or best[op.header].body is None:
            best[op.header] = op
    return list(best.values())


__all__ = ["Change", "Cursor", "Draft", "FenghuoError", "Ref", "Session", "Store"]
