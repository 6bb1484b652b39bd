"""The window's verbs, asked from another thread as the control socket asks them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from console.mainwindow import MainWindow
from console.windowport import WindowPort
from offline.errors import FenghuoError
from tests.console.night import Night

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(qtbot: QtBot, hard_night: Night, window_of: Callable[..., MainWindow]) -> Ask:
    """Asks a verb on another thread and waits for its answer, the window's loop going on."""
    port = WindowPort(window_of(hard_night))

    def asked(verb: str, **arguments: Any) -> dict[str, Any]:
        with ThreadPoolExecutor(1) as pool:
            job = pool.submit(lambda: port.call(verb, arguments).result(10))
            qtbot.waitUntil(job.done, timeout=10_000)
            return job.result()

    return asked


def test_state(ask: Ask, hard_night: Night) -> None:
    said = ask("state")
    assert said["strip"]["realm"] == "正式" and said["strip"]["warnings"] == ["■暴雨 红色 21:30起"]
    assert [r["what"] for r in said["inbox"]][:2] == ["receipt", "chase"]
    assert said["selected"] is None and said["shown"] is None and said["blocked"] == 0
    assert hard_night.ids["leak"] in said["features"]


def test_the_story_s_buttons(ask: Ask, hard_night: Night) -> None:
    ids = hard_night.ids
    assert ask("select", id=ids["from_city"][:10])["buttons"]["task.accept"]
    assert ask("press", name="task.accept")["said"] == "签收：转移高沟三村低洼户 ✓"
    with pytest.raises(FenghuoError) as again:
        ask("press", name="task.accept")
    assert again.value.code == "button_off" and "等待签收" in again.value.message
    assert ask("press", name="task.add")["open"] == ["order"]
    ask("fill", name="order.to", text="huaian/lianshui/gaogou")
    ask("fill", name="order.title", text="转移低洼户")
    ask("fill", name="order.due", text="+30")
    assert ask("press", name="order.ok")["open"] == []
    handed = [t for t in hard_night.desk.view.list("task") if t.get("parent") == ids["from_city"]]
    assert [(t["to"], t["title"]) for t in handed] == [("huaian/lianshui/gaogou", "转移低洼户")]
    assert ask("press", name="resource.send")["open"] == ["pick"]
    ask("fill", name="pick.list", text="消防一站")
    ask("press", name="pick.ok")
    assert hard_night.desk.view.get(ids["消防一站"])["stage"] == "asked"


def test_typed_commands_and_keys(ask: Ask, hard_night: Night) -> None:
    ask("select", id=hard_night.ids["fire"])
    ask("press", name="key.next")
    assert hard_night.desk.view.get(hard_night.ids["fire"])["stage"] == "accepted"
    assert ask("fill", name="command.text", text="核实")["said"] == "将：核实 朱码街道商铺火灾"
    ask("press", name="key.send")
    assert ask("state")["stage_bar"][4] == "● 核实"


def test_a_refused_action_comes_back_as_its_error(ask: Ask, hard_night: Night) -> None:
    ask("select", id=hard_night.ids["fire"])
    ask("fill", name="command.text", text="记 一笔")
    hard_night.desk.opened.store.session = None
    with pytest.raises(FenghuoError):
        ask("press", name="key.send")


def test_shot(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "desk.png"
    assert ask("shot", path=str(path), width=1366, height=768) == {"path": str(path), "width": 1366, "height": 768}
    image = QImage(str(path))
    assert (image.width(), image.height()) == (1366, 768)
    seen = {image.pixelColor(x, y).name() for x in range(0, 1366, 7) for y in range(0, 768, 7)}
    assert "#bd1220" in seen and len(seen) > 20, "the red warning stands in the strip, and there is text"


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [("fly", {}), ("press", {"name": "no.such"}), ("press", {}), ("select", {"id": "ffffffff"}),
     ("select", {"id": "x"}), ("fill", {"name": "no.such", "text": "x"}), ("shot", {"path": "/no/such/folder/x.png"}),
     ("shot", {"path": "x.png", "width": 99_999, "height": 2}), ("shot", {"path": "x.png", "width": "wide"}),
     ("probe", {"what": "shown"})],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_a_sentence(ask: Ask, verb: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(FenghuoError) as refused:
        ask(verb, **arguments)
    assert refused.value.message and refused.value.as_json()["do"]
