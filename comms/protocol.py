"""The frames of a link as bytes: one msgpack array each, its kind first. `docs/protocol.md` says what they mean.

Ops, statements and beats are byte strings inside, never decoded or encoded again here. Whatever comes in is read under
limits; the only error is `BadFrame`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from comms.errors import BadFrame
from offline.log import Outgoing

VERSION = 0
MIN_VERSION = 0
SUBPROTOCOL = "fenghuo.0"
FRAME_MAX = 262_144  # what a websocket of ours takes; an op's body is at most 200,000 bytes
SPLIT_AT = 200_000  # a frame is closed when its contents would pass this
WINDOW = 8  # batches under way and not yet said to be stored
BATCH_MAX = 16_000_000  # of one batch put together from its frames
PROOF_MAX = 4_000_000
ITEM_COST = 64  # counted beside the bytes of each op, statement and signature: empty ones cost memory and time too
BEATS_MAX = 2_000  # of one frame; each holds a signature
HEADS_MAX = 200_000  # of one node; each opening of a profile makes one more
TEXT_MAX = 500

Id = Annotated[bytes, Meta(min_length=32, max_length=32)]
Run = Annotated[bytes, Meta(max_length=32)]
Pos = Annotated[int, Meta(ge=0, le=2**62)]
Ms = Annotated[int, Meta(ge=0, le=2**53)]
Epoch = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
HeadRow = tuple[Id, Pos, Pos]
CursorRow = tuple[Epoch, Pos, Run]
OpRow = tuple[bytes, bytes | None]
SigRow = tuple[Id, Pos, Pos, Annotated[bytes, Meta(max_length=64)]]


class Hello(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """Who speaks, what of its proof fits, and how far it has stored the other's log. Later versions may add fields."""

    version: int
    min_version: int
    realm: Id
    centre: Text
    node: Id
    epoch: Epoch
    log_end: Pos
    clock_ms: Ms
    cursor: CursorRow | None
    proof: list[bytes]
    more_proof: bool


class Proof(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=2):
    """More statements of the proof begun in a hello."""

    proof: list[bytes]
    more_proof: bool


class Start(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=3):
    """Batches follow, from this position, in answer to this round (0: the hello's cursor, n: the n-th resync)."""

    round: Pos
    from_pos: Pos
    log_end: Pos


class Batch(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=4):
    """A part of what lies between two positions of the sender's log; `final` says that it is whole."""

    from_pos: Pos
    upto: Pos
    run: Run
    epoch: Epoch
    final: bool
    statements: list[bytes]
    ops: list[OpRow]
    sigs: list[SigRow]


class Stored(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=5):
    """Everything up to this position is on disk here, with a full sync."""

    pos: Pos


class Resync(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=6):
    """Heads held here: begin again from position 0 and leave out what lies below them."""

    round: Pos
    heads: list[HeadRow]
    more: bool


class Lost(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=7):
    """Your cursor does not fit this log; answer with a resync."""


class Beats(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=8):
    """Signed words of nodes on what they hold."""

    beats: Annotated[list[bytes], Meta(max_length=BEATS_MAX)]


class Ping(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=9):
    """Are you there? Answered at once, with the number."""

    number: Pos


class Pong(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=10):
    """The answer to a ping, with the answerer's wall clock."""

    number: Pos
    clock_ms: Ms


class Bye(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=11):
    """The last frame of a side: why it closes, a word for programs and a sentence for a person."""

    code: Annotated[str, Meta(max_length=40)]
    sentence: Text


class Alone(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=12):
    """A hub's word to the nodes of its own centre: since when (wall ms) it has had no link upwards; nil: it has one."""

    since_ms: Ms | None


Frame = Hello | Proof | Start | Batch | Stored | Resync | Lost | Beats | Ping | Pong | Bye | Alone
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode
T = TypeVar("T")


def encode(frame: Frame) -> bytes:
    """The frame's bytes; a frame too long for the wire is a bug of the caller's."""
    data = _encode(frame)
    assert len(data) <= FRAME_MAX, f"a {type(frame).__name__} of {len(data)} bytes"
    return data


def decode(data: bytes | str) -> Frame:
    """The frame in these bytes; BadFrame for anything else."""
    if isinstance(data, str):
        raise BadFrame("text came where frames are binary")
    if len(data) > FRAME_MAX:
        raise BadFrame(f"a frame of {len(data)} bytes, got; at most {FRAME_MAX} expected")
    try:
        frame: Frame = _decode(data)
        return frame
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadFrame(f"a frame that cannot be read ({error})"[:TEXT_MAX]) from error


def encode_batch(out: Outgoing, from_pos: int, epoch: str) -> list[bytes]:
    """The frames of one batch, the last marked final; the same bytes for every peer of one centre at one position."""
    parts = list(split(_items(out)))
    frames = []
    for n, part in enumerate(parts or [[]]):
        picked: dict[str, list[Any]] = {"statements": [], "ops": [], "sigs": []}
        for name, item in part:
            picked[name].append(item)
        final = n >= len(parts) - 1
        frames.append(encode(Batch(from_pos, out.pos, out.run, epoch, final, **picked)))
    return frames


def _items(out: Outgoing) -> Iterator[tuple[int, tuple[str, Any]]]:
    for wire in out.statements:
        yield len(wire) + 5, ("statements", wire)
    for op in out.ops:
        yield len(op.header) + len(op.body or b"") + 12, ("ops", (op.header, op.body))
    for sig in out.sigs:
        yield 32 + 64 + 30, ("sigs", tuple(sig))


def split(items: Iterable[tuple[int, T]]) -> Iterator[list[T]]:
    """Groups of things given with their sizes, each group below SPLIT_AT or of one thing."""
    part: list[T] = []
    size = 0
    for item_size, item in items:
        if part and size + item_size > SPLIT_AT:
            yield part
            part, size = [], 0
        part.append(item)
        size += item_size
    if part:
        yield part


def encode_beats(beats: Sequence[bytes]) -> list[bytes]:
    """Frames that carry these beats."""
    return [encode(Beats(part)) for part in split((len(b) + 5, b) for b in beats)]


def encode_resync(number: int, heads: dict[tuple[bytes, int], int]) -> list[bytes]:
    """Frames of one resync."""
    rows = sorted((n, s, q) for (n, s), q in heads.items())
    parts = list(split((55, row) for row in rows)) or [[]]
    return [encode(Resync(number, part, n < len(parts) - 1)) for n, part in enumerate(parts)]


def split_proof(proof: Sequence[bytes]) -> list[list[bytes]]:
    """A proof in parts that each fit a frame; at least one, the first for the hello."""
    return list(split((len(p) + 5, p) for p in proof)) or [[]]
