"""The fold: what the ops on one record add up to, conflicts kept as values.

Its only inputs are op bytes and the authority history: never a clock, the order of arrival, or a setting. An op is
*lawful* when its author was entitled to that step on what they had seen; it is *effective* when the merge lets it
stand. For a field the sides are the writes that no other has in its past. For commands the sides are the ends of the
branches made by `on`: seeing the other side does not end it, only a settlement does.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from offline.authority import Authority, PersonGrant, View, depth, is_at_or_above
from offline.clock import ZERO, Stamp
from offline.errors import BadInput
from offline.ops import Body, Core, Header, digest, person_text, stamp_of
from offline.records import check
from offline.rules import kinds, table
from offline.trust import verify

NODE_OPS_MAX = 1_000  # of one node on one record, twice what a node writes: a flood pushes out nothing of others


@dataclass(frozen=True)
class Signin:
    """A sign-in as other ops name it: who, on which node, where in its chain, and the person's own signature for it."""

    node: bytes
    person: bytes
    segment: int
    seq: int
    text: bytes = b""
    sig: bytes = b""
    _proved: dict[bytes, bool] = field(default_factory=dict, compare=False, repr=False)

    def is_by(self, key: bytes) -> bool:
        """Whether the holder of this public key signed in here: a node cannot sign anybody in by itself."""
        if key not in self._proved:
            self._proved[key] = verify(key, self.sig, self.text)
        return self._proved[key]


@dataclass
class Item:
    """One op as the fold reads it."""

    id: bytes
    header: Header
    body: Body
    core: Core
    stamp: Stamp = ZERO
    past: int = 0
    """Bit mask of the ops of this record that its author had seen, by index."""
    why_not: str = ""
    """Why it is unlawful; empty when it is lawful."""
    void: bool = False
    centre: str = ""
    person: PersonGrant | None = None
    data: dict[str, Any] = field(default_factory=dict)
    judged: object = None
    """The authority's token under which it was judged: its past never changes, so neither does the judgement."""

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


@dataclass
class _Case:
    """What is at hand while the ops of one record are judged, parents before children."""

    first: Item
    authority: Authority
    signins: Callable[[bytes], Signin | None]
    keeper_at: Callable[[View, str], bytes | None]
    index: dict[bytes, int] = field(default_factory=dict)
    known: dict[bytes, Item] = field(default_factory=dict)
    invites: list[tuple[int, list[str]]] = field(default_factory=list)
    """Who was added to the audience, and by which op (its index)."""

    def past(self, item: Item, op_id: bytes) -> Item | None:
        """The op of this id when the item's author had seen it."""
        op = self.known.get(op_id)
        return op if op is not None and item.past >> self.index[op.id] & 1 else None

    def keep(self, n: int, item: Item) -> None:
        """Take note of an op that was judged."""
        self.index[item.id], self.known[item.id] = n, item
        to = _added(item)
        if to:
            self.invites.append((n, to))


def fold(
    items: Iterable[Item],
    authority: Authority,
    signins: Callable[[bytes], Signin | None],
    keeper_at: Callable[[View, str], bytes | None] = lambda view, path: view.keepers.get(path),
) -> State | None:
    """Fold the ops of one record, in any order, into its state; None while its first op is not here or not lawful."""
    ordered, gaps = _order(list(items))
    if not ordered or ordered[0].core.record:
        return None
    case = _Case(ordered[0], authority, signins, keeper_at)
    for n, item in enumerate(ordered):
        _place(item, case)
        if item.judged is not authority.token:
            item.centre, item.person = "", None
            item.why_not, item.judged = _judge(item, case), authority.token
        case.keep(n, item)
    if case.first.why_not:
        return None
    _strike(ordered, case.known, authority)
    return _sum_up(ordered, case.known, case.index, gaps)


def _order(items: list[Item]) -> tuple[list[Item], list[bytes]]:
    """Parents before children, by stamp and id where both may come; what hangs on a missing parent is left out and the
    parent named. Beyond the bound a node's own newest are left out, the same everywhere."""
    if len(items) > NODE_OPS_MAX:
        items = _bounded(items)
    by_id = {i.id: i for i in items}
    children: dict[bytes, list[Item]] = defaultdict(list)
    for item in items:
        for parent in item.core.parents:
            children[parent].append(item)
    waits = {i.id: len(i.core.parents) for i in items}
    ready = [(_turn(i), i) for i in items if not waits[i.id]]
    heapq.heapify(ready)
    ordered: list[Item] = []
    while ready:
        item = heapq.heappop(ready)[1]
        ordered.append(item)
        for child in children[item.id]:
            waits[child.id] -= 1
            if not waits[child.id]:
                heapq.heappush(ready, (_turn(child), child))
    return ordered, sorted(p for p in children if p not in by_id)


def _bounded(items: list[Item]) -> list[Item]:
    """The oldest ops of each node, by what they say: whoever writes too many pushes out their own only."""
    counts: dict[bytes, int] = defaultdict(int)
    kept = []
    for item in sorted(items, key=_turn):
        counts[item.header.node] += 1
        if counts[item.header.node] <= NODE_OPS_MAX:
            kept.append(item)
    return kept


def _turn(item: Item) -> tuple[bool, tuple[int, int], bytes]:
    return bool(item.core.record), item.core.stamp, item.id


def _place(item: Item, case: _Case) -> None:
    """Reckon an op's past and its stamp, which counts as at least one more than its parents'."""
    parents = [case.known[p] for p in item.core.parents]
    item.past, item.void = 0, False
    for parent in parents:
        item.past |= parent.past | 1 << case.index[parent.id]
    item.stamp = max((stamp_of(item.core), *(p.stamp.after() for p in parents)))


def _judge(item: Item, case: _Case) -> str:
    """Why this op is unlawful, or an empty string. Reads the op, its record's first op and its authority, no more."""
    core = item.core
    kind = table.KINDS.get(core.kind)
    if kind is None or kind.record != case.first.core.kind.partition(".")[0]:
        return "a kind of entry that does not belong to this record"
    if (item is case.first) != (kind.shape == "create"):
        return "a record begins with the entry that creates it, once"
    if item is not case.first and not core.parents:
        return "an entry on an existing record that names none before it"
    older = [h for p in core.parents for h in case.known[p].core.authority]
    if not case.authority.covers(core.authority, older):
        return "made under less authority than what it follows"
    view = case.authority.view(core.authority)
    return (
        _judge_data(item, kind)
        or _judge_author(item, kind, view, case.signins)
        or _judge_place(item, kind, view, case)
        or _judge_step(item, kind, case)
        or _judge_ask(item, kind, case)
        or _judge_settlement(item, kind, case)
    )


def _judge_data(item: Item, kind: kinds.Kind) -> str:
    item.data = {}
    try:
        data = check(kind.record, kind.shape, item.core.data)
    except BadInput as error:
        return error.message
    if any(data.get(name) in (None, "") for name in kind.needs):
        return f"{kind.name} lacks one of: {', '.join(kind.needs)}"
    barred = [name for name in kind.bars if name in data]
    if barred:
        return f"{kind.name} may not change {', '.join(barred)}"
    item.data = data
    return ""


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
    if person.centre != node.centre:
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
    person = view.persons.get(signin.person)
    return person if person and signin.is_by(person.key) else None


def _person_signed(item: Item, person: PersonGrant) -> bool:
    return verify(person.key, item.body.person_sig, person_text(item.header.realm, item.header.node, item.body.core))


def _judge_place(item: Item, kind: kinds.Kind, view: View, case: _Case) -> str:
    """Whether the author's centre may write this kind on this record."""
    home = case.first.centre or item.centre
    if kind.where == "home" and not is_at_or_above(item.centre, home):
        return f"only {home} or a centre above it may do that"
    if kind.where == "target" and not is_at_or_above(item.centre, str(case.first.data.get("to"))):
        return f"the order is for {case.first.data.get('to')}"
    if kind.where == "keeper" and case.keeper_at(view, home) != item.header.node:
        return f"only the keeper of {home} commits its resources"
    if kind.where == "reader":
        paths = [home, *(p for n, to in case.invites if item.past >> n & 1 for p in to)]
        if not any(is_at_or_above(item.centre, p) for p in paths):
            return f"{item.centre} had no part in this record"
    return ""


def _judge_step(item: Item, kind: kinds.Kind, case: _Case) -> str:
    """A command continues a lawful command in its past, by a step that the table gives: a look-up, no fold."""
    if kind.shape != "step":
        return ""
    on = case.past(item, item.core.on)
    if on is None:
        return "it continues a command that its author had not seen"
    if on.why_not or on.kind.shape not in ("create", "step"):
        return "it continues something that is no lawful command"
    return table.may_follow(kind, on.kind.to) or ""


def _judge_ask(item: Item, kind: kinds.Kind, case: _Case) -> str:
    """A keeper's answer names a person's ask, once, and gives what was asked for and nothing else."""
    if "ask" not in kind.needs:
        return ""
    ask = case.past(item, bytes.fromhex(item.data["ask"]))
    if ask is None or ask.why_not or ask.core.kind != f"{kind.record}.ask":
        return "it answers nothing that a person asked for"
    if "task" in kind.needs and ask.data.get("task") != item.data["task"]:
        return "it was asked for another task"
    if kind.shape == "step" and not kind.name.endswith("." + str(ask.data["want"])):
        return f"what was asked for is to {ask.data['want']} it"
    for other in case.known.values():
        answers = not other.why_not and "ask" in other.kind.needs and other.data["ask"] == item.data["ask"]
        if answers and item.past >> case.index[other.id] & 1:
            return "that ask has been answered"
    return ""


def _judge_settlement(item: Item, kind: kinds.Kind, case: _Case) -> str:
    """A settlement names commands that its author had seen, and comes from no lower centre than any it closes."""
    if kind.shape != "settle":
        return ""
    for name in [*item.data["ends"], item.data["keep"]]:
        end = case.past(item, bytes.fromhex(name))
        if end is None or end.why_not or end.kind.shape not in ("create", "step"):
            return "it settles something that is no lawful command its author had seen"
        if name != item.data["keep"] and not is_at_or_above(item.centre, end.centre):
            return f"what {end.centre} did is settled there or above"
    return ""


def _strike(ordered: list[Item], known: dict[bytes, Item], authority: Authority) -> None:
    """Void what a revocation does not keep, and let fall the commands that continue it."""
    now = authority.now()
    revoked = now.revoked
    for item in ordered:
        holders = [k for k in (item.header.node, item.person.id if item.person else b"") if k in revoked]
        item.void = any(not _is_kept(item, k, now, authority) for k in holders)
        if not item.void and item.core.on in known and not item.why_not and item.kind.shape == "step":
            item.void = known[item.core.on].void


def _is_kept(item: Item, holder: bytes, now: View, authority: Authority) -> bool:
    """Whether what a fallen holder did stands: it is named, or made under a later grant that starts afresh."""
    kept = now.revoked[holder]
    if item.id in kept or _below_kept(item, kept):
        return True
    return any(authority.covers(item.core.authority, [g]) for g in now.afresh.get(holder, ()))


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
    standing, quarrel = _commands(ordered, known, index)
    if quarrel:
        conflicts.append(quarrel)
    for item in standing[1:]:
        fields.update({k: item.data[k] for k in (*item.kind.needs, "reason", "by") if k in item.data})
    stage = standing[-1].kind.to if standing else ("void" if first.void else first.kind.to)
    lawful = [i for i in ordered if not i.why_not]  # what is not asks nobody to have seen it
    named = {p for i in lawful for p in i.core.parents}
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
        heads=[i.id for i in lawful if i.id not in named],
        standing=standing,
        notes=[i for i in ordered if i.stands and i.kind.shape == "note"],
        unlawful=[(i.id, i.why_not) for i in ordered if i.why_not],
        gaps=gaps,
    )


def _audience(ordered: list[Item]) -> list[str]:
    """The record's centre and whom its lawful ops added; those above each are implied. It only grows."""
    return sorted({ordered[0].centre, *(path for item in ordered for path in _added(item))})


def _added(item: Item) -> list[str]:
    """Whom a lawful op adds to its record's audience: orders and shares do, whatever else carries the field."""
    to = item.data.get("to") if not item.why_not and "to" in item.kind.needs else None
    return [to] if isinstance(to, str) else list(to or [])


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


def _commands(
    ordered: list[Item], known: dict[bytes, Item], index: dict[bytes, int]
) -> tuple[list[Item], dict[str, Any] | None]:
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
    open_ends = _open_ends(leaves, ordered, twins, index)
    depths = _depths(commands, twins)
    standing = _choose(ordered[0], children, open_ends, depths)
    if len(open_ends) < 2:
        return standing, None
    return standing, _command_conflict(open_ends, known, standing)


def _twins(commands: list[Item]) -> dict[bytes, bytes]:
    """Equal steps along equal paths are one side: each command's first equal."""
    seen: dict[tuple[bytes, str, bytes], bytes] = {}
    twin: dict[bytes, bytes] = {}
    for item in sorted(commands, key=lambda i: i.rank):
        data = {k: v for k, v in item.data.items() if k != "with"}
        key = (twin.get(item.core.on, b""), item.core.kind, msgspec.json.encode(data, order="sorted"))
        twin[item.id] = seen.setdefault(key, item.id)
    return twin


def _depths(commands: list[Item], twins: dict[bytes, bytes]) -> dict[bytes, int]:
    """How near the root the highest centre stands that gave a command or its equal."""
    depths: dict[bytes, int] = {}
    for item in commands:
        side = twins[item.id]
        depths[side] = min(depths.get(side, depth(item.centre)), depth(item.centre))
    return depths


def _open_ends(
    leaves: set[bytes], ordered: list[Item], twins: dict[bytes, bytes], index: dict[bytes, int]
) -> set[bytes]:
    """Ends that no settlement has closed. Of the settlements that name an end those count that no other one had seen;
    where one of them keeps it the end is open, so that two that keep different ends leave both in view."""
    settlements = [i for i in ordered if i.stands and i.kind.shape == "settle"]
    keeps = {s.id: twins.get(bytes.fromhex(s.data["keep"]), b"") for s in settlements}
    names = {s.id: {twins.get(bytes.fromhex(e), b"") for e in s.data["ends"]} | {keeps[s.id]} for s in settlements}
    closed = set()
    for end in leaves:
        about = [s for s in settlements if end in names[s.id]]
        last = [s for s in about if not any(o.past >> index[s.id] & 1 for o in about)]
        if last and all(keeps[s.id] != end for s in last):
            closed.add(end)
    return (leaves - closed) or leaves


def _choose(
    first: Item, children: dict[bytes, list[Item]], open_ends: set[bytes], depths: dict[bytes, int]
) -> list[Item]:
    """Walk from the first command; at each fork take the branch that stands by the rule."""
    path, here = [first], first
    alive = _alive(first, children, open_ends)
    while True:
        branches = [c for c in children[here.id] if c.id in alive]
        if not branches:
            return path
        here = min(branches, key=lambda c: _precedence(c, children, depths))
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


def _precedence(
    branch: Item, children: dict[bytes, list[Item]], depths: dict[bytes, int]
) -> tuple[bool, int, tuple[Stamp, bytes]]:
    """A plain commitment before an overdraft; then the centre nearest the root; then the earliest first op."""
    items, stack = [], [branch]
    while stack:
        item = stack.pop()
        items.append(item)
        stack.extend(children[item.id])
    overdraft = any(i.core.kind.endswith(".overdraft") for i in items)
    return overdraft, min(depths[i.id] for i in items), branch.rank


def _command_conflict(
    ends: set[bytes], known: dict[bytes, Item], standing: list[Item]
) -> dict[str, Any]:
    on_path = {i.id for i in standing}
    sides = sorted((known[e] for e in ends), key=lambda i: (i.id not in on_path, i.rank))
    return {
        "what": "stage",
        "why": "the centre nearest the root stands, then the earliest",
        "sides": [_side(s, {"stage": s.kind.to, **s.data}, s.id in on_path) for s in sides],
    }
