"""The log: ops, statements and grants in the order this node took them in, with a running hash over it.

A position is a convenience; chain heads are the truth. Rows are written inside the store's transaction and read by
links through `outgoing`. A *grant* says that a centre joined a record's audience here, so that the ops it names, which
came before it, are now owed to that centre.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from offline.authority import is_at_or_above
from offline.engine import Connection
from offline.ops import Op, digest, read_body

OP, STATEMENT, GRANT = 0, 1, 2
_TURN = {STATEMENT: 0, OP: 1, GRANT: 2}
FRAME_TARGET = 150_000  # bytes of a batch beyond which no further transaction is added
ALONE = 1_000_000  # a transaction of more bytes makes a batch by itself: together they might pass what a peer takes
ROWS_MAX = 5_000  # rows of the log looked at for one batch; the transaction that passes it is still taken whole


@dataclass
class Outgoing:
    """What one side has that the other lacks, up to a position; complete transactions only."""

    statements: list[bytes] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    sigs: list[tuple[bytes, int, int, bytes]] = field(default_factory=list)
    """Chain signatures: node, segment, sequence number, signature."""
    pos: int = 0
    run: bytes = b""
    more: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing but a new position."""
        return not self.ops and not self.statements


def append(con: Connection, rows: list[tuple[int, bytes, str]], origin: str) -> int:
    """Append rows of (what, ref, centre) as one transaction's worth; the last is its edge. Returns the new position.

    Statements come first and grants last: among those, where no chain waits for its signature, a batch may end.
    """
    rows = sorted(rows, key=lambda row: _TURN[row[0]])
    last = con.execute("SELECT pos, run FROM log ORDER BY pos DESC LIMIT 1").fetchone()
    pos, run = last or (0, b"")
    out = []
    for n, (what, ref, centre) in enumerate(rows):
        run = digest(run + bytes([what]) + ref + centre.encode())
        pos += 1
        out.append((pos, what, ref, centre, origin, int(n == len(rows) - 1), run))
    con.executemany("INSERT INTO log(pos,what,ref,centre,origin,edge,run) VALUES(?,?,?,?,?,?,?)", out)
    return int(pos)


def end(con: Connection) -> tuple[int, bytes]:
    """The last position and the running hash there; (0, b"") for an empty log."""
    return con.execute("SELECT pos, run FROM log ORDER BY pos DESC LIMIT 1").fetchone() or (0, b"")


def run_at(con: Connection, pos: int) -> bytes | None:
    """The running hash at a position, b"" at 0, None where the log has no such position."""
    if pos == 0:
        return b""
    row = con.execute("SELECT run FROM log WHERE pos=?", (pos,)).fetchone()
    return row[0] if row else None


def heads(con: Connection) -> dict[tuple[bytes, int], int]:
    """The newest sequence number held of each chain (node, segment)."""
    return {(n, s): q for n, s, q in con.execute("SELECT node, segment, seq FROM chains")}


def outgoing(
    con: Connection, centre: str, after: int, peer: str = "", have: dict[tuple[bytes, int], int] | None = None
) -> Outgoing:
    """What a peer of this centre lacks after a position of this log.

    Args:
        centre: the peer's centre; bodies that it may not see are withheld.
        after: the position up to which the peer has stored this log.
        peer: name of the peer; what came from it is not sent back. Empty when falling back to heads.
        have: in a fall-back, the heads the peer holds: headers at or below them are left out.
    """
    out = Outgoing(pos=after, run=run_at(con, after) or b"")
    state = _Pick(con, centre, peer, have)
    size = count = kept = 0
    rows = con.execute("SELECT pos, what, ref, centre, origin, edge, run FROM log WHERE pos>? ORDER BY pos", (after,))
    for pos, what, ref, granted, origin, edge, run in rows:
        size, count = size + state.take(what, ref, granted, origin), count + 1
        if edge or (what != OP and size > FRAME_TARGET):
            if kept and size > ALONE:
                break
            state.flush(out)
            out.pos, out.run, kept = pos, run, size
            if size > FRAME_TARGET or count > ROWS_MAX:
                break
    out.more = end(con)[0] > out.pos
    return out


class _Pick:
    """Collects one transaction's rows for a peer, then moves them whole into the batch."""

    def __init__(self, con: Connection, centre: str, peer: str, have: dict[tuple[bytes, int], int] | None) -> None:
        self.con, self.centre, self.peer, self.have = con, centre, peer, have
        self.ops: dict[bytes, Op] = {}
        self.statements: list[bytes] = []
        self.last: dict[tuple[bytes, int], int] = {}
        self.signins: set[bytes] = set()
        """Sign-ins looked after in this batch."""

    def take(self, what: int, ref: bytes, granted: str, origin: str) -> int:
        """Consider one row of the log; returns the bytes it added."""
        if what == GRANT:  # found out here, whatever brought it about: the peer may lack what others sent
            return self._grant(ref) if granted == self.centre else 0
        if origin and origin == self.peer:
            return 0
        if what == STATEMENT:
            wire = self.con.execute("SELECT wire FROM statements WHERE id=?", (ref,)).fetchone()[0]
            self.statements.append(wire)
            return len(wire)
        return self._op(ref)

    def _op(self, ref: bytes) -> int:
        row = self.con.execute(
            "SELECT id, header, body, record, node, segment, seq FROM ops WHERE id=?", (ref,)
        ).fetchone()
        if self.have is not None and self.have.get((row[4], row[5]), -1) >= row[6]:
            return self._body_only(row)
        return self._add(row)

    def _body_only(self, row: tuple[bytes, ...]) -> int:
        """In a fall-back the peer holds this header; it may still be owed the body, which it drops when it has it."""
        return self._add(row) if row[2] is not None and may_see(self.con, self.centre, row[3]) else 0

    def _grant(self, ops: bytes) -> int:
        query = "SELECT id, header, body, record, node, segment, seq FROM ops WHERE id=?"
        rows = [self.con.execute(query, (ops[n : n + 32],)).fetchone() for n in range(0, len(ops), 32)]
        return sum(self._add(row) for row in rows)

    def _add(self, row: tuple[bytes, ...]) -> int:
        op_id, header, held, record, node, segment, seq = row
        body = held if held is not None and may_see(self.con, self.centre, record) else None
        known = self.ops.get(op_id)
        if known is not None and (known.body is not None or body is None):
            return 0
        self.ops[op_id] = Op(header, body)
        chain = (node, int(segment))
        self.last[chain] = max(self.last.get(chain, -1), int(seq))
        return len(header) + len(body or b"") + (self._signin(body) if body else 0)

    def _signin(self, body: bytes) -> int:
        """The sign-in that an op names is owed to whoever is owed the op; its own audience has it by its own row."""
        signin = read_body(body)[1].signin
        if not signin or signin in self.signins:
            return 0
        self.signins.add(signin)
        if may_see(self.con, self.centre, signin):
            return 0
        row = self.con.execute("SELECT header, body, node, segment, seq FROM ops WHERE id=?", (signin,)).fetchone()
        if row is None or row[1] is None:
            return 0
        self.ops[signin] = Op(row[0], row[1])
        return len(row[0]) + len(row[1])

    def flush(self, out: Outgoing) -> None:
        """Move what was collected into the batch, with the chain signatures that prove it."""
        out.statements += self.statements
        out.ops += self.ops.values()
        for (node, segment), seq in self.last.items():
            sigs = self.con.execute(
                "SELECT seq, sig FROM sigs WHERE node=? AND segment=? AND seq=("
                "SELECT min(seq) FROM sigs WHERE node=? AND segment=? AND seq>=?)",
                (node, segment, node, segment, seq),
            ).fetchall()  # two where a chain was forked
            out.sigs += [(node, segment, at, sig) for at, sig in sigs]
        self.ops, self.statements, self.last = {}, [], {}


def grants(con: Connection, record: bytes) -> list[bytes]:
    """The ops (ids one after the other) of a record whose bodies are here, in parts that each fit a batch."""
    parts, size = [b""], 0
    for op_id, length in con.execute("SELECT id, length(body) FROM ops WHERE record=? ORDER BY rowid", (record,)):
        if parts[-1] and size + length > FRAME_TARGET:
            parts, size = [*parts, b""], 0
        parts[-1], size = parts[-1] + op_id, size + length
    return parts


def may_see(con: Connection, centre: str, record: bytes) -> bool:
    """Whether a centre is in a record's audience: its home, those added, and all above each of them."""
    rows = con.execute("SELECT centre FROM audience WHERE record=?", (record,)).fetchall()
    return any(is_at_or_above(centre, path) for (path,) in rows)
