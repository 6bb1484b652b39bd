"""One record with what belongs to it, as region 4 shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from offline.errors import FenghuoError
from offline.view import View

Record = dict[str, Any]
AROUND_MAX = 100
ASKED_MAX = 1_000


@dataclass(frozen=True)
class Chosen:
    """A record and what is around it.

    Attributes:
        tasks: an incident's orders, or an order's own children. warnings: those the incident came from.
        resources: committed to this order or, for an incident, to any of its orders. incident, parent: of an order.
        task: what a resource works on. journal: lines about the incident.
        unplaced: regions of a warning of which nothing can be drawn on this machine.
    """

    record: Record
    tasks: list[Record] = field(default_factory=list)
    warnings: list[Record] = field(default_factory=list)
    resources: list[Record] = field(default_factory=list)
    journal: list[Record] = field(default_factory=list)
    incident: Record | None = None
    parent: Record | None = None
    task: Record | None = None
    unplaced: list[str] = field(default_factory=list)


def read(view: View, record_id: str) -> Chosen | None:
    """The record with this id and what belongs to it; None when it is not here."""
    record = _get(view, record_id)
    if record is None:
        return None
    reader = _READERS.get(record["kind"])
    return reader(view, record) if reader else Chosen(record)


def _get(view: View, record_id: str | None) -> Record | None:
    try:
        return view.get(record_id) if record_id else None
    except FenghuoError:
        return None  # not here yet, or not an id: the panel says so


def _incident(view: View, record: Record) -> Chosen:
    tasks = view.list("task", about=record["id"], limit=AROUND_MAX)
    source = _get(view, record.get("source"))
    ids = {t["id"] for t in tasks}
    return Chosen(
        record,
        tasks=tasks,
        warnings=[source] if source and source["kind"] == "warning" else [],
        resources=[r for task in sorted(ids) for r in _resources(view, task)],
        journal=view.list("logentry", about=record["id"], limit=20),
    )


def _task(view: View, record: Record) -> Chosen:
    incident = _get(view, record.get("incident"))
    return Chosen(
        record,
        tasks=view.linked("task", "parent", record["id"], AROUND_MAX),
        resources=_resources(view, record["id"]),
        incident=incident,
        parent=_get(view, record.get("parent")),
    )


def _resource(view: View, record: Record) -> Chosen:
    return Chosen(record, task=_get(view, record.get("task")))


def _with_incident(view: View, record: Record) -> Chosen:
    return Chosen(record, incident=_get(view, record.get("incident")))


def _resources(view: View, task: str) -> list[Record]:
    """What is committed to an order, and what is asked for it and not answered."""
    asked = [r for r in view.list("resource", stage="asked", limit=ASKED_MAX) if _asked_for(r, task)]
    return [r for r in view.linked("resource", "task", task, AROUND_MAX) if r["stage"] == "committed"] + asked


def _asked_for(resource: Record, task: str) -> bool:
    return any(a["data"].get("task") == task for a in resource.get("asks", []))


_READERS = {
    "incident": _incident,
    "task": _task,
    "resource": _resource,
    "warning": _with_incident,
    "call": _with_incident,
    "logentry": _with_incident,
}
