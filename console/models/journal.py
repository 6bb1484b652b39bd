"""Columns of the journal: when, what, who wrote it; the newest first."""

from __future__ import annotations

from collections.abc import Iterable

from console.i18n import Tongue
from console.models.table import Column, Record
from console.words import NameOf, Piece, line, moment, short_centre, when


def key(record: Record) -> str:
    """A record's id."""
    return str(record["id"])


def newest_first(entries: Iterable[Record]) -> list[Record]:
    """By the time the line is about, else when it was written."""
    return sorted(entries, key=lambda r: (-(moment(r.get("at")) or moment(r["at_first"]) or 0), r["id"]))


def columns(t: Tongue, name_of: NameOf, now_ms: int) -> list[Column]:
    """Time, text, centre and writer."""
    return [
        Column(
            t("column.at"),
            lambda r: Piece(when(r.get("at") or r["at_first"], now_ms, seconds=True), "quiet"),
            12,
            right=True,
        ),
        Column(t("column.text"), lambda r: Piece(line(r.get("text")))),
        Column(t("column.who"), lambda r: Piece(short_centre(name_of(r["centre"])), "quiet"), 10, spare=True),
        Column(t("column.by"), lambda r: Piece(line(r.get("by"), 20), "quiet"), 10),
    ]
