"""What region 4 writes about a record: pairs of a key and a value, *not known* said in so many words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from console import words
from console.i18n import Tongue
from console.models.chosen import Chosen
from console.words import NameOf, Piece

Record = dict[str, Any]
AREAS_MAX = 40
TEXT_MAX = 4_000


class Fact(NamedTuple):
    """A key's words and its value."""

    key: str
    value: Piece


def head(t: Tongue, record: Record, name_of: NameOf, now_ms: int) -> list[Piece]:
    """The line under the title: what it is, how it stands, whose, how old its source is."""
    out = [Piece(words.kind(t, record), "quiet"), Piece(words.stage(t, record), "strong")]
    if record["kind"] == "incident":
        out.append(words.grade(t, record))
    if record["kind"] == "warning":
        if words.mark(t, record):
            out.append(Piece(f"【{words.mark(t, record)}】", "unreal"))
        shape = words.SHAPES.get(str(record.get("colour")), words.NO_SHAPE)
        out.append(Piece(f"{shape} {words.colour_word(t, record)}", words.warning_tone(record)))
    out.append(Piece(name_of(record["centre"]), "quiet"))
    if record.get("as_of"):
        out.append(Piece(t("fact.as_of", time=words.when(record["as_of"], now_ms, seconds=True)), "quiet"))
    if record.get("gap"):
        out.append(Piece(t("fact.gap"), "wrong"))
    return out


def facts(t: Tongue, chosen: Chosen, name_of: NameOf, now_ms: int) -> list[Fact]:
    """The facts of the chosen record."""
    maker = _MAKERS.get(chosen.record["kind"])
    rows = maker(t, chosen, name_of, now_ms) if maker else []
    return [Fact(t(f"fact.{key}"), value) for key, value in rows]


Rows = list[tuple[str, Piece]]


def _text(t: Tongue, value: object) -> Piece:
    """A person's text as it was written, lines kept, bounded."""
    text = "\n".join(words.line(x, 600) for x in str(value or "")[:TEXT_MAX].splitlines())
    return words.known(t, text.strip())


def _when(t: Tongue, value: str | None, now_ms: int) -> Piece:
    return words.known(t, words.when(value, now_ms))


def _said(t: Tongue, record: Mapping[str, Any], now_ms: int) -> Piece:
    return Piece(
        t(
            "fact.who_when",
            by=words.line(record.get("by"), 40),
            at=words.when(record.get("at_first"), now_ms, seconds=True),
        )
    )


def _latest(t: Tongue, record: Mapping[str, Any], now_ms: int) -> Piece:
    steps = [s for s in [*record.get("steps", []), *record.get("notes", [])] if s["kind"].partition(".")[2] != "share"]
    if not steps:
        return _said(t, record, now_ms)
    last = max(steps, key=lambda s: s["at"])
    verb = t.get(f"verb.{last['kind']}", "")
    reason = words.line(last["data"].get("reason") or last["data"].get("text"), 120)
    who = t("fact.who_when", by=words.line(last["by"], 40), at=words.when(last["at"], now_ms, seconds=True))
    return Piece(" · ".join(x for x in (verb, who, reason) if x))


def _place(t: Tongue, record: Mapping[str, Any]) -> Piece:
    where = [words.line(record.get("place")), words.place_text(record.get("position"))]
    return words.known(t, "  ".join(x for x in where if x))


def _incident(t: Tongue, chosen: Chosen, name_of: NameOf, now_ms: int) -> Rows:
    r = chosen.record
    source = chosen.warnings[0] if chosen.warnings else None
    return [
        ("place", _place(t, r)),
        ("type", words.known(t, r.get("type"))),
        ("occurred_at", _when(t, r.get("occurred_at"), now_ms)),
        ("reported_at", _said(t, r, now_ms)),
        ("lead", Piece(name_of(r.get("lead") or r["centre"]))),
        ("words", _text(t, r.get("words"))),
        ("source", Piece(words.title(source)) if source else words.known(t, None)),
        ("last", _latest(t, r, now_ms)),
    ]


def _task(t: Tongue, chosen: Chosen, name_of: NameOf, now_ms: int) -> Rows:
    r = chosen.record
    rest = words.left(t, r.get("due_at"), now_ms)
    due = f"{words.when(r.get('due_at'), now_ms)}  {rest.text}".strip()
    rows: Rows = [
        ("to", Piece(name_of(r.get("to") or ""), "strong")),
        ("due", Piece(due, rest.tone) if due else Piece(t("fact.none"), "quiet")),
        ("text", _text(t, r.get("text"))),
        ("incident", Piece(words.title(chosen.incident)) if chosen.incident else Piece(t("fact.none"), "quiet")),
    ]
    if chosen.parent:
        rows.append(("parent", Piece(words.title(chosen.parent))))
    sent = [f"{words.title(x)} {words.stage(t, x)}" for x in chosen.resources]
    rows.append(("resources", Piece(" · ".join(sent) if sent else t("fact.none"), "" if sent else "quiet")))
    return [*rows, ("by", _said(t, r, now_ms)), ("last", _latest(t, r, now_ms))]


def _resource(t: Tongue, chosen: Chosen, name_of: NameOf, now_ms: int) -> Rows:
    r = chosen.record
    quantity = f"{r['quantity']} {r.get('unit') or ''}".strip() if r.get("quantity") is not None else None
    rows: Rows = [
        ("type", words.known(t, t.get(f"type.{r.get('type')}", r.get("type") or ""))),
        ("task", Piece(words.title(chosen.task)) if chosen.task else Piece(t("fact.none"), "quiet")),
        ("phone", words.known(t, words.line(r.get("phone"), 60))),
        ("quantity", words.known(t, quantity)),
        ("plate", words.known(t, words.line(r.get("plate"), 40))),
        ("position", words.known(t, words.place_text(r.get("position")))),
        ("last", _latest(t, r, now_ms)),
    ]
    if r.get("refused") and r["stage"] == "available":
        rows.insert(0, ("refused", Piece(t.sentence(words.line(r["refused"], 120)), "wrong")))
    return rows


def _severity(record: Mapping[str, Any]) -> str:
    """A severity that the standard does not have, as it came; its *Unknown* is not known."""
    said = words.line(record.get("severity"), 40)
    return "" if said == "Unknown" else said


def _warning(t: Tongue, chosen: Chosen, name_of: NameOf, now_ms: int) -> Rows:
    r = chosen.record
    info = words.info_of(r, t.language)
    action = t.get(f"msg.{r.get('msg_type')}", words.line(r.get("msg_type"), 20))
    sender = words.line(info.get("sender_name") or r.get("sender"), 120)
    return [
        ("headline", _text(t, info.get("headline") or r.get("headline"))),
        ("hours", words.hours(t, r, now_ms)),
        ("areas", areas(t, info, chosen.unplaced)),
        ("sender", Piece(" · ".join(x for x in (sender, action, words.when(r.get("sent"), now_ms)) if x))),
        ("severity", words.known(t, t.get(f"severity.{r.get('severity')}", _severity(r)))),
        ("description", _text(t, info.get("description"))),
        ("instruction", _text(t, info.get("instruction"))),
        ("incident", Piece(words.title(chosen.incident)) if chosen.incident else Piece(t("fact.none"), "quiet")),
        ("last", _latest(t, r, now_ms)),
    ]


def areas(t: Tongue, info: Mapping[str, Any], unplaced: Sequence[str] = ()) -> Piece:
    """Names of the areas, and the regions of which nothing can be drawn: no shape, no boundary on this machine."""
    rows = list(info.get("areas") or [])
    names = []
    for area in rows[:AREAS_MAX]:
        codes = " ".join(str(g.get("value", "")) for g in area.get("geocodes") or [])
        name = words.line(area.get("desc") or codes, 80) or t("fact.unknown")
        names.append(name)
    if len(rows) > AREAS_MAX:
        names.append(f"… +{len(rows) - AREAS_MAX}")
    names += [t("fact.no_boundary", name=words.line(name, 80)) for name in unplaced[:AREAS_MAX]]
    return words.known(t, "；".join(names))


def _call(t: Tongue, chosen: Chosen, name_of: NameOf, now_ms: int) -> Rows:
    r = chosen.record
    return [
        ("received_at", _when(t, r.get("received_at"), now_ms)),
        ("caller", words.known(t, words.line(r.get("caller"), 80))),
        ("phone", words.known(t, words.line(r.get("phone"), 40))),
        ("place", _place(t, r)),
        ("words", _text(t, r.get("words"))),
        ("incident", Piece(words.title(chosen.incident)) if chosen.incident else Piece(t("fact.none"), "quiet")),
    ]


def _logentry(t: Tongue, chosen: Chosen, name_of: NameOf, now_ms: int) -> Rows:
    r = chosen.record
    return [
        ("at", _when(t, r.get("at"), now_ms)),
        ("text", _text(t, r.get("text"))),
        ("incident", Piece(words.title(chosen.incident)) if chosen.incident else Piece(t("fact.none"), "quiet")),
        ("by", _said(t, r, now_ms)),
    ]


_MAKERS = {
    "incident": _incident,
    "task": _task,
    "resource": _resource,
    "warning": _warning,
    "call": _call,
    "logentry": _logentry,
}


# Conflicts


class Side(NamedTuple):
    """One side of a conflict: its number, what it says, who said it, whether it stands."""

    number: int
    value: str
    said: str
    stands: bool


def conflict_name(t: Tongue, record: Record) -> str:
    """What a record's first conflict is about."""
    what = str(record["conflicts"][0]["what"])
    return t.get(f"fact.{what}", t.get(f"column.{what}", t("fact.other")))


def sides(t: Tongue, record: Record, name_of: NameOf, now_ms: int) -> list[Side]:
    """The sides of a record's first conflict, numbered as `conflict.settle` counts them."""
    conflict = record["conflicts"][0]
    out = []
    for number, side in enumerate(conflict["sides"], 1):
        at = words.clock(int(side["stamp"][0]), now_ms, seconds=True)
        said = t("conflict.said", by=words.line(side["by"], 40), centre=name_of(side["centre"]), at=at)
        out.append(
            Side(number, side_value(t, record, conflict["what"], side["value"], name_of), said, bool(side["stands"]))
        )
    return out


def side_value(t: Tongue, record: Record, what: str, value: Any, name_of: NameOf) -> str:
    """What a side says, in words."""
    if what == "stage" and isinstance(value, dict):
        text = t.get(f"stage.{record['kind']}.{value.get('stage')}", str(value.get("stage")))
        reason = words.line(value.get("reason"), 120)
        return f"{text}（{reason}）" if reason else text
    if what == "grade":
        return t.get(f"grade.{value}", t("grade.none"))
    if what == "position":
        return words.place_text(value) or t("fact.unknown")
    if what in ("lead", "to"):
        return name_of(str(value or ""))
    return words.line(value) or t("fact.unknown")


def conflict_why(t: Tongue, record: Record) -> str:
    """Which side stands for now, and why."""
    return t.sentence(str(record["conflicts"][0].get("why") or ""))
