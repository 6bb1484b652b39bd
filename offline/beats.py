"""Beats: a node's signed word on what it holds, now.

From beats alone come "as of" for each source and the *delivered* tick: a hub may carry an order, but only the target's
own signature says that it arrived.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from offline.errors import Malformed
from offline.trust import Key, verify

TAG = "FHb0"
BEAT_MAX = 100_000
ORDERS_MAX = 512


class Core(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What a beat says: chain heads held with all bodies owed, and the orders for this centre that are here, whole."""

    tag: str
    realm: bytes
    node: bytes
    centre: str
    stamp: tuple[int, int]
    heads: list[tuple[bytes, int, int]]
    orders: list[bytes]


class Wire(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A beat as it travels."""

    core: bytes
    sig: bytes


class Beat(NamedTuple):
    """A beat that was read; its signature is checked apart, once its node is known."""

    core: Core
    wire: Wire


def write(
    key: Key,
    realm: bytes,
    centre: str,
    stamp: tuple[int, int],
    heads: dict[tuple[bytes, int], int],
    orders: list[bytes],
) -> bytes:
    """A signed beat's bytes."""
    rows = sorted((n, s, q) for (n, s), q in heads.items())
    core = msgspec.msgpack.encode(Core(TAG, realm, key.id, centre, stamp, rows[-1000:], orders[:ORDERS_MAX]))
    return msgspec.msgpack.encode(Wire(core, key.sign(b"fenghuo beat\x00" + core)))


def read(data: bytes) -> Beat:
    """The beat in these bytes; Malformed when it is none."""
    if len(data) > BEAT_MAX:
        raise Malformed("A beat is longer than any may be.")
    try:
        wire = msgspec.msgpack.decode(data, type=Wire)
        core = msgspec.msgpack.decode(wire.core, type=Core)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(f"A beat cannot be read ({error}).") from error
    if min(core.stamp) < 0 or max(core.stamp) >= 1 << 62:
        raise Malformed("A beat's stamp is outside all time.")
    if core.tag != TAG or len(core.node) != 32:
        raise Malformed("A beat of another version came in.", code="other_version")
    return Beat(core, wire)


def is_signed(beat: Beat, public: bytes) -> bool:
    """Whether the beat's own node signed it."""
    return verify(public, beat.wire.sig, b"fenghuo beat\x00" + beat.wire.core)
