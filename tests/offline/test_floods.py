"""A node with a valid certificate and a program of its own: what it sends takes nothing from anybody else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from comms import protocol
from offline import authority, founding, merge, ops, store
from offline.authority import WAITING_MAX, Core, Wire
from offline.errors import BadInput, Malformed
from offline.ops import Op
from offline.profile import Opened
from tests.helpers.world import Forger, World, see, send

COUNTY, TOWN, SIBLING = "huaian/lianshui", "huaian/lianshui/gaogou", "huaian/lianshui/dadong"


@contextlib.contextmanager
def county(folder: Path) -> Iterator[tuple[World, Opened, Opened, Opened]]:
    """A county with two towns under a city."""
    with World(folder) as world:
        world.centre("huaian")
        places = [world.centre(path) for path in (COUNTY, TOWN, SIBLING)]
        world.settle()
        yield world, *places


def junk(rogue: Forger, record: bytes, count: int, *, stamp: tuple[int, int] = (0, 0)) -> list[Op]:
    """Notes on a record that their author has no part in, older by their own word than all else."""
    return [
        rogue.op("incident.note", {"text": "j"}, record=record, parents=[record], stamp=stamp, salt=n.to_bytes(16))
        for n in range(count)
    ]


def test_a_stranger_cannot_push_out_what_others_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "NODE_OPS_MAX", 20)
    with county(tmp_path) as (world, here, _, sibling):
        record = world.report(here, "dam")
        world.do(here, "incident.accept", record)
        rogue = Forger(sibling)
        rogue.give(here, *junk(rogue, record, 60))
        assert see(here, record)["stage"] == "accepted"


def test_a_stranger_cannot_fill_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "RECORD_OPS", 30)
    with county(tmp_path) as (world, here, _, sibling):
        record = world.report(here, "dam")
        rogue = Forger(sibling)
        rogue.give(here, *junk(rogue, record, 60))
        change = here.store.commit([store.Draft("incident.accept", {}, record)])
        assert len(change.ops) == 1, "no joins for what counts nowhere"
        assert see(here, record)["stage"] == "accepted"


@pytest.mark.parametrize("kind", ["incident.note", "incident.join"])
def test_only_a_share_widens_an_audience(tmp_path: Path, kind: str) -> None:
    with county(tmp_path) as (world, here, town, _):
        record = world.report(town, "dam")
        rogue = Forger(town)
        signin = town.store.session.op if kind == "incident.note" else b""  # type: ignore[union-attr]
        data = {"to": [SIBLING]} | ({"text": "look"} if kind == "incident.note" else {})
        world.settle()
        rogue.give(here, rogue.op(kind, data, record=record, parents=[record], signin=signin))
        assert see(here, record)["audience"] == [TOWN]


def test_a_receipt_does_not_widen_an_audience(tmp_path: Path) -> None:
    with county(tmp_path) as (world, here, town, _):
        task = world.do(here, "task.order", title="t", to=TOWN)
        world.settle()
        world.do(town, "task.accept", task, to=SIBLING)
        world.settle()
        assert see(here, task)["audience"] == [COUNTY, TOWN]


@pytest.mark.parametrize("to", ["../x", "huaian/%", "", "Huaian", "a/" * 9 + "a", "huaian/\u202ex"])
def test_nothing_is_shared_with_what_is_no_centre(tmp_path: Path, to: str) -> None:
    with county(tmp_path) as (world, here, _, _):
        record = world.report(here, "dam")
        with pytest.raises(BadInput):
            world.do(here, "incident.share", record, to=[to])


def test_nothing_is_shared_with_ten_thousand_at_once(tmp_path: Path) -> None:
    with county(tmp_path) as (world, here, _, _):
        record = world.report(here, "dam")
        with pytest.raises(BadInput):
            world.do(here, "incident.share", record, to=[f"huaian/x{n}" for n in range(10_000)])


def test_half_characters_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with county(tmp_path) as (world, here, _, _), pytest.raises(BadInput):
        world.report(here, "\ud800")


def test_a_sign_in_of_nobody_is_kept_and_counts_nowhere(tmp_path: Path) -> None:
    with county(tmp_path) as (_, here, town, _):
        rogue = Forger(town)
        change = rogue.give(here, rogue.op("session.signin", {"person": "z" * 64}))
        assert len(change.ops) == 1 and not change.records


def waiting(realm: bytes, count: int) -> list[bytes]:
    """Statements that nobody signed and that name what never comes."""
    cores = [Core("FHs0", realm, bytes(32), b"", [n.to_bytes(32)], "node", (0, 0), {}) for n in range(count)]
    return [msgspec.msgpack.encode(Wire(msgspec.msgpack.encode(c), bytes(64))) for c in cores]


def test_statements_that_wait_keep_no_others_out(tmp_path: Path) -> None:
    with county(tmp_path) as (world, here, town, _):
        change = here.store.receive("x", waiting(here.store.realm, WAITING_MAX + 5), [], [])
        assert change.full and len(change.refused) == 5
        founding.add_person(here, "Wang", "a-secret-of-wang-1", ["duty"], "", world.means)
        founding.add_person(town, "Li", "a-secret-of-li-1", ["duty"], "", world.means)
        send(town, here)
        assert {"Wang", "Li"} <= {p.name for p in here.store.authority.now().persons.values()}


def test_a_wrong_signature_does_not_stand_in_for_the_right_one(tmp_path: Path) -> None:
    with county(tmp_path) as (_, here, town, _):
        key = founding.centre_key(town)
        grant = {"centre": TOWN, "key": bytes(32), "name": "n", "roles": ["duty"], "phone": ""}
        first, second = (town.store.state_authority(key, "person", grant) for _ in range(2))
        forged = msgspec.msgpack.encode(Wire(msgspec.msgpack.decode(second, type=Wire).core, bytes(64)))
        change = here.store.receive("x", [forged, second, first], [], [])
        assert change.statements == 2


def test_views_of_the_history_that_anybody_asks_for_are_not_all_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "VIEWS_MAX", 5)
    with county(tmp_path) as (_, here, town, _):
        rogue = Forger(town)
        ids = list(here.store.authority.statements)
        rogue.give(here, *(rogue.op("incident.report", {"title": "t"}, authority=[i]) for i in ids))
        assert len(here.store.authority._views) <= 5 and len(here.store.authority._seen) <= 5


def test_signatures_that_fit_nothing_are_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    real = store.verify
    monkeypatch.setattr(store, "verify", lambda *a: tried.append(1) or real(*a))  # type: ignore[func-returns-value]
    monkeypatch.setattr(store, "FORGED_MAX", 50)
    with county(tmp_path) as (_, here, town, _):
        rogue = Forger(town)
        me, realm = rogue.key.id, rogue.realm
        places = [(s, n) for s in (8, 9) for n in range(40)]
        heads = [ops.Header(ops.TAG, realm, me, s, 0, bytes(32), n.to_bytes(8), bytes(32)) for s, n in places]
        sigs = [(me, s, 0, n.to_bytes(64)) for s, n in places]
        change = here.store.receive("x", [], [Op(h.pack(), None) for h in heads], sigs)
        assert not change.ops and len(tried) <= 50


def nested(depth: int) -> bytes:
    """An op's core whose data is so many lists in each other."""
    pack = msgspec.msgpack.encode
    parts = [bytes(16), b"", [], b"", [], b"", "warning.propose", [0, 0]]
    return b"\x99" + b"".join(map(pack, parts)) + b"\x81" + pack("alert") + b"\x91" * depth + b"\xc0"


@pytest.mark.parametrize("depth", [40, 900, 990, 100_000])
def test_what_is_nested_too_deep_is_unread_on_every_machine_alike(depth: int) -> None:
    with pytest.raises(Malformed):
        ops.read_body(ops.pack_body(nested(depth)))
    assert ops.read_body(ops.pack_body(nested(20)))


def test_a_heavy_record_is_shared_in_batches_that_a_peer_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with county(tmp_path) as (world, here, town, _):
        record = world.report(here, "dam")
        for _ in range(20):
            world.do(here, "incident.note", record, text="险" * 20_000)
        world.settle()
        world.do(here, "incident.share", record, to=[TOWN])
        after = town.store.cursor(here.store.node.id.hex()).pos  # type: ignore[union-attr]
        sizes = []
        while (out := here.store.outgoing(TOWN, after, town.store.node.id.hex())).pos > after:
            sizes.append(sum(map(len, protocol.encode_batch(out, after, here.store.epoch))))
            after = out.pos
        assert sum(sizes) > 1_200_000 and max(sizes) < 400_000
        world.settle()
        assert len(see(town, record)["notes"]) == len(see(here, record)["notes"])
