"""Bytes come back as they went in, and bytes that are none of ours raise Malformed and nothing else."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline import ops, records
from offline.clock import AHEAD_MAX_MS, ZERO, Hlc, Stamp, parse_ms, rfc3339
from offline.errors import BadInput, Malformed
from offline.rules import table
from offline.trust import Key, verify

ids = st.binary(min_size=32, max_size=32)
place = st.integers(0, 2**62 - 1)
headers = st.builds(ops.Header, st.just(ops.TAG), ids, ids, place, place, ids, st.binary(min_size=8, max_size=8), ids)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
cores = st.builds(
    ops.Core,
    salt=st.binary(min_size=16, max_size=16),
    record=ids | st.just(b""),
    parents=st.lists(ids, max_size=ops.PARENTS_MAX, unique=True),
    on=ids | st.just(b""),
    authority=st.lists(ids, max_size=8),
    signin=ids | st.just(b""),
    kind=st.sampled_from([*table.KINDS, "mystery.kind", ""]),
    stamp=st.tuples(place, place),
    data=st.dictionaries(st.text(max_size=20), plain, max_size=5),
)


@given(headers)
def test_a_header_comes_back_as_it_went_in(header: ops.Header) -> None:
    data = header.pack()
    assert len(data) == ops.HEADER_SIZE == 156
    assert ops.read_header(data) == header


@given(cores, st.binary(max_size=64))
def test_a_body_comes_back_as_it_went_in(core: ops.Core, sig: bytes) -> None:
    body, read = ops.read_body(ops.pack_body(ops.pack_core(core), sig))
    assert read == core and body.person_sig == sig


@given(st.binary(max_size=400))
def test_any_bytes_are_an_op_or_malformed(data: bytes) -> None:
    for read in (ops.read_header, ops.read_body):
        with contextlib.suppress(Malformed):
            read(data)


@given(cores, st.data())
def test_a_damaged_body_is_read_or_malformed(core: ops.Core, data: Any) -> None:
    raw = bytearray(ops.pack_body(ops.pack_core(core)))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        ops.read_body(bytes(raw))


@pytest.mark.parametrize("field", ["segment", "seq"])
def test_places_that_no_database_holds_are_malformed(field: str) -> None:
    header = ops.Header(ops.TAG, *[bytes(32)] * 2, 0, 0, bytes(32), bytes(8), bytes(32))._replace(**{field: 2**62})
    with pytest.raises(Malformed):
        ops.read_header(header.pack())


def test_another_version_says_so() -> None:
    header = ops.Header(b"FHo9", *[bytes(32)] * 2, 0, 0, bytes(32), bytes(8), bytes(32))
    with pytest.raises(Malformed) as caught:
        ops.read_header(header.pack())
    assert caught.value.code == "other_version"


@pytest.mark.parametrize(
    "wrong",
    [
        {"salt": b"short"},
        {"parents": [bytes(31)]},
        {"parents": [bytes([n]) * 32 for n in range(17)]},
        {"parents": [bytes(32), bytes(32)]},
        {"authority": [b"x"]},
        {"authority": [bytes(32)] * (ops.HEADS_MAX + 1)},
        {"record": b"x"},
        {"stamp": (-1, 0)},
        {"stamp": (0, 2**62)},
    ],
)
def test_a_body_with_wrong_parts_is_malformed(wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "salt": bytes(16), "record": b"", "parents": [], "on": b"", "authority": [], "signin": b"",
        "kind": "incident.report", "stamp": (0, 0), "data": {},
    }  # fmt: skip
    ops.read_body(ops.pack_body(ops.pack_core(ops.Core(**good))))
    with pytest.raises(Malformed):
        ops.read_body(ops.pack_body(ops.pack_core(ops.Core(**{**good, **wrong}))))


def test_the_longest_body_fits_and_one_more_byte_does_not() -> None:
    core = b"x" * (ops.BODY_MAX - 8)
    assert len(ops.pack_body(core)) <= ops.BODY_MAX
    with pytest.raises(Malformed, match="kB"):
        ops.pack_body(core + b"x" * 16)
    with pytest.raises(Malformed):
        ops.read_body(bytes(ops.BODY_MAX + 1))


def test_deep_nesting_is_malformed_not_a_crash() -> None:
    deep = b"\x91" * 100_000 + b"\x00"
    for data in (deep, msgspec.msgpack.encode([deep, b""])):
        with pytest.raises(Malformed):
            ops.read_body(data)


# What a record may carry


@settings(max_examples=300)
@given(st.sampled_from(sorted(table.KINDS)), st.dictionaries(st.text(max_size=12) | st.sampled_from(
    ["title", "position", "alert", "text", "to", "ends", "keep", "occurred_at", "with", "quantity", "grade"]
), plain, max_size=4))  # fmt: skip
def test_any_data_is_taken_or_bad_input(kind: str, data: dict[str, Any]) -> None:
    row = table.KINDS[kind]
    try:
        good = records.check(row.record, row.shape, data)
    except BadInput:
        return
    assert set(good) == set(data)
    again = records.check(row.record, row.shape, good)
    assert msgspec.json.encode(good, order="sorted") == msgspec.json.encode(again, order="sorted")


@pytest.mark.parametrize("alert", [{"a": {1: 2, "b": 3}}, {"a": {(1, 2): 3}}, {"a": msgspec.msgpack.Ext(5, b"x")}])
def test_an_alert_that_json_cannot_hold_is_taken_plainly_or_refused(alert: dict[str, Any]) -> None:
    try:
        good = records.check("warning", "create", {"alert": alert})
    except BadInput:
        return
    assert msgspec.json.decode(msgspec.json.encode(good, order="sorted")) == good


@pytest.mark.parametrize(
    "data",
    [
        {"title": "x" * 301},
        {"words": "x" * 20_001},
        {"position": [181.0, 0.0]},
        {"position": [0.0, float("nan")]},
        {"position": [1.0]},
        {"occurred_at": "2026-07-12 06:00"},
        {"occurred_at": "yesterday"},
        {"grade": "V"},
        {"colour": "red"},
        {"source": "a" * 64 + "\n"},
    ],
)
def test_fields_out_of_bounds_are_named(data: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        records.check("incident", "create", data)


# Who signed


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.binary(max_size=100))
@settings(max_examples=40)
def test_a_signature_is_good_for_its_own_text_only(seed: bytes, text: bytes, other: bytes) -> None:
    key = Key.from_seed(seed)
    sig = key.sign(text)
    assert verify(key.public, sig, text)
    assert verify(key.public, sig, other) == (other == text)
    assert not verify(key.public, b"", text) and not verify(b"x", sig, text)


def test_a_persons_signature_is_bound_to_realm_and_node() -> None:
    key = Key.from_seed(bytes(32))
    realm, node, core = b"r" * 32, b"n" * 32, b"core"
    sig = key.sign(ops.person_text(realm, node, core))
    assert verify(key.public, sig, ops.person_text(realm, node, core))
    for other in (
        ops.person_text(b"q" * 32, node, core),
        ops.person_text(realm, b"m" * 32, core),
        ops.person_text(realm, node, b"eroc"),
        ops.chain_text(core),
    ):
        assert not verify(key.public, sig, other)


# Stamps


@given(st.lists(st.tuples(st.integers(0, 10**13), st.tuples(st.integers(0, 10**13), st.integers(0, 5)))))
def test_stamps_rise_above_all_that_was_given_or_followed(steps: list[tuple[int, tuple[int, int]]]) -> None:
    now = [0]
    clock, last = Hlc(lambda: now[0]), ZERO
    for wall, parent in steps:
        now[0] = wall
        stamp = clock.tick(Stamp(*parent))
        assert stamp > last and stamp > Stamp(*parent) and stamp.wall_ms >= wall
        last = stamp


def test_a_peer_cannot_pull_the_clock_into_a_far_future() -> None:
    clock = Hlc(lambda: 1000)
    clock.saw(Stamp(1000 + AHEAD_MAX_MS + 1, 0))
    assert clock.tick() == Stamp(1000, 0)
    clock.saw(Stamp(1000 + AHEAD_MAX_MS, 7))
    assert clock.tick() == Stamp(1000 + AHEAD_MAX_MS, 8)


@given(st.integers(0, 253_402_214_400_000))
def test_times_come_back_to_the_millisecond(ms: int) -> None:
    assert parse_ms(rfc3339(ms)) == ms


@given(st.integers(-(2**63), 2**63))
def test_any_stamp_can_be_shown(ms: int) -> None:
    assert rfc3339(ms)[10] == "T"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_ms("2026-07-12T06:00:00")
