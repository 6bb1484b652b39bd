"""What the page is told: the newest per id, in bounded pieces, never more than it can take in."""

from __future__ import annotations

import json
from typing import Any

from console.mapview import outbox as module
from console.mapview.outbox import MAX_IN_FLIGHT, Outbox
from map.features import Feature, feature
from tests.map.samples import incident


def made(number: int, title: str = "火") -> Feature:
    item = feature(incident(number, title, [119.0, 33.0], None))
    assert item is not None
    return item


def told(outbox: Outbox) -> Any:
    text = outbox.next()
    return None if text is None else json.loads(text)


def test_only_the_newest_state_of_an_id_is_sent() -> None:
    outbox = Outbox()
    outbox.put(made(1, "旧"))
    outbox.put(made(1, "新"))
    outbox.put(made(2))
    outbox.drop(made(2)["id"])
    message = told(outbox)
    assert [item["label"] for item in message["upserts"]] == ["新"]
    assert message["removes"] == [made(2)["id"]] and message["seq"] == 1 and not message["reset"]
    assert told(outbox) is None


def test_messages_are_cut_and_wait_for_the_page(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 2)
    outbox = Outbox()
    for number in range(20):
        outbox.put(made(number))
    sent = [message for _ in range(20) if (message := told(outbox))]
    assert [len(message["upserts"]) for message in sent] == [2] * MAX_IN_FLIGHT
    outbox.taken_in(1)
    assert told(outbox)["seq"] == MAX_IN_FLIGHT + 1
    assert told(outbox) is None and outbox.waiting


def test_a_page_cannot_acknowledge_what_was_never_sent() -> None:
    outbox = Outbox()
    outbox.taken_in(10_000)
    for number in range(MAX_IN_FLIGHT + 1):
        outbox.put(made(number))
        outbox.next()
    assert outbox.waiting


def test_after_a_restart_everything_comes_again_with_higher_numbers() -> None:
    outbox = Outbox()
    outbox.put(made(1))
    told(outbox)
    outbox.put(made(2))
    outbox.restart({made(1)["id"]: made(1), made(2)["id"]: made(2)})
    message = told(outbox)
    assert message["reset"] and len(message["upserts"]) == 2 and message["seq"] == 2
    outbox.restart({})
    assert told(outbox) == {"seq": 3, "reset": True, "upserts": [], "removes": []}
