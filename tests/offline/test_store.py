"""The one door: what it acknowledged is there, what it refused changed nothing, and who may not see gets no body."""

from __future__ import annotations

import shutil
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from offline import engine, log, ops, schema
from offline.errors import BadInput, Locked, Malformed, NeverSaved, NotFound, Refused, StoreTrouble, TooNew
from offline.founding import centre_key
from offline.ops import Op
from offline.profile import Opened, Profile
from offline.store import DRAFTS_MAX, RECORD_OPS, Cursor, Draft, Ref, Store
from tests.helpers.world import Forger, World, digest_of, ops_of, see, send


def trace(node: Opened) -> tuple[Any, ...]:
    """All that a refusal must leave alone."""
    store = node.store
    counts = [store._con.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("ops", "sigs", "log", "records")]
    chain = (store._segment, store._seq, store._prev, store.session.op if store.session else None)
    return (*counts, *chain, store.pos, store.heads(), digest_of(node, node.centre))


# One door

ALERT = {"identifier": "i", "sender": "s", "status": "Actual"}


@pytest.mark.parametrize(
    ("drafts", "error"),
    [
        ([], BadInput),
        ([Draft("incident.report", {"title": "t"})] * (DRAFTS_MAX + 1), BadInput),
        ([Draft("incident.fly", {})], BadInput),
        ([Draft("incident.report", {})], Refused),
        ([Draft("incident.report", {"title": "x" * 301})], BadInput),
        ([Draft("incident.report", {"title": "ok", "words": "字" * 20_001})], BadInput),
        ([Draft("incident.note", {"text": "t"}, bytes(32))], NotFound),
        ([Draft("incident.report", {"title": "first is fine"}), Draft("incident.handle", {}, Ref(0))], Refused),
        ([Draft("warning.propose", {**ALERT, "alert": {"x": "y" * 200_000}})], Malformed),
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", [False, True])
def test_a_refusal_changes_nothing_and_says_one_sentence(
    world: World, drafts: list[Draft], error: type[Exception], before: bool
) -> None:
    city = world.centre("a")
    if before:
        world.report(city, "t")
    was = trace(city)
    with pytest.raises(error) as caught:
        city.store.commit(drafts)
    assert trace(city) == was and str(caught.value)
    world.report(city, "the door still opens")
    assert city.store.commit([Draft("incident.report", {"title": "again"})]).pos > was[8]


def test_one_action_is_one_transaction_and_its_entries_name_each_other(world: World) -> None:
    city = world.centre("a")
    change = city.store.commit(
        [
            Draft("incident.report", {"title": "t"}),
            Draft("task.order", {"title": "o", "to": "a", "incident": Ref(0)}),
            Draft("incident.accept", {}, Ref(0)),
        ]
    )
    report, order, accept = change.ops[-3:]
    assert see(city, order)["incident"] == report.hex()
    bodies = [ops.read_body(o.body)[1] for o in ops_of(city) if o.body]
    assert bodies[-1].data["with"] == [report.hex(), order.hex()] and bodies[-1].kind == "incident.accept"
    assert set(change.records) >= {report, order} and len(change.records) == len(set(change.records))
    edges = [
        e for (e,) in city.store._con.execute("SELECT edge FROM log ORDER BY pos DESC LIMIT ?", (len(change.ops),))
    ]
    assert edges == [1] + [0] * (len(change.ops) - 1) and accept


def test_listeners_hear_each_change_once_after_it_is_on_disk(world: World) -> None:
    city = world.centre("a")
    heard = []
    city.store.listeners.append(lambda c: heard.append((c.ops, see(city, c.ops[-1])["title"])))
    world.report(city, "t")
    assert len(heard) == 1 and heard[0][1] == "t"


def test_a_full_record_says_so(world: World) -> None:
    city = world.centre("a")
    record = world.report(city, "t")
    forger = Forger(city)
    parents, batch = [record], []
    for n in range(RECORD_OPS - 1):
        batch.append(forger.op("incident.note", {"text": str(n)}, record=record, parents=parents))
        parents = [forger.prev]
    forger.give(city, *batch)
    with pytest.raises(Refused, match="full"):
        world.do(city, "incident.accept", record)


# Chains, segments, forks


def test_every_opening_starts_a_new_segment_that_names_the_old_heads(world: World) -> None:
    world.centre("a")
    for n in range(3):
        world.report(world.nodes["a"], f"t{n}")
        world.reopen("a")
    city = world.nodes["a"]
    world.report(city, "last")
    node = city.store.node.id
    segments = {s for n, s in city.store.heads() if n == node}
    assert len(segments) == 4
    places = [ops.read_header(o.header)[2:5] for o in ops_of(city)]
    assert len(places) == len(set(places)), "no place in a chain is used twice"
    opens = [c for o in ops_of(city) if o.body and (c := ops.read_body(o.body)[1]).kind == "segment.open"]
    assert sorted(len(c.data["olds"]) for c in opens) == [0, 1, 2, 3]


def test_chains_are_whole_and_each_commit_is_signed(world: World) -> None:
    city = world.centre("a")
    for n in range(4):
        world.report(city, f"t{n}")
    prev = ops.ZERO_ID
    for n, op in enumerate(ops_of(city)):
        header = ops.read_header(op.header)
        assert (header.seq, header.prev) == (n, prev)
        prev = ops.digest(op.header)
    signed = [s for (s,) in city.store._con.execute("SELECT seq FROM sigs ORDER BY seq")]
    assert signed == [2, 3, 4, 5], "segment, sign-in and first report are one commit"


def test_a_copy_of_a_profile_that_went_on_by_itself_loses_nothing(world: World, tmp_path: Path) -> None:
    city, hub = world.centre("a"), world.hub("a")
    shared = world.report(city, "before the copy")
    world.settle()
    city.store._con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(city.profile.path, tmp_path / "copy")
    mine = world.do(city, "incident.accept", shared)
    copy = Profile.at(tmp_path / "copy").unlock(
        world.secrets["a"], person=None, wall=world.wall, random=world.means.random
    )
    world.nodes["copy"] = copy
    theirs = world.do(copy, "incident.void", shared, reason="r")
    send(city, hub), send(copy, hub)
    found = see(hub, shared)
    assert {s["op"] for s in found["conflicts"][0]["sides"]} == {mine.hex(), theirs.hex()}


def test_both_branches_of_a_forked_chain_are_kept_and_forwarded(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.report(city, "t")
    desk = world.desk("a", "王")
    world.settle()
    left, right = Forger(city), Forger(city)
    one = left.op("incident.report", {"title": "left"})
    two = right.op("incident.report", {"title": "right"})
    three = right.op("incident.report", {"title": "right on"})
    left.give(hub, one)
    right.give(hub, two, three)
    assert {o.header for o in (one, two, three)} <= {o.header for o in ops_of(hub)}
    send(hub, desk)
    assert {r["title"] for r in desk.view().list("incident")} == {"t", "left", "right", "right on"}


def test_a_node_that_was_put_back_in_time_gets_its_own_back(world: World, tmp_path: Path) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.report(city, "early")
    world.settle()
    folder = city.profile.path
    city.close()
    shutil.copytree(folder, tmp_path / "backup")
    world.report(world.reopen("a", folder), "acknowledged and sent")
    world.settle()
    world.nodes["a"].close()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    del world.nodes["a"]
    back = world.reopen("a", folder)
    world.report(back, "after the restore")
    world.settle()
    assert {r["title"] for r in back.view().list("incident")} == {"early", "acknowledged and sent", "after the restore"}
    assert world.digests("a") == 1 and digest_of(hub, "a") == digest_of(back, "a")


# From elsewhere


def test_what_no_signature_proves_or_does_not_fit_stays_out(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.report(city, "t")
    world.settle()
    stranger = Forger(city)
    good = stranger.op("incident.report", {"title": "x"})
    sig = stranger.sig()
    bad_sig = (*sig[:3], bytes(64))
    was = trace(hub)
    swapped = Op(good.header, good.body + b"x")  # type: ignore[operator]
    other_realm = Op(good.header[:4] + bytes(32) + good.header[36:], good.body)
    for batch, sigs in (
        ([good], []), ([good], [bad_sig]), ([swapped], [sig]), ([other_realm], [sig]), ([Op(b"short", None)], [sig]),
        ([good], [(b"nobody" * 5 + b"xx", *sig[1:])]), ([good], [(*sig[:2], 2**63, sig[3])]),
    ):  # fmt: skip
        change = hub.store.receive("x", [], batch, sigs)
        assert change.refused and not change and trace(hub) == was
    assert hub.store.receive("x", [], [good], [sig]).ops


def test_a_well_signed_op_of_another_realm_stays_out(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    drill = Forger(city)
    drill.realm = bytes(32)
    change = drill.give(hub, drill.op("incident.report", {"title": "drill"}))
    assert not change and "another realm" in change.refused[0]


def test_rubbish_among_statements_is_named_and_the_rest_stands(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    wire = city.store.state_authority(centre_key(city), "rules", {"version": 1})
    change = hub.store.receive("x", [b"rubbish", wire], [], [])
    assert change.statements == 1 and len(change.refused) == 1
    with pytest.raises(Refused):
        hub.store.admit([b"rubbish"])


def test_a_hole_in_a_chain_is_named_and_the_cursor_stays_until_it_is_filled(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    for n in range(3):
        world.report(city, f"t{n}")
    out = city.store.outgoing("a", 0, "", {})
    peer = city.store.node.id.hex()

    def cursor(pos: int) -> Cursor:
        return Cursor(city.store.epoch, pos, b"run")

    start = hub.store.cursor(peer)
    change = hub.store.receive(peer, out.statements, [out.ops[0], *out.ops[3:]], out.sigs, cursor(50))
    assert change.gaps and hub.store.cursor(peer) == start
    world.report(city, "later")
    later = city.store.outgoing("a", out.pos, "", {})
    hub.store.receive(peer, [], later.ops, later.sigs, cursor(60))
    assert hub.store.cursor(peer) == start, "what came after the hole does not move the cursor past it"
    hub.store.receive(peer, [], out.ops, out.sigs, cursor(50))
    assert hub.store.cursor(peer) == start, "what was sent above the hole is not stored yet"
    hub.store.receive(peer, [], later.ops, later.sigs, cursor(60))
    assert hub.store.cursor(peer) == cursor(60)
    assert digest_of(hub, "a") == digest_of(city, "a")


def test_the_same_batch_twice_is_nothing_new(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.report(city, "t")
    changes = send(city, hub, twice=True)
    assert bool(changes[0]) and not any(changes[1::2])


def test_cursor_and_data_are_one_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.report(city, "t")
    out = city.store.outgoing("a", 0, "")
    was, cursor = trace(hub), hub.store.cursor("city")

    def broken(*_: object) -> int:
        raise NeverSaved("the disk went away")

    monkeypatch.setattr(log, "append", broken)
    with pytest.raises(NeverSaved):
        hub.store.receive("city", out.statements, out.ops, out.sigs, Cursor("e", out.pos, out.run))
    assert trace(hub) == was and hub.store.cursor("city") == cursor


def test_history_that_the_disk_did_not_take_is_not_believed_in_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = world.centre("a")
    heads = list(city.store.authority.heads)

    def broken(*_: object) -> int:
        raise NeverSaved("the disk went away")

    with monkeypatch.context() as patch:
        patch.setattr(log, "append", broken)
        with pytest.raises(NeverSaved):
            city.store.state_authority(centre_key(city), "rules", {"version": 1})
    assert city.store.authority.heads == heads
    city.store.state_authority(centre_key(city), "rules", {"version": 1})
    kept = list(city.store.authority.heads)
    assert world.reopen("a").store.authority.heads == kept != heads


# Who gets what


def line(world: World) -> tuple[Opened, ...]:
    """City, county, two towns, and a hub of the county."""
    city, county = world.centre("a"), world.centre("a/x")
    hub = world.hub("a/x")
    t1, t2 = world.centre("a/x/t"), world.centre("a/x/u")
    world.settle()
    return city, county, hub, t1, t2


def along(world: World, *nodes: Opened) -> None:
    """Neighbours in this line talk, until all know what they may."""
    for _ in nodes:
        for a, b in pairwise(nodes):
            world.sync(a, b)


def bodies(node: Opened) -> bytes:
    return b"".join(o.body for o in ops_of(node) if o.body)


def test_a_centre_added_later_gets_the_whole_history_with_sign_ins_through_a_chain_of_three(world: World) -> None:
    city, _, hub, t1, _ = line(world)
    record = world.report(city, "先前")
    world.do(city, "incident.note", record, text="old words")
    along(world, city, hub, t1)
    assert b"old words" not in bodies(hub) + bodies(t1)
    world.do(city, "incident.share", record, to=["a/x/t"])
    along(world, city, hub, t1)
    found = see(t1, record)
    assert found["title"] == "先前" and found["by"] == "officer-a" and len(found["notes"]) == 2
    assert digest_of(t1, "a/x/t") == digest_of(city, "a/x/t") == digest_of(hub, "a/x/t")
    world.do(t1, "incident.note", record, text="from below")
    along(world, t1, hub, city)
    assert len(see(city, record)["notes"]) == 3


def test_a_sibling_holds_headers_and_never_a_body(world: World) -> None:
    city, county, hub, t1, t2 = line(world)
    world.report(t1, "canary-of-t1")
    order = world.do(county, "task.order", title="canary-order", to="a/x/t")
    world.do(t1, "logentry.write", text="canary-log", at="2026-07-12T06:00:00+08:00")
    world.settle()
    assert b"canary" in bodies(city) and b"canary" in bodies(hub) and b"canary" in bodies(t1)
    assert b"canary" not in bodies(t2) and len(ops_of(t2)) == len(ops_of(city))
    rows = t2.store._con.execute("SELECT group_concat(state) FROM records").fetchone()[0] or ""
    assert "canary" not in rows and order
    with pytest.raises(NotFound):
        see(t2, order)


def test_headers_without_bodies_prove_the_chain_and_bodies_fit_in_later(world: World) -> None:
    city, _, _, _, t2 = line(world)
    first = world.report(city, "one")
    world.report(city, "two")
    world.settle()
    held = [o.body is None for o in ops_of(t2)]
    assert any(held)
    world.do(city, "incident.share", first, to=["a/x/u"])
    world.settle()
    assert see(t2, first)["title"] == "one" and sum(o.body is None for o in ops_of(t2)) > 0


def test_all_who_may_see_agree_and_a_rebuild_changes_nothing(world: World) -> None:
    nodes = line(world)
    for n, node in enumerate(nodes):
        if node.profile.config["use"] == "desk":
            record = world.report(node, f"事件 {n}", position=[119.0 + n, 33.5])
            world.do(node, "incident.share", record, to=["a/x/t"])
    world.settle()
    for centre in ("a", "a/x", "a/x/t", "a/x/u"):
        assert world.digests(centre) == 1
    for node in nodes:
        before = digest_of(node, node.centre)
        searched = [r["id"] for r in node.view().search("事件")]
        node.store.rebuild()
        assert digest_of(node, node.centre) == before
        assert [r["id"] for r in node.view().search("事件")] == searched


def test_what_came_from_a_peer_is_not_sent_back_to_it(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.report(city, "t")
    world.settle()
    assert hub.store.outgoing("a", 0, city.store.node.id.hex()).ops == []


def test_a_long_log_travels_in_batches_of_whole_transactions(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.settle()
    for _ in range(12):
        world.do(city, "logentry.write", text="长" * 19_000, at="2026-07-12T06:00:00+08:00")
    changes = [c for c in send(city, hub) if c.ops]
    assert len(changes) > 2 and digest_of(hub, "a") == digest_of(city, "a")


def test_a_transaction_longer_than_a_batch_still_goes_through(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    city, hub = world.centre("a"), world.hub("a")
    world.settle()
    monkeypatch.setattr(log, "ROWS_MAX", 3)
    city.store.commit([Draft("incident.report", {"title": f"t{n}"}) for n in range(10)])
    send(city, hub)
    assert digest_of(hub, "a") == digest_of(city, "a")


# The file


def test_the_file_is_encrypted_and_another_key_is_refused(world: World) -> None:
    city = world.centre("a")
    world.report(city, "t")
    path = city.store.path
    assert engine.is_encrypted(path)
    with pytest.raises(Locked) as caught:
        engine.connect(path, bytes(32), write=False)
    assert caught.value.code == "wrong_key"
    plain = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError):
        plain.execute("SELECT * FROM ops")
    plain.close()


def test_a_reader_cannot_write(world: World) -> None:
    city = world.centre("a")
    world.report(city, "t")
    con = city.store.reader()
    for sql in ("DELETE FROM ops", "INSERT INTO meta VALUES('x', 'y')", "PRAGMA user_version=3", "DROP TABLE log"):
        with pytest.raises(sqlcipher.OperationalError, match="readonly"):
            con.execute(sql)
    con.close()


def test_a_newer_programs_file_is_left_alone(world: World) -> None:
    city = world.centre("a")
    engine.tools(city.store._con)["_sqlite_migrations"].insert(
        {"migration_set": "fenghuo", "name": "v99", "applied_at": "2030-01-01"}
    )
    path, key, node = city.store.path, city.store._db_key, city.store.node
    city.store.close()
    before = path.read_bytes()
    with pytest.raises(TooNew):
        Store.open(path, key, node, wall=world.wall, random=world.means.random)
    assert path.read_bytes() == before
    con = engine.connect(path, key, write=True)
    con.execute("DELETE FROM _sqlite_migrations WHERE name='v99'")
    con.close()
    assert {m.name for m in schema.migrations._migrations} == {"v1"}


def test_a_full_disk_says_so_and_loses_nothing(world: World) -> None:
    city = world.centre("a")
    kept = [world.report(city, f"t{n}") for n in range(5)]
    pages = city.store._con.execute("PRAGMA page_count").fetchone()[0]
    city.store._con.execute(f"PRAGMA max_page_count={pages}")
    was = None
    with pytest.raises(NeverSaved) as caught:
        for n in range(200):
            was = trace(city)
            kept.append(world.report(city, f"more {n}" + "长" * 200))
    assert caught.value.code == "disk_full" and trace(city) == was
    assert "safe" in caught.value.as_json() and "on disk" in caught.value.safe
    city.store._con.execute("PRAGMA max_page_count=1000000")
    kept.append(world.report(city, "there is room again"))
    again = world.reopen("a")
    assert all(see(again, r) for r in kept) and again.store._con.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_damaged_file_is_trouble_with_a_sentence_not_a_crash(world: World) -> None:
    city = world.centre("a")
    for n in range(50):
        world.report(city, f"t{n}")
    path, key, node = city.store.path, city.store._db_key, city.store.node
    city.store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 20] = bytes(4096 * 17)
    path.write_bytes(bytes(data))
    with pytest.raises((StoreTrouble, Locked)):
        store = Store.open(path, key, node, wall=world.wall, random=world.means.random)
        try:
            store.rebuild()
        finally:
            store.close()


def test_small_local_facts_and_feeds_stay_and_are_never_sent(world: World) -> None:
    city, hub = world.centre("a"), world.hub("a")
    city.store.remember("layout", {"docks": [1, 2]})
    city.store.keep_feed("https://example.invalid/cap", b"one")
    city.store.keep_feed("https://example.invalid/cap", b"two")
    world.settle()
    again = world.reopen("a")
    assert again.store.recall("layout") == {"docks": [1, 2]} and again.store.recall("none", 5) == 5
    assert again.store.feed("https://example.invalid/cap") == b"two"
    assert hub.store.recall("layout") is None and hub.store.feed("https://example.invalid/cap") is None
