"""The verbs: (group, verb) → function. Each takes a `Context` and writes to the output it is handed."""

from __future__ import annotations

from collections.abc import Callable

from console.cli.run import Context
from console.cli.verbs import feeds, house, records, window

VERBS: dict[tuple[str, str], Callable[[Context], None]] = {
    **records.VERBS,
    **feeds.VERBS,
    **house.VERBS,
    **window.VERBS,
}
