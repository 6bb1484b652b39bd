"""Listening: the server side of links, with a bound on peers and a stop that never hangs."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from comms.client import quiet
from comms.errors import LinkFailed, LinkRefused
from comms.link import Host, Link, LinkStatus
from comms.protocol import FRAME_MAX, SUBPROTOCOL
from comms.tls import peer_of
from offline.errors import BadInput
from offline.trust import Peer

PEERS_MAX = 1_200  # a hub serves a thousand consoles, its towns, and some who come back before they are missed
NODE_MAX = 8  # connections of one node at a time; the newest that proves itself replaces the others
OPEN_S = 10.0
STOP_S = 3.0


class HubHost(Host, Protocol):
    """What a server needs of its node besides what links need."""

    def status_of(self, peer: Peer) -> LinkStatus:
        """Where the state of this peer's link is kept."""


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[V6]:PORT`; port 0 takes any free one. BadInput otherwise."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise BadInput(f"“{text}” is no address to listen on.", code="bad_listen", do="Write it like 0.0.0.0:7443.")
    return host, int(port)


class Hub:
    """The server of one node. `start`, then `stop`."""

    def __init__(self, host: HubHost, context: ssl.SSLContext, peers_max: int = PEERS_MAX) -> None:
        self._host, self._context, self._peers_max = host, context, peers_max
        self._server: Server | None = None
        self._links: set[Link] = set()
        self._stopping = False
        self._empty = asyncio.Event()
        self._empty.set()
        self.address: tuple[str, int] | None = None
        """Where it listens, once it does."""

    async def start(self, listen: str) -> None:
        """Bind and serve; LinkFailed when the address cannot be had."""
        host, port = parse_listen(listen)
        try:
            self._server = await serve(
                self._handle, host, port, ssl=self._context, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None,
                max_size=FRAME_MAX, open_timeout=OPEN_S, ping_interval=None, close_timeout=1.0, server_header=None,
                ssl_handshake_timeout=OPEN_S, logger=quiet,
            )  # fmt: skip
        except OSError as error:
            raise LinkFailed(
                f"This node cannot listen on {listen} ({error.strerror or error}).",
                code="listen", do="Choose another port, or end what uses it.",
            ) from error  # fmt: skip
        self.address = next(iter(self._server.sockets)).getsockname()[:2]

    async def _handle(self, ws: ServerConnection) -> None:
        try:
            peer = peer_of(ws.transport.get_extra_info("ssl_object"))
        except LinkRefused:
            ws.transport.abort()
            return
        same = sum(link.name == peer.node for link in self._links)
        if self._stopping or len(self._links) >= self._peers_max or same >= NODE_MAX:
            await ws.close(1013, "busy")
            return
        link = Link(ws, peer, self._host.status_of(peer), self._host)
        self._links.add(link)
        self._empty.clear()
        try:
            await link.run()
        finally:
            self._links.discard(link)
            if not self._links:
                self._empty.set()

    async def stop(self) -> None:
        """Take no more, say goodbye to all, and end within a few seconds whatever they do."""
        if self._server is None:
            return
        self._stopping = True
        for link in list(self._links):
            link.close("stopping", "This hub is stopping.")
        try:
            async with asyncio.timeout(STOP_S):
                await self._empty.wait()
        except TimeoutError:
            for link in list(self._links):
                link.ws.transport.abort()
        self._server.close()
        try:
            async with asyncio.timeout(STOP_S):
                await self._server.wait_closed()
        except TimeoutError:
            pass  # handshakes that never end; the listening socket is closed, and they have a limit of their own
