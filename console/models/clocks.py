"""Columns of the clocks: orders with a time limit, the next (or most overdue) first."""

from __future__ import annotations

from collections.abc import Iterable

from console.i18n import Tongue
from console.models.table import Column, Record
from console.words import NameOf, Piece, left, moment, short_centre, stage, title, when

_RUNNING = ("ordered", "accepted", "under_way")


def key(record: Record) -> str:
    """A record's id."""
    return str(record["id"])


def running(tasks: Iterable[Record]) -> list[Record]:
    """Orders whose clock runs, by when they are due."""
    timed = [(moment(t.get("due_at")), t) for t in tasks if t["stage"] in _RUNNING]
    return [t for ms, t in sorted(((ms, t) for ms, t in timed if ms is not None), key=lambda p: (p[0], p[1]["id"]))]


def columns(t: Tongue, name_of: NameOf, now_ms: int) -> list[Column]:
    """How long is left, what, to whom, how far it is, when it is due."""
    return [
        Column(t("column.left"), lambda r: left(t, r.get("due_at"), now_ms), 16, right=True),
        Column(t("column.title"), lambda r: Piece(title(r))),
        Column(t("column.who"), lambda r: Piece(short_centre(name_of(r.get("to") or "")), "quiet"), 10, spare=True),
        Column(t("column.stage"), lambda r: Piece(stage(t, r), "quiet"), 9, spare=True),
        Column(t("column.due"), lambda r: Piece(when(r.get("due_at"), now_ms), "quiet"), 12, right=True),
    ]
