"""Columns of the incidents table."""

from __future__ import annotations

from console.i18n import Tongue
from console.models.table import Column, Record
from console.theme import GRADE_COLOUR
from console.words import NameOf, Piece, age_of, grade_short, short_centre, stage, title


def key(record: Record) -> str:
    """A record's id."""
    return str(record["id"])


def columns(t: Tongue, name_of: NameOf, now_ms: int) -> list[Column]:
    """Grade, stage, what, how old, who leads; a conflict is flagged at the title."""
    return [
        Column(
            t("column.grade"), lambda r: Piece(grade_short(t, r), GRADE_COLOUR.get(r.get("grade") or "", "quiet")), 5
        ),
        Column(t("column.stage"), lambda r: Piece(stage(t, r)), 9 if t.language == "zh" else 11),
        Column(t("column.title"), lambda r: Piece(("⇄ " if r["conflicts"] else "") + title(r))),
        Column(
            t("column.lead"),
            lambda r: Piece(short_centre(name_of(r.get("lead") or r["centre"])), "quiet"),
            10,
            spare=True,
        ),
        Column(t("column.age"), lambda r: Piece(age_of(t, r["at_first"], now_ms), "quiet"), 7, right=True),
    ]
