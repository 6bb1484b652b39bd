"""Real input: every alert and feed of the collection, by the command; hostile ones refused, none slow."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.helpers.command import ROOT, fenghuo, one, rows

OURS = sorted((ROOT / "tests" / "data" / "cap").glob("*.xml"))
COLLECTION = Path(os.environ.get("FENGHUO_TEST_DATA", ROOT.parent / "shared" / "data"))
needs_collection = pytest.mark.skipif(
    not (COLLECTION / "cap").is_dir(), reason="the collection of real alerts is not here"
)


def test_our_documents_one_line_each_without_a_profile(tmp_path: Path) -> None:
    lines = rows("warning", "import", *OURS, profile=tmp_path / "nothing")
    assert [line["file"] for line in lines] == [str(p) for p in OURS]
    assert not any(line["stored"] for line in lines)
    assert any(line["accepted"] for line in lines) and any(not line["accepted"] and line["reason"] for line in lines)
    assert not (tmp_path / "nothing").exists()


@needs_collection
def test_every_alert_of_the_collection(tmp_path: Path) -> None:
    files = sorted((COLLECTION / "cap").glob("*.xml"))
    started = time.perf_counter()
    lines = rows("warning", "import", *files, profile=tmp_path / "nothing")
    assert len(lines) == len(files) and time.perf_counter() - started < len(files)
    by_name = {Path(line["file"]).name: line for line in lines}
    for name in ("edge_doctype_entity_bomb.xml", "google_xee.xml", "edge_truncated.xml"):
        assert not by_name[name]["accepted"] and by_name[name]["reason"], name
    henan = by_name["cn_12379_henan_gale_blue_update_2020.xml"]["alert"]
    assert (henan["status"], henan["msg_type"], henan["infos"][0]["colour"]) == ("Actual", "Update", "blue")
    assert henan["sent"] == "2020-02-05T10:45:00+08:00"
    macao = by_name["kde_macao_monsoon_zh_pt_en.xml"]["alert"]
    assert len(macao["infos"]) == 3 and len({i["language"] for i in macao["infos"]}) == 3
    assert by_name["sahana_Flood.xml"]["alert"]["status"] == "Exercise"


@needs_collection
def test_every_feed_of_the_collection(tmp_path: Path) -> None:
    for path in sorted((COLLECTION / "feeds").iterdir()):
        if path.name == "SOURCES.md":
            continue
        done = fenghuo("feed", "poll", str(path), "--json", profile=tmp_path / "nothing")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines, f"{path.name} got no line"
        assert all(line["accepted"] or line["reason"] for line in lines), path.name


def test_an_alert_is_a_proposal_acted_on_once(tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    fenghuo("centre", "init", "--centre", "huaian", profile=desk)
    kept = [line for line in rows("warning", "import", *OURS, profile=desk) if line["stored"]]
    again = [line for line in rows("warning", "import", *OURS, profile=desk) if line["stored"]]
    assert kept and not again, "the same alert is kept once"
    proposals = rows("warning", "list", profile=desk)
    assert {p["stage"] for p in proposals} == {"proposed"}
    actual = next(p for p in proposals if p["status"] == "Actual" and p["msg_type"] == "Alert")
    assert one("warning", "accept", actual["id"], profile=desk)["record"]["stage"] == "in_force"
    assert one("warning", "lift", actual["id"], "--reason", "雨停", profile=desk)["record"]["stage"] == "lifted"
    other = next(p for p in proposals if p["id"] != actual["id"] and p["msg_type"] != "Cancel")
    made = one("warning", "incident", other["id"], profile=desk)["record"]
    assert made["kind"] == "incident" and made["source"] == other["id"]
    third = next(p for p in proposals if p["id"] not in (actual["id"], other["id"]))
    assert (
        one("warning", "dismiss", third["id"], "--reason", "与本地无关", profile=desk)["record"]["stage"] == "dismissed"
    )
