"""The picture: what the desk shows at first sight, read in one go through one thread's view, every list bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from console.desk import Desk
from offline.view import View

Record = dict[str, Any]
INBOX_MAX = 200
LIST_MAX = 300
JOURNAL_MAX = 100


@dataclass(frozen=True)
class Picture:
    """Lists of records as `View` gives them, newest or worst first, and what the strip needs.

    Attributes:
        centres: as `View.centres`; persons: people of this centre; links: as `Node.links`; person: who is signed in.
        unreal: open warnings that are no real ones, by id. unsent: entries that wait for the slowest
        link. alone_since: ms, or None.
    """

    centre: str
    realm: str
    person: Record | None = None
    persons: list[Record] = field(default_factory=list)
    centres: list[Record] = field(default_factory=list)
    inbox: list[Record] = field(default_factory=list)
    incidents: list[Record] = field(default_factory=list)
    resources: list[Record] = field(default_factory=list)
    tasks: list[Record] = field(default_factory=list)
    journal: list[Record] = field(default_factory=list)
    warnings: list[Record] = field(default_factory=list)
    conflicts: list[Record] = field(default_factory=list)
    unreal: dict[str, Record] = field(default_factory=dict)
    links: list[Record] = field(default_factory=list)
    unsent: int = 0
    alone_since: int | None = None

    def name_of(self, path: str | None) -> str:
        """What people call a centre; its path when it is not known here."""
        return next((str(c["name"]) for c in self.centres if c["path"] == path), path or "")

    def targets(self) -> dict[str, str]:
        """Whom each open order is for, by the order's id."""
        return {t["id"]: str(t.get("to") or "") for t in self.tasks}

    def titles(self) -> dict[str, str]:
        """Titles of orders by id, for what points at them."""
        return {t["id"]: str(t.get("title") or "") for t in self.tasks}


def read(desk: Desk) -> Picture:
    """Everything for the first sight, through the calling thread's view."""
    view, links = desk.view, desk.links()
    return Picture(
        centre=desk.centre,
        realm=desk.realm,
        person=desk.person,
        persons=view.persons(desk.centre),
        centres=view.centres(),
        inbox=view.inbox(INBOX_MAX),
        incidents=view.list("incident", open_only=True, limit=LIST_MAX),
        resources=view.list("resource", limit=LIST_MAX),
        tasks=view.list("task", open_only=True, limit=LIST_MAX),
        journal=view.list("logentry", limit=JOURNAL_MAX),
        warnings=view.warnings_in_force(),
        conflicts=view.conflicts(),
        unreal={w["id"]: w for w in view.list("warning", open_only=True) if w.get("status") != "Actual"},
        links=links,
        unsent=unsent(view, links),
        alone_since=desk.alone_since(),
    )


def unsent(view: View, links: list[Record]) -> int:
    """How many entries wait for the link that lacks most; all of this node's when it has no link."""
    return max((int(x.get("unsent") or 0) for x in links), default=0) or view.unsent_above()
