"""The fold: the same ops give the same picture in any order, conflicts are values, and no clock is read."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline import cache, merge
from offline.errors import Refused
from offline.founding import centre_key
from offline.merge import Item, State
from offline.ops import Op, digest, read_header
from offline.profile import Opened
from offline.store import Draft
from tests.helpers.world import Forger, World, digest_of, fold_of, ops_of, record_items, see
from tests.offline.conftest import fast_folder


def shown(state: State | None) -> bytes:
    """What the merge made of it, as bytes that can be compared."""
    return b"" if state is None else msgspec.json.encode([state.stage, state.home, cache.stored(state)], order="sorted")


@contextmanager
def three(seed: int) -> Iterator[tuple[World, Opened, Opened, Opened]]:
    """City, county and a second desk of the county, who have seen each other."""
    folder = fast_folder()
    with World(folder, seed) as world:
        city, county = world.centre("a"), world.centre("a/x")
        desk = world.desk("a/x", "王")
        world.settle()
        yield world, city, county, desk
    shutil.rmtree(folder)


MOVES = (
    "accept",
    "verify",
    "dispatch",
    "handle",
    "check",
    "close",
    "void",
    "return",
    "reopen",
    "edit",
    "note",
    "settle",
)


def quarrel(world: World, nodes: list[Opened], seed: int, steps: int) -> bytes:
    """A random history of one incident among nodes that hear of each other now and then; returns its id."""
    dice = random.Random(seed)
    record = world.report(nodes[-1], "t0", words="w0")
    world.settle()
    for n in range(steps):
        node, move = dice.choice(nodes), dice.choice(MOVES)
        world.now_ms += dice.choice([0, 1000, -3_600_000, 3_600_000])
        if move == "settle" and (
            sides := next((c for c in see(node, record)["conflicts"] if c["what"] == "stage"), None)
        ):
            ends = [s["op"] for s in sides["sides"]]
            draft = Draft("incident.settle", {"ends": ends, "keep": dice.choice(ends)}, record)
        elif move == "edit":
            draft = Draft("incident.edit", {dice.choice(["title", "words"]): f"t{dice.randrange(3)}"}, record)
        elif move == "note":
            draft = Draft("incident.note", {"text": f"n{n}"}, record)
        else:
            draft = Draft(f"incident.{move}", {"reason": "r"}, record)
        try:
            node.store.commit([draft])
        except Refused:
            continue
        if dice.random() < 0.3:
            world.sync(*dice.sample(nodes, 2))
    world.settle()
    return record


# The law


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_every_prefix_in_any_order_and_any_number_gives_the_same_state(seed: int) -> None:
    with three(seed) as (world, city, county, desk):
        record = quarrel(world, [city, county, desk], seed, 14)
        items, dice = record_items(city, record), random.Random(seed)
        for size in range(1, len(items) + 1):
            some = dice.sample(items, size)
            first = shown(fold_of(city, some))
            dice.shuffle(some)
            assert shown(fold_of(county, some)) == first
        whole = {shown(fold_of(node, record_items(node, record))) for node in (city, county, desk)}
        assert len(whole) == 1 and world.digests("a/x") == 1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_stored_is_the_fold_of_the_log_and_no_clock_is_read(seed: int) -> None:
    with three(seed) as (world, city, county, desk):
        quarrel(world, [city, county, desk], seed, 14)
        before = {n: o.view().digest("a/x")["digest"] for n, o in world.nodes.items()}
        for years, (name, node) in enumerate(world.nodes.items()):
            world.now_ms += years * 365 * 86_400_000
            node.store.rebuild()
            assert node.view().digest("a/x")["digest"] == before[name]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_a_store_that_gets_ops_one_by_one_in_any_order_ends_up_the_same(seed: int) -> None:
    with three(seed) as (world, city, county, desk):
        quarrel(world, [city, county, desk], seed, 10)
        late = world.desk("a/x", "late")
        dice, seen = random.Random(seed), ops_of(desk)
        out = desk.store.outgoing("a/x", 0, "", {})
        groups: dict[tuple[bytes, int], list[Op]] = {}
        for op in seen:
            header = read_header(op.header)
            groups.setdefault((header.node, header.segment), []).append(op)
        batches = list(groups.values())
        dice.shuffle(batches)
        late.store.admit(out.statements, "desk")
        for batch in [*batches, *batches]:
            late.store.receive("desk", [], batch, out.sigs)
        assert world.digests("a/x") == 1
        assert late.view().digest("a/x") == desk.view().digest("a/x")


# Fields


def test_two_who_write_one_field_unseen_are_a_conflict_and_a_third_who_saw_both_ends_it() -> None:
    with three(1) as (world, city, county, desk):
        record = world.report(county, "堤防")
        world.settle()
        world.do(county, "incident.edit", record, title="堤防渗漏")
        world.do(desk, "incident.edit", record, title="堤防决口")
        world.settle()
        found = see(city, record)
        (conflict,) = found["conflicts"]
        assert conflict["what"] == "title" and found["title"] == "堤防决口", "the later stamp is shown"
        assert [s["value"] for s in conflict["sides"]] == ["堤防决口", "堤防渗漏"]
        assert [s["stands"] for s in conflict["sides"]] == [True, False]
        assert {s["by"] for s in conflict["sides"]} == {"officer-a/x", "王"}
        world.do(county, "incident.edit", record, title="堤防渗漏")
        world.settle()
        assert see(city, record)["conflicts"] == [] and see(city, record)["title"] == "堤防渗漏"


def test_equal_values_and_different_fields_are_no_conflict() -> None:
    with three(2) as (world, city, county, desk):
        record = world.report(county, "堤防")
        world.settle()
        world.do(county, "incident.edit", record, title="决口", place="高沟")
        world.do(desk, "incident.edit", record, title="决口", words="急")
        world.settle()
        found = see(city, record)
        assert not found["conflicts"] and (found["place"], found["words"]) == ("高沟", "急")


def test_a_fast_clock_does_not_win_over_one_who_had_seen_the_write() -> None:
    with three(3) as (world, city, county, desk):
        record = world.report(county, "t")
        world.now_ms += 10 * 365 * 86_400_000
        world.do(county, "incident.edit", record, title="from the future")
        world.settle()
        world.now_ms -= 10 * 365 * 86_400_000
        world.do(desk, "incident.edit", record, title="after all")
        world.settle()
        assert see(city, record)["title"] == "after all" and not see(city, record)["conflicts"]


def test_a_step_does_not_write_fields_that_are_none_of_its_business() -> None:
    with three(4) as (world, _, county, _):
        record = world.report(county, "t")
        world.do(county, "incident.accept", record, title="slipped in")
        assert see(county, record)["title"] == "t"


# Commands


def test_two_branches_are_a_conflict_until_one_settles_it() -> None:
    with three(5) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        first = world.do(county, "incident.accept", record)
        world.do(desk, "incident.void", record, reason="duplicate")
        world.settle()
        found = see(city, record)
        (conflict,) = found["conflicts"]
        assert found["stage"] == "accepted", "equally near the root: the earlier stands"
        assert conflict["what"] == "stage" and conflict["sides"][0]["op"] == first.hex()
        ends = [s["op"] for s in conflict["sides"]]
        world.do(county, "incident.settle", record, ends=ends, keep=ends[1])
        world.settle()
        for node in (city, county, desk):
            assert see(node, record)["stage"] == "void" and not see(node, record)["conflicts"]


def test_the_centre_nearest_the_root_stands_though_it_came_later() -> None:
    with three(6) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(county, "incident.accept", record)
        world.do(county, "incident.verify", record)
        world.do(city, "incident.return", record, reason="not ours")
        world.settle()
        assert see(desk, record)["stage"] == "returned" and len(see(desk, record)["conflicts"]) == 1


def test_equal_steps_are_one_side_and_what_follows_either_follows_both() -> None:
    with three(7) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(county, "incident.accept", record)
        world.do(desk, "incident.accept", record)
        world.do(desk, "incident.verify", record)
        world.settle()
        assert see(city, record)["stage"] == "verified" and not see(city, record)["conflicts"]


def test_seeing_the_other_side_does_not_end_a_conflict() -> None:
    with three(8) as (world, _, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(county, "incident.accept", record)
        world.do(desk, "incident.void", record, reason="r")
        world.settle()
        world.do(county, "incident.verify", record)
        world.do(county, "incident.note", record, text="seen")
        world.settle()
        assert len(see(desk, record)["conflicts"]) == 1


def test_a_branch_that_a_settlement_had_not_seen_opens_the_conflict_again() -> None:
    with three(9) as (world, _, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(county, "incident.accept", record)
        lost = world.do(desk, "incident.void", record, reason="r")
        world.settle()
        ends = [s["op"] for s in see(county, record)["conflicts"][0]["sides"]]
        world.do(desk, "incident.reopen", record, on=lost, reason="it is back")
        world.do(county, "incident.settle", record, ends=ends, keep=ends[0])
        assert not see(county, record)["conflicts"]
        world.settle()
        assert len(see(county, record)["conflicts"]) == 1 and world.digests("a/x") == 1


def test_two_settlements_that_keep_different_ends_are_a_conflict_and_a_third_ends_it() -> None:
    with three(10) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(county, "incident.accept", record)
        world.do(desk, "incident.void", record, reason="r")
        world.settle()
        ends = [s["op"] for s in see(county, record)["conflicts"][0]["sides"]]
        world.do(county, "incident.settle", record, ends=ends, keep=ends[0])
        world.do(desk, "incident.settle", record, ends=ends, keep=ends[1])
        world.settle()
        assert len(see(city, record)["conflicts"]) == 1
        world.do(city, "incident.settle", record, ends=ends, keep=ends[1])
        world.settle()
        assert not see(desk, record)["conflicts"] and see(desk, record)["stage"] == "void"


def test_a_lower_centre_does_not_close_what_a_higher_one_did() -> None:
    with three(11) as (world, city, county, _):
        record = world.report(county, "t")
        world.settle()
        mine = world.do(county, "incident.accept", record)
        theirs = world.do(city, "incident.return", record, reason="r")
        world.settle()
        with pytest.raises(Refused, match="settled there or above"):
            world.do(county, "incident.settle", record, ends=[mine.hex(), theirs.hex()], keep=mine.hex())
        world.do(county, "incident.settle", record, ends=[mine.hex(), theirs.hex()], keep=theirs.hex())
        assert see(county, record)["stage"] == "returned" and not see(county, record)["conflicts"]


def test_notes_and_fields_stand_whatever_falls() -> None:
    with three(12) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(county, "incident.accept", record)
        world.do(desk, "incident.void", record, reason="r")
        world.do(desk, "incident.note", record, text="kept")
        world.do(desk, "incident.edit", record, place="kept")
        world.settle()
        ends = [s["op"] for s in see(county, record)["conflicts"][0]["sides"]]
        world.do(county, "incident.settle", record, ends=ends, keep=ends[0])
        world.settle()
        found = see(city, record)
        assert found["stage"] == "accepted" and found["place"] == "kept"
        assert [n["data"]["text"] for n in found["notes"] if n["kind"] == "incident.note"] == ["kept"]


# What counts nowhere


def unlawful(node: Opened, record: bytes) -> dict[bytes, str]:
    state = fold_of(node, record_items(node, record))
    assert state is not None
    return dict(state.unlawful)


def test_unlawful_ops_are_kept_and_change_nothing() -> None:
    with three(13) as (world, _, county, _):
        record = world.report(county, "t")
        accept = world.do(county, "incident.accept", record)
        world.settle()
        forger = Forger(county)
        heads = [accept]
        person = county.store.session.key  # type: ignore[union-attr]
        first = record_items(county, record)[0].core
        wrong = {
            "names none before it": forger.op("incident.note", {"text": "x"}, record=record),
            "had not seen": forger.op("incident.verify", {}, record=record, parents=[record], on=accept),
            "Only an accepted": forger.op("incident.verify", {}, record=record, parents=heads, on=record),
            "dispatched": forger.op("incident.handle", {}, record=record, parents=heads, on=accept),
            "own signature": forger.op("incident.grade", {"grade": "I"}, record=record, parents=heads),
            "may not change": forger.op("incident.edit", {"grade": "I"}, record=record, parents=heads),
            "cannot be taken": forger.op("incident.edit", {"colour": 3}, record=record, parents=heads),
            "lacks one of": forger.op("incident.note", {}, record=record, parents=heads),
            "creates it, once": forger.op("incident.report", {"title": "x"}, record=record, parents=heads),
            "does not belong": forger.op("task.note", {"text": "x"}, record=record, parents=heads),
            "less authority": forger.op("incident.note", {"text": "x"}, record=record, parents=heads, authority=[]),
            "nobody with a role": forger.op("incident.note", {"text": "x"}, record=record, parents=heads, signin=b""),
            "no lawful command": forger.op(
                "incident.settle",
                {"ends": [accept.hex()], "keep": "0" * 64},
                record=record,
                parents=heads,
                signer=person,
            ),
        }
        assert first.authority != []
        before = see(county, record)
        change = forger.give(county, *wrong.values())
        assert len(change.ops) == len(wrong) and not change.refused
        why = list(unlawful(county, record).values())
        for part in wrong:
            assert any(part in w for w in why), (part, why)
        assert len(why) == len(wrong)
        after = see(county, record)
        for name in ("stage", "conflicts", "notes", "title", "steps", "audience"):
            assert after[name] == before[name]
        world.settle()
        assert world.digests("a/x") == 1


def test_a_record_that_no_create_began_is_no_record() -> None:
    with three(14) as (world, _, county, _):
        world.report(county, "t")
        forger = Forger(county)
        change = forger.give(
            county, forger.op("incident.note", {"text": "x"}), forger.op("incident.edit", {"title": "x"})
        )
        assert len(change.ops) == 2 and change.records == []


def test_another_centre_writes_only_on_what_it_was_given() -> None:
    with three(15) as (world, city, county, _):
        other = world.centre("a/y")
        record = world.report(city, "secret")
        world.settle()
        spy = Forger(other)
        other.store.commit([Draft("logentry.write", {"text": "x", "at": "2026-07-12T06:00:00+08:00"})])
        note = spy.op("incident.note", {"text": "let me in"}, record=record, parents=[record])
        share = spy.op("incident.share", {"to": ["a/y"]}, record=record, parents=[spy.prev, record][:1])
        world.settle()
        spy.give(city, note, share)
        assert see(city, record)["audience"] == ["a"] and see(city, record)["notes"] == []
        with pytest.raises(Refused, match="only a or"):
            world.do(county, "incident.close", _shared(world, city, county, record))
        world.do(county, "incident.note", record, text="we may")


def _shared(world: World, city: Opened, county: Opened, record: bytes) -> bytes:
    world.do(city, "incident.share", record, to=["a/x"])
    world.settle()
    return record


def test_a_node_cannot_sign_anybody_in_by_itself() -> None:
    with three(16) as (world, _, county, desk):
        record = world.report(county, "t")
        world.settle()
        boss = county.store.session.person.id  # type: ignore[union-attr]
        forger = Forger(desk)
        signin = forger.op("session.signin", {"person": boss.hex()})
        named = forger.prev
        accept = forger.op("incident.accept", {}, record=record, parents=[record], on=record, signin=named)
        forger.give(county, signin, accept)
        assert see(county, record)["stage"] == "reported"
        assert "nobody with a role was signed in" in unlawful(county, record).values()


def test_an_order_is_answered_by_its_target_alone_and_its_address_stays() -> None:
    with three(17) as (world, city, county, desk):
        other = world.centre("a/y")
        task = world.do(city, "task.order", title="派队", to="a/x")
        world.settle()
        with pytest.raises(Refused, match="may not change"):
            world.do(city, "task.edit", task, to="a/y")
        assert other.store.heads()
        world.do(county, "task.accept", task)
        with pytest.raises(Refused):
            world.do(desk, "task.check", task)
        world.settle()
        assert see(city, task)["stage"] == "accepted"


# Revocation in the fold


def test_a_cut_voids_what_is_not_below_it_in_any_segment_and_what_continues_it_falls() -> None:
    with three(18) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(desk, "incident.accept", record)
        header = record_items(desk, record)[-1].header
        world.settle()
        kept = merge.cut(desk.store.node.id, header.segment, header.seq)
        world.do(desk, "incident.note", record, text="from a thief")
        world.do(desk, "incident.verify", record)
        world.reopen("a/x:王")
        thief = world.nodes["a/x:王"]
        world.now_ms -= 10**9
        world.do(thief, "incident.dispatch", record)
        world.settle()
        world.do(county, "incident.handle", record)
        assert see(city, record)["stage"] == "dispatched" and see(county, record)["stage"] == "handling"
        wire = county.store.state_authority(
            centre_key(county), "revoke", {"target": desk.store.node.id, "keeps": [kept]}
        )
        city.store.admit([wire])
        world.settle(city, county)
        for node in (city, county):
            found = see(node, record)
            assert found["stage"] == "accepted" and found["notes"] == [], "all above the cut fell, and handle with it"
        assert world.digests("a/x") <= 2, "the thief may disagree; nobody else"
        with pytest.raises(Refused):
            thief.store.admit([wire])
            world.do(thief, "incident.note", record, text="again")


def test_revocation_and_ops_in_any_order_give_the_same_state() -> None:
    with three(19) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        world.do(desk, "incident.accept", record)
        wire = county.store.state_authority(centre_key(county), "revoke", {"target": desk.store.node.id, "keeps": []})
        world.sync(desk, city)  # the city hears the thief first, the county its own statement
        assert see(city, record)["stage"] == "accepted"
        city.store.admit([wire])
        world.sync(city, county)
        assert see(city, record)["stage"] == see(county, record)["stage"] == "reported"
        assert city.view().digest("a/x") == county.view().digest("a/x")


# Kinds and parents not known here


def test_an_unknown_kind_is_stored_forwarded_and_folded_into_nothing() -> None:
    with three(20) as (world, city, county, _):
        record = world.report(county, "t")
        forger = Forger(county)
        strange = forger.op("incident.teleport", {"to": "moon"}, record=record, parents=[record])
        unread = forger.prev
        child = forger.op("incident.note", {"text": "child"}, record=record, parents=[unread])
        alone = forger.op("mystery.begin", {})
        assert forger.give(county, strange, child, alone).refused == []
        world.settle()
        assert city.store._con.execute(
            "SELECT count(*) FROM ops WHERE body IS NOT NULL AND kind LIKE '%tele%'"
        ).fetchone()
        assert {o.header for o in (strange, child, alone)} <= {o.header for o in ops_of(city) if o.body}
        found = see(city, record)
        assert found["gap"] and found["notes"] == [] and found["stage"] == "reported"
        world.do(county, "incident.accept", record)
        world.settle()
        assert see(city, record)["stage"] == "accepted" and world.digests("a/x") == 1


def test_a_body_that_cannot_be_read_stops_nobody() -> None:
    with three(21) as (world, city, county, _):
        record = world.report(county, "t")
        forger = Forger(county)
        change = forger.give(
            county,
            forger.raw(b"\xc1 not msgpack"),
            forger.op("incident.note", {"text": "x"}, record=record, parents=[record]),
        )
        assert len(change.ops) == 2 and "unread" in change.refused[0]
        world.settle()
        assert [n["data"]["text"] for n in see(city, record)["notes"]] == ["x"]


def test_a_missing_parent_shows_a_gap_and_closes_when_it_comes() -> None:
    with three(22) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        forger = Forger(county)
        before = forger.op("incident.note", {"text": "first"}, record=record, parents=[record])
        missing = forger.prev
        first_sig = forger.sig()
        other = Forger(desk)
        other.node.store.commit([Draft("logentry.write", {"text": "x", "at": "2026-07-12T06:00:00+08:00"})])
        after = other.op("incident.note", {"text": "second"}, record=record, parents=[missing])
        world.settle(desk, city)
        other.give(city, after)
        assert see(city, record)["gap"] and see(city, record)["notes"] == []
        city.store.receive("x", [], [before], [first_sig])
        assert not see(city, record)["gap"]
        assert [n["data"]["text"] for n in see(city, record)["notes"]] == ["first", "second"]


def test_ops_under_authority_not_yet_here_wait_and_count_when_it_comes() -> None:
    with three(23) as (world, city, county, _):
        record = world.report(county, "t")
        world.settle()
        wire = county.store.state_authority(centre_key(county), "rules", {"version": 1})
        world.do(county, "incident.accept", record)
        out = county.store.outgoing("a", 0, "", {})
        city.store.receive("x", [], out.ops, out.sigs)
        assert see(city, record)["stage"] == "reported"
        city.store.admit([wire])
        assert see(city, record)["stage"] == "accepted"


def test_more_heads_than_an_op_may_name_are_joined_first() -> None:
    with three(24) as (world, city, county, _):
        record = world.report(county, "t")
        world.settle()
        forger = Forger(county)
        batch = [forger.op("incident.note", {"text": f"n{n}"}, record=record, parents=[record]) for n in range(40)]
        forger.give(county, *batch)
        world.do(county, "incident.accept", record)
        world.settle()
        found = see(city, record)
        assert found["stage"] == "accepted"
        assert [n["kind"] for n in found["notes"]].count("incident.join") == 2
        assert len([n for n in found["notes"] if n["kind"] == "incident.note"]) == 40


def test_beyond_the_bound_the_same_ops_are_left_out_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with three(25) as (world, city, county, _):
        record = world.report(county, "t")
        for n in range(20):
            world.do(county, "incident.note", record, text=str(n))
        world.settle()
        items: list[Item] = record_items(city, record)
        monkeypatch.setattr(merge, "NODE_OPS_MAX", 9)
        states = set()
        for n in range(10):
            random.Random(n).shuffle(items)
            states.add(shown(fold_of(city, items)))
        assert len(states) == 1


def test_what_waits_goes_on_waiting_while_others_write_here() -> None:
    with three(26) as (world, city, county, desk):
        record = world.report(county, "t")
        world.settle()
        county.store.sign_in(county.store.session.key)  # type: ignore[union-attr]
        note = world.do(county, "incident.note", record, text="late")
        out = county.store.outgoing("a", 0, "", {})
        signin = next(i.core.signin for i in record_items(county, record) if i.id == note)
        without = [o for o in out.ops if digest(o.header) != signin]
        bare = Op(next(o.header for o in out.ops if digest(o.header) == signin), None)
        city.store.receive("x", [], [*without, bare], out.sigs)
        assert see(city, record)["notes"] == []
        world.do(city, "incident.accept", record)
        world.settle(city, county)
        assert [n["op"] for n in see(city, record)["notes"]] == [note.hex()]
        assert desk.centre == "a/x" and digest_of(city, "a/x") == digest_of(county, "a/x")


def test_an_op_on_a_record_not_yet_here_reaches_those_who_have_it() -> None:
    with three(27) as (world, city, county, _):
        record = world.report(city, "not shared")
        world.sync(city, county)
        rogue = Forger(county)
        rogue.give(county, rogue.op("incident.note", {"text": "blind"}, record=record, parents=[record]))
        world.sync(county, city)
        world.do(city, "incident.share", record, to=["a/x"])
        world.settle(city, county)
        assert digest_of(city, "a/x") == digest_of(county, "a/x")
