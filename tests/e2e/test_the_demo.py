"""The demonstration plays to its end, once as it is and once with a process killed, and says so in its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.command import ROOT, fenghuo

STEPS = [
    "feed", "propose", "accept_verify", "dispatch_city_county", "dispatch_county_town", "cut", "work_offline", "heal",
    "agree", "hub_kill", "map",
]  # fmt: skip


def played(out: Path, *more: str) -> dict[str, object]:
    done = fenghuo("demo", "--headless", "--out", out, *more, expect=None, timeout=600)
    assert (out / "report.json").exists(), done.stdout + done.stderr
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stdout[-4000:]
    return dict(report)


@pytest.mark.timeout(700)
def test_the_story_plays_to_its_end(tmp_path: Path) -> None:
    report = played(tmp_path / "out")
    assert [s["name"] for s in report["steps"]] == STEPS and all(s["ok"] for s in report["steps"])
    assert len(report["digests"]) == 3 and len(set(report["digests"].values())) == 1
    assert report["blocked_requests"] == 0 and report["lost"] == [] and report["acknowledged"] > 30
    assert 0 < report["heal_to_agreement_s"] < 60
    for picture in report["pictures"]:
        assert set(picture["held"]) <= set(picture["drawn"]) or picture["step"] != "map"
        path = tmp_path / "out" / picture["picture"]
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.timeout(700)
def test_a_process_killed_at_a_drawn_moment_loses_nothing(tmp_path: Path) -> None:
    report = played(tmp_path / "out", "--kill-seed", "1")
    assert report["killed"]["killed"] and report["lost"] == [] and all(s["ok"] for s in report["steps"])


def test_without_a_display_the_pictures_are_named() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--headless --out out/demo" in recipe and "pictures" in recipe
