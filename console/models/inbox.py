"""Columns of the inbox: what waits for this desk, the worst first, as `View.inbox` orders it."""

from __future__ import annotations

from console.i18n import Tongue
from console.models.table import Column, Record
from console.words import NameOf, Piece, age_of, late, line


def key(row: Record) -> str:
    """What is to be done to which record."""
    return f"{row['what']} {row['record']}"


def columns(t: Tongue, name_of: NameOf, now_ms: int) -> list[Column]:
    """What, about what, from whom, since when or how late."""
    return [
        Column(t("column.what"), lambda r: Piece(f"{flag(r)}{t.get('what.' + r['what'], r['what'])}", tone(r)), 9),
        Column(t("column.title"), lambda r: Piece(line(r["title"]))),
        Column(t("column.who"), lambda r: Piece(name_of(r["centre"]), "quiet"), 12),
        Column(t("column.age"), lambda r: wait(t, r, now_ms), 13, right=True),
    ]


def flag(row: Record) -> str:
    """`!` before what runs late or quarrels, so that colour is not the only sign."""
    return "! " if row["overdue_s"] > 0 or row["what"] == "conflict" else ""


def tone(row: Record) -> str:
    """How the first cell looks."""
    return "wrong" if row["overdue_s"] > 0 or row["what"] == "conflict" else "strong"


def wait(t: Tongue, row: Record, now_ms: int) -> Piece:
    """How late it is, else how long it waits."""
    return late(t, row["overdue_s"]) if row["overdue_s"] > 0 else Piece(age_of(t, row["since"], now_ms), "quiet")
