"""Benches of the ground floor: start of the command, catching up, search, bounding box."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from offline import engine, founding
from offline.profile import Opened
from offline.store import Cursor, Draft
from offline.vault import LIGHT

ROOT = Path(__file__).resolve().parents[2]
WORDS = [
    *("圩堤", "渗漏", "内涝", "转移", "安置", "泵站", "水位", "塌方", "火警", "泄漏"),
    *("停电", "断路", "抢险", "群众", "车辆", "医院", "学校", "河道", "暴雨", "大风"),
]
RUNS = 5
BATCH = 60


def timed(work: Callable[[], Any]) -> float:
    """Seconds that work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def side_by_side(ours: Callable[[], Any], limit: Callable[[], Any], runs: int = RUNS) -> tuple[float, float]:
    """Median seconds of both, taken in turns."""
    pairs = [(timed(ours), timed(limit)) for _ in range(runs)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def startup(runs: int) -> dict[str, Any]:
    """`--help` against a bare interpreter."""

    def start(*words: str) -> None:
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    ours, bare = side_by_side(lambda: start("-m", "console", "--help"), lambda: start("-c", "pass"), runs)
    return {"ratios": {"help_vs_bare": ours / bare}, "figures": {"help_s": round(ours, 3)}, "runs": runs}


class World:
    """A city's desk full of records and, beside it, an empty hub of the same centre."""

    def __init__(self, folder: Path, count: int) -> None:
        means = founding.Means(lambda: time.time_ns() // 1_000_000, os.urandom, LIGHT)
        self.folder, self.means, self.count = folder, means, count
        self.desk = founding.found(
            folder / "desk", founding.NewCentre("huaian", "淮安市", "周明远", "bench secret 1"), means
        )
        self._hubs = 0
        draw = random.Random(7)
        for start in range(0, count, BATCH):
            self.desk.store.commit([self._draft(draw, n) for n in range(start, min(start + BATCH, count))])

    def _draft(self, draw: random.Random, number: int) -> Draft:
        title = "".join(draw.choices(WORDS, k=3)) + str(number)
        place = [round(draw.uniform(118, 120), 5), round(draw.uniform(33, 34.5), 5)]
        return Draft("incident.report", {"title": title, "position": place})

    def hub(self) -> Opened:
        """A new, empty hub."""
        self._hubs += 1
        profile = founding.add_profile(self.desk, self.folder / f"hub{self._hubs}", "hub", "bench secret 2", self.means)
        return profile.unlock("bench secret 2", person=None, wall=self.means.wall, random=os.urandom)

    def close(self) -> None:
        """Close the desk."""
        self.desk.close()


def catchup(count: int) -> dict[str, Any]:
    """An empty hub takes in everything: verified, committed, state built; against plain inserts of the same rows."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), count)
        ours, limits = [], []
        for run in range(3):
            hub = world.hub()
            ours.append(timed(lambda hub=hub: _drain(world.desk, hub)))
            limits.append(_plain_inserts(hub, Path(folder) / f"limit{run}.db"))
            hub.close()
        world.close()
    mine, limit = statistics.median(ours), statistics.median(limits)
    return {"ratios": {"vs_executemany": mine / limit}, "figures": {"ops_per_s": round(count / mine)}, "runs": 3}


def _drain(source: Opened, sink: Opened) -> None:
    name, epoch, pos, more = source.store.node.id.hex(), source.store.epoch, 0, True
    while more:
        out = source.store.outgoing(sink.centre, pos, sink.store.node.id.hex())
        sink.store.receive(name, out.statements, out.ops, out.sigs, Cursor(epoch, out.pos, out.run))
        pos, more = out.pos, out.more


def _plain_inserts(hub: Opened, path: Path) -> float:
    reader = hub.store.reader()
    ops = reader.execute("SELECT id, node, segment, seq, header, body, record, kind FROM ops").fetchall()
    states = reader.execute("SELECT id, kind, home, stage, state FROM records").fetchall()
    reader.close()
    con = engine.connect(path, os.urandom(32), write=True)
    con.execute("CREATE TABLE ops(id BLOB PRIMARY KEY, node, segment, seq, header, body, record, kind)")
    con.execute("CREATE TABLE records(id BLOB PRIMARY KEY, kind, home, stage, state)")
    started = time.perf_counter()
    with engine.transaction(con):
        con.executemany("INSERT INTO ops VALUES(?,?,?,?,?,?,?,?)", ops)
        con.executemany("INSERT INTO records VALUES(?,?,?,?,?)", states)
    seconds = time.perf_counter() - started
    con.close()
    return seconds


def search(count: int) -> dict[str, Any]:
    """Newest 50 with a two- to four-character word, against LIKE over the same states; recall against LIKE."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), count)
        view = world.desk.view()
        terms = [*WORDS[:4], WORDS[0] + WORDS[1]]
        like = "SELECT id FROM records WHERE state LIKE ? ORDER BY rowid DESC LIMIT 50"
        con = world.desk.store.reader()

        def by_like() -> list[set[str]]:
            return [{r[0].hex() for r in con.execute(like, (f"%{t}%",))} for t in terms]

        def by_index() -> list[set[str]]:
            return [{r["id"] for r in view.search(t)} for t in terms]

        mine, limit = side_by_side(by_index, by_like)
        pairs = list(zip(by_index(), by_like(), strict=True))
        con.close()
        world.close()
    hits = sum(len(b) for _, b in pairs)
    recall = sum(len(a & b) for a, b in pairs) / hits if hits else 1.0
    return {"ratios": {"vs_like": mine / limit, "recall": recall}, "figures": {"records": count}, "runs": RUNS}


def bbox(count: int) -> dict[str, Any]:
    """Ids in 1 % of the area, against a B-tree on longitude and latitude."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), count)
        con = world.desk.store._con
        con.execute("CREATE TEMP TABLE flat AS SELECT id, lon0 AS lon, lat0 AS lat FROM places")
        con.execute("CREATE INDEX temp.flat_place ON flat(lon, lat)")
        box = (118.9, 119.1, 33.675, 33.825)
        tree = "SELECT id FROM places WHERE lon1>=? AND lon0<=? AND lat1>=? AND lat0<=?"
        flat = "SELECT id FROM flat WHERE lon BETWEEN ? AND ? AND lat BETWEEN ? AND ?"
        found: dict[str, set[int]] = {}

        def ask(name: str, sql: str) -> None:
            for _ in range(20):
                found[name] = {r[0] for r in con.execute(sql, box)}

        mine, limit = side_by_side(lambda: ask("tree", tree), lambda: ask("flat", flat))
        same = len(found["tree"] & found["flat"]) / max(1, len(found["flat"]))
        world.close()
    return {"ratios": {"vs_btree": mine / limit, "recall": float(same)}, "figures": {"records": count}, "runs": RUNS}
