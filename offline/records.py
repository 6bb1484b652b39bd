"""The fields of each kind of record, with their bounds: what a create or an edit may carry.

Positions are `(longitude, latitude)` in degrees, WGS-84; times are RFC 3339 text with zone; texts are bounded so that
one record always fits a frame. A field that is not here is not understood and makes the op unlawful.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from offline.errors import BadInput

Line = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=20_000)]
Id = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Path = Annotated[str, Meta(max_length=330, pattern=r"\A[a-z0-9-]{1,40}(/[a-z0-9-]{1,40}){0,7}\Z")]
Paths = Annotated[list[Path], Meta(max_length=1_000)]  # a province has that many centres of one level
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Position = tuple[Longitude, Latitude]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]


class Fields(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all field sets: a field left out is not written; null says that it is not known.

    `with` names the other ops of one action, which were committed together.
    """

    with_: list[Id] | None = msgspec.field(default=None, name="with")


class Call(Fields):
    """接报记录: what a caller said, as typed."""

    received_at: Line | None = None
    caller: Line | None = None
    phone: Line | None = None
    place: Line | None = None
    position: Position | None = None
    words: Text | None = None
    incident: Id | None = None


class Incident(Fields):
    """突发事件: something that happened or threatens."""

    title: Line | None = None
    type: Annotated[str, Meta(max_length=12)] | None = None
    grade: Literal["I", "II", "III", "IV"] | None = None
    place: Line | None = None
    position: Position | None = None
    occurred_at: Line | None = None
    source: Id | None = None
    words: Text | None = None
    lead: Path | None = None
    reason: Line | None = None
    into: Id | None = None


class Warning(Fields):
    """预警: an authority's alert, with the parts people ask for beside the whole of it."""

    alert: dict[str, Any] | None = None
    identifier: Line | None = None
    sender: Line | None = None
    sent: Line | None = None
    status: Literal["Actual", "Exercise", "System", "Test", "Draft"] | None = None
    msg_type: Line | None = None
    event: Line | None = None
    colour: Literal["red", "orange", "yellow", "blue"] | None = None
    severity: Line | None = None
    headline: Text | None = None
    onset: Line | None = None
    expires: Line | None = None
    position: Position | None = None
    incident: Id | None = None
    reason: Line | None = None
    by: Id | None = None


class Task(Fields):
    """指令: an order to a centre."""

    title: Line | None = None
    text: Text | None = None
    to: Path | None = None
    incident: Id | None = None
    parent: Id | None = None
    due_at: Line | None = None
    position: Position | None = None
    reason: Line | None = None


class Resource(Fields):
    """力量物资: team, vehicle, equipment, supply, shelter, expert, hospital."""

    name: Line | None = None
    type: Literal["team", "vehicle", "equipment", "supply", "shelter", "expert", "hospital"] | None = None
    position: Position | None = None
    phone: Line | None = None
    quantity: Count | None = None
    unit: Line | None = None
    plate: Line | None = None
    reason: Line | None = None
    ask: Id | None = None
    task: Id | None = None


class LogEntry(Fields):
    """大事记 line: what happened, when, about what."""

    text: Text | None = None
    at: Line | None = None
    incident: Id | None = None


class Other(Fields):
    """What notes, asks and settlements carry beside the fields of their record."""

    text: Text | None = None
    to: Paths | Path | None = None
    ends: list[Id] | None = None
    keep: Id | None = None
    want: Literal["commit", "release"] | None = None
    task: Id | None = None
    ask: Id | None = None
    reason: Line | None = None
    person: Id | None = None
    olds: list[list[Any]] | None = None


FIELDS: dict[str, type[Fields]] = {
    "call": Call,
    "incident": Incident,
    "warning": Warning,
    "task": Task,
    "resource": Resource,
    "logentry": LogEntry,
    "session": Other,
    "segment": Other,
}
_PLAIN = msgspec.json.Encoder(order="sorted").encode  # the state is kept as JSON: what does not fit that is no field
TIMES = ("received_at", "occurred_at", "sent", "onset", "expires", "due_at", "at")


def check(record: str, shape: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data as plain values when it fits the fields of its record (and shape), else BadInput naming the field."""
    fields = Other if shape in ("note", "settle", "system") else FIELDS[record]
    try:
        good: dict[str, Any] = msgspec.to_builtins(msgspec.convert(data, fields))
        _PLAIN(good)
    except (msgspec.ValidationError, RecursionError, TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"A field cannot be taken as given: {error}.") from error
    given = {name: good.get(name) for name in data}
    for name in TIMES:
        if text := given.get(name):
            _check_time(name, text)
    position = given.get("position")
    if position and not all(math.isfinite(x) for x in position):
        raise BadInput("A position needs two numbers, longitude and latitude.")
    return given


def _check_time(name: str, text: str) -> None:
    try:
        naive = dt.datetime.fromisoformat(text).tzinfo is None
    except ValueError as error:
        raise BadInput(f"“{text}” in {name} is no time; write it like 2026-07-12T06:00:00+08:00.") from error
    if naive:
        raise BadInput(f"The time in {name} has no zone; write it like 2026-07-12T06:00:00+08:00.")
