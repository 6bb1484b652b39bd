"""A feed's bytes to its entries: Atom, RSS, EDXL-DE, a single CAP document, or one of the JSON forms."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from comms.errors import CapRefused, DocumentRefused, FeedRefused
from comms.feeds.cap import CAP_SPACES, Alert, alert_from_tree, read_alert
from comms.feeds.entry import MAX_ENTRIES, Entry, Feed, refused
from comms.feeds.jsonfeeds import read_json
from comms.feeds.xmltree import Limits, Node, parse

# 10 MB: six times the largest real index seen. The elements keep a hostile one under a second.
FEED_LIMITS = Limits(max_bytes=10_000_000, max_elements=200_000, error=FeedRefused)
MAX_LINK = 2_000  # characters; no browser takes longer addresses either
_CAP_TYPES = ("application/cap+xml", "application/common-alerting-protocol+xml")
_INDEX_ONLY = "a title, a time and a link; the alert is behind the link"
_INLINE = ("event", "category", "responseType", "urgency", "severity", "certainty", "effective", "onset", "expires")
_IN_AREA = ("areaDesc", "polygon", "circle", "geocode")


def read_index(data: bytes, source: str = "") -> Feed:
    """A feed by what is in it, whatever it is called.

    Args:
        data: its bytes.
        source: where it came from; relative links are completed with it when it is an http(s) address.

    Raises `FeedRefused` when it is no feed, not well-formed, too big, or carries a DOCTYPE.
    """
    first = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if first in (b"{", b"["):
        return _linked(read_json(data), source)
    if first == b"<" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _linked(_from_tree(parse(data, FEED_LIMITS)), source)
    raise FeedRefused("not_a_feed", "it is neither XML nor JSON")


def read_feed(data: bytes, source: str) -> list[dict[str, Any]]:
    """One line for each entry, or one that says why there is none: what `feed poll` prints, without `stored`.

    Shape: `{feed, entry: id|null, title, link, accepted, reason: str|null, alert: {…}|null}`. Never raises for what is
    in the bytes. A cut feed ends with a line that says so; an empty feed gives one line with reason `empty: …`.
    """
    try:
        feed = read_index(data, source)
    except DocumentRefused as trouble:
        return [no_line(source, trouble)]
    return feed_lines(feed, source)


def feed_lines(feed: Feed, source: str) -> list[dict[str, Any]]:
    """The lines of a feed that was read."""
    if not feed.entries:
        return [no_line(source, FeedRefused("empty", "the feed holds no entries"), feed.title)]
    lines = [entry.line(source) for entry in feed.entries]
    if feed.held > len(feed.entries):
        cut = FeedRefused("too_big", f"{feed.held} entries; the first {len(feed.entries)} were read")
        lines.append(no_line(source, cut, feed.title))
    return lines


def no_line(source: str, trouble: DocumentRefused, title: str = "") -> dict[str, Any]:
    """The line for a feed without entries."""
    return refused("", title, "", trouble).line(source)


def _linked(feed: Feed, source: str) -> Feed:
    entries = [_with_link(entry, source) for entry in feed.entries]
    return Feed(feed.sort, feed.title, entries, feed.held)


def _with_link(entry: Entry, source: str) -> Entry:
    link = web_link(entry.link, source)
    name, title = _line(entry.id or "") or None, _line(entry.title or "") or None
    return Entry(name, title, link, entry.updated, entry.alert, entry.reason, entry.follow and bool(link))


def web_link(link: str | None, source: str) -> str | None:
    """The link completed with its feed's address; None for any scheme but http and https."""
    if not link or len(link) > MAX_LINK:
        return None
    try:
        whole = urljoin(source, link) if urlsplit(source).scheme in ("http", "https") else link
        return whole if urlsplit(whole).scheme in ("http", "https", "") else None
    except ValueError:
        return None


def _from_tree(root: Node) -> Feed:
    if root.name == "alert" and root.space in CAP_SPACES:
        return Feed("cap", "", [_alert_entry(root)], 1)
    if root.name == "feed":
        author = root.child("author")
        return _cut("atom", root.get("title"), root.all("entry"), lambda node: _atom_entry(node, author))
    if root.name in ("rss", "RDF"):
        channel = root.child("channel") or root
        items = [*channel.all("item"), *(root.all("item") if channel is not root else [])]
        editor = channel.get("managingEditor")
        return _cut("rss", channel.get("title"), items, lambda node: _rss_entry(node, editor))
    if root.name == "EDXLDistribution":
        status = root.get("distributionStatus")
        return _cut("edxl-de", "", root.all("contentObject"), lambda node: _edxl_entry(node, status))
    kind = f" of {root.space[:80]}" if root.space else ""
    raise FeedRefused("not_a_feed", f"the document is <{root.name[:40]}>{kind}, no feed that is known here")


def _cut(sort: str, title: str, nodes: list[Node], read: Callable[[Node], Entry]) -> Feed:
    return Feed(sort, _line(title), [read(node) for node in nodes[:MAX_ENTRIES]], len(nodes))


def _line(text: str) -> str:
    return " ".join(text.split())[:500]


def _alert_entry(root: Node, name: str = "", title: str = "", link: str = "", updated: str = "") -> Entry:
    """An entry for an alert element; what names it, where the feed does not, is the alert itself."""
    try:
        alert = alert_from_tree(root)
    except CapRefused as trouble:
        return refused(name or _line(root.get("identifier")), title, link, trouble)
    title = title or next((info["headline"] or info["event"] or "" for info in alert["infos"]), "")
    return Entry(name or alert["identifier"], title or None, link or None, updated or None, alert)


def _atom_entry(node: Node, feed_author: Node | None) -> Entry:
    name, title = _line(node.get("id")), _line(node.get("title"))
    updated = node.get("updated") or node.get("published")
    link, typed = _atom_link(node)
    content = node.child("content")
    inside = _alert_inside(content)
    if inside is not None:
        return _alert_entry(inside, name, title, link, updated)
    if content is not None and "alert" in content.text and content.text.startswith("<"):
        return _escaped(content.text, name, title, link, updated)
    author = node.child("author") or feed_author
    sender = (author.get("email") or author.get("name")) if author is not None else ""
    return _index_entry(node, (name, title, link, updated), sender, typed)


def _atom_link(node: Node) -> tuple[str, bool]:
    """The link most likely to lead to the CAP document, and whether the feed says that it does."""
    links = [link for link in node.all("link") if link.attrs.get("href")]
    for link in links:
        if link.attrs.get("type") in _CAP_TYPES:
            return link.attrs["href"].strip(), True
    plain = [link for link in links if link.attrs.get("rel", "alternate") == "alternate"]
    chosen = next(iter(plain or links), None)
    return (chosen.attrs["href"].strip() if chosen is not None else ""), False


def _alert_inside(node: Node | None) -> Node | None:
    if node is None:
        return None
    return next((found for found in node.walk() if found.name == "alert" and found.space in CAP_SPACES), None)


def _escaped(text: str, name: str, title: str, link: str, updated: str) -> Entry:
    """An alert that the feed carries as escaped text."""
    try:
        return Entry(name or None, title or None, link or None, updated or None, read_alert(text.encode("utf-8")))
    except CapRefused as trouble:
        return refused(name, title, link, trouble)


def _index_entry(node: Node, names: tuple[str, str, str, str], sender: str, typed: bool) -> Entry:
    """An entry of an index: read from its CAP elements when it carries them, else only named."""
    name, title, link, updated = names
    inline = [child for child in node.children if child.space in CAP_SPACES and child.space]
    if inline and any(child.name == "msgType" for child in inline):
        return _summary(node, inline, names, sender)
    if link:
        return Entry(name or link, title or None, link, updated or None, None, f"index_only: {_INDEX_ONLY}", True)
    trouble = FeedRefused("not_an_alert", "the entry holds neither an alert nor a link to one")
    return refused(name, title, "", trouble, follow=typed)


def _summary(node: Node, inline: list[Node], names: tuple[str, str, str, str], sender: str) -> Entry:
    """The alert that an index sums up in the entry itself; the whole one is behind the link."""
    name, title, link, updated = names
    root = Node("alert", inline[0].space)
    head = (("identifier", name or link), ("sender", sender), ("sent", _with_zone(updated)), ("scope", "Public"))
    for key, value in head:
        root.add(key, value)
    root.children += [child for child in inline if child.name in ("status", "msgType", "references", "note")]
    info = root.add("info")
    info.add("headline", title)
    info.add("description", node.get("summary") or node.get("description"))
    info.children += [child for child in inline if child.name in _INLINE or child.name in ("parameter", "eventCode")]
    area = info.add("area")
    area.children += [child for child in inline if child.name in _IN_AREA]
    entry = _alert_entry(root, name, title, link, updated)
    return Entry(entry.id, entry.title, entry.link, updated or None, _partial(entry.alert), entry.reason, bool(link))


def _with_zone(text: str) -> str:
    """RSS writes times as letters do (`Mon, 08 Aug 2016 23:53:00 GMT`); CAP's reader wants RFC 3339."""
    try:
        return parsedate_to_datetime(text).isoformat()
    except ValueError:
        return text


def _partial(alert: Alert | None) -> Alert | None:
    if alert is not None:
        alert["partial"] = True
        alert["problems"].insert(0, "read from the summary in an index; the whole alert is behind the link")
    return alert


def _rss_entry(node: Node, editor: str) -> Entry:
    guid, link = _line(node.get("guid")), node.get("link")
    updated = node.get("pubDate") or node.get("date")
    inside = _alert_inside(node)
    if inside is not None:
        return _alert_entry(inside, guid, _line(node.get("title")), link, updated)
    sender = node.get("author") or node.get("creator") or editor
    return _index_entry(node, (guid, _line(node.get("title")), link, updated), sender, False)


def _edxl_entry(node: Node, status: str) -> Entry:
    title = _line(node.get("contentDescription"))
    inside = _alert_inside(node)
    if inside is None:
        return refused("", title, "", FeedRefused("not_an_alert", "this part of the envelope holds no CAP alert"))
    entry = _alert_entry(inside, "", title)
    return entry if entry.alert is None else Entry(entry.id, entry.title, None, None, _as_sent(entry.alert, status))


def _as_sent(alert: Alert, status: str) -> Alert:
    """An alert in an envelope sent for an exercise or a test is one, whatever it says itself."""
    for word in ("Exercise", "System", "Test", "Draft"):
        if status.strip().lower() == word.lower() and alert["status"] == "Actual":
            alert["status"] = word
            alert["problems"].insert(0, f"it says Actual, but its envelope says {word}; {word} is taken")
    return alert
