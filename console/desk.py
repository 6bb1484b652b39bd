"""A desk at work: an open profile, who is signed in, and a view for whichever thread asks.

Free of Qt: the window, the command line and the control socket all act through it. Writes go through the store's one
door on the calling thread; a window calls from its worker thread.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

from offline.profile import Opened
from offline.store import Change, Draft
from offline.view import Record, View

if TYPE_CHECKING:
    from comms.node import Node  # a verb that works alone does not load the links


def wall_ms() -> int:
    """The wall clock, milliseconds since 1970: the one place where the console reads it for the floors below."""
    return time.time_ns() // 1_000_000


class Window(Protocol):
    """The open window, as verbs of the command line reach it from another thread."""

    def call(self, verb: str, arguments: dict[str, Any]) -> Future[dict[str, Any]]:
        """Do something in the window's own thread: `shot`, `state`, `press`, `select`, `fill`,
        `probe`, `fit`, `say`."""
        ...


class Desk:
    """What actions act on.

    Args:
        opened: the open profile. node: the running links, or None for a verb that works alone.
    """

    def __init__(self, opened: Opened, node: Node | None = None) -> None:
        self.opened = opened
        self.node = node
        self.window: Window | None = None
        self._local = threading.local()

    @property
    def view(self) -> View:
        """This thread's view."""
        view: View | None = getattr(self._local, "view", None)
        if view is None:
            view = self._local.view = self.opened.view()
        return view

    @property
    def centre(self) -> str:
        """Path of the centre this desk belongs to."""
        return self.opened.centre

    @property
    def realm(self) -> str:
        """`live`, or the name of a drill."""
        return self.opened.realm

    @property
    def person(self) -> Record | None:
        """Who is signed in: `{id, name, roles, centre}`; None on an unattended node."""
        session = self.opened.store.session
        if session is None:
            return None
        who = session.person
        return {"id": who.id.hex(), "name": who.name, "roles": sorted(who.roles), "centre": who.centre}

    @property
    def language(self) -> str:
        """`zh` or `en`."""
        return str(self.opened.profile.config.get("language", "zh"))

    def links(self) -> list[dict[str, Any]]:
        """The links as `Node.links` gives them; none when this desk works alone."""
        return self.node.links() if self.node else []

    def alone_since(self) -> int | None:
        """Since when (ms) no link to a hub or parent is live; None while one is, or when none is configured."""
        return self.node.alone_since() if self.node else None

    def commit(self, *drafts: Draft) -> Change:
        """Write one action."""
        return self.opened.store.commit(drafts)

    def answer(self, change: Change, record: bytes | str | None = None) -> dict[str, Any]:
        """What an action gives back: `{ops: [id], record: the record as it is now}`."""
        name = record.hex() if isinstance(record, bytes) else record
        return {"ops": [o.hex() for o in change.ops], "record": self.view.get(name) if name else None}

    def made(self, change: Change, kind: str) -> bytes:
        """The id of the record of this kind that a change made."""
        for record in self.view.changed(change.records):
            if record["kind"] == kind and bytes.fromhex(record["id"]) in change.ops:
                return bytes.fromhex(record["id"])
        raise AssertionError(f"the change made no {kind}")
