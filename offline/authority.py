"""The authority history: centres, nodes, persons, keepers, rules versions and revocations, held whole by every node.

A statement carries its issuer's own signature and the hash of that issuer's statement before it, so anyone may carry it
and its carrier's fall undoes nothing. It is judged only by statements of a strictly higher issuer: root, then each
centre by the one above it, then a centre's nodes and persons. Never by a peer, never by a record, never by time of
arrival.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from offline.errors import Malformed, Refused
from offline.ops import NONE, digest
from offline.rules.roles import ROLES
from offline.trust import Key, verify

TAG = "FHs0"
STATEMENT_MAX = 64_000
DEPTH_MAX = 8  # levels of centres; a city, a county, a town and a village are four
ROOT = ""  # the path of whoever stands above every centre


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
    """A statement with its id (the hash of its core)."""

    id: bytes
    core: Core
    sig: bytes
    wire: bytes


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
    """The path itself; Refused when it cannot name a centre (lower-case letters, digits, hyphen; up to eight levels)."""
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
    if core.tag != TAG or any(len(i) != 32 for i in core.seen) or len(core.seen) > 64:
        raise Malformed("A statement of authority has a shape this program does not know.", code="other_version")
    return Statement(digest(outer.core), core, outer.sig, wire)


def found_realm(kind: str, root: Key, salt: bytes, stamp: tuple[int, int], cert: str = "") -> bytes:
    """The statement that founds a realm; its id is the realm's id. `cert` is the root's own certificate (PEM)."""
    data = {"kind": kind, "root": root.public, "salt": salt, "cert": cert}
    core = _encode(Core(TAG, NONE, root.id, NONE, [], "realm", stamp, data))
    return _encode(Wire(core, root.sign(b"fenghuo statement\x00" + core)))


class Authority:
    """The whole history of one realm in memory: add statements in any order, look from any heads."""

    def __init__(self, realm: bytes) -> None:
        self.realm = realm
        self.statements: dict[bytes, Statement] = {}
        self._waiting: dict[bytes, Statement] = {}
        self._pasts: dict[bytes, frozenset[bytes]] = {}
        self._views: dict[tuple[bytes, ...], View] = {}
        self.heads: list[bytes] = []

    # Writing

    def write(self, issuer: Key, kind: str, data: dict[str, Any], stamp: tuple[int, int]) -> bytes:
        """A new signed statement (wire bytes), following this issuer's last; not added yet."""
        mine = [s for s in self.statements.values() if s.core.issuer == issuer.id]
        prev = max(mine, key=lambda s: len(self._pasts[s.id])).id if mine else NONE
        core = _encode(Core(TAG, self.realm, issuer.id, prev, list(self.heads), kind, stamp, data))
        return _encode(Wire(core, issuer.sign(b"fenghuo statement\x00" + core)))

    def add(self, wire: bytes) -> list[Statement]:
        """Take a statement in; what it newly makes whole is returned (itself and what waited for it)."""
        statement = read_statement(wire)
        if statement.id in self.statements or statement.id in self._waiting:
            return []
        if statement.core.realm != self.realm and statement.id != self.realm:
            raise Refused("A statement of another realm came in; it was kept out.", code="other_realm")
        self._waiting[statement.id] = statement
        return self._settle()

    def _settle(self) -> list[Statement]:
        done: list[Statement] = []
        moved = True
        while moved:
            moved = False
            for statement in list(self._waiting.values()):
                needs = [i for i in (*statement.core.seen, statement.core.prev) if i]
                if all(i in self.statements for i in needs):
                    del self._waiting[statement.id]
                    self._admit(statement, needs)
                    done.append(statement)
                    moved = True
        return done

    def _admit(self, statement: Statement, needs: list[bytes]) -> None:
        past = frozenset(needs).union(*(self._pasts[i] for i in needs)) if needs else frozenset[bytes]()
        self.statements[statement.id] = statement
        self._pasts[statement.id] = past
        self.heads = sorted([h for h in self.heads if h not in past] + [statement.id])
        self._views.clear()

    @property
    def waiting(self) -> int:
        """How many statements wait for one that they name."""
        return len(self._waiting)

    # Reading

    def certificates(self, node: bytes) -> list[str]:
        """The certificates (PEM) from a node up to the root: node, its centre, the centres above, the root's own."""
        view = self.now()
        grant = view.nodes.get(node)
        if grant is None:
            return []
        centres = [view.centres[p] for p in (grant.centre, *above(grant.centre)) if p in view.centres]
        ids = [grant.granted, *(c.granted for c in centres), self.realm]
        return [str(self.statements[i].core.data.get("cert", "")) for i in ids]

    def proof(self, node: bytes) -> list[bytes]:
        """The statements (wire) by which a stranger of the same realm can see that a node was admitted, oldest first."""
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
        heads = list(heads)
        return frozenset(heads).union(*(self._pasts[h] for h in heads)) if heads else frozenset()

    def now(self) -> View:
        """As seen with everything that is here."""
        return self.view(self.heads)

    def view(self, heads: Iterable[bytes]) -> View:
        """As seen from these heads, which must be known."""
        key = tuple(sorted(heads))
        if key not in self._views:
            self._views[key] = _judge(self, self._past(key))
        return self._views[key]

    def order(self, ids: Iterable[bytes]) -> list[Statement]:
        """These statements, each after all of its past; ties by id, so that every node judges alike."""
        return [self.statements[i] for i in sorted(ids, key=lambda i: (len(self._pasts[i]), i))]

    def saw(self, later: bytes, earlier: bytes) -> bool:
        """Whether the writer of `later` had seen `earlier`."""
        return earlier in self._pasts[later]


def _judge(authority: Authority, ids: frozenset[bytes]) -> View:
    """Read the statements from above: first who is fallen, rank by rank, then the grants that stand."""
    ordered = authority.order(ids)
    keys = _keys(authority.realm, ordered)
    revoked: dict[bytes, list[Statement]] = {}
    for rank in range(DEPTH_MAX + 1):
        for s in ordered:
            if s.core.kind == "revoke" and keys.get(s.core.issuer, (99, b"", b""))[0] == rank:
                _note_revocation(authority, s, keys, revoked)
    view = View(revoked={t: _kept(authority, rs) for t, rs in revoked.items()})
    for s in ordered:
        if _stands(authority, s, keys, revoked):
            _apply(authority, s, keys, revoked, view)
    return view


def _keys(realm: bytes, ordered: list[Statement]) -> dict[bytes, tuple[int, bytes, bytes]]:
    """Every issuer that was ever granted from above: key id → (rank, public key, statement that granted it)."""
    keys: dict[bytes, tuple[int, bytes, bytes]] = {}
    paths: dict[bytes, str] = {}
    for s in ordered:
        try:
            if s.id == realm and s.core.kind == "realm":
                root = bytes(s.core.data["root"])
                if digest(root) == s.core.issuer and _signed(s, root):
                    keys[s.core.issuer], paths[s.core.issuer] = (0, root, s.id), ROOT
            elif s.core.kind == "centre" and s.core.issuer in keys and _signed(s, keys[s.core.issuer][1]):
                path, key = check_path(s.core.data["path"]), bytes(s.core.data["key"])
                parent = (above(path) or [ROOT])[0]
                if parent == paths[s.core.issuer]:
                    keys.setdefault(digest(key), (depth(path), key, s.id))
                    paths.setdefault(digest(key), path)
        except (KeyError, TypeError, ValueError, Refused):
            continue  # a statement with the wrong data grants nothing
    return keys


def _signed(s: Statement, public: bytes) -> bool:
    return _verified(public, s.wire)


@lru_cache(maxsize=8192)  # every view asks again about the same few statements
def _verified(public: bytes, wire: bytes) -> bool:
    outer = _decode_wire(wire)
    return verify(public, outer.sig, b"fenghuo statement\x00" + outer.core)


def _note_revocation(
    authority: Authority, s: Statement, keys: dict[bytes, tuple[int, bytes, bytes]], revoked: dict[bytes, list[Statement]]
) -> None:
    """A revocation counts when its issuer stands above its target and is not itself fallen before it."""
    target = bytes(s.core.data.get("target", b""))
    rank, public, _ = keys[s.core.issuer]
    if target in keys and keys[target][0] <= rank:
        return
    if target not in keys and not _is_own_grant(authority, s, target):
        return
    if _signed(s, public) and _stands(authority, s, keys, revoked):
        revoked.setdefault(target, []).append(s)


def _is_own_grant(authority: Authority, s: Statement, target: bytes) -> bool:
    """Nodes and persons are ended by the centre that admitted them, or by whoever stands above it."""
    issuer_path = _path_of(authority, s.core.issuer)
    for other in authority.statements.values():
        if other.core.kind in ("node", "person") and _grant_id(other) == target:
            path = other.core.data.get("centre", "")
            if issuer_path == ROOT or is_at_or_above(issuer_path, path):
                return True
    return False


def _path_of(authority: Authority, issuer: bytes) -> str:
    for s in authority.statements.values():
        if s.core.kind == "centre" and _grant_id(s) == issuer:
            return str(s.core.data.get("path", ROOT))
    return ROOT


def _grant_id(s: Statement) -> bytes:
    key = s.core.data.get("key", b"")
    return digest(key) if isinstance(key, bytes) else b""


def _kept(authority: Authority, revocations: list[Statement]) -> frozenset[bytes]:
    """Of concurrent revocations what all keep is kept; a later one that knew an earlier one replaces it."""
    last = [r for r in revocations if not any(authority.saw(o.id, r.id) for o in revocations if o is not r)]
    kept = [frozenset(bytes(i) for i in r.core.data.get("keeps", [])) for r in last]
    return frozenset.intersection(*kept) if kept else frozenset()


def _stands(
    authority: Authority, s: Statement, keys: dict[bytes, tuple[int, bytes, bytes]], revoked: dict[bytes, list[Statement]]
) -> bool:
    """Whether a statement's issuer was granted, signed it, and is not cut below it."""
    if s.core.issuer not in keys or not _signed(s, keys[s.core.issuer][1]):
        return False
    cuts = revoked.get(s.core.issuer)
    if not cuts:
        return True
    kept = _kept(authority, cuts)
    return s.id in kept or any(authority.saw(k, s.id) for k in kept if k in authority.statements)


def _apply(
    authority: Authority,
    s: Statement,
    keys: dict[bytes, tuple[int, bytes, bytes]],
    revoked: dict[bytes, list[Statement]],
    view: View,
) -> None:
    """Write one standing statement into the view; data of the wrong shape grants nothing."""
    data, issuer = s.core.data, _path_of(authority, s.core.issuer)
    try:
        if s.core.kind == "centre":
            if keys.get(_grant_id(s), (0, b"", b""))[2] == s.id and not _ended(authority, s, revoked):
                view.centres[data["path"]] = Centre(data["path"], bytes(data["key"]), str(data["name"]), s.id)
        elif s.core.kind == "node" and data["centre"] == issuer and not _ended(authority, s, revoked):
            grant = NodeGrant(_grant_id(s), bytes(data["key"]), issuer, str(data["use"]), str(data["name"]), s.id)
            view.nodes[grant.id] = grant
        elif s.core.kind == "person" and data["centre"] == issuer and not _ended(authority, s, revoked):
            roles = frozenset(data["roles"]) & frozenset(ROLES)
            key, name, phone = bytes(data["key"]), str(data["name"]), str(data.get("phone", ""))
            view.persons[_grant_id(s)] = PersonGrant(_grant_id(s), key, issuer, name, roles, phone, s.id)
        elif s.core.kind == "keeper" and data["centre"] == issuer:
            view.keepers[issuer] = bytes(data["node"])
        elif s.core.kind == "rules" and issuer == ROOT:
            view.rules = max(view.rules, int(data["version"]))
    except (KeyError, TypeError, ValueError):
        return


def _ended(authority: Authority, grant: Statement, revoked: dict[bytes, list[Statement]]) -> bool:
    """A revocation ends every grant of its target that had not seen it."""
    return any(not authority.saw(grant.id, r.id) for r in revoked.get(_grant_id(grant), []))
