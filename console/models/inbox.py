"""Columns of the inbox: what waits for this desk, the worst first, as `View.inbox` orders it."""

from __future__ import annotations

from collections.abc import Mapping

from console.i18n import Tongue
from console.models.table import Column, Record
from console.words import NameOf, Piece, age_of, late, line, mark, short_centre


def key(row: Record) -> str:
    """What is to be done to which record."""
    return f"{row['what']} {row['record']}"


def columns(
    t: Tongue,
    name_of: NameOf,
    now_ms: int,
    to: Mapping[str, str] | None = None,
    unreal: Mapping[str, Record] | None = None,
) -> list[Column]:
    """What, about what, from whom (or, for our own orders, to whom: `to` by record id), since when or how late.

    `unreal` has the warnings, by id, that are a drill or a test: they are marked and hatched.
    """
    target, drills = to or {}, unreal or {}
    return [
        Column(t("column.what"), lambda r: Piece(f"{flag(r)}{t.get('what.' + r['what'], r['what'])}", tone(r)), 9),
        Column(t("column.title"), lambda r: what(t, r, drills)),
        Column(t("column.who"), lambda r: Piece(short_centre(name_of(who(r, target))), "quiet"), 10, spare=True),
        Column(t("column.age"), lambda r: wait(t, r, now_ms), 13, right=True),
    ]


def what(t: Tongue, row: Record, unreal: Mapping[str, Record]) -> Piece:
    """The title; that of a drill or test with its mark, whatever its sender wrote."""
    warning = unreal.get(row["record"])
    if warning is None:
        return Piece(line(row["title"]))
    word = mark(t, warning)
    return Piece(line(row["title"] if word in row["title"] else f"【{word}】{row['title']}"), "unreal")


def who(row: Record, target: Mapping[str, str]) -> str:
    """Path of the centre the row is about: for what we wait for, whoever owes the answer."""
    return target.get(row["record"], row["centre"]) if row["what"] in ("chase", "check") else str(row["centre"])


def flag(row: Record) -> str:
    """`!` before what runs late or quarrels, so that colour is not the only sign."""
    return "! " if row["overdue_s"] > 0 or row["what"] == "conflict" else ""


def tone(row: Record) -> str:
    """How the first cell looks."""
    return "wrong" if row["overdue_s"] > 0 or row["what"] == "conflict" else "strong"


def wait(t: Tongue, row: Record, now_ms: int) -> Piece:
    """How late it is, else how long it waits."""
    return late(t, row["overdue_s"]) if row["overdue_s"] > 0 else Piece(age_of(t, row["since"], now_ms), "quiet")
