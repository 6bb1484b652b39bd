"""Stamps: a hybrid logical clock that orders display and breaks ties, and never decides what is concurrent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

WallMs = Callable[[], int]
"""Wall time in milliseconds since 1970, UTC; handed in, never read here."""

AHEAD_MAX_MS = 5 * 60 * 1000  # a peer's clock may pull ours this far; beyond it the peer's time is only a claim
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
CHINA = dt.timezone(dt.timedelta(hours=8))


class Stamp(NamedTuple):
    """When an op says it was written: wall milliseconds and a step within them."""

    wall_ms: int
    step: int

    def after(self) -> Stamp:
        """The next stamp that may follow this one."""
        return Stamp(self.wall_ms, self.step + 1)


ZERO = Stamp(0, 0)


class Hlc:
    """One node's clock. `wall` is read at each tick; the stamps it gives never go back."""

    def __init__(self, wall: WallMs, last: Stamp = ZERO) -> None:
        self._wall = wall
        self._last = last

    def tick(self, *parents: Stamp) -> Stamp:
        """A stamp above the last one given, above the parents', and not below the wall clock."""
        floor = max((self._last, *parents)).after()
        self._last = max(Stamp(self._wall(), 0), floor)
        return self._last

    def saw(self, stamp: Stamp) -> None:
        """Follow a peer's stamp, but not into a future that our own clock calls impossible."""
        if stamp.wall_ms <= self._wall() + AHEAD_MAX_MS:
            self._last = max(self._last, stamp)


def rfc3339(wall_ms: int, zone: dt.tzinfo = CHINA) -> str:
    """`2026-07-12T06:00:00.000+08:00` for milliseconds since 1970; a claim beyond the calendar is shown at its end."""
    wall_ms = min(max(wall_ms, 0), 253_402_214_400_000)
    return (EPOCH + dt.timedelta(milliseconds=wall_ms)).astimezone(zone).isoformat(timespec="milliseconds")


def parse_ms(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time with zone; ValueError without one."""
    when = dt.datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(f"time without zone: {text}")
    return (when - EPOCH) // dt.timedelta(milliseconds=1)
