"""What a record says on screen: pure functions of plain values, in the language handed in. No Qt, no clock.

A *tone* is how a piece of text looks (`theme` knows the colours): "", quiet, done, now, next, strong, unknown, wrong,
abnormal, accent, unreal (a drill, a test), or a warning colour.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from console.i18n import Tongue
from offline.clock import CHINA, parse_ms
from offline.rules.table import KINDS

Record = dict[str, Any]
NameOf = Callable[[str], str]
"""What people call a centre, from its path."""

STAGE_BAR = ("reported", "accepted", "verified", "dispatched", "handling", "checked", "closed")
SHAPES = {"red": "■", "orange": "▲", "yellow": "◆", "blue": "●"}
NO_SHAPE = "○"
CONTACT_MS = 25_000  # two beats missed: a centre whose signed word is older than this is not in contact
LINE_MAX = 300
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Piece(NamedTuple):
    """A piece of text and its tone."""

    text: str
    tone: str = ""


FURTHER = ("under_way", "done", "checked", "withdrawn")
CENTRE_WORDS = ("应急指挥中心", "指挥中心", "应急管理局", " command centre", " Command Centre")


def short_centre(name: str) -> str:
    """A centre's name without the words that all of them share, where a column is narrow."""
    for end in CENTRE_WORDS:
        if name.endswith(end) and len(name) - len(end) >= 2:
            return name[: -len(end)]
    return name


# Plain values


def line(text: object, limit: int = LINE_MAX) -> str:
    """One printable line: control and direction characters become spaces."""
    whole = "".join(c if c.isprintable() else " " for c in str(text or "")[: limit * 4])
    flat = " ".join(whole.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def tip(text: str) -> str:
    """The text for a tooltip, where Qt would take what looks like markup for markup and load what that names."""
    return f'<p style="white-space:pre-wrap">{html.escape(text)}</p>' if "<" in text else text


def known(t: Tongue, value: object) -> Piece:
    """The value, or *not known*: never 0 or blank."""
    if value is None or value == "" or value == []:
        return Piece(t("fact.unknown"), "unknown")
    return Piece(str(value))


def moment(text: str | None) -> int | None:
    """Milliseconds of an RFC 3339 time; None when there is none or it cannot be read."""
    try:
        return parse_ms(text) if text else None
    except ValueError:
        return None


def clock(ms: int | None, now_ms: int, *, seconds: bool = False) -> str:
    """Time of day today, with the date on any other day; empty for None."""
    if ms is None:
        return ""
    then, now = (dt.datetime.fromtimestamp(x / 1000, CHINA) for x in (ms, now_ms))
    time = then.strftime("%H:%M:%S" if seconds else "%H:%M")
    if then.date() == now.date():
        return time
    return f"{then:%m-%d} {time}" if then.year == now.year else f"{then:%Y-%m-%d} {time}"


def when(text: str | None, now_ms: int, *, seconds: bool = False) -> str:
    """`clock` of an RFC 3339 time; the text itself when it cannot be read."""
    ms = moment(text)
    return clock(ms, now_ms, seconds=seconds) if ms is not None else line(text, 40)


def age(t: Tongue, seconds: float) -> str:
    """How long, in the coarsest honest unit."""
    if seconds < MINUTE:
        return t("age.now")
    if seconds < HOUR:
        return t("age.minutes", n=int(seconds // MINUTE))
    if seconds < DAY:
        return t("age.hours", n=int(seconds // HOUR))
    return t("age.days", n=int(seconds // DAY))


def span(t: Tongue, seconds: float) -> str:
    """How long, in two units: for what runs late and for being alone."""
    if seconds < HOUR:
        return t("age.minutes", n=int(seconds // MINUTE))
    if seconds < DAY:
        return t("age.hours_minutes", h=int(seconds // HOUR), m=int(seconds % HOUR // MINUTE))
    return t("age.days_hours", d=int(seconds // DAY), h=int(seconds % DAY // HOUR))


def age_of(t: Tongue, text: str | None, now_ms: int) -> str:
    """Age of a time; empty when there is none."""
    ms = moment(text)
    return age(t, max(now_ms - ms, 0) / 1000) if ms is not None else ""


def left(t: Tongue, due: str | None, now_ms: int) -> Piece:
    """How long until it is due, or by how long it is late; empty without a time."""
    ms = moment(due)
    if ms is None:
        return Piece("")
    seconds = (ms - now_ms) / 1000
    if seconds < 0:
        return Piece(t("age.late", age=span(t, -seconds)), "wrong")
    return Piece(t("age.left", age=span(t, seconds)), "")


def late(t: Tongue, seconds: int) -> Piece:
    """By how long something is late; empty when it is not."""
    return Piece(t("age.late", age=span(t, seconds)), "wrong") if seconds > 0 else Piece("")


def place_text(position: object) -> str:
    """Longitude and latitude for people; empty when there is no position."""
    if not isinstance(position, list | tuple) or len(position) != 2:
        return ""
    lon, lat = position
    return f"{abs(lat):.4f}°{'N' if lat >= 0 else 'S'}  {abs(lon):.4f}°{'E' if lon >= 0 else 'W'}"


# Records


def title(record: Mapping[str, Any]) -> str:
    """What a record is called."""
    for name in ("title", "headline", "name", "event", "text", "words"):
        if record.get(name):
            return line(record[name])
    return str(record.get("id", ""))[:8]


def kind(t: Tongue, record: Mapping[str, Any]) -> str:
    """What sort of record it is."""
    return t.get(f"kind.{record.get('kind')}", str(record.get("kind")))


def stage(t: Tongue, record: Mapping[str, Any]) -> str:
    """The word for a record's stage."""
    return t.get(f"stage.{record.get('kind')}.{record.get('stage')}", str(record.get("stage")))


def grade(t: Tongue, record: Mapping[str, Any]) -> Piece:
    """An incident's grade in full."""
    return Piece(t.get(f"grade.{record.get('grade')}", t("grade.none")), "" if record.get("grade") else "unknown")


def grade_short(t: Tongue, record: Mapping[str, Any]) -> str:
    """An incident's grade in a column."""
    return t.get(f"grade.short_{record.get('grade')}", t("grade.short_none"))


def stage_bar(t: Tongue, record: Mapping[str, Any]) -> list[Piece]:
    """An incident's way from report to closure, where it is, and the side door it took if it did."""
    here = str(record.get("stage"))
    words = [(name, t(f"stage.incident.{name}")) for name in STAGE_BAR]
    if here not in STAGE_BAR:
        been = {KINDS[s["kind"]].to for s in record.get("steps", []) if s["kind"] in KINDS}
        out = [Piece(word, "done" if name in been else "next") for name, word in words]
        return [*out, Piece(f"● {stage(t, record)}", "now")]
    at = STAGE_BAR.index(here)
    tones = ["done"] * at + ["now"] + ["next"] * (len(STAGE_BAR) - at - 1)
    return [Piece(f"● {w}" if tone == "now" else w, tone) for (_, w), tone in zip(words, tones, strict=True)]


def ticks(t: Tongue, task: Mapping[str, Any], now_ms: int) -> tuple[Piece, Piece, Piece, Piece]:
    """The three ticks of an order, and since when it is stuck or when it was accepted."""
    marks = task.get("ticks") or {}
    delivered, accepted, waiting = marks.get("delivered"), marks.get("accepted"), task.get("waiting")
    second = Piece(t("tick.delivered"), "done") if delivered else Piece(t("tick.not_delivered"), "wrong")
    third = Piece("")
    if task.get("stage") == "declined":
        third = Piece(t("tick.declined"), "wrong")
    elif accepted:
        further = task.get("stage") in FURTHER and t.language == "en"  # there the tick has the stage's column too
        third = Piece(f"✓{stage(t, task)}" if further else t("tick.accepted"), "done")
    elif delivered and waiting:
        third = Piece(t("tick.not_accepted"), "wrong")
    if waiting:
        since = Piece(t("tick.since", time=when(waiting.get("since"), now_ms)), "wrong")
    else:
        since = Piece(when(accepted.get("at"), now_ms), "quiet") if accepted else Piece("")
    return Piece(t("tick.stored"), "done"), second, third, since


# Warnings


def mark(t: Tongue, warning: Mapping[str, Any]) -> str:
    """What a warning is when it is not real: the word of its CAP status; empty for a real one."""
    status = warning.get("status")
    if status == "Actual":
        return ""
    return t.get(f"mark.{status}", t("mark.unknown"))


def banner(t: Tongue, warning: Mapping[str, Any]) -> str:
    """The sentence over a warning that is not real; empty for a real one."""
    word = mark(t, warning)
    return t("mark.banner", mark=word) if word else ""


def colour_word(t: Tongue, warning: Mapping[str, Any]) -> str:
    """The word of a warning's colour."""
    return t.get(f"colour.{warning.get('colour')}", t("colour.none"))


def warning_tone(warning: Mapping[str, Any]) -> str:
    """A real warning's own colour; a drill's never."""
    return str(warning.get("colour") or "strong") if warning.get("status") == "Actual" else "unreal"


def warning_chip(t: Tongue, warning: Mapping[str, Any], now_ms: int) -> Piece:
    """A warning in the strip: shape, mark, what, colour as a word, since when."""
    shape = SHAPES.get(str(warning.get("colour")), NO_SHAPE)
    word = mark(t, warning)
    name = line(warning.get("event") or warning.get("headline"), 16)
    parts = [f"{shape}{f'【{word}】' if word else ''}{short_event(t, name, warning)}"]
    expires = moment(warning.get("expires"))
    if expires is not None and expires < now_ms:
        parts.append(t("strip.expired"))
    elif warning.get("onset"):
        parts.append(t("strip.from", time=when(warning.get("onset"), now_ms)))
    return Piece(" ".join(parts), warning_tone(warning))


def short_event(t: Tongue, name: str, warning: Mapping[str, Any]) -> str:
    """The event with its colour as a word, once."""
    colour = colour_word(t, warning) if warning.get("colour") else ""
    return name if not colour or colour in name else f"{name} {colour}"


def hours(t: Tongue, warning: Mapping[str, Any], now_ms: int) -> Piece:
    """From when to when a warning is meant; *not known* for an open end."""
    unknown = t("fact.unknown")
    onset = when(warning.get("onset"), now_ms) or unknown
    expires = when(warning.get("expires"), now_ms) or unknown
    text = t("fact.until", onset=onset, expires=expires)
    end = moment(warning.get("expires"))
    if end is not None and end < now_ms:
        return Piece(f"{text} · {t('strip.expired')}", "wrong")
    return Piece(text, "")


def info_of(warning: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """The alert's part in this language, else in Chinese, else its first; empty when it has none."""
    infos = (warning.get("alert") or {}).get("infos") or [{}]
    for wanted in (language, "zh"):
        for info in infos:
            if str(info.get("language") or "").lower().startswith(wanted):
                return info  # type: ignore[no-any-return]
    return infos[0]  # type: ignore[no-any-return]


# The strip


def names_of(t: Tongue, people: Iterable[Record], role: str, signed_in: str | None) -> str:
    """People with a role, the one signed in marked; a word when nobody is listed."""
    names = [p for p in people if role in p.get("roles", [])]
    texts = [t("strip.signed_in", name=p["name"]) if p["id"] == signed_in else str(p["name"]) for p in names[:4]]
    return " ".join(texts) or t("strip.nobody")


def is_heard(centre: Mapping[str, Any], now_ms: int) -> bool:
    """Whether a centre's signed word is fresh."""
    ms = moment(centre.get("as_of"))
    return ms is not None and now_ms - ms <= CONTACT_MS


def neighbours(centres: Iterable[Record], own: str) -> tuple[Record | None, list[Record]]:
    """The centre above one's own, and those directly below."""
    up = own.rpartition("/")[0]
    rows = list(centres)
    parent = next((c for c in rows if c["path"] == up), None) if up else None
    return parent, [c for c in rows if c["path"].rpartition("/")[0] == own]


def links(t: Tongue, centres: Iterable[Record], own: str, now_ms: int, *, alone: bool = False) -> Piece:
    """▲parent ▼children heard/all; wrong when any of them is out of contact, the parent at once when we are alone."""
    parent, children = neighbours(centres, own)
    heard = sum(is_heard(c, now_ms) for c in children)
    values: dict[str, Any] = {"heard": heard, "all": len(children)}
    well = heard == len(children)
    if parent:
        fine = is_heard(parent, now_ms) and not alone
        values["parent"] = t("strip.heard" if fine else "strip.unheard", name=line(short_centre(parent["name"]), 12))
        well = well and fine
    key = {(True, True): "links", (True, False): "links_bottom", (False, True): "links_top"}.get(
        (bool(parent), bool(children))
    )
    return Piece(t(f"strip.{key or 'links_none'}", **values), "" if well else "wrong")


def hub(t: Tongue, links_now: Iterable[Record]) -> Piece:
    """Whether this desk's way to its hub is live."""
    states = [x.get("state") for x in links_now]
    if not states:
        return Piece(t("strip.no_hub"), "quiet")
    return Piece(t("strip.hub_live"), "quiet") if "live" in states else Piece(t("strip.hub_down"), "wrong")


def as_of(t: Tongue, centres: Iterable[Record], own: str, now_ms: int) -> Piece:
    """Up to when the picture is known: the oldest of the neighbours' signed words, or now without neighbours."""
    parent, children = neighbours(centres, own)
    around = [*([parent] if parent else []), *children]
    if not around:
        return Piece(t("strip.as_of", time=clock(now_ms, now_ms, seconds=True)))
    stamps = [ms for c in around if (ms := moment(c.get("as_of"))) is not None]
    if not stamps:
        return Piece(t("strip.as_of", time=t("fact.unknown")), "unknown")
    oldest = min(stamps)
    return Piece(
        t("strip.as_of", time=clock(oldest, now_ms, seconds=True)), "wrong" if now_ms - oldest > CONTACT_MS else ""
    )


def alone(t: Tongue, since_ms: int | None, now_ms: int) -> Piece:
    """*Alone since*: when, and for how long; empty while a link is live."""
    if since_ms is None:
        return Piece("")
    since = t("strip.alone", since=clock(since_ms, now_ms))
    return Piece(f"{since} ({span(t, max(now_ms - since_ms, 0) / 1000)})", "abnormal")


def unsent(t: Tongue, count: int) -> Piece:
    """How many entries wait to be sent; quiet at none."""
    return Piece(t("strip.unsent", n=count), "strong" if count else "quiet")


def realm(t: Tongue, name: str) -> str:
    """*Live*, or the drill's name."""
    return t("strip.live") if name == "live" else t("strip.drill", name=name)


# Trouble


def trouble(t: Tongue, error: Mapping[str, str]) -> str:
    """An error's parts as one line: what happened, what is safe, what to do."""
    parts = [t.sentence(str(error.get(part) or "")) for part in ("message", "safe", "do")]
    return (" " if t.language == "en" else "").join(p for p in parts if p)
