"""Verbs on records: list, show, and every action of `console.actions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.actions import ACTIONS, local_time
from console.cli.parser import RECORDS
from console.cli.run import Context
from offline.errors import BadInput
from offline.rules.table import ENDED
from offline.view import LIST_MAX, Record, title_of

KIND = {"log": "logentry"}
ACTION = {
    ("warning", "accept"): "warning.act",
    ("incident", "note"): "note.add", ("warning", "note"): "note.add", ("task", "note"): "note.add",
    ("resource", "note"): "note.add", ("call", "note"): "note.add",
}  # fmt: skip
OWN = {("warning", "import"), ("conflict", "list")}
COMMON = {"group", "verb", "json", "profile", "realm", "person", "secret_file"}


def show_list(ctx: Context) -> None:
    """Records of a kind, one a line; every condition given must hold."""
    a, view = ctx.args, ctx.desk.view
    kind = KIND.get(a.group, a.group)
    if getattr(a, "bbox", None):
        rows = [r for r in view.bbox(*_numbers(a.bbox, 4), limit=LIST_MAX) if r["kind"] == kind]
    elif a.search:
        rows = view.search(a.search, kind, LIST_MAX)
    else:
        rows = view.list(kind, stage=a.stage, open_only=a.open, limit=a.limit)
    ended = ENDED[kind] if a.open else frozenset()
    for row in [r for r in rows if a.stage in (None, r["stage"]) and r["stage"] not in ended][: a.limit]:
        ctx.one(row, line(row))


def show_conflicts(ctx: Context) -> None:
    """Records with an open conflict, one a line."""
    for row in ctx.desk.view.conflicts(ctx.args.limit):
        ctx.one(row, line(row))


def show(ctx: Context) -> None:
    """One record whole."""
    record = ctx.desk.view.get(ctx.args.ID)
    ctx.one(record, line(record), *(text for key, value in record.items() if value for text in _shown(key, value)))


def _shown(key: str, value: Any) -> list[str]:
    """A field for a person: a list of objects one a line, a long object only named."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"  {key}:", *(f"    {_pairs(row)}" for row in value)]
    if isinstance(value, dict):
        value = _pairs(value) if len(str(value)) < 400 else "… (see --json)"
    return [f"  {key}: {value}"]


def _pairs(row: dict[str, Any]) -> str:
    """A small object as names and values."""
    return "  ".join(f"{k} {v}" for k, v in row.items() if v not in (None, "", {}, []))


def line(record: Record) -> str:
    """A record as one line for a person: id, stage, when, title, centre; what is not real says so first."""
    sign = " !" if record["conflicts"] else ""
    unreal = record.get("status") if record["kind"] == "warning" and record.get("status") != "Actual" else ""
    title = f"[{unreal}] {title_of(record)}" if unreal else title_of(record)
    when = local_time(record["at_first"])
    return f"{record['id'][:8]}  {record['stage']:<12}{sign} {when}  {title}  [{record['centre']}]{_more(record)}"


def _more(record: Record) -> str:
    """What a list shows beside: an order's target, ticks and time; who wrote a line of the journal."""
    if record["kind"] == "task":
        ticks = record["ticks"]
        marks = "".join("✓" if ticks[name] else "·" for name in ("stored", "delivered", "accepted"))
        due = f"  by {local_time(record['due_at'])}" if record.get("due_at") else ""
        return f" → {record.get('to')} {marks}{due}"
    return f"  {record['by']}" if record["kind"] == "logentry" else ""


def act(name: str) -> Callable[[Context], None]:
    """The verb that calls an action with the words given."""

    def run(ctx: Context) -> None:
        given = {k: v for k, v in vars(ctx.args).items() if k not in COMMON and v is not None}
        record = given.pop("ID", None)
        if record is not None:
            given["record"] = record
        if "position" in given:
            given["position"] = _numbers(given["position"], 2)
        answer: dict[str, Any] = ACTIONS[name].run(ctx.desk, **given)
        ctx.one(answer, line(answer["record"]) if answer["record"] else "done")

    return run


def _numbers(text: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise BadInput(f"“{text}” should be {count} numbers with commas between.")
    return numbers


def _verbs() -> dict[tuple[str, str], Callable[[Context], None]]:
    verbs: dict[tuple[str, str], Callable[[Context], None]] = {("conflict", "list"): show_conflicts}
    for group, (_, table) in RECORDS.items():
        for verb in table:
            if (group, verb) in OWN:
                continue
            if verb in ("list", "show"):
                verbs[group, verb] = show_list if verb == "list" else show
            else:
                verbs[group, verb] = act(ACTION.get((group, verb), f"{group}.{verb}"))
    return verbs


VERBS = _verbs()
