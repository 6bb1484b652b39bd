"""Damaged bytes: ops, statements and beats with bits turned, cut, doubled; only documented errors come out."""

from __future__ import annotations

import random
from pathlib import Path

from offline import beats, ops
from offline.authority import read_statement
from offline.errors import FenghuoError, Malformed
from offline.ops import Op
from tests.helpers.world import Forger, World, digest_of
from tests.torture.histories import Broken


def spoil(dice: random.Random, data: bytes) -> bytes:
    """The bytes with one to four things wrong with them."""
    out = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(out) + 1)
        match dice.randrange(5):
            case 0 if at < len(out):
                out[at] ^= 1 << dice.randrange(8)
            case 1:
                del out[at : at + dice.randrange(1, 40)]
            case 2:
                out[at:at] = dice.randbytes(dice.randrange(1, 20))
            case 3 if at < len(out):
                out[at] = dice.choice((0xC1, 0xDF, 0xDD, 0xC6, 0xFF, 0x00, 0xD9))
            case _:
                out[at:at] = out[at : at + dice.randrange(1, 40)]
    return bytes(out)


def run(folder: Path, count: int, seed: int = 0) -> dict[str, int]:
    """Give that many spoiled things to readers and to a store; Broken when any other error comes out or state moves."""
    dice = random.Random(seed)
    with World(folder, seed) as world:
        city, hub = world.centre("a"), world.hub("a")
        record = world.report(city, "堤防", position=[119.0, 34.0])
        world.do(city, "warning.propose", identifier="i", sender="s", status="Actual", alert={"infos": [{"a": [1.5]}]})
        world.do(city, "incident.accept", record)
        world.settle()
        out = city.store.outgoing("a", 0, "", {})
        beat = city.store.make_beat()
        before = digest_of(hub, "a"), set(hub.store.authority.statements)
        for n in range(count):
            try:
                _one(dice, n, out, beat, hub)
            except FenghuoError:
                continue
            except Exception as error:
                raise Broken(f"seed {seed}, case {n}: {error!r}") from error
        if (digest_of(hub, "a"), set(hub.store.authority.statements)) != before:
            raise Broken(f"seed {seed}: spoiled bytes became state")
        signed = _signed(dice, world, record, count // 20)
        hub.store.rebuild()
    return {"damaged": count, "signed_damaged": signed}


def _one(dice: random.Random, n: int, out, beat: bytes, hub) -> None:  # type: ignore[no-untyped-def]
    op = dice.choice(out.ops)
    match n % 5:
        case 0:
            ops.read_body(spoil(dice, op.body))
        case 1:
            read_statement(spoil(dice, dice.choice(out.statements)))
        case 2:
            beats.read(spoil(dice, beat))
        case 3:
            hub.store.take_beat(spoil(dice, beat))
        case _:
            bad = Op(op.header, spoil(dice, op.body)) if dice.random() < 0.5 else Op(spoil(dice, op.header), op.body)
            wire = spoil(dice, dice.choice(out.statements))
            hub.store.receive(
                "x", [wire], [bad], [s if dice.random() < 0.5 else (*s[:3], spoil(dice, s[3])) for s in out.sigs]
            )


def _signed(dice: random.Random, world: World, record: bytes, count: int) -> int:
    """Bodies that are wrong in themselves but well signed, as a changed program would send them."""
    city, hub = world.nodes["a"], world.nodes["a:hub"]
    rogue = Forger(city)
    kinds = ("incident.edit", "incident.note", "incident.settle", "warning.propose", "task.order", "session.signin")
    for n in range(count):
        good = rogue.op(
            dice.choice(kinds), {"title": "x", "to": ["a"], "ends": ["0" * 64]}, record=record, parents=[record]
        )
        rogue.seq, rogue.prev = rogue.seq - 1, ops.read_header(good.header).prev
        op = rogue.raw(spoil(dice, good.body or b""))
        try:
            change = rogue.give(hub, op)
        except Malformed:
            raise
        except Exception as error:
            raise Broken(f"signed case {n}: {error!r}") from error
        if not change.ops:
            raise Broken(f"signed case {n} was not kept: {change.refused}")
    return count
