"""Mutated documents: only a refusal comes out, quickly, or an alert that JSON can carry."""

from __future__ import annotations

import json
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comms.errors import CapRefused
from comms.feeds.cap import read_alert
from comms.feeds.index import read_feed

DATA = Path(__file__).parents[2] / "data"
ALERTS = [path.read_bytes() for path in sorted((DATA / "cap").iterdir())]
FEEDS = [path.read_bytes() for path in sorted((DATA / "feeds").iterdir())]
PIECES = [b"<", b">", b"&", b'"', b"<info>", b"</info>", b"<area>", b"<polygon>1,1</polygon>", b"]]>", b"<!DOCTYPE a>"]
PIECES += [
    b"\x00",
    b"\xff\xfe",
    b"&#0;",
    b"&#x10FFFF;",
    b"1e400,1",
    b"2026-01-01T00:00:00+24:00",
    b"\\ud800",
    b"{",
    b"[",
]


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.integers(0, 40)))
        data = data[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=8)) + data[until:]
    return data


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(ALERTS))
def test_alerts(data: bytes) -> None:
    started = time.perf_counter()
    try:
        alert = read_alert(data)
    except CapRefused as refused:
        assert refused.code and refused.reason
    else:
        json.dumps(alert, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert time.perf_counter() - started < 1


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(FEEDS))
def test_feeds(data: bytes) -> None:
    started = time.perf_counter()
    lines = read_feed(data, "https://example.org/feed")
    assert lines
    json.dumps(lines, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert time.perf_counter() - started < 1
