"""Changes of any thread become few signals, and the last is never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from console.bridge import IDS_MAX, Bridge
from offline.store import Change


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()


def change(*ids: int, statements: int = 0) -> Change:
    return Change(records=[i.to_bytes(32, "big") for i in ids], statements=statements)


def test_a_storm_is_a_few_signals_on_the_window_s_thread(bridge: Bridge, qtbot: QtBot) -> None:
    told: list[set[str]] = []
    where: set[threading.Thread] = set()
    bridge.changed.connect(lambda ids: (told.append(set(ids)), where.add(threading.current_thread())))
    threads = [
        threading.Thread(target=lambda n=n: [bridge.on_change(change(n * 100 + i)) for i in range(100)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = {i.to_bytes(32, "big").hex() for i in range(400)}
    qtbot.waitUntil(lambda: set().union(*told) == everything)
    assert len(told) <= 3
    assert where == {threading.current_thread()}


def test_the_first_after_a_quiet_time_passes_at_once_the_next_waits(bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.changed, timeout=100):
        bridge.on_change(change(1))
    with qtbot.assertNotEmitted(bridge.changed, wait=100):
        bridge.on_change(change(2))
    with qtbot.waitSignal(bridge.changed, timeout=1000) as second:
        pass
    assert second.args == [[(2).to_bytes(32, "big").hex()]]


@pytest.mark.parametrize("many", [change(1, statements=1), change(*range(IDS_MAX + 1))], ids=["statements", "too many"])
def test_everything(bridge: Bridge, qtbot: QtBot, many: Change) -> None:
    with qtbot.waitSignal(bridge.changed) as told:
        bridge.on_change(many)
    assert told.args == [[]]


def test_links_and_beats_are_told_apart_from_records(bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(bridge.changed), qtbot.waitSignal(bridge.links_changed):
        bridge.on_links()
    with qtbot.assertNotEmitted(bridge.changed), qtbot.waitSignal(bridge.links_changed):
        bridge.on_change(change())
