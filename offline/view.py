"""What panels, the map and the command line read: records as plain JSON-ready dicts, lists with bounds, the inbox.

A view reads through a connection of its own, belongs to one thread, and never writes. What one record shows of another
(a task's resources, a receipt's delivery) is joined here when read; every fact has one owner record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from offline import search
from offline.authority import Authority, above, is_at_or_above
from offline.beats import read as read_beat
from offline.clock import WallMs, parse_ms, rfc3339
from offline.engine import Connection
from offline.errors import BadInput, NotFound
from offline.rules.table import RECORDS, steps_from
from offline.rules.warning import IN_FORCE

LIST_MAX = 5_000
DESK_MAX = 1_000  # of each sort of waiting thing; the oldest are never cut off
PREFIX_MIN = 6
Record = dict[str, Any]
Records = list[Record]
_COLUMNS = "r.id, r.kind, r.home, r.stage, r.state, r.stamp_ms, r.first_ms"


class View:
    """Reads one realm's cache for one thread.

    Args:
        con: a read-only connection (`Store.reader()`). authority: the live history of the store. centre: this desk's
        own centre path. wall: wall clock in milliseconds.
    """

    def __init__(self, con: Connection, authority: Authority, centre: str, wall: WallMs) -> None:
        self._con, self._authority, self.centre, self._wall = con, authority, centre, wall

    def close(self) -> None:
        """Close the view's own connection."""
        self._con.close()

    # One

    def get(self, name: str) -> Record:
        """The record with this id or unambiguous beginning of it (six characters or more); NotFound, BadInput."""
        return self._record(self._row(name))

    def id_of(self, name: str) -> bytes:
        """The full id for an id or its beginning."""
        return bytes(self._row(name)[0])

    def _select(self, rest: str, args: tuple[Any, ...]) -> Any:
        """Rows of records; `rest` is SQL of ours, whatever a person gave is in `args`."""
        return self._con.execute(f"SELECT {_COLUMNS} FROM {rest}", args)  # noqa: S608

    def _row(self, name: str) -> tuple[Any, ...]:
        text = name.strip().lower()
        try:
            low = bytes.fromhex(text.ljust(64, "0"))
            high = bytes.fromhex(text.ljust(64, "f"))
        except ValueError:
            raise BadInput(f"“{name}” is no id.") from None
        if len(text) < PREFIX_MIN or len(text) > 64:
            raise BadInput(f"Give at least {PREFIX_MIN} characters of the id.")
        rows = self._select(
            "records r WHERE id BETWEEN ? AND ? LIMIT 2",
            (low, high),
        ).fetchall()
        if not rows:
            raise NotFound(f"No record here begins with {name}.")
        if len(rows) > 1:
            raise BadInput(f"More than one record begins with {name}; give more of the id.")
        return tuple(rows[0])

    def _record(self, row: tuple[Any, ...]) -> Record:
        record_id, kind, home, stage, state, _, first_ms = row
        kept = msgspec.json.decode(state)
        out: Record = {
            "id": record_id.hex(),
            "kind": kind,
            "centre": home,
            "stage": stage,
            "stamp": rfc3339(kept["stamp"][0]),
            "by": kept["by"],
            "at_first": rfc3339(first_ms),
            "as_of": self.as_of(home),
            "conflicts": kept["conflicts"],
            "gap": bool(kept["gaps"]),
            "steps": kept["steps"],
            "notes": kept["notes"],
            "audience": kept["audience"],
            "end": kept["end"],
        }
        out.update({k: v for k, v in kept["fields"].items() if k not in out})
        if kind == "task":
            self._add_ticks(out)
        elif kind == "resource":
            self._add_asks(out)
        return out

    def _add_ticks(self, out: Record) -> None:
        """Stored here → delivered (the target's own signature) → accepted by a person; where it waits, since when."""
        turns = [n for n, s in enumerate(out["steps"]) if s["kind"] in ("task.order", "task.again")]
        since = out["steps"][turns[-1] :] if turns else []
        delivered = self._delivery(since[0]["op"], str(out.get("to", ""))) if since else None
        answers = [s for s in since if s["kind"] in ("task.accept", "task.decline")]
        if answers and delivered is None:  # a person's answer proves that the order arrived
            delivered = {"at": answers[0]["at"], "node": "", "centre": out.get("to", "")}
        accepts = [{"at": s["at"], "by": s["by"]} for s in answers if s["kind"] == "task.accept"]
        out["ticks"] = {"stored": True, "delivered": delivered, "accepted": accepts[-1] if accepts else None}
        out["waiting"] = None
        if out["stage"] == "ordered":
            ordered_at = since[0]["at"] if since else out["at_first"]
            why = "not delivered" if delivered is None else "not accepted"
            out["waiting"] = {"since": ordered_at if delivered is None else delivered["at"], "why": why}

    def _delivery(self, order: str, to: str) -> Record | None:
        """The earliest signed word of a node of the addressed centre that the order is there."""
        row = self._con.execute(
            "SELECT centre, node, at_ms FROM delivered WHERE op=? AND centre=? ORDER BY at_ms LIMIT 1",
            (bytes.fromhex(order), to),
        ).fetchone()
        return {"at": rfc3339(row[2]), "node": row[1].hex(), "centre": row[0]} if row else None

    def _add_asks(self, out: Record) -> None:
        answered = {s["data"].get("ask") for s in [*out["steps"], *out["notes"]] if s["kind"] != "resource.ask"}
        asks = [n for n in out["notes"] if n["kind"] == "resource.ask" and n["op"] not in answered]
        out["asks"] = asks
        refusals = [n for n in out["notes"] if n["kind"] == "resource.refuse"]
        out["refused"] = refusals[-1]["data"].get("reason") if refusals else None
        if out["stage"] != "committed":
            out["task"] = None
        if asks and out["stage"] == "available":
            out["stage"] = "asked"

    # Many

    def list(
        self, kind: str, *, stage: str | Sequence[str] | None = None, open_only: bool = False, about: str | None = None,
        home: str | None = None, oldest_first: bool = False, limit: int = 200,
    ) -> Records:  # fmt: skip
        """Records of a kind, newest first unless asked otherwise, up to `limit` of those that fit.

        Args:
            stage: one stage or several; `asked` is a resource that is available and asked for.
            about: id of the incident they belong to. home: path of the centre they belong to.
        """
        where, args = ["r.kind=?"], [kind]
        stages = [stage] if isinstance(stage, str) else stage
        if stages is not None:
            kept = sorted({"available" if s == "asked" else s for s in stages})
            where.append(f"r.stage IN ({','.join('?' * len(kept))})")
            args += kept
        if open_only:
            where.append("r.ended=0")
        if home:
            where.append("r.home=?")
            args.append(home)
        if about:
            where.append("r.about=?")
            args.append(bytes.fromhex(about))  # type: ignore[arg-type] # the one argument that is no text
        order = "r.first_ms, r.id" if oldest_first else "r.first_ms DESC, r.id"
        rows = self._select(
            f"records r WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?", (*args, min(limit, LIST_MAX))
        ).fetchall()
        out = [self._record(r) for r in rows]
        return [r for r in out if stages is None or r["stage"] in stages]

    def linked(self, kind: str, field: str, record: str, limit: int = 200) -> Records:
        """Records of a kind whose field `task` or `parent` names this record, newest first."""
        path = {"task": "$.fields.task", "parent": "$.fields.parent"}[field]
        rows = self._select(
            "records r WHERE r.kind=? AND json_extract(r.state, ?)=? ORDER BY r.first_ms DESC LIMIT ?",
            (kind, path, record, min(limit, LIST_MAX)),
        ).fetchall()
        return [self._record(r) for r in rows]

    def changed(self, ids: Sequence[bytes]) -> Records:
        """The records of people's kinds among these ids."""
        out = []
        for record_id in ids[:LIST_MAX]:
            row = self._select("records r WHERE id=?", (record_id,)).fetchone()
            if row and row[1] in RECORDS:
                out.append(self._record(row))
        return out

    def search(self, text: str, kind: str | None = None, limit: int = 50) -> Records:
        """Newest records with these words anywhere in their text; Chinese by characters, two or more at once."""
        phrase = search.query(text)
        if not phrase:
            return []
        only, args = ("AND r.kind=?", [kind]) if kind else ("", [])
        rows = self._select(
            f"search s JOIN records r ON r.rowid=s.rowid WHERE s.text MATCH ? {only} ORDER BY r.rowid DESC LIMIT ?",
            (phrase, *args, min(limit, LIST_MAX)),
        ).fetchall()
        return [self._record(r) for r in rows]

    def bbox(self, west: float, south: float, east: float, north: float, limit: int = 500) -> Records:
        """Records with a position inside this box (degrees, WGS-84), newest first."""
        rows = self._select(
            "places p JOIN records r ON r.rowid=p.id"
            " WHERE p.lon1>=? AND p.lon0<=? AND p.lat1>=? AND p.lat0<=? ORDER BY r.first_ms DESC LIMIT ?",
            (west, east, south, north, min(limit, LIST_MAX)),
        ).fetchall()
        return [self._record(r) for r in rows]

    def conflicts(self, limit: int = 200) -> Records:
        """Records with an open conflict, the oldest first."""
        rows = self._select(
            "records r WHERE r.conflicts>0 ORDER BY r.stamp_ms LIMIT ?",
            (min(limit, LIST_MAX),),
        ).fetchall()
        return [self._record(r) for r in rows]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many records there are by kind and stage."""
        out: dict[str, dict[str, int]] = {}
        for kind, stage, n in self._con.execute("SELECT kind, stage, count(*) FROM records GROUP BY kind, stage"):
            if kind in RECORDS:
                out.setdefault(kind, {})[stage] = n
        return out

    def find_alert(self, identifier: str, sender: str, sent: str | None) -> str | None:
        """The id (hex) of the warning kept for this very alert, or None."""
        row = self._con.execute(
            "SELECT id FROM records WHERE kind='warning' AND json_extract(state,'$.fields.identifier')=?"
            " AND json_extract(state,'$.fields.sender')=? AND json_extract(state,'$.fields.sent') IS ? LIMIT 1",
            (identifier[:300], sender[:300], sent),
        ).fetchone()
        return row[0].hex() if row else None

    def find_partial(self, entry: str) -> str | None:
        """The id (hex) of the proposal made from an index's summary of this entry, or None."""
        row = self._con.execute(
            "SELECT id FROM records WHERE kind='warning' AND stage='proposed'"
            " AND json_extract(state,'$.fields.identifier')=? AND json_extract(state,'$.fields.alert.partial') LIMIT 1",
            (entry[:300],),
        ).fetchone()
        return row[0].hex() if row else None

    # The desk

    def inbox(self, limit: int = 200) -> Records:
        """What waits for this desk, the worst first: `{what, record, title, since, overdue_s, do}`.

        what is one of receipt (an order to us), proposal (an alert), verify (an incident), conflict, chase (our order
        without receipt), work (an order we accepted), check (an order of ours reported done).
        """
        now = self._wall()
        rows = [
            *self._receipts(now),
            *self._proposals(),
            *self._unverified(),
            *self._quarrels(),
            *self._chases(now),
        ]
        rows.sort(key=lambda r: (-r["overdue_s"], r["rank"], r["since"]))
        return rows[:limit]

    def _row_of(self, what: str, rank: int, record: Record, do: str, overdue_s: int = 0) -> Record:
        return {
            "what": what, "rank": rank, "record": record["id"], "kind": record["kind"], "title": title_of(record),
            "since": record["at_first"], "overdue_s": max(overdue_s, 0), "do": do, "centre": record["centre"],
        }  # fmt: skip

    def _open_tasks(self, *stages: str) -> Records:
        return self.list("task", stage=stages, oldest_first=True, limit=DESK_MAX)

    def _receipts(self, now: int) -> Records:
        tasks = self._open_tasks("ordered", "accepted", "under_way")
        mine = [t for t in tasks if t.get("to") == self.centre and t["centre"] != self.centre]
        return [
            self._row_of("receipt", 0, t, "accept", _late_s(t, now))
            if t["stage"] == "ordered"
            else self._row_of("work", 4, t, "done", _late_s(t, now))
            for t in mine
        ]

    def _proposals(self) -> Records:
        rows = self.list("warning", stage="proposed", home=self.centre, oldest_first=True, limit=DESK_MAX)
        return [self._row_of("proposal", 1, w, "act") for w in rows]

    def _unverified(self) -> Records:
        stages = ("reported", "accepted", "returned")
        rows = self.list("incident", stage=stages, home=self.centre, oldest_first=True, limit=DESK_MAX)
        return [self._row_of("verify", 2, i, "verify") for i in rows]

    def _quarrels(self) -> Records:
        return [self._row_of("conflict", 1, r, "settle") for r in self.conflicts()]

    def _chases(self, now: int) -> Records:
        tasks = self.list("task", stage=("ordered", "done"), home=self.centre, oldest_first=True, limit=DESK_MAX)
        mine = [t for t in tasks if t.get("to") != self.centre]
        waiting = [self._row_of("chase", 3, t, "chase", _late_s(t, now)) for t in mine if t["waiting"]]
        return waiting + [self._row_of("check", 3, t, "check") for t in mine if t["stage"] == "done"]

    def warnings_in_force(self) -> Records:
        """Warnings that stand now, by stage; the worst colour first. Expiry is a view and is shown, not applied."""
        order = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
        rows = self.list("warning", stage=sorted(IN_FORCE), limit=DESK_MAX)
        return sorted(rows, key=lambda w: order.get(w.get("colour") or "", 4))

    def steps(self, record: Record) -> Sequence[str]:
        """Names of the commands that the table lets follow the record's stage."""
        return [k.name for k in steps_from(record["kind"], record["stage"])]

    # Who and when

    def as_of(self, centre: str) -> str | None:
        """The newest signed word from a centre's nodes: up to then its part is known. None: never heard."""
        rows = self._con.execute("SELECT node, stamp_ms FROM beats").fetchall()
        nodes = self._authority.now().nodes
        stamps = [ms for node, ms in rows if node in nodes and nodes[node].centre == centre]
        return rfc3339(max(stamps)) if stamps else None

    def centres(self) -> Records:
        """Every centre of the realm, root first: `{path, name, as_of, nodes, mine, above}`."""
        view = self._authority.now()
        return [
            {
                "path": c.path, "name": c.name, "as_of": self.as_of(c.path), "mine": c.path == self.centre,
                "above": is_at_or_above(c.path, self.centre) and c.path != self.centre,
                "nodes": [
                    {"id": n.id.hex(), "name": n.name, "use": n.use} for n in view.nodes.values() if n.centre == c.path
                ],
            }
            for c in sorted(view.centres.values(), key=lambda c: c.path)
        ]  # fmt: skip

    def persons(self, centre: str | None = None) -> Records:
        """People on duty: `{id, name, centre, roles, phone}`."""
        view = self._authority.now()
        return [
            {
                "id": p.id.hex(), "kind": "person", "name": p.name, "centre": p.centre, "roles": sorted(p.roles),
                "phone": p.phone,
            }
            for p in sorted(view.persons.values(), key=lambda p: (p.centre, p.name))
            if centre is None or p.centre == centre
        ]  # fmt: skip

    def name_of(self, path: str) -> str:
        """What people call a centre; the path itself when it is not known here."""
        centre = self._authority.now().centres.get(path)
        return centre.name if centre else path

    def unsent(self, peer: str) -> int:
        """How many of the log's entries this peer has not said it has stored."""
        row = self._con.execute("SELECT pos FROM acks WHERE peer=?", (peer,)).fetchone()
        query = "SELECT count(*) FROM log WHERE pos>? AND origin<>?"
        return int(self._con.execute(query, (row[0] if row else 0, peer)).fetchone()[0])

    def unsent_anywhere(self) -> int:
        """How many entries written on this node no peer at all has said it has stored."""
        stored = self._con.execute("SELECT coalesce(max(pos), 0) FROM acks").fetchone()[0]
        return int(self._con.execute("SELECT count(*) FROM log WHERE pos>? AND origin=''", (stored,)).fetchone()[0])

    def unsent_above(self) -> int:
        """How many ops of this centre's nodes no node of the centre above has signed that it holds.

        From beats alone, so it is right at a desk whose hub is cut off; a moment behind when all is well. 0 at the top.
        """
        parent = (above(self.centre) or [""])[0]
        nodes = self._authority.now().nodes
        held: dict[tuple[bytes, int], int] = {}
        for node, wire in self._con.execute("SELECT node, wire FROM beats"):
            if node in nodes and nodes[node].centre == parent:
                for chain, segment, seq in read_beat(wire).core.heads:
                    held[chain, segment] = max(held.get((chain, segment), -1), seq)
        if not parent or not held:
            return 0
        rows = self._con.execute("SELECT node, segment, seq FROM chains").fetchall()
        mine = [(n, s, q) for n, s, q in rows if n in nodes and nodes[n].centre == self.centre]
        return sum(max(0, q - held.get((n, s), -1)) for n, s, q in mine)

    def lacks(self, ops: Sequence[str]) -> Sequence[str]:
        """Those of these op ids (hex) that are not stored here."""
        query = "SELECT 1 FROM ops WHERE id=?"
        return [o for o in ops if self._con.execute(query, (bytes.fromhex(o),)).fetchone() is None]

    def digest(self, centre: str | None = None) -> dict[str, Any]:
        """`{realm, centre, ops, records, heads, digest}` over exactly the records that a centre may see."""
        centre = centre or self.centre
        seen, count = hashlib.sha256(), 0
        rows = self._con.execute("SELECT id, kind, state, stage FROM records ORDER BY id")
        for record_id, kind, state, stage in rows:
            if kind in RECORDS and self._may_see(centre, record_id):
                count += 1
                seen.update(record_id + hashlib.sha256(f"{kind}\0{stage}\0{state}".encode()).digest())
        ops = self._con.execute("SELECT count(*) FROM ops").fetchone()[0]
        heads = self._con.execute("SELECT count(*) FROM chains").fetchone()[0]
        realm = self._authority.realm.hex()
        return {
            "realm": realm,
            "centre": centre,
            "ops": ops,
            "records": count,
            "heads": heads,
            "digest": seen.hexdigest(),
        }

    def _may_see(self, centre: str, record: bytes) -> bool:
        rows = self._con.execute("SELECT centre FROM audience WHERE record=?", (record,))
        return any(is_at_or_above(centre, path) for (path,) in rows)

    def below(self, centre: str | None = None, *, all_levels: bool = False) -> Sequence[str]:
        """Paths of the centres directly under a centre, or of all levels under it."""
        mine = centre or self.centre
        paths = sorted(p for p in self._authority.now().centres if p.startswith(mine + "/"))
        return paths if all_levels else [p for p in paths if above(p)[0] == mine]


def title_of(record: Record) -> str:
    """What a record is called on one line: its title, headline, event, name or first words."""
    for name in ("title", "headline", "event", "name", "text", "words", "caller"):
        if record.get(name):
            return str(record[name])
    return ""


def _late_s(task: Record, now: int) -> int:
    due = task.get("due_at")
    return (now - parse_ms(due)) // 1000 if due else 0

