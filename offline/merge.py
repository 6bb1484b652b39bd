"""The fold: what the ops on one record add up to, conflicts kept as values.

Its only inputs are op bytes and the authority history: never a clock, the order of arrival, or a setting. An op is
*lawful* when its author was entitled to that step on what they had seen; it is *effective* when the merge lets it
stand. For a field the sides are the writes that no other has in its past. For commands the sides are the ends of the
branches made by `on`: seeing the other side does not end it, only a settlement does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from offline.authority import Authority, PersonGrant, View, depth, is_at_or_above
from offline.clock import Stamp
from offline.errors import BadInput
from offline.ops import Body, Core, Header, digest, person_text, stamp_of
from offline.records import check
from offline.rules import kinds, table
from offline.trust import verify

OPS_MAX = 5_000  # a record that grows beyond this continues in another


@dataclass(frozen=True)
class Signin:
    """A sign-in as other ops name it: who, on which node, where in its chain."""

    node: bytes
    person: bytes
    segment: int
    seq: int


@dataclass
class Item:
    """One op as the fold reads it."""

    id: bytes
    header: Header
    body: Body
    core: Core
    stamp: Stamp = Stamp(0, 0)
    past: int = 0
    """Bit mask of the ops of this record that its author had seen, by index."""
    why_not: str = ""
    """Why it is unlawful; empty when it is lawful."""
    void: bool = False
    centre: str = ""
    person: PersonGrant | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> kinds.Kind:
        return table.KINDS[self.core.kind]

    @property
    def stands(self) -> bool:
        """Lawful and not void."""
        return not self.why_not and not self.void

    @property
    def rank(self) -> tuple[Stamp, bytes]:
        return self.stamp, self.id


@dataclass
class State:
    """What a record adds up to."""

    id: bytes
    record: str
    home: str
    stage: str
    fields: dict[str, Any]
    conflicts: list[dict[str, Any]]
    audience: list[str]
    stamp: Stamp
    first: Stamp
    by: str
    heads: list[bytes]
    standing: list[Item]
    """The commands of the branch that stands, first to last."""
    notes: list[Item]
    unlawful: list[tuple[bytes, str]]
    gaps: list[bytes]
    """Parents that have not arrived."""


def fold(
    items: Iterable[Item],
    authority: Authority,
    signins: Callable[[bytes], Signin | None],
    keeper_at: Callable[[View, str], bytes | None] = lambda view, path: view.keepers.get(path),
) -> State | None:
    """Fold the ops of one record, in any order, into its state; None while its first op is not here or not lawful."""
    ordered, gaps = _order(list(items)[:OPS_MAX])
    if not ordered or ordered[0].core.record:
        return None
    first = ordered[0]
    index: dict[bytes, int] = {}
    known: dict[bytes, Item] = {}
    for n, item in enumerate(ordered):
        _place(item, known, index)
        item.why_not = _judge(item, first, known, index, authority, signins, keeper_at)
        index[item.id], known[item.id] = n, item
    if first.why_not:
        return None
    _strike(ordered, known, authority)
    return _sum_up(ordered, known, index, gaps)


def _order(items: list[Item]) -> tuple[list[Item], list[bytes]]:
    """Parents before children; what hangs on a missing parent is left out and the parent named."""
    by_id = {i.id: i for i in items}
    children: dict[bytes, list[Item]] = defaultdict(list)
    missing: set[bytes] = set()
    waits: dict[bytes, int] = {}
    for item in items:
        here = [p for p in item.core.parents if p in by_id]
        missing.update(p for p in item.core.parents if p not in by_id)
        waits[item.id] = len(item.core.parents)
        for parent in here:
            children[parent].append(item)
    ready = [i for i in items if not waits[i.id]]
    ordered: list[Item] = []
    while ready:
        ready.sort(key=lambda i: (bool(i.core.record), i.core.stamp, i.id), reverse=True)
        item = ready.pop()
        ordered.append(item)
        for child in children[item.id]:
            waits[child.id] -= 1
            if not waits[child.id]:
                ready.append(child)
    return ordered, sorted(missing)


def _place(item: Item, known: dict[bytes, Item], index: dict[bytes, int]) -> None:
    """Reckon an op's past and its stamp, which counts as at least one more than its parents'."""
    parents = [known[p] for p in item.core.parents]
    for parent in parents:
        item.past |= parent.past | 1 << index[parent.id]
    item.stamp = max((stamp_of(item.core), *(p.stamp.after() for p in parents)))


def _judge(
    item: Item,
    first: Item,
    known: dict[bytes, Item],
    index: dict[bytes, int],
    authority: Authority,
    signins: Callable[[bytes], Signin | None],
    keeper_at: Callable[[View, str], bytes | None],
) -> str:
    """Why this op is unlawful, or an empty string. Reads the op, its record's first op and its authority, no more."""
    core = item.core
    kind = table.KINDS.get(core.kind)
    if kind is None or kind.record != first.core.kind.partition(".")[0]:
        return "a kind of entry that does not belong to this record"
    if item is not first and not core.parents:
        return "an entry on an existing record that names none before it"
    older = [h for p in core.parents for h in known[p].core.authority]
    if not authority.covers(core.authority, older):
        return "made under less authority than what it follows"
    try:
        item.data = check(kind.record, kind.shape, core.data)
    except BadInput as error:
        return error.message
    if any(item.data.get(name) in (None, "") for name in kind.needs):
        return f"{kind.name} lacks one of: {', '.join(kind.needs)}"
    return (
        _judge_author(item, kind, authority.view(core.authority), signins)
        or _judge_place(item, kind, first, authority.view(core.authority), keeper_at)
        or _judge_step(item, kind, known, index)
    )


def _judge_author(item: Item, kind: kinds.Kind, view: View, signins: Callable[[bytes], Signin | None]) -> str:
    """Both the node's certificate and the person's role must allow it."""
    node = view.nodes.get(item.header.node)
    if node is None:
        return "its node was not admitted by any centre"
    item.centre = node.centre
    if kind.name == "session.signin":
        person = view.persons.get(bytes.fromhex(item.data.get("person") or ""))
    else:
        person = _signed_in(item, view, signins)
    if person is None:
        return "" if kind.unattended else "nobody with a role was signed in"
    if not is_at_or_above(person.centre, node.centre) and not is_at_or_above(node.centre, person.centre):
        return "the person has no post at that centre"
    item.person = person
    if (kind.heavy or item.body.person_sig) and not _person_signed(item, person):
        return "it lacks the person's own signature"
    return "" if kind.unattended else table.may_hold(kind, person.roles) or ""


def _signed_in(item: Item, view: View, signins: Callable[[bytes], Signin | None]) -> PersonGrant | None:
    signin = signins(item.core.signin) if item.core.signin else None
    if signin is None or signin.node != item.header.node:
        return None
    if signin.segment == item.header.segment and signin.seq >= item.header.seq:
        return None
    return view.persons.get(signin.person)


def _person_signed(item: Item, person: PersonGrant) -> bool:
    return verify(person.key, item.body.person_sig, person_text(item.header.realm, item.header.node, item.body.core))


def _judge_place(
    item: Item, kind: kinds.Kind, first: Item, view: View, keeper_at: Callable[[View, str], bytes | None]
) -> str:
    """Whether the author's centre may write this kind on this record."""
    home = first.centre or item.centre
    if kind.where == "home" and not is_at_or_above(item.centre, home):
        return f"only {home} or a centre above it may do that"
    if kind.where == "target" and not is_at_or_above(item.centre, str(first.data.get("to"))):
        return f"the order is for {first.data.get('to')}"
    if kind.where == "keeper" and keeper_at(view, home) != item.header.node:
        return f"only the keeper of {home} commits its resources"
    return ""


def _judge_step(item: Item, kind: kinds.Kind, known: dict[bytes, Item], index: dict[bytes, int]) -> str:
    """A command continues a lawful command in its past, by a step that the table gives: a look-up, no fold."""
    if kind.shape != "step":
        return ""
    on = known.get(item.core.on)
    if on is None or not item.past >> index[on.id] & 1:
        return "it continues a command that its author had not seen"
    if on.why_not or on.kind.shape not in ("create", "step"):
        return "it continues something that is no lawful command"
    return table.may_follow(kind, on.kind.to) or ""


def _strike(ordered: list[Item], known: dict[bytes, Item], authority: Authority) -> None:
    """Void what a revocation does not keep, and let fall the commands that continue it."""
    revoked = authority.now().revoked
    for item in ordered:
        cuts = [revoked[k] for k in (item.header.node, item.person.id if item.person else b"") if k in revoked]
        item.void = any(item.id not in kept and not _below_kept(item, kept) for kept in cuts)
        if not item.void and item.core.on in known and not item.why_not and item.kind.shape == "step":
            item.void = known[item.core.on].void


def _below_kept(item: Item, kept: frozenset[bytes]) -> bool:
    """Whether the op lies at or below a kept place in its chain, written as segment and sequence number."""
    place = digest(item.header.node + item.header.segment.to_bytes(8, "big"))[:16]
    return any(k[:16] == place and int.from_bytes(k[16:24], "big") >= item.header.seq for k in kept if len(k) == 24)


def cut(node: bytes, segment: int, seq: int) -> bytes:
    """The name of a place in a chain for a revocation's list of what it keeps: this op and all below it."""
    return digest(node + segment.to_bytes(8, "big"))[:16] + seq.to_bytes(8, "big")


def _sum_up(ordered: list[Item], known: dict[bytes, Item], index: dict[bytes, int], gaps: list[bytes]) -> State:
    first = ordered[0]
    fields, conflicts = _fields(ordered, index)
    standing, quarrel = _commands(ordered, known)
    if quarrel:
        conflicts.append(quarrel)
    for item in standing[1:]:
        fields.update({k: v for k, v in item.data.items() if k not in ("with", "to")})
    stage = standing[-1].kind.to if standing else ("void" if first.void else first.kind.to)
    named = {p for i in ordered for p in i.core.parents}
    last = max(ordered, key=lambda i: i.rank)
    return State(
        id=first.id,
        record=first.kind.record,
        home=first.centre,
        stage=stage,
        fields=fields,
        conflicts=conflicts,
        audience=_audience(ordered),
        stamp=last.stamp,
        first=first.stamp,
        by=first.person.name if first.person else "",
        heads=[i.id for i in ordered if i.id not in named],
        standing=standing,
        notes=[i for i in ordered if i.stands and i.kind.shape == "note"],
        unlawful=[(i.id, i.why_not) for i in ordered if i.why_not],
        gaps=gaps,
    )


def _audience(ordered: list[Item]) -> list[str]:
    """The record's centre and whom its lawful ops added; those above each are implied. It only grows."""
    paths = {ordered[0].centre}
    for item in ordered:
        if not item.why_not:
            to = item.data.get("to") or []
            paths.update([to] if isinstance(to, str) else to)
    return sorted(paths)


# Fields


def _fields(ordered: list[Item], index: dict[bytes, int]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    writes: dict[str, list[Item]] = defaultdict(list)
    for item in ordered:
        if item.stands and item.kind.shape in ("create", "edit"):
            for name in item.data:
                writes[name].append(item)
    fields: dict[str, Any] = {}
    conflicts: list[dict[str, Any]] = []
    for name, items in writes.items():
        sides = [w for w in items if not any(o.past >> index[w.id] & 1 for o in items)]
        top = max(sides, key=lambda i: i.rank)
        fields[name] = top.data[name]
        values = {msgspec.json.encode(s.data[name], order="sorted"): s for s in sorted(sides, key=lambda i: i.rank)}
        if len(values) > 1:
            conflicts.append(_field_conflict(name, sides, top))
    return fields, conflicts


def _field_conflict(name: str, sides: list[Item], top: Item) -> dict[str, Any]:
    return {
        "what": name,
        "why": "the latest stamp is shown",
        "sides": [_side(s, s.data[name], s is top) for s in sorted(sides, key=lambda i: i.rank, reverse=True)],
    }


def _side(item: Item, value: Any, stands: bool) -> dict[str, Any]:
    who = item.person.name if item.person else ""
    return {
        "op": item.id.hex(),
        "value": value,
        "by": who,
        "centre": item.centre,
        "stamp": list(item.stamp),
        "stands": stands,
    }


# Commands


def _commands(ordered: list[Item], known: dict[bytes, Item]) -> tuple[list[Item], dict[str, Any] | None]:
    """The branch of commands that stands, and the conflict when more than one end is open."""
    commands = [i for i in ordered if i.stands and i.kind.shape in ("create", "step")]
    if not commands or commands[0] is not ordered[0]:
        return [], None
    twins = _twins(commands)
    children: dict[bytes, list[Item]] = defaultdict(list)
    for item in commands[1:]:
        if twins[item.id] == item.id:
            children[twins[item.core.on]].append(item)
    leaves = {i.id for i in commands if twins[i.id] == i.id and not children[i.id]}
    open_ends = _open_ends(leaves, ordered, twins)
    standing = _choose(ordered[0], children, open_ends)
    if len(open_ends) < 2:
        return standing, None
    return standing, _command_conflict(open_ends, known, standing, children)


def _twins(commands: list[Item]) -> dict[bytes, bytes]:
    """Equal steps along equal paths are one side: each command's first equal."""
    seen: dict[tuple[bytes, str, bytes], bytes] = {}
    twin: dict[bytes, bytes] = {}
    for item in sorted(commands, key=lambda i: i.rank):
        data = {k: v for k, v in item.data.items() if k != "with"}
        key = (twin.get(item.core.on, b""), item.core.kind, msgspec.json.encode(data, order="sorted"))
        twin[item.id] = seen.setdefault(key, item.id)
    return twin


def _open_ends(leaves: set[bytes], ordered: list[Item], twins: dict[bytes, bytes]) -> set[bytes]:
    """Ends that no settlement has closed; when settlements closed every end, all they name are open again."""
    closed: set[bytes] = set()
    for item in ordered:
        if item.stands and item.kind.shape == "settle":
            ends = {twins.get(bytes.fromhex(e), b"") for e in item.data["ends"]}
            closed |= ends - {twins.get(bytes.fromhex(item.data["keep"]), b"")}
    return (leaves - closed) or leaves


def _choose(first: Item, children: dict[bytes, list[Item]], open_ends: set[bytes]) -> list[Item]:
    """Walk from the first command; at each fork take the branch that stands by the rule."""
    path, here = [first], first
    alive = _alive(first, children, open_ends)
    while True:
        branches = [c for c in children[here.id] if c.id in alive]
        if not branches:
            return path
        here = min(branches, key=lambda c: _precedence(c, children))
        path.append(here)


def _alive(first: Item, children: dict[bytes, list[Item]], open_ends: set[bytes]) -> set[bytes]:
    """Commands from which an open end can be reached."""
    alive: set[bytes] = set()
    stack: list[tuple[Item, bool]] = [(first, False)]
    while stack:
        item, done = stack.pop()
        if done:
            if item.id in open_ends or any(c.id in alive for c in children[item.id]):
                alive.add(item.id)
        else:
            stack.append((item, True))
            stack.extend((c, False) for c in children[item.id])
    return alive


def _precedence(branch: Item, children: dict[bytes, list[Item]]) -> tuple[bool, int, tuple[Stamp, bytes]]:
    """A plain commitment before an overdraft; then the centre nearest the root; then the earliest first op."""
    items, stack = [], [branch]
    while stack:
        item = stack.pop()
        items.append(item)
        stack.extend(children[item.id])
    overdraft = any(i.core.kind.endswith(".overdraft") for i in items)
    return overdraft, min(depth(i.centre) for i in items), branch.rank


def _command_conflict(
    ends: set[bytes], known: dict[bytes, Item], standing: list[Item], children: dict[bytes, list[Item]]
) -> dict[str, Any]:
    on_path = {i.id for i in standing}
    sides = sorted((known[e] for e in ends), key=lambda i: (i.id not in on_path, i.rank))
    return {
        "what": "stage",
        "why": "the centre nearest the root stands, then the earliest",
        "sides": [_side(s, {"stage": s.kind.to, **s.data}, s.id in on_path) for s in sides],
    }
