"""The bytes of an op: a fixed-width header that anyone may carry, and a body for those who may see it.

Bytes are verified as they came, stored as verified and never encoded again. An op's id is the hash of its header; the
header names the hash of the header before it in its chain and the hash of its body. A node signs only the last header
of each commit: that one signature proves every header before it.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any, NamedTuple

import msgspec

from offline.clock import Stamp
from offline.errors import Malformed

TAG = b"FHo0"  # use and version; becomes FHo1 when the bytes are declared for ever
HEADER = struct.Struct(">4s32s32sQQ32s8s32s")
HEADER_SIZE = HEADER.size  # 156 bytes
NONE = b""
ZERO_ID = bytes(32)
BODY_MAX = 200_000  # so that one op with its header always fits a frame of 256 kB
PARENTS_MAX = 16
DEPTH_MAX = 32  # of lists in lists; an alert has nine. The interpreter's own bound differs from one call to another
HEADS_MAX = 1024  # as many centres may have written authority at once while they were cut off
SEGMENT_BITS = 62  # SQLite's integers are signed; two random 62-bit numbers of one node do not meet


class Header(NamedTuple):
    """The part of an op that everyone may hold: where it stands in its chain, and the hash of its body."""

    tag: bytes
    realm: bytes
    node: bytes
    segment: int
    seq: int
    prev: bytes
    mark: bytes
    body: bytes

    def pack(self) -> bytes:
        """The header's 156 bytes."""
        return HEADER.pack(*self)


class Core(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What an op says. Empty bytes stand for *none* in `record`, `on` and `signin`."""

    salt: bytes
    record: bytes
    parents: list[bytes]
    on: bytes
    authority: list[bytes]
    signin: bytes
    kind: str
    stamp: tuple[int, int]
    data: dict[str, Any]


class Body(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The core's bytes, and the person's own signature over them for heavy kinds (else empty)."""

    core: bytes
    person_sig: bytes


class Op(NamedTuple):
    """One op as it travels: header bytes, and body bytes or None where it is withheld."""

    header: bytes
    body: bytes | None


_encode = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(Body).decode
_decode_core = msgspec.msgpack.Decoder(Core).decode


def digest(data: bytes) -> bytes:
    """SHA-256, the one hash of this program."""
    return hashlib.sha256(data).digest()


def read_header(data: bytes) -> Header:
    """The header in these bytes; Malformed when they are not one of this version."""
    if len(data) != HEADER_SIZE:
        raise Malformed(f"An op's header has {HEADER_SIZE} bytes, this has {len(data)}.")
    header = Header(*HEADER.unpack(data))
    if header.tag != TAG:
        raise Malformed(f"An op of another version came in ({header.tag!r}).", code="other_version")
    if header.segment >> SEGMENT_BITS or header.seq >> SEGMENT_BITS:
        raise Malformed("An op's place in its chain is beyond any.")
    return header


def read_body(data: bytes) -> tuple[Body, Core]:
    """Body and core in these bytes; Malformed when they are too long, too wide or not of this shape."""
    if len(data) > BODY_MAX:
        raise Malformed(f"An op's body may have {BODY_MAX} bytes, this has {len(data)}.")
    try:
        body = _decode_body(data)
        core = _decode_core(body.core)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(f"An op's body cannot be read ({error}).") from error
    _check_core(core)
    return body, core


def _check_core(core: Core) -> None:
    ids = [*core.parents, *core.authority, *(i for i in (core.record, core.on, core.signin) if i)]
    if any(len(i) != 32 for i in ids) or len(core.salt) != 16:
        raise Malformed("An op names something that is no id.")
    if len(core.parents) > PARENTS_MAX or len(core.authority) > HEADS_MAX:
        raise Malformed("An op names too many parents or authority heads.")
    if len(set(core.parents)) != len(core.parents):
        raise Malformed("An op names one parent twice.")
    if is_too_deep(core.data):
        raise Malformed(f"An op's data is nested more than {DEPTH_MAX} deep.")
    if min(core.stamp) < 0 or max(core.stamp) >= 1 << 62:
        raise Malformed("An op's stamp is outside all time.")


def is_too_deep(data: Any) -> bool:
    """Whether lists and tables lie in each other deeper than any of ours do."""
    level = [data]
    for _ in range(DEPTH_MAX):
        inner = [v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list | tuple)]
        level = [v for values in inner for v in values if isinstance(v, dict | list | tuple)]
        if not level:
            return False
    return True


def pack_core(core: Core) -> bytes:
    """The core's bytes, encoded once, when it is written."""
    return _encode(core)


def pack_body(core: bytes, person_sig: bytes = NONE) -> bytes:
    """The body's bytes around a core."""
    data = _encode(Body(core, person_sig))
    if len(data) > BODY_MAX:
        raise Malformed(f"An entry may have {BODY_MAX // 1000} kB, this has {len(data) // 1000} kB.", do="Shorten it.")
    return data


def person_text(realm: bytes, node: bytes, core: bytes) -> bytes:
    """The bytes a person signs for a heavy op: bound to this realm and this node."""
    return b"fenghuo person\x00" + realm + node + core


def chain_text(header_id: bytes) -> bytes:
    """The bytes a node signs over the last header of a commit."""
    return b"fenghuo chain\x00" + header_id


def record_of(op_id: bytes, core: Core) -> bytes:
    """The record an op stands on: the one it names, or itself when it is a record's first."""
    return core.record or op_id


def stamp_of(core: Core) -> Stamp:
    """The core's stamp as a `Stamp`."""
    return Stamp(*core.stamp)
