"""Custody: only the keeper commits, only what a person asked for, and each ask once."""

from __future__ import annotations

import pytest

from offline.errors import Refused
from offline.keeper import serve
from offline.profile import Opened
from tests.helpers.world import Forger, World, see


def scene(world: World) -> tuple[Opened, Opened, Opened, bytes, bytes]:
    """Desk, hub (the keeper), a second desk; a task and a free vehicle."""
    city, hub = world.centre("a"), world.hub("a")
    desk = world.desk("a", "王")
    task = world.do(city, "task.order", title="派车", to="a")
    car = world.do(city, "resource.register", name="消防1", type="vehicle", plate="苏H00001")
    world.settle()
    return city, hub, desk, task, car


def keep(world: World, hub: Opened) -> int:
    world.settle()
    view = hub.view()
    done = sum(len(c.ops) > 0 for c in serve(hub.store, view))
    view.close()
    hub.views.remove(view)
    world.settle()
    return done


def test_ask_then_commit_naming_the_ask_then_release(world: World) -> None:
    city, hub, _, task, car = scene(world)
    ask = world.do(city, "resource.ask", car, want="commit", task=task.hex())
    found = see(city, car)
    assert found["stage"] == "asked" and found["task"] is None and found["asks"][0]["op"] == ask.hex()
    assert keep(world, hub) == 1 and keep(world, hub) == 0
    found = see(city, car)
    assert found["stage"] == "committed" and found["task"] == task.hex() and found["asks"] == []
    assert found["steps"][-1]["data"]["ask"] == ask.hex()
    world.do(city, "resource.ask", car, want="release")
    assert keep(world, hub) == 1
    assert see(city, car)["stage"] == "available" and see(city, car)["task"] is None
    world.do(city, "resource.withdraw", car, reason="保养")
    assert see(city, car)["stage"] == "out_of_service"


def test_the_second_ask_is_refused_with_a_reason(world: World) -> None:
    city, hub, desk, task, car = scene(world)
    other = world.do(desk, "task.order", title="另一处", to="a")
    world.do(city, "resource.ask", car, want="commit", task=task.hex())
    world.do(desk, "resource.ask", car, want="commit", task=other.hex())
    world.settle()
    assert keep(world, hub) == 1 and keep(world, hub) == 1 and keep(world, hub) == 0
    found = see(desk, car)
    assert found["stage"] == "committed" and found["task"] == task.hex() and found["refused"] == "already committed"
    assert not found["conflicts"], "one keeper, one branch"


def test_a_desk_does_not_commit_and_a_desk_is_no_keeper(world: World) -> None:
    city, hub, desk, task, car = scene(world)
    ask = world.do(city, "resource.ask", car, want="commit", task=task.hex())
    for node in (city, desk):
        with pytest.raises(Refused, match="only the keeper"):
            world.do(node, "resource.commit", car, ask=ask.hex(), task=task.hex())
        assert not node.store.is_keeper and serve(node.store, node.view()) == []
    assert hub.store.is_keeper


def test_a_keeper_that_commits_what_nobody_asked_for_is_not_believed(world: World) -> None:
    city, hub, _, task, car = scene(world)
    other = world.do(city, "task.order", title="另一处", to="a")
    ask = world.do(city, "resource.ask", car, want="commit", task=task.hex())
    note = world.do(city, "resource.note", car, text="x")
    world.settle()
    base = {"record": car, "parents": [note], "on": car, "signin": b""}
    rogue = Forger(hub)
    batch = [
        rogue.op("resource.commit", {"ask": "0" * 64, "task": task.hex()}, **base),
        rogue.op("resource.commit", {"ask": note.hex(), "task": task.hex()}, **base),
        rogue.op("resource.commit", {"ask": ask.hex(), "task": other.hex()}, **base),
        rogue.op("resource.release", {"ask": ask.hex()}, **base),
    ]
    rogue.give(city, *batch)
    found = see(city, car)
    assert found["stage"] == "asked" and not found["conflicts"] and len(found["asks"]) == 1
    good = rogue.op("resource.commit", {"ask": ask.hex(), "task": task.hex()}, **base)
    rogue.give(city, good)
    assert see(city, car)["stage"] == "committed"
    again = {**base, "parents": [rogue.prev], "on": rogue.prev}
    release_ask = world.do(city, "resource.ask", car, want="release")
    rogue.give(city, rogue.op("resource.refuse", {"ask": ask.hex(), "reason": "twice"}, **again))
    assert see(city, car)["refused"] is None and release_ask


def test_an_unattended_hub_gives_no_orders(world: World) -> None:
    city, hub, _, task, car = scene(world)
    for kind, data in (("task.order", {"title": "t", "to": "a"}), ("incident.report", {"title": "t"})):
        with pytest.raises(Refused, match="signed in"):
            world.do(hub, kind, **data)
    with pytest.raises(Refused):
        world.do(hub, "resource.ask", car, want="commit", task=task.hex())
    assert city.store.is_keeper is False


def test_a_lone_desk_keeps_its_own(world: World) -> None:
    city = world.centre("a")
    task = world.do(city, "task.order", title="t", to="a")
    car = world.do(city, "resource.register", name="c", type="team")
    world.do(city, "resource.ask", car, want="commit", task=task.hex())
    assert city.store.is_keeper and keep(world, city) == 1 and see(city, car)["stage"] == "committed"
