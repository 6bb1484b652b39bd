"""A world in one process: centres with desks and hubs on real encrypted files, links that can be cut, a clock to turn.

    world = World(tmp_path, seed=1)
    city, county = world.centre("huaian"), world.centre("huaian/lianshui")
    incident = world.report(city, "高沟堤防渗漏")
    world.settle()                       # everybody talks to everybody until nothing is left to say
    assert world.digests("huaian/lianshui") == 1

Every random byte comes from the seed and every instant from `world.now_ms`, so a history that failed fails again.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from offline import founding, ops
from offline.authority import Authority
from offline.founding import Means, NewCentre
from offline.merge import Item, State, fold
from offline.ops import Op, digest
from offline.profile import Opened, Profile
from offline.store import Change, Cursor, Draft
from offline.trust import Key
from offline.vault import LIGHT

SECRET = "secret-of-{}-1"
START_MS = 1_783_000_000_000  # July 2026


class World:
    """Centres, desks and hubs that share one clock and one seed."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.seed = folder, seed
        self.now_ms = START_MS
        self.dice = random.Random(seed)
        self.means = Means(self.wall, self.dice.randbytes, LIGHT)
        self.nodes: dict[str, Opened] = {}
        self.secrets: dict[str, str] = {}
        self.cut: set[frozenset[str]] = set()
        """Pairs of node names between which no word passes."""

    def wall(self) -> int:
        return self.now_ms

    def tick(self, ms: int = 1000) -> None:
        self.now_ms += ms

    # Who is there

    def centre(self, path: str, *, roles: Iterable[str] = ("duty", "leader", "security"), name: str = "") -> Opened:
        """Found a centre with its first officer; its desk is the node named after the path."""
        upper = self.nodes.get(path.rpartition("/")[0])
        secret = SECRET.format(path)
        new = NewCentre(path, f"{path}指挥中心", name or f"officer-{path}", secret, tuple(roles))
        desk = founding.found(self.folder / path.replace("/", "_"), new, self.means, upper)
        self.nodes[path], self.secrets[path] = desk, secret
        return desk

    def hub(self, path: str) -> Opened:
        """A hub for a centre; it becomes the keeper. Its node is named `path:hub`."""
        return self._join(path, f"{path}:hub", "hub", None)

    def desk(self, path: str, person: str) -> Opened:
        """One more desk with a person of its own, on duty with the role `duty`. Its node is named `path:person`."""
        return self._join(path, f"{path}:{person}", "desk", person)

    def _join(self, path: str, node: str, use: str, person: str | None) -> Opened:
        secret = SECRET.format(node)
        folder = self.folder / node.replace("/", "_").replace(":", "-")
        founding.add_profile(self.nodes[path], folder, use, secret, self.means, person=person)
        self.secrets[node] = secret
        return self.reopen(node, folder)

    def reopen(self, node: str, folder: Path | None = None) -> Opened:
        """Close a node (if open) and open it again, as after a restart."""
        if node in self.nodes:
            folder = self.nodes[node].profile.path
            self.nodes[node].close()
        assert folder is not None
        opened = Profile.at(folder).unlock(self.secrets[node], person=None, wall=self.wall, random=self.means.random)
        self.nodes[node] = opened
        return opened

    def close(self) -> None:
        for node in self.nodes.values():
            node.close()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def name(self, node: Opened) -> str:
        return next(n for n, o in self.nodes.items() if o is node)

    # Links

    def sync(self, a: Opened, b: Opened) -> list[Change]:
        """Both tell each other what the other lacks, as a link does, unless they are cut off."""
        if frozenset((self.name(a), self.name(b))) in self.cut:
            return []
        return [*send(a, b), *send(b, a)]

    def settle(self, *nodes: Opened) -> None:
        """Everybody named (or everybody) talks along every link that is not cut until nobody learns anything."""
        group = nodes or tuple(self.nodes.values())
        while any(change for a, b in itertools.combinations(group, 2) for change in self.sync(a, b)):
            pass

    def part(self, a: Opened, b: Opened) -> None:
        self.cut.add(frozenset((self.name(a), self.name(b))))

    def beat(self) -> None:
        """Every node's signed word on what it holds, carried to everybody."""
        wires = [node.store.make_beat() for node in self.nodes.values()]
        for node in self.nodes.values():
            for wire in wires:
                node.store.take_beat(wire)

    # What people do

    def do(self, node: Opened, kind: str, record: bytes | None = None, on: bytes | None = None, **data: Any) -> bytes:
        """Commit one draft and return the op's id; the clock moves on a second."""
        self.tick()
        return node.store.commit([Draft(kind, data, record, on)]).ops[-1]

    def report(self, node: Opened, title: str, **data: Any) -> bytes:
        """A new incident."""
        return self.do(node, "incident.report", title=title, **data)

    # What is the case

    def digests(self, centre: str) -> int:
        """How many different digests there are among the nodes that may see all that this centre may see."""
        return len({digest_of(node, centre) for node in self.nodes.values() if _over(node.centre, centre)})


def _over(upper: str, lower: str) -> bool:
    return upper == lower or lower.startswith(upper + "/")


def digest_of(node: Opened, centre: str) -> str:
    """The node's digest over what a centre may see."""
    view = node.view()
    node.views.remove(view)
    try:
        return str(view.digest(centre)["digest"])
    finally:
        view.close()


def see(node: Opened, record: bytes) -> dict[str, Any]:
    """A record as the node's own view shows it now."""
    view = node.view()
    node.views.remove(view)
    try:
        return view.get(record.hex())
    finally:
        view.close()


def send(giver: Opened, taker: Opened, *, twice: bool = False) -> list[Change]:
    """All that `taker` lacks of what `giver` has, batch by batch, with its cursor."""
    g, t = giver.store, taker.store
    mine, theirs = g.node.id.hex(), t.node.id.hex()
    back = g.cursor(theirs)
    cursor, at = t.cursor(mine), g.resume(t.cursor(mine))
    lost = (cursor is not None and at is None) or (back is not None and t.resume(back) is None)
    have = t.heads() if lost else None  # one of the two went back in time: what it holds decides, not positions
    after, changes = 0 if have is not None else at or 0, []
    while True:
        out = g.outgoing(taker.centre, after, theirs, have)
        cursor = Cursor(g.epoch, out.pos, out.run)
        changes += [t.receive(mine, out.statements, out.ops, out.sigs, cursor) for _ in range(1 + twice)]
        g.acked(theirs, out.pos)
        after = out.pos
        if not out.more:
            return changes


# Ops by hand


def ops_of(node: Opened) -> list[Op]:
    """Every op a node holds, as it would travel to itself."""
    return node.store.outgoing(node.centre, 0, "", {}).ops


def record_items(node: Opened, record: bytes) -> list[Item]:
    """The ops of one record, as the fold reads them."""
    return node.store._items(record)[0]


def fold_of(node: Opened, items: Iterable[Item]) -> State | None:
    return fold(items, node.store.authority, node.store._signin)


class Forger:
    """Writes ops that no program of ours would: with the real keys of one node, and any content."""

    def __init__(self, node: Opened, segment: int = 7) -> None:
        self.node, self.segment, self.seq, self.prev = node, segment, 0, ops.ZERO_ID
        self.key: Key = node.store.node
        self.realm = node.store.realm

    def op(self, kind: str, data: dict[str, Any], **more: Any) -> Op:
        """One op; `more` replaces fields of its core, and `signer` signs for a person."""
        signer: Key | None = more.pop("signer", None)
        session = self.node.store.session
        core = {
            "salt": bytes(16), "record": b"", "parents": [], "on": b"",
            "authority": list(self.node.store.authority.heads), "signin": session.op if session else b"",
            "kind": kind, "stamp": (self.node.store.wall(), 0), "data": data, **more,
        }  # fmt: skip
        raw = ops.pack_core(ops.Core(**core))
        sig = signer.sign(ops.person_text(self.realm, self.key.id, raw)) if signer else b""
        return self.raw(ops.pack_body(raw, sig))

    def raw(self, body: bytes) -> Op:
        """The next op of this chain around any bytes."""
        header = ops.Header(ops.TAG, self.realm, self.key.id, self.segment, self.seq, self.prev, bytes(8), digest(body))
        packed = header.pack()
        self.prev, self.seq = digest(packed), self.seq + 1
        return Op(packed, body)

    def sig(self) -> tuple[bytes, int, int, bytes]:
        """The signature over the newest op."""
        return self.key.id, self.segment, self.seq - 1, self.key.sign(ops.chain_text(self.prev))

    def give(self, to: Opened, *batch: Op) -> Change:
        """Hand ops over with the signature that proves them, as a link would."""
        return to.store.receive("elsewhere", [], batch, [self.sig()])


def authority_of(node: Opened) -> Authority:
    return node.store.authority
