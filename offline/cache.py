"""The cache: current state of every record, as panels, map and search read it; rebuilt from the log at any time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from offline import search
from offline.authority import above
from offline.clock import rfc3339
from offline.engine import Connection
from offline.merge import State
from offline.rules.table import ENDED, RECORDS

_CLEAR = tuple(f"DELETE FROM {table}" for table in ("records", "audience", "waiting", "search", "places"))  # noqa: S608
_encode = msgspec.json.Encoder(order="sorted").encode


def stored(state: State) -> dict[str, Any]:
    """A state as it is kept: the same on every node that holds the same ops, whatever its clock or its order."""
    return {
        "by": state.by,
        "stage": state.stage,
        "stamp": list(state.stamp),
        "fields": {k: v for k, v in state.fields.items() if k != "with"},
        "conflicts": state.conflicts,
        "audience": state.audience,
        "end": state.standing[-1].id.hex() if state.standing else "",
        "heads": sorted(h.hex() for h in state.heads),
        "steps": [_step(i) for i in state.standing],
        "notes": [_step(i) for i in state.notes],
        "gaps": [g.hex() for g in state.gaps],
    }


def _step(item: Any) -> dict[str, Any]:
    data = {k: v for k, v in item.data.items() if k not in ("with", "alert")} if item.kind.shape != "create" else {}
    return {
        "op": item.id.hex(),
        "kind": item.core.kind,
        "at": rfc3339(item.stamp.wall_ms),
        "by": item.person.name if item.person else "",
        "centre": item.centre,
        "data": data,
    }


def write(con: Connection, state: State) -> list[str] | None:
    """Write a record's state and its index rows; returns the centres that may now see it and could not, None when all
    is as it was."""
    ended = int(state.stage in ENDED.get(state.record, frozenset()))
    about = state.fields.get("incident")
    row = (
        state.record, state.home, state.stage, ended, state.first.wall_ms, state.stamp.wall_ms, len(state.conflicts),
        bytes.fromhex(about) if about else None, _encode(stored(state)).decode(),
    )  # fmt: skip
    old = con.execute("SELECT rowid, stage, state FROM records WHERE id=?", (state.id,)).fetchone()
    if old and old[1:] == (state.stage, row[-1]):
        return None
    if old:
        rowid = old[0]
        con.execute(
            "UPDATE records SET kind=?,home=?,stage=?,ended=?,first_ms=?,stamp_ms=?,conflicts=?,about=?,state=?"
            " WHERE rowid=?",
            (*row, rowid),
        )
    else:
        rowid = _rowid(con, state)
        con.execute(
            "INSERT INTO records(kind,home,stage,ended,first_ms,stamp_ms,conflicts,about,state,id,rowid)"
            " VALUES(?,?,?,?,?,?,?,?,?,?,?)", (*row, state.id, rowid),
        )  # fmt: skip
    if state.record in RECORDS:
        _index(con, rowid, bool(old), state)
    return _widen(con, state)


def remove(con: Connection, record: bytes) -> bool:
    """Take a record out whose first op no longer stands; returns whether it was shown."""
    row = con.execute("SELECT rowid FROM records WHERE id=?", (record,)).fetchone()
    if row:
        con.execute("DELETE FROM records WHERE rowid=?", row)
        con.execute("DELETE FROM search WHERE rowid=?", row)
        con.execute("DELETE FROM places WHERE id=?", row)
    return row is not None


def _rowid(con: Connection, state: State) -> int:
    """Row numbers rise with a record's first stamp, so that the text index itself gives the newest first."""
    rowid = min(state.first.wall_ms, (1 << 42) - 1) << 20 | int.from_bytes(state.id[:3], "big") >> 4
    while con.execute("SELECT 1 FROM records WHERE rowid=?", (rowid,)).fetchone():
        rowid += 1
    return rowid


def _index(con: Connection, rowid: int, existed: bool, state: State) -> None:
    if existed:
        con.execute("DELETE FROM search WHERE rowid=?", (rowid,))
        con.execute("DELETE FROM places WHERE id=?", (rowid,))
    con.execute("INSERT INTO search(rowid,text) VALUES(?,?)", (rowid, search.text_of(state.fields)))
    position = state.fields.get("position")
    if position:
        lon, lat = position
        con.execute("INSERT INTO places VALUES(?,?,?,?,?)", (rowid, lon, lon, lat, lat))


def _widen(con: Connection, state: State) -> list[str]:
    had = {c for (c,) in con.execute("SELECT centre FROM audience WHERE record=?", (state.id,))}
    con.executemany("INSERT INTO audience VALUES(?,?)", [(state.id, c) for c in state.audience if c not in had])
    return sorted(implied(state.audience) - implied(had)) if had else []


def implied(audience: Iterable[str]) -> set[str]:
    """Every centre that may see a record with this audience: those named and all above them."""
    return {centre for path in audience for centre in (path, *above(path))}


def clear(con: Connection) -> None:
    """Empty the cache before it is rebuilt from the log."""
    for sql in _CLEAR:
        con.execute(sql)
