"""The ground: one desk alone, by commands only; everything on disk, encrypted, searchable, and foldable anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers.command import SECRET, error_of, fenghuo, one, rows


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ground") / "desk"
    fenghuo("centre", "init", "--centre", "huaian", "--name", "淮安市", "--person", "周明远", profile=folder)
    return folder


def test_a_desk_alone_does_a_day_s_work(desk: Path) -> None:
    incident = one("incident", "add", "--title", "高沟镇圩堤渗漏", "--position", "119.19,33.98", profile=desk)[
        "record"
    ]["id"]
    for step in ("accept", "verify"):
        one("incident", step, incident[:10], profile=desk)
    one("incident", "grade", incident, "III", profile=desk)
    team = one("resource", "add", "--name", "消防一站", "--type", "team", profile=desk)["record"]["id"]
    order = one("task", "add", "--title", "派队巡堤", "--to", "huaian", "--incident", incident, profile=desk)["record"][
        "id"
    ]
    one("resource", "send", team, "--task", order, profile=desk)
    assert one("resource", "show", team, profile=desk)["stage"] == "committed", (
        "the desk keeps its own resources while it has no hub"
    )
    one("log", "add", "圩堤渗漏点已标记", "--incident", incident, profile=desk)
    shown = one("incident", "show", incident, profile=desk)
    assert (shown["stage"], shown["grade"], shown["position"]) == ("dispatched", "III", [119.19, 33.98])
    assert [r["id"] for r in rows("incident", "list", "--search", "圩堤", profile=desk)] == [incident]
    assert [r["id"] for r in rows("incident", "list", "--bbox", "119,33,120,35", profile=desk)] == [incident]
    assert rows("incident", "list", "--bbox", "100,33,101,35", profile=desk) == []


def test_a_rule_says_no_in_one_sentence_and_nothing_changes(desk: Path) -> None:
    incident = one("incident", "add", "--title", "误报", profile=desk)["record"]["id"]
    before = one("store", "digest", profile=desk)
    said = error_of("incident", "close", incident, profile=desk)
    assert said["code"] == "refused" and "checked" in said["message"] and said["do"]
    assert one("store", "digest", profile=desk) == before


def test_state_is_the_fold_of_the_log(desk: Path) -> None:
    before = one("store", "digest", profile=desk)
    one("store", "rebuild", profile=desk)
    assert one("store", "digest", profile=desk)["digest"] == before["digest"]


def test_nothing_lies_in_the_open(desk: Path) -> None:
    one("incident", "add", "--title", "canary 金丝雀 7c1d", profile=desk)
    for path in desk.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert "金丝雀".encode() not in data and SECRET.encode() not in data, path
    assert not (desk / "live.db").read_bytes().startswith(b"SQLite format 3")


def test_a_wrong_secret_opens_nothing(desk: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not the secret 99")
    said = error_of("incident", "list", "--secret-file", str(wrong), profile=desk)
    assert said["code"] == "wrong_secret"
    assert "not the secret" not in str(said) and os.environ.get("FENGHUO_SECRET") != SECRET
