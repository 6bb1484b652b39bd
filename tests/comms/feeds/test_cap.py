"""One alert: our own small documents, each kind with its outcome, and what is kept, dropped and named."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from comms.errors import CapRefused
from comms.feeds import cap
from comms.feeds.cap import alert_key, chain_key, import_line, is_real, mark, read_alert, supersedes

OURS = Path(__file__).parents[2] / "data" / "cap"
HEAD = (
    b"<identifier>I</identifier><sender>s</sender><sent>2026-01-01T00:00:00+08:00</sent>"
    b"<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>"
)
ALERT = b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">' + HEAD

# file: (status, msg_type, version, infos, polygons, circles, first event, first severity, first colour)
READ = {
    "v12_polygon_circle.xml": ("Actual", "Alert", "1.2", 1, 1, 1, "Flood", "Severe", "orange"),
    "v11_prefixed.xml": ("Actual", "Alert", "1.1", 1, 1, 0, "Flood", "Severe", None),
    "v10_old.xml": ("Actual", "Alert", "1.0", 1, 0, 0, "Flood", "Severe", None),
    "no_namespace.xml": ("Actual", "Alert", "", 1, 0, 0, "Flood", "Severe", None),
    "many_languages.xml": ("Actual", "Alert", "1.2", 3, 0, 0, "暴雨", "Severe", "red"),
    "cn_12379.xml": ("Actual", "Update", "12379", 1, 0, 0, "大雾", "Moderate", "yellow"),
    "gb18030.xml": ("Actual", "Alert", "1.2", 1, 0, 0, "暴雪", "Severe", "blue"),
    "impossible_values.xml": ("Actual", "Alert", "1.2", 1, 1, 0, "Flood", None, None),
    "exercise.xml": ("Exercise", "Alert", "1.2", 1, 0, 0, "Flood", "Severe", None),
    "test_status.xml": ("Test", "Alert", "1.2", 0, 0, 0, None, None, None),
    "chain_1_alert.xml": ("Actual", "Alert", "1.2", 1, 0, 0, "Flood", "Severe", None),
    "chain_2_update.xml": ("Actual", "Update", "1.2", 1, 0, 0, "Flood", "Extreme", None),
    "chain_3_cancel.xml": ("Actual", "Cancel", "1.2", 0, 0, 0, None, None, None),
    "signed_with_sound.xml": ("Actual", "Alert", "1.2", 1, 0, 0, "Flood", "Severe", None),
}
REFUSED = {
    "doctype_bomb.xml": "doctype",
    "doctype_external.xml": "doctype",
    "truncated.xml": "not_well_formed",
    "wrong_encoding.xml": "encoding",
    "unknown_status.xml": "bad_status",
    "no_identifier.xml": "missing",
    "two_alerts.xml": "several_alerts",
    "other_document.xml": "not_an_alert",
}


def ours(name: str) -> dict[str, Any]:
    return read_alert((OURS / name).read_bytes())


def summary(alert: dict[str, Any]) -> tuple[Any, ...]:
    infos = alert["infos"]
    areas = [area for info in infos for area in info["areas"]]
    first = infos[0] if infos else {"event": None, "severity": None, "colour": None}
    counts = (len(infos), sum(len(a["polygons"]) for a in areas), sum(len(a["circles"]) for a in areas))
    facts = (first["event"], first["severity"], first["colour"])
    return (alert["status"], alert["msg_type"], alert["version"], *counts, *facts)


def refusal(data: bytes) -> CapRefused:
    with pytest.raises(CapRefused) as caught:
        read_alert(data)
    return caught.value


def test_each_of_our_documents_has_its_outcome_written_down() -> None:
    assert {path.name for path in OURS.iterdir()} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", READ)
def test_read(name: str) -> None:
    line = import_line(OURS / name)
    assert line["accepted"] and line["reason"] is None
    assert summary(line["alert"]) == READ[name]
    assert json.loads(json.dumps(line)) == line


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    line = import_line(OURS / name)
    assert not line["accepted"] and line["alert"] is None
    assert line["reason"].startswith(REFUSED[name] + ": ")


def test_coordinates_are_turned_to_lon_lat_and_times_keep_their_zone() -> None:
    info = ours("v12_polygon_circle.xml")["infos"][0]
    area = info["areas"][0]
    assert area["polygons"] == [[[119.0, 33.6], [119.2, 33.6], [119.2, 33.4], [119.0, 33.6]]]
    assert area["circles"] == [[119.1, 33.5, 2.5]]
    assert area["geocodes"] == [{"name": "UGC", "value": "A1"}]
    assert (info["onset"], info["expires"]) == ("2026-05-01T11:00:00+08:00", "2026-05-01T20:00:00+08:00")
    assert ours("v11_prefixed.xml")["sent"] == "2026-05-01T10:00:00+00:00"


def test_the_12379_dialect_says_the_same_in_standard_words() -> None:
    alert = ours("cn_12379.xml")
    info = alert["infos"][0]
    assert alert["sent"] == "2026-05-01T08:15:00+08:00"
    assert alert["references"] == [{"sender": None, "identifier": "32081341600000_20260430201500", "sent": None}]
    assert supersedes(alert) == ["32081341600000_20260430201500"] and chain_key(alert) == supersedes(alert)[0]
    assert [message["name"] for message in alert["messages"]] == ["SMS", "WEB"]
    assert info["event_codes"] == [{"name": "GB/T 35561", "value": "11B17"}]
    assert info["effective"] == "2026-05-01T08:20:00+08:00" and info["expires"] is None
    assert any("+08:00 assumed" in words for words in alert["problems"])
    area = info["areas"][0]
    assert area["desc"] == "洪泽区"
    assert [code["value"] for code in area["geocodes"]] == ["320813000000", "320812000000"]


def test_impossible_values_are_dropped_and_named() -> None:
    alert = ours("impossible_values.xml")
    info, problems = alert["infos"][0], " | ".join(alert["problems"])
    assert alert["sent"] is None and alert["sent_text"] == "2026-05-01T10:00:00"
    assert (info["onset"], info["expires"], info["severity"]) == (None, None, None)
    ring = info["areas"][0]["polygons"][0]
    assert len(ring) == 5 and ring[0] == ring[-1]
    for words in ("95.0,119.0", "nan,119.2", "3 points", "not closed", "33.5,219.1", "-1", "2026-13-01", "tomorrow"):
        assert words in problems
    assert "sent '2026-05-01T10:00:00' has no zone" in problems and "'Awful' is none of" in problems


def test_an_outline_across_the_date_line_stays_in_one_piece() -> None:
    polygon = b"<polygon>1,179 2,180.5 1,181 1,179</polygon>"
    alert = read_alert(ALERT + b"<info><area>" + polygon + b"</area></info></alert>")
    assert alert["infos"][0]["areas"][0]["polygons"][0][1] == [180.5, 2.0]
    assert any("date line" in words for words in alert["problems"])


def test_only_actual_is_real_and_the_rest_carry_a_mark() -> None:
    assert is_real(ours("chain_1_alert.xml")) and mark(ours("chain_1_alert.xml")) == ""
    assert not is_real(ours("exercise.xml")) and mark(ours("exercise.xml")) == "演练"
    assert mark(ours("test_status.xml")) == "测试"
    assert (mark({"status": "System"}), mark({"status": "Draft"}), mark({})) == ("系统", "草稿", "未知")


def test_a_chain_is_known_by_its_oldest_alert_and_never_by_itself() -> None:
    first, update, cancel = (ours(name) for name in ("chain_1_alert.xml", "chain_2_update.xml", "chain_3_cancel.xml"))
    assert supersedes(first) == [] and supersedes(update) == ["CH-1"] and supersedes(cancel) == ["CH-2", "CH-1"]
    assert [chain_key(alert) for alert in (first, update, cancel)] == ["CH-1"] * 3
    assert "it refers to itself" in cancel["problems"]


def test_what_tells_two_alerts_apart_survives_a_time_without_zone() -> None:
    assert alert_key(ours("impossible_values.xml")) == ("OWN-10", "cap@example.org", "2026-05-01T10:00:00")
    assert alert_key(ours("exercise.xml")) == ("OWN-11", "cap@example.org", "2026-05-01T10:00:00+08:00")


def test_a_sound_file_stays_behind_and_a_signature_is_noted() -> None:
    alert = ours("signed_with_sound.xml")
    assert alert["signed"] is True and ours("exercise.xml")["signed"] is False
    assert alert["infos"][0]["resources"][0]["embedded_chars"] == 4000
    assert "QUJD" not in json.dumps(alert)


def test_an_envelope_feed_or_json_is_not_one_alert() -> None:
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>' + ALERT + b"</alert></entry></feed>"
    assert refusal(feed).code == "not_an_alert"
    assert refusal(ALERT + ALERT + b"</alert></alert>").code == "several_alerts"
    assert refusal(b' {"identifier": 1}').code == "not_an_alert"
    assert refusal(b'<alert xmlns="urn:other">' + HEAD + b"</alert>").code == "not_an_alert"


def test_caps_on_size_depth_and_count() -> None:
    assert refusal(b" " * (cap.ALERT_LIMITS.max_bytes + 1)).code == "too_big"
    assert refusal(b"<a>" * 100).code == "too_deep"
    assert refusal(ALERT + b"<x/>" * cap.ALERT_LIMITS.max_elements).code == "too_many_elements"
    attributes = b" ".join(b'a%d="1"' % number for number in range(100))
    assert refusal(b"<alert " + attributes + b"/>").code == "too_many_elements"
    assert refusal(b"").code == "not_well_formed"
    assert refusal(b'<?xml version="1.0" encoding="utf-7"?><alert/>').code == "encoding"


def test_a_long_text_is_cut_and_said() -> None:
    alert = read_alert(ALERT + b"<info><description>" + b"x" * 30_000 + b"</description></info></alert>")
    assert len(alert["infos"][0]["description"]) == cap.MAX_LONG_TEXT
    assert any("cut to" in words for words in alert["problems"])


def test_an_alert_always_fits_into_a_message() -> None:
    ring = " ".join(f"{30 + step / 15_000:.7f},{110 + step % 2:.7f}" for step in range(15_000))
    bad = ALERT + f"<info><area><polygon>{ring}</polygon></area></info></alert>".encode()
    assert refusal(bad).code == "too_big"  # a saw-tooth cannot be thinned without lying
    smooth = (
        " ".join(f"{30 + step / 15_000:.7f},{110 + step / 15_000:.7f}" for step in range(15_000)) + " 30,111 30,110"
    )
    alert = read_alert(ALERT + f"<info><area><polygon>{smooth}</polygon></area></info></alert>".encode())
    assert len(json.dumps(alert, ensure_ascii=False).encode()) <= 1.1 * cap.MAX_ALERT_JSON
    assert any("thinned" in words for words in alert["problems"])
    kept = alert["infos"][0]["areas"][0]["polygons"][0]
    assert 100 < len(kept) < 15_000 and kept[0] == kept[-1]


def test_a_missing_file_is_a_line_too(tmp_path: Path) -> None:
    assert import_line(tmp_path / "none.xml")["reason"].startswith("unreadable: ")
    assert import_line(tmp_path)["reason"].startswith("unreadable: ")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01 00:00:00+08:00", "2026-01-01T00:00:00+08:00"),
        ("2026-01-01T00:00+0800", "2026-01-01T00:00:00+08:00"),
        ("2026-01-01T00:00:00.5-06:50", "2026-01-01T00:00:00.500000-06:50"),
        ("2026-02-30T00:00:00Z", None),
        ("2026-01-01T25:00:00Z", None),
        ("2026-01-01T00:00:00+99:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-01-01T00:00:00", None),
        ("٢٠٢٦-01-01T00:00:00Z", None),
    ],
)
def test_times(text: str, wanted: str | None) -> None:
    info = f"<info><onset>{text}</onset></info></alert>".encode()
    onset = read_alert(ALERT + info)["infos"][0]["onset"]
    assert onset == wanted
    assert wanted is None or datetime.fromisoformat(wanted).tzinfo is not None
