"""What reading a feed gives: entries, each an alert, a link to one, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comms.errors import DocumentRefused
from comms.feeds.cap import Alert

MAX_ENTRIES = 5_000  # the largest real index seen holds 1,272; more would only bury the desk


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed.

    Args:
        id: the feed's own name for it, or None.
        title: what the feed calls it, or None.
        link: where its document is (as written, may be relative), or None.
        updated: when the feed says it last changed (as written), or None; with the link it tells a new version.
        alert: the alert, when the entry holds one; `partial` in it is true when the link leads to more.
        reason: `CODE: words` when there is no alert.
        follow: the link is said or likely to lead to a CAP document.
    """

    id: str | None
    title: str | None
    link: str | None
    updated: str | None = None
    alert: Alert | None = None
    reason: str | None = None
    follow: bool = False

    def line(self, source: str) -> dict[str, Any]:
        """`{feed, entry, title, link, accepted, reason, alert}`; whoever stores it adds `stored`."""
        return {
            "feed": source,
            "entry": self.id,
            "title": self.title,
            "link": self.link,
            "accepted": self.alert is not None,
            "reason": self.reason,
            "alert": self.alert,
        }


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that was read: its sort, title, entries, and how many it held before they were cut to `MAX_ENTRIES`."""

    sort: str
    title: str
    entries: list[Entry]
    held: int


def refused(name: str, title: str, link: str, trouble: DocumentRefused, *, follow: bool = False) -> Entry:
    """An entry without an alert, and why."""
    return Entry(name or None, title or None, link or None, reason=trouble.reason, follow=follow)
