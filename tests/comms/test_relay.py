"""The cable that can be pulled: it forwards, holds back without telling, resets, and heals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from comms.relay import Relay


@contextlib.asynccontextmanager
async def echo(bytes_per_s: int | None = None) -> AsyncIterator[tuple[Relay, str, int]]:
    """A server that says everything again, behind a relay."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    relay = Relay("127.0.0.1", server.sockets[0].getsockname()[1], bytes_per_s)
    host, port = await relay.start()
    try:
        yield relay, host, port
    finally:
        await relay.stop()
        server.close()
        await server.wait_closed()


def test_cut_holds_everything_back_and_heal_lets_it_through() -> None:
    async def play() -> None:
        async with echo() as (relay, host, port):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"one")
            assert await reader.readexactly(3) == b"one"
            relay.cut()
            writer.write(b"two")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await reader.readexactly(3)
            late_reader, late_writer = await asyncio.open_connection(host, port)  # taken, and then silence
            late_writer.write(b"new")
            relay.heal()
            assert await reader.readexactly(3) == b"two"
            assert await late_reader.readexactly(3) == b"new"
            assert relay.connections == 2 and relay.forwarded >= 18
            writer.close()
            late_writer.close()

    asyncio.run(play())


def test_reset_ends_connections_and_refuses_new_ones_until_healed() -> None:
    async def play() -> None:
        async with echo() as (relay, host, port):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"one")
            await reader.readexactly(3)
            relay.reset()
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            reader, writer = await asyncio.open_connection(host, port)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            relay.heal()
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"two")
            assert await reader.readexactly(3) == b"two"
            writer.close()

    asyncio.run(play())


def test_a_slow_line_takes_its_time_and_an_absent_target_ends_the_connection() -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        async with echo(bytes_per_s=10_000) as (relay, host, port):
            reader, writer = await asyncio.open_connection(host, port)
            began = loop.time()
            writer.write(b"x" * 1_000)
            await reader.readexactly(1_000)
            assert loop.time() - began >= 0.2  # a tenth of a second each way
            writer.close()
            relay.target_port = 1
            reader, writer = await asyncio.open_connection(host, port)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(play())
