"""The whole table of op kinds, and the questions asked of it."""

from __future__ import annotations

from offline.rules import desk, incident, resource, task, warning
from offline.rules.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for rows in (incident.KINDS, task.KINDS, resource.KINDS, warning.KINDS, desk.KINDS) for kind in rows
}

RECORDS = ("call", "incident", "warning", "task", "resource", "logentry")
"""Kinds of record that people see."""

ENDED: dict[str, frozenset[str]] = {
    "incident": incident.ENDED,
    "task": task.ENDED,
    "resource": frozenset(),
    "warning": frozenset({"dismissed", "lifted"}),
    "call": frozenset({"linked"}),
    "logentry": frozenset({"written"}),
    "session": frozenset({"open"}),
    "segment": frozenset({"open"}),
}
"""Stages in which nothing more is owed; such records leave the lists of open work."""


def may_follow(kind: Kind, stage: str) -> str | None:
    """None when a command of this kind may continue a record at this stage, else the reason in words."""
    if stage in kind.after:
        return None
    return kind.why or f"{kind.name} cannot follow {stage or 'nothing'}."


def may_hold(kind: Kind, roles: frozenset[str]) -> str | None:
    """None when one of these roles may write this kind, else the reason in words."""
    if kind.roles & roles:
        return None
    return f"{kind.name} asks for one of: {', '.join(sorted(kind.roles))}."


def steps_from(record: str, stage: str) -> list[Kind]:
    """The commands that may follow this stage, in the table's order."""
    return [k for k in KINDS.values() if k.record == record and k.shape == "step" and stage in k.after]
