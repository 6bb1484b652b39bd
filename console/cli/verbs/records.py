"""Verbs on records: list, show, and every action of `console.actions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.actions import ACTIONS, local_time
from console.cli.parser import RECORDS
from console.cli.run import Context
from offline.errors import BadInput
from offline.view import Record

KIND = {"log": "logentry"}
ACTION = {
    ("warning", "accept"): "warning.act",
    ("incident", "note"): "note.add", ("warning", "note"): "note.add", ("task", "note"): "note.add",
    ("resource", "note"): "note.add", ("call", "note"): "note.add",
}  # fmt: skip
OWN = {("warning", "import"), ("conflict", "list")}
COMMON = {"group", "verb", "json", "profile", "realm", "person", "secret_file"}


def show_list(ctx: Context) -> None:
    """Records of a kind, one a line."""
    a, view = ctx.args, ctx.desk.view
    kind = KIND.get(a.group, a.group)
    if getattr(a, "bbox", None):
        rows = [r for r in view.bbox(*_numbers(a.bbox, 4), limit=a.limit) if r["kind"] == kind]
    elif a.search:
        rows = view.search(a.search, kind, a.limit)
    else:
        rows = view.list(kind, open_only=a.open, limit=a.limit)
    for row in rows:
        if a.stage is None or row["stage"] == a.stage:
            ctx.one(row, line(row))


def show_conflicts(ctx: Context) -> None:
    """Records with an open conflict, one a line."""
    for row in ctx.desk.view.conflicts(ctx.args.limit):
        ctx.one(row, line(row))


def show(ctx: Context) -> None:
    """One record whole."""
    ctx.one(ctx.desk.view.get(ctx.args.ID))


def line(record: Record) -> str:
    """A record as one line for a person: id, stage, when, title, centre."""
    title = (
        record.get("title") or record.get("headline") or record.get("name") or record.get("text") or record.get("words")
    )
    mark = " !" if record["conflicts"] else ""
    when = local_time(record["at_first"])
    return f"{record['id'][:8]}  {record['stage']:<12}{mark} {when}  {title or ''}  [{record['centre']}]"


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
