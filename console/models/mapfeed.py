"""Which records are on the map: open ones of every drawn kind, kept up to date by the ids that changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from map.features import Feature, drawn, features
from offline.view import View

Record = dict[str, Any]
KINDS = ("incident", "warning", "task", "resource")
KIND_MAX = 2_000  # of each kind; beyond it the newest are drawn
Boundary = Callable[[str], Any]


class MapFeed:
    """Belongs to one thread (the reader's).

    Args:
        mark: word for everything of this realm, such as 演练. boundary: rings of a region code, when any are here.
    """

    def __init__(self, mark: str = "", boundary: Boundary | None = None) -> None:
        self._mark, self._boundary = mark, boundary
        self._records: dict[str, Record] | None = None

    def read(self, view: View, ids: list[str]) -> dict[str, Feature]:
        """The features now; `ids` are those that may differ since the last call, empty for all."""
        if self._records is None or not ids:
            self._records = {r["id"]: r for kind in KINDS for r in view.list(kind, open_only=True, limit=KIND_MAX)}
        else:
            self._records.update(
                (r["id"], r) for r in view.changed([bytes.fromhex(i) for i in ids]) if r["kind"] in KINDS
            )
        self._records = {k: r for k, r in self._records.items() if drawn(r)}
        return features(self._records.values(), boundary=self._boundary, mark=self._mark)
