"""The authority history: centres, nodes, persons, keepers, rules versions and revocations, held whole by every node.

A statement carries its issuer's own signature and the hash of that issuer's statement before it, so anyone may carry it
and its carrier's fall undoes nothing. It is judged only by statements of a strictly higher issuer: root, then each
centre by the one above it, then a centre's nodes and persons. Never by a peer, never by a record, never by time of
arrival.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import msgspec

from offline.errors import Malformed, Refused
from offline.ops import NONE, digest, is_too_deep
from offline.rules.roles import ROLES
from offline.trust import Key, verify

TAG = "FHs0"
STATEMENT_MAX = 64_000
DEPTH_MAX = 8  # levels of centres; a city, a county, a town and a village are four
ROOT = ""  # the path of whoever stands above every centre
SEEN_MAX = 1024  # heads a statement may name: as many centres may have written at once while they were cut off
WAITING_MAX = 1024  # statements kept in memory until what they name has come
VIEWS_MAX = 256  # histories as seen from some heads, kept worked out; anyone may name any heads
SIGNED = b"fenghuo statement\x00"
T = TypeVar("T")


class Core(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What a statement says; `realm` is empty only in the statement that founds a realm."""

    tag: str
    realm: bytes
    issuer: bytes
    prev: bytes
    seen: list[bytes]
    kind: str
    stamp: tuple[int, int]
    data: dict[str, Any]


class Wire(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The statement as it travels."""

    core: bytes
    sig: bytes


class Statement(NamedTuple):
    """A statement with its id, the hash of its core's bytes (`outer`)."""

    id: bytes
    core: Core
    sig: bytes
    wire: bytes
    outer: bytes


class RealmData(msgspec.Struct):
    """What founds a realm."""

    root: bytes


class CentreData(msgspec.Struct):
    """What grants a centre."""

    path: str
    key: bytes
    name: str


class NodeData(msgspec.Struct):
    """What admits a node."""

    centre: str
    key: bytes
    use: str
    name: str


class PersonData(msgspec.Struct):
    """What puts a person on duty."""

    centre: str
    key: bytes
    name: str
    roles: list[str]
    phone: str = ""


class KeeperData(msgspec.Struct):
    """What names a centre's keeper."""

    centre: str
    node: bytes


class RulesData(msgspec.Struct):
    """What moves the realm to a version of the rules."""

    version: int


class RevokeData(msgspec.Struct):
    """What ends a node, a person or a centre: the id of its key, and the ids of what it did that stand."""

    target: bytes
    keeps: list[bytes] = []


@dataclass(frozen=True)
class Centre:
    """A centre as it was granted: its path, its key, the name people call it."""

    path: str
    key: bytes
    name: str
    granted: bytes


@dataclass(frozen=True)
class NodeGrant:
    """A node as its centre admitted it; `use` is desk or hub."""

    id: bytes
    key: bytes
    centre: str
    use: str
    name: str
    granted: bytes


@dataclass(frozen=True)
class PersonGrant:
    """A person on duty at a centre, with the roles they hold there."""

    id: bytes
    key: bytes
    centre: str
    name: str
    roles: frozenset[str]
    phone: str
    granted: bytes


@dataclass
class View:
    """Who may do what, as seen from some heads of the history."""

    centres: dict[str, Centre] = field(default_factory=dict)
    nodes: dict[bytes, NodeGrant] = field(default_factory=dict)
    persons: dict[bytes, PersonGrant] = field(default_factory=dict)
    keepers: dict[str, bytes] = field(default_factory=dict)
    rules: int = 1
    revoked: dict[bytes, frozenset[bytes]] = field(default_factory=dict)
    """Key id of a fallen node, person or centre → ids of its ops or statements that stand."""
    afresh: dict[bytes, frozenset[bytes]] = field(default_factory=dict)
    """Key id of a fallen holder → later grants that named the revocation: what is made under them starts afresh."""


_encode = msgspec.msgpack.Encoder().encode
_decode_wire = msgspec.msgpack.Decoder(Wire).decode
_decode_core = msgspec.msgpack.Decoder(Core).decode


def above(path: str) -> list[str]:
    """The centres above a path, nearest first, without the root: `a/b/c` → `a/b`, `a`."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]


def depth(path: str) -> int:
    """How far from the root: a city is 1, a county 2, a town 3."""
    return path.count("/") + 1 if path else 0


def is_at_or_above(path: str, other: str) -> bool:
    """Whether `path` is `other` or stands above it."""
    return path == other or other.startswith(path + "/")


def check_path(path: str) -> str:
    """The path itself; Refused when it names no centre (lower-case letters, digits, hyphen; up to eight levels)."""
    parts = path.split("/")
    good = all(p and p.isascii() and p.replace("-", "").isalnum() and p == p.lower() and len(p) <= 40 for p in parts)
    if not good or len(parts) > DEPTH_MAX:
        raise Refused(f"“{path}” cannot name a centre; write it like huaian/lianshui/gaogou.", code="bad_path")
    return path


def read_statement(wire: bytes) -> Statement:
    """The statement in these bytes; Malformed when it is none. The signature is not checked here."""
    if len(wire) > STATEMENT_MAX:
        raise Malformed("A statement of authority is longer than any may be.")
    try:
        outer = _decode_wire(wire)
        core = _decode_core(outer.core)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(f"A statement of authority cannot be read ({error}).") from error
    if core.tag != TAG or is_too_deep(core.data) or any(len(i) != 32 for i in core.seen) or len(core.seen) > SEEN_MAX:
        raise Malformed("A statement of authority has a shape this program does not know.", code="other_version")
    return Statement(digest(outer.core), core, outer.sig, wire, outer.core)


def found_realm(kind: str, root: Key, salt: bytes, stamp: tuple[int, int], cert: str = "") -> bytes:
    """The statement that founds a realm; its id is the realm's id. `cert` is the root's own certificate (PEM)."""
    data = {"kind": kind, "root": root.public, "salt": salt, "cert": cert}
    core = _encode(Core(TAG, NONE, root.id, NONE, [], "realm", stamp, data))
    return _encode(Wire(core, root.sign(SIGNED + core)))


class Authority:
    """The whole history of one realm in memory: add statements in any order, look from any heads."""

    def __init__(self, realm: bytes) -> None:
        self.realm = realm
        self._lock = threading.RLock()  # panels and links ask who is who while the store's thread takes statements in
        self.statements: dict[bytes, Statement] = {}
        self.heads: list[bytes] = []
        self._waiting: dict[bytes, Statement] = {}
        """By their wire bytes: the same words under a wrong signature must not stand in for the right ones."""
        self._pasts: dict[bytes, frozenset[bytes]] = {}
        self._offers: dict[bytes, list[tuple[bytes, bytes]]] = {}
        self._forget()

    def _forget(self) -> None:
        """Drop what was worked out; the next question works it out anew."""
        self._views: dict[tuple[bytes, ...], View] = {}
        self._seen: dict[tuple[bytes, ...], frozenset[bytes]] = {}
        self._void: frozenset[bytes] | None = None
        self.token = object()
        """Another object whenever the history changes: what was judged under the same one need not be judged again."""

    # Writing

    def write(self, issuer: Key, kind: str, data: dict[str, Any], stamp: tuple[int, int]) -> bytes:
        """A new signed statement (wire bytes), following this issuer's last; not added yet."""
        mine = [s for s in self.statements.values() if s.core.issuer == issuer.id]
        prev = max(mine, key=lambda s: len(self._pasts[s.id])).id if mine else NONE
        core = _encode(Core(TAG, self.realm, issuer.id, prev, list(self.heads), kind, stamp, data))
        return _encode(Wire(core, issuer.sign(SIGNED + core)))

    def add(self, wire: bytes) -> list[Statement]:
        """Take a statement in; what it newly makes whole is returned (itself and what waited for it).

        Malformed for other bytes; Refused for another realm, for one that no issuer in its own past signed, and when
        too many wait.
        """
        statement = read_statement(wire)
        if statement.id in self.statements or wire in self._waiting:
            return []
        if statement.core.realm != self.realm and statement.id != self.realm:
            raise Refused("A statement of another realm came in; it was kept out.", code="other_realm")
        whole = all(i in self.statements for i in _needs(statement))
        if len(self._waiting) >= WAITING_MAX and not whole:  # what is whole waits for nothing that strangers sent
            raise Refused("Too many statements of authority wait for ones that have not come.", code="too_many_waiting")
        with self._lock:
            self._waiting[wire] = statement
            done, unsigned = self._settle()
        if statement.id in unsigned:
            raise Refused("A statement that no known issuer signed came in; it was kept out.", code="unsigned")
        return done

    def _settle(self) -> tuple[list[Statement], set[bytes]]:
        done: list[Statement] = []
        unsigned: set[bytes] = set()
        moved = True
        while moved:
            moved = False
            for wire, statement in list(self._waiting.items()):
                needs = _needs(statement)
                if all(i in self.statements for i in needs):
                    del self._waiting[wire]
                    moved = True
                    if statement.id in self.statements:
                        continue
                    if self._admit(statement, needs):
                        done.append(statement)
                    else:
                        unsigned.add(statement.id)
        return done, unsigned

    def _admit(self, statement: Statement, needs: list[bytes]) -> bool:
        past = frozenset(needs).union(*(self._pasts[i] for i in needs)) if needs else frozenset[bytes]()
        offer = _offered(statement, self.realm)
        offers = [*self._offers.get(statement.core.issuer, ()), *([offer] if offer and not needs else ())]
        if not any(
            (g in past or g == statement.id) and verify(public, statement.sig, SIGNED + statement.outer)
            for g, public in offers
        ):
            return False
        self.statements[statement.id] = statement
        self._pasts[statement.id] = past
        if offer:
            self._offers.setdefault(digest(offer[1]), []).append(offer)
        self.heads = sorted([h for h in self.heads if h not in past] + [statement.id])
        self._forget()
        return True

    def mark(self) -> tuple[Any, ...]:
        """The history as it is, for `back_to` when the disk would not take what was added since."""
        offers = {k: list(v) for k, v in self._offers.items()}
        return dict(self.statements), dict(self._waiting), dict(self._pasts), offers, list(self.heads)

    def back_to(self, mark: tuple[Any, ...]) -> None:
        """Undo every `add` since the mark."""
        with self._lock:
            self.statements, self._waiting, self._pasts, self._offers, self.heads = mark
            self._forget()

    @property
    def waiting(self) -> int:
        """How many statements wait for one that they name."""
        return len(self._waiting)

    # Reading

    def certificates(self, node: bytes) -> list[str]:
        """The certificates (PEM) from a node up to the root: node, its centre, the centres above, the root's own."""
        with self._lock:
            view = self.now()
            grant = view.nodes.get(node)
            if grant is None:
                return []
            centres = [view.centres[p] for p in (grant.centre, *above(grant.centre)) if p in view.centres]
            ids = [grant.granted, *(c.granted for c in centres), self.realm]
            return [str(self.statements[i].core.data.get("cert", "")) for i in ids]

    def proof(self, node: bytes) -> list[bytes]:
        """The statements (wire), oldest first, by which a stranger of the realm can see that a node was admitted."""
        with self._lock:
            grant = self.now().nodes.get(node)
            return [s.wire for s in self.order(self._past([grant.granted]))] if grant else []

    def knows(self, heads: Iterable[bytes]) -> bool:
        """Whether the whole past of these heads is here."""
        return all(h in self.statements for h in heads)

    def covers(self, heads: Iterable[bytes], older: Iterable[bytes]) -> bool:
        """Whether `older` heads all lie in the past of `heads`."""
        past = self._past(heads)
        return all(o in past for o in older)

    def _past(self, heads: Iterable[bytes]) -> frozenset[bytes]:
        key = tuple(heads)
        if key not in self._seen:
            if len(self._seen) >= VIEWS_MAX:
                self._seen.clear()
            self._seen[key] = frozenset(key).union(*(self._pasts[h] for h in key))
        return self._seen[key]

    def now(self) -> View:
        """As seen with everything that is here."""
        return self.view(self.heads)

    def view(self, heads: Iterable[bytes]) -> View:
        """As seen from these heads, which must be known; what a revocation known here made void counts as empty."""
        key = tuple(sorted(heads))
        with self._lock:
            if key not in self._views:
                if self._void is None:
                    every = _Court(self, frozenset(self.statements))
                    self._void = frozenset(s.id for s in every.ordered if not every.stands(s))
                if len(self._views) >= VIEWS_MAX:
                    self._views.clear()
                self._views[key] = _Court(self, self._past(key) - self._void).view()
            return self._views[key]

    def order(self, ids: Iterable[bytes]) -> list[Statement]:
        """These statements, each after all of its past; ties by id, so that every node judges alike."""
        return [self.statements[i] for i in sorted(ids, key=lambda i: (len(self._pasts[i]), i))]

    def saw(self, later: bytes, earlier: bytes) -> bool:
        """Whether the writer of `later` had seen `earlier`."""
        return earlier in self._pasts[later]


def _data(s: Statement, shape: type[T]) -> T | None:
    """The statement's data in this shape, or None: data of another shape grants nothing."""
    try:
        return msgspec.convert(s.core.data, shape)
    except (msgspec.ValidationError, RecursionError):
        return None


def _needs(s: Statement) -> list[bytes]:
    """What must be here before a statement can be taken in."""
    return [i for i in (*s.core.seen, s.core.prev) if i]


def _offered(s: Statement, realm: bytes) -> tuple[bytes, bytes] | None:
    """The issuer's key that a statement offers, as (statement, public key); None for all but realm and centres."""
    if s.id == realm and s.core.kind == "realm":
        root = _data(s, RealmData)
        return (s.id, root.root) if root else None
    centre = _data(s, CentreData) if s.core.kind == "centre" else None
    return (s.id, centre.key) if centre else None


@dataclass
class _Issuer:
    """A key that may issue statements: where it stands, and the statements that granted it."""

    rank: int
    path: str
    grants: list[Statement]


class _Court:
    """Judges one set of statements from above: issuers and revocations rank by rank, then the grants that stand."""

    def __init__(self, authority: Authority, ids: frozenset[bytes]) -> None:
        self.saw, self.ids = authority.saw, ids
        self.ordered = authority.order(ids)
        self.issuers: dict[bytes, _Issuer] = {}
        self.revoked: dict[bytes, list[tuple[int, Statement]]] = {}
        self._enthrone(authority.realm)
        self.members = self._members()
        for rank in range(DEPTH_MAX + 1):
            for s in self.ordered:
                if (
                    s.core.kind == "revoke"
                    and s.core.issuer in self.issuers
                    and self.issuers[s.core.issuer].rank == rank
                ):
                    self._revoke(rank, s)

    def _enthrone(self, realm: bytes) -> None:
        """Every key that was ever granted from directly above; who stands higher is looked at first."""
        for s in self.ordered:
            root = _data(s, RealmData) if s.id == realm else None
            if root and digest(root.root) == s.core.issuer:
                self.issuers[s.core.issuer] = _Issuer(0, ROOT, [s])
        offers = [
            (s, d) for s in self.ordered if s.core.kind == "centre" and (d := _data(s, CentreData)) and _is_path(d.path)
        ]
        for rank in range(1, DEPTH_MAX + 1):
            for s, d in offers:
                issuer = self.issuers.get(s.core.issuer)
                if (
                    issuer
                    and issuer.rank == rank - 1
                    and issuer.path == (above(d.path) or [ROOT])[0]
                    and depth(d.path) == rank
                ):
                    held = self.issuers.setdefault(digest(d.key), _Issuer(rank, d.path, []))
                    if held.path == d.path:
                        held.grants.append(s)

    def _members(self) -> dict[bytes, list[tuple[Statement, str]]]:
        """Nodes and persons: key id → the statements by which their own centre admitted them."""
        members: dict[bytes, list[tuple[Statement, str]]] = {}
        for s in self.ordered:
            if s.core.kind not in ("node", "person"):
                continue
            d = _data(s, NodeData) if s.core.kind == "node" else _data(s, PersonData)
            issuer = self.issuers.get(s.core.issuer)
            if d and issuer and issuer.path == d.centre != ROOT:
                members.setdefault(digest(d.key), []).append((s, d.centre))
        return members

    def _revoke(self, rank: int, s: Statement) -> None:
        """A revocation counts when its issuer stands above its target and is not itself fallen before it."""
        d = _data(s, RevokeData)
        if d and self._is_over(self.issuers[s.core.issuer].path, d.target) and self.stands(s):
            self.revoked.setdefault(d.target, []).append((rank, s))

    def _is_over(self, path: str, target: bytes) -> bool:
        """Centres are ended from above; nodes and persons by the centre that admitted them, or from above it."""
        if target in self.issuers:
            below = self.issuers[target].path
            return below != path and (path == ROOT or is_at_or_above(path, below))
        homes = [c for _, c in self.members.get(target, ())][:1]
        return any(path == ROOT or is_at_or_above(path, c) for c in homes)

    def _last(self, target: bytes) -> list[Statement]:
        """The revocations of a target that no other of the same rank or above had seen."""
        all_ = self.revoked.get(target, [])
        return [s for rank, s in all_ if not any(r <= rank and self.saw(o.id, s.id) for r, o in all_)]

    def kept(self, target: bytes) -> frozenset[bytes]:
        """What a fallen holder's revocations leave standing: of concurrent ones what all keep."""
        kept = [frozenset(d.keeps) for s in self._last(target) if (d := _data(s, RevokeData))]
        return frozenset.intersection(*kept) if kept else frozenset()

    def ended(self, target: bytes, grant: Statement) -> bool:
        """A revocation ends every grant of its target that had not seen it."""
        return any(not self.saw(grant.id, r.id) for r in self._last(target))

    def stands(self, s: Statement) -> bool:
        """Whether a statement's issuer was granted by one that stands, and is not cut below it."""
        issuer = self.issuers.get(s.core.issuer)
        if issuer is None:
            return False
        if issuer.rank == 0:
            return True
        grants = [g for g in issuer.grants if g.id != s.id and self.stands(g)]
        if s.core.issuer not in self.revoked:
            return bool(grants)
        kept = self.kept(s.core.issuer)
        if grants and (s.id in kept or any(k in self.ids and self.saw(k, s.id) for k in kept)):
            return True
        return any(self.saw(s.id, g.id) and not self.ended(s.core.issuer, g) for g in grants)

    def view(self) -> View:
        """What stands, written out."""
        standing = [s for s in self.ordered if self.stands(s)]
        view = View(revoked={t: self.kept(t) for t in self.revoked}, afresh=self._afresh(standing))
        for s in standing:
            self._apply(s, view)
        for s in standing:  # only now is it known which centres stand
            self._apply_member(s, view)
        return view

    def _afresh(self, standing: list[Statement]) -> dict[bytes, frozenset[bytes]]:
        here = {s.id for s in standing}
        grants = {t: [s for s, _ in self.members.get(t, ())] for t in self.revoked}
        return {t: frozenset(s.id for s in gs if s.id in here and not self.ended(t, s)) for t, gs in grants.items()}

    def _apply(self, s: Statement, view: View) -> None:
        issuer = self.issuers[s.core.issuer]
        if s.core.kind == "centre" and (d := _data(s, CentreData)):
            holder = self.issuers.get(digest(d.key))
            if holder and s in holder.grants and not self.ended(digest(d.key), s):
                view.centres[d.path] = Centre(d.path, d.key, d.name, s.id)
        elif s.core.kind == "keeper" and (k := _data(s, KeeperData)) and k.centre == issuer.path != ROOT:
            view.keepers[k.centre] = k.node
        elif s.core.kind == "rules" and issuer.path == ROOT and (r := _data(s, RulesData)):
            view.rules = max(view.rules, r.version)

    def _apply_member(self, s: Statement, view: View) -> None:
        """A node or person of a centre that stands. A key that another centre admitted before stays there until it is
        revoked: no peer takes it over."""
        path = self.issuers[s.core.issuer].path
        if path not in view.centres:
            return
        if (
            s.core.kind == "node"
            and (n := _data(s, NodeData))
            and n.centre == path
            and not self.ended(digest(n.key), s)
        ):
            node = NodeGrant(digest(n.key), n.key, path, n.use, n.name, s.id)
            if view.nodes.get(node.id, node).centre == path:
                view.nodes[node.id] = node
        elif (
            s.core.kind == "person"
            and (p := _data(s, PersonData))
            and p.centre == path
            and not self.ended(digest(p.key), s)
        ):
            roles = frozenset(p.roles) & frozenset(ROLES)
            person = PersonGrant(digest(p.key), p.key, path, p.name, roles, p.phone, s.id)
            if view.persons.get(person.id, person).centre == path:
                view.persons[person.id] = person


def _is_path(path: str) -> bool:
    try:
        return bool(check_path(path))
    except Refused:
        return False
