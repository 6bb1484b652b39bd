"""The shape of a row in the table of op kinds, and what each column means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from offline.rules.roles import DESK, EVERYONE

Shape = Literal["create", "edit", "step", "note", "settle", "system"]
Where = Literal["home", "target", "keeper", "reader", "own"]

START = ""  # the stage before a record's first op
VERSION = 1


@dataclass(frozen=True)
class Kind:
    """One kind of op.

    name: `record.verb`. record: the kind of record it stands on. shape: what the merge does with it: `create` starts a
    record and gives its first fields, `edit` writes fields, `step` is a command that names the command it continues,
    `note` adds without changing the stage, `settle` ends a conflict, `system` is bookkeeping. after: stages a step may
    continue. to: the stage it leads to. roles: who may write it. where: whose centre it must be: `home` the record's
    own centre or one above it, `target` the centre an order is addressed to, `keeper` the keeper node of the record's
    centre, `reader` any centre that may see the record, `own` a new record of one's own. heavy: carries the person's
    own signature. unattended: a node may write it with nobody signed in. needs: fields that must be given. bars:
    fields that it may not write, because a heavier kind does. why: the
    sentence shown when the stage forbids it.
    """

    name: str
    record: str
    shape: Shape
    after: frozenset[str] = frozenset()
    to: str = ""
    roles: frozenset[str] = EVERYONE
    where: Where = "reader"
    heavy: bool = False
    unattended: bool = False
    needs: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
    why: str = ""


def create(record: str, verb: str, to: str, **more: object) -> Kind:
    """A row that starts a record."""
    more.setdefault("where", "own")
    return Kind(f"{record}.{verb}", record, "create", frozenset({START}), to, **more)  # type: ignore[arg-type]


def step(record: str, verb: str, after: str, to: str, why: str, **more: object) -> Kind:
    """A row for a command; `after` lists stages separated by spaces."""
    more.setdefault("roles", DESK)
    more.setdefault("where", "home")
    return Kind(f"{record}.{verb}", record, "step", frozenset(after.split()), to, why=why, **more)  # type: ignore[arg-type]


def common(record: str) -> tuple[Kind, ...]:
    """The rows every record has: notes, widening its audience, settling a conflict, joining many heads."""
    return (
        Kind(f"{record}.note", record, "note", needs=("text",)),
        Kind(f"{record}.share", record, "note", roles=DESK, needs=("to",)),
        Kind(f"{record}.settle", record, "settle", roles=DESK, where="home", heavy=True, needs=("ends", "keep")),
        Kind(f"{record}.join", record, "note", unattended=True),
    )
