"""Authority: judged from above only, the same in every order, and what a revocation does not keep is void."""

from __future__ import annotations

import itertools
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline.authority import (
    DEPTH_MAX,
    SEEN_MAX,
    STATEMENT_MAX,
    Authority,
    View,
    above,
    check_path,
    depth,
    found_realm,
    is_at_or_above,
    read_statement,
)
from offline.errors import Malformed, Refused
from offline.ops import digest
from offline.trust import Key


def key(name: str) -> Key:
    return Key.from_seed(digest(name.encode()))


ROOT, CITY, COUNTY, OTHER, TOWN = key("root"), key("city"), key("county"), key("other"), key("town")
NODE, PERSON = key("node"), key("person")
GENESIS = found_realm("live", ROOT, b"salt", (0, 0))
REALM = read_statement(GENESIS).id


class History:
    """An authority history written by the holders of keys; `place` other copies of it on other machines."""

    def __init__(self, *wires: bytes) -> None:
        self.authority = Authority(REALM)
        self.wires: list[bytes] = []
        self.stamp = 0
        for wire in wires or (GENESIS,):
            self.take(wire)

    def take(self, wire: bytes) -> bytes:
        self.authority.add(wire)
        self.wires.append(wire)
        return read_statement(wire).id

    def say(self, issuer: Key, kind: str, **data: Any) -> bytes:
        self.stamp += 1
        return self.take(self.authority.write(issuer, kind, data, (self.stamp, 0)))

    def centre(self, issuer: Key, path: str, holder: Key) -> bytes:
        return self.say(issuer, "centre", path=path, key=holder.public, name=path)

    def node(self, issuer: Key, path: str, holder: Key = NODE) -> bytes:
        return self.say(issuer, "node", centre=path, key=holder.public, use="desk", name="desk-1")

    def person(self, issuer: Key, path: str, holder: Key = PERSON, roles: tuple[str, ...] = ("duty",)) -> bytes:
        return self.say(issuer, "person", centre=path, key=holder.public, name="张", roles=list(roles), phone="")

    def revoke(self, issuer: Key, target: Key, *keeps: bytes) -> bytes:
        return self.say(issuer, "revoke", target=target.id, keeps=list(keeps))

    def copy(self) -> History:
        return History(*self.wires)

    def merge(self, other: History) -> History:
        both = self.copy()
        for wire in other.wires:
            if read_statement(wire).id not in both.authority.statements:
                both.take(wire)
        return both

    @property
    def view(self) -> View:
        return self.authority.now()


def three_tiers() -> History:
    h = History()
    h.centre(ROOT, "a", CITY)
    h.centre(CITY, "a/x", COUNTY)
    h.centre(CITY, "a/y", OTHER)
    h.centre(COUNTY, "a/x/t", TOWN)
    return h


def same(left: View, right: View) -> bool:
    return left == right


# From above only


def test_each_centre_is_granted_by_the_one_directly_above_it() -> None:
    view = three_tiers().view
    assert set(view.centres) == {"a", "a/x", "a/y", "a/x/t"}
    assert view.centres["a/x"].key == COUNTY.public


@pytest.mark.parametrize(
    ("issuer", "path"),
    [(OTHER, "a/x/z"), (TOWN, "a/x/z"), (COUNTY, "a/z"), (CITY, "b"), (ROOT, "a/x/z"), (CITY, "a/x/z"), (CITY, "a")],
)
def test_a_peer_a_child_or_a_level_skipped_cannot_grant_a_centre(issuer: Key, path: str) -> None:
    h = three_tiers()
    before = dict(h.view.centres)
    h.centre(issuer, path, key("stranger"))
    assert h.view.centres == before


@pytest.mark.parametrize("issuer", [CITY, OTHER, TOWN, ROOT])
def test_only_a_centre_itself_admits_its_nodes_and_persons(issuer: Key) -> None:
    h = three_tiers()
    h.node(issuer, "a/x")
    h.person(issuer, "a/x")
    h.say(issuer, "keeper", centre="a/x", node=NODE.id)
    assert not h.view.nodes and not h.view.persons and not h.view.keepers
    h.node(COUNTY, "a/x")
    h.person(COUNTY, "a/x")
    h.say(COUNTY, "keeper", centre="a/x", node=NODE.id)
    assert h.view.nodes[NODE.id].centre == "a/x" and h.view.keepers == {"a/x": NODE.id}
    assert h.view.persons[PERSON.id].roles == {"duty"}


def test_a_stranger_cannot_write_history_at_all() -> None:
    h = three_tiers()
    stranger = key("stranger")
    wire = h.authority.write(stranger, "node", {"centre": "a", "key": NODE.public, "use": "desk", "name": "n"}, (9, 9))
    heads = list(h.authority.heads)
    with pytest.raises(Refused, match="signed"):
        h.authority.add(wire)
    assert h.authority.heads == heads and h.authority.waiting == 0


def test_an_altered_statement_is_refused() -> None:
    h = three_tiers()
    wire = h.authority.write(CITY, "node", {"centre": "a", "key": NODE.public, "use": "desk", "name": "n"}, (9, 9))
    outer = msgspec.msgpack.decode(wire)
    outer[0] = outer[0].replace(b"desk", b"hubx")
    with pytest.raises(Refused):
        h.authority.add(msgspec.msgpack.encode(outer))


def test_another_realms_statement_stays_out() -> None:
    other = found_realm("drill", ROOT, b"pepper", (0, 0))
    with pytest.raises(Refused) as caught:
        three_tiers().authority.add(other)
    assert caught.value.code == "other_realm"


def test_a_peer_takes_over_neither_a_node_nor_a_person() -> None:
    h = three_tiers()
    h.node(COUNTY, "a/x")
    h.person(COUNTY, "a/x")
    h.node(OTHER, "a/y")
    h.person(OTHER, "a/y")
    assert h.view.nodes[NODE.id].centre == "a/x" and h.view.persons[PERSON.id].centre == "a/x"
    h.revoke(OTHER, NODE)
    h.revoke(OTHER, PERSON)
    assert NODE.id in h.view.nodes and PERSON.id in h.view.persons


def test_a_peer_does_not_change_where_a_centre_stands_by_granting_its_key() -> None:
    h = three_tiers()
    h.node(OTHER, "a/y")
    h.centre(COUNTY, "a/x/y", OTHER)
    assert h.view.nodes[NODE.id].centre == "a/y" and "a/x/y" not in h.view.centres


def test_rules_move_by_the_root_alone_and_never_back() -> None:
    h = three_tiers()
    h.say(CITY, "rules", version=9)
    assert h.view.rules == 1
    h.say(ROOT, "rules", version=3)
    h.say(ROOT, "rules", version=2)
    assert h.view.rules == 3


@pytest.mark.parametrize("kind", ["realm", "centre", "node", "person", "keeper", "rules", "revoke", "mystery"])
@pytest.mark.parametrize(
    "data",
    [
        {}, {"key": 10**12}, {"path": 3, "key": b"x", "name": "n"}, {"path": "../..", "key": b"x", "name": "n"},
        {"centre": 7, "key": b"x", "use": "u", "name": "n"}, {"target": 10**12}, {"target": b"x", "keeps": 5},
        {"version": "many"}, {"version": float("inf")}, {"centre": "a", "node": [1]}, {"root": 10**12},
        {"centre": "a", "key": b"k", "name": "n", "roles": [[1]]},
    ],
)  # fmt: skip
def test_data_of_the_wrong_shape_grants_nothing_and_breaks_nothing(kind: str, data: dict[str, Any]) -> None:
    h = three_tiers()
    before = h.view
    h.say(CITY, kind, **data)
    assert same(h.view, before)


# Revocation


def test_a_revoked_node_is_ended_and_its_kept_ops_are_named() -> None:
    h = three_tiers()
    h.node(COUNTY, "a/x")
    h.revoke(COUNTY, NODE, b"op-1")
    assert NODE.id not in h.view.nodes and h.view.revoked == {NODE.id: frozenset([b"op-1"])}


def test_a_centre_above_may_revoke_what_a_lower_one_admitted() -> None:
    for issuer in (ROOT, CITY, COUNTY):
        h = three_tiers()
        h.node(COUNTY, "a/x")
        h.revoke(issuer, NODE)
        assert NODE.id not in h.view.nodes


@pytest.mark.parametrize(("issuer", "target"), [
    (OTHER, COUNTY), (COUNTY, COUNTY), (COUNTY, CITY), (TOWN, COUNTY), (OTHER, TOWN), (CITY, ROOT), (ROOT, ROOT),
])  # fmt: skip
def test_a_centre_is_judged_only_by_a_strictly_higher_one_in_its_own_line(issuer: Key, target: Key) -> None:
    h = three_tiers()
    before = dict(h.view.centres)
    h.revoke(issuer, target)
    assert h.view.centres == before and not h.view.revoked


def test_what_a_fallen_centre_granted_falls_with_it_down_to_the_last_node() -> None:
    h = three_tiers()
    h.node(TOWN, "a/x/t")
    h.node(OTHER, "a/y", key("safe"))
    h.revoke(CITY, COUNTY)
    assert set(h.view.centres) == {"a", "a/y"} and set(h.view.nodes) == {key("safe").id}


def test_kept_statements_stand_and_the_rest_is_void_whatever_it_claims() -> None:
    h = three_tiers()
    kept = h.node(COUNTY, "a/x", key("kept"))
    thief = h.copy()
    thief.stamp = -50  # it says that it wrote long before
    late = thief.node(COUNTY, "a/x", key("late"))
    h.revoke(CITY, COUNTY, kept)
    h.centre(CITY, "a/x", key("new county key"))
    both = h.merge(thief)
    assert key("kept").id in both.view.nodes and key("late").id not in both.view.nodes
    assert key("late").id not in both.authority.view([late]).nodes, "not even as seen from its own time"
    assert "a/x/t" not in both.view.centres or both.view.centres["a/x/t"].key == TOWN.public


def test_a_grant_that_names_the_revocation_starts_afresh() -> None:
    h = three_tiers()
    h.node(COUNTY, "a/x")
    h.revoke(COUNTY, NODE)
    assert NODE.id not in h.view.nodes
    again = h.node(COUNTY, "a/x")
    assert NODE.id in h.view.nodes and h.view.afresh[NODE.id] == {again}


def test_a_centre_granted_anew_speaks_again_and_only_from_then_on() -> None:
    h = three_tiers()
    thief = h.copy()
    thief.node(COUNTY, "a/x", key("late"))
    h.revoke(CITY, COUNTY)
    h.centre(CITY, "a/x", COUNTY)
    h.node(COUNTY, "a/x", key("fresh"))
    view = h.merge(thief).view
    assert "a/x" in view.centres and key("fresh").id in view.nodes and key("late").id not in view.nodes


def test_a_revocation_by_the_fallen_does_not_count() -> None:
    h = three_tiers()
    thief = h.copy()
    h.node(TOWN, "a/x/t")
    thief.revoke(COUNTY, TOWN)
    h.revoke(CITY, COUNTY, *(s for s in h.authority.statements if s))  # all that stood before is kept
    view = h.merge(thief).view
    assert TOWN.id not in view.revoked and COUNTY.id in view.revoked


def test_of_concurrent_revocations_what_all_keep_is_kept() -> None:
    h = three_tiers()
    h.node(COUNTY, "a/x")
    left, right = h.copy(), h.copy()
    left.revoke(COUNTY, NODE, b"one", b"two")
    right.revoke(CITY, NODE, b"two", b"three")
    for both in (left.merge(right), right.merge(left)):
        assert both.view.revoked[NODE.id] == {b"two"}


def test_a_later_revocation_replaces_one_it_knew_but_never_a_higher_ones() -> None:
    h = three_tiers()
    h.node(COUNTY, "a/x")
    h.revoke(COUNTY, NODE, b"one")
    h.revoke(COUNTY, NODE, b"one", b"two")
    assert h.view.revoked[NODE.id] == {b"one", b"two"}
    h.revoke(CITY, NODE, b"one")
    assert h.view.revoked[NODE.id] == {b"one"}
    h.revoke(COUNTY, NODE, b"one", b"two", b"three")
    assert h.view.revoked[NODE.id] == {b"one"}


# Any order


def story(seed: int) -> History:
    """A random history of three writers who sometimes hear of each other."""
    dice = random.Random(seed)
    base = three_tiers()
    copies = [base.copy() for _ in range(3)]
    keys = [ROOT, CITY, COUNTY, OTHER, TOWN]
    paths = {ROOT.id: "", CITY.id: "a", COUNTY.id: "a/x", OTHER.id: "a/y", TOWN.id: "a/x/t"}
    targets = [*keys[1:], NODE, PERSON, key("n2"), key("p2")]
    for step in range(dice.randrange(4, 16)):
        h, issuer = dice.choice(copies), dice.choice(keys)
        h.stamp = dice.randrange(1000)
        path = paths[issuer.id]
        choice = dice.randrange(6)
        if choice == 0:
            h.centre(issuer, f"{path}/c{dice.randrange(2)}".strip("/"), key(f"c{step}"))
        elif choice == 1:
            h.node(issuer, path, dice.choice([NODE, key("n2")]))
        elif choice == 2:
            h.person(issuer, path, dice.choice([PERSON, key("p2")]))
        elif choice == 3:
            keeps = dice.sample(sorted(h.authority.statements), 2)
            h.revoke(issuer, dice.choice(targets), *keeps)
        elif choice == 4:
            h.say(issuer, "keeper", centre=path, node=dice.choice([NODE.id, key("n2").id]))
        else:
            other = dice.choice(copies)
            for wire in other.wires:
                if read_statement(wire).id not in h.authority.statements:
                    h.take(wire)
    return copies[0].merge(copies[1]).merge(copies[2])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_statements_in_any_order_any_number_of_times_give_the_same_view(seed: int, shuffle: int) -> None:
    told = story(seed)
    wires = told.wires * 2
    random.Random(shuffle).shuffle(wires)
    other = Authority(REALM)
    for wire in wires:
        other.add(wire)
    assert other.waiting == 0 and other.heads == told.authority.heads
    assert same(other.now(), told.view)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_stands_was_granted_by_a_chain_from_the_root(seed: int, pick: int) -> None:
    view = story(seed).view
    for path in view.centres:
        assert all(p in view.centres for p in above(path)) or view.revoked, path
    for grant in [*view.nodes.values(), *view.persons.values()]:
        assert grant.centre in view.centres
    assert ROOT.id not in view.revoked


def test_a_statement_waits_for_those_it_names_and_is_returned_when_whole() -> None:
    told = three_tiers()
    late = Authority(REALM)
    for wire in reversed(told.wires[1:]):
        assert late.add(wire) == []
    assert late.waiting == 4
    assert len(late.add(GENESIS)) == 5 and late.waiting == 0
    assert same(late.now(), told.view)


def test_a_view_from_old_heads_stays_as_it_was_but_for_what_was_made_void() -> None:
    h = three_tiers()
    h.node(COUNTY, "a/x")
    old = list(h.authority.heads)
    h.person(COUNTY, "a/x")
    assert PERSON.id not in h.authority.view(old).persons and NODE.id in h.authority.view(old).nodes
    h.revoke(COUNTY, NODE)
    assert NODE.id in h.authority.view(old).nodes, "the cut in the fold, not the view, ends what it did"


def test_history_goes_back_to_a_mark_whole() -> None:
    h = three_tiers()
    mark, before = h.authority.mark(), h.view
    h.node(COUNTY, "a/x")
    h.authority.back_to(mark)
    assert same(h.view, before) and len(h.authority.statements) == 5


def test_as_many_centres_as_a_province_has_may_write_at_once() -> None:
    h = History()
    h.centre(ROOT, "a", CITY)
    towns = [key(f"t{n}") for n in range(100)]
    for n, town in enumerate(towns):
        h.centre(CITY, f"a/t{n}", town)
    branches = [h.authority.write(t, "rules", {"version": n}, (n, 0)) for n, t in enumerate(towns)]
    for wire in branches:
        h.take(wire)
    assert len(h.authority.heads) == 100 <= SEEN_MAX
    h.node(CITY, "a")
    assert h.authority.heads == [h.view.nodes[NODE.id].granted]


# Names and bytes


@pytest.mark.parametrize("path", ["huaian", "huaian/lianshui/gaogou", "a-1/b2", "/".join("abcdefgh")])
def test_paths_that_name_a_centre(path: str) -> None:
    assert check_path(path) == path and depth(path) == len(path.split("/"))


@pytest.mark.parametrize(
    "path", ["", "/", "a/", "/a", "a//b", "淮安", "A", "a b", "a/../b", "x" * 41, "/".join("abcdefghi"), "a\n"]
)
def test_paths_that_name_none(path: str) -> None:
    with pytest.raises(Refused):
        check_path(path)


def test_who_stands_above_whom() -> None:
    assert above("a/b/c") == ["a/b", "a"] and above("a") == []
    assert is_at_or_above("a", "a/b") and not is_at_or_above("a", "ab") and not is_at_or_above("a/b", "a")
    assert DEPTH_MAX == 8


@given(st.binary(max_size=300))
def test_any_bytes_are_a_statement_or_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_statement(data)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_statement_is_refused_or_waits(data: Any) -> None:
    h = three_tiers()
    wire = bytearray(
        h.authority.write(CITY, "node", {"centre": "a", "key": NODE.public, "use": "d", "name": "n"}, (1, 1))
    )
    where = data.draw(st.integers(0, len(wire) - 1))
    wire[where] ^= data.draw(st.integers(1, 255))
    before = h.view
    try:
        h.authority.add(bytes(wire))
    except (Malformed, Refused):
        pass
    assert same(h.view, before)


def test_a_statement_that_is_too_long_is_malformed() -> None:
    with pytest.raises(Malformed):
        read_statement(bytes(STATEMENT_MAX + 1))


def test_every_permutation_of_a_short_quarrel_agrees() -> None:
    h = three_tiers()
    h.node(COUNTY, "a/x")
    left, right = h.copy(), h.copy()
    left.revoke(CITY, COUNTY)
    right.revoke(COUNTY, NODE, b"one")
    right.node(COUNTY, "a/x")
    both = left.merge(right)
    new = both.wires[len(h.wires) :]
    for order in itertools.permutations(new):
        other = History(*h.wires)
        for wire in order:
            other.take(wire)
        assert same(other.view, both.view)
