"""Columns of the resources table, and the order in which they stand: working ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from console.i18n import Tongue
from console.models.table import Column, Record
from console.words import NameOf, Piece, line, short_centre, stage, title

_ORDER = {"asked": 0, "committed": 1, "available": 2, "out_of_service": 3}
TitleOf = Callable[[str | None], str]


def key(record: Record) -> str:
    """A record's id."""
    return str(record["id"])


def ordered(records: Iterable[Record], own: str) -> list[Record]:
    """Own before others', asked and committed before free, then by name."""
    return sorted(records, key=lambda r: (r["centre"] != own, _ORDER.get(r["stage"], 9), str(r.get("name") or "")))


def summary(t: Tongue, records: Iterable[Record]) -> str:
    """How many stand in which stage: 待命 12 · 出动 5."""
    counts: dict[str, int] = {}
    for record in records:
        counts[record["stage"]] = counts.get(record["stage"], 0) + 1
    known = [s for s in ("available", "asked", "committed", "out_of_service") if counts.get(s)]
    return " · ".join(f"{t('stage.resource.' + s)} {counts[s]}" for s in known)


def columns(t: Tongue, name_of: NameOf, title_of: TitleOf) -> list[Column]:
    """Stage, name, type, whose, what it works on."""
    return [
        Column(
            t("column.stage"), lambda r: Piece(stage(t, r), "strong" if r["stage"] in ("asked", "committed") else ""), 9
        ),
        Column(t("column.name"), lambda r: Piece(("⇄ " if r["conflicts"] else "") + title(r))),
        Column(t("column.type"), lambda r: Piece(t.get(f"type.{r.get('type')}", line(r.get("type"), 20)), "quiet"), 10),
        Column(t("column.centre"), lambda r: Piece(short_centre(name_of(r["centre"])), "quiet"), 10, spare=True),
        Column(t("column.task"), lambda r: Piece(title_of(r.get("task")), "quiet"), 16, spare=True),
    ]
