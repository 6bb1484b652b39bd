"""Three centres with hubs and desks over real TLS links: the story's wire, cut, healed, killed and rolled back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from comms.node import Node, dial_urls
from offline.errors import BadInput
from tests.helpers.desks import CITY, COUNTY, TOWN, Net, copy_database, desks, put_back


def run(story: Callable[[Net], object], folder: Path) -> None:
    """Play a story on three linked centres."""

    async def play() -> None:
        async with desks(folder) as net:
            await story(net)  # type: ignore[misc]

    asyncio.run(play())


def test_an_order_is_stored_delivered_and_accepted(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        incident = net.city.report("高沟堤防渗漏")
        task = net.city.order("派抢险队", COUNTY, incident)
        ticks = lambda: net.city.get(task)["ticks"]  # noqa: E731
        assert ticks() == {"stored": True, "delivered": None, "accepted": None}
        await net.until(lambda: ticks()["delivered"])
        nodes = {n.store.node.id.hex() for n in (net.county.opened, net.hub[COUNTY].opened)}
        assert ticks()["delivered"]["node"] in nodes and ticks()["accepted"] is None
        net.county.do("task.accept", task)
        await net.until(lambda: ticks()["accepted"])
        assert ticks()["accepted"]["by"] == "李敏"
        await net.until(lambda: net.agree(COUNTY, net.city, net.county, net.hub[COUNTY], net.hub[CITY]))
        await net.until(net.all_sent)
        assert net.city.get(task)["as_of"] is not None
        link = net.county.link(COUNTY)
        assert link["direction"] == "out" and link["url"].startswith("wss://") and link["reason"] == ""
        assert abs(link["offset_ms"]) < 500 and link["heard_ms"] > link["since_ms"] - 1000

    run(story, tmp_path)


def test_cut_off_the_town_works_on_and_after_healing_all_agree(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        team = net.town.register("高沟民兵分队")
        task = net.county.order("加固堤防", TOWN)
        await net.until(lambda: net.town.stage(task) == "ordered" and net.hub[TOWN].stage(team) == "available")
        before = time.monotonic()
        net.cut(TOWN)
        await net.until(lambda: net.hub[TOWN].state(COUNTY) == "offline" and net.hub[COUNTY].state(TOWN) == "offline")
        assert time.monotonic() - before < 3.0, "half-open noticed too late"
        await net.until(lambda: net.town.node.alone_since())  # told by its hub, with whom it still is
        assert net.hub[TOWN].node.alone_since() and net.town.state(TOWN) == "live"
        net.town.do("task.accept", task)
        line = net.town.journal("独自坚守")
        net.town.do("resource.ask", team, want="commit", task=task)
        await net.until(lambda: net.town.stage(team) == "committed")  # by its own hub, the keeper
        apart = net.county.journal("与高沟失去联系")
        assert net.county.get(line) is None and net.county.stage(task) == "ordered"
        await net.until(lambda: net.hub[TOWN].link(COUNTY)["unsent"] > 0)
        net.heal(TOWN)
        took = await net.until(lambda: net.agree(TOWN))
        print(f"heal to agreement: {took:.2f} s")
        for seat in (net.city, net.county):
            assert seat.get(line)["text"] == "独自坚守"
            assert seat.stage(task) == "accepted" and seat.stage(team) == "committed"
        assert net.town.get(apart) is None  # the county's own journal is not the town's to see
        await net.until(lambda: net.town.node.alone_since() is None and net.all_sent())

    run(story, tmp_path)


def test_a_hub_that_starts_again_resumes_by_position(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        first = net.county.report("一号险情")
        await net.until(lambda: net.city.get(first) and net.all_sent())
        hub, old = net.hub[COUNTY], net.hub[COUNTY].opened.store.epoch
        await hub.close()
        second = net.county.report("二号险情")  # while its hub is away
        await net.until(lambda: net.county.node.alone_since())
        rounds: list[int] = []
        await hub.open()
        assert hub.opened.store.epoch != old
        await net.until(lambda: net.city.get(second) and net.all_live())
        for link in hub.node._links.values():
            rounds += [link.session.in_round, link.session.out_round]
        assert rounds and set(rounds) == {0}, "every link went on from its position, no heads were compared"
        assert net.agree(COUNTY, net.city, net.county, hub, net.hub[CITY])

    run(story, tmp_path)


def test_a_hub_put_back_to_an_older_copy_loses_nothing(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        hub, kept = net.hub[COUNTY], tmp_path / "kept"
        early = net.county.report("早先的险情")
        await net.until(lambda: net.city.get(early) and net.all_sent())
        await hub.restart(lambda folder: copy_database(folder, kept))
        await net.live()
        late = net.county.report("后来的险情")
        task = net.city.order("后来的命令", COUNTY, net.city.report("市里的险情"))
        team = net.town.register("高沟民兵分队")
        await net.until(lambda: net.county.get(task) and net.city.get(team) and net.all_sent())
        await hub.restart(lambda folder: put_back(folder, kept))
        await net.live()
        await net.until(lambda: all(hub.get(r) for r in (late, task, team)))
        await net.until(lambda: net.agree(COUNTY, net.city, net.county, hub, net.hub[CITY]) and net.agree(TOWN))
        assert all(link.session.in_round for link in hub.node._links.values()), "heads were compared"
        assert len({s.view.digest()["ops"] for s in net.seats}) == 1, "headers of what it may not see came back too"

    run(story, tmp_path)


def test_a_link_switched_off_by_hand_stays_off_until_it_is_joined(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        url = net.town.hubs[0]
        net.town.node.cut(url)
        await net.until(lambda: net.town.state(TOWN) == "offline" and net.town.link(TOWN)["code"] == "cut")
        assert net.town.node.alone_since() is not None
        net.town.node.join(url)
        await net.until(lambda: net.town.state(TOWN) == "live")
        desk = net.town.opened.store.node.id.hex()
        net.hub[TOWN].node.cut(desk)
        await net.until(lambda: net.town.link(TOWN)["code"] == "cut" and net.town.state(TOWN) == "offline")
        net.hub[TOWN].node.join(desk)
        await net.until(lambda: net.town.state(TOWN) == "live")

    run(story, tmp_path)


def test_who_is_revoked_is_cut_at_once_and_refused_afterwards(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        from offline.founding import centre_key

        target = net.town.opened.store.node.id
        key = centre_key(net.town.opened)
        net.hub[TOWN].opened.store.state_authority(key, "revoke", {"target": target, "keeps": []})
        await net.until(lambda: net.town.state(TOWN) == "refused")
        link = net.town.link(TOWN)
        assert link["code"] == "not_admitted" and "no longer" in link["reason"]
        net.town.node.join(link["url"])  # tried again at once, and refused again
        await net.until(lambda: net.hub[TOWN].state(TOWN, "desk") == "refused")

    run(story, tmp_path)


def test_a_full_disk_holds_a_hub_up_and_nothing_is_lost(tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log(r"did not succeed: The disk is full")

    async def story(net: Net) -> None:
        hub, con = net.hub[COUNTY], net.hub[COUNTY].opened.store._con
        pages = con.execute("PRAGMA page_count").fetchone()[0]
        con.execute(f"PRAGMA max_page_count={pages}")
        lines = [net.county.journal(f"第{n}条" + "长" * 2_000) for n in range(30)]
        await net.until(lambda: net.county.link(COUNTY)["code"] == "disk_full")
        await net.until(lambda: net.county.link(COUNTY)["unsent"] > 0)
        assert not all(hub.get(x) for x in lines)
        assert await hub.node._try(hub.node.store.remember, "much", "x" * 1_000_000) is None, "told, and nothing ends"
        con.execute("PRAGMA max_page_count=1000000")
        await net.until(lambda: all(hub.get(x) and net.city.get(x) for x in lines) and net.all_sent())
        assert net.agree(COUNTY, net.city, net.county, hub)

    run(story, tmp_path)


def test_an_address_that_leads_to_oneself_is_refused(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        hub = net.hub[CITY]
        await hub.stop()
        url = hub.url
        hub.hubs = (url,)
        await hub.start(url)
        await net.until(lambda: hub.node.links()[0]["state"] == "refused")
        assert "itself" in hub.node.links()[0]["reason"]

    run(story, tmp_path)


def test_one_batch_is_encoded_once_for_all_desks_of_a_centre(tmp_path: Path) -> None:
    async def story(net: Net) -> None:
        await net.until(net.all_sent)
        door = net.hub[COUNTY].node.door
        before = door.encoded
        record = net.city.report("同一份")
        net.city.do("incident.share", record, to=[COUNTY])
        await net.until(lambda: net.county.get(record) and net.all_sent())
        assert door.encoded - before <= 8  # two audiences (county, town), a few group commits

    run(story, tmp_path)


def test_settings_name_the_hubs_to_dial() -> None:
    assert dial_urls({"use": "desk", "hubs": ["wss://a:1"], "parent": "wss://b:2"}) == ["wss://a:1"]
    assert dial_urls({"use": "hub", "hubs": ["wss://a:1"], "parent": "wss://b:2"}) == ["wss://a:1", "wss://b:2"]
    assert dial_urls({"use": "hub"}) == []


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:1", "wss://127.0.0.1", "http://x:1", "wss://x:99999", "wss://x:1/path"]
)
def test_only_tls_addresses_are_dialled(url: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with desks(tmp_path, live=False) as net:
            spare = net.hub[TOWN].opened
            await net.hub[TOWN].stop()
            node = Node(spare, hubs=[url], wall=spare.store.wall, random=spare.vault.random)
            with pytest.raises(BadInput, match="no address of a hub"):
                await node.run(asyncio.Event())

    asyncio.run(play())
