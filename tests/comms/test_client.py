"""Dialling: which addresses, how a failure is told, and that accepting and closing at once is a failure."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from pathlib import Path

import pytest

from comms import client
from comms.client import check_url
from comms.node import Node
from offline import founding
from offline.errors import BadInput
from tests.helpers.desks import CITY, MEANS, NAMES, QUICK, SECRET, wall


@pytest.mark.parametrize("url", ["wss://127.0.0.1:7443", "wss://hub.example:1", "wss://[::1]:7443"])
def test_addresses_of_hubs(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize("url", ["", "ws://a:1", "wss://a", "wss://a:b", "wss://u:p@a:1", "wss://a:1/x", "wss://a:1?x"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        check_url(url)


def test_who_accepts_and_closes_is_not_dialled_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try waits longer than the one before, and the link never looks live."""

    async def play() -> None:
        taken = []

        async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken.append(asyncio.get_running_loop().time())
            writer.transport.abort()

        server = await asyncio.start_server(slam, "127.0.0.1", 0)
        monkeypatch.setattr(client, "backoff", lambda random: itertools.chain([0.05, 0.1, 0.2], itertools.repeat(9.0)))
        desk = founding.found(tmp_path / "desk", founding.NewCentre(CITY, *NAMES[CITY], SECRET), MEANS)
        bell, stop = asyncio.Event(), asyncio.Event()
        url = f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        node = Node(desk, hubs=[url], wall=wall, random=os.urandom, limits=QUICK, on_links=bell.set)
        job = asyncio.create_task(node.run(stop))
        states = set()
        async with asyncio.timeout(10):
            while len(taken) < 4:
                await bell.wait()
                bell.clear()
                states |= {x["state"] for x in node.links()}
        gaps = [b - a for a, b in itertools.pairwise(taken)]
        assert gaps[0] >= 0.05 and gaps[1] >= 0.1 and gaps[2] >= 0.2
        assert states <= {"connecting", "offline"} and node.links()[0]["reason"]
        assert node.alone_since() is not None
        stop.set()
        await job
        desk.close()
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await server.wait_closed()

    asyncio.run(play())
