"""The real page in a real engine: what Python says, what was drawn, what a mouse hits and what the eye sees agree."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWebEngineCore import QWebEnginePage
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from console.mapview.page import shared_profile
from console.mapview.scheme import is_ours
from console.mapview.view import MAX_CRASHES, MapView
from map.features import Feature, features
from map.symbols import GROUND, SYMBOLS, fill_colour
from tests.map.samples import box, incident, night_at_huaian, resource, warning

SIZE = (1200, 900)
LOAD_MS = 20_000  # a cold engine on a busy machine


class Desk:
    """A map and the ways to ask it."""

    def __init__(self, qtbot: QtBot, view: MapView) -> None:
        self.qtbot, self.view = qtbot, view
        self.refused_before = shared_profile().guard.count

    def wait(self) -> None:
        """Until everything told is on screen."""
        self.qtbot.waitUntil(lambda: self.view.settled, timeout=LOAD_MS)

    def show(self, made: dict[str, Feature]) -> None:
        self.view.set_features(made)
        self.wait()

    def repainted(self, act: Callable[[], None]) -> None:
        """Do something and wait until it is on screen."""
        before = self.view.seq
        act()
        assert self.view.seq > before
        self.wait()

    def ask(self, name: str, *args: Any) -> Any:
        answers: list[Any] = []
        self.view.probe(name, *args, callback=answers.append)
        self.qtbot.waitUntil(lambda: bool(answers), timeout=LOAD_MS)
        return answers[0]

    def run(self, script: str) -> Any:
        """Run a script in the page; its value comes back by way of JSON."""
        answers: list[Any] = []
        self.view.page.runJavaScript(f"JSON.stringify({script})", 0, answers.append)
        self.qtbot.waitUntil(lambda: bool(answers), timeout=LOAD_MS)
        return json.loads(answers[0]) if answers[0] else None

    def click(self, x: float, y: float) -> list[str]:
        with self.qtbot.waitSignal(self.view.clicked, timeout=LOAD_MS) as caught:
            self.qtbot.mouseClick(self.view.pointer_target, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
        return list(caught.args[0])

    def picture(self) -> QImage:
        taken: list[QPixmap] = []
        self.view.picture(taken.append)
        self.qtbot.waitUntil(lambda: bool(taken), timeout=LOAD_MS)
        return taken[0].toImage()

    @property
    def refused(self) -> int:
        return shared_profile().guard.count - self.refused_before


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    view = MapView()
    view.resize(*SIZE)
    made = Desk(qtbot, view)
    with qtbot.waitSignal(view.ready, timeout=LOAD_MS):
        view.show()
    yield made
    complaints, missing = list(view.complaints), list(shared_profile().handler.not_found)
    view.close_map()
    assert complaints == [] and missing == []


@pytest.fixture
def dark(desk: Desk) -> Iterator[Desk]:
    """A desk on which no request may be refused, because none may be made."""
    yield desk
    assert desk.refused == 0, shared_profile().guard.blocked


def pixels(image: QImage, x: float, y: float, r: float) -> list[str]:
    """Colours `#rrggbb` in the square around a point."""
    reach = range(-round(r), round(r) + 1)
    spots = [(round(x) + dx, round(y) + dy) for dx in reach for dy in reach]
    return [image.pixelColor(a, b).name() for a, b in spots if 0 <= a < image.width() and 0 <= b < image.height()]


def one_of_each() -> dict[str, Feature]:
    """Every symbol there is, each at a place of its own on a grid over Jiangsu, ranks in turn."""
    made = {}
    for number, symbol in enumerate(SYMBOLS.values()):
        id_ = f"{number:064x}"
        pos = [117.3 + (number % 12) * 0.27, 34.4 - (number // 12) * 0.22]
        made[id_] = Feature(id=id_, kind=symbol.kind, symbol=symbol.key, label="", pos=pos, areas=[], circles=[],
                            rank=number % 5, stage="", mark="", conflict=False)  # fmt: skip
    return made


@pytest.mark.parametrize("theme", ["day", "night"])
def test_probe_mouse_and_pixel_agree_for_every_symbol(dark: Desk, theme: str) -> None:
    made = one_of_each()
    dark.view.set_theme(theme)
    dark.show(made)
    dark.repainted(lambda: dark.view.fly_to(118.8, 33.6, 9))
    assert sorted(dark.ask("shown")["symbols"]) == sorted(made)
    picture = dark.picture()
    for id_, item in made.items():
        spot = dark.ask("at", id_)
        wanted = fill_colour(item["symbol"], item["rank"], item["stage"], theme)
        assert spot["colour"] == wanted, item["symbol"]
        assert pixels(picture, spot["x"], spot["y"], spot["r"]).count(wanted) > 60, item["symbol"]
        assert dark.ask("hit", spot["x"], spot["y"])[0] == id_
        if theme == "day":
            assert dark.click(spot["x"], spot["y"])[0] == id_


def test_a_real_night_is_drawn_whole(dark: Desk) -> None:
    made = features(night_at_huaian())
    dark.show(made)
    dark.repainted(dark.view.fit)
    shown = dark.ask("shown")
    assert shown["ids"] == sorted(made) and shown["n"] == len(made) and shown["seq"] == dark.view.seq
    assert set(shown["areas"]) == {id_ for id_, item in made.items() if item["areas"] or item["circles"]}


def test_things_at_one_place_stand_apart_and_can_each_be_clicked(dark: Desk) -> None:
    teams = (resource(n, f"队{n}", [119.0, 33.5], "team") for n in range(2, 8))
    crowd = [incident(1, "火", [119.0, 33.5], "12G01"), *teams]
    dark.show(features(crowd))
    for item in crowd:
        spot = dark.ask("at", item["id"])
        assert spot["how"] == "symbol"
        assert dark.click(spot["x"], spot["y"]) == [item["id"]]


def test_a_crowd_becomes_a_group_with_its_count_but_incidents_stay(dark: Desk) -> None:
    crowd = [resource(n, "队", [119.0, 33.5], "team") for n in range(30)]
    dark.show(features([*crowd, incident(99, "火", [119.0, 33.5], "12G01")]))
    shown = dark.ask("shown")
    assert shown["groups"] == 1 and len(shown["grouped"]) == 30 and shown["symbols"] == [f"{99:064x}"]
    spot = dark.ask("at", crowd[0]["id"])
    assert spot["how"] == "group" and len(dark.click(spot["x"], spot["y"])) == 30


def test_thousands_are_grouped_and_none_is_forgotten(dark: Desk) -> None:
    many = [resource(n, "", [117.6 + (n % 100) * 0.03, 32.8 + (n // 100) * 0.015], "team") for n in range(6000)]
    dark.show(features(many))
    shown = dark.ask("shown")
    assert shown["n"] == 6000 and len(shown["symbols"]) + len(shown["grouped"]) == 6000 and shown["groups"] > 20


def test_areas_are_hit_where_they_are_and_coloured(dark: Desk) -> None:
    real = warning(1, "red", {"polygons": [box(118.9, 33.3, 119.5, 33.8)]})
    drill = warning(2, "red", {"polygons": [box(118.0, 33.3, 118.4, 33.8)]}, status="Exercise")
    dark.show(features([real, drill]))
    dark.repainted(lambda: dark.view.fly_to(118.8, 33.5, 9))
    picture = dark.picture()
    for item, colour in ((real, "red"), (drill, "none")):
        spot = dark.ask("at", item["id"])
        beside = (spot["x"] + 40, spot["y"] + 40)
        assert dark.ask("hit", *beside) == [item["id"]] and dark.click(*beside) == [item["id"]]
        assert redness(pixels(picture, *beside, 20)) is (colour == "red")
    assert dark.ask("hit", 5, 450) == [] and dark.click(60, 450) == []


def redness(colours: list[str]) -> bool:
    """Whether a patch is clearly redder than it is anything else."""
    mean = [sum(part) / len(colours) for part in zip(*(QColor(name).getRgb()[:3] for name in colours), strict=True)]
    return mean[0] - max(mean[1:]) > 12


def test_deltas_change_only_what_they_name(dark: Desk) -> None:
    made = features(night_at_huaian())
    dark.show(made)
    first = dark.view.seq
    flood = dict(made[f"{1:064x}"], rank=0)
    with dark.qtbot.waitSignal(dark.view.painted, timeout=LOAD_MS, check_params_cb=lambda seq: seq > first):
        dark.view.apply([flood], [f"{3:064x}"])
    shown = dark.ask("shown")
    assert shown["seq"] == first + 1 and shown["n"] == len(made) - 1 and f"{3:064x}" not in shown["ids"]
    assert dark.ask("at", f"{1:064x}")["colour"] == GROUND["day"]["red"] and dark.ask("at", f"{3:064x}") is None


def test_setting_the_same_features_again_sends_nothing(dark: Desk) -> None:
    made = features(night_at_huaian())
    dark.show(made)
    before = dark.view.seq
    dark.view.set_features(features(night_at_huaian()))
    assert dark.view.settled
    dark.view.apply([], ["not here"])
    assert dark.view.settled and dark.view.seq == before


def test_a_storm_of_changes_is_a_few_messages(dark: Desk) -> None:
    dark.wait()
    before = dark.view.seq
    for step in range(1000):
        dark.view.apply([features([incident(1, f"第{step}次", [119.0, 33.5], None)])[f"{1:064x}"]])
    dark.wait()
    assert dark.view.seq - before == 1 and dark.view.features[f"{1:064x}"]["label"] == "第999次"


def test_selection_rings_in_the_accent(dark: Desk) -> None:
    made = features([incident(1, "", [119.0, 33.5], None)])
    dark.show(made)
    spot = dark.ask("at", f"{1:064x}")
    accent = GROUND["day"]["accent"]
    assert accent not in pixels(dark.picture(), spot["x"], spot["y"], 30)
    dark.repainted(lambda: dark.view.select(f"{1:064x}"))
    assert pixels(dark.picture(), spot["x"], spot["y"], 30).count(accent) > 40
    dark.repainted(dark.view.select)
    assert accent not in pixels(dark.picture(), spot["x"], spot["y"], 30)


def test_a_picture_of_the_window_around_shows_the_map_as_told(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    layout.addWidget(QLabel("above the map"))
    view = MapView(window)
    layout.addWidget(view, 1)
    window.resize(900, 700)
    window.show()
    desk = Desk(qtbot, view)
    desk.show(features([incident(1, "", [119.15, 33.5], None, "I")]))
    taken: list[QPixmap] = []
    view.picture(taken.append, of=window)
    view.picture(taken.append)
    qtbot.waitUntil(lambda: len(taken) == 2, timeout=LOAD_MS)
    spot, at = desk.ask("at", f"{1:064x}"), view.mapTo(window, QPoint(0, 0))
    assert at.y() > 10 and (taken[0].width(), taken[1].width()) == (900, view.width())
    for picture, x, y in ((taken[0], at.x(), at.y()), (taken[1], 0, 0)):
        image = picture.toImage()
        assert pixels(image, spot["x"] + x, spot["y"] + y, 15).count(GROUND["day"]["red"]) > 60
        assert image.pixelColor(x, y) == image.pixelColor(x + 3, y + 3)  # no trace of the camera's mark
    view.close_map()


def test_a_hidden_map_does_not_hold_up_a_picture(desk: Desk) -> None:
    desk.wait()
    desk.view.hide()
    assert desk.picture().width() == SIZE[0]


def test_theme_and_language_change_in_place(dark: Desk) -> None:
    dark.show(features(night_at_huaian()))
    dark.repainted(lambda: dark.view.set_theme("night"))
    assert dark.picture().pixelColor(600, 890).name() == GROUND["night"]["land"]
    assert dark.run("document.querySelector('.legend button').textContent") == "图例"
    dark.repainted(lambda: dark.view.set_language("en"))
    assert dark.run("document.querySelector('.legend button').textContent") == "Legend"
    rows = dark.run("[...document.querySelectorAll('.legend .row')].map((row) => row.textContent)")
    assert "Team" in rows and "Fire" in rows


def test_the_page_keeps_its_view_and_its_place_when_resized(dark: Desk) -> None:
    dark.repainted(lambda: dark.view.fly_to(119.0, 33.5, 11))
    dark.view.resize(700, 500)
    dark.qtbot.waitUntil(lambda: dark.run("map_fenghuo.getSize().x") == 700, timeout=LOAD_MS)
    shown = dark.ask("shown")
    assert shown["zoom"] == 11 and shown["centre"] == pytest.approx([119.0, 33.5], abs=0.01)


def test_land_and_sea_are_drawn_from_local_files(dark: Desk) -> None:
    dark.repainted(lambda: dark.view.fly_to(121.0, 33.0, 6))
    dark.qtbot.waitUntil(lambda: GROUND["day"]["sea"] in pixels(dark.picture(), 1100, 450, 20), timeout=LOAD_MS)
    dark.qtbot.waitUntil(lambda: GROUND["day"]["land"] in pixels(dark.picture(), 100, 450, 20), timeout=LOAD_MS)


def test_a_killed_renderer_shows_the_same_again(dark: Desk) -> None:
    made = features(night_at_huaian())
    dark.show(made)
    dark.view.select(f"{1:064x}")
    dark.repainted(lambda: dark.view.fly_to(119.1, 33.5, 8))
    dark.qtbot.waitUntil(lambda: dark.view._where is not None, timeout=LOAD_MS)
    before = dark.ask("shown")
    with dark.qtbot.waitSignal(dark.view.ready, timeout=LOAD_MS):
        os.kill(dark.view.page.renderProcessPid(), signal.SIGKILL)
    dark.wait()
    after = dark.ask("shown")
    assert after["ids"] == before["ids"] == sorted(made)
    assert after["zoom"] == before["zoom"]
    assert after["centre"] == pytest.approx(before["centre"], abs=0.006)  # a pixel at this zoom
    assert dark.view.crashes == 1 and after["seq"] > before["seq"]
    spot = dark.ask("at", f"{1:064x}")
    assert GROUND["day"]["accent"] in pixels(dark.picture(), spot["x"], spot["y"], 30)


def test_a_renderer_that_keeps_dying_is_given_up_with_a_sentence(dark: Desk) -> None:
    said: list[str] = []
    dark.view.failed.connect(said.append)
    status = QWebEnginePage.RenderProcessTerminationStatus.CrashedTerminationStatus
    for _ in range(MAX_CRASHES + 1):
        assert not said
        dark.view.page.renderProcessTerminated.emit(status, 1)
    assert len(said) == 1 and "FENGHUO_SAFE_GRAPHICS" in said[0]
    dark.view._reload_timer.stop()


def test_what_is_asked_before_the_page_listens_is_done_after(qtbot: QtBot) -> None:
    view = MapView(theme="night", language="en")
    view.resize(800, 600)
    made = features(night_at_huaian())
    view.set_features(made)
    view.select(f"{1:064x}")
    view.fit()
    early = Desk(qtbot, view)
    view.show()
    early.wait()
    qtbot.waitUntil(lambda: early.ask("shown")["ids"] == sorted(made), timeout=LOAD_MS)
    assert early.ask("shown")["theme"] == "night"
    view.close_map()


HOSTILE = [
    "<script>window.__pwned=1</script>", "</script><script>window.__pwned=1</script>", "<img src=x onerror=__pwned=1>",
    "<svg onload=window.__pwned=1>", "<svg><script>window.__pwned=1</script></svg>", "`${window.__pwned=1}`",
    "${window.__pwned=1}", "'+(window.__pwned=1)+'", '"+(window.__pwned=1)+"', "\\\"+(window.__pwned=1)//",
    "javascript:window.__pwned=1", "data:text/html,<script>__pwned=1</script>", "<a href=javascript:__pwned=1>x</a>",
    "<iframe src=http://127.0.0.1:9/>", "<link rel=stylesheet href=http://127.0.0.1:9/x.css>",
    "<style>@import url(http://127.0.0.1:9/x.css)</style>", "url(http://127.0.0.1:9/x.png)", "<base href=http://127.0.0.1:9>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>", "<object data=http://127.0.0.1:9/>",
    "<body onload=__pwned=1>", "<input autofocus onfocus=__pwned=1>", "<details open ontoggle=__pwned=1>",
    "&lt;script&gt;window.__pwned=1&lt;/script&gt;", "&#60;script&#62;__pwned=1", "\u202egnp.exe", "\u0000<b>",
    "\u2028window.__pwned=1", "\u2029__pwned=1//", '{"__proto__":{"x":1}}', "__proto__", "constructor", "*/__pwned=1/*",
    "-->", "]]><script>__pwned=1</script>", "{{7*7}}", "{% raw %}", "\ud83d\ude00" * 5, "长" * 500, "%3Cscript%3E", "",
]  # fmt: skip


def test_hostile_text_is_only_ever_drawn(dark: Desk) -> None:
    made = {}
    for number, text in enumerate(HOSTILE):
        clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        pos = [118.0 + (number % 8) * 0.3, 34.0 - (number // 8) * 0.2]
        for kind, id_ in (("incident", f"{number:064x}"), ("resource", f"{clean} {number}")):
            made[id_] = Feature(id=id_, kind=kind, symbol=clean, label=clean, pos=pos, areas=[], circles=[], rank=4,
                                stage=clean, mark=clean, conflict=False)  # fmt: skip
    dark.show(made)
    dark.repainted(lambda: dark.view.fly_to(119.0, 33.6, 9))
    dark.repainted(lambda: dark.view.select(*made))
    shown = dark.ask("shown")
    assert set(shown["ids"]) | set(shown["grouped"]) == set(made) and shown["n"] == len(made)
    for id_ in made:
        spot = dark.ask("at", id_)
        assert id_ in dark.ask("hit", spot["x"], spot["y"])
    assert dark.run("window.__pwned === undefined && !('x' in {})") is True
    assert dark.run("document.querySelectorAll('iframe, object, svg, base, img').length") == 0
    dark.qtbot.mouseMove(dark.view.pointer_target, QPoint(600, 450))


def test_the_guard_counts_an_attempt_of_the_page(desk: Desk) -> None:
    desk.run("void fetch('http://127.0.0.1:9/').catch(() => {})")
    desk.qtbot.waitUntil(lambda: desk.refused == 1, timeout=LOAD_MS)
    assert desk.view.blocked[-1].startswith("http://127.0.0.1:9")
    forget(desk)


@pytest.mark.parametrize(
    "script",
    ["new Image().src = 'http://127.0.0.1:9/x.png'",
     "document.head.appendChild(Object.assign(document.createElement('script'), {src: 'http://127.0.0.1:9/x.js'}))",
     "location.href = 'http://127.0.0.1:9/'"],
)  # fmt: skip
def test_every_way_out_is_shut_and_counted(desk: Desk, script: str) -> None:
    desk.run(f"void ({script})")
    desk.qtbot.waitUntil(lambda: desk.refused >= 1, timeout=LOAD_MS)
    assert is_ours(desk.view.page.url())
    forget(desk)


def test_local_files_are_no_way_out(desk: Desk) -> None:
    desk.run("void (location.href = 'file:///etc/passwd')")
    told = "Not allowed to load local"
    desk.qtbot.waitUntil(lambda: any(told in text for text in desk.view.complaints), timeout=LOAD_MS)
    assert is_ours(desk.view.page.url())
    forget(desk)


def test_inline_code_and_eval_do_not_run(desk: Desk) -> None:
    inline = "Object.assign(document.createElement('script'), {text: 'window.__in = 1'})"
    desk.run(f"void document.body.appendChild({inline})")
    assert desk.run("window.__in === undefined") is True
    assert desk.run("(() => { try { return new Function('return 1')() } catch { return 'refused' } })()") == "refused"
    assert desk.run("window.open('about:blank') === null") is True
    desk.qtbot.waitUntil(lambda: desk.refused >= 2, timeout=LOAD_MS)
    forget(desk)


def test_the_interceptor_stops_a_page_without_our_policy(qtbot: QtBot) -> None:
    """The second lock alone: another page on the same profile, no content policy, a real request."""
    guard = shared_profile().guard
    before = guard.count
    page = QWebEnginePage(shared_profile())
    with qtbot.waitSignal(page.loadFinished, timeout=LOAD_MS):
        page.setHtml("<img src='http://127.0.0.1:9/a.png'><script src='https://127.0.0.1:9/b.js'></script>")
    qtbot.waitUntil(lambda: guard.count == before + 2, timeout=LOAD_MS)
    page.deleteLater()
    guard.blocked.clear()


def forget(desk: Desk) -> None:
    """These refusals were meant; the page's own complaints about them too."""
    desk.view.complaints.clear()
    shared_profile().guard.blocked.clear()


def test_the_probe_takes_only_known_questions(dark: Desk) -> None:
    with pytest.raises(ValueError, match="no probe"):
        dark.view.probe("shown(); alert", callback=print)


LIFE = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from console.mapview.flags import chromium_flags; chromium_flags()
from console.mapview.scheme import register_scheme; register_scheme()
from PySide6.QtWidgets import QApplication
app = QApplication([])
from console.mapview.view import MapView, close_profile
views = [MapView() for _ in range(2)]
for view in views: view.show()
views[0].ready.connect(app.quit)
app.exec()
for view in views: view.close_map()
close_profile()
print("clean")
"""


def test_a_whole_life_ends_cleanly() -> None:
    """Two maps, one of them perhaps still loading, closed in order: no warning of Qt, exit code 0."""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", LIFE], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.strip() == "clean"
    assert "Release of profile" not in done.stderr and "Traceback" not in done.stderr
