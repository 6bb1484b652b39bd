"""Frames as bytes: what is written is read back, what cannot be read is one documented error, nothing is too long."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms import protocol
from comms.errors import BadFrame
from comms.protocol import FRAME_MAX, Batch, Beats, Bye, Hello, Resync, decode, encode
from offline.log import Outgoing
from offline.ops import Op

ids = st.binary(min_size=32, max_size=32)
places = st.integers(0, 2**62)
heads = st.dictionaries(st.tuples(ids, places), places, max_size=20)
ops = st.builds(Op, st.binary(max_size=160), st.none() | st.binary(max_size=3_000))
outgoings = st.builds(
    Outgoing,
    st.lists(st.binary(max_size=900)),
    st.lists(ops, max_size=40),
    st.lists(st.tuples(ids, places, places, st.binary(max_size=64)), max_size=5),
    places,
    ids,
)


@given(outgoings, places)
def test_a_batch_comes_out_of_its_frames_as_it_went_in(out: Outgoing, after: int) -> None:
    frames = [decode(f) for f in protocol.encode_batch(out, after, "epoch")]
    assert all(isinstance(f, Batch) for f in frames)
    assert [f.final for f in frames] == [False] * (len(frames) - 1) + [True]
    assert {(f.from_pos, f.upto, f.run, f.epoch) for f in frames} == {(after, out.pos, out.run, "epoch")}
    assert [s for f in frames for s in f.statements] == out.statements
    assert [Op(*o) for f in frames for o in f.ops] == out.ops
    assert [s for f in frames for s in f.sigs] == out.sigs


def test_the_longest_ops_and_statements_fit_their_frames() -> None:
    out = Outgoing(
        [b"s" * 64_000] * 7, [Op(b"h" * 156, b"b" * 200_000)] * 3 + [Op(b"h" * 156, None)] * 4_000, [], 9, b"r" * 32
    )
    frames = protocol.encode_batch(out, 0, "e" * 16)
    assert len(frames) >= 6 and max(map(len, frames)) <= FRAME_MAX


@given(heads)
def test_heads_come_out_as_they_went_in(held: dict[tuple[bytes, int], int]) -> None:
    frames = [decode(f) for f in protocol.encode_resync(3, held)]
    assert all(isinstance(f, Resync) and f.round == 3 for f in frames)
    assert {(n, s): q for f in frames for n, s, q in f.heads} == held
    assert [f.more for f in frames] == [True] * (len(frames) - 1) + [False]


def test_very_many_heads_and_beats_are_split() -> None:
    many = {(bytes(32), n): n for n in range(20_000)}
    assert max(map(len, protocol.encode_resync(1, many))) <= FRAME_MAX
    frames = protocol.encode_beats([b"b" * 90_000] * 5)
    assert len(frames) == 3 and all(isinstance(decode(f), Beats) for f in frames)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_frame_or_a_bad_frame(data: bytes) -> None:
    try:
        decode(data)
    except BadFrame as error:
        assert error.code == "malformed"


@given(
    st.recursive(
        st.none() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20) | st.booleans(),
        lambda inner: st.lists(inner, max_size=8),
    )
)
def test_any_msgpack_is_a_frame_or_a_bad_frame(value: object) -> None:
    for kind in range(14):
        rest = value if isinstance(value, list) else [value]
        try:
            decode(msgspec.msgpack.encode([kind, *rest]))
        except BadFrame:
            pass


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc0",
        "text",
        b"\x91\x63",
        b"\x91" * 100_000,
        b"\x92\x0c\xa1x",
        encode(Bye("a", "b")) + b"x",
        b"x" * (FRAME_MAX + 1),
        msgspec.msgpack.encode([5, -1]),
        msgspec.msgpack.encode([5, 2**63]),
        msgspec.msgpack.encode([4, 0, 1, b"r" * 33, "e", True, [], [], []]),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes | str) -> None:
    with pytest.raises(BadFrame):
        decode(data)


def test_a_later_version_may_say_more_in_its_hello() -> None:
    hello = Hello(0, 0, bytes(32), "huaian", bytes(32), "e", 0, 0, None, [], False)
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode(hello)), "something new"])
    assert decode(longer) == hello
