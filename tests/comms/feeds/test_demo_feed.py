"""The demonstration's templates, filled in, are alerts that read without a single problem."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from comms.feeds.cap import chain_key, mark, read_alert, supersedes
from comms.feeds.poller import MemoryKeep, Poller

FEED = Path(__file__).parents[3] / "resources" / "demo" / "feed"
WORDS = {
    "sent": "2026-07-12T09:15:00+08:00",
    "expires": "2026-07-12T15:00:00+08:00",
    "stamp": "20260712091500",
    "sent_1": "2026-07-12T06:00:00+08:00",
    "stamp_1": "20260712060000",
    "sent_2": "2026-07-12T08:00:00+08:00",
    "stamp_2": "20260712080000",
}
NAMES = ["1_rain_orange", "2_rain_red", "3_rain_cancel", "4_exercise_chemical"]


def filled(name: str) -> str:
    own = {"stamp": WORDS["stamp_" + name[0]], "sent": WORDS["sent_" + name[0]]} if name[0] in "12" else {}
    return (FEED / f"{name}.xml").read_text("utf-8").format(**{**WORDS, **own})


def read(name: str) -> dict[str, Any]:
    return read_alert(filled(name).encode())


def test_each_reads_without_a_problem() -> None:
    alerts = [read(name) for name in NAMES]
    assert [alert["problems"] for alert in alerts] == [[], [], [], []]
    assert [alert["infos"][0]["colour"] for alert in alerts] == ["orange", "red", "red", "orange"]
    assert [mark(alert) for alert in alerts] == ["", "", "", "演练"]
    first = "32082641600000_20260712060000"
    assert chain_key(alerts[1]) == chain_key(alerts[2]) == first and supersedes(alerts[1]) == [first]
    assert supersedes(alerts[2]) == [first, "32082641600000_20260712080000"]


def test_the_areas_lie_in_the_county() -> None:
    for name in NAMES:
        for area in read(name)["infos"][0]["areas"]:
            points = [point for ring in area["polygons"] for point in ring] + [c[:2] for c in area["circles"]]
            assert points and all(118.99 < lon < 119.64 and 33.62 < lat < 34.10 for lon, lat in points)
            assert area["geocodes"][0]["value"].startswith("320826")


def test_the_index_leads_to_them(tmp_path: Path) -> None:
    entry = (FEED / "entry.atom").read_text("utf-8")
    entries = "".join(entry.format(name=name, title=name, updated=WORDS["sent"]) for name in NAMES)
    index = (FEED / "index.atom").read_text("utf-8").format(updated=WORDS["sent"], entries=entries)
    (tmp_path / "index.atom").write_text(index, "utf-8")
    for name in NAMES:
        (tmp_path / f"{name}.xml").write_text(filled(name), "utf-8")
    told: list[str] = []

    async def on_alert(alert: dict[str, Any], _source: str) -> bool:
        told.append(alert["status"])
        return True

    poller = Poller(None, MemoryKeep(), lambda: datetime(2026, 7, 12, tzinfo=UTC), on_alert)
    done = asyncio.run(poller.poll_once(str(tmp_path / "index.atom")))
    assert told == ["Actual", "Actual", "Actual", "Exercise"] and all(line["stored"] for line in done.lines)
