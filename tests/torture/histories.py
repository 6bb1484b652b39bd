"""Random histories: centres and desks that work, part, restart, hear things twice and late, and must agree."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

from offline import ops
from offline.errors import FenghuoError
from offline.founding import centre_key
from offline.keeper import serve
from offline.merge import cut
from offline.profile import Opened
from offline.rules import table
from offline.store import Draft
from tests.helpers.world import Forger, World, digest_of, fold_of, record_items, send

PATHS = ("a", "a/x", "a/y", "a/x/t")
STEPS = 60
AT = "2026-07-12T06:00:00+08:00"


class Broken(AssertionError):
    """An oracle failed; the message names the seed."""


class Story:
    """One history from one seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = World(folder, seed)
        self.seed = seed
        self.acked: dict[str, list[bytes]] = {}
        """Ids of the ops that each node acknowledged as its own."""
        self.done: Counter[str] = Counter()
        self.fallen: set[str] = set()
        for path in PATHS[: self.dice.randrange(2, 5)]:
            self.world.centre(path)
            if self.dice.random() < 0.4:
                self.world.hub(path)
            if self.dice.random() < 0.4:
                self.world.desk(path, "second")
        self.world.settle()

    @property
    def nodes(self) -> list[Opened]:
        return list(self.world.nodes.values())

    def run(self) -> None:
        moves = (
            [self.act] * 10 + [self.talk] * 5 + [self.part, self.heal, self.restart, self.forge, self.keep, self.beat]
        )
        moves += [self.revoke] if self.dice.random() < 0.3 else []
        for _ in range(STEPS):
            self.world.now_ms += self.dice.choice([0, 1, 1000, 60_000, -600_000, 3_600_000])
            move = self.dice.choice(moves)
            move()
            self.done[move.__name__] += 1

    # Moves

    def act(self) -> None:
        """Somebody does something that the table may or may not allow."""
        node = self.dice.choice(self.nodes)
        view = node.view()
        kind = self.dice.choice(("incident", "task", "resource"))
        there = view.list(kind)
        tasks = [t["id"] for t in view.list("task")]
        view.close()
        node.views.remove(view)
        n = self.dice.randrange(3)
        others = {"to": self.dice.choice(list(self.world.nodes)).partition(":")[0]}
        first = {
            "incident": Draft("incident.report", {"title": f"事件 {n}"}),
            "task": Draft("task.order", {"title": f"任务 {n}", **others}),
            "resource": Draft("resource.register", {"name": f"力量 {n}", "type": "team"}),
        }[kind]
        if there and self.dice.random() < 0.8:
            found = self.dice.choice(there)
            verbs = [k for k in table.KINDS.values() if k.record == kind and k.shape != "create"]
            row = self.dice.choice(verbs)
            data = {name: self._value(name, tasks, found) for name in row.needs}
            if row.name.endswith("ask"):
                data["task"] = self._value("task", tasks, found)
            if row.shape == "edit" and not data:
                data = {"position": [119.0 + n, 33.0]} if n else {"title" if kind != "resource" else "name": f"新 {n}"}
            first = Draft(row.name, data, bytes.fromhex(found["id"]))
        self.commit(node, first)

    def _value(self, name: str, tasks: list[str], found: dict) -> object:
        stages = next((c for c in found["conflicts"] if c["what"] == "stage"), None)
        ends = [s["op"] for s in stages["sides"]] if stages else [found["id"]]
        asks = [a["op"] for a in found.get("asks", [])]
        return {
            "to": [self.dice.choice(PATHS)], "ends": ends, "keep": self.dice.choice(ends), "grade": "II",
            "want": self.dice.choice(["commit", "release"]), "task": self.dice.choice([*tasks, "0" * 64]),
            "ask": self.dice.choice([*asks, "0" * 64]), "into": self.dice.choice([*tasks, "0" * 64]),
            "title": "t", "name": "n", "type": "team",
        }.get(name, "理由")  # fmt: skip

    def commit(self, node: Opened, *drafts: Draft) -> None:
        try:
            change = node.store.commit(drafts)
        except FenghuoError:
            self.done["refused"] += 1
            return
        self.done["ops"] += len(change.ops)
        self.acked.setdefault(self.world.name(node), []).extend(change.ops)

    def talk(self) -> None:
        a, b = self.dice.sample(self.nodes, 2)
        if frozenset((self.world.name(a), self.world.name(b))) not in self.world.cut:
            send(a, b, twice=self.dice.random() < 0.3)

    def part(self) -> None:
        self.world.part(*self.dice.sample(self.nodes, 2))

    def heal(self) -> None:
        if self.world.cut:
            self.world.cut.discard(self.dice.choice(sorted(self.world.cut, key=sorted)))

    def restart(self) -> None:
        self.world.reopen(self.dice.choice(list(self.world.nodes)))

    def beat(self) -> None:
        if not self.fallen:
            self.world.beat()

    def keep(self) -> None:
        node = self.dice.choice(self.nodes)
        if self.world.name(node) not in self.fallen and node.store.is_keeper:
            view = node.view()
            for change in serve(node.store, view):
                self.acked.setdefault(self.world.name(node), []).extend(change.ops)
            view.close()
            node.views.remove(view)

    def forge(self) -> None:
        """A node whose program was changed writes what it may not: in another's name, over the table, out of scope."""
        node, victim = self.dice.sample(self.nodes, 2)
        heads = [h for (h,) in victim.store._con.execute("SELECT id FROM records").fetchall()] or [bytes(32)]
        record = self.dice.choice(heads)
        rogue = Forger(node, segment=self.dice.randrange(1 << 40))
        kind = self.dice.choice([*table.KINDS, "mystery.kind"])
        boss = victim.store.session.op if victim.store.session else b""
        base = {"record": self.dice.choice([record, b""]), "parents": [record], "on": record}
        batch = [
            rogue.op(kind, {"title": "forged"}, **base),
            rogue.op("incident.void", {"reason": "forged"}, **base, signin=boss),
            rogue.op("incident.grade", {"grade": "I"}, **base),
            rogue.raw(self.dice.randbytes(40)),
        ]
        rogue.give(node, *batch)

    def revoke(self) -> None:
        """A centre cuts one of its second desks off, keeping what it had heard of it."""
        name = next((n for n in self.world.nodes if n.endswith(":second") and n not in self.fallen), None)
        centre = self.world.nodes[name.partition(":")[0]] if name else None
        if name is None or centre is None:
            return
        target = self.world.nodes[name].store.node.id
        keeps = [cut(target, s, q) for (n, s), q in centre.store.heads().items() if n == target]
        centre.store.state_authority(centre_key(centre), "revoke", {"target": target, "keeps": keeps})
        self.fallen.add(name)

    # Oracles

    def judge(self) -> None:
        """Everybody meets; then the oracles."""
        self.world.cut.clear()
        self.world.settle()
        for name, ids in self.acked.items():
            held = {i for (i,) in self.world.nodes[name].store._con.execute("SELECT id FROM ops")}
            self.demand(held.issuperset(ids), f"{name} lost what it had acknowledged")
        for path in PATHS:
            upper = [o for n, o in self.world.nodes.items() if (path + "/").startswith(o.centre + "/")]
            self.demand(len({digest_of(o, path) for o in upper}) <= 1, f"those who may see {path} disagree")
        for name, node in self.world.nodes.items():
            self.judge_node(name, node)

    def judge_node(self, name: str, node: Opened) -> None:
        con = node.store._con
        rows = con.execute("SELECT node, segment, seq, header, id FROM ops ORDER BY node, segment, seq").fetchall()
        prev: dict[tuple[bytes, int], tuple[int, bytes]] = {}
        for n, s, q, header, op_id in rows:
            at, head = prev.get((n, s), (-1, ops.ZERO_ID))
            self.demand((q, ops.read_header(header).prev) == (at + 1, head), f"{name} holds a chain with a hole")
            prev[n, s] = (q, op_id)
        before = {p: digest_of(node, p) for p in PATHS}
        self.world.now_ms += 365 * 86_400_000
        node.store.rebuild()
        self.demand(before == {p: digest_of(node, p) for p in PATHS}, f"{name}: the state is not the fold of its log")
        for (record,) in con.execute("SELECT id FROM records").fetchall():
            self.judge_record(node, record)

    def judge_record(self, node: Opened, record: bytes) -> None:
        items = record_items(node, record)
        state = fold_of(node, items)
        assert state is not None
        now = node.store.authority.now()
        forged = [i for i in items if "forged" in (i.data.get("title"), i.data.get("reason")) and i.stands]
        self.demand(not [i for i in forged if i.core.signin and i.person is None], "an op without authority counts")
        for item in [*state.standing, *state.notes]:
            grant = node.store.authority.view(item.core.authority).nodes.get(item.header.node)
            self.demand(grant is not None and item.stands, "an op of nobody's counts")
            for holder in (item.header.node, item.person.id if item.person else b""):
                kept = now.revoked.get(holder)
                ok = kept is None or cut(item.header.node, item.header.segment, item.header.seq) in kept
                places = kept or ()
                below = any(
                    k[:16] == cut(item.header.node, item.header.segment, 0)[:16]
                    and int.from_bytes(k[16:], "big") >= item.header.seq
                    for k in places
                )
                self.demand(ok or below, "what a revocation does not keep counts")
        shuffled = items[:]
        self.dice.shuffle(shuffled)
        again = fold_of(node, shuffled)
        self.demand(again is not None and again.stage == state.stage, "another order gives another stage")

    def demand(self, true: bool, text: str) -> None:
        if not true:
            raise Broken(f"seed {self.seed}: {text}")


def run(folder: Path, seed: int) -> Counter[str]:
    """One history from a seed in a folder of its own; Broken names what failed. Returns what happened, counted."""
    home = folder / f"history-{seed}"
    story = Story(home, seed)
    try:
        story.run()
        story.judge()
    finally:
        story.world.close()
        shutil.rmtree(home, ignore_errors=True)
    return story.done
