"""The desk and the map, as a running console shows them: pressed by its own buttons, asked by its own page."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command import ROOT, error_of, fenghuo, one, rows, running

ALERT = ROOT / "tests" / "data" / "cap"
WAIT_S = 40.0


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A city's console, running without a screen, its desk with two resources and an incident."""
    folder = tmp_path_factory.mktemp("desk") / "city"
    fenghuo("centre", "init", "--centre", "huaian", "--name", "淮安市", "--person", "周明远", profile=folder)
    fenghuo("resource", "add", "--name", "消防一站", "--type", "team", "--position", "119.02,33.60", profile=folder)
    fenghuo("resource", "add", "--name", "物资库", "--type", "supply", "--position", "119.05,33.58", profile=folder)
    fenghuo("incident", "add", "--title", "圩堤渗漏", "--position", "119.03,33.62", profile=folder)
    with running("console", profile=folder, env={"FENGHUO_SAFE_GRAPHICS": "1"}):
        yield folder


def state(console: Path) -> dict[str, Any]:
    return one("window", "state", profile=console)


def until(what: str, look: Callable[[], Any]) -> Any:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        seen = look()
        if seen:
            return seen
    raise AssertionError(f"waited in vain for {what}")


def placed(console: Path) -> set[str]:
    held = [r for kind in ("incident", "resource") for r in rows(kind, "list", profile=console)]
    return {r["id"] for r in held if r.get("position")}


def test_the_map_shows_what_the_store_holds_and_reaches_nowhere(console: Path) -> None:
    wanted = placed(console)
    shown = until("the map", lambda: set(state(console)["shown"] or []) >= wanted and state(console))
    assert shown["blocked"] == 0 and len(wanted) == 3
    incident = rows("incident", "list", profile=console)[0]["id"]
    at = one("window", "probe", "at", incident, profile=console)
    where = at.get("answer", at)
    hit = one("window", "probe", "hit", str(where["x"]), str(where["y"]), profile=console)
    assert incident in str(hit)


def test_the_story_s_buttons_work_and_the_rules_grey_them(console: Path) -> None:
    incident = rows("incident", "list", profile=console)[0]["id"]
    one("window", "select", incident, profile=console)
    until("the selection", lambda: state(console)["selected"] == incident)
    until("accept", lambda: state(console)["buttons"].get("incident.accept"))
    assert not state(console)["buttons"]["incident.close"]
    one("window", "press", "incident.accept", profile=console)
    until("accepted", lambda: one("incident", "show", incident, profile=console)["stage"] == "accepted")
    until("verify", lambda: state(console)["buttons"].get("incident.verify"))
    one("window", "press", "incident.verify", profile=console)
    until("verified", lambda: one("incident", "show", incident, profile=console)["stage"] == "verified")
    assert error_of("window", "press", "incident.accept", profile=console)


def test_first_sight_says_who_is_on_duty_and_how_old_it_is(console: Path) -> None:
    strip = str(state(console)["strip"])
    for words in ("淮安市", "周明远", "平时", "正式"):
        assert words in strip, strip


def test_an_alert_is_drawn_as_an_area_and_an_exercise_never_looks_real(console: Path) -> None:
    for path in sorted(ALERT.glob("*.xml")):
        fenghuo("warning", "import", path, profile=console)
    warnings = rows("warning", "list", profile=console)
    drawn = {w["id"] for w in warnings if any(a["polygons"] for i in w["alert"]["infos"] for a in i["areas"])}
    assert drawn
    ids = {w["id"] for w in warnings}
    until("proposals", lambda: [i for i in state(console)["inbox"] if i["record"] in ids])
    exercise = next(w for w in warnings if w["status"] == "Exercise")
    one("window", "select", exercise["id"], profile=console)
    until("the selection", lambda: state(console)["selected"] == exercise["id"])


def test_a_picture_of_the_window(console: Path, tmp_path: Path) -> None:
    path = tmp_path / "desk.png"
    one("window", "shot", path, "--width", "1920", "--height", "1080", profile=console)
    assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 50_000


def test_the_map_comes_back_when_its_renderer_is_killed(console: Path) -> None:
    wanted = set(until("the map", lambda: state(console)["shown"]))
    renderer = state(console)["renderer"]
    os.kill(renderer, signal.SIGKILL)
    until("another renderer", lambda: state(console)["renderer"] not in (0, renderer))
    until("the same picture", lambda: set(state(console)["shown"] or []) >= wanted)
