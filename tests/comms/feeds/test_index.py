"""Feeds of every sort: our own small ones always, the shared test data where it is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from comms.feeds import entry as entry_module
from comms.feeds.index import read_feed, read_index, web_link
from tests.comms.feeds.corpus import corpus

OURS = Path(__file__).parents[2] / "data" / "feeds"
FEEDS = corpus("feeds")
KEYS = ["feed", "entry", "title", "link", "accepted", "reason", "alert"]

# file: (lines, accepted, how the first reason begins)
OUTCOMES = {
    "inline.atom": (3, 2, ""),
    "links.atom": (2, 0, "index_only"),
    "summary.atom": (1, 1, ""),
    "index.rss": (2, 1, "index_only"),
    "envelope.xml": (2, 1, ""),
    "empty.atom": (1, 0, "empty"),
    "doctype.rss": (1, 0, "doctype"),
    "page.html": (1, 0, "not_well_formed"),
    "table.csv": (1, 0, "not_a_feed"),
    "warnings.json": (2, 1, ""),
    "unknown.json": (1, 0, "not_a_feed"),
    "broken.json": (1, 0, "not_well_formed"),
}
CORPUS = {
    "alert_hub_unfiltered_2016.rss.xml": (1272, 0, "index_only"),
    "cap_sources_world_261.csv": (1, 0, "not_a_feed"),
    "cma_nmc_warning_list_2026.json": (7, 0, "index_only"),
    "eccc_alerts_2026.geojson": (7, 7, ""),
    "edxl_de_bushfire_valid.xml": (7, 7, ""),
    "google_amber.atom.xml": (1, 1, ""),
    "google_earthquake_index.atom.xml": (1, 0, "index_only"),
    "google_empty_weather_index.atom.xml": (1, 0, "empty"),
    "google_invalid.rss.xml": (1, 0, "not_an_alert"),
    "google_no_id.atom.xml": (1, 0, "not_an_alert"),
    "google_no_title.atom.xml": (1, 0, "not_an_alert"),
    "google_ny_index.rss.xml": (2, 0, "index_only"),
    "google_weather_index.atom.xml": (2, 2, ""),
    "google_weather_invalid.atom.xml": (1, 1, ""),
    "google_xee.atom.xml": (1, 0, "doctype"),
    "ibm_nws_atom_feed.xml": (163, 163, ""),
    "meteoalarm_nl_2026.json": (3, 3, ""),
    "meteoalarm_with_polygons.json": (3, 3, ""),
    "mowas_germany.json": (1, 1, ""),
    "nws_alerts_with_test.json": (2, 2, ""),
    "usgs_all_week_2015.geojson": (1405, 0, "not_an_alert"),
}
needs_corpus = pytest.mark.skipif(FEEDS is None, reason="the shared test data is not here (FENGHUO_TEST_DATA)")


def lines_of(folder: Path | None, name: str) -> list[dict[str, Any]]:
    assert folder is not None
    return read_feed((folder / name).read_bytes(), name)


def outcome(lines: list[dict[str, Any]]) -> tuple[int, int, str]:
    accepted = sum(line["accepted"] for line in lines)
    return len(lines), accepted, (lines[0]["reason"] or "").partition(":")[0]


def test_the_tables_name_every_file() -> None:
    assert {path.name for path in OURS.iterdir()} == OUTCOMES.keys()
    if FEEDS is not None:
        assert {path.name for path in FEEDS.iterdir()} - {"SOURCES.md"} == CORPUS.keys()


@pytest.mark.parametrize("name", OUTCOMES)
def test_ours(name: str) -> None:
    lines = lines_of(OURS, name)
    assert outcome(lines) == OUTCOMES[name]
    assert all(list(line) == KEYS and (line["alert"] is not None) == line["accepted"] for line in lines)
    assert json.loads(json.dumps(lines)) == lines


@needs_corpus
@pytest.mark.parametrize("name", CORPUS)
def test_corpus(name: str) -> None:
    started = time.perf_counter()
    lines = lines_of(FEEDS, name)
    assert time.perf_counter() - started < 1
    assert outcome(lines) == CORPUS[name]
    assert all(list(line) == KEYS and (line["alert"] is None) == bool(line["reason"]) for line in lines)


def test_alerts_inside_an_atom_entry_as_elements_and_as_text() -> None:
    first, second, third = lines_of(OURS, "inline.atom")
    assert (first["entry"], first["title"], first["alert"]["identifier"]) == ("e1", "One", "FEED-1")
    assert second["alert"]["identifier"] == "FEED-2"
    assert third["reason"] == "not_an_alert: the entry holds neither an alert nor a link to one"


def test_the_link_to_the_cap_document_is_preferred_and_completed() -> None:
    data = (OURS / "links.atom").read_bytes()
    first, evil = read_index(data, "https://example.org/feeds/index.atom").entries
    assert first.link == "https://example.org/feeds/one.xml" and first.follow
    assert evil.link is None and not evil.follow
    assert read_index(data, "/some/index.atom").entries[0].link == "one.xml"
    assert web_link("//[", "https://example.org/") is None


def test_a_summary_in_an_index_is_an_alert_that_says_it_is_partial() -> None:
    (line,) = lines_of(OURS, "summary.atom")
    alert = line["alert"]
    assert alert["partial"] is True and alert["problems"][0].startswith("read from the summary")
    assert (alert["identifier"], alert["sender"], alert["status"]) == (
        "https://example.org/s1",
        "w@example.org",
        "Test",
    )
    info = alert["infos"][0]
    assert (info["event"], info["headline"], info["description"]) == ("Gale", "Gale", "Strong wind.")
    assert info["areas"][0]["polygons"] == [[[2.0, 1.0], [4.0, 3.0], [2.0, 5.0], [2.0, 1.0]]]
    assert info["areas"][0]["geocodes"] == [{"name": "FIPS6", "value": "001"}, {"name": "UGC", "value": "AKZ1"}]


def test_rss_writes_times_in_letters() -> None:
    alert = lines_of(OURS, "index.rss")[1]["alert"]
    assert alert["sent"] == "2026-05-01T02:00:00+00:00"


def test_an_exercise_envelope_makes_its_alerts_exercises() -> None:
    alert = lines_of(OURS, "envelope.xml")[0]["alert"]
    assert alert["status"] == "Exercise" and "its envelope says Exercise" in alert["problems"][0]


def test_meteoalarm_json_and_a_status_nobody_knows() -> None:
    good, bad = lines_of(OURS, "warnings.json")
    assert good["alert"]["infos"][0]["areas"][0]["polygons"][0][0] == [2.0, 1.0]
    assert bad["reason"].startswith("bad_status: ")


def test_a_long_feed_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comms.feeds.index.MAX_ENTRIES", 2)
    lines = lines_of(OURS, "inline.atom")
    assert len(lines) == 3 and lines[2]["reason"] == "too_big: 3 entries; the first 2 were read"
    assert entry_module.MAX_ENTRIES == 5000


def test_hostile_json_is_refused_not_crashed_into() -> None:
    for data, code in (
        (b'{"warnings":' * 50_000, "too_deep"),
        (b"[" * 700_000, "too_many_elements"),
        (b"[" + b"9" * 10_000 + b"]", "not_well_formed"),
        (b"[NaN]", "not_well_formed"),
        (b"[1]" + b" " * 4_000_000, "too_big"),
        (b'{"warnings": [{"alert": 3}]}', "not_a_feed"),
        (b"", "not_a_feed"),
    ):
        assert read_feed(data, "x")[0]["reason"].startswith(code + ": "), data[:30]


def test_an_address_that_is_none_and_half_a_character_do_no_harm() -> None:
    facts = '{"messageType": "Alert", "status": "Test", "headline": "a\\ud800b", "web": "https://[x/"}'
    (line,) = read_feed(f'{{"features": [{{"properties": {facts}}}]}}'.encode(), "https://example.org/")
    assert line["link"] is None and line["title"] == "a?b"
    assert line["reason"] == "missing: it has no sender, sent"


@needs_corpus
def test_json_forms_say_what_they_had_to_assume() -> None:
    test, real = (line["alert"] for line in lines_of(FEEDS, "nws_alerts_with_test.json"))
    assert (test["status"], real["status"]) == ("Test", "Actual") and "stands for it" in test["problems"][0]
    canada = lines_of(FEEDS, "eccc_alerts_2026.geojson")[0]["alert"]
    assert canada["infos"][0]["colour"] == "yellow" and len(canada["infos"]) == 2
    assert -80.5 < canada["infos"][0]["areas"][0]["polygons"][0][0][0] < -79
    swiss = lines_of(FEEDS, "mowas_germany.json")[0]["alert"]
    assert swiss["sent"] == "2025-05-20T12:41:48+02:00" and swiss["infos"][0]["severity"] == "Moderate"
