"""A listening hub against peers of every kind: strangers, the silent, the slow, the doubled, and its own stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from comms import hub as hubs
from comms import protocol, tls
from comms.client import EARLY_MAX, Dialer
from comms.hub import parse_listen
from comms.node import Node
from comms.protocol import FRAME_MAX, SUBPROTOCOL
from comms.session import Limits, LinkState, LocalFacts
from offline import founding
from offline.errors import BadInput
from offline.profile import Opened
from offline.store import Draft
from tests.helpers.desks import CITY, MEANS, NAMES, QUICK, SECRET, unlock, wall
from tests.helpers.playbook import Side


class Hub:
    """A city's hub as a running node, its desk's open profile beside it, and a bell for changes."""

    def __init__(self, node: Node, desk: Opened, url: str) -> None:
        self.node, self.desk, self.url = node, desk, url
        self.stop = asyncio.Event()
        self.news = asyncio.Event()

    async def until(self, state: str, code: str = "") -> None:
        """Wait until the desk's link is in this state here."""
        async with asyncio.timeout(15):
            while not any(x["state"] == state and x["code"].startswith(code) for x in self.node.links()):
                await self.news.wait()
                self.news.clear()

    def dial(self, opened: Opened | None = None) -> connect:
        """A websocket to it with the certificate of this profile (the desk's)."""
        opened = opened or self.desk
        context = tls.contexts(opened.store, opened.profile.path / "run", os.urandom).client
        return connect(
            self.url,
            ssl=context,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            proxy=None,
            compression=None,
            max_size=FRAME_MAX,
            ping_interval=None,
            close_timeout=0.2,
        )

    def side(self) -> Side:
        """The desk's side of a session, played by hand."""
        store = self.desk.store
        proof = store.authority.proof(store.node.id)
        me = store.node.id
        return Side(LocalFacts(store.realm, CITY, me, store.epoch, store.pos, proof, None, store.heads(), wall))

    async def greet(self, ws: ClientConnection) -> Side:
        """Say hello as the desk does, by hand."""
        side = self.side()
        side.gather()
        for frame in side.out:
            await ws.send(frame)
        return side


class Bare:
    """A node without a certificate."""

    def __init__(self, node: Node, context: ssl.SSLContext) -> None:
        self.door, self.tasks, self.limits, self._context = node.door, node.tasks, node.limits, context

    def dial_context(self) -> ssl.SSLContext:
        return self._context


@contextlib.asynccontextmanager
async def city_hub(folder: Path, limits: Limits = QUICK) -> AsyncIterator[Hub]:
    """A hub that listens, and the closed circle of its realm."""
    desk = founding.found(folder / "desk", founding.NewCentre(CITY, *NAMES[CITY], SECRET), MEANS)
    opened = unlock(founding.add_profile(desk, folder / "hub", "hub", SECRET, MEANS))
    loop, here = asyncio.get_running_loop(), []

    def note(*_: object) -> None:
        for it in here:
            loop.call_soon_threadsafe(it.news.set)

    told = {"on_links": note, "on_change": note}
    node = Node(opened, listen="127.0.0.1:0", wall=wall, random=os.urandom, limits=limits, **told)
    stop = asyncio.Event()
    job = asyncio.create_task(node.run(stop))
    it = Hub(node, desk, f"wss://{await node.bound()}")
    it.stop = stop
    here.append(it)
    try:
        yield it
    finally:
        stop.set()
        await job
        opened.close()
        desk.close()


async def last_word(ws: ClientConnection) -> protocol.Bye | None:
    """Read until the connection ends; the goodbye, if there was one."""
    bye = None
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(10):
            while True:
                frame = protocol.decode(await ws.recv())
                bye = frame if isinstance(frame, protocol.Bye) else bye
    return bye


def test_a_node_of_another_realm_is_refused_and_not_offline(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path / "one") as hub:
            stranger = founding.found(tmp_path / "two", founding.NewCentre(CITY, *NAMES[CITY], SECRET), MEANS)
            bell, stop = asyncio.Event(), asyncio.Event()
            node = Node(stranger, hubs=[hub.url], wall=wall, random=os.urandom, on_links=bell.set)
            job = asyncio.create_task(node.run(stop))
            async with asyncio.timeout(10):
                while node.links()[:1] == [] or node.links()[0]["state"] != "refused":
                    await bell.wait()
                    bell.clear()
            (link,) = node.links()
            assert link["code"] == "certificate" and "realm" in link["reason"]
            assert node.alone_since() is not None and hub.node.links() == []
            stop.set()
            await job
            stranger.close()

    asyncio.run(play())


def test_plain_websockets_and_strangers_without_certificate_get_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub:
            with pytest.raises((OSError, InvalidHandshake, EOFError)):
                await connect(hub.url.replace("wss", "ws"), proxy=None)
            bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
            dialer = Dialer(hub.url, Bare(hub.node, bare), os.urandom)
            dialer.status.state = LinkState.REFUSED
            ends = [(await dialer._once())[0] for _ in range(EARLY_MAX)]
            assert [e.refused for e in ends] == [False] * (EARLY_MAX - 1) + [True]
            old = tls.contexts(hub.desk.store, tmp_path, os.urandom).client
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
            with pytest.raises(OSError, match=r"^$|SSL"):
                await connect(hub.url, ssl=old, proxy=None, subprotocols=[Subprotocol(SUBPROTOCOL)])
            context = tls.contexts(hub.desk.store, tmp_path, os.urandom).client
            with pytest.raises(InvalidHandshake):
                await connect(hub.url, ssl=context, proxy=None)  # without the subprotocol
            assert hub.node.links() == []
            async with hub.dial() as ws:  # and it still serves those who may
                await hub.greet(ws)
                await hub.until("syncing")

    asyncio.run(play())


@pytest.mark.parametrize(
    "said", [b"", b"\xff" * 50, "text", b"\x92\x05\x01", protocol.encode(protocol.Lost()), b"\x94\x01" + b"\x00" * 3]
)
def test_nonsense_from_an_admitted_node_ends_its_link_with_a_word(said: bytes | str, tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub, hub.dial() as ws:
            await ws.send(said)
            bye = await last_word(ws)
            assert bye is not None and bye.code == "malformed"
            await hub.until("offline", "malformed")

    asyncio.run(play())


def test_who_says_it_is_somebody_else_is_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub, hub.dial() as ws:
            hello = protocol.Hello(0, 0, hub.desk.store.realm, CITY, hub.node.store.node.id, "e", 0, 0, None, [], False)
            await ws.send(protocol.encode(hello))
            bye = await last_word(ws)
            assert bye is not None and bye.code == "certificate"
            await hub.until("refused", "certificate")

    asyncio.run(play())


def test_a_second_connection_of_a_node_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub, hub.dial() as first:
            await hub.greet(first)
            await hub.until("syncing")
            async with hub.dial() as second:
                await hub.greet(second)
                bye = await last_word(first)
                assert bye is not None and bye.code == "replaced"
                assert len(hub.node._links) == 1
                await hub.until("syncing")
                assert [x["state"] for x in hub.node.links()] == ["syncing"]

    asyncio.run(play())


def test_who_says_nothing_is_cut(tmp_path: Path) -> None:
    async def play() -> None:
        limits = Limits(ping_ms=100, dead_ms=5_000, hello_ms=300, stored_ms=5_000)
        async with city_hub(tmp_path, limits) as hub, hub.dial() as ws:
            bye = await last_word(ws)
            assert bye is not None and bye.code == "no_hello"

    asyncio.run(play())


def test_a_slow_peer_is_cut_and_holds_up_nobody(tmp_path: Path) -> None:
    """It greets, asks for everything, keeps talking, and never stores what it gets."""

    async def play() -> None:
        limits = Limits(ping_ms=100, dead_ms=5_000, hello_ms=2_000, stored_ms=600)
        async with city_hub(tmp_path, limits) as hub, hub.dial() as ws:
            side = await hub.greet(ws)
            side.out.clear()
            began = time.monotonic()
            await hub.until("syncing")
            bye = await last_word(ws)  # our side reads and stays silent: statements were sent to it
            assert bye is not None and bye.code == "slow" and time.monotonic() - began < 4
            await hub.until("offline", "slow")

    asyncio.run(play())


def test_a_peer_that_stops_reading_is_let_go(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub, hub.dial() as ws:
            await hub.greet(ws)
            await hub.until("syncing")
            ws.transport.pause_reading()
            store = hub.node.store
            link = next(iter(hub.node._links.values()))
            for _ in range(200):  # beats of all sizes, more than any buffer below us takes
                link.beat([os.urandom(90_000)])
            await hub.until("offline")
            assert link.closed is not None and link.closed.code in ("slow", "silent")
            assert store.pos >= 0 and not hub.node._links

    asyncio.run(play())


def test_it_takes_no_more_peers_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub, hub.dial() as first:
            assert hub.node._hub is not None
            hub.node._hub._peers_max = 1
            await hub.greet(first)
            await hub.until("syncing")
            async with hub.dial() as second:
                with pytest.raises(ConnectionClosed) as caught:
                    await second.recv()
                assert caught.value.rcvd is not None and caught.value.rcvd.code == 1013

    asyncio.run(play())


def test_one_node_cannot_take_every_place(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub, contextlib.AsyncExitStack() as stack:
            many = [await stack.enter_async_context(hub.dial()) for _ in range(hubs.NODE_MAX)]
            for ws in many:
                await ws.recv()
            async with hub.dial() as one_more:
                with pytest.raises(ConnectionClosed) as caught:
                    await one_more.recv()
                assert caught.value.rcvd is not None and caught.value.rcvd.code == 1013

    asyncio.run(play())


def test_it_stops_cleanly_while_peers_come_and_write(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub:
            bell = asyncio.Event()
            desk = Node(hub.desk, hubs=[hub.url], wall=wall, random=os.urandom, limits=QUICK, on_links=bell.set)
            stop = asyncio.Event()
            job = asyncio.create_task(desk.run(stop))
            silent = await asyncio.open_connection("127.0.0.1", hub.node.address[1])  # a handshake that never comes
            await hub.until("live")

            def write() -> None:
                for n in range(60):
                    hub.desk.store.commit(
                        [Draft("logentry.write", {"text": f"第{n}条", "at": "2026-07-12T06:00:00+08:00"})]
                    )

            writing = asyncio.create_task(asyncio.to_thread(write))
            async with asyncio.timeout(10):
                while not any(x["unsent"] for x in desk.links()) and not writing.done():
                    await bell.wait()
                    bell.clear()
            began = time.monotonic()
            hub.stop.set()
            while any(x["state"] == "live" for x in desk.links()):
                await bell.wait()
                bell.clear()
            assert time.monotonic() - began < 5
            await writing
            stop.set()
            await job
            silent[1].close()

    asyncio.run(play())


def test_an_address_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    async def play() -> None:
        async with city_hub(tmp_path) as hub:
            node = Node(hub.desk, listen=hub.url.removeprefix("wss://"), wall=wall, random=os.urandom)
            with pytest.raises(hubs.LinkFailed) as caught:
                await node.run(asyncio.Event())
            assert caught.value.code == "listen"
            with pytest.raises(hubs.LinkFailed):
                await node.bound()

    asyncio.run(play())


def test_addresses_to_listen_on() -> None:
    assert parse_listen("0.0.0.0:7443") == ("0.0.0.0", 7443) and parse_listen("[::1]:0") == ("::1", 0)
    for text in ("", "7443", ":1", "host:", "host:99999", "host:-1"):
        with pytest.raises(BadInput):
            parse_listen(text)
