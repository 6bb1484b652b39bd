"""Dialling: one address, tried again and again with a growing, jittered wait, and a refusal told from a dead line."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from comms.backoff import REFUSED_S, backoff
from comms.errors import LinkFailed, LinkRefused
from comms.link import Host, Link, LinkStatus
from comms.protocol import FRAME_MAX, SUBPROTOCOL
from comms.session import Closed, LinkState
from comms.tls import peer_of, ssl_trouble
from offline.errors import BadInput

OPEN_S = 6.0  # TCP, TLS and the websocket's handshake together; a black hole must not hold a try for long
NOT_ACCEPTED = "Most likely this node's certificate is not accepted there; compare dates and admission."
CLOSED_EARLY = "closed_early"
EARLY_MAX = 3  # so often in a row is no hub that just stops: asyncio's TLS drops the alert by which it refuses a peer
SETTLED_MS = 5_000  # a link that stood for less counts as a failure, whatever the handshake said
quiet = logging.getLogger("fenghuo.websockets")  # its own words about failed handshakes are told as link states here
quiet.setLevel(logging.CRITICAL)
quiet.propagate = False


class DialHost(Host, Protocol):
    """What a dialler needs of its node besides what links need."""

    def dial_context(self) -> ssl.SSLContext:
        """TLS for dialling; LinkRefused when this node has no certificate."""

    def changed(self) -> None:
        """Something that people see of the links changed."""


def check_url(url: str) -> str:
    """The address of a hub, `wss://HOST:PORT`; BadInput for anything else, plain `ws://` above all."""
    try:
        parts = urlsplit(url)
        good = parts.scheme == "wss" and bool(parts.hostname) and parts.port is not None
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.username:
        raise BadInput(f"“{url}” is no address of a hub.", code="bad_url", do="Write it like wss://hub.example:7443.")
    return url


class Dialer:
    """Keeps one link to one address alive; `run` it until cancelled."""

    def __init__(self, url: str, host: DialHost, random: Callable[[int], bytes]) -> None:
        self.url, self._host, self._random = check_url(url), host, random
        self.status = LinkStatus("out", url, since_ms=host.door.store.wall())
        self.link: Link | None = None
        self._off = False
        self._early = 0
        self._poke = asyncio.Event()

    def switch(self, on: bool, reason: str = "") -> None:
        """Switch the link off by hand, or on again, which also tries at once."""
        self._off = not on
        if not on and self.link is not None:
            self.link.close("cut", reason)
        self._poke.set()

    async def run(self) -> None:
        """Dial, pump, wait, dial again."""
        waits = backoff(self._random)
        while True:
            self._poke.clear()
            if self._off:
                self._show(LinkState.OFFLINE, "cut", "Switched off by hand.")
                await self._poke.wait()
                continue
            began = self._now_ms()
            closed, was_live = await self._once()
            self._show(LinkState.REFUSED if closed.refused else LinkState.OFFLINE, closed.code, closed.sentence)
            if was_live and self._now_ms() - began >= SETTLED_MS:
                waits = backoff(self._random)
            await self._wait(REFUSED_S if closed.refused else next(waits))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._poke.wait()
        except TimeoutError:
            pass  # time to try again

    def _now_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    def _show(self, state: LinkState, code: str, reason: str) -> None:
        if self.status.state is not state:
            self.status.state, self.status.since_ms = state, self._host.door.store.wall()
        self.status.code, self.status.reason = code, reason
        self._host.changed()

    async def _once(self) -> tuple[Closed, bool]:
        """One connection from dialling to its end, and whether it was ever live."""
        if self.status.state is not LinkState.REFUSED:  # see `Node.moved`
            self._show(LinkState.CONNECTING, "", self.status.reason)
        try:
            ws = await self._connect()
            try:
                peer = peer_of(ws.transport.get_extra_info("ssl_object"))
                if ws.subprotocol != SUBPROTOCOL:
                    raise LinkRefused("What answers there is no hub of this system.", code="version")
            except LinkRefused:
                ws.transport.abort()
                raise
        except (LinkRefused, LinkFailed) as error:
            self._early = self._early + 1 if error.code == CLOSED_EARLY else 0
            if self._early < EARLY_MAX:
                return Closed(error.code, error.message, by_peer=False), False
            return Closed("certificate", f"{error.message} {NOT_ACCEPTED}", by_peer=False), False
        self._early = 0
        self.link = Link(ws, peer, self.status, self._host)
        try:
            closed = await self.link.run()
            return closed, self.link.was_live
        finally:
            self.link = None

    async def _connect(self) -> ClientConnection:
        made: list[ClientConnection] = []

        def make(*args: Any, **more: Any) -> ClientConnection:
            made.append(ClientConnection(*args, **more))
            return made[-1]

        try:
            return await connect(
                self.url, create_connection=cast("type[ClientConnection]", make), ssl=self._host.dial_context(),
                subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None,
                proxy=None, max_size=FRAME_MAX, open_timeout=OPEN_S, ping_interval=None, close_timeout=1.0,
                user_agent_header=None, logger=quiet,
            )  # fmt: skip
        except (OSError, InvalidHandshake, InvalidURI, ConnectionClosed, EOFError) as error:
            # with TLS 1.3 a server that does not accept us says so after the handshake; only the connection knows
            raise dial_trouble(made[-1].connection_exc if made and made[-1].connection_exc else error) from error


def dial_trouble(error: BaseException) -> LinkRefused | LinkFailed:
    """What went wrong with dialling, in our words."""
    trouble = ssl_trouble(error)
    if isinstance(trouble, ssl.SSLCertVerificationError):
        why = trouble.verify_message
        return LinkRefused(f"The other side's certificate is not one of this realm ({why}).", code="certificate")
    if trouble is not None:
        return LinkRefused(f"The other side does not accept this node, or is no hub ({trouble}).", code="certificate")
    if isinstance(error, TimeoutError):
        return LinkFailed("Nothing answers there in time.", code="timeout")
    if isinstance(error, OSError):
        return LinkFailed("Nobody answers there.", code="unreachable")
    if isinstance(error.__cause__, EOFError):
        return LinkFailed("It closes the connection right after the TLS handshake.", code=CLOSED_EARLY)
    return LinkFailed("What answers there does not greet as a hub does.", code="handshake")
